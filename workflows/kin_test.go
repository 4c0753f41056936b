package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// related stands for the activities about duplicates, and for the other requests.
type related struct {
	original activities.OriginalResult
	tellings []activities.ResolvedInput
	mu       sync.Mutex
	said     []string // to other requests, in no order: "signal to id"
	heard    map[string]any
}

func (r *related) Original(context.Context, activities.OriginalInput) (activities.OriginalResult, error) {
	return r.original, nil
}

func (r *related) TellResolved(_ context.Context, in activities.ResolvedInput) (activities.ResolvedResult, error) {
	r.tellings = append(r.tellings, in)
	return activities.ResolvedResult{}, nil
}

// The other requests of these stories.
var (
	twelve   = helpdesk.Peer{ID: helpdesk.RequestID{12}, Number: 12} // the original
	thirteen = helpdesk.Peer{ID: helpdesk.RequestID{13}, Number: 13}
	fourteen = helpdesk.Peer{ID: helpdesk.RequestID{14}, Number: 14}
)

// kin prepares a run among other requests, of which those given have ended.
func kin(t *testing.T, ended ...helpdesk.Peer) *bundle {
	t.Helper()
	b := setup(t)
	b.out.original = activities.OriginalResult{Peer: twelve, Version: 4}
	b.out.heard = map[string]any{}
	b.env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).
		Return(func(_, workflow, _, signal string, arg any) error {
			b.out.mu.Lock()
			defer b.out.mu.Unlock()
			b.out.said = append(b.out.said, signal+" to "+workflow)
			b.out.heard[signal] = arg
			if slices.ContainsFunc(ended, func(p helpdesk.Peer) bool { return names.RequestID(p.ID) == workflow }) {
				return errors.New("workflow execution already completed")
			}
			return nil
		})
	return b
}

// join makes the request a duplicate of #12.
func (b *bundle) join(after time.Duration) *answer {
	return b.press(after, dana, helpdesk.Join, twelve.ID.String(), 1)
}

// original has #12 tell what it has become.
func (b *bundle) original(after time.Duration, version int64, status helpdesk.Status) {
	b.at(after, func() {
		b.env.SignalWorkflow(names.SignalOriginal, names.Original{ID: twelve.ID, Version: version, Status: status, At: opened.Add(after)})
	})
}

// joined has another request become a duplicate of this one.
func (b *bundle) joined(after time.Duration, p helpdesk.Peer) {
	b.at(after, func() { b.env.SignalWorkflow(names.SignalJoined, names.Duplicate{Peer: p}) })
}

func (b *bundle) wantSaid(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(b.out.said)); !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}

func said(signal string, to helpdesk.Peer) string { return signal + " to " + names.RequestID(to.ID) }

// One clock: a duplicate has none of its own, is resolved with its original, and its requester is told once.
func TestADuplicateFollowsItsOriginal(t *testing.T) {
	t.Parallel()
	b := kin(t)
	joined := b.join(time.Minute)
	refusals := map[helpdesk.Action]*answer{}
	for n, a := range []helpdesk.Action{helpdesk.Take, helpdesk.Wait, helpdesk.Resolve, helpdesk.SetLabel, helpdesk.Join} {
		refusals[a] = b.press(time.Duration(n+2)*time.Minute, dana, a, twelve.ID.String(), 2)
	}
	b.original(30*time.Hour, 9, helpdesk.Resolved)
	b.original(30*time.Hour+time.Minute, 9, helpdesk.Resolved) // harmless when repeated
	b.end(48 * time.Hour)
	b.run()
	b.wantNotices(t)
	b.wantSaid(t, said(names.SignalJoined, twelve))
	if joined.got != "ok" {
		t.Errorf("joining: %s", joined.got)
	}
	for action, a := range refusals {
		if a.got != string(helpdesk.ReasonDuplicate) {
			t.Errorf("%s: %s", action, a.got)
		}
	}
	if follows := b.out.receipts[1]; follows.Kin.Original != twelve || follows.ClocksOff != helpdesk.StopDuplicate || follows.Status != helpdesk.New {
		t.Errorf("joined, it is %+v", follows.Progress)
	}
	last := b.last()
	if last.Status != helpdesk.Resolved || last.ClocksOff != helpdesk.StopDuplicate || !last.ResolvedAt.Equal(opened.Add(30*time.Hour)) {
		t.Errorf("in the end it is %+v", last.Progress)
	}
	if len(b.out.tellings) != 1 || b.out.tellings[0].Original != twelve {
		t.Errorf("told %+v, want once, of #12", b.out.tellings)
	}
}

