package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/sla"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// The people of these stories.
var (
	dana     = helpdesk.Actor{User: "UDANA", Agent: true}
	alex     = helpdesk.Actor{User: "UALEX", Agent: true}
	rita     = helpdesk.Actor{User: "URITA", Requester: true}
	stranger = helpdesk.Actor{User: "USAM"}
)

// answer is what came of a press: "" while it is on its way, "ok", or the reason of its refusal.
type answer struct{ got string }

func (a *answer) Accept()          {}
func (a *answer) Reject(err error) { a.got = reason(err) }
func (a *answer) Complete(_ any, err error) {
	if a.got = "ok"; err != nil {
		a.got = reason(err)
	}
}

func reason(err error) string {
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) {
		return refused.Type()
	}
	return err.Error()
}

// press presses a button some time after the message was written.
func (b *bundle) press(after time.Duration, by helpdesk.Actor, action helpdesk.Action, value string, seen int64) *answer {
	a := &answer{}
	b.presses++
	id := fmt.Sprint("press-", b.presses)
	b.at(after, func() {
		b.env.UpdateWorkflow(names.UpdatePress, id, a, names.Press{By: by, Action: action, Value: value, Seen: seen, At: opened.Add(after)})
	})
	return a
}

// reply has a message of a thread arrive some time after it was written.
func (b *bundle) reply(written, arrives time.Duration, r helpdesk.Reply) {
	r.At = opened.Add(written)
	b.at(arrives, func() { b.env.SignalWorkflow(names.SignalReply, r) })
}

// last is what the receipt shows in the end.
func (b *bundle) last() activities.ReceiptInput { return b.out.receipts[len(b.out.receipts)-1] }

// notices are those sent, as "clock kind +when".
func (b *bundle) notices() (sent []string) {
	for _, n := range b.out.notices {
		sent = append(sent, fmt.Sprintf("%s %s +%v", n.in.Clock, n.in.Kind, n.at.Sub(opened).Round(time.Second)))
	}
	return sent
}

func (b *bundle) wantNotices(t *testing.T, want ...string) {
	t.Helper()
	if got := b.notices(); !slices.Equal(got, want) {
		t.Errorf("notices\n got %q\nwant %q", got, want)
	}
}

const (
	firstWarning = "first_response warning +1h30m0s"
	firstBreach  = "first_response breach +2h0m0s"
	lateWarning  = "resolution warning +23h30m0s"
	lateBreach   = "resolution breach +24h0m0s"
)

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.end(72 * time.Hour)
	b.run()
	b.wantNotices(t, firstWarning, firstBreach, lateWarning, lateBreach)
	if len(b.out.receipts) != 1 {
		t.Errorf("%d receipts, want 1: nothing of what it shows has changed", len(b.out.receipts))
	}
}

func TestAnAgentAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.reply(time.Hour, time.Hour, helpdesk.Reply{User: dana.User})
	b.reply(2*time.Hour, 2*time.Hour, helpdesk.Reply{User: alex.User}) // too late to matter
	b.end(72 * time.Hour)
	b.run()
	b.wantNotices(t, lateWarning, lateBreach)
	got := b.last()
	if got.Status != helpdesk.InProgress || got.Assignee != dana.User || !got.RespondedAt.Equal(opened.Add(time.Hour)) {
		t.Errorf("shown %+v", got.Progress)
	}
}

// Behaviour 19: the message's own time decides, not when it came.
func TestTheAnswerComesLateButWasWrittenInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.reply(119*time.Minute, 3*time.Hour, helpdesk.Reply{User: dana.User})
	b.reply(60*time.Minute, 4*time.Hour, helpdesk.Reply{User: alex.User}) // an earlier one, later still
	b.end(20 * time.Hour)
	b.run()
	b.wantNotices(t, firstWarning, firstBreach)
	if n := len(b.out.corrected); n == 0 || b.out.corrected[0].Clock != helpdesk.FirstResponse {
		t.Errorf("corrected %+v, want the breach of first response", b.out.corrected)
	}
	if got := b.last(); !got.RespondedAt.Equal(opened.Add(time.Hour)) || got.Assignee != alex.User {
		t.Errorf("shown %+v, want the earliest answer, and whose it is", got.Progress)
	}
}

