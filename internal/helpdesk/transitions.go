package helpdesk

import "time"

// Status of a request.
type Status string

// The statuses. Closed and withdrawn end.
const (
	New        Status = "new"
	InProgress Status = "in_progress"
	Waiting    Status = "waiting"
	Resolved   Status = "resolved"
	Closed     Status = "closed"
	Withdrawn  Status = "withdrawn"
)

// Open reports whether somebody still has to act.
func (s Status) Open() bool { return s == New || s == InProgress || s == Waiting }

// Ended reports whether nothing can change any more.
func (s Status) Ended() bool { return s == Closed || s == Withdrawn }

// Action is what can move a request from one status to another.
type Action string

// The actions.
const (
	Take           Action = "take"            // an agent presses Take it
	AgentReply     Action = "agent_reply"     // an agent who is not the requester writes in the thread
	Wait           Action = "waiting"         // an agent presses Waiting on requester
	RequesterReply Action = "requester_reply" // the requester writes in the thread
	Resolve        Action = "resolve"         // an agent or the requester
	Close          Action = "close"           // seven days after resolved without a reply
	Withdraw       Action = "withdraw"        // the message was deleted
	NotRequest     Action = "not_request"     // the requester or an agent says so
	SetPriority    Action = "priority"        // an agent chooses it from the menu
	SetLabel       Action = "label"           // an agent chooses it from the menu
	Join           Action = "duplicate"       // an agent says which request it is a duplicate of
	Separate       Action = "not_duplicate"   // an agent says that it is none after all
	Helpful        Action = "helpful"         // an agent or the requester says so of the answer that was offered
	NotRelevant    Action = "not_relevant"    // the same
	CloseResolved  Action = "close_resolved"  // resolved by the answer that was offered
)

// ReopenFor is how long after resolved a reply of the requester reopens; then the request is closed.
const ReopenFor = 7 * 24 * time.Hour

// transitions is the whole life of a request. What is not in it is refused.
var transitions = map[Status]map[Action]Status{
	New: {
		Take: InProgress, AgentReply: InProgress, Wait: Waiting, RequesterReply: New,
		Resolve: Resolved, Withdraw: Withdrawn, NotRequest: Withdrawn, SetPriority: New, SetLabel: New,
		Join: New, Separate: New,
		Helpful: New, NotRelevant: New, CloseResolved: Resolved,
	},
	InProgress: {
		Take: InProgress, AgentReply: InProgress, Wait: Waiting, RequesterReply: InProgress,
		Resolve: Resolved, Withdraw: Withdrawn, NotRequest: Withdrawn, SetPriority: InProgress, SetLabel: InProgress,
		Join: InProgress, Separate: InProgress,
		Helpful: InProgress, NotRelevant: InProgress, CloseResolved: Resolved,
	},
	Waiting: {
		AgentReply: Waiting, RequesterReply: InProgress,
		Resolve: Resolved, Withdraw: Withdrawn, NotRequest: Withdrawn, SetPriority: Waiting, SetLabel: Waiting,
		Join: Waiting, Separate: Waiting,
		Helpful: Waiting, NotRelevant: Waiting, CloseResolved: Resolved,
	},
	Resolved: {
		AgentReply: Resolved, RequesterReply: InProgress,
		Close: Closed, Withdraw: Withdrawn, NotRequest: Withdrawn, SetLabel: Resolved,
		Separate: InProgress, // it was resolved with its original, and is open again
		Helpful:  Resolved, NotRelevant: Resolved,
	},
}

// Next returns the status that action leads to from s. A pair that is not in the table gives a *[Refusal].
func (s Status) Next(action Action) (Status, error) {
	if next, ok := transitions[s][action]; ok {
		return next, nil
	}
	return s, &Refusal{Reason: Reason("is_" + string(s))}
}
