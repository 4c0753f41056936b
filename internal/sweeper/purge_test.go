package sweeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// A purge whose workflow does not run is gone on with: within the hour nothing is left but what Temporal holds, and the
// figures say how long there is.
func TestAPurgeWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.request(t, "1.000001")
	b.now = b.opened.Add(time.Minute)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.now, b.now, 10*time.Minute)
		return err
	})
	state := func() (p helpdesk.Purge) {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
			p, err = tx.Purge(ctx)
			return err
		})
		return p
	}
	for _, after := range []time.Duration{0, 9 * time.Minute, 10*time.Minute + 50*time.Second} { // the grace, and the workflow's time
		b.now = b.opened.Add(time.Minute + after)
		if err := b.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := state(); p.Step() != helpdesk.PurgeGrace {
			t.Fatalf("step %s %v after the uninstall", p.Step(), after)
		}
	}
	b.now = b.opened.Add(15 * time.Minute)
	for range 5 {
		_ = b.Purge(t.Context()) // fails, because Temporal is down
		b.now = b.now.Add(4 * time.Minute)
	}
	p := state()
	if p.KeysAt.IsZero() || p.RowsAt.IsZero() || !p.HistoriesAt.IsZero() || p.RowsAt.After(p.Deadline()) {
		t.Errorf("purge %+v", p)
	}
	if _, err := b.Keys.RequestKeys(t.Context(), b.workspace, id); !errors.Is(err, helpdesk.ErrErased) {
		t.Errorf("a key: %v", err)
	}
	for name, want := range map[string]float64{"echosynch_purges": 1, "echosynch_purge_seconds_left": 60*60 - (15+4*4-1)*60} {
		if got := b.gauge(t, name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// While Temporal is down one round does everything that can be done without it, and the next goes on where this one has left,
// without waiting for a workflow again.
func TestOneRoundWithoutTemporal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.request(t, "1.000001")
	b.now = b.opened.Add(time.Minute)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.now, b.now, 0)
		return err
	})
	for _, after := range []time.Duration{time.Minute, 15 * time.Second} {
		b.now = b.now.Add(after)
		if err := b.Purge(t.Context()); err == nil {
			t.Error("no word of Temporal being down")
		}
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			p, err := tx.Purge(ctx)
			if p.RowsAt.IsZero() || !p.HistoriesAt.IsZero() || !p.TouchedAt.Equal(b.now) {
				t.Errorf("purge %+v", p)
			}
			return err
		})
	}
}

// A purge that its workflow works on is left alone.
func TestAPurgeWithAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = b.opened.Add(time.Minute)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.now, b.now, 0)
		return err
	})
	for range 5 {
		b.now = b.now.Add(50 * time.Second)
		if err := b.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.TouchPurge(ctx, b.now) }) // the workflow
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		p, err := tx.Purge(ctx)
		if p.Step() != helpdesk.PurgeGrace {
			t.Errorf("step %s, want it left to the workflow", p.Step())
		}
		return err
	})
}

func (b *bundle) gauge(t *testing.T, name string) float64 {
	t.Helper()
	families, err := b.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// In the grace a text dies at its deadline as ever, also where no worker runs.
func TestATextDiesInTheGrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.request(t, "1.000001")
	b.now = b.opened.Add(helpdesk.DefaultRetention - time.Minute)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.now, b.now, 30*time.Minute)
		return err
	})
	b.now = b.opened.Add(helpdesk.DefaultRetention + 5*time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, _, _ := b.read(t, id); text != "" {
		t.Errorf("text %q five minutes after its deadline", text)
	}
}
