package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"time"

	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// startSimulators starts Slack, with the app's own manifest, and Gemini.
func (s *Stack) startSimulators(ctx context.Context) error {
	s.say("starting the simulators of Slack and Gemini")
	manifest, err := s.run(ctx, "manifest")
	if err != nil {
		return err
	}
	s.Slack, err = slacksim.New(slacksim.Config{
		ClientID: "1000.2000", ClientSecret: s.secrets.ClientSecret, SigningSecret: s.secrets.SigningSecret,
		Manifest: manifest, StateFile: s.path("slack.json"), RetryDelays: s.opt.RetryDelays, Record: s.opt.Record,
	})
	if err != nil {
		return err
	}
	s.Gemini = geminisim.New(geminisim.Config{Record: s.opt.Record})
	s.onStop("simulators", s.stopSimulators)
	for port, handler := range map[int]http.Handler{s.opt.Ports.Slack: s.Slack, s.opt.Ports.Gemini: s.Gemini} {
		if err := s.serve(ctx, port, handler); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) serve(ctx context.Context, port int, h http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", local(port))
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", port, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }() // it ends with Close
	return nil
}

func (s *Stack) stopSimulators(context.Context) error {
	for _, server := range s.servers {
		_ = server.Close() // whoever still asks is ours
	}
	return s.Slack.Close()
}

// seed installs the app in Acme as a browser does, names the staff channel, invites the app and makes Dana an agent;
// once.
func (s *Stack) seed(ctx context.Context) error {
	if installed, err := s.run(ctx, "agent", "list", "T0ACME"); err == nil && bytes.Contains(installed, []byte("U0DANA")) {
		return nil
	}
	s.say("installing the app in the simulated workspace Acme")
	if err := s.install(ctx); err != nil {
		return err
	}
	if _, err := s.run(ctx, "workspace", "staff-channel", "T0ACME", "C0ITSTAFF"); err != nil {
		return err
	}
	for _, channel := range []string{"C0ITSTAFF", "C0ITHELP"} {
		if _, err := s.Control(ctx, "invite", map[string]any{"channel": channel}); err != nil {
			return err
		}
	}
	_, err := s.run(ctx, "agent", "add", "T0ACME", "U0DANA")
	return err
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
	if err != nil || response.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("is installed")) {
		return fmt.Errorf("install ended at %s with status %d: %w", (&url.URL{Path: response.Request.URL.Path}).String(), response.StatusCode, err)
	}
	return nil
}

// Control calls a control of the simulated Slack and returns its answer.
func (s *Stack) Control(ctx context.Context, name string, args map[string]any) (map[string]any, error) {
	return call(ctx, origin(s.opt.Ports.Slack)+"/sim/"+name, args)
}

// GeminiControl calls a control of the simulated Gemini.
func (s *Stack) GeminiControl(ctx context.Context, name string, args map[string]any) (map[string]any, error) {
	return call(ctx, origin(s.opt.Ports.Gemini)+"/sim/"+name, args)
}

func call(ctx context.Context, address string, args map[string]any) (map[string]any, error) {
	body, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if answer["ok"] != true {
		return answer, fmt.Errorf("%s: %v", address, answer["error"])
	}
	return answer, nil
}

// run runs a command of the product and returns what it prints.
func (s *Stack) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, s.binary, args...)
	command.Env = environ(s.environment())
	var errOut bytes.Buffer
	command.Stderr = &errOut
	out, err := command.Output()
	if err != nil {
		return out, fmt.Errorf("echosynch %s: %w: %s", args[0], err, bytes.TrimSpace(errOut.Bytes()))
	}
	return out, nil
}
