package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/api/install"
	"github.com/echo-synch/echo-synch/api/slack"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/sentrysim"
	"github.com/echo-synch/echo-synch/internal/sweeper"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// What may not reach an error tracker: a token, a signature, an OAuth code, a message, an address, a cookie.
const (
	leakToken     = "xoxb-1234-5678-leaktoken"
	leakSignature = "v0=leaksignature0123456789"
	leakCode      = "1234.5678.leakcode"
	leakText      = "my leaktext password is hunter2"
	leakMail      = "leakmail@example.com"
	leakCookie    = "leakcookie"
)

func leaks() []string {
	return []string{
		leakToken, leakSignature, leakCode, "leaktext", "hunter2", leakMail, leakCookie, "leak",
		`"server_name"`, `"abs_path"`, `"modules"`, `"request"`, `"contexts"`, `"message"`, `"value"`, cmp.Or(os.Getenv("HOME"), "/home") + "/",
	}
}

var errLeak = errors.New(leakToken + " " + leakSignature + " " + leakCode + " " + leakText + " " + leakMail)

// tracked is a logger whose errors go to a stand-in of Sentry.
type tracked struct {
	*slog.Logger
	tracker *observe.Tracker
	sentry  *sentrysim.Server
	said    strings.Builder // in the log
}

func track(t *testing.T) *tracked {
	t.Helper()
	tr := &tracked{sentry: &sentrysim.Server{}}
	server := httptest.NewServer(tr.sentry)
	t.Cleanup(server.Close)
	var err error
	if tr.tracker, err = observe.NewTracker(sentrysim.DSN(server.URL), "selfhost"); err != nil {
		t.Fatal(err)
	}
	tr.Logger = slog.New(tr.tracker.Handler(slog.NewJSONHandler(&tr.said, nil)))
	return tr
}

// wants an envelope for each function, in their order, of the layer, and nothing that may not be there, in it and in the log.
func (tr *tracked) wants(t *testing.T, layer observe.Layer, functions ...string) {
	t.Helper()
	tr.tracker.Flush(10 * time.Second)
	envelopes := tr.sentry.Envelopes()
	if len(envelopes) != len(functions) {
		t.Fatalf("%d envelopes, want %d:\n%s", len(envelopes), len(functions), strings.Join(envelopes, "\n"))
	}
	for i, e := range envelopes {
		for _, want := range []string{`"layer":"` + string(layer) + `"`, functions[i] + `"`, `"lineno":`, `"environment":"selfhost"`} {
			if !strings.Contains(e, want) {
				t.Errorf("no %s in\n%s", want, e)
			}
		}
		for _, leak := range leaks() {
			if strings.Contains(e, leak) {
				t.Errorf("%s in\n%s", leak, e)
			}
		}
	}
	for _, leak := range leaks()[:8] { // the log is ours, and names the files of its machine
		if strings.Contains(tr.said.String(), leak) {
			t.Errorf("%s in the log: %s", leak, tr.said.String())
		}
	}
}

// panicIn is a clock that panics when it is read in a function.
func panicIn(function string) func() time.Time {
	return func() time.Time {
		pcs := make([]uintptr, 100)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
		for f, more := frames.Next(); ; f, more = frames.Next() {
			if strings.Contains(f.Function, function) {
				panic(errLeak)
			}
			if !more {
				return time.Now()
			}
		}
	}
}

func TestAPanicInAHandler(t *testing.T) {
	t.Parallel()
	tr := track(t)
	face := tr.With("layer", observe.HTTP)
	server := api.New("", face, nil,
		&slack.Handler{Secrets: []secret.Value{secret.New(leakToken)}, Log: face, Now: panicIn("Verify.func")},
		&install.Handler{ClientSecret: secret.New(leakToken), Log: face, Now: panicIn("(*Handler).claim")})
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPost, "/slack/events?email="+leakMail, strings.NewReader(`{"text":"`+leakText+`"}`)),
		httptest.NewRequest(http.MethodGet, "/slack/oauth/callback?state="+leakCookie+"&code="+leakCode, nil),
	} {
		r.Header.Set("X-Slack-Signature", leakSignature)
		r.Header.Set("X-Slack-Request-Timestamp", "1")
		r.Header.Set("Authorization", "Bearer "+leakToken)
		r.AddCookie(&http.Cookie{Name: "oauth", Value: leakCookie})
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError {
			t.Errorf("%s: answered %d %s", r.URL.Path, w.Code, w.Body)
		}
	}
	tr.wants(t, observe.HTTP, "Verify.func1.1", "(*Handler).claim")
}

