package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

func TestLabelsExample(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	keys, err := k.keys.RequestKeys(t.Context(), k.workspace, k.requests[0])
	must(t, err)
	p := helpdesk.Progress{Version: 1, Status: helpdesk.New, Label: "printing", Priority: helpdesk.Low, TriagedBy: helpdesk.ByLexical}
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.JoinChannel(ctx, "C0ITHELP", time.Now())
		if err != nil {
			return err
		}
		if _, err := tx.OpenRequest(ctx, helpdesk.Request{ID: k.requests[0], Channel: c.ID, OriginTS: "1.000001", Requester: "U0RITA", OpenedAt: time.Now()},
			[]byte("the plotter jams, my password is Okapi!Summer2026"), keys.Text); err != nil {
			return err
		}
		if err := tx.SaveSummary(ctx, k.requests[0], "Printer", keys.Summary); err != nil {
			return err
		}
		_, err = tx.Project(ctx, k.requests[0], p)
		return err
	})
	k.refuses(t, "labels example T0ACME 1", exitFailed, "request #1: no agent has chosen its label")
	k.refuses(t, "labels example T0ACME 7", exitFailed, "has no request #7")
	k.refuses(t, "labels example T0ACME x", exitUsage, `"x" is no number of a request`)
	p.Version, p.TriagedBy, p.Label = 2, helpdesk.ByHuman, "hardware"
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Project(ctx, k.requests[0], p)
		return err
	})
	kept := func() (n int) {
		k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			found, err := tx.Examples(ctx, 10)
			n = len(found)
			return err
		})
		return n
	}
	k.shows(t, "labels example T0ACME #1", "label    hardware\nexample  the plotter jams, my password is [PASSWORD-1]\nnothing was kept")
	if kept() != 0 {
		t.Error("kept without --yes")
	}
	k.shows(t, "labels example T0ACME 1 --yes", "[PASSWORD-1]")
	if kept() != 1 {
		t.Error("not kept")
	}
	if log := execute(t.Context(), k.environ, "audit", "export", "T0ACME", "--format", "json"); !strings.Contains(log.out, `"example"`) || strings.Contains(log.out, "plotter") {
		t.Errorf("audit log: %+v", log)
	}
}
