package slackapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"testing"

	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// What we ask customers for. A change of this list needs every installed workspace to authorise again.
func TestBotScopes(t *testing.T) {
	t.Parallel()
	want := []string{"channels:history", "channels:read", "chat:write", "groups:history", "groups:read", "users:read"}
	if got := slackapi.BotScopes(); !slices.Equal(got, want) {
		t.Errorf("scopes %v, want %v", got, want)
	}
}

func TestTablesAreComplete(t *testing.T) {
	t.Parallel()
	for _, table := range [][]slackapi.Use{slackapi.Methods(), slackapi.Events()} {
		seen := map[string]bool{}
		for _, u := range table {
			if u.Reason == "" {
				t.Errorf("%s has no reason", u.Name)
			}
			if seen[u.Name] {
				t.Errorf("%s stands twice", u.Name)
			}
			seen[u.Name] = true
		}
	}
}

// The table says what we call: no more, and no less.
func TestEveryMethodOfTheTableIsCalled(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	called := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		called[path.Base(r.URL.Path)] = true
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	for _, c := range calls() {
		if err := c.call(t.Context(), slackapi.New(server.URL+"/api/", nil)); err == nil {
			t.Errorf("%s took a 503 for an answer", c.method)
		}
	}
	for _, u := range slackapi.Methods() {
		if !called[u.Name] {
			t.Errorf("%s is in the table and nobody calls it", u.Name)
		}
		delete(called, u.Name)
	}
	if len(called) > 0 {
		t.Errorf("called and not in the table: %v", called)
	}
}

// A base address that leads elsewhere makes a method that is not in the table; nothing may leave.
func TestUnlistedMethodIsRefusedBeforeAnyByteLeaves(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was called", r.URL.Path)
	}))
	t.Cleanup(server.Close)
	for _, c := range calls() {
		err := c.call(t.Context(), slackapi.New(server.URL+"/api/admin.", nil))
		if !errors.Is(err, slackapi.ErrMethod) {
			t.Errorf("%s: %v, want ErrMethod", c.method, err)
		}
	}
}

// A redirect would carry the token to wherever it points.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed to %s", r.URL.Path)
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	for _, c := range calls() {
		if err := c.call(t.Context(), slackapi.New(server.URL+"/api/", nil)); err == nil {
			t.Errorf("%s took a redirect for an answer", c.method)
		}
	}
}
