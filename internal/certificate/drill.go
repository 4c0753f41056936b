package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// drillDomain keeps the signature of a report from being taken for one of a certificate.
const drillDomain = "echo-synch restore drill 1\n"

// Drill is the report of a restore drill: backups were restored, what was erased since was tried to be opened, and the
// reconciliation was carried out. It holds counts, times and no personal data. The order of the fields is part of the form.
type Drill struct {
	Version  int       `json:"version"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Keystore string    `json:"keystore"` // id of the live key store that was asked for keys
	Trials   []Trial   `json:"trials"`
	// Failures say what must not be; none means that the drill was passed.
	Failures   []string `json:"failures"`
	NotCovered []string `json:"not_covered"`
	Key        string   `json:"key"` // id of the public key
}

// Trial is one backup.
type Trial struct {
	Backup string    `json:"backup"` // dump or base_backup
	Name   string    `json:"name"`   // of the file or directory
	AsOf   time.Time `json:"as_of"`  // the last mark in it, at most a minute before the backup; zero where it has none
	// Before and After the reconciliation, by kind: workspaces, tokens, texts, summaries, bodies.
	Before     map[string]Tally `json:"before"`
	Reconciled map[string]int64 `json:"reconciled"`
	After      map[string]Tally `json:"after"`
}

// Tally counts what a restored backup holds of one kind.
type Tally struct {
	Living int64 `json:"living"` // the live database has it, too
	Erased int64 `json:"erased"` // it has been erased since the backup
	// Of these, with the keys there are, could be opened:
	LivingOpened int64 `json:"living_opened"`
	ErasedOpened int64 `json:"erased_opened"` // must be none
}

// Judge says what in the trials must not be.
func Judge(trials []Trial) []string {
	failures := []string{}
	for _, t := range trials {
		fail := func(format string, args ...any) {
			failures = append(failures, t.Backup+" "+t.Name+": "+fmt.Sprintf(format, args...))
		}
		var living, opened int64
		for _, kind := range slices.Sorted(maps.Keys(t.Before)) {
			b := t.Before[kind]
			living, opened = living+b.Living, opened+b.LivingOpened
			if b.ErasedOpened > 0 {
				fail("%d erased %s could be opened", b.ErasedOpened, kind)
			}
		}
		if living > 0 && opened == 0 {
			fail("nothing living could be opened either, so the drill shows nothing: was it given the right wrapping key?")
		}
		for _, kind := range slices.Sorted(maps.Keys(t.After)) {
			if left := t.After[kind].Erased; left > 0 {
				fail("%d erased %s are left after the reconciliation", left, kind)
			}
		}
	}
	return failures
}

// DrillNotCovered says what a drill does not show.
func DrillNotCovered() []string {
	return []string{
		"What stands unsealed in a backup, ids of Slack and times above all: it is readable in the backup until that is deleted, and destroyed again before anything serves from it.",
		"Texts that were edited, not erased: the former text in an older backup opens until the request's text is erased.",
		"Persons who were erased since: their texts have no key, but their Slack ids are back in rows until the erasure is ordered again.",
		"Temporal's databases: they hold ids, enums and times, and their runs are put right when a restore is reconciled.",
	}
}

func (d Drill) canonical() ([]byte, error) {
	d.Started, d.Ended = instant(d.Started), instant(d.Ended)
	d.Trials = slices.Clone(d.Trials)
	for i := range d.Trials {
		d.Trials[i].AsOf = instant(d.Trials[i].AsOf)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// IssueDrill signs a report, filling in version, failures and key, and returns its published form.
func (s Signer) IssueDrill(d Drill) ([]byte, error) {
	if s.sign == nil {
		return nil, ErrNoKey
	}
	d.Version, d.Key, d.Failures = Version, KeyID(s.public), Judge(d.Trials)
	b, err := d.canonical()
	if err != nil {
		return nil, err
	}
	return report(b, s.sign(append([]byte(drillDomain), b...))), nil
}

func report(canonical, signature []byte) []byte {
	return fmt.Appendf(nil, `{"report":%s,"signature":"%s"}`+"\n", canonical, encoding.EncodeToString(signature))
}

// VerifyDrill checks a report against some public keys, of which one must have signed it, and returns what it says. Every
// byte of it counts.
func VerifyDrill(doc []byte, keys ...ed25519.PublicKey) (d Drill, err error) {
	var outer struct {
		Report    json.RawMessage `json:"report"`
		Signature string          `json:"signature"`
	}
	if err := strictly(doc, &outer); err != nil {
		return d, errors.Join(errors.New("no report of a drill"), err)
	}
	signature, err := encoding.DecodeString(outer.Signature)
	message := append([]byte(drillDomain), outer.Report...)
	if err != nil || !slices.ContainsFunc(keys, func(key ed25519.PublicKey) bool { return ed25519.Verify(key, message, signature) }) {
		return d, ErrSignature
	}
	if err := strictly(outer.Report, &d); err != nil {
		return Drill{}, err
	}
	canonical, err := d.canonical()
	if err != nil || d.Version != Version || !bytes.Equal(report(canonical, signature), doc) {
		return Drill{}, ErrForm
	}
	return d, nil
}
