package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// open opens a request that is not triaged yet.
func (b *bundle) open(t *testing.T, user, ts, text string, at time.Time) names.RequestInput {
	t.Helper()
	in := names.RequestInput{Workspace: b.workspace, Request: helpdesk.NewRequestID()}
	key := seal.NewKey()
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, in.Request, key); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, help)
		if err != nil {
			return err
		}
		_, err = tx.OpenRequest(ctx, helpdesk.Request{ID: in.Request, Channel: c.ID, OriginTS: ts, Requester: user, OpenedAt: at}, []byte(text), key)
		return err
	})
	return in
}

// triage runs one of the two steps.
func (b *bundle) triage(t *testing.T, step any, in activities.TriageInput) (r activities.TriageResult, failed bool) {
	t.Helper()
	v, err := b.env.ExecuteActivity(step, in)
	if err != nil {
		return r, true
	}
	if err := v.Get(&r); err != nil {
		t.Fatal(err)
	}
	return r, false
}

// dump is every row of every table of a database, by table and what the row is.
func dump(t *testing.T, url secret.Value) map[string]map[string]any {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), url.Reveal()))(t)
	defer conn.Close(t.Context())
	tables := must(pgx.CollectRows(must(conn.Query(t.Context(), `
		select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables
		where schemaname not in ('pg_catalog', 'information_schema')`))(t), pgx.RowTo[string]))(t)
	all := make(map[string]map[string]any)
	for _, table := range tables {
		rows := must(pgx.CollectRows(must(conn.Query(t.Context(), `select to_jsonb(t)::text from `+table+` t order by 1`))(t), pgx.RowTo[string]))(t)
		for i, raw := range rows {
			var row map[string]any
			if err := json.Unmarshal([]byte(raw), &row); err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprint(i)
			if request, ok := row["request_id"].(string); ok {
				id = request
			}
			all[table+" "+id] = row
		}
	}
	return all
}

// steered are the columns that an attack may change, of its own request: label, priority and summary, and what follows from
// them.
var steered = []string{
	"label", "priority", "summary", "triaged_by", "triaged_with", "machine_label", "machine_by", "checks", "version",
	"first_response_due", "first_response_warn", "resolution_due", "resolution_warn",
}

// billed is what every call of a model changes, whatever stands in the message.
var billed = []string{"calls", "input_tokens", "output_tokens"}

// A model that obeys every attack changes label, priority and summary of the attacker's own request, and nothing else anywhere.
func TestAttacksReachNothingButTheirOwnTriage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.request(t) // somebody else's
	attacks := geminisim.Attacks()
	own := make(map[string]string)
	ins := make([]names.RequestInput, len(attacks))
	for i, a := range attacks {
		ins[i] = b.open(t, fmt.Sprintf("U0ATTACK%03d", i), fmt.Sprintf("%d.000001", 1000+i), a.Text, b.opened)
		own["tenant.request "+ins[i].Request.String()] = a.Technique
		if _, failed := b.triage(t, b.Triage, activities.TriageInput{RequestInput: ins[i], Version: 1}); failed {
			t.Fatalf("%s, %s: not triaged", a.Technique, a.Language)
		}
	}
	b.model(t, "")
	if _, failed := b.triage(t, b.Triage, b.fresh(t, 0)); failed { // from here on the model is known, and billed
		t.Fatal("not triaged")
	}
	before, keysBefore, slackBefore := dump(t, b.mainAdmin), dump(t, b.keysAdmin), b.ours(t)

	b.geminiControl(t, "fault", `{"mode":"obey","times":1000}`)
	changed := 0
	for i, in := range ins {
		r, failed := b.triage(t, b.TriageAgain, activities.TriageInput{RequestInput: in})
		if failed {
			continue // no usable answer: what was stays
		}
		changed++
		var p helpdesk.Progress
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			row, err := tx.Request(ctx, in.Request)
			p = row.Progress
			return err
		})
		p.Version, p.Label, p.Priority, p.TriagedBy, p.TriagedWith, p.Checks = p.Version+1, r.Label, r.Priority, r.By, r.With, r.Checks
		p.Deadlines = must(b.Plan(t.Context(), activities.PlanInput{RequestInput: in, Priority: r.Priority}))(t)
		if failed := b.run(b.Project, activities.StateInput{RequestInput: in, Progress: p}); failed != "" {
			t.Errorf("%s: %s", attacks[i].Technique, failed)
		}
	}
	if changed == 0 || changed == len(attacks) {
		t.Errorf("%d of %d attacks change their own triage", changed, len(attacks))
	}
	after := dump(t, b.mainAdmin)
	if rows, was := slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)); !slices.Equal(rows, was) {
		t.Errorf("rows have come or gone: %d, were %d", len(rows), len(was))
	}
	different := 0
	for name, row := range after {
		technique, mine := own[name]
		for column, value := range row {
			if reflect.DeepEqual(value, before[name][column]) {
				continue
			}
			if strings.HasPrefix(name, "tenant.model_usage ") && slices.Contains(billed, column) {
				continue
			}
			different++
			if !mine || !slices.Contains(steered, column) {
				t.Errorf("%s changes %s of %s", technique, column, name)
			}
		}
	}
	if !reflect.DeepEqual(dump(t, b.keysAdmin), keysBefore) {
		t.Error("keys have changed")
	}
	if !reflect.DeepEqual(b.ours(t), slackBefore) {
		t.Error("something was written in Slack")
	}
	t.Logf("%d attacks; %d change their own triage, %d values in all, of %d rows", len(attacks), changed, different, len(after))
}

