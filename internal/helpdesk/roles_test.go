package helpdesk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Take it, Waiting, Label, Priority: agents. Resolve: agents and the requester. Not a request: the requester (10 minutes)
// and agents. Nothing else is pressed.
func TestMay(t *testing.T) {
	t.Parallel()
	const (
		yes     = helpdesk.Reason("")
		agents  = helpdesk.ReasonAgents
		parties = helpdesk.ReasonParties
		late    = helpdesk.ReasonTooLate
		unknown = helpdesk.ReasonUnknown
	)
	type rule struct{ agent, requester, requesterLate, other helpdesk.Reason }
	onlyAgents, nobody := rule{yes, agents, agents, agents}, rule{unknown, unknown, unknown, unknown}
	for action, want := range map[helpdesk.Action]rule{
		helpdesk.Take: onlyAgents, helpdesk.Wait: onlyAgents, helpdesk.SetLabel: onlyAgents, helpdesk.SetPriority: onlyAgents,
		helpdesk.Join: onlyAgents, helpdesk.Separate: onlyAgents,
		helpdesk.Resolve: {yes, yes, yes, parties}, helpdesk.NotRequest: {yes, yes, late, parties},
		helpdesk.AgentReply: nobody, helpdesk.RequesterReply: nobody, helpdesk.Close: nobody, helpdesk.Withdraw: nobody, "": nobody,
	} {
		for _, tt := range []struct {
			name string
			who  helpdesk.Actor
			age  time.Duration
			want helpdesk.Reason
		}{
			{"an agent", helpdesk.Actor{User: "U1", Agent: true}, 0, want.agent},
			{"an agent, much later", helpdesk.Actor{User: "U1", Agent: true}, 1000 * time.Hour, want.agent},
			{"an agent who is the requester, later", helpdesk.Actor{User: "U1", Agent: true, Requester: true}, time.Hour, want.agent},
			{"the requester", helpdesk.Actor{User: "U2", Requester: true}, 0, want.requester},
			{"the requester, just in time", helpdesk.Actor{User: "U2", Requester: true}, 10 * time.Minute, want.requester},
			{"the requester, just too late", helpdesk.Actor{User: "U2", Requester: true}, 10*time.Minute + 1, want.requesterLate},
			{"somebody else", helpdesk.Actor{User: "U3"}, 0, want.other},
			{"nobody", helpdesk.Actor{}, 0, want.other},
		} {
			err := tt.who.May(action, tt.age)
			var refusal *helpdesk.Refusal
			switch {
			case tt.want == yes && err != nil:
				t.Errorf("%s may not %s: %v", tt.name, action, err)
			case tt.want != yes && !errors.As(err, &refusal):
				t.Errorf("%s may %s: %v", tt.name, action, err)
			case tt.want != yes && refusal.Reason != tt.want:
				t.Errorf("%s may not %s because %s, not %s", tt.name, action, refusal.Reason, tt.want)
			}
		}
	}
}
