package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// life is one request from its message to its end.
type life struct {
	bench    *bench
	pool     *pgxpool.Pool
	temporal client.Client
	ts       string
}

// lives measures what whole lives take of Temporal, by the server's own counter of actions. The weeks until a resolved
// request has closed and its text has died are skipped on the server.
func (b *bench) lives(ctx context.Context, r *results) error {
	pool, err := pgxpool.New(ctx, b.stack.Info.DatabaseAdminURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	temporal, err := client.Dial(client.Options{HostPort: b.stack.Info.Temporal, Namespace: b.stack.Info.TemporalNamespace})
	if err != nil {
		return fmt.Errorf("dial temporal: %w", err)
	}
	defer temporal.Close()
	for _, m := range []struct {
		name string
		live func(*life, context.Context) error
		into *float64
	}{
		{"answered and resolved with one button", (*life).oneButton, &r.ActionsOneButton},
		{"with everything", (*life).everything, &r.ActionsFull},
		{"never answered", (*life).unanswered, &r.ActionsUnanswered},
	} {
		const n = 3
		b.say("actions of a request %s: %d of them", m.name, n)
		before, err := b.actions(ctx)
		if err != nil {
			return err
		}
		for range n {
			l := &life{bench: b, pool: pool, temporal: temporal}
			if err := m.live(l, ctx); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		after, err := b.actions(ctx)
		if err != nil {
			return err
		}
		*m.into = (after - before) / n
	}
	return nil
}

// oneButton: an agent answers and presses Resolve.
func (l *life) oneButton(ctx context.Context) error {
	return l.all(ctx, l.open, l.say("U0DANA"), l.until(`responded_at is not null`), l.click("resolve"), l.until(`status = 'resolved'`), l.close)
}

// everything: Take it, an answer, Waiting, the requester's answer, Resolve.
func (l *life) everything(ctx context.Context) error {
	return l.all(ctx, l.open, l.click("take"), l.until(`status = 'in_progress'`), l.say("U0DANA"), l.until(`responded_at is not null`),
		l.click("waiting"), l.until(`status = 'waiting'`), l.say("U0RITA"), l.until(`status = 'in_progress'`),
		l.click("resolve"), l.until(`status = 'resolved'`), l.close)
}

// unanswered: both clocks run out.
func (l *life) unanswered(ctx context.Context) error {
	restore, err := l.bench.targets(ctx, l.pool, 4, 8)
	if err != nil {
		return err
	}
	return errors.Join(l.all(ctx, l.open, l.until(`exists (select from tenant.sla_event e where e.request_id = request.request_id
		and clock = 'resolution' and kind = 'breach' and outcome = 'sent')`), l.skip, l.until(`scrubbed_at is not null`)), restore())
}

func (l *life) all(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) open(ctx context.Context) (err error) {
	// A life is slower than our pace of updates; three in a row in seconds are not, and would count retries.
	if _, err := l.pool.Exec(ctx, `delete from tenant.slack_limit`); err != nil {
		return fmt.Errorf("forget the pace: %w", err)
	}
	if l.ts, err = l.bench.post(ctx, ""); err != nil {
		return err
	}
	return l.until(`true`)(ctx)
}

func (l *life) say(user string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := l.bench.stack.Control(ctx, "post", map[string]any{"channel": help, "user": user, "text": "which office?", "thread_ts": l.ts})
		return err
	}
}

func (l *life) click(action string) func(context.Context) error {
	return func(ctx context.Context) error {
		var receipt string
		if err := l.pool.QueryRow(ctx, `select receipt_ts from tenant.request where origin_ts = $1`, l.ts).Scan(&receipt); err != nil {
			return fmt.Errorf("find receipt: %w", err)
		}
		_, err := l.bench.stack.Control(ctx, "click", map[string]any{"channel": help, "message_ts": receipt, "user": "U0DANA", "action_id": action})
		return err
	}
}

// until waits until a condition holds of the row and Slack shows its newest version.
func (l *life) until(condition string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var done bool
			err := l.pool.QueryRow(ctx, `select coalesce(bool_and(receipt_version > 0 and receipt_version = version and card_version = version and `+
				condition+`), false) from tenant.request where origin_ts = $1`, l.ts).Scan(&done)
			if err != nil {
				return fmt.Errorf("wait until %s: %w", condition, err)
			}
			if done {
				return nil
			}
			<-tick.C
		}
	}
}

