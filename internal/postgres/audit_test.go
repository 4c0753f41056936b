package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

func TestAuditLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.tenant(t, "T1", "C1"), b.tenant(t, "T2", "C2")
	want := []helpdesk.AuditEntry{
		{At: now, Actor: "operator:root", Action: helpdesk.AuditRole, Object: "U1", After: "agent"},
		{At: now.Add(time.Second), Actor: helpdesk.SlackActor("U1"), Action: helpdesk.AuditRetention, Before: "720h0m0s", After: "24h0m0s"},
	}
	for _, e := range want {
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error { return tx.Audit(ctx, e) })
	}
	for _, tt := range []struct {
		tenant tenant
		want   int
	}{{w, 2}, {other, 0}} {
		n := 0
		b.must(t, tt.tenant.id, func(ctx context.Context, tx *postgres.Tx) error {
			return tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
				if e.At = e.At.UTC(); e != want[n] {
					t.Errorf("entry %d: %+v, want %+v", n, e, want[n])
				}
				n++
				return nil
			})
		})
		if n != tt.want {
			t.Errorf("%d entries, want %d", n, tt.want)
		}
	}
}

// The application can append and read, and nothing else; only with its workspace does an entry go.
func TestAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditRole})
	})
	conn, err := pgx.Connect(t.Context(), b.app.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `select set_config('app.workspace_id', $1, false)`, w.id.String()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`update tenant.audit set actor = 'somebody else'`, `delete from tenant.audit`, `truncate tenant.audit`,
		`alter table tenant.audit disable trigger keep`, `drop trigger keep on tenant.audit`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is allowed", sql)
		} else if !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "permission denied") && !strings.Contains(err.Error(), "must be owner") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
