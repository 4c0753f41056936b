package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// erase measures the end: how fast texts that are due die, and how long the purge of the whole workspace takes. Requests
// are seeded as rows, with keys; their workflows are parked: started, with a history and a timer, and never run.
func (b *bench) erase(ctx context.Context, r *results) error {
	pool, err := pgxpool.New(ctx, b.stack.Info.DatabaseAdminURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	b.say("erase: seeding %d requests", b.erased)
	if err := b.seedRows(ctx, pool); err != nil {
		return err
	}
	if err := b.scrubs(ctx, pool, r); err != nil {
		return err
	}
	b.say("erase: parking their workflows")
	if err := b.park(ctx, pool); err != nil {
		return err
	}
	return b.purge(ctx, pool, r)
}

// seedRows makes requests of the last month, their texts, two events each, and their keys.
func (b *bench) seedRows(ctx context.Context, pool *pgxpool.Pool) error {
	keys, err := pgx.Connect(ctx, b.stack.Info.KeystoreAdminURL)
	if err != nil {
		return fmt.Errorf("open key store: %w", err)
	}
	defer keys.Close(context.WithoutCancel(ctx)) // nothing to tell
	const batch = 10_000
	for from := 0; from < b.erased; from += batch {
		n := min(batch, b.erased-from)
		rows, err := pool.Query(ctx, `
			with made as (
			  insert into tenant.request (workspace_id, request_id, number, channel_id, origin_ts, requester, files, opened_at, status, scrub_at, version)
			  select workspace_id, gen_random_uuid(), 1000000 + n, channel_id, (1700000000 + n)::text || '.000100', 'U0RITA', 0,
			         now() - interval '20 days', 'in_progress', now() + interval '10 days', 1
			  from (select workspace_id, channel_id from tenant.channel where slack_channel = 'C0ITHELP') c, generate_series($1::int, $2::int) as n
			  returning workspace_id, request_id),
			texts as (
			  insert into tenant.request_text (workspace_id, request_id, sealed) select workspace_id, request_id, decode(repeat('ab', 300), 'hex') from made),
			events as (
			  insert into tenant.sla_event (workspace_id, request_id, clock, kind, due)
			  select workspace_id, request_id, 'first_response', kind, now() from made, unnest(array['warning', 'breach']) as kind)
			select request_id::text from made`, from, from+n-1)
		if err != nil {
			return fmt.Errorf("seed requests: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("seed requests: %w", err)
		}
		_, err = keys.Exec(ctx, `
			insert into keystore.request_key (workspace_id, request_id, text_key, summary_key)
			select workspace_id, id::uuid, decode(repeat('cd', 60), 'hex'), decode(repeat('cd', 60), 'hex')
			from keystore.workspace_key, unnest($1::text[]) as id`, ids)
		if err != nil {
			return fmt.Errorf("seed keys: %w", err)
		}
	}
	return nil
}

// scrubs makes the texts of half of the requests due at once, and waits until the sweeper has destroyed them: the workflows that
// would have are not there.
func (b *bench) scrubs(ctx context.Context, pool *pgxpool.Pool, r *results) error {
	tag, err := pool.Exec(ctx, `
		update tenant.request set scrub_at = now() - interval '1 hour' where number >= 1000000 and number < 1000000 + $1`, b.erased/2)
	if err != nil {
		return fmt.Errorf("make texts due: %w", err)
	}
	b.say("erase: %d texts are due", tag.RowsAffected())
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for left := int64(1); left > 0; <-tick.C {
		if err := pool.QueryRow(ctx, `
			select count(*) from tenant.request where scrubbed_at is null and scrub_at < now() - interval '30 minutes'`).Scan(&left); err != nil {
			return fmt.Errorf("count texts: %w", err)
		}
		if left == tag.RowsAffected() { // the round has not begun
			r.scrubbing = time.Now()
		}
	}
	r.ScrubsPerMinute = float64(tag.RowsAffected()) / time.Since(r.scrubbing).Minutes()
	return nil
}

// park starts a workflow for each seeded request that does not run for a month.
func (b *bench) park(ctx context.Context, pool *pgxpool.Pool) error {
	c, err := client.Dial(client.Options{HostPort: b.stack.Info.Temporal, Namespace: b.stack.Info.TemporalNamespace})
	if err != nil {
		return fmt.Errorf("dial temporal: %w", err)
	}
	defer c.Close()
	rows, err := pool.Query(ctx, `select workspace_id::text, request_id::text from tenant.request where number >= 1000000`)
	if err != nil {
		return fmt.Errorf("list requests: %w", err)
	}
	type request struct{ Workspace, ID string }
	requests, err := pgx.CollectRows(rows, pgx.RowToStructByPos[request])
	if err != nil {
		return fmt.Errorf("list requests: %w", err)
	}
	next := make(chan request)
	failed := make(chan error, concurrent)
	var parking sync.WaitGroup
	attribute := temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID)
	for range concurrent {
		parking.Go(func() {
			for q := range next {
				_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
					ID: "request/" + q.ID, TaskQueue: names.QueueRequests, StartDelay: 30 * 24 * time.Hour,
					TypedSearchAttributes: temporal.NewSearchAttributes(attribute.ValueSet(q.Workspace)),
				}, names.WorkflowRequest, map[string]string{"workspace": q.Workspace, "request": q.ID})
				if err != nil {
					failed <- fmt.Errorf("park a workflow: %w", err)
					return
				}
			}
		})
	}
	last := time.Now()
	for i, q := range requests {
		select {
		case next <- q:
		case err := <-failed:
			close(next)
			return err
		}
		if time.Since(last) > 30*time.Second {
			last = time.Now()
			b.say("erase: %d of %d parked", i, len(requests))
		}
	}
	close(next)
	parking.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// purge destroys the workspace, as an operator orders it, and waits for the certificate.
func (b *bench) purge(ctx context.Context, pool *pgxpool.Pool, r *results) error {
	began := time.Now()
	if _, err := b.stack.Run(ctx, "workspace", "purge", "T0ACME", "--now", "--yes"); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		var done bool
		var histories, left, asked, rows int64
		var forHistories, forRows float64
		err := pool.QueryRow(ctx, `
			select done_at is not null, histories, (select count(*) from system.purge_run r where r.workspace_id = p.workspace_id),
			       (select count(*) from system.purge_run r where r.workspace_id = p.workspace_id and asked_at > 'epoch'), rows,
			       coalesce(extract(epoch from histories_at - listed_at), 0), coalesce(extract(epoch from rows_at - histories_at), 0)
			from system.purge p order by token_at desc limit 1`).Scan(&done, &histories, &left, &asked, &rows, &forHistories, &forRows)
		if err != nil {
			return fmt.Errorf("follow the purge: %w", err)
		}
		if done {
			r.PurgeSeconds, r.PurgedRequests = time.Since(began).Seconds(), b.erased
			r.HistoriesPerSecond, r.RowsPerSecond = float64(histories)/forHistories, float64(rows)/forRows
			return nil
		}
		if time.Since(last) > 30*time.Second {
			last = time.Now()
			b.say("erase: %d histories deleted or about to be, %d left, %d of them asked for, %d rows deleted", histories, left, asked, rows)
		}
		<-tick.C
	}
}