// close skips the time until a resolved request has closed and its text has reached its deadline, and waits for its end.
func (l *life) close(ctx context.Context) error {
	if err := l.skip(ctx); err != nil {
		return err
	}
	id, err := l.workflow(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return l.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

func (l *life) workflow(ctx context.Context) (id string, err error) {
	if err := l.pool.QueryRow(ctx, `select 'request/' || request_id from tenant.request where origin_ts = $1`, l.ts).Scan(&id); err != nil {
		return "", fmt.Errorf("find request: %w", err)
	}
	return id, nil
}

// skip lets forty days pass for the workflow.
func (l *life) skip(ctx context.Context) error {
	id, err := l.workflow(ctx)
	if err != nil {
		return err
	}
	_, err = l.temporal.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: l.bench.stack.Info.TemporalNamespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{Enabled: true,
			FastForwardConfig: &commonpb.FastForwardConfig{Id: "month", Duration: durationpb.New(40 * 24 * time.Hour)}}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if err != nil {
		return fmt.Errorf("skip time: %w", err)
	}
	return nil
}

// targets sets the targets of every priority, in seconds.
func (b *bench) targets(ctx context.Context, pool *pgxpool.Pool, first, resolution int) (restore func() error, err error) {
	var before string
	if err := pool.QueryRow(ctx, `select settings::text from tenant.workspace`).Scan(&before); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	_, err = pool.Exec(ctx, `
		update tenant.workspace w set settings = jsonb_set(settings, '{targets}', (
		  select jsonb_object_agg(key, value || jsonb_build_object('first_response', $1::bigint * 1000000000, 'resolution', $2::bigint * 1000000000))
		  from jsonb_each(w.settings->'targets')))`, first, resolution)
	if err != nil {
		return nil, fmt.Errorf("set targets: %w", err)
	}
	return func() error {
		_, err := pool.Exec(context.WithoutCancel(ctx), `update tenant.workspace set settings = $1::jsonb`, before)
		return err
	}, nil
}

// lateness measures how late notices are when a thousand requests run out of time within one minute.
func (b *bench) lateness(ctx context.Context, r *results) (err error) {
	n, target := b.due, 150
	b.say("lateness: %d requests that run out of time within a minute", n)
	pool, err := pgxpool.New(ctx, b.stack.Info.DatabaseAdminURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	restore, err := b.targets(ctx, pool, target, 36_000)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	var last int64
	if err := pool.QueryRow(ctx, `select max(number) from tenant.request`).Scan(&last); err != nil {
		return fmt.Errorf("read requests: %w", err)
	}
	tick := time.NewTicker(50 * time.Millisecond) // a thousand in fifty seconds
	defer tick.Stop()
	var posting sync.WaitGroup
	failed := make(chan error, n)
	for range n {
		<-tick.C
		posting.Go(func() {
			if _, err := b.post(ctx, ""); err != nil {
				failed <- err
			}
		})
	}
	posting.Wait()
	if len(failed) > 0 {
		return <-failed
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for sent := 0; sent < n; <-tick.C {
		if err := pool.QueryRow(ctx, `select count(*) from tenant.sla_event join tenant.request using (workspace_id, request_id)
			where number > $1 and kind = 'breach' and outcome = 'sent'`, last).Scan(&sent); err != nil {
			return fmt.Errorf("count notices: %w", err)
		}
	}
	err = pool.QueryRow(ctx, `
		select percentile_cont(0.5) within group (order by late), percentile_cont(0.99) within group (order by late)
		from (select 1000 * extract(epoch from sent - due) as late from tenant.sla_event join tenant.request using (workspace_id, request_id)
		      where number > $1 and outcome = 'sent') t`, last).Scan(&r.LatenessP50, &r.LatenessP99)
	if err != nil {
		return fmt.Errorf("measure lateness: %w", err)
	}
	return nil
}
