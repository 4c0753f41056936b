package helpdesk_test

import (
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestTextState(t *testing.T) {
	t.Parallel()
	deadline := time.Date(2026, 12, 26, 12, 0, 0, 0, time.UTC)
	withdrawn := func(why helpdesk.ClockStop) helpdesk.Progress {
		return helpdesk.Progress{Status: helpdesk.Withdrawn, ClocksOff: why}
	}
	early := deadline.Add(-30 * 24 * time.Hour)
	for name, tt := range map[string]struct {
		r    helpdesk.Request
		want string
	}{
		"there":                {helpdesk.Request{ScrubAt: deadline}, "text is kept until 2026-12-26"},
		"by retention":         {helpdesk.Request{ScrubAt: deadline, ScrubbedAt: deadline}, "text removed by retention on 2026-12-26"},
		"retention, withdrawn": {helpdesk.Request{ScrubAt: deadline, ScrubbedAt: deadline, Progress: withdrawn(helpdesk.StopDeleted)}, "text removed by retention on 2026-12-26"},
		"deleted":              {helpdesk.Request{ScrubAt: deadline, ScrubbedAt: early, Progress: withdrawn(helpdesk.StopDeleted)}, "text removed with the message that its author deleted on 2026-11-26"},
		"no request":           {helpdesk.Request{ScrubAt: deadline, ScrubbedAt: early, Progress: withdrawn(helpdesk.StopNotRequest)}, "text removed as no request on 2026-11-26"},
		"vanished":             {helpdesk.Request{ScrubAt: deadline, ScrubbedAt: early, Progress: withdrawn(helpdesk.StopParentGone)}, "text removed with its message on 2026-11-26"},
	} {
		if got := tt.r.TextState(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
