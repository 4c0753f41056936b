package activities_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// notice is the one of a request's first response.
func (b *bundle) notice(t *testing.T, kind helpdesk.NoticeKind) activities.NoticeInput {
	t.Helper()
	in, p := b.request(t)
	return activities.NoticeInput{
		RequestInput: in, Clock: helpdesk.FirstResponse, Kind: kind, At: p.Deadlines.FirstResponse.Due, Due: p.Deadlines.FirstResponse.Due,
	}
}

// assign gives a request to somebody.
func (b *bundle) assign(t *testing.T, in activities.NoticeInput, user string) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		r, err := tx.Request(ctx, in.Request)
		if err != nil {
			return err
		}
		r.Version, r.Assignee, r.Status = r.Version+1, user, helpdesk.InProgress
		_, err = tx.Project(ctx, in.Request, r.Progress)
		return err
	})
}

func (b *bundle) event(t *testing.T, in activities.NoticeInput) (e helpdesk.SLAEvent) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
		e, err = tx.SLAEvent(ctx, in.Request, in.Clock, in.Kind)
		return err
	})
	return e
}

// want checks how many of our messages each got, and what is recorded.
func (b *bundle) want(t *testing.T, in activities.NoticeInput, outcome helpdesk.NoticeOutcome, recipients int, got map[string]int) {
	t.Helper()
	if e := b.event(t, in); e.Outcome != outcome || e.Recipients != recipients {
		t.Errorf("recorded %+v, want %s to %d", e, outcome, recipients)
	}
	for where, messages := range b.ours(t) {
		if len(messages) != got[where] {
			t.Errorf("%s got %d messages, want %d: %+v", where, len(messages), got[where], messages)
		}
		delete(got, where)
	}
	for where, n := range got {
		if n > 0 {
			t.Errorf("%s got nothing, want %d", where, n)
		}
	}
}

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind       helpdesk.NoticeKind
		staff      bool
		assignee   string
		recipients int
		got        map[string]int
	}{
		"a warning to the staff channel":        {helpdesk.Warning, true, "", 1, map[string]int{staff: 1}},
		"a breach to the admins, too":           {helpdesk.Breach, true, "", 2, map[string]int{staff: 1, alex: 1}},
		"without a staff channel, to each":      {helpdesk.Warning, false, "", 2, map[string]int{alex: 1, dana: 1}},
		"a breach to each, admins once":         {helpdesk.Breach, false, "", 2, map[string]int{alex: 1, dana: 1}},
		"a warning to the assignee alone":       {helpdesk.Warning, true, dana, 1, map[string]int{dana: 1}},
		"a breach to assignee and admins":       {helpdesk.Breach, true, dana, 2, map[string]int{dana: 1, alex: 1}},
		"an assignee who is gone: to the team":  {helpdesk.Warning, true, "U0GONE", 1, map[string]int{staff: 1}},
		"an assignee who is gone: to everybody": {helpdesk.Warning, false, "U0GONE", 2, map[string]int{alex: 1, dana: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if tt.staff {
				b.staffChannel(t)
			}
			in := b.notice(t, tt.kind)
			if tt.assignee != "" {
				b.assign(t, in, tt.assignee)
			}
			for range 2 { // a second attempt, because Temporal did not hear of the first, sends nothing
				if failed := b.run(b.SendNotice, in); failed != "" {
					t.Fatal(failed)
				}
			}
			b.want(t, in, helpdesk.NoticeSent, tt.recipients, tt.got)
		})
	}
}

// Slack acts, and its answer is lost: the staff channel is looked up, a person is told once more, and told so.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		assignee string
		got      map[string]int
	}{
		"staff channel": {"", map[string]int{staff: 1}},
		"person":        {dana, map[string]int{dana: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.staffChannel(t)
			in := b.notice(t, helpdesk.Warning)
			if tt.assignee != "" {
				b.assign(t, in, tt.assignee)
			}
			b.control(t, "fault", object{"method": "chat.postMessage", "after": true, "times": 1})
			if failed := b.run(b.SendNotice, in); failed != activities.FailureSlack {
				t.Fatalf("the first attempt: %q", failed)
			}
			for range 2 {
				if failed := b.run(b.SendNotice, in); failed != "" {
					t.Fatal(failed)
				}
			}
			b.want(t, in, helpdesk.NoticeSent, 1, tt.got)
			if sent := b.ours(t)[dana]; tt.assignee != "" && (strings.Contains(sent[0].Text, "(repeated)") || !strings.Contains(sent[1].Text, "(repeated)")) {
				t.Errorf("sent %+v, want the second one marked", sent)
			}
		})
	}
}

