package activities_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// relabel changes one label of the workspace.
func (b *bundle) relabel(t *testing.T, key string, change func(*helpdesk.Label)) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		labels, err := tx.LockLabels(ctx)
		if err != nil {
			return err
		}
		for i := range labels {
			if labels[i].Key == key {
				change(&labels[i])
			}
		}
		return tx.SetLabels(ctx, labels)
	})
}

func TestANewRequestGoesToTheAgentOfItsLabel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const sam = "U0SAM" // no agent
	for name, tt := range map[string]struct{ agent, requester, want string }{
		"an agent":                 {dana, rita, dana},
		"nobody":                   {"", rita, ""},
		"the requester themselves": {dana, dana, ""},
		"an agent no longer":       {sam, rita, ""},
	} {
		b.relabel(t, "printing", func(l *helpdesk.Label) { l.Agent = tt.agent })
		in := activities.TriageInput{Version: 1, RequestInput: b.open(t, tt.requester, "7.00000"+name, "the printer is jammed", b.opened)}
		first, failed := b.triage(t, b.Triage, in)
		if failed || first.Label != "printing" || first.Assignee != tt.want {
			t.Errorf("%s: %+v", name, first)
		}
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			r, err := tx.Request(ctx, in.Request)
			if r.Assignee != tt.want || r.Status != helpdesk.New {
				t.Errorf("%s: it is %s and with %q", name, r.Status, r.Assignee)
			}
			return err
		})
		in.OrLexical = true
		if again, failed := b.triage(t, b.TriageAgain, in); failed || again.Assignee != "" {
			t.Errorf("%s: a later triage gives it to %q", name, again.Assignee)
		}
	}
}

// A request that carries an inactive label still shows its name; no other one gets it, and no menu offers it.
func TestAnInactiveLabelIsThePast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, p := b.request(t) // of network
	b.relabel(t, "network", func(l *helpdesk.Label) { l.Inactive, l.Name = true, "Wires" })
	b.relabel(t, "printing", func(l *helpdesk.Label) { l.Inactive, l.Name = true, "Paper" })
	if failed := b.run(b.SendReceipt, activities.ReceiptInput{RequestInput: in, Progress: p}); failed != "" {
		t.Fatal(failed)
	}
	res, err := http.Get(b.sim + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	shown := string(must(io.ReadAll(res.Body))(t))
	if !strings.Contains(shown, "Wires") || !strings.Contains(shown, `"value":"hardware"`) || strings.Contains(shown, "Paper") || strings.Contains(shown, `"value":"network"`) {
		t.Errorf("it shows %s", shown)
	}
	for _, model := range []bool{false, true} {
		if model {
			b.model(t, "")
		}
		next := activities.TriageInput{RequestInput: b.open(t, rita, time.Now().Format(time.RFC3339Nano), "the printer is jammed, toner everywhere", b.opened), Version: 1}
		if r, failed := b.triage(t, b.Triage, next); failed || r.Label == "printing" || r.Label == "network" {
			t.Errorf("with a model: %t: %+v", model, r)
		}
	}
}
