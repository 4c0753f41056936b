package helpdesk

import (
	"slices"
	"time"
)

// Peer names another request: its id for machines, its number for people.
type Peer struct {
	ID     RequestID `json:"id"`
	Number int64     `json:"number"`
}

// Kin is how a request stands to others of its workspace. A duplicate follows the clock of its original, which was opened
// earlier and is itself no duplicate: so there are no chains.
type Kin struct {
	Similar  []Peer `json:"similar,omitempty"`  // that were open when it was read, at most [MaxSimilar]
	Incident int    `json:"incident,omitempty"` // how many similar requests came within [IncidentWithin], this one included; 0: no incident
	Original Peer   `json:"original,omitzero"`  // what it is a duplicate of
	// JoinedAt is when it became one; Heeded the last version of the original that it has followed.
	JoinedAt   time.Time `json:"joined_at,omitzero"`
	Heeded     int64     `json:"heeded,omitempty"`
	Duplicates []Peer    `json:"duplicates,omitempty"` // that follow this one
}

const (
	MaxSimilar     = 3                // similar requests that one knows of
	IncidentWithin = 30 * time.Minute // in which similar requests are one incident
	IncidentFrom   = 3                // similar requests
	SeparateFor    = 24 * time.Hour   // how long a duplicate can be undone
)

// Duplicate reports whether the request follows another one.
func (k Kin) Duplicate() bool { return k.Original != Peer{} }

// IDs are those of all others it stands to.
func (k Kin) IDs() (ids []RequestID) {
	for _, p := range slices.Concat(k.Similar, k.Duplicates, []Peer{k.Original}) {
		if p != (Peer{}) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// With are peers and one more, each once.
func With(peers []Peer, p Peer) []Peer {
	if slices.ContainsFunc(peers, func(known Peer) bool { return known.ID == p.ID }) {
		return peers
	}
	return append(slices.Clip(peers), p)
}

// Without are peers but for one.
func Without(peers []Peer, id RequestID) []Peer {
	return slices.DeleteFunc(slices.Clone(peers), func(p Peer) bool { return p.ID == id })
}

// Unpaused is p without a pause that began at an instant and has not ended: as if there had been none.
func (p Progress) Unpaused(at time.Time) Progress {
	if from := p.PausedAt(); !from.IsZero() && from.Equal(at) {
		p.Pauses = slices.Clone(p.Pauses[:len(p.Pauses)-1])
	}
	return p
}

// Before reports whether a request was opened before another one: by the messages' time, and then by number.
func (r Request) Before(other Request) bool {
	if r.OpenedAt.Equal(other.OpenedAt) {
		return r.Number < other.Number
	}
	return r.OpenedAt.Before(other.OpenedAt)
}

// Relative is another request as it is shown beside this one.
type Relative struct {
	Peer
	Link     string // to its thread; "" where it is not known
	OpenedAt time.Time
	Leads    bool // it is open and no duplicate: a later one could follow it
}