// A notice whose answer was lost before there was a staff card is found where it stands, not looked for in the card's thread.
func TestALostAnswerBeforeTheStaffCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staffChannel(t)
	in, p := b.request(t)
	notice := activities.NoticeInput{
		RequestInput: in, Clock: helpdesk.FirstResponse, Kind: helpdesk.Warning, At: p.Deadlines.FirstResponse.WarnAt, Due: p.Deadlines.FirstResponse.Due,
	}
	b.control(t, "fault", object{"method": "chat.postMessage", "after": true, "times": 1})
	if failed := b.run(b.SendNotice, notice); failed != activities.FailureSlack {
		t.Fatalf("the first attempt: %q", failed)
	}
	if failed := b.run(b.SendReceipt, activities.ReceiptInput{RequestInput: in, Progress: p}); failed != "" {
		t.Fatal(failed)
	}
	if failed := b.run(b.SendNotice, notice); failed != "" {
		t.Fatal(failed)
	}
	b.want(t, notice, helpdesk.NoticeSent, 1, map[string]int{help: 1, staff: 2})
}

// A person whose answers are lost every time is told twice, not more.
func TestNoThirdMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.notice(t, helpdesk.Warning)
	b.assign(t, in, dana)
	b.control(t, "fault", object{"method": "chat.postMessage", "after": true, "times": 2})
	for _, want := range []string{activities.FailureSlack, activities.FailureSlack, ""} {
		if failed := b.run(b.SendNotice, in); failed != want {
			t.Errorf("failed as %q, want %q", failed, want)
		}
	}
	b.want(t, in, helpdesk.NoticeSent, 1, map[string]int{dana: 2})
}

// After a 429 nothing was sent, so the next attempt is no repetition; and until Slack's time is over nobody calls.
func TestARateLimitIsEverybodys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.Now = func() time.Time { return now }
	first, second := b.notice(t, helpdesk.Warning), b.notice(t, helpdesk.Warning)
	b.assign(t, first, dana)
	b.assign(t, second, dana)
	b.control(t, "fault", object{"method": "chat.postMessage", "status": 429, "times": 1})
	for _, in := range []activities.NoticeInput{first, second, first} { // the fault is used up by the first call
		if failed := b.run(b.SendNotice, in); failed != activities.FailureRateLimited {
			t.Errorf("failed as %q, want %q", failed, activities.FailureRateLimited)
		}
	}
	if sent := b.ours(t); len(sent) != 0 {
		t.Errorf("sent %+v while Slack had said to wait", sent)
	}
	now = now.Add(2 * time.Second)
	for _, in := range []activities.NoticeInput{first, second} {
		if failed := b.run(b.SendNotice, in); failed != "" {
			t.Fatal(failed)
		}
	}
	for _, m := range b.ours(t)[dana] {
		if strings.Contains(m.Text, "(repeated)") {
			t.Errorf("%q is no repetition", m.Text)
		}
	}
}

func TestNobodyIsToldOfAClockThatWasMet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staffChannel(t)
	in := b.notice(t, helpdesk.Breach)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // heard, and the workflow does not know yet
		_, err := tx.Hear(ctx, in.Request, helpdesk.Reply{At: b.opened.Add(time.Minute), User: dana}, true)
		return err
	})
	if failed := b.run(b.SendNotice, in); failed != "" {
		t.Fatal(failed)
	}
	b.want(t, in, helpdesk.NoticeMet, 0, map[string]int{})
}

func TestNobodyCanBeTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.notice(t, helpdesk.Warning)
	b.control(t, "fault", object{"method": "chat.postMessage", "error": "user_disabled", "times": 4})
	if failed := b.run(b.SendNotice, in); failed != "" {
		t.Fatal(failed)
	}
	b.want(t, in, helpdesk.NoticeUndeliverable, 0, map[string]int{})
}

// What was announced is edited where it stands.
func TestABreachIsCorrected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staffChannel(t)
	in := b.notice(t, helpdesk.Breach)
	for _, activity := range []any{b.SendNotice, b.CorrectNotice, b.CorrectNotice} {
		if failed := b.run(activity, in); failed != "" {
			t.Fatal(failed)
		}
	}
	b.want(t, in, helpdesk.NoticeCorrected, 2, map[string]int{staff: 1, alex: 1})
	for where, sent := range b.ours(t) {
		if !strings.Contains(sent[0].Text, "Correction") {
			t.Errorf("%s still reads %q", where, sent[0].Text)
		}
	}
}