// Undone, its clocks are as if it had never followed: what has passed is announced once, at the highest level, late.
func TestADuplicateIsUndone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		undone  time.Duration
		got     string
		notices []string
	}{
		"in time":      {30 * time.Minute, "ok", []string{firstWarning, firstBreach, lateWarning, lateBreach}},
		"after breach": {3 * time.Hour, "ok", []string{"first_response breach +3h0m0s", lateWarning, lateBreach}},
		"after a day":  {24*time.Hour + 2*time.Minute, string(helpdesk.ReasonJoined), nil},
		"just in time": {24*time.Hour + time.Minute, "ok", []string{"first_response breach +24h1m0s", "resolution breach +24h1m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kin(t)
			b.join(time.Minute)
			undone := b.press(tt.undone, alex, helpdesk.Separate, "", 2)
			b.end(48 * time.Hour)
			b.run()
			if undone.got != tt.got {
				t.Errorf("undoing: %s, want %s", undone.got, tt.got)
			}
			b.wantNotices(t, tt.notices...)
			if tt.got != "ok" {
				return
			}
			b.wantSaid(t, said(names.SignalJoined, twelve), said(names.SignalSeparated, twelve))
			if last := b.last(); last.Kin.Duplicate() || last.ClocksOff != "" || last.Status != helpdesk.New || len(last.Pauses) != 0 {
				t.Errorf("in the end it is %+v", last.Progress)
			}
		})
	}
}

// Undo and resolution cross: whichever comes first, the request is open and on its own.
func TestUndoAndResolutionCross(t *testing.T) {
	t.Parallel()
	for name, resolved := range map[string]time.Duration{"resolved first": 59 * time.Minute, "undone first": 61 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kin(t)
			b.join(time.Minute)
			b.original(resolved, 9, helpdesk.Resolved)
			undone := b.press(time.Hour, dana, helpdesk.Separate, "", 2)
			b.end(3 * time.Hour)
			b.run()
			if undone.got != "ok" {
				t.Errorf("undoing: %s", undone.got)
			}
			b.wantNotices(t, firstWarning, firstBreach)
			if last := b.last(); last.Kin.Duplicate() || !last.Status.Open() || last.ClocksOff != "" || !last.ResolvedAt.IsZero() || len(last.Pauses) != 0 {
				t.Errorf("in the end it is %+v", last.Progress)
			}
		})
	}
}

// What the original becomes is followed by its version, in whatever order it is heard.
func TestADuplicateFollowsTheNewestWord(t *testing.T) {
	t.Parallel()
	b := kin(t)
	b.join(time.Minute)
	b.original(2*time.Minute, 8, helpdesk.InProgress) // reopened, before it is heard to be resolved
	b.original(3*time.Minute, 7, helpdesk.Resolved)
	b.original(4*time.Minute, 3, helpdesk.Withdrawn) // from before the joining
	b.end(time.Hour)
	b.run()
	if last := b.last(); last.Status != helpdesk.New || last.Kin.Original != twelve || len(b.out.tellings) != 0 {
		t.Errorf("in the end it is %+v, told %d times", last.Progress, len(b.out.tellings))
	}

	b = kin(t)
	b.join(time.Minute)
	b.original(2*time.Minute, 7, helpdesk.Resolved)
	b.original(3*time.Minute, 8, helpdesk.InProgress)
	b.end(time.Hour)
	b.run()
	if last := b.last(); last.Status != helpdesk.InProgress || last.Kin.Original != twelve || len(last.Pauses) != 0 {
		t.Errorf("reopened with its original it is %+v", last.Progress)
	}
}

