package helpdesk

import "time"

// Actor is who presses a button, as found at the press, never as claimed by the payload.
type Actor struct {
	User      string `json:"user"` // Slack user id
	Agent     bool   `json:"agent,omitempty"`
	Requester bool   `json:"requester,omitempty"`
}

// NotRequestFor is how long the requester may say that a message is no request.
const NotRequestFor = 10 * time.Minute

// may says who may do what. What is not in it is refused.
var may = map[Action]struct{ agent, requester bool }{
	Take:        {agent: true},
	Wait:        {agent: true},
	SetPriority: {agent: true},
	SetLabel:    {agent: true},
	Resolve:     {agent: true, requester: true},
	NotRequest:  {agent: true, requester: true},
	Join:        {agent: true},
	Separate:    {agent: true},

	Helpful:       {agent: true, requester: true},
	NotRelevant:   {agent: true, requester: true},
	CloseResolved: {agent: true, requester: true},
}

// May refuses with a *[Refusal] what the actor may not do; age is the request's when they press.
func (a Actor) May(action Action, age time.Duration) error {
	who, known := may[action]
	switch {
	case !known:
		return &Refusal{Reason: ReasonUnknown}
	case who.agent && a.Agent:
		return nil
	case who.requester && a.Requester && action == NotRequest && age > NotRequestFor:
		return &Refusal{Reason: ReasonTooLate}
	case who.requester && a.Requester:
		return nil
	case who.requester:
		return &Refusal{Reason: ReasonParties}
	}
	return &Refusal{Reason: ReasonAgents}
}
