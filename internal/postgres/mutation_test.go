package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// refused is Postgres's code for what a policy, or the lack of a right, forbids.
const refused = "42501"

// statement runs SQL as the application in a workspace, takes it back, and returns how many rows it touched and with which
// code it failed.
func (i *isolation) statement(t *testing.T, ws helpdesk.WorkspaceID, sql string, args ...any) (rows int64, code string) {
	t.Helper()
	i.enter(t, ws, func() {
		tag, err := i.admin.Exec(t.Context(), sql, args...)
		rows = tag.RowsAffected()
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			code = pg.Code
		} else if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	})
	return rows, code
}

// net asks the database itself, with statements that forget the workspace as no query of ours does, and tells which tables
// let one reach another.
func (i *isolation) net(t *testing.T, tables ...string) (complaints []string) {
	t.Helper()
	for _, table := range tables {
		complain := func(format string, args ...any) {
			complaints = append(complaints, table+": "+fmt.Sprintf(format, args...))
		}
		var mine int64
		var theirs string // a row
		for row := range i.rows {
			if of, rest, _ := strings.Cut(row, " "); of == table && strings.Contains(rest, i.mine.workspace.String()) {
				mine++
			} else if of == table {
				theirs = rest
			}
		}
		if mine == 0 || !json.Valid([]byte(theirs)) {
			t.Fatalf("%s: give both workspaces of this test a row in it", table)
		}
		if n, code := i.statement(t, i.mine.workspace, `select from `+table); n != mine || code != "" {
			complain("shows %d rows, want the %d of mine (%s)", n, mine, code)
		}
		if n, _ := i.statement(t, i.nobody.workspace, `select from `+table); n != 0 {
			complain("shows %d rows to a workspace that has none", n)
		}
		for _, change := range []string{`update %s set workspace_id = workspace_id`, `delete from %s`} {
			if n, _ := i.statement(t, i.mine.workspace, fmt.Sprintf(change+` where workspace_id = $1`, table), i.theirs.workspace); n != 0 {
				complain("lets change %d rows of theirs", n)
			}
		}
		if _, code := i.statement(t, i.mine.workspace, `insert into `+table+` select * from jsonb_populate_record(null::`+table+`, $1)`, theirs); code != refused {
			complain("takes in a row of theirs (%s)", code)
		}
		if n, code := i.statement(t, i.mine.workspace, `update `+table+` set workspace_id = $1`, i.theirs.workspace); n != 0 || code != refused {
			complain("lets mine become theirs (%s)", code)
		}
	}
	return complaints
}

// tenants are the tables that policies protect.
func (i *isolation) tenants() (tables []string) {
	for _, table := range i.tables {
		if strings.HasPrefix(table, "tenant.") {
			tables = append(tables, table)
		}
	}
	return tables
}

// mutations weaken the policy of a table, each in its own way. The net cannot see the last one: we own no table.
var mutations = []struct {
	name, sql string
	unseen    bool
}{
	{name: "no policy", sql: `drop policy tenant on %s`},
	{name: "a policy that shows everything", sql: `alter policy tenant on %s using (true)`},
	{name: "a policy that takes in everything", sql: `alter policy tenant on %s with check (true)`},
	{name: "a second policy that lets everything pass", sql: `create policy more on %s using (true)`},
	{name: "row-level security switched off", sql: `alter table %s disable row level security`},
	{name: "row-level security not forced on its owner", sql: `alter table %s no force row level security`, unseen: true},
}

// One policy at a time is dropped or weakened: for each of them both the look at the catalog and the questions to the
// database go red, and both are green before and after.
func TestEveryPolicyIsMissed(t *testing.T) {
	t.Parallel()
	i := isolate(t)
	green := func() {
		t.Helper()
		for _, complaint := range append(i.net(t, i.tenants()...), catalog(t, i.admin)...) {
			t.Error(complaint)
		}
	}
	green()
	tried := 0
	for _, table := range i.tenants() {
		for _, m := range mutations {
			tried++
			i.exec(t, `savepoint mutated`)
			i.exec(t, fmt.Sprintf(m.sql, table))
			if len(catalog(t, i.admin)) == 0 {
				t.Errorf("%s: %s, and the catalog's rules do not notice", table, m.name)
			}
			if len(i.net(t, table)) == 0 != m.unseen {
				t.Errorf("%s: %s, and the net does not notice", table, m.name)
			}
			i.exec(t, `rollback to savepoint mutated`)
		}
	}
	green()
	t.Logf("%d mutations", tried)
}

// The policies are the net, not the rope: with all of them open no method reaches another workspace, because every query
// names its own.
func TestEveryQueryNamesItsWorkspace(t *testing.T) {
	t.Parallel()
	i := isolate(t)
	for _, table := range i.tenants() {
		i.exec(t, `alter policy tenant on `+table+` using (true) with check (true)`)
	}
	if len(i.net(t, i.tenants()...)) == 0 {
		t.Fatal("the policies are not open: this test would show nothing")
	}
	for _, complaint := range i.methods(t) {
		t.Error(complaint)
	}
}
