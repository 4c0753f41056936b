package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/cmd/dev/stack"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// neighbour is the quiet workspace.
var neighbour = slacksim.Neighbour{Team: "T0QUIET", Bot: "U0QUIETBOT", Channel: "C0QUIET", Token: "xoxb-quiet"}

const (
	quietEvery = 200 * time.Millisecond // between two messages of the quiet workspace
	patience   = 3 * time.Minute        // for the receipts of a burst
)

// quiet measures how long the messages of one workspace take to their receipts while another one's burst is worked off.
func (b *bench) quiet(ctx context.Context, s *stack.Stack) (p50, p99 float64, err error) {
	b.say("a quiet workspace beside a burst of %d requests", b.burst)
	id, err := s.Settle(ctx, neighbour, "U0QUIET", nil)
	if err != nil {
		return 0, 0, err
	}
	pool, err := pgxpool.New(ctx, s.Info.DatabaseAdminURL)
	if err != nil {
		return 0, 0, fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	q := &quiet{stack: s, pool: pool, workspace: id, sent: make(map[string]time.Time)}
	if err := q.warm(ctx); err != nil {
		return 0, 0, err
	}
	bursting, done := make(chan error, 1), make(chan error, 1)
	go func() { bursting <- b.flood(ctx) }()
	go func() { done <- q.untilFlooded(ctx, b.burst) }()
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	for flooded := false; !flooded; {
		select {
		case err := <-done:
			if err != nil {
				return 0, 0, err
			}
			flooded = true
		case <-tick.C:
			if err := q.post(ctx); err != nil {
				return 0, 0, err
			}
		}
	}
	if err := <-bursting; err != nil {
		return 0, 0, err
	}
	all, err := q.receipts(ctx)
	if err != nil {
		return 0, 0, err
	}
	at := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].took().Milliseconds()) }
	b.say("%d messages of the quiet workspace: p50 %.0f ms, p99 %.0f ms", len(all), at(0.50), at(0.99))
	slowest := all[len(all)*9/10:]
	w, err := q.waits(ctx, slowest)
	if err != nil {
		return 0, 0, err
	}
	b.say("the slowest tenth, on average: %v", w)
	return at(0.50), at(0.99), nil
}

// flood posts the burst as fast as Slack would deliver it.
func (b *bench) flood(ctx context.Context) error {
	work := make(chan struct{}, b.burst)
	for range b.burst {
		work <- struct{}{}
	}
	close(work)
	failed := make(chan error, concurrent)
	var posting sync.WaitGroup
	for range concurrent {
		posting.Go(func() {
			for range work {
				if _, err := b.post(ctx, ""); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	posting.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// quiet is the workspace whose messages are timed.
type quiet struct {
	stack     *stack.Stack
	pool      *pgxpool.Pool
	workspace helpdesk.WorkspaceID
	n         int
	sent      map[string]time.Time // by ts
}

// post delivers one message.
func (q *quiet) post(ctx context.Context) error {
	q.n++
	now := time.Now()
	ts := fmt.Sprintf("%d.%06d", now.Unix(), q.n)
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "event_id": fmt.Sprintf("Ev0QUIET%06d", q.n), "team_id": neighbour.Team, "api_app_id": "A0ECHO", "event_time": now.Unix(),
		"authorizations": []any{map[string]any{"team_id": neighbour.Team, "user_id": neighbour.Bot, "is_bot": true}},
		"event": map[string]any{
			"type": "message", "channel": neighbour.Channel, "channel_type": "channel", "user": "U0QUIET", "text": "VPN drops every ten minutes", "ts": ts, "event_ts": ts,
		},
	})
	if err != nil {
		return err
	}
	q.sent[ts] = now
	status, err := q.stack.Deliver(ctx, "/slack/events", body, q.stack.Info.SlackSigningSecret)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("a message of the quiet workspace is answered %d", status)
	}
	return err
}

// warm waits for the first receipt, which opens connections and plans; it does not count.
func (q *quiet) warm(ctx context.Context) error {
	if err := q.post(ctx); err != nil {
		return err
	}
	if err := q.until(ctx, `select count(*) >= 1 from tenant.request where workspace_id = $1 and receipt_version > 0`, q.workspace); err != nil {
		return err
	}
	q.sent = make(map[string]time.Time)
	return nil
}

// untilFlooded waits until the whole burst has its receipts.
func (q *quiet) untilFlooded(ctx context.Context, n int) error {
	return q.until(ctx, `select count(*) >= $2 from tenant.request where workspace_id <> $1 and receipt_version > 0`, q.workspace, n)
}

func (q *quiet) until(ctx context.Context, sql string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var reached bool
		if err := q.pool.QueryRow(ctx, sql, args...).Scan(&reached); err != nil || reached {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receipt is a message of the quiet workspace, and its receipt as our simulated Slack stamped it.
type receipt struct {
	request        helpdesk.RequestID
	sent, answered time.Time
}

func (r receipt) took() time.Duration { return r.answered.Sub(r.sent) }

// receipts are those of all messages, the slowest last.
func (q *quiet) receipts(ctx context.Context) (all []receipt, err error) {
	if err := q.until(ctx, `select count(*) > $2 from tenant.request where workspace_id = $1 and receipt_version > 0`, q.workspace, len(q.sent)); err != nil {
		return nil, err
	}
	rows, err := q.pool.Query(ctx, `select request_id, origin_ts, receipt_ts from tenant.request where workspace_id = $1`, q.workspace)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r receipt
		var ts, stamp string
		if err := rows.Scan(&r.request, &ts, &stamp); err != nil {
			return nil, err
		}
		var timed bool
		if r.sent, timed = q.sent[ts]; !timed {
			continue
		}
		if r.answered, err = helpdesk.ParseTS(stamp); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b receipt) int { return cmp.Compare(a.took(), b.took()) })
	return all, rows.Err()
}

// waits is where the time of some messages went, on average.
func (q *quiet) waits(ctx context.Context, of []receipt) (sum waits, err error) {
	c, err := client.Dial(client.Options{HostPort: q.stack.Info.Temporal, Namespace: q.stack.Info.TemporalNamespace})
	if err != nil {
		return sum, fmt.Errorf("dial temporal: %w", err)
	}
	defer c.Close()
	for _, r := range of {
		w, err := waitsOf(ctx, c, r.request, r.sent, r.answered)
		if err != nil {
			return sum, err
		}
		sum.add(w)
	}
	return sum.over(len(of)), nil
}
