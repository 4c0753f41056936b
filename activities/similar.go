package activities

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/similar"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// A triage has seconds and its receipt is waiting: the comparison takes a fraction of one or is left out.
const (
	compareTime  = 300 * time.Millisecond
	comparedWith = 50 // requests
)

// Likeness is a request that is similar to the one that was read.
type Likeness struct {
	helpdesk.Peer
	Percent int `json:"percent"`
	// Tell: it is of the same incident, and does not know of one yet.
	Tell bool `json:"tell,omitempty"`
}

// sketch is what a text is compared by, and stores it, in the transaction that has read the text.
func (a *Activities) sketch(ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, text string, key seal.Key) (similar.Sketch, error) {
	s := similar.Of(a.Redactor.Start().Text(text))
	return s, tx.SaveSketch(ctx, id, s.Bytes(), key)
}

// neighbour is an open request that was opened about when another one was.
type neighbour struct {
	postgres.Neighbour
	sketch similar.Sketch
	score  float64
	member bool // of the incident
}

// compare finds what is similar to a request that was read, and how many requests are of one incident with it, 0 where there
// is none. It comes after the sketch was stored: of several that are read at once, the last to look sees all. A comparison that
// fails costs nothing but itself.
func (a *Activities) compare(ctx context.Context, in names.RequestInput, m material) (found []Likeness, incident int) {
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	near, err := a.neighbours(ctx, in, m)
	if err != nil {
		a.Log.WarnContext(ctx, "request not compared with others", "workspace_id", in.Workspace, "request_id", in.Request, "err", err)
		return nil, 0
	}
	incident = markIncident(near, m.request.OpenedAt)
	slices.SortFunc(near, func(x, y neighbour) int {
		if x.member != y.member {
			return map[bool]int{true: -1, false: 1}[x.member]
		}
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.Number, y.Number))
	})
	for _, n := range near[:min(len(near), helpdesk.MaxSimilar)] {
		found = append(found, Likeness{Peer: n.Peer, Percent: int(100 * n.score), Tell: n.member && !n.Marked})
	}
	return found, incident
}

// neighbours are the similar ones: two calls, whatever their number.
func (a *Activities) neighbours(ctx context.Context, in names.RequestInput, m material) (near []neighbour, err error) {
	var all []postgres.Neighbour
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		all, err = tx.Neighbours(ctx, in.Request, m.request.OpenedAt, helpdesk.IncidentWithin, comparedWith)
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var ids []helpdesk.RequestID
	for _, n := range all {
		ids = append(ids, n.ID)
	}
	keys, err := a.Keys.KeysOfRequests(ctx, in.Workspace, ids)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		key := keys[n.ID]
		if !key.HasText {
			continue
		}
		raw, err := n.Sketch(key.Text)
		if err != nil {
			continue // its text was replaced in this moment
		}
		sketch, err := similar.Read(raw)
		if err != nil {
			continue // of another version
		}
		if score := similar.Similarity(m.sketch, sketch); score >= similar.Threshold {
			near = append(near, neighbour{Neighbour: n, sketch: sketch, score: score})
		}
	}
	return near, nil
}

// markIncident marks those that are of one incident with a request opened at the given time, and counts them, the request
// included: each is similar to it and to another one, and the three came within [helpdesk.IncidentWithin].
func markIncident(near []neighbour, at time.Time) (count int) {
	for i := range near {
		for j := range near[:i] {
			x, y := &near[i], &near[j]
			first, last := at, at
			for _, t := range []time.Time{x.OpenedAt, y.OpenedAt} {
				if t.Before(first) {
					first = t
				}
				if t.After(last) {
					last = t
				}
			}
			if last.Sub(first) <= helpdesk.IncidentWithin && similar.Similarity(x.sketch, y.sketch) >= similar.Threshold {
				x.member, y.member = true, true
			}
		}
	}
	for _, n := range near {
		if n.member {
			count++
		}
	}
	if count > 0 {
		count++
	}
	return count
}

// peers are those of likenesses.
func peers(found []Likeness) (p []helpdesk.Peer) {
	for _, l := range found {
		p = append(p, l.Peer)
	}
	return p
}
