package migrations_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/migrations"
)

// admin connects as the superuser to a database that has not seen the set.
func admin(t *testing.T, set migrations.Set) (*pgx.Conn, string) {
	t.Helper()
	url := map[migrations.Set]func(testing.TB) (app, admin secret.Value){
		migrations.Main: postgrestest.Keystore, migrations.Keystore: postgrestest.Main, // each has the other's schema only
	}[set]
	_, superuser := url(t)
	conn, err := pgx.Connect(t.Context(), superuser.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if _, err := conn.Exec(t.Context(), `drop table public.goose_db_version`); err != nil {
		t.Fatal(err)
	}
	return conn, superuser.Reveal()
}

func TestUpAppliesOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, set := range []migrations.Set{migrations.Main, migrations.Keystore} {
		t.Run(string(set), func(t *testing.T) {
			t.Parallel()
			_, url := admin(t, set)
			applied, err := migrations.Up(t.Context(), url, set)
			if err != nil {
				t.Fatal(err)
			}
			if len(applied) < 2 || applied[0] != "00001_roles.sql" || !slices.IsSorted(applied) {
				t.Errorf("applied %q", applied)
			}
			if again, err := migrations.Up(t.Context(), url, set); err != nil || len(again) != 0 {
				t.Errorf("a second time: applied %q, %v", again, err)
			}
		})
	}
}

func TestTwoAtOnceWaitForEachOther(t *testing.T) {
	t.Parallel()
	_, url := admin(t, migrations.Keystore)
	var (
		applied [2][]string
		errs    [2]error
		wg      sync.WaitGroup
	)
	for i := range 2 {
		wg.Go(func() { applied[i], errs[i] = migrations.Up(t.Context(), url, migrations.Keystore) })
	}
	wg.Wait()
	if errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	if (len(applied[0]) == 0) == (len(applied[1]) == 0) {
		t.Errorf("applied %q and %q, want one of them to find nothing to do", applied[0], applied[1])
	}
}

// The administrator of a managed database is no superuser: it owns the database and may become the owner role.
func TestAdministratorNeedsNoSuperuser(t *testing.T) {
	t.Parallel()
	for _, set := range []migrations.Set{migrations.Main, migrations.Keystore} {
		t.Run(string(set), func(t *testing.T) {
			t.Parallel()
			conn, url := admin(t, set)
			role := "migrate_" + conn.Config().Database
			if _, err := conn.Exec(t.Context(), fmt.Sprintf(`
				create role %[1]s login password 'test' in role echosynch_owner;
				alter database %[2]s owner to %[1]s`, role, conn.Config().Database)); err != nil {
				t.Fatal(err)
			}
			if _, err := migrations.Up(t.Context(), strings.Replace(url, "//postgres:", "//"+role+":", 1), set); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOwnerOwnsEverything(t *testing.T) {
	t.Parallel()
	for _, database := range []func(testing.TB) (app, admin secret.Value){postgrestest.Main, postgrestest.Keystore} {
		_, superuser := database(t)
		conn, err := pgx.Connect(t.Context(), superuser.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := conn.Query(t.Context(), `
			select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname !~ '^(pg_|information_schema|public)' and c.relowner <> 'echosynch_owner'::regrole
			union all
			select nspname from pg_namespace
			where nspname !~ '^(pg_|information_schema|public)' and nspowner <> 'echosynch_owner'::regrole
			union all
			select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname !~ '^(pg_|information_schema|public)' and p.proowner <> 'echosynch_owner'::regrole`)
		others, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(others) > 0 {
			t.Errorf("not owned by echosynch_owner: %q, %v", others, err)
		}
		_ = conn.Close(t.Context())
	}
}

func TestUpNamesNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://admin:marker@127.0.0.1:1/x?connect_timeout=1", "postgres://admin:marker@127.0.0.1:port/x", "postgres//admin:marker@127.0.0.1/x",
	} {
		_, err := migrations.Up(t.Context(), url, migrations.Main)
		if err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}

func TestUpRefusesAnUnknownSet(t *testing.T) {
	t.Parallel()
	_, superuser := postgrestest.Main(t)
	if _, err := migrations.Up(t.Context(), superuser.Reveal(), "other"); err == nil {
		t.Error("an unknown set was applied")
	}
}
