package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"
)

// appUser is the app's own account in the simulated workspace; it is there from the first install on.
const appUser = "U0ECHOBOT"

// Seed makes Acme again what it is after the start, where the app was uninstalled.
func (s *Stack) Seed(ctx context.Context) error { return s.seed(ctx) }

// seed installs the app in Acme as a browser does, names the staff channel, invites the app and makes Dana an agent;
// once. Each step may run again, so a seed cut short is completed at the next start.
func (s *Stack) seed(ctx context.Context) error {
	if seeded, err := s.seeded(ctx); err != nil || seeded {
		return err
	}
	s.say("installing the app in the simulated workspace Acme")
	if err := s.install(ctx); err != nil {
		return err
	}
	if _, err := s.Run(ctx, "workspace", "staff-channel", "T0ACME", "C0ITSTAFF"); err != nil {
		return err
	}
	for _, channel := range []string{"C0ITSTAFF", "C0ITHELP"} {
		if _, err := s.Control(ctx, "invite", map[string]any{"channel": channel}); err != nil {
			return err
		}
	}
	_, err := s.Run(ctx, "agent", "add", "T0ACME", "U0DANA")
	return err
}

// seeded reports whether the product and the simulated Slack both know of the install. Dana is the last step of it.
func (s *Stack) seeded(ctx context.Context) (bool, error) {
	agents, err := s.Run(ctx, "agent", "list", "T0ACME")
	if err != nil || !bytes.Contains(agents, []byte("U0DANA")) {
		return false, nil //nolint:nilerr // that is how an unknown workspace is told
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin(s.opt.Ports.Slack)+"/sim/state", nil)
	if err != nil {
		return false, fmt.Errorf("read the simulated workspace: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, fmt.Errorf("read the simulated workspace: %w", err)
	}
	defer response.Body.Close() // it was only read
	var world struct {
		Users []struct{ ID string }
	}
	if err := json.NewDecoder(response.Body).Decode(&world); err != nil {
		return false, fmt.Errorf("read the simulated workspace: %w", err)
	}
	for _, u := range world.Users {
		if u.ID == appUser {
			return true, nil
		}
	}
	return false, nil
}

// install walks through OAuth: our start page, Slack's consent page, and back.
func (s *Stack) install(ctx context.Context) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/oauth/v2/authorize" { // press Allow, as Alex
			q := r.URL.Query()
			q.Set("sim_user", "U0ALEX")
			q.Set("sim_allow", "1")
			r.URL.RawQuery = q.Encode()
		}
		return nil
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin(s.opt.Ports.API)+"/slack/install", nil)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	response, err := browser.Do(request)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if response.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("is installed")) {
		return fmt.Errorf("install ended at %s with status %d", response.Request.URL.Path, response.StatusCode) // no query: it holds the code
	}
	return nil
}
