package helpdesk

// Refusal is something that the rules do not allow. It is for the person who asked, not for the log.
type Refusal struct{ Reason Reason }

func (r *Refusal) Error() string { return "refused: " + string(r.Reason) }

// Reason says why, as a constant that may stand in a workflow history.
type Reason string

// The reasons. Those of a status are made by [Status.Next].
const (
	ReasonNew          Reason = "is_new"
	ReasonInProgress   Reason = "is_in_progress"
	ReasonWaiting      Reason = "is_waiting"
	ReasonResolved     Reason = "is_resolved"
	ReasonClosed       Reason = "is_closed"
	ReasonWithdrawn    Reason = "is_withdrawn"
	ReasonUntriaged    Reason = "is_"            // not triaged yet
	ReasonAgents       Reason = "agents_only"    // by somebody who is neither agent nor admin
	ReasonParties      Reason = "parties_only"   // by somebody who is neither an agent nor the requester
	ReasonTooLate      Reason = "too_late"       // the requester's ten minutes are over
	ReasonTaken        Reason = "taken"          // somebody else took it a moment ago
	ReasonUnknownLabel Reason = "unknown_label"  // the label was removed or deactivated since
	ReasonRated        Reason = "rated"          // somebody has said before what they think of the answer
	ReasonUnknown      Reason = "unknown_action" // of a message that is older than this version

	ReasonDuplicate    Reason = "is_duplicate"    // it follows another request
	ReasonNoDuplicate  Reason = "is_no_duplicate" // there is nothing to undo
	ReasonJoined       Reason = "joined"          // it became a duplicate more than a day ago
	ReasonOriginal     Reason = "is_original"     // others are duplicates of it
	ReasonLater        Reason = "later"           // the other one was opened later
	ReasonOriginalOver Reason = "original_over"   // the other one is not open any more
)

// sentences are what people read.
var sentences = map[Reason]string{
	ReasonNew:          "This request has not been resolved yet.",
	ReasonInProgress:   "This request is still in progress.",
	ReasonWaiting:      "This request is waiting on the requester; their next message resumes it.",
	ReasonResolved:     "This request is already resolved. A reply of the requester in the thread reopens it.",
	ReasonClosed:       "This request is closed. Open a new request: write a new message in the channel.",
	ReasonWithdrawn:    "This request was withdrawn.",
	ReasonUntriaged:    "This request is being read right now. Try again in a moment.",
	ReasonAgents:       "Only agents can do that. An admin adds agents.",
	ReasonParties:      "Only agents and the person who asked can do that.",
	ReasonTooLate:      "The person who asked can say so in the first ten minutes, agents at any time. Ask an agent.",
	ReasonTaken:        "Somebody else took this request a moment ago. Press again to take it over.",
	ReasonUnknownLabel: "That label is no longer in use. Choose another one.",
	ReasonDuplicate:    "This request is a duplicate and follows the other one. Act on that one, or press Not a duplicate first.",
	ReasonNoDuplicate:  "This request is no duplicate of another one.",
	ReasonJoined:       "This request has been a duplicate for more than a day, so it stays one. A reply of the requester after it is resolved opens it on its own.",
	ReasonOriginal:     "Other requests are duplicates of this one. Press Not a duplicate on those first.",
	ReasonLater:        "A request can be a duplicate of one that was opened earlier, not of a later one. Mark the later one.",
	ReasonOriginalOver: "The other request is not open any more, so nothing can follow it.",
	ReasonRated:        "Somebody has already said whether this answer helps.",
	ReasonUnknown:      "This button no longer works. Use the newest message of this request.",
}

// Sentence is the reason for the person who asked.
func (r Reason) Sentence() string {
	if s, ok := sentences[r]; ok {
		return s
	}
	return sentences[ReasonUnknown]
}
