package helpdesk

import "time"

// Check is why a person should look at what a machine made of a request: a constant that may stand in a workflow history. It
// goes as soon as an agent chooses label or priority.
type Check string

// The checks.
const (
	CheckUnsure  Check = "unsure"  // the label is little more than a guess
	CheckSteered Check = "steered" // the text reads like an attempt to steer the model
	CheckHeld    Check = "held"    // the priority stays medium: the requester raised too many
)

// A machine raises the priority of so many requests of one person above medium within the time; whoever writes that all is
// critical steers no more than that. People may raise any.
const (
	MaxRaises    = 3
	RaisesWithin = time.Hour
)

// Raised reports whether a priority is above that of an ordinary request.
func (p Priority) Raised() bool { return p == Critical || p == High }
