package sweeper_test

import (
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Without its key store the sweeper can destroy nothing; the figures say so, and since when.
func TestAnErasureOverdueIsCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.request(t, "1.000001")
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	swept := b.gauge(t, "echosynch_swept_timestamp_seconds")
	if swept != float64(b.now.Unix()) {
		t.Errorf("swept at %v, want %v", swept, b.now.Unix())
	}
	b.now = b.opened.Add(helpdesk.DefaultRetention + 2*time.Minute)
	b.Keys.Close()
	if err := b.Sweep(t.Context()); err == nil {
		t.Fatal("swept without a key store")
	}
	if got := b.gauge(t, "echosynch_erasures_overdue"); got != 1 {
		t.Errorf("%v texts overdue, want 1", got)
	}
	if got := b.gauge(t, "echosynch_swept_timestamp_seconds"); got != swept {
		t.Error("claims to have swept")
	}
}
