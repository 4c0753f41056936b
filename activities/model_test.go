package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/provider"
)

const (
	ourProject   = "echo-synch-eu"
	theirProject = "acme-own-ai"
)

// model puts a simulated model in place, in our project and proved; fault is how it behaves from then on, "" for well.
func (b *bundle) model(t *testing.T, fault string) {
	t.Helper()
	server := httptest.NewServer(geminisim.New(geminisim.Config{}))
	t.Cleanup(server.Close)
	b.gemini = server.URL
	ours := provider.NewOurs(must(gemini.New(t.Context(), gemini.Config{
		Project: ourProject, Location: "eu", Model: "gemini-3.5-flash-lite", BaseURL: server.URL,
	}))(t))
	if err := ours.Prove(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Models = &provider.Router{Ours: ours, Simulator: server.URL}
	if fault != "" {
		b.geminiControl(t, "fault", fault)
	}
}

func (b *bundle) geminiControl(t *testing.T, name, body string) {
	t.Helper()
	res, err := http.Post(b.gemini+"/sim/"+name, "application/json", strings.NewReader(body)) //nolint:noctx // local
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %v, %v", name, body, res, err)
	}
	_ = res.Body.Close() // only its status was wanted
}

// asked is how often each project was asked.
func (b *bundle) asked(t *testing.T) map[string]int {
	t.Helper()
	res, err := http.Get(b.gemini + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct{ Projects map[string]int }
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state.Projects
}

// bring lets the workspace use its own model, in its own project.
func (b *bundle) bring(t *testing.T) {
	t.Helper()
	key := must(b.Keys.WorkspaceKey(t.Context(), b.workspace))(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.SetBYOM(ctx, helpdesk.BYOM{Project: theirProject, Location: "europe-west3", Model: "gemini-3.5-flash"}, nil, key, b.opened); err != nil {
			return err
		}
		_, err := tx.SetProvider(ctx, helpdesk.ProviderBYOM)
		return err
	})
}

// fresh opens a request of somebody new.
func (b *bundle) fresh(t *testing.T, n int) activities.TriageInput {
	t.Helper()
	in := b.open(t, fmt.Sprintf("U0PERSON%03d", n), fmt.Sprintf("%d.000001", 5000+n), "VPN drops every ten minutes", b.opened)
	return activities.TriageInput{RequestInput: in, Version: 1}
}

// However a model fails, the embedded classifier has decided in time, and the result says what kept the model.
func TestDegradation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	n := 0
	for name, tt := range map[string]struct {
		fault string
		want  helpdesk.NoModel
		again string // what the attempt in the background fails with, "" where it is tried with success
	}{
		"no answer in time":    {`{"mode":"slow","times":1}`, helpdesk.ModelLate, ""},
		"down":                 {`{"mode":"down","times":2}`, helpdesk.ModelUnavailable, activities.FailureModel},
		"over quota":           {`{"mode":"quota","times":2,"retry_after":40}`, helpdesk.ModelQuota, activities.FailureModel},
		"refused":              {`{"mode":"forbidden","times":2}`, helpdesk.ModelRefused, activities.FailureModel},
		"blocked":              {`{"mode":"blocked","times":2}`, helpdesk.ModelBlocked, activities.FailureDeclined},
		"malformed":            {`{"mode":"malformed","times":2}`, helpdesk.ModelMalformed, activities.FailureModel},
		"a label of its own":   {`{"mode":"wrong_label","times":2}`, helpdesk.ModelMalformed, activities.FailureModel},
		"cut off":              {`{"mode":"max_tokens","times":2}`, helpdesk.ModelMalformed, activities.FailureModel},
		"empty":                {`{"mode":"empty","times":2}`, helpdesk.ModelMalformed, activities.FailureModel},
		"far too long":         {`{"mode":"huge","times":2}`, helpdesk.ModelMalformed, activities.FailureModel},
		"well":                 {"", "", ""},
		"well, if not at once": {`{"mode":"slow","times":1,"latency_ms":200}`, "", ""},
	} {
		b.model(t, tt.fault)
		n++
		in := b.fresh(t, n)
		r, failed := b.triage(t, b.Triage, in)
		if failed || r.Label != "network" || r.Why != tt.want || r.WithoutAI != (tt.want != "") || r.TellPaused {
			t.Errorf("%s: %+v", name, r)
		}
		if byModel := r.By == helpdesk.ByModel; byModel != (tt.want == "") || (r.With == "gemini-3.5-flash-lite in eu, our project") != byModel {
			t.Errorf("%s: triaged by %s, with %q", name, r.By, r.With)
		}
		if got := b.run(b.TriageAgain, in); got != tt.again {
			t.Errorf("%s, again: %q, want %q", name, got, tt.again)
		}
	}
}

