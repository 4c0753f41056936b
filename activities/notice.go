package activities

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// NoticeInput is one level of one clock to announce.
type NoticeInput struct {
	names.RequestInput
	Clock   helpdesk.Clock      `json:"clock"`
	Kind    helpdesk.NoticeKind `json:"kind"`
	At      time.Time           `json:"at"`               // when the notice was due
	Due     time.Time           `json:"due"`              // when the clock is due
	Skipped time.Time           `json:"skipped,omitzero"` // when the warning was due that this breach stands for
}

// notice is one on its way.
type notice struct {
	face
	in       NoticeInput
	line     [][]string
	admins   []string
	messages []helpdesk.Notice
}

// SendNotice tells the assignee, or the team, and on a breach the admins as well, that a clock runs out or has run out;
// once for each clock and level, and not any more once the clock was met. What is known of each message is stored before
// and after its call, so an attempt that is repeated goes on where the last one ended: a post in the staff channel with
// an unknown outcome is looked up, a direct message is repeated once and says so.
func (a *Activities) SendNotice(ctx context.Context, in NoticeInput) error {
	n, event, err := a.notice(ctx, in)
	if err != nil {
		return failure(err)
	}
	switch {
	case event.Outcome != "" && event.Outcome != helpdesk.NoticeSending:
		return nil // an earlier attempt ended it
	case !stillRuns(n.shown.Request, in.Clock):
		event.Outcome = helpdesk.NoticeMet
		return failure(a.finishNotice(ctx, in, event))
	}
	if err := a.link(ctx, &n.face); err != nil {
		return failure(err)
	}
	for _, group := range n.line {
		delivered, err := a.sendGroup(ctx, &n, group)
		if err != nil {
			return failure(err)
		}
		if delivered {
			break
		}
	}
	for _, admin := range n.admins {
		if err := a.sendOne(ctx, &n, admin); err != nil {
			return failure(err)
		}
	}
	event.Outcome = helpdesk.NoticeUndeliverable
	for _, m := range n.messages {
		if m.State == helpdesk.NoticeDelivered {
			event.Recipients++
			event.Outcome, event.Sent = helpdesk.NoticeSent, a.Now()
		}
	}
	return failure(a.finishNotice(ctx, in, event))
}

// notice reads what a notice needs, and stores that its level is reached.
func (a *Activities) notice(ctx context.Context, in NoticeInput) (n notice, event helpdesk.SLAEvent, err error) {
	n.in = in
	var agents []helpdesk.Agent
	n.face, err = a.face(ctx, in.RequestInput, "chat.postMessage", func(tx *postgres.Tx) error {
		if agents, err = tx.Agents(ctx); err != nil {
			return err
		}
		if event, err = tx.SLAEvent(ctx, in.Request, in.Clock, in.Kind); err != nil {
			return err
		}
		if event.Outcome == "" {
			event = helpdesk.SLAEvent{Clock: in.Clock, Kind: in.Kind, Due: in.At}
			first := event
			first.Outcome = helpdesk.NoticeSending
			if err := tx.PutSLAEvent(ctx, in.Request, first); err != nil {
				return err
			}
			if !in.Skipped.IsZero() {
				if err := tx.PutSLAEvent(ctx, in.Request, helpdesk.SLAEvent{
					Clock: in.Clock, Kind: helpdesk.Warning, Due: in.Skipped, Outcome: helpdesk.NoticeSkipped,
				}); err != nil {
					return err
				}
			}
		}
		n.messages, err = tx.Notices(ctx, in.Request, in.Clock, in.Kind)
		return err
	})
	if err != nil {
		return n, event, err
	}
	n.line = helpdesk.Line(n.shown.Assignee, n.workspace.StaffChannel, agents)
	if in.Kind == helpdesk.Breach {
		for _, g := range agents {
			if g.Role == helpdesk.RoleAdmin {
				n.admins = append(n.admins, g.User)
			}
		}
	}
	return n, event, nil
}

// stillRuns reports whether a clock is still to be met, by what was heard as well as by what is recorded.
func stillRuns(r helpdesk.Request, c helpdesk.Clock) bool {
	return r.Runs(c) && (c != helpdesk.FirstResponse || r.Heard.AgentAt.IsZero())
}

func (a *Activities) finishNotice(ctx context.Context, in NoticeInput, event helpdesk.SLAEvent) error {
	return a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.PutSLAEvent(ctx, in.Request, event)
	})
}

// sendGroup sends to everybody of a group and reports whether anybody got it.
func (a *Activities) sendGroup(ctx context.Context, n *notice, group []string) (delivered bool, err error) {
	for _, recipient := range group {
		if err := a.sendOne(ctx, n, recipient); err != nil {
			return false, err
		}
		delivered = delivered || n.message(recipient).State == helpdesk.NoticeDelivered
	}
	return delivered, nil
}

// message is what is known of the message to a recipient.
func (n *notice) message(recipient string) helpdesk.Notice {
	if i := slices.IndexFunc(n.messages, func(m helpdesk.Notice) bool { return m.Recipient == recipient }); i >= 0 {
		return n.messages[i]
	}
	return helpdesk.Notice{Recipient: recipient}
}

