package helpdesk

import "time"

// PurgeWithin is the promise: so long after the uninstall event's own time a workspace is destroyed, verified and certified.
const PurgeWithin = time.Hour

// DeliveryLease is how long a delivery is his who claimed it: one that was not handed over by then is anybody's again, and a
// purge waits no longer for it.
const DeliveryLease = 30 * time.Second

// PurgeCause is how we learned that a workspace has to be destroyed.
type PurgeCause string

// The causes.
const (
	PurgeUninstalled PurgeCause = "uninstalled" // Slack said so
	PurgeTokenDead   PurgeCause = "token_dead"  // Slack did not say so, but no longer knows our token
	PurgeOrdered     PurgeCause = "ordered"     // an operator did
	PurgeReplayed    PurgeCause = "replayed"    // it was destroyed before, and a restored backup had brought it back
)

// PurgeStep is a part of a purge; they come in this order.
type PurgeStep string

// The steps. The first can be taken back; from the second on nothing can.
const (
	PurgeGrace     PurgeStep = "grace"     // the token is destroyed; a reinstall restores everything
	PurgeKeys      PurgeStep = "keys"      // destroy every key: from then on nothing can be read
	PurgeListing   PurgeStep = "listing"   // note which workflows there are, before the rows that tell are gone
	PurgeHistories PurgeStep = "histories" // delete every run of every workflow
	PurgeRows      PurgeStep = "rows"      // delete every row
	PurgeCensus    PurgeStep = "census"    // count what is left: nothing
	PurgeCertify   PurgeStep = "certify"   // sign what was done; the other certificates go
	PurgeRestored  PurgeStep = "restored"  // the app was installed again within the grace
	PurgeDone      PurgeStep = "done"
)

// Purge is the destruction of a workspace after an uninstall. It holds ids of ours, times and counts: it outlives what it
// is about.
type Purge struct {
	Workspace     WorkspaceID
	Number        int // counts the uninstalls of a workspace: each but the last was taken back
	Cause         PurgeCause
	Certificate   CertificateID
	UninstalledAt time.Time // the event's own time; the hour runs from it
	GraceUntil    time.Time
	TouchedAt     time.Time // when a step was last worked on

	// When each step was done; zero where it is not.
	TokenAt, RestoredAt, CommittedAt, KeysAt, ListedAt, HistoriesAt, RowsAt, CensusAt, DoneAt time.Time

	Keys, Histories, Rows int64 // destroyed so far
	Quiet                 int   // how often in a row nothing was left of the histories
}

// Deadline is when the purge must be over.
func (p Purge) Deadline() time.Time { return p.UninstalledAt.Add(PurgeWithin) }

// Ended reports whether there is nothing left to do.
func (p Purge) Ended() bool { return !p.DoneAt.IsZero() || !p.RestoredAt.IsZero() }

// Step is what is to be done next.
func (p Purge) Step() PurgeStep {
	if !p.RestoredAt.IsZero() {
		return PurgeRestored
	}
	for _, s := range []struct {
		at   time.Time
		step PurgeStep
	}{
		{p.CommittedAt, PurgeGrace}, {p.KeysAt, PurgeKeys}, {p.ListedAt, PurgeListing}, {p.HistoriesAt, PurgeHistories},
		{p.RowsAt, PurgeRows}, {p.CensusAt, PurgeCensus}, {p.DoneAt, PurgeCertify},
	} {
		if s.at.IsZero() {
			return s.step
		}
	}
	return PurgeDone
}

// What a purge takes at most: about twice what was measured (make bench-purge).
const (
	purgeFixed   = 10 * time.Minute      // whatever the size, Slack's and our own delays included
	purgeRequest = 10 * time.Millisecond // for each request: its history above all
)

// GraceUntil is how long a workspace with so many requests that was uninstalled at the given time can be restored: the
// grace, but no longer than leaves the purge the time it needs.
func GraceUntil(uninstalled time.Time, grace time.Duration, requests int64) time.Time {
	needs := purgeFixed + time.Duration(requests)*purgeRequest
	return uninstalled.Add(max(0, min(grace, PurgeWithin-needs)))
}