func TestWhoMayPressWhat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		by     helpdesk.Actor
		action helpdesk.Action
		after  time.Duration
		want   string
	}{
		{dana, helpdesk.Take, time.Minute, "ok"},
		{dana, helpdesk.Wait, time.Minute, "ok"},
		{dana, helpdesk.Resolve, time.Minute, "ok"},
		{dana, helpdesk.NotRequest, time.Hour, "ok"},
		{rita, helpdesk.Take, time.Minute, "agents_only"},
		{rita, helpdesk.Wait, time.Minute, "agents_only"},
		{rita, helpdesk.Resolve, time.Minute, "ok"},
		{rita, helpdesk.NotRequest, time.Minute, "ok"},
		{rita, helpdesk.NotRequest, 11 * time.Minute, "too_late"},
		{stranger, helpdesk.Take, time.Minute, "agents_only"},
		{stranger, helpdesk.Resolve, time.Minute, "parties_only"},
		{stranger, helpdesk.NotRequest, time.Minute, "parties_only"},
		{dana, helpdesk.Close, time.Minute, "unknown_action"},
		{dana, helpdesk.AgentReply, time.Minute, "unknown_action"},
	} {
		b := setup(t)
		a := b.press(tt.after, tt.by, tt.action, "", 1)
		b.end(90 * time.Minute)
		b.run()
		if a.got != tt.want {
			t.Errorf("%s by %s after %v: %q, want %q", tt.action, tt.by.User, tt.after, a.got, tt.want)
		}
	}
}

func TestTwoAgentsPressAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.press(time.Minute, dana, helpdesk.Take, "", 1)
	second := b.press(time.Minute, alex, helpdesk.Take, "", 1)
	again := b.press(2*time.Minute, alex, helpdesk.Take, "", 2)
	b.end(time.Hour)
	b.run()
	if first.got != "ok" || second.got != "taken" || again.got != "ok" {
		t.Errorf("first %q, second %q, second again %q", first.got, second.got, again.got)
	}
	if got := b.last(); got.Assignee != alex.User || got.Status != helpdesk.InProgress {
		t.Errorf("shown %+v", got.Progress)
	}
}

// Behaviour 21: waiting pauses the resolution clock, not the first response; the requester's next message resumes it.
func TestWaitingAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.press(time.Hour, dana, helpdesk.Wait, "", 1)
	refused := b.press(2*time.Hour, dana, helpdesk.Take, "", 2)
	b.reply(30*time.Minute, 3*time.Hour, helpdesk.Reply{Requester: true}) // written before it began to wait
	b.reply(11*time.Hour, 11*time.Hour, helpdesk.Reply{Requester: true, Thanks: true})
	b.end(60 * time.Hour)
	b.run()
	b.wantNotices(t, firstWarning, firstBreach, "resolution warning +33h30m0s", "resolution breach +34h0m0s")
	if refused.got != "is_waiting" {
		t.Errorf("Take it while waiting: %q", refused.got)
	}
	if got := b.last(); got.Status != helpdesk.InProgress || len(got.Pauses) != 1 || !got.Pauses[0].To.Equal(opened.Add(11*time.Hour)) {
		t.Errorf("shown %+v", got.Progress)
	}
}

// Behaviour 22: deadlines move to message time and new target; one that has passed by then is announced at once.
func TestThePriorityChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.press(100*time.Minute, dana, helpdesk.SetPriority, "critical", 1)
	wrong := b.press(101*time.Minute, dana, helpdesk.SetPriority, "whatever", 1)
	b.end(7 * time.Hour)
	b.run()
	b.wantNotices(t, firstWarning, "first_response breach +1h40m0s")
	if got := b.last(); got.Priority != helpdesk.Critical || got.TriagedBy != helpdesk.ByHuman || got.Was == nil ||
		!got.Was.FirstResponse.Due.Equal(opened.Add(2*time.Hour)) || !got.Deadlines.FirstResponse.Due.Equal(opened.Add(time.Hour)) {
		t.Errorf("shown %+v", got.Progress)
	}
	if wrong.got != "unknown_action" {
		t.Errorf("an unknown priority: %q", wrong.got)
	}
}

func TestResolvedAndClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.press(time.Hour, dana, helpdesk.Resolve, "", 1)
	late := b.press(2*time.Hour, dana, helpdesk.Resolve, "", 2)
	b.reply(3*time.Hour, 3*time.Hour, helpdesk.Reply{Requester: true, Thanks: true})
	b.run()
	if err := b.env.GetWorkflowError(); err != nil || !b.env.IsWorkflowCompleted() {
		t.Fatalf("completed %v, %v", b.env.IsWorkflowCompleted(), err)
	}
	b.wantNotices(t)
	if got := b.last(); got.Status != helpdesk.Closed || !got.NoResponse || !got.ResolvedAt.Equal(opened.Add(time.Hour)) {
		t.Errorf("shown %+v", got.Progress)
	}
	if ran := b.env.Now().Sub(opened).Round(time.Minute); ran != 7*24*time.Hour+time.Hour {
		t.Errorf("closed after %v, want seven days after it was resolved", ran)
	}
	if late.got != "is_resolved" {
		t.Errorf("resolved twice: %q", late.got)
	}
}