// An original that goes away strands nobody: the duplicate's own clocks run on.
func TestTheOriginalGoesAway(t *testing.T) {
	t.Parallel()
	t.Run("while it is followed", func(t *testing.T) {
		t.Parallel()
		b := kin(t)
		b.join(time.Minute)
		b.original(3*time.Hour, 9, helpdesk.Withdrawn)
		b.end(4 * time.Hour)
		b.run()
		b.wantNotices(t, "first_response breach +3h0m0s")
		if last := b.last(); last.Kin.Duplicate() || last.ClocksOff != "" || last.Status != helpdesk.New {
			t.Errorf("in the end it is %+v", last.Progress)
		}
	})
	t.Run("before it is followed", func(t *testing.T) {
		t.Parallel()
		b := kin(t, twelve)
		joined := b.join(time.Minute)
		b.end(3 * time.Hour)
		b.run()
		if joined.got != string(helpdesk.ReasonOriginalOver) || b.last().Kin.Duplicate() {
			t.Errorf("joined %s, and is %+v", joined.got, b.last().Kin)
		}
		b.wantNotices(t, firstWarning, firstBreach)
	})
}

// A duplicate whose requester replies after it was resolved goes on by its own clock; one that is withdrawn, or whose channel
// is left, is forgotten by its original.
func TestADuplicateGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		what   func(*bundle)
		status helpdesk.Status
		off    helpdesk.ClockStop
	}{
		"its requester replies": {func(b *bundle) {
			b.original(time.Hour, 9, helpdesk.Resolved)
			b.reply(2*time.Hour, 2*time.Hour, helpdesk.Reply{Requester: true})
		}, helpdesk.InProgress, ""},
		"its message is deleted": {func(b *bundle) {
			b.at(time.Hour, func() { b.env.SignalWorkflow(names.SignalDeleted, nil) })
		}, helpdesk.Withdrawn, helpdesk.StopDeleted},
		"it is no request": {func(b *bundle) { b.press(time.Hour, dana, helpdesk.NotRequest, "", 2) }, helpdesk.Withdrawn, helpdesk.StopNotRequest},
		"its channel is left": {func(b *bundle) {
			b.at(time.Hour, func() {
				b.env.SignalWorkflow(names.SignalStopClocks, names.StopClocks{Reason: helpdesk.StopChannelLeft})
			})
		}, helpdesk.New, helpdesk.StopChannelLeft},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kin(t)
			b.join(time.Minute)
			tt.what(b)
			b.end(20 * time.Hour)
			b.run()
			b.wantSaid(t, said(names.SignalJoined, twelve), said(names.SignalSeparated, twelve))
			last := b.last().Progress
			if len(b.out.projected) > 0 {
				last = b.out.projected[0].Progress
			}
			if last.Kin.Duplicate() || last.Status != tt.status || last.ClocksOff != tt.off {
				t.Errorf("in the end it is %+v", last)
			}
		})
	}
}

// What duplicates are told of their original, by what happens to it.
func TestAnOriginalTellsItsDuplicates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		what func(*bundle)
		said []string
		last helpdesk.Status // told
		told int             // in its own thread
	}{
		"resolved": {func(b *bundle) { b.press(time.Hour, dana, helpdesk.Resolve, "", 3) },
			[]string{said(names.SignalOriginal, thirteen), said(names.SignalOriginal, fourteen)}, helpdesk.Resolved, 1},
		"reopened": {func(b *bundle) {
			b.press(time.Hour, dana, helpdesk.Resolve, "", 3)
			b.reply(2*time.Hour, 2*time.Hour, helpdesk.Reply{Requester: true})
		}, []string{
			said(names.SignalOriginal, thirteen), said(names.SignalOriginal, fourteen),
			said(names.SignalOriginal, thirteen), said(names.SignalOriginal, fourteen),
		}, helpdesk.InProgress, 1},
		"one is undone": {func(b *bundle) {
			b.at(30*time.Minute, func() { b.env.SignalWorkflow(names.SignalSeparated, names.Duplicate{Peer: thirteen}) })
			b.press(time.Hour, dana, helpdesk.Resolve, "", 3)
		}, []string{said(names.SignalOriginal, fourteen)}, helpdesk.Resolved, 1},
		"its message is deleted": {func(b *bundle) {
			b.at(time.Hour, func() { b.env.SignalWorkflow(names.SignalDeleted, nil) })
		}, []string{said(names.SignalOriginal, thirteen), said(names.SignalOriginal, fourteen)}, helpdesk.Withdrawn, 0},
		"its channel is left": {func(b *bundle) {
			b.at(time.Hour, func() {
				b.env.SignalWorkflow(names.SignalStopClocks, names.StopClocks{Reason: helpdesk.StopChannelLeft})
			})
		}, []string{said(names.SignalOriginal, thirteen), said(names.SignalOriginal, fourteen)}, helpdesk.Withdrawn, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kin(t)
			b.joined(time.Minute, thirteen)
			b.joined(2*time.Minute, fourteen)
			b.joined(3*time.Minute, thirteen) // harmless when repeated
			tt.what(b)
			b.end(20 * time.Hour)
			b.run()
			b.wantSaid(t, tt.said...)
			told, _ := b.out.heard[names.SignalOriginal].(names.Original)
			if told.Status != tt.last || len(b.out.tellings) != tt.told {
				t.Errorf("duplicates told %+v, the requester %d times", told, len(b.out.tellings))
			}
			if shown := b.out.receipts[2].Kin.Duplicates; fmt.Sprint(shown) != fmt.Sprint([]helpdesk.Peer{thirteen, fourteen}) {
				t.Errorf("shown %v", shown)
			}
		})
	}
}

