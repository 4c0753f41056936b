package helpdesk

import (
	"fmt"
	"time"
)

// ErasureScope is what kind of erasure something was.
type ErasureScope string

// The scopes. Each erasure leaves a certificate; those by retention share one for each UTC day.
const (
	ScopeRetention  ErasureScope = "retention"   // original texts that reached their deadline
	ScopeDeletion   ErasureScope = "deletion"    // text and summary of a message that its author deleted
	ScopeNotRequest ErasureScope = "not_request" // text and summary of a message that was no request
	ScopePerson     ErasureScope = "person"      // what is stored of one person
	ScopePurge      ErasureScope = "purge"       // everything of the workspace
	ScopeRestore    ErasureScope = "restore"     // what had been erased before, and a restored backup had brought back
)

// Erasure is what was erased, before it is certified.
type Erasure struct {
	ID               ErasureID
	Scope            ErasureScope
	Texts, Summaries int64
	StartedAt        time.Time
	EndedAt          time.Time
}

// ScopeOf is why a withdrawn request was erased.
func ScopeOf(why ClockStop) ErasureScope {
	if why == StopNotRequest {
		return ScopeNotRequest
	}
	return ScopeDeletion
}

// TextState says, to whoever would read the original text, whether it is there, and if not, why and since when.
func (r Request) TextState() string {
	if r.ScrubbedAt.IsZero() {
		return "text is kept until " + r.ScrubAt.UTC().Format(time.DateOnly)
	}
	why := "removed by retention"
	if Pseudonymous(r.Requester) {
		return "text removed with everything of the person who asked, or before, on " + r.ScrubbedAt.UTC().Format(time.DateOnly)
	}
	if r.Status == Withdrawn && r.ScrubbedAt.Before(r.ScrubAt) {
		why = map[ClockStop]string{StopNotRequest: "removed as no request", StopDeleted: "removed with the message that its author deleted"}[r.ClocksOff]
		if why == "" {
			why = "removed with its message"
		}
	}
	return fmt.Sprintf("text %s on %s", why, r.ScrubbedAt.UTC().Format(time.DateOnly))
}
