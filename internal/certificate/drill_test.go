package certificate_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
)

func drill(t testing.TB, trials ...certificate.Trial) []byte {
	t.Helper()
	doc, err := signer(t, 1).IssueDrill(certificate.Drill{
		Started: ended.Add(-time.Minute), Ended: ended, Keystore: "k", Trials: trials, NotCovered: []string{"a <b> & c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func trial(before, after certificate.Tally) certificate.Trial {
	return certificate.Trial{
		Backup: "dump", Name: "main.dump", AsOf: ended, Before: map[string]certificate.Tally{"texts": before},
		Reconciled: map[string]int64{"texts_deleted": 1}, After: map[string]certificate.Tally{"texts": after},
	}
}

// The form is fixed: this is what reviewers have on their disks.
func TestTheFormOfADrill(t *testing.T) {
	t.Parallel()
	const want = `{"report":{"version":1,"started":"2026-11-26T10:59:00.123456Z","ended":"2026-11-26T11:00:00.123456Z","keystore":"k",` +
		`"trials":[{"backup":"dump","name":"main.dump","as_of":"2026-11-26T11:00:00.123456Z",` +
		`"before":{"texts":{"living":2,"erased":1,"living_opened":2,"erased_opened":0}},"reconciled":{"texts_deleted":1},` +
		`"after":{"texts":{"living":2,"erased":0,"living_opened":2,"erased_opened":0}}}],` +
		`"failures":[],"not_covered":["a <b> & c"],"key":"34750f98bd59fcfc"},"signature":"`
	doc := drill(t, trial(certificate.Tally{Living: 2, LivingOpened: 2, Erased: 1}, certificate.Tally{Living: 2, LivingOpened: 2}))
	if got := string(doc); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "==\"}\n") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d, err := certificate.VerifyDrill(doc, signer(t, 2).Public(), signer(t, 1).Public()) // one of them is a former one
	if err != nil || len(d.Trials) != 1 || d.Trials[0].Before["texts"].Living != 2 || len(d.Failures) != 0 {
		t.Errorf("read %+v, %v", d, err)
	}
}

// Whatever bit of a report changes, and whatever it is taken for: it is refused.
func TestATamperedDrill(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	doc := drill(t, trial(certificate.Tally{Erased: 1, ErasedOpened: 1}, certificate.Tally{}))
	for i := range doc {
		changed := bytes.Clone(doc)
		changed[i] ^= 1
		if _, err := certificate.VerifyDrill(changed, s.Public()); err == nil {
			t.Fatalf("byte %d changed, and it is taken: %s", i, changed)
		}
		if _, err := certificate.VerifyDrill(doc[:i], s.Public()); err == nil {
			t.Fatalf("cut off after %d bytes, and it is taken", i)
		}
	}
	if _, err := certificate.VerifyDrill(doc, signer(t, 2).Public()); !errors.Is(err, certificate.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := certificate.Verify(doc, s.Public()); err == nil {
		t.Error("taken for a certificate")
	}
	if _, err := (certificate.Signer{}).IssueDrill(certificate.Drill{}); !errors.Is(err, certificate.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, after certificate.Tally
		fails         string // "": it does not
	}{
		"nothing in it":           {},
		"nothing was erased":      {before: certificate.Tally{Living: 2, LivingOpened: 2}},
		"nothing erased opens":    {before: certificate.Tally{Living: 2, LivingOpened: 1, Erased: 3}},
		"one erased opens":        {before: certificate.Tally{Living: 2, LivingOpened: 2, Erased: 3, ErasedOpened: 1}, fails: "1 erased texts could be opened"},
		"one erased is left":      {before: certificate.Tally{Erased: 3}, after: certificate.Tally{Erased: 1}, fails: "1 erased texts are left after the reconciliation"},
		"nothing opens, so what?": {before: certificate.Tally{Living: 2, Erased: 3}, fails: "right wrapping key"},
	} {
		failures := certificate.Judge([]certificate.Trial{trial(tt.before, tt.after)})
		if (tt.fails == "") != (len(failures) == 0) || tt.fails != "" && !strings.Contains(failures[0], tt.fails) {
			t.Errorf("%s: %q", name, failures)
		}
	}
}