// stores are real ones.
func stores(t *testing.T) (*postgres.Store, *keystore.Store) {
	t.Helper()
	appURL, _ := postgrestest.Main(t)
	keysURL, _ := postgrestest.Keystore(t)
	store, err := postgres.Open(t.Context(), appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	wrapper, err := seal.OpenLocal(file, true)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(t.Context(), keysURL, wrapper)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	return store, keys
}

// runUntil runs a part until something of it was reported.
func (tr *tracked) runUntil(t *testing.T, run func(context.Context)) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(tr.sentry.Envelopes()) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("nothing was reported")
		}
	}
	stop()
	<-ended // it went on after the panic
}

func TestAPanicInTheRelay(t *testing.T) {
	t.Parallel()
	tr := track(t)
	store, keys := stores(t)
	now := time.Now()
	d := postgres.Delivery{
		ID: helpdesk.NewInboxID(now), DeliveryID: "Ev1", Workspace: helpdesk.NewWorkspaceID(now), Kind: string(intake.KindUninstalled),
		Refs: []byte(`{"kind":"` + string(intake.KindUninstalled) + `","channel":"` + leakMail + `","at":"2026-11-27T10:00:00Z"}`), ReceivedAt: now,
	}
	d.Seal([]byte(leakText), seal.NewKey())
	if _, err := store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	relay := intake.NewRelay(intake.Relay{
		Store: store, Keys: keys, Metrics: observe.NewMetrics(), Log: tr.With("layer", observe.Relay), Now: panicIn("(*Relay).uninstall"),
	})
	tr.runUntil(t, relay.Run)
	tr.wants(t, observe.Relay, "(*Relay).uninstall.func1")
	if !strings.Contains(tr.sentry.Envelopes()[0], `"inbox_id":"`+d.ID.String()) {
		t.Error("the report does not say which delivery")
	}
	if claimed, err := store.ClaimDeliveries(t.Context(), now.Add(time.Hour), time.Minute, helpdesk.WorkspaceID{}, 10); err != nil || len(claimed) != 1 {
		t.Errorf("the delivery is not tried again: %v, %v", claimed, err)
	}
}

func TestAPanicInTheSweeper(t *testing.T) {
	t.Parallel()
	tr := track(t)
	store, keys := stores(t)
	s := &sweeper.Sweeper{Store: store, Keys: keys, Metrics: observe.NewMetrics(), Log: tr.With("layer", observe.Sweeper), Now: panicIn("(*Sweeper).SweepRuns")}
	tr.runUntil(t, s.Run)
	// The line that then says what is left undone is a report, too.
	tr.wants(t, observe.Sweeper, "(*Sweeper).SweepRuns", "(*Sweeper).Run.func1")
}

func TestAPanicInAnActivity(t *testing.T) {
	t.Parallel()
	tr := track(t)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(discreet{tr.Handler()})))
	env := suite.NewTestActivityEnvironment()
	acts := &activities.Activities{Log: tr.With("layer", observe.Activity), Now: panicIn("(*Activities).Purge")}
	env.RegisterActivity(acts)
	if _, err := env.ExecuteActivity(acts.Purge, names.PurgeInput{}); err == nil {
		t.Error("no error")
	}
	tr.wants(t, observe.Activity, "(*Activities).Purge")
}

// What a part of ours does to an activity is reported, what the world does to it is not.
func TestErrorsOfActivities(t *testing.T) {
	t.Parallel()
	tr := track(t)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(discreet{tr.Handler()})))
	env := suite.NewTestActivityEnvironment()
	fails := func(kind string) error {
		return temporal.NewApplicationErrorWithCause("ours", kind, io.ErrUnexpectedEOF)
	}
	env.RegisterActivity(fails)
	for _, kind := range []string{activities.FailureSlack, activities.FailureRateLimited, activities.FailureModel, activities.FailureUnavailable} {
		if _, err := env.ExecuteActivity(fails, kind); err == nil {
			t.Errorf("%s: no error", kind)
		}
	}
	tr.wants(t, observe.Activity, "ApplicationError")
}

func poisoned(workflow.Context) error { panic(errLeak) }

func poisonedAside(ctx workflow.Context) error {
	workflow.Go(ctx, func(workflow.Context) { panic(leakText) })
	return workflow.Sleep(ctx, time.Minute)
}

func TestAPanicInAWorkflow(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]func(workflow.Context) error{"poisoned": poisoned, "poisonedAside.func1": poisonedAside} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := track(t)
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(sdklog.NewStructuredLogger(slog.New(discreet{tr.Handler()})))
			env := suite.NewTestWorkflowEnvironment()
			env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&watch{log: tr.With("layer", observe.Workflow)}}})
			env.RegisterWorkflow(w)
			env.ExecuteWorkflow(w)
			if env.GetWorkflowError() == nil {
				t.Error("no error")
			}
			tr.wants(t, observe.Workflow, name)
		})
	}
}