// Whoever writes that everything is critical has three such requests within the hour, also where all come at once; the others
// are for agents to look at.
func TestRaisesOfOnePersonAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.model(t, "")
	const urgent = "I clicked a phishing link, malware on my laptop"
	results := make([]activities.TriageResult, 8)
	ins := make([]names.RequestInput, len(results))
	for i := range ins {
		ins[i] = b.open(t, rita, fmt.Sprintf("%d.000001", 1000+i), urgent, b.opened.Add(time.Duration(i)*time.Second))
	}
	var asking sync.WaitGroup
	for i := range ins {
		asking.Go(func() {
			var err error
			if results[i], err = b.Triage(t.Context(), activities.TriageInput{RequestInput: ins[i], Version: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	raised, held := 0, 0
	for _, r := range results {
		switch {
		case r.Priority == helpdesk.Critical && len(r.Checks) == 0 && r.Deadlines.FirstResponse.Due.Sub(r.OpenedAt) == time.Hour:
			raised++
		case r.Priority == helpdesk.Medium && slices.Equal(r.Checks, []helpdesk.Check{helpdesk.CheckHeld}) && r.Deadlines.FirstResponse.Due.Sub(r.OpenedAt) == 8*time.Hour:
			held++
		default:
			t.Errorf("%+v", r)
		}
	}
	if raised != helpdesk.MaxRaises || held != len(results)-helpdesk.MaxRaises {
		t.Errorf("%d raised, %d held", raised, held)
	}
	for name, tt := range map[string]struct {
		user string
		at   time.Time
		want helpdesk.Priority
	}{
		"another person":     {alex, b.opened, helpdesk.Critical},
		"more than an hour":  {rita, b.opened.Add(helpdesk.RaisesWithin + time.Minute), helpdesk.Critical},
		"within the hour":    {rita, b.opened.Add(helpdesk.RaisesWithin - time.Minute), helpdesk.Medium},
		"caught up on later": {rita, b.opened.Add(-helpdesk.RaisesWithin / 2), helpdesk.Medium},
	} {
		in := b.open(t, tt.user, fmt.Sprintf("%d.000002", len(name)), urgent, tt.at)
		if r, failed := b.triage(t, b.Triage, activities.TriageInput{RequestInput: in, Version: 1}); failed || r.Priority != tt.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for i, r := range results { // a second look at the same request changes nothing
		again, failed := b.triage(t, b.TriageAgain, activities.TriageInput{RequestInput: ins[i]})
		if failed || again.Priority != r.Priority {
			t.Errorf("%s, then %s", r.Priority, again.Priority)
		}
	}
}
