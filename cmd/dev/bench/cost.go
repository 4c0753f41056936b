package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
)

// cost measures what one request takes of Temporal until its clocks are armed, by the server's own counter of actions
// and its own size of the history.
func (b *bench) cost(ctx context.Context, r *results) error {
	const n = 20
	b.say("cost: %d requests, one after the other", n)
	ours, err := newRequests(ctx, b)
	if err != nil {
		return err
	}
	defer ours.pool.Close()
	stop, err := ours.start()
	if err != nil {
		return err
	}
	defer stop()
	if err := ours.one(ctx); err != nil { // what came before it, the introductions, is over by then
		return err
	}
	before, err := b.actions(ctx)
	if err != nil {
		return err
	}
	for range n {
		if err := ours.one(ctx); err != nil {
			return err
		}
	}
	after, err := b.actions(ctx)
	if err != nil {
		return err
	}
	r.ActionsPerRequest = (after - before) / n

	temporal, err := client.Dial(client.Options{HostPort: b.stack.Info.Temporal, Namespace: b.stack.Info.TemporalNamespace})
	if err != nil {
		return fmt.Errorf("dial temporal: %w", err)
	}
	defer temporal.Close()
	rows, err := ours.pool.Query(ctx, `select request_id::text from tenant.request order by number desc limit $1`, n)
	if err != nil {
		return fmt.Errorf("list requests: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		d, err := temporal.DescribeWorkflowExecution(ctx, "request/"+id, "")
		if err != nil {
			return fmt.Errorf("describe request: %w", err)
		}
		r.EventsPerRequest += float64(d.GetWorkflowExecutionInfo().GetHistoryLength()) / n
		r.HistoryBytesPerRequest += float64(d.GetWorkflowExecutionInfo().GetHistorySizeBytes()) / n
	}
	return rows.Err()
}

// still is how long the counter must not have moved: the server reports once a second.
const still = 8 // readings

// actions reads the server's counter of billable actions in our namespace, once it stands still: what was recorded last
// may not be counted yet.
func (b *bench) actions(ctx context.Context) (last float64, err error) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for same := 0; same < still; <-tick.C {
		now, err := b.counter(ctx)
		if err != nil {
			return 0, err
		}
		if same++; now != last {
			last, same = now, 0
		}
	}
	return last, nil
}

// notOurs are actions that no request takes: skipping time is this benchmark's, and schedules are made once.
var notOurs = []string{"grpc_UpdateWorkflowExecutionOptions", "grpc_CreateSchedule"}

// counter reads the server's counter of actions.
func (b *bench) counter(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.stack.Info.TemporalMetrics, nil)
	if err != nil {
		return 0, fmt.Errorf("read actions: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read actions: %w", err)
	}
	defer response.Body.Close()
	var sum float64
	found := false
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "action{") || !strings.Contains(line, `namespace="`+b.stack.Info.TemporalNamespace+`"`) {
			continue
		}
		found = true
		if slices.ContainsFunc(notOurs, func(kind string) bool { return strings.Contains(line, `action_type="`+kind+`"`) }) {
			continue
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("read actions: %w", err)
		}
		sum += value
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("read actions: %w", err)
	}
	if !found {
		return 0, errors.New("read actions: the server shows no counter \"action\" for our namespace")
	}
	return sum, nil
}
