package postgres_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// long asks for a minute of random operations on each way to the database, instead of some seconds.
var long = flag.Bool("long", false, "run the random operations for a minute each")

func runLength() time.Duration {
	if *long {
		return time.Minute
	}
	return 4 * time.Second
}

// Three workspaces share two connections.
func TestRandomOperationsOnASmallPool(t *testing.T) {
	t.Parallel()
	app, _ := postgrestest.Main(t)
	randomly(t, app.Reveal(), 2)
}

// Three workspaces with eight connections of their own to a pgbouncer that has two.
func TestRandomOperationsThroughPgbouncer(t *testing.T) {
	t.Parallel()
	app, _ := postgrestest.Main(t)
	randomly(t, postgrestest.Bouncer(t, app, 2).Reveal()+"&default_query_exec_mode=cache_describe", 8)
}

// randomly lets three workspaces do random things at the same time, each from a seed of its own, and compares what each of
// them reads with what it has written. Transactions are refused, cut off, given up and killed on the way.
func randomly(t *testing.T, address string, connections int32) {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	shared := &shared{pool: pool, store: postgres.OnPool(pool)}
	ctx, cancel := context.WithTimeout(t.Context(), runLength())
	defer cancel()
	var all sync.WaitGroup
	actors := make([]*actor, 3)
	for n := range actors {
		a := &actor{shared: shared, name: fmt.Sprintf("W%d", n), dice: rand.New(rand.NewPCG(uint64(n), 20261127)), ends: map[string]int{}, ops: map[string]int{}}
		actors[n] = a
		all.Go(func() {
			for ctx.Err() == nil && a.failed == nil {
				a.failed = a.step(t.Context())
			}
		})
	}
	all.Wait()
	for _, a := range actors {
		if a.failed == nil {
			a.failed = a.compare(t.Context())
		}
		if a.failed != nil {
			t.Errorf("%s: %v", a.name, a.failed)
		}
		t.Logf("%s: transactions ended by %v; operations %v", a.name, a.ends, a.ops)
	}
	// A setting that outlives its transaction would be seen.
	if _, err := pool.Exec(t.Context(), `select set_config('app.workspace_id', $1, false)`, actors[0].workspace.String()); err != nil {
		t.Fatal(err)
	}
	leak := false
	for range 2 * connections { // not each of them goes through the connection that has the leak
		leak = leak || shared.outside(t.Context()) != nil
	}
	if !leak {
		t.Error("a leak was made, and not seen: this test shows nothing")
	}
}

// shared is what the workspaces have in common, and the requests of all of them, so that each can ask for the others'.
type shared struct {
	pool  *pgxpool.Pool
	store *postgres.Store
	mu    sync.Mutex
	seen  []foreign
}

type foreign struct {
	workspace helpdesk.WorkspaceID
	channel   helpdesk.ChannelID
	request   helpdesk.RequestID
	key       seal.Key
}

// outside looks from where there is no workspace: nothing may be there.
func (s *shared) outside(ctx context.Context) error {
	var setting string
	var rows int
	err := s.pool.QueryRow(ctx, `
		select coalesce(current_setting('app.workspace_id', true), ''),
		       (select count(*) from tenant.workspace) + (select count(*) from tenant.request)`).Scan(&setting, &rows)
	if err != nil {
		return fmt.Errorf("look from outside: %w", err)
	}
	if setting != "" || rows != 0 {
		return fmt.Errorf("outside of every workspace the setting is %q and there are %d rows", setting, rows)
	}
	return nil
}

// actor is a workspace that does random things, and remembers what must have come of them.
type actor struct {
	*shared
	name      string
	dice      *rand.Rand
	workspace helpdesk.WorkspaceID
	channel   helpdesk.ChannelID
	key       seal.Key
	state     model
	clock     int // makes every message another one
	ends, ops map[string]int
	failed    error
}

var errGivenUp = errors.New("given up")