// Behaviour 11: reopened, resolution goes on from what was left, and first response never restarts.
func TestReopened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.press(time.Hour, rita, helpdesk.Resolve, "", 1)
	b.reply(49*time.Hour, 49*time.Hour, helpdesk.Reply{Requester: true})
	b.end(100 * time.Hour)
	b.run()
	b.wantNotices(t, "resolution warning +71h30m0s", "resolution breach +72h0m0s")
	if got := b.last(); got.Status != helpdesk.InProgress || !got.ResolvedAt.IsZero() || !got.NoResponse {
		t.Errorf("shown %+v", got.Progress)
	}
}

func TestABreachStaysSilentAfterReopening(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.press(25*time.Hour, dana, helpdesk.Resolve, "", 1)
	b.reply(26*time.Hour, 26*time.Hour, helpdesk.Reply{Requester: true})
	b.end(200 * time.Hour)
	b.run()
	b.wantNotices(t, firstWarning, firstBreach, lateWarning, lateBreach)
	if got := b.last(); got.NoResponse {
		t.Error("first response was missed before it was resolved: it counts")
	}
}

func TestDeletedAndWithdrawn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bundle){
		"deleted": func(b *bundle) { b.at(time.Minute, func() { b.env.SignalWorkflow(names.SignalDeleted, struct{}{}) }) },
		"deleted twice": func(b *bundle) {
			b.at(time.Minute, func() { b.env.SignalWorkflow(names.SignalDeleted, struct{}{}) })
			b.at(time.Minute, func() { b.env.SignalWorkflow(names.SignalDeleted, struct{}{}) })
		},
		"not a request": func(b *bundle) { b.press(time.Minute, rita, helpdesk.NotRequest, "", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			end(b)
			b.run()
			if err := b.env.GetWorkflowError(); err != nil || !b.env.IsWorkflowCompleted() {
				t.Fatalf("completed %v, %v", b.env.IsWorkflowCompleted(), err)
			}
			if got := b.last(); got.Status != helpdesk.Withdrawn || got.ClocksOff == "" || len(b.out.receipts) != 2 {
				t.Errorf("%d receipts, last %+v", len(b.out.receipts), got.Progress)
			}
			if len(b.out.erased) != 1 {
				t.Errorf("erased %d times, want once", len(b.out.erased))
			}
			b.wantNotices(t)
		})
	}
}

// Behaviour 6: edits within ten seconds are one, and there is one re-run in the life of a request.
func TestEdited(t *testing.T) {
	t.Parallel()
	edit := func(b *bundle, after time.Duration) {
		b.at(after, func() { b.env.SignalWorkflow(names.SignalEdited, names.Edited{At: opened.Add(after)}) })
	}
	for name, tt := range map[string]struct {
		story func(*bundle)
		runs  int
	}{
		"three times at once":  {func(b *bundle) { edit(b, time.Minute); edit(b, 65*time.Second); edit(b, 69*time.Second) }, 1},
		"again later":          {func(b *bundle) { edit(b, time.Minute); edit(b, time.Hour) }, 1},
		"after an answer":      {func(b *bundle) { b.reply(time.Minute, time.Minute, helpdesk.Reply{User: "UDANA"}); edit(b, time.Hour) }, 0},
		"after somebody chose": {func(b *bundle) { b.press(time.Minute, dana, helpdesk.SetLabel, "hardware", 1); edit(b, time.Hour) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.out.again = func() (activities.TriageResult, error) {
				r := triaged(helpdesk.ByModel, false)
				r.Label = "software"
				b.out.reruns++
				return r, nil
			}
			tt.story(b)
			b.end(80 * time.Minute)
			b.run()
			if b.out.reruns != tt.runs {
				t.Errorf("triaged again %d times, want %d", b.out.reruns, tt.runs)
			}
			if got := b.last().Label == "software"; got != (tt.runs == 1) {
				t.Errorf("label %q", b.last().Label)
			}
		})
	}
}