// sendOne sends to one recipient, unless that is done or was refused for good.
func (a *Activities) sendOne(ctx context.Context, n *notice, recipient string) error {
	m := n.message(recipient)
	if m.State == helpdesk.NoticeDelivered || m.State == helpdesk.NoticeRefused {
		return nil
	}
	direct := recipient != n.workspace.StaffChannel
	unknown := m.State == helpdesk.NoticeTrying // an earlier attempt may have reached them
	if unknown && m.Repeated {                  // once is enough, whatever came of it
		m.State = helpdesk.NoticeDelivered
		return a.putNotice(ctx, n, m)
	}
	before := m
	m.State, m.Repeated = helpdesk.NoticeTrying, unknown && direct
	if card := n.shown.CardAt; !unknown && card.Channel == recipient { // there a look-up finds it however busy the channel is
		m.ThreadTS = card.TS
	}
	if err := a.putNotice(ctx, n, m); err != nil {
		return err
	}
	a.Fail.Pass(failpoint.NoticeTrying)
	var posted slackapi.Posted
	err := a.paced(ctx, n.face, "chat.postMessage", n.wait, func() (err error) {
		posted, err = n.post(ctx, m, unknown && !direct, a.Now())
		return err
	})
	kind := failureType(err)
	switch {
	case err == nil:
		a.Fail.Pass(failpoint.NoticePosted)
		m.State, m.Channel, m.TS = helpdesk.NoticeDelivered, posted.Channel, posted.TS
	case permanent[kind]:
		m.State = helpdesk.NoticeRefused
		a.Log.WarnContext(ctx, "notice refused; it goes to the next in line", "workspace_id", n.Workspace, "request_id", n.Request,
			"clock", n.in.Clock, "kind", n.in.Kind, "err", err)
	case refusedAs(err, slackapi.Ambiguous):
		return err
	default: // nothing was sent: all that is known is what was known before
		if before.State == "" {
			before.State = helpdesk.NoticeHeld
		}
		return errors.Join(err, a.putNotice(ctx, n, before))
	}
	return a.putNotice(ctx, n, m)
}

// post posts a notice; lookUp, unless an earlier attempt has posted it.
func (n *notice) post(ctx context.Context, m helpdesk.Notice, lookUp bool, now time.Time) (slackapi.Posted, error) {
	message := n.compose(m, now, false)
	if lookUp {
		found, ok, err := n.session.Find(ctx, message, activity.GetInfo(ctx).ScheduledTime)
		if refusedAs(err, slackapi.MessageGone) { // somebody deleted the staff card
			message.ThreadTS, message.Broadcast = "", false
			found, ok, err = n.session.Find(ctx, message, activity.GetInfo(ctx).ScheduledTime)
		}
		if err != nil || ok {
			return found, err
		}
	}
	return n.session.Post(ctx, message)
}

// compose is the message to one recipient.
func (n *notice) compose(m helpdesk.Notice, sent time.Time, corrected bool) slackapi.Message {
	text, blocks := blockkit.Notice{
		Request: n.shown, Clock: n.in.Clock, Kind: n.in.Kind, At: n.in.At, Due: n.in.Due, Sent: sent, Skipped: n.in.Skipped,
		Repeated: m.Repeated, Corrected: corrected,
	}.Render()
	return slackapi.Message{
		Channel: m.Recipient, ThreadTS: m.ThreadTS, Broadcast: m.ThreadTS != "", Text: text, Blocks: blocks,
		Operation: strings.Join([]string{"notice", n.Request.String(), string(n.in.Clock), string(n.in.Kind)}, "/"),
	}
}

// putNotice stores and remembers what is known of one message.
func (a *Activities) putNotice(ctx context.Context, n *notice, m helpdesk.Notice) error {
	n.messages = slices.DeleteFunc(n.messages, func(old helpdesk.Notice) bool { return old.Recipient == m.Recipient })
	n.messages = append(n.messages, m)
	return a.Store.InWorkspace(ctx, n.Workspace, func(tx *postgres.Tx) error {
		return tx.PutNotice(ctx, n.Request, n.in.Clock, n.in.Kind, m)
	})
}

// CorrectNotice takes back an announced breach: a message that came late proves that the clock was met in time.
func (a *Activities) CorrectNotice(ctx context.Context, in NoticeInput) error {
	n, event, err := a.notice(ctx, in)
	if err != nil {
		return failure(err)
	}
	switch event.Outcome {
	case helpdesk.NoticeCorrected:
		return nil // by an earlier attempt
	case helpdesk.NoticeSent:
	default: // nobody was told
		event.Outcome = helpdesk.NoticeMet
		return failure(a.finishNotice(ctx, in, event))
	}
	n.in.At = event.Due
	for _, m := range n.messages {
		if m.State != helpdesk.NoticeDelivered || m.TS == "" {
			continue
		}
		message := n.compose(m, event.Sent, true)
		message.Channel = m.Channel
		err := n.session.Update(ctx, m.TS, message)
		if kind := failureType(err); err != nil && !permanent[kind] {
			return failure(err)
		}
	}
	event.Outcome = helpdesk.NoticeCorrected
	return failure(a.finishNotice(ctx, in, event))
}