// A workspace that has used its tokens of the day, or has too many calls under way, does without, and others do not notice.
func TestBudgets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.model(t, "")
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.SetTokens(ctx, 400) }) // a call has 230 or so
	var whys []helpdesk.NoModel
	for n := range 3 {
		r, _ := b.triage(t, b.Triage, b.fresh(t, n))
		whys = append(whys, r.Why)
	}
	if fmt.Sprint(whys) != "[  budget]" {
		t.Errorf("reasons %q", whys)
	}
	b.Now = func() time.Time { return time.Now().Add(24 * time.Hour) }
	if r, _ := b.triage(t, b.Triage, b.fresh(t, 10)); r.Why != "" {
		t.Errorf("the next day: %+v", r)
	}
	b.Now = time.Now
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.SetTokens(ctx, 0) })
	b.geminiControl(t, "fault", `{"mode":"slow","times":100,"latency_ms":2000}`)
	const at = 2 * helpdesk.MaxModelCalls
	results := make([]activities.TriageResult, at)
	ins := make([]activities.TriageInput, at)
	for n := range at {
		ins[n] = b.fresh(t, 100+n)
	}
	var asking sync.WaitGroup
	for n := range at {
		asking.Go(func() {
			var err error
			if results[n], err = b.Triage(t.Context(), ins[n]); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	busy := 0
	for _, r := range results {
		if r.Why == helpdesk.ModelBusy {
			busy++
		}
	}
	if asked := b.asked(t)[ourProject] - 1 - 3; busy == 0 || asked+busy != at { // one proof, and three that were answered before
		t.Errorf("%d were asked, %d were told that it is busy, of %d", asked, busy, at)
	}
}

// Two projects: whatever happens to the customer's, ours is asked nothing of it; a refusal pauses, once, and the admins hear.
func TestACustomersModelIsNeverReplacedByOurs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.model(t, "")
	proof := b.asked(t)[ourProject]
	b.bring(t)
	n := 0
	for name, tt := range map[string]struct {
		mode string
		want helpdesk.NoModel
	}{
		"well": {"", ""}, "slow": {"slow", helpdesk.ModelLate}, "down": {"down", helpdesk.ModelUnavailable}, "quota": {"quota", helpdesk.ModelQuota},
		"blocked": {"blocked", helpdesk.ModelBlocked}, "malformed": {"malformed", helpdesk.ModelMalformed}, "huge": {"huge", helpdesk.ModelMalformed},
	} {
		if tt.mode != "" {
			b.geminiControl(t, "fault", fmt.Sprintf(`{"mode":%q,"times":2,"project":%q}`, tt.mode, theirProject))
		}
		n++
		in := b.fresh(t, n)
		r, failed := b.triage(t, b.Triage, in)
		if failed || r.Why != tt.want || r.TellPaused || r.By == helpdesk.ByModel && r.With != "gemini-3.5-flash in europe-west3, your project" {
			t.Errorf("%s: %+v", name, r)
		}
		_ = b.run(b.TriageAgain, in) // asks their project, or nobody
	}
	before := b.asked(t)[theirProject]
	b.geminiControl(t, "fault", fmt.Sprintf(`{"mode":"forbidden","times":100,"project":%q}`, theirProject))
	var last activities.TriageInput
	for i := range 3 {
		last = b.fresh(t, 50+i)
		r, failed := b.triage(t, b.Triage, last)
		if failed || r.Why != helpdesk.ModelPaused || !r.WithoutAI || !r.TellPaused {
			t.Errorf("refused, message %d: %+v", i+1, r)
		}
		if got := b.run(b.TriageAgain, last); got != activities.FailureModel {
			t.Errorf("again: %q", got)
		}
	}
	if got := b.asked(t)[theirProject]; got != before+1 {
		t.Errorf("a project that refuses was asked %d times", got-before)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.PutAgent(ctx, "U0ADMIN2", helpdesk.RoleAdmin, b.opened)
	}) // whom Slack does not know
	for range 2 {
		if failed := b.run(b.TellPaused, last.RequestInput); failed != "" {
			t.Fatal(failed)
		}
	}
	told := b.ours(t)
	if len(told[alex]) != 1 || !strings.Contains(told[alex][0].Text, theirProject+" refuses") || len(told[dana]) != 0 {
		t.Errorf("told %v", told)
	}
	if r, _ := b.triage(t, b.Triage, b.fresh(t, 90)); r.TellPaused {
		t.Error("the admins would be told once more")
	}
	if got := b.asked(t)[ourProject]; got != proof {
		t.Errorf("our project was asked %d times", got-proof)
	}
	b.geminiControl(t, "reset", "")
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		own, err := tx.BYOM(ctx)
		if err != nil {
			return err
		}
		return tx.ResumeBYOM(ctx, own.Version)
	})
	if r, _ := b.triage(t, b.Triage, b.fresh(t, 91)); r.By != helpdesk.ByModel {
		t.Errorf("after the pause: %+v", r)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.SetProvider(ctx, helpdesk.ProviderLexical)
		return err
	})
	if r, _ := b.triage(t, b.Triage, b.fresh(t, 92)); r.By != helpdesk.ByLexical || r.WithoutAI {
		t.Errorf("without any model: %+v", r)
	}
	if got := b.asked(t)[ourProject]; got != 0 { // counted anew since the reset
		t.Errorf("our project was asked %d times", got)
	}
}