// endings are how a transaction ends, and how often. One that may have been committed is looked up.
var endings = []struct {
	name  string
	often int
	end   func(a *actor, ctx context.Context, cancel func(), tx *postgres.Tx) error
	may   bool
}{
	{name: "commit", often: 60, end: func(*actor, context.Context, func(), *postgres.Tx) error { return nil }},
	{name: "error", often: 8, end: func(*actor, context.Context, func(), *postgres.Tx) error { return errGivenUp }},
	{name: "panic", often: 6, end: func(*actor, context.Context, func(), *postgres.Tx) error { panic(errGivenUp) }},
	{name: "refused statement", often: 6, end: func(_ *actor, ctx context.Context, _ func(), tx *postgres.Tx) error {
		_, err := postgres.Unbound(tx).Exec(ctx, `select 1/0`)
		return err
	}},
	{name: "refused statement, ignored", often: 6, end: func(_ *actor, ctx context.Context, _ func(), tx *postgres.Tx) error {
		_, _ = postgres.Unbound(tx).Exec(ctx, `select 1/0`)
		return nil
	}},
	{name: "cancelled before the commit", often: 5, end: func(_ *actor, _ context.Context, cancel func(), _ *postgres.Tx) error {
		cancel()
		return nil
	}},
	{name: "cancelled in a statement", often: 3, end: func(_ *actor, ctx context.Context, cancel func(), tx *postgres.Tx) error {
		time.AfterFunc(5*time.Millisecond, cancel)
		_, err := postgres.Unbound(tx).Exec(ctx, `select pg_sleep(5)`)
		return err
	}},
	{name: "cancelled at any time", often: 6, may: true, end: func(a *actor, _ context.Context, cancel func(), _ *postgres.Tx) error {
		time.AfterFunc(time.Duration(a.dice.IntN(1500))*time.Microsecond, cancel)
		return nil
	}},
	{name: "broken connection", often: 4, end: func(_ *actor, ctx context.Context, _ func(), tx *postgres.Tx) error {
		_, err := postgres.Unbound(tx).Exec(ctx, `select pg_terminate_backend(pg_backend_pid())`)
		return err
	}},
	{name: "broken connection, ignored", often: 2, end: func(_ *actor, ctx context.Context, _ func(), tx *postgres.Tx) error {
		_, _ = postgres.Unbound(tx).Exec(ctx, `select pg_terminate_backend(pg_backend_pid())`)
		return nil
	}},
}

// step is one transaction of some operations, and its end.
func (a *actor) step(ctx context.Context) error {
	if a.workspace.IsZero() || len(a.state.requests) > 40 { // another installation, so that the rows stay few
		return a.install(ctx)
	}
	left, n := a.dice.IntN(106), 0
	for left >= endings[n].often {
		left -= endings[n].often
		n++
	}
	ending := endings[n]
	before, after := a.state, a.state.clone()
	var wrong error // what no ending excuses
	err := a.guarded(ctx, func(ctx context.Context, cancel func(), tx *postgres.Tx) error {
		for range 1 + a.dice.IntN(5) {
			op := operations[a.dice.IntN(len(operations))]
			a.ops[op.name]++
			if err := op.do(a, ctx, tx, &after); err != nil {
				wrong = fmt.Errorf("%s: %w", op.name, err)
				return wrong
			}
		}
		return ending.end(a, ctx, cancel, tx)
	})
	a.ends[ending.name]++
	late := errors.Is(err, context.DeadlineExceeded) // the store's own limit, on a machine that is busy
	switch {
	case wrong != nil && !late:
		return wrong
	case ending.name == "commit" && err != nil && !late:
		return fmt.Errorf("commit: %w", err)
	case err == nil && ending.name != "commit" && !ending.may:
		return fmt.Errorf("%s: committed", ending.name)
	case err == nil:
		a.state = after
	case ending.may || late:
		a.state = after
		if a.compare(ctx) != nil {
			a.state = before
		}
	}
	if ending.name != "commit" || a.dice.IntN(10) == 0 {
		return errors.Join(a.compare(ctx), a.outside(ctx))
	}
	return nil
}

// guarded enters the workspace with a context of its own, and survives a panic.
func (a *actor) guarded(ctx context.Context, f func(context.Context, func(), *postgres.Tx) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = errGivenUp
		}
	}()
	return a.store.InWorkspace(ctx, a.workspace, func(tx *postgres.Tx) error { return f(ctx, cancel, tx) })
}

// install begins anew as another workspace of another team.
func (a *actor) install(ctx context.Context) error {
	a.clock++
	a.workspace, a.key = helpdesk.NewWorkspaceID(now), seal.NewKey()
	a.state = model{requests: map[helpdesk.RequestID]request{}, agents: map[string]helpdesk.Role{"U" + a.name: helpdesk.RoleAdmin}}
	return a.store.InWorkspace(ctx, a.workspace, func(tx *postgres.Tx) error {
		team := fmt.Sprintf("T%s-%d", a.name, a.clock)
		if err := tx.Install(ctx, helpdesk.Workspace{
			Team: team, AppID: "A1", BotUser: "UBOT", Installer: "U" + a.name, Scopes: []string{a.name}, AuthorizedAt: now,
			Settings: helpdesk.DefaultSettings("UTC"),
		}, []byte(a.name), a.key); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, team, now); err != nil {
			return err
		}
		c, err := tx.JoinChannel(ctx, "C1", now) // the same in each
		a.channel = c.ID
		return err
	})
}

// compare reads all that the workspace has, by statements that leave the choice of rows to the policies.
func (a *actor) compare(ctx context.Context) error {
	return a.store.InWorkspace(ctx, a.workspace, func(tx *postgres.Tx) error { return a.state.compare(ctx, tx) })
}
