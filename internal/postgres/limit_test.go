package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/postgres"
)

// reserve asks for one call of a method.
func (b *bundle) reserve(t *testing.T, w tenant, method string, at time.Time, perMinute, burst int) (wait time.Duration) {
	t.Helper()
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) (err error) {
		wait, err = tx.Reserve(ctx, method, at, perMinute, burst)
		return err
	})
	return wait
}

func (b *bundle) block(t *testing.T, w tenant, method string, until time.Time) {
	t.Helper()
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error { return tx.Block(ctx, method, until) })
}

// A pace of one a second after a burst of three.
func TestReserveKeepsThePace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	for n, want := range []time.Duration{0, 0, 0, time.Second, time.Second} {
		if got := b.reserve(t, w, "chat.update", now, 60, 3); got != want {
			t.Errorf("call %d waits %v, want %v", n+1, got, want)
		}
	}
	if got := b.reserve(t, w, "chat.update", now.Add(time.Second), 60, 3); got != 0 {
		t.Errorf("after a second it waits %v", got)
	}
	for range 3 { // a long silence earns no more than the burst
		if got := b.reserve(t, w, "chat.update", now.Add(time.Hour), 60, 3); got != 0 {
			t.Errorf("after an hour it waits %v", got)
		}
	}
	if got := b.reserve(t, w, "chat.update", now.Add(time.Hour), 60, 3); got == 0 {
		t.Error("an hour of silence earned more than the burst")
	}
	if got := b.reserve(t, w, "chat.postMessage", now, 0, 0); got != 0 {
		t.Errorf("a method without a pace waits %v", got)
	}
}

// What Slack says counts for every worker, for that method and that workspace alone, whether or not it has a pace.
func TestBlockedUntilSlackSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.tenant(t, "T1", "C1"), b.tenant(t, "T2", "C2")
	for _, perMinute := range []int{0, 60} {
		method := map[int]string{0: "chat.postMessage", 60: "chat.update"}[perMinute]
		b.block(t, w, method, now.Add(30*time.Second))
		b.block(t, w, method, now.Add(10*time.Second)) // an earlier one shortens nothing
		if got := b.reserve(t, w, method, now, perMinute, 3); got != 30*time.Second {
			t.Errorf("%s waits %v, want 30s", method, got)
		}
		if got := b.reserve(t, w, method, now.Add(30*time.Second), perMinute, 3); got != 0 {
			t.Errorf("%s waits %v after that", method, got)
		}
		if got := b.reserve(t, other, method, now, perMinute, 3); got != 0 {
			t.Errorf("another workspace waits %v", got)
		}
	}
	if got := b.reserve(t, w, "chat.delete", now, 0, 0); got != 0 {
		t.Errorf("another method waits %v", got)
	}
}

func TestReserveNeverGivesAPlaceTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	var free atomic.Int64
	var asking sync.WaitGroup
	for range 40 {
		asking.Go(func() {
			err := b.store.InWorkspace(t.Context(), w.id, func(tx *postgres.Tx) error {
				wait, err := tx.Reserve(t.Context(), "chat.update", now, 60, 5)
				if err == nil && wait == 0 {
					free.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	if free.Load() != 5 {
		t.Errorf("%d got a place at once, want the burst of 5", free.Load())
	}
}