// Who joins too late is told so, and who has duplicates becomes none.
func TestWhatCannotBeFollowed(t *testing.T) {
	t.Parallel()
	b := kin(t)
	b.press(time.Hour, dana, helpdesk.Resolve, "", 1)
	b.joined(2*time.Hour, thirteen)
	b.end(20 * time.Hour)
	b.run()
	if told, _ := b.out.heard[names.SignalOriginal].(names.Original); told.Status != helpdesk.Resolved || !told.At.Equal(opened.Add(time.Hour)) {
		t.Errorf("joining a resolved one answers %+v", told)
	}

	b = kin(t)
	b.join(time.Minute)
	b.joined(2*time.Minute, thirteen)
	b.end(time.Hour)
	b.run()
	if told, _ := b.out.heard[names.SignalOriginal].(names.Original); told.Status != helpdesk.Withdrawn || len(b.last().Kin.Duplicates) != 0 {
		t.Errorf("joining a duplicate answers %+v", told)
	}

	b = kin(t)
	b.joined(time.Minute, thirteen)
	joined := b.join(2 * time.Minute)
	nothing := b.press(3*time.Minute, dana, helpdesk.Separate, "", 2)
	b.end(time.Hour)
	b.run()
	if joined.got != string(helpdesk.ReasonOriginal) || nothing.got != string(helpdesk.ReasonNoDuplicate) {
		t.Errorf("joined %s, undone %s", joined.got, nothing.got)
	}
}

// The request that completes an incident tells those that do not know yet, and a request that is told shows it once.
func TestAnIncident(t *testing.T) {
	t.Parallel()
	b := kin(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		r := triaged(helpdesk.ByModel, false)
		r.Incident = 3
		r.Similar = []activities.Likeness{{Peer: thirteen, Percent: 90, Tell: true}, {Peer: fourteen, Percent: 80}}
		return r, nil
	}
	for _, after := range []time.Duration{time.Minute, 2 * time.Minute} {
		b.at(after, func() {
			b.env.SignalWorkflow(names.SignalIncident, names.Incident{Requests: 4, Peers: []helpdesk.Peer{twelve, thirteen}})
		})
	}
	b.end(time.Hour)
	b.run()
	b.wantSaid(t, said(names.SignalIncident, thirteen))
	told, _ := b.out.heard[names.SignalIncident].(names.Incident)
	if told.Requests != 3 || len(told.Peers) != 3 || told.Peers[0].Number != 7 {
		t.Errorf("told %+v", told)
	}
	if len(b.out.receipts) != 2 {
		t.Fatalf("%d receipts, want the first and one more", len(b.out.receipts))
	}
	if first, second := b.out.receipts[0].Kin, b.out.receipts[1].Kin; first.Incident != 3 || len(first.Similar) != 2 || second.Incident != 4 || len(second.Similar) != 3 {
		t.Errorf("shown %+v, then %+v", first, second)
	}
}