// What was heard while the state was on its way to the row is not lost.
func TestNewsFromTheRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.send = func(in activities.ReceiptInput) (activities.ReceiptResult, error) {
		if in.Status != helpdesk.Waiting {
			return activities.ReceiptResult{}, nil
		}
		return activities.ReceiptResult{News: []helpdesk.Reply{{At: opened.Add(61 * time.Minute), Requester: true}}}, nil
	}
	b.press(time.Hour, dana, helpdesk.Wait, "", 1)
	b.end(80 * time.Minute)
	b.run()
	if got := b.last(); got.Status != helpdesk.InProgress {
		t.Errorf("shown %+v, want it resumed", got.Progress)
	}
}

// Behaviour 18: a warning that Slack holds up until the clock has run out is skipped; only the breach is sent.
func TestOnlyTheHighestLevelIsSentAfterAnOutage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.notify = func(in activities.NoticeInput) error {
		if b.env.Now().Before(opened.Add(125 * time.Minute)) {
			return temporal.NewApplicationErrorWithOptions("", activities.FailureSlack,
				temporal.ApplicationErrorOptions{NextRetryDelay: 4 * time.Minute})
		}
		return nil
	}
	b.end(20 * time.Hour)
	b.run()
	got := b.out.notices[len(b.out.notices)-1]
	if got.in.Kind != helpdesk.Breach || !got.in.Skipped.Equal(opened.Add(90*time.Minute)) {
		t.Errorf("last notice %+v, want the breach with the warning skipped", got.in)
	}
	for _, n := range b.out.notices {
		if n.in.Kind == helpdesk.Warning && n.at.After(opened.Add(121*time.Minute)) {
			t.Errorf("a warning was tried at +%v, after the breach", n.at.Sub(opened))
		}
	}
}

// The text dies at its deadline, whatever has become of the request; clocks go on, and a closed request ends with it.
func TestScrub(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retention time.Duration
		story     func(*bundle)
		status    helpdesk.Status
		scrubs    int
		ran       time.Duration // of a run that ends by itself
		notices   []string
	}{
		"open":          {12 * time.Hour, func(b *bundle) { b.end(48 * time.Hour) }, helpdesk.New, 1, 0, []string{firstWarning, firstBreach, lateWarning, lateBreach}},
		"closed before": {30 * 24 * time.Hour, func(b *bundle) { b.press(time.Hour, dana, helpdesk.Resolve, "", 1) }, helpdesk.Closed, 1, 30 * 24 * time.Hour, nil},
		"closed after":  {24 * time.Hour, func(b *bundle) { b.press(time.Hour, dana, helpdesk.Resolve, "", 1) }, helpdesk.Closed, 1, 7*24*time.Hour + time.Hour, nil},
		"withdrawn":     {24 * time.Hour, func(b *bundle) { b.press(time.Minute, rita, helpdesk.NotRequest, "", 1) }, helpdesk.Withdrawn, 0, time.Minute, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
				r := triaged(helpdesk.ByModel, false)
				r.ScrubAt = opened.Add(tt.retention)
				return r, nil
			}
			tt.story(b)
			b.run()
			if len(b.out.scrubbed) != tt.scrubs || tt.scrubs > 0 && b.out.scrubbed[0].Sub(opened).Round(time.Second) != tt.retention {
				t.Errorf("scrubbed at %v, want %d times at +%v", b.out.scrubbed, tt.scrubs, tt.retention)
			}
			if got := b.last().Status; got != tt.status && tt.status != helpdesk.New {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			if ran := b.env.Now().Sub(opened).Round(time.Minute); tt.ran > 0 && ran != tt.ran {
				t.Errorf("ended after %v, want %v", ran, tt.ran)
			}
			b.wantNotices(t, tt.notices...)
		})
	}
}

// A night that is an hour longer: eight open hours from midnight on end at seven, because the wall shows one hour twice.
func TestTheNightTheClockGoesBack(t *testing.T) {
	t.Parallel()
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	night := map[time.Weekday][]sla.Interval{}
	for day := range time.Saturday + 1 {
		night[day] = []sla.Interval{{From: 0, To: 8 * 60}}
	}
	calendar, err := sla.New(sla.Spec{Zone: "Europe/Brussels", Week: night})
	if err != nil {
		t.Fatal(err)
	}
	written := time.Date(2026, 10, 24, 23, 30, 0, 0, brussels)
	b := setup(t)
	b.env.SetStartTime(written)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		r := triaged(helpdesk.ByModel, false)
		r.OpenedAt = written
		r.Deadlines.FirstResponse = helpdesk.Deadline(sla.Plan(calendar, written, 8*time.Hour, nil))
		r.Deadlines.Resolution = helpdesk.Deadline{Due: written.Add(1000 * time.Hour), WarnAt: written.Add(999 * time.Hour)}
		return r, nil
	}
	b.end(24 * time.Hour)
	b.run()
	if len(b.out.notices) != 2 {
		t.Fatalf("notices %q, want warning and breach", b.notices())
	}
	if at := b.out.notices[1].at.In(brussels).Round(time.Second); !at.Equal(time.Date(2026, 10, 25, 7, 0, 0, 0, brussels)) {
		t.Errorf("breach at %v, want seven in the morning", at)
	}
}

