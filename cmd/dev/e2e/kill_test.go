package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Api and worker are killed at random, fifty times, under five messages a second: afterwards each message has one
// request and one receipt.
func TestFiftyKills(t *testing.T) {
	const kills = 50
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a fixed seed, so that a failure can be repeated
	done := make(chan struct{})
	var posted []string
	var posting sync.WaitGroup
	posting.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
				posted = append(posted, post(t, help, rita, fmt.Sprintf("keyboard number %d is broken", n)))
			}
		}
	})
	for range kills {
		pause := time.NewTimer(time.Duration(300+random.IntN(900)) * time.Millisecond)
		<-pause.C
		kill := running.KillWorker
		if random.IntN(2) == 0 {
			kill = running.KillAPI
		}
		if err := kill(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	posting.Wait()

	missing := posted
	eventually(t, 3*time.Minute, "a receipt for every message", func() bool {
		have := make(map[string]int)
		for _, m := range state(t).messages(help) {
			if m.User == bot {
				have[m.ThreadTS]++
			}
		}
		var left []string
		for _, ts := range missing {
			if have[ts] == 0 {
				left = append(left, ts)
			}
		}
		missing = left
		return len(missing) == 0
	})
	settled(t)
	have := make(map[string]int)
	for _, m := range state(t).messages(help) {
		if m.User == bot {
			have[m.ThreadTS]++
		}
	}
	for _, ts := range posted {
		if have[ts] != 1 {
			t.Errorf("message %s has %d receipts, want 1", ts, have[ts])
		}
		if n := query[int](t, `select count(*) from tenant.request where origin_ts = $1`, ts); n != 1 {
			t.Errorf("message %s has %d requests, want 1", ts, n)
		}
	}
	t.Logf("%d messages, %d kills", len(posted), kills)
}