// A duplicate that is restored joins again, because its original may have been restored to before; one that has ended is no
// original any more.
func TestARestoredDuplicateJoinsAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ended []helpdesk.Peer
		said  []string
		lives bool
	}{
		"its original lives":     {nil, []string{said(names.SignalJoined, twelve)}, true},
		"its original has ended": {[]helpdesk.Peer{twelve}, []string{said(names.SignalJoined, twelve), said(names.SignalSeparated, twelve)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kin(t, tt.ended...)
			if tt.lives {
				b.original(2*time.Hour, 2, helpdesk.Resolved) // of an older version than it had heard of before
			}
			b.end(3 * time.Hour)
			b.env.ExecuteWorkflow(workflows.Request, names.RequestInput{
				Workspace: helpdesk.NewWorkspaceID(opened), Request: helpdesk.NewRequestID(),
			}, &workflows.RequestState{Number: 7, OpenedAt: opened, Shown: 4, Progress: helpdesk.Progress{
				Version: 5, Status: helpdesk.New, Label: "network", Priority: helpdesk.High, TriagedBy: helpdesk.ByModel, ClocksOff: helpdesk.StopDuplicate,
				Deadlines: triaged(helpdesk.ByModel, false).Deadlines, Kin: helpdesk.Kin{Original: twelve, JoinedAt: opened, Heeded: 9},
			}})
			b.wantSaid(t, tt.said...)
			last := b.last()
			if tt.lives {
				b.wantNotices(t)
				if last.Status != helpdesk.Resolved || last.Kin.Original != twelve {
					t.Errorf("in the end it is %+v", last.Progress)
				}
				return
			}
			b.wantNotices(t, firstWarning, firstBreach)
			if last.ClocksOff != "" || last.Kin.Duplicate() {
				t.Errorf("in the end it is %+v", last.Progress)
			}
		})
	}
}

// Who is told of an original that it does not follow says so, once for each word, and nothing else comes of it.
func TestAStrangerIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := kin(t)
	b.original(time.Minute, 3, helpdesk.Resolved)
	b.original(2*time.Minute, 4, helpdesk.Withdrawn) // it has let go
	b.end(time.Hour)
	b.run()
	b.wantSaid(t, said(names.SignalSeparated, twelve))
	if len(b.out.receipts) != 1 || b.last().Status != helpdesk.New {
		t.Errorf("%d receipts, the last of %+v", len(b.out.receipts), b.last().Progress)
	}
}

// Who joins in the moment in which the original ends is let go.
func TestAnOriginalEndsAsItIsJoined(t *testing.T) {
	t.Parallel()
	b := kin(t)
	b.at(time.Minute, func() {
		b.env.SignalWorkflow(names.SignalDeleted, nil)
		b.env.SignalWorkflow(names.SignalJoined, names.Duplicate{Peer: thirteen})
	})
	b.run()
	b.wantSaid(t, said(names.SignalOriginal, thirteen))
	if told, _ := b.out.heard[names.SignalOriginal].(names.Original); told.Status != helpdesk.Withdrawn || told.Version < 2 {
		t.Errorf("told %+v", told)
	}
	if err := b.env.GetWorkflowError(); err != nil || !b.env.IsWorkflowCompleted() {
		t.Errorf("workflow: completed %v, %v", b.env.IsWorkflowCompleted(), err)
	}
}

// Another text is compared anew; the same text, read again by the model, is not.
func TestAnEditIsComparedAnew(t *testing.T) {
	t.Parallel()
	b := kin(t)
	first, again := triaged(helpdesk.ByLexical, true), triaged(helpdesk.ByModel, false)
	first.Similar = []activities.Likeness{{Peer: twelve, Percent: 70}}
	again.Similar, again.Incident = []activities.Likeness{{Peer: thirteen, Percent: 90, Tell: true}}, 3
	calls := 0
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) { return first, nil }
	b.out.again = func() (activities.TriageResult, error) {
		calls++
		if calls == 1 { // in the background, of the same text
			return triaged(helpdesk.ByModel, false), nil
		}
		return again, nil
	}
	b.at(time.Hour, func() { b.env.SignalWorkflow(names.SignalEdited, names.Edited{At: opened.Add(time.Hour)}) })
	b.end(80 * time.Minute)
	b.run()
	if n := len(b.out.receipts); n != 3 {
		t.Fatalf("%d receipts, want 3", n)
	}
	if kin := b.out.receipts[1].Kin; len(kin.Similar) != 1 || kin.Similar[0] != twelve {
		t.Errorf("read again by the model it shows %+v", kin)
	}
	if kin := b.last().Kin; len(kin.Similar) != 1 || kin.Similar[0] != thirteen || kin.Incident != 3 {
		t.Errorf("edited, it shows %+v", kin)
	}
	b.wantSaid(t, said(names.SignalIncident, thirteen))
}