// All orders of six events give one result: two answers, two messages of the requester, an edit, and the app's removal.
func TestEveryOrderGivesOneResult(t *testing.T) {
	t.Parallel()
	events := []func(*bundle, time.Duration){
		func(b *bundle, at time.Duration) { b.reply(10*time.Minute, at, helpdesk.Reply{User: dana.User}) },
		func(b *bundle, at time.Duration) { b.reply(20*time.Minute, at, helpdesk.Reply{User: alex.User}) },
		func(b *bundle, at time.Duration) { b.reply(30*time.Minute, at, helpdesk.Reply{Requester: true}) },
		func(b *bundle, at time.Duration) {
			b.reply(31*time.Minute, at, helpdesk.Reply{Requester: true, Thanks: true})
		},
		func(b *bundle, at time.Duration) {
			b.at(at, func() { b.env.SignalWorkflow(names.SignalEdited, names.Edited{At: opened.Add(5 * time.Minute)}) })
		},
		func(b *bundle, at time.Duration) {
			b.at(at, func() {
				b.env.SignalWorkflow(names.SignalStopClocks, names.StopClocks{Reason: helpdesk.StopChannelLeft})
			})
		},
	}
	var want string
	for order := range permutations(len(events)) {
		b := setup(t)
		b.out.again = func() (activities.TriageResult, error) {
			r := triaged(helpdesk.ByModel, false)
			r.Label, r.Priority = "software", helpdesk.Low
			return r, nil
		}
		for n, i := range order {
			events[i](b, 40*time.Minute+time.Duration(n)*time.Second)
		}
		b.end(50 * time.Minute)
		b.run()
		p := b.out.projected[len(b.out.projected)-1].Progress
		p.Version = 0
		got := fmt.Sprintf("%+v", p)
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("order %v:\n got %s\nwant %s", order, got, want)
		}
	}
	for _, detail := range []string{"software", "low", "UDANA", "09:10:00", "channel_left"} {
		if !strings.Contains(want, detail) {
			t.Errorf("the one result is without %q: %s", detail, want)
		}
	}
}

// Whatever came before a deletion, or comes after it, the request is withdrawn and its text destroyed.
func TestADeletionWinsInEveryOrder(t *testing.T) {
	t.Parallel()
	events := []func(*bundle, time.Duration){
		func(b *bundle, at time.Duration) {
			b.at(at, func() { b.env.SignalWorkflow(names.SignalDeleted, struct{}{}) })
		},
		func(b *bundle, at time.Duration) { b.reply(10*time.Minute, at, helpdesk.Reply{User: dana.User}) },
		func(b *bundle, at time.Duration) { b.press(at, dana, helpdesk.Wait, "", 1) },
		func(b *bundle, at time.Duration) { b.press(at, dana, helpdesk.SetPriority, "low", 1) },
		func(b *bundle, at time.Duration) { b.press(at, rita, helpdesk.Resolve, "", 1) },
		func(b *bundle, at time.Duration) {
			b.at(at, func() { b.env.SignalWorkflow(names.SignalEdited, names.Edited{At: opened.Add(5 * time.Minute)}) })
		},
	}
	for order := range permutations(len(events)) {
		b := setup(t)
		b.out.again = func() (activities.TriageResult, error) { return triaged(helpdesk.ByModel, false), nil }
		for n, i := range order {
			events[i](b, 40*time.Minute+time.Duration(n)*time.Second)
		}
		b.run()
		if got := b.last(); got.Status != helpdesk.Withdrawn || len(b.out.erased) != 1 {
			t.Fatalf("order %v: %s, erased %d times", order, got.Status, len(b.out.erased))
		}
	}
}

// permutations yields every order of n things.
func permutations(n int) func(func([]int) bool) {
	return func(yield func([]int) bool) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		var permute func(k int) bool
		permute = func(k int) bool {
			if k == n {
				return yield(slices.Clone(order))
			}
			for i := k; i < n; i++ {
				order[k], order[i] = order[i], order[k]
				if !permute(k + 1) {
					return false
				}
				order[k], order[i] = order[i], order[k]
			}
			return true
		}
		permute(0)
	}
}
