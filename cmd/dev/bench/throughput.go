package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// concurrent is how many requests, or bare workflows, are on their way at a time.
const concurrent = 50

// load is something to do again and again; it must be started before and stopped after.
type load interface {
	start() (stop func(), err error)
	one(context.Context) error
}

// throughput measures requests and bare workflows in turn, so that both see the machine in the same state.
func (b *bench) throughput(ctx context.Context, r *results) error {
	ours, err := newRequests(ctx, b)
	if err != nil {
		return err
	}
	defer ours.pool.Close()
	yardstick, err := newBare(b)
	if err != nil {
		return err
	}
	defer yardstick.client.Close()
	var requests, bare []float64
	for n := range b.rounds {
		for _, m := range []struct {
			name string
			load load
			into *[]float64
		}{{"requests", ours, &requests}, {"bare workflows", yardstick, &bare}} {
			rate, err := b.rate(ctx, m.load)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			b.say("%s, round %d: %.1f a second", m.name, n+1, rate)
			*m.into = append(*m.into, rate)
		}
	}
	r.RequestsPerSecond, r.BarePerSecond = median(requests), median(bare)
	return nil
}

// rate is how often a load is done per second, fifty at a time, after the warm-up.
func (b *bench) rate(ctx context.Context, l load) (float64, error) {
	stop, err := l.start()
	if err != nil {
		return 0, err
	}
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := time.Now().Add(b.warmUp)
	to := from.Add(b.window)
	var done atomic.Int64
	var running sync.WaitGroup
	failed := make(chan error, concurrent)
	for range concurrent {
		running.Go(func() {
			for time.Now().Before(to) {
				if err := l.one(ctx); err != nil {
					failed <- err
					cancel()
					return
				}
				if now := time.Now(); now.After(from) && now.Before(to) {
					done.Add(1)
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(done.Load()) / b.window.Seconds(), nil
	}
}

// requests posts messages and waits for each one's receipt to be recorded: receipt and timer are scheduled by the same
// workflow task, so the clocks are armed by then.
type requests struct {
	bench *bench
	pool  *pgxpool.Pool

	mu      sync.Mutex
	waiting map[string]chan struct{} // by ts
}

func newRequests(ctx context.Context, b *bench) (*requests, error) {
	pool, err := pgxpool.New(ctx, b.stack.Info.DatabaseAdminURL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &requests{bench: b, pool: pool, waiting: make(map[string]chan struct{})}, nil
}

// start begins to look for receipts; one reader for all, so that looking costs little.
func (r *requests) start() (func(), error) {
	ctx, cancel := context.WithCancel(context.Background())
	var last int64
	if err := r.pool.QueryRow(ctx, `select coalesce(max(number), 0) from tenant.request`).Scan(&last); err != nil {
		cancel()
		return nil, fmt.Errorf("read requests: %w", err)
	}
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				r.look(ctx, last)
			}
		}
	})
	return func() { cancel(); looking.Wait() }, nil
}

// look tells those who wait that their receipt is recorded.
func (r *requests) look(ctx context.Context, last int64) {
	r.mu.Lock()
	wanted := make([]string, 0, len(r.waiting))
	for ts := range r.waiting {
		wanted = append(wanted, ts)
	}
	r.mu.Unlock()
	rows, err := r.pool.Query(ctx, `
		select origin_ts from tenant.request where origin_ts = any($1) and receipt_version > 0 and number > $2`, wanted, last)
	if err != nil {
		return // asked again at the next tick
	}
	defer rows.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for rows.Next() {
		var ts string
		if rows.Scan(&ts) != nil {
			return
		}
		if c, ok := r.waiting[ts]; ok {
			close(c)
			delete(r.waiting, ts)
		}
	}
}

// one is a request from its message to its armed clocks.
func (r *requests) one(ctx context.Context) error {
	ts, err := r.bench.post(ctx, "")
	if err != nil {
		return err
	}
	armed := make(chan struct{})
	r.mu.Lock()
	r.waiting[ts] = armed
	r.mu.Unlock()
	select {
	case <-armed:
		return nil
	case <-time.After(time.Minute):
		return errors.New("a request had no receipt after a minute")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bare is what Temporal itself takes: three activities that do nothing, and a timer.
type bare struct {
	client client.Client
	n      atomic.Int64
	armed  sync.Map // workflow id → chan struct{}
}

func newBare(b *bench) (*bare, error) {
	c, err := client.Dial(client.Options{
		HostPort: b.stack.Info.Temporal, Namespace: b.stack.Info.TemporalNamespace,
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("dial temporal: %w", err)
	}
	return &bare{client: c}, nil
}

const bareQueue = "bare"

func (b *bare) start() (func(), error) {
	w := worker.New(b.client, bareQueue, worker.Options{})
	w.RegisterWorkflow(bareWorkflow)
	w.RegisterActivity(b)
	if err := w.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	return w.Stop, nil
}

// bareWorkflow arms its timer together with its last activity, as a request does.
func bareWorkflow(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	for range 2 {
		if err := workflow.ExecuteActivity(ctx, "Nothing").Get(ctx, nil); err != nil {
			return err
		}
	}
	timer := workflow.NewTimer(ctx, time.Hour)
	if err := workflow.ExecuteActivity(ctx, "Armed", workflow.GetInfo(ctx).WorkflowExecution.ID).Get(ctx, nil); err != nil {
		return err
	}
	return timer.Get(ctx, nil)
}

// Nothing is an activity.
func (b *bare) Nothing(context.Context) error { return nil }

// Armed tells who started the workflow that its timer stands.
func (b *bare) Armed(_ context.Context, id string) error { //nolint:unparam // an activity returns one
	if c, ok := b.armed.LoadAndDelete(id); ok {
		close(c.(chan struct{}))
	}
	return nil
}

func (b *bare) one(ctx context.Context) error {
	id := fmt.Sprintf("bare/%d", b.n.Add(1))
	armed := make(chan struct{})
	b.armed.Store(id, armed)
	if _, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: bareQueue}, bareWorkflow); err != nil {
		return err
	}
	select {
	case <-armed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
