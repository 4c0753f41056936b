package helpdesk

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
	Withdraw       Action = "withdraw"        // Not a request, or the message was deleted
)

// transitions is the whole life of a request. What is not in it is refused.
var transitions = map[Status]map[Action]Status{
	New: {
		Take: InProgress, AgentReply: InProgress, Wait: Waiting, RequesterReply: New,
		Resolve: Resolved, Withdraw: Withdrawn,
	},
	InProgress: {
		Take: InProgress, AgentReply: InProgress, Wait: Waiting, RequesterReply: InProgress,
		Resolve: Resolved, Withdraw: Withdrawn,
	},
	Waiting: {
		AgentReply: Waiting, RequesterReply: InProgress,
		Resolve: Resolved, Withdraw: Withdrawn,
	},
	Resolved: {
		AgentReply: Resolved, RequesterReply: InProgress,
		Close: Closed, Withdraw: Withdrawn,
	},
}

// refusals says why, by status; the person who asked reads it.
var refusals = map[Status]string{
	New:        "This request has not been resolved yet.",
	InProgress: "This request is still in progress.",
	Waiting:    "This request is waiting on the requester; their next message resumes it.",
	Resolved:   "This request is already resolved. A reply in the thread reopens it.",
	Closed:     "This request is closed. Open a new request instead.",
	Withdrawn:  "This request was withdrawn.",
}

// Next returns the status that action leads to from s. A pair that is not in the table gives a *[Refusal].
func (s Status) Next(action Action) (Status, error) {
	if next, ok := transitions[s][action]; ok {
		return next, nil
	}
	reason, ok := refusals[s]
	if !ok {
		reason = "This request is in an unknown state."
	}
	return s, &Refusal{Reason: reason}
}
