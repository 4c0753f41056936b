package helpdesk_test

import (
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The grace ends early where the purge needs the time; it never begins in the past of the uninstall.
func TestGraceUntil(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		grace    time.Duration
		requests int64
		want     time.Duration
	}{
		"none":                     {0, 10, 0},
		"as set":                   {30 * time.Minute, 1000, 30 * time.Minute},
		"two hundred thousand":     {30 * time.Minute, 200_000, 50*time.Minute - 200_000*10*time.Millisecond},
		"more than an hour's work": {30 * time.Minute, 10_000_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := helpdesk.GraceUntil(at, tt.grace, tt.requests).Sub(at); got != tt.want {
				t.Errorf("grace %v, want %v", got, tt.want)
			}
		})
	}
}

// The step is the first that is not done, whatever of later ones is.
func TestPurgeStep(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := helpdesk.Purge{RowsAt: at} // while Temporal was down
	for _, tt := range []struct {
		want  helpdesk.PurgeStep
		after *time.Time
	}{
		{helpdesk.PurgeGrace, &p.CommittedAt}, {helpdesk.PurgeKeys, &p.KeysAt}, {helpdesk.PurgeListing, &p.ListedAt},
		{helpdesk.PurgeHistories, &p.HistoriesAt}, {helpdesk.PurgeCensus, &p.CensusAt}, {helpdesk.PurgeCertify, &p.DoneAt},
		{helpdesk.PurgeDone, &at},
	} {
		if got := p.Step(); got != tt.want || p.Ended() != (tt.want == helpdesk.PurgeDone) {
			t.Errorf("step %s, ended %v, want %s", got, p.Ended(), tt.want)
		}
		*tt.after = at
	}
	restored := helpdesk.Purge{RestoredAt: at}
	if restored.Step() != helpdesk.PurgeRestored || !restored.Ended() {
		t.Errorf("taken back: %s", restored.Step())
	}
}
