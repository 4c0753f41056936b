package activities_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// message opens a request with a text of Rita's, some time after the first one, without a triage.
func (b *bundle) message(t *testing.T, text string, after time.Duration) names.RequestInput {
	t.Helper()
	ts, _ := b.control(t, "post", object{"channel": help, "user": rita, "text": text})["ts"].(string)
	return b.open(t, rita, ts, text, b.opened.Add(after))
}

// compares runs a triage and says what it has found: "incident n: #number percent tell …".
func (b *bundle) compares(t *testing.T, in names.RequestInput) string {
	t.Helper()
	value, err := b.env.ExecuteActivity(b.Triage, activities.TriageInput{RequestInput: in, Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	var r activities.TriageResult
	if err := value.Get(&r); err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprintf("incident %d:", r.Incident)
	for _, l := range r.Similar {
		if l.Percent < 60 {
			t.Errorf("#%d is similar by %d", l.Number, l.Percent)
		}
		found += fmt.Sprintf(" #%d %v", l.Number, l.Tell)
	}
	return found
}

func TestTriageComparesWithWhatCameJustBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	texts := []struct {
		text  string
		after time.Duration
		want  string
	}{
		{"VPN is down", 0, "incident 0:"},
		{"my screen flickers", time.Minute, "incident 0:"},
		{"is anyone else unable to connect to the vpn?", 10 * time.Minute, "incident 0: #1 false"},
		{"VPN geht nicht", 20 * time.Minute, "incident 3: #1 true #3 true"},
		{"le vpn ne marche pas", 29 * time.Minute, "incident 4: #4 false #1 true #3 true"},
		{"vpn broken", 45 * time.Minute, "incident 3: #4 false #5 false"},
		{"please install the VPN client for our new colleague", 46 * time.Minute, "incident 0:"},
		{"vpn down", 2 * time.Hour, "incident 0:"},
	}
	var requests []names.RequestInput
	for _, m := range texts {
		in := b.message(t, m.text, m.after)
		requests = append(requests, in)
		if got := b.compares(t, in); !sameSet(got, m.want) {
			t.Errorf("%q: %s, want %s", m.text, got, m.want)
		}
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		r, err := tx.Request(ctx, requests[3].Request)
		if err != nil || r.Kin.Incident != 3 || len(r.Kin.Similar) != 2 {
			t.Errorf("the row says %+v, %v", r.Kin, err)
		}
		return nil
	})
}

// sameSet compares what was found but for its order.
func sameSet(a, b string) bool {
	parts := func(s string) map[string]bool {
		m := map[string]bool{}
		for p := range strings.SplitSeq(s, " #") {
			m[strings.TrimSpace(p)] = true
		}
		return m
	}
	return fmt.Sprint(parts(a)) == fmt.Sprint(parts(b))
}

// What a text is compared by dies with its key, and no triage fails for want of a comparison.
func TestTheSketchDiesWithTheText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, stays := b.message(t, "VPN is down", 0), b.message(t, "vpn down", time.Minute)
	for _, in := range []names.RequestInput{gone, stays} {
		b.compares(t, in)
	}
	if err := b.Keys.DestroyTextKeys(t.Context(), b.workspace, []helpdesk.RequestID{gone.Request}); err != nil {
		t.Fatal(err)
	}
	if got := b.compares(t, b.message(t, "vpn broken", 2*time.Minute)); got != "incident 0: #2 false" {
		t.Errorf("after the key of #1 was destroyed: %s", got)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.Scrub(ctx, b.opened, stays.Request) })
	if got := b.compares(t, b.message(t, "VPN does not work", 3*time.Minute)); got != "incident 0: #3 false" {
		t.Errorf("after the text of #2 was scrubbed: %s", got)
	}
}

// Another text is compared anew, by a sketch of its own.
func TestAnEditedTextIsComparedAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.message(t, "VPN is down", 0), b.message(t, "my screen flickers", time.Minute)
	b.compares(t, first)
	b.compares(t, second)
	keys := must(b.Keys.RequestKeys(t.Context(), b.workspace, second.Request))(t)
	key := seal.NewKey()
	if done := must(b.Keys.ReplaceTextKey(t.Context(), b.workspace, second.Request, keys.Text, key))(t); !done {
		t.Fatal("the key was not replaced")
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.ClaimEdit(ctx, second.Request, "9.000001"); err != nil {
			return err
		}
		_, err := tx.ReplaceText(ctx, second.Request, "9.000001", []byte("VPN does not work"), key)
		return err
	})
	value, err := b.env.ExecuteActivity(b.TriageAgain, activities.TriageInput{RequestInput: second, OrLexical: true})
	if err != nil {
		t.Fatal(err)
	}
	var r activities.TriageResult
	if err := value.Get(&r); err != nil || len(r.Similar) != 1 || r.Similar[0].Number != 1 {
		t.Errorf("found %+v, %v", r.Similar, err)
	}
	if got := b.compares(t, b.message(t, "vpn broken", 2*time.Minute)); !sameSet(got, "incident 3: #1 true #2 true") {
		t.Errorf("the next one: %s", got)
	}
}

