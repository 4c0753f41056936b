// Command bench measures the product on this machine, over the same stack as make dev: `make bench`. Everything shares
// the machine's cores: the load, the simulators, Postgres, Temporal and the product. The bare workflow is the yardstick.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/echo-synch/echo-synch/cmd/dev/stack"
)

// results are what .dev/bench.json holds.
type results struct {
	At                     time.Time `json:"at"`
	Cores                  int       `json:"cores"`
	AckP50                 float64   `json:"ack_p50_ms"`
	AckP99                 float64   `json:"ack_p99_ms"`
	RequestsPerSecond      float64   `json:"requests_per_s"`
	BarePerSecond          float64   `json:"bare_per_s"`
	ActionsPerRequest      float64   `json:"actions_per_request"`
	EventsPerRequest       float64   `json:"history_events_per_request"`
	HistoryBytesPerRequest float64   `json:"history_bytes_per_request"`
	ActionsUnanswered      float64   `json:"actions_unanswered"`
	ActionsOneButton       float64   `json:"actions_one_button"`
	ActionsFull            float64   `json:"actions_full"`
	LatenessP50            float64   `json:"lateness_p50_ms"`
	LatenessP99            float64   `json:"lateness_p99_ms"`
	ScrubsPerMinute        float64   `json:"scrubs_per_minute"`
	QuietP50               float64   `json:"quiet_p50_ms"`
	QuietP99               float64   `json:"quiet_p99_ms"`
	QuietUnfairP50         float64   `json:"quiet_unfair_p50_ms"` // Temporal's queues without turns
	QuietUnfairP99         float64   `json:"quiet_unfair_p99_ms"`
	PurgedRequests         int       `json:"purged_requests"`
	PurgeSeconds           float64   `json:"purge_s"`
	HistoriesPerSecond     float64   `json:"purged_histories_per_s"`
	RowsPerSecond          float64   `json:"purged_rows_per_s"`

	scrubbing time.Time
}

// bench is one run.
type bench struct {
	stack          *stack.Stack
	acks           *stopwatch
	warmUp, window time.Duration
	rounds, due    int
	erased, burst  int // requests
	posted         atomic.Int64
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // the signal handler dies with us
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{acks: newStopwatch()}
	out := flag.String("out", "../../.dev/bench.json", "where the figures go")
	flag.DurationVar(&b.warmUp, "warm-up", 10*time.Second, "load before each measurement")
	flag.DurationVar(&b.window, "window", time.Minute, "length of each measurement")
	flag.IntVar(&b.rounds, "rounds", 3, "measurements of throughput, of which the median counts")
	flag.IntVar(&b.due, "due", 1000, "requests that run out of time within a minute")
	flag.IntVar(&b.erased, "erased", 10_000, "requests of the workspace that is destroyed at the end")
	flag.IntVar(&b.burst, "burst", 1000, "requests of one workspace at once, beside which another one's are timed")
	only := flag.String("only", "", "measure only this: erase or quiet")
	flag.Parse()

	r := results{At: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU()}
	measures := []func(context.Context, *results) error{b.cost, b.lives, b.lateness, b.ack, b.throughput, b.erase}
	switch *only {
	case "erase":
		measures = measures[len(measures)-1:]
	case "quiet":
		measures = nil
	}
	if len(measures) > 0 {
		err = b.onStack(ctx, stack.Options{SlackTransport: b.acks}, func(s *stack.Stack) error {
			for _, measure := range measures {
				if err := measure(ctx, &r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil && *only != "erase" { // each on a stack of its own, so that both begin alike
		err = errors.Join(
			b.onStack(ctx, stack.Options{}, func(s *stack.Stack) (err error) { r.QuietP50, r.QuietP99, err = b.quiet(ctx, s); return err }),
			b.onStack(ctx, stack.Options{Unfair: true}, func(s *stack.Stack) (err error) {
				r.QuietUnfairP50, r.QuietUnfairP99, err = b.quiet(ctx, s)
				return err
			}))
	}
	if err == nil {
		err = r.write(*out)
	}
	if err != nil {
		return err
	}
	return r.print(os.Stdout, *only)
}

// onStack measures on a product that is started for it and stopped after it.
func (b *bench) onStack(ctx context.Context, o stack.Options, measure func(*stack.Stack) error) (err error) {
	o.Dir, err = os.MkdirTemp("/var/tmp", "echosynch-bench-")
	if err == nil {
		err = os.Chmod(o.Dir, 0o755) //nolint:gosec // the database user must get through
	}
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(o.Dir)
	o.Out, o.Volatile, o.Env = os.Stderr, true, map[string]string{"LOG_LEVEL": "warn"}
	b.stack, err = stack.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stack.Stop(context.WithoutCancel(ctx))) }()
	return measure(b.stack)
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (r *results) write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755) //nolint:gosec // as make dev makes it
	}
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644) //nolint:gosec // figures are no secret
	}
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}

func (r *results) print(w io.Writer, only string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nmeasured %s on %d cores\t\n", r.At.Format(time.DateOnly), r.Cores)
	if only != "quiet" {
		fmt.Fprintf(t, "texts destroyed at their deadline\t%.0f a minute\n", r.ScrubsPerMinute)
		fmt.Fprintf(t, "purge of a workspace of %d requests\t%.0f s: %.0f histories a second, %.0f rows a second\n",
			r.PurgedRequests, r.PurgeSeconds, r.HistoriesPerSecond, r.RowsPerSecond)
	}
	if only != "erase" {
		fmt.Fprintf(t, "receipt of a quiet workspace beside a burst of another\tp50 %.0f ms, p99 %.0f ms; p50 %.0f ms, p99 %.0f ms where queues take no turns\n",
			r.QuietP50, r.QuietP99, r.QuietUnfairP50, r.QuietUnfairP99)
	}
	if only != "" {
		return t.Flush()
	}
	fmt.Fprintf(t, "acknowledgement, 50 deliveries a second\tp50 %.1f ms, p99 %.1f ms\n", r.AckP50, r.AckP99)
	fmt.Fprintf(t, "requests from event to armed clocks\t%.1f a second\n", r.RequestsPerSecond)
	fmt.Fprintf(t, "bare workflows, three activities and a timer\t%.1f a second (ours: %.0f %%)\n",
		r.BarePerSecond, 100*r.RequestsPerSecond/r.BarePerSecond)
	fmt.Fprintf(t, "Temporal actions of a request until its clocks are armed\t%.1f\n", r.ActionsPerRequest)
	fmt.Fprintf(t, "Temporal actions of a whole life\t%.1f never answered, %.1f with one button, %.1f with everything\n",
		r.ActionsUnanswered, r.ActionsOneButton, r.ActionsFull)
	fmt.Fprintf(t, "lateness of notices, a thousand requests due within a minute\tp50 %.0f ms, p99 %.0f ms\n", r.LatenessP50, r.LatenessP99)
	fmt.Fprintf(t, "history of a request\t%.0f events, %.0f bytes\n", r.EventsPerRequest, r.HistoryBytesPerRequest)
	return t.Flush()
}

// median of an odd number of measurements.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
