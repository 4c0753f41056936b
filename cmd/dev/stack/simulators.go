package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// startSimulators starts Slack, with the app's own manifest, and Gemini.
func (s *Stack) startSimulators(ctx context.Context) error {
	s.say("starting the simulators of Slack and Gemini")
	manifest, err := s.Run(ctx, "manifest")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.path("slack.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	stateFile := s.path("slack.json")
	if s.opt.Volatile {
		stateFile = ""
	}
	s.Slack, err = slacksim.New(slacksim.Config{
		ClientID: "1000.2000", ClientSecret: s.secrets.ClientSecret, SigningSecret: s.secrets.SigningSecret,
		Manifest: manifest, StateFile: stateFile, RetryDelays: s.opt.RetryDelays, Record: s.opt.Record, Transport: s.opt.SlackTransport,
		Log: slog.New(slog.NewTextHandler(log, nil)), // deliveries given up, too: an app that was down for all of them looks like a loss
	})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	s.Gemini = geminisim.New(geminisim.Config{Record: s.opt.Record})
	s.onStop("simulators", func(ctx context.Context) error { return errors.Join(s.stopSimulators(ctx), log.Close()) })
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
