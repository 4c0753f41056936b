package provider_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/provider"
)

const project = "echo-synch-eu"

type bundle struct {
	url  string
	ours *provider.Ours
}

func setup(t *testing.T) *bundle {
	t.Helper()
	server := httptest.NewServer(geminisim.New(geminisim.Config{}))
	t.Cleanup(server.Close)
	model, err := gemini.New(t.Context(), gemini.Config{Project: project, Location: "eu", Model: "gemini-3.5-flash-lite", BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{server.URL, provider.NewOurs(model)}
}

func (b *bundle) control(t *testing.T, name, body string) {
	t.Helper()
	res, err := http.Post(b.url+"/sim/"+name, "application/json", strings.NewReader(body)) //nolint:noctx // local
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", body, res, err)
	}
	_ = res.Body.Close() // only its status was wanted
}

// asks sends a message by the way of a workspace that has chosen nothing, and tells what kept it.
func (b *bundle) asks(t *testing.T) helpdesk.NoModel {
	t.Helper()
	router := &provider.Router{Ours: b.ours}
	route, err := router.Route(t.Context(), provider.Wish{})
	if err != nil || route.None() || route.Own() {
		t.Fatalf("%+v, %v", route, err)
	}
	_, _, err = route.Triage(t.Context(), "VPN drops", helpdesk.StarterTaxonomy())
	var absent *provider.Failure
	if errors.As(err, &absent) {
		return absent.Why
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

// Nothing is sent before the model has answered and its project has been seen not to cache; being down disproves nothing.
func TestOursIsProvedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if why := b.asks(t); why != helpdesk.ModelUnavailable {
		t.Errorf("before any proof: %q", why)
	}
	for _, step := range []struct {
		name, control, body string
		want                error // nil: proved
		then                helpdesk.NoModel
	}{
		{"down", "fault", `{"mode":"down"}`, gemini.ErrUnavailable, helpdesk.ModelUnavailable},
		{"refused", "fault", `{"mode":"forbidden"}`, provider.ErrProject, helpdesk.ModelUnavailable},
		{"caching", "cache", `{"project":"echo-synch-eu"}`, provider.ErrCaching, helpdesk.ModelUnavailable},
		{"may not look", "cache", `{"project":"echo-synch-eu","refused":true}`, provider.ErrCaching, helpdesk.ModelUnavailable},
		{"well", "cache", `{"project":"echo-synch-eu","disabled":true}`, nil, ""},
		{"down since", "fault", `{"mode":"down"}`, gemini.ErrUnavailable, ""},
		{"caching since", "cache", `{"project":"echo-synch-eu"}`, provider.ErrCaching, helpdesk.ModelUnavailable},
	} {
		b.control(t, step.control, step.body)
		err := b.ours.Prove(t.Context())
		if !errors.Is(err, step.want) || (err == nil) != (step.want == nil) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
		if why := b.asks(t); why != step.then {
			t.Errorf("%s: then %q, want %q", step.name, why, step.then)
		}
	}
	err := b.ours.Prove(t.Context())
	if want := b.url + "/v1/projects/echo-synch-eu/cacheConfig {"; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"disableCache":true`) {
		t.Errorf("%v does not say what to do", err)
	}
}
