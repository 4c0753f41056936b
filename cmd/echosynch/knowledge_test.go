package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

const (
	someEntries = `- key: vpn
  question: How do I connect to the VPN from home?
  answer: Open GlobalConnect.
  link: https://help.example.com/vpn
  tags: [vpn]
- key: printer
  question: How do I add a printer?
  answer: Open Settings.
`
	otherEntries = "key,question,answer,active\nprinter,How do I add a printer?,Ask the printer.,\nbadge,Where do I get a badge?,At the gate.,false\n"
)

// kb runs a command on the knowledge base.
func (k *keyring) kb(t *testing.T, args ...string) result {
	t.Helper()
	return execute(t.Context(), k.environ, append([]string{"kb"}, args...)...)
}

// Entries are stored, found again by their keys, and survive the rotation of the workspace's key, as do the words by which
// they are found.
func TestKnowledgeBase(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	yaml, csv := filepath.Join(t.TempDir(), "kb.yaml"), filepath.Join(t.TempDir(), "kb.csv")
	must(t, os.WriteFile(yaml, []byte(someEntries), 0o600))
	must(t, os.WriteFile(csv, []byte(otherEntries), 0o600))
	k.says(t, "kb import T0ACME "+yaml+" --dry-run", "would be: 2 added, 0 changed, 0 unchanged, 0 removed, 0 not in the file")
	k.says(t, "kb import T0ACME "+yaml, "2 added, 0 changed, 0 unchanged, 0 removed, 0 not in the file")
	k.says(t, "kb import T0ACME "+yaml, "0 added, 0 changed, 2 unchanged, 0 removed, 0 not in the file")
	k.says(t, "kb import T0ACME "+csv, "1 added, 1 changed, 0 unchanged, 0 removed, 1 not in the file")
	k.says(t, "kb list T0ACME",
		"KEY      ACTIVE  OFFERED  HELPFUL  NOT RELEVANT  CLOSED  QUESTION",
		"badge    false   0        0        0             0       Where do I get a badge?",
		"printer  true    0        0        0             0       How do I add a printer?",
		"vpn      true    0        0        0             0       How do I connect to the VPN from home?")
	if got := execute(t.Context(), k.environ, "keys", "rotate", "--all"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := k.kb(t, "try", "T0ACME", "Hi! how to connect to the VPN from home, please?"); !strings.HasPrefix(got.out, "vpn, confidence ") ||
		!strings.HasSuffix(got.out, " %\nHow do I connect to the VPN from home?\nOpen GlobalConnect.\nhttps://help.example.com/vpn\n") {
		t.Errorf("%+v", got)
	}
	if got := k.kb(t, "try", "T0ACME", "the printer on floor 2 smells of burnt rubber"); !strings.HasPrefix(got.out, "nothing is offered: the best, printer, has ") {
		t.Errorf("%+v", got)
	}
	if got := k.kb(t, "try", "T0ACME", "where is the badge?"); got.out != "nothing is offered: no active entry has a word of it\n" {
		t.Errorf("%+v", got)
	}
	before := k.kb(t, "export", "T0ACME")
	must(t, os.WriteFile(yaml, []byte(before.out), 0o600))
	k.says(t, "kb import T0ACME "+yaml, "0 added, 0 changed, 3 unchanged, 0 removed, 0 not in the file")
	if got := k.kb(t, "remove", "T0ACME", "badge"); got != (result{}) {
		t.Errorf("%+v", got)
	}
	k.fails(t, "kb remove T0ACME badge", "echosynch kb remove: there is no such entry; which there are: echosynch kb list T0ACME")
	k.says(t, "kb import T0ACME "+csv+" --replace", "1 added, 0 changed, 1 unchanged, 1 removed, 0 not in the file")

	var said []string
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
			if e.Action == helpdesk.AuditKnowledge || e.Action == helpdesk.AuditExported {
				said = append(said, string(e.Action)+" "+e.Object+" "+e.Before+">"+e.After)
			}
			return nil
		})
	})
	want := []string{
		"knowledge  0>2", "knowledge  2>2", "knowledge  2>3", "exported knowledge >", "knowledge  3>3", "knowledge badge >", "knowledge  2>2",
	}
	if !slices.Equal(said, want) {
		t.Errorf("the audit log says %q, want %q", said, want)
	}
}

// A file with one wrong line changes nothing; without the keys nothing can be opened.
func TestKnowledgeBaseRefuses(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	path := filepath.Join(t.TempDir(), "kb.yaml")
	must(t, os.WriteFile(path, []byte(someEntries+"- {key: a, question: Q, answer: A, link: 'http://x.example.com'}\n"), 0o600))
	k.fails(t, "kb import T0ACME "+path, "echosynch kb import: nothing was changed: line 9: link must be an address that begins with https://, at most 300 characters of ASCII: invalid")
	k.says(t, "kb list T0ACME", "no entries yet; to store those of a file: echosynch kb import T0ACME FILE")
	delete(k.environ, "KEYSTORE_URL")
	k.fails(t, "kb list T0ACME", "echosynch kb list: KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set")
}

func TestOfferAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	on := func() (on bool) {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			c, err := tx.ChannelBySlackID(ctx, "C0ITHELP")
			if err != nil {
				return err
			}
			e := helpdesk.Entry{ID: helpdesk.EntryID{1}, Key: "vpn", Active: true}
			if err := tx.PutEntries(ctx, []postgres.IndexedEntry{{Entry: e}}, seal.NewKey()); err != nil {
				return err
			}
			on, err = tx.OffersAnswers(ctx, c.ID)
			return err
		})
		return on
	}
	if on() {
		t.Error("answers are offered before anybody has switched them on")
	}
	b.does(t, "channel offer-answers T0ACME C0ITHELP on", "")
	if !on() {
		t.Error("no answers are offered")
	}
	b.does(t, "channel offer-answers T0ACME C0ITHELP off", "")
	if on() {
		t.Error("answers are offered still")
	}
	b.fails(t, "channel offer-answers T0ACME C0OTHER on", "echosynch channel offer-answers: the app was never invited to channel C0OTHER")
	if got := execute(t.Context(), b.environ, "channel", "offer-answers", "T0ACME", "C0ITHELP", "maybe"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