// A comparison that cannot be made costs nothing but itself.
func TestNoTriageFailsForWantOfAComparison(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.message(t, "VPN is down", 0)
	b.compares(t, first)
	conn := must(pgx.Connect(t.Context(), b.keysAdmin.Reveal()))(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `update keystore.request_key set text_key = 'x' where request_id = $1`, first.Request); err != nil {
		t.Fatal(err)
	}
	if got := b.compares(t, b.message(t, "vpn down", time.Minute)); got != "incident 0:" {
		t.Errorf("found %s", got)
	}
}

// What may be followed: what is open, came earlier and follows nothing; a duplicate stands for its original.
func TestOriginal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, third := b.message(t, "VPN is down", 0), b.message(t, "vpn down", time.Minute), b.message(t, "vpn broken", 2*time.Minute)
	other := b.message(t, "vpn dead", 3*time.Minute)
	for _, in := range []names.RequestInput{first, second, third, other} {
		b.compares(t, in)
	}
	set := func(in names.RequestInput, change func(*helpdesk.Progress)) {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			r, err := tx.Request(ctx, in.Request)
			if err != nil {
				return err
			}
			r.Version++
			change(&r.Progress)
			_, err = tx.Project(ctx, in.Request, r.Progress)
			return err
		})
	}
	ask := func(in names.RequestInput, of helpdesk.RequestID) string {
		t.Helper()
		o := must(b.Original(t.Context(), activities.OriginalInput{RequestInput: in, Of: of}))(t)
		if o.Refused != "" {
			return string(o.Refused)
		}
		return fmt.Sprintf("#%d in version %d", o.Number, o.Version)
	}
	set(second, func(p *helpdesk.Progress) { p.Kin.Original = helpdesk.Peer{ID: first.Request, Number: 1} })
	for name, tt := range map[string]struct {
		of   helpdesk.RequestID
		want string
	}{
		"an earlier one": {first.Request, "#1 in version 1"},
		"a duplicate":    {second.Request, "#1 in version 1"},
		"a later one":    {other.Request, string(helpdesk.ReasonLater)},
		"itself":         {third.Request, string(helpdesk.ReasonLater)},
		"none":           {helpdesk.NewRequestID(), string(helpdesk.ReasonUnknown)},
	} {
		if got := ask(third, tt.of); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	set(first, func(p *helpdesk.Progress) { p.Status = helpdesk.Resolved })
	for _, of := range []helpdesk.RequestID{first.Request, second.Request} {
		if got := ask(third, of); got != string(helpdesk.ReasonOriginalOver) {
			t.Errorf("of a resolved one: %s", got)
		}
	}
}

// The cards of an incident say so, with links, and the requesters of a resolved pair are told once each, in their threads.
func TestAnIncidentIsShownAndADuplicateToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staffChannel(t)
	first, second := b.message(t, "VPN is down", 0), b.message(t, "vpn down", time.Minute)
	peers := map[names.RequestInput]helpdesk.Peer{first: {ID: first.Request, Number: 1}, second: {ID: second.Request, Number: 2}}
	for _, in := range []names.RequestInput{first, second} {
		b.compares(t, in)
	}
	show := func(in names.RequestInput, p helpdesk.Progress) {
		t.Helper()
		p.Label, p.Priority, p.TriagedBy = "network", helpdesk.High, helpdesk.ByLexical
		if failed := b.run(b.SendReceipt, activities.ReceiptInput{RequestInput: in, Progress: p}); failed != "" {
			t.Fatal(failed)
		}
	}
	show(first, helpdesk.Progress{Version: 2, Status: helpdesk.New})
	show(second, helpdesk.Progress{Version: 2, Status: helpdesk.New, Kin: helpdesk.Kin{Incident: 3, Similar: []helpdesk.Peer{peers[first]}}})
	b.stateHas(t, "possible incident: 3 similar requests within 30 minutes", 1)
	b.stateHas(t, "|#1", 1) // the link stands where the first card's is known
	b.stateHas(t, "Duplicate of #1", 2)

	resolved := helpdesk.Progress{Version: 3, Status: helpdesk.Resolved, ResolvedAt: b.opened}
	follows := resolved
	follows.ClocksOff, follows.Kin = helpdesk.StopDuplicate, helpdesk.Kin{Original: peers[first], JoinedAt: b.opened}
	resolved.Kin.Duplicates = []helpdesk.Peer{peers[second]}
	show(first, resolved)
	show(second, follows)
	for in, told := range map[names.RequestInput]activities.ResolvedInput{
		first: {Duplicates: []helpdesk.Peer{peers[second]}}, second: {Original: peers[first]},
	} {
		told.RequestInput, told.At = in, b.opened
		if failed := b.run(b.TellResolved, told); failed != "" {
			t.Fatal(failed)
		}
	}
	b.stateHas(t, "of which this is a duplicate, was resolved", 1)
	b.stateHas(t, "was resolved, and with it 1 duplicate", 1)
	if got := b.ours(t)[help]; len(got) != 4 {
		t.Errorf("%d messages of ours in the channel, want two receipts and two more", len(got))
	}
}

// stateHas counts the messages of ours whose text or blocks say something.
func (b *bundle) stateHas(t *testing.T, says string, want int) {
	t.Helper()
	n := 0
	for _, messages := range b.ours(t) {
		for _, m := range messages {
			if strings.Contains(m.Text, says) || strings.Contains(string(m.Blocks), says) {
				n++
			}
		}
	}
	if n != want {
		t.Errorf("%d messages say %q, want %d", n, says, want)
	}
}
