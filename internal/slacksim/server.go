// Package slacksim is a small Slack that runs in a process: one workspace, one app, Slack's HTTP on both sides. It is
// for development and tests. It is not a mock of our own types: whoever talks to it speaks Slack's protocol, and it signs
// what it sends.
//
// It serves the Web API under /api/, the consent page at /oauth/v2/authorize, a page for people at /, and controls under
// /sim/. A control takes JSON and answers {"ok":true,…}, or 400 with {"ok":false,"error"}:
//
//	post      {channel,user,text,thread_ts?,files?,subtype?,bot?,user_team?} → ts. files is a count, bot the name of another bot
//	edit      {channel,ts,text}
//	delete    {channel,ts}
//	react     {channel,ts,user,name}
//	click     {channel,message_ts,user,action_id,value?} on a message, {view_id,user,action_id,value?} on a view; no view_id: the Home
//	submit    {view_id,user,values} → response_action?, errors?; values by action id, or by block id and action id
//	close     {view_id,user}
//	command   {user,channel,command,text}
//	shortcut  {user,channel,message_ts,callback_id}
//	home      {user,tab?} opens the app's Home
//	invite, kick                     {channel,user?}; without a user, the app
//	archive, unarchive, remove       {channel}; remove deletes the channel
//	rename    {channel,name}
//	convert   {channel,private}
//	share     {channel,shared} opens the channel to another workspace
//	uninstall, reinstall             {}; reinstall {url?,user?} walks through the app's own install page
//	outage    {seconds} drops events
//	fault     {method,status?,error?,latency_ms?,after?,times?}
//	event     {event,repeat?} or {envelope,repeat?} signs and delivers, repeated copies in parallel
//	reset     {} returns to the seed world
//	state     GET; ?since=<rev> answers 204 while nothing changed
//
// A control answers once its events are handed to delivery, not once they have arrived; submit and command wait for the
// app's answer, as Slack's client does.
package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Config is what the simulator stands on. Client id, client secret and signing secret are the app's.
type Config struct {
	ClientID, ClientSecret, SigningSecret string
	// Manifest is the app's Slack manifest, JSON, version 2. Scopes, events and addresses come from it, as in Slack.
	// It may be set later, with [Server.SetManifest].
	Manifest []byte
	// StateFile keeps the world over a restart, live tokens included. Empty: memory only.
	StateFile string
	// Now is the clock of timestamps, not of delays. Nil: [time.Now].
	Now func() time.Time
	// RetryDelays are the waits before each repeated delivery of an event. Nil: Slack's, at once, 1 and 5 minutes.
	RetryDelays []time.Duration
	// Transport delivers to the app; a benchmark measures in it. Nil: [http.DefaultTransport].
	Transport http.RoundTripper
	// Record receives every body that passes, both ways, one a line. Nil: nowhere.
	Record io.Writer
	// Log receives failed deliveries and snapshots. Nil: nowhere.
	Log *slog.Logger
}

// Server is the simulated Slack. It is an [http.Handler]; Close ends it.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	client *http.Client

	recording sync.Mutex
	work      sync.WaitGroup
	ctx       context.Context // the life of the deliveries, ended by Close
	stop      context.CancelFunc

	mu       sync.Mutex // guards all below
	closed   bool
	world    *world
	manifest manifest
	faults   []*fault
	darkTill time.Time
	triggers map[string]trigger
	replies  map[string]origin // by the id in a response_url
	codes    map[string]*grant

	neighbours map[string]Neighbour // by token
	rev        int                  // counts changes
	saved      int                  // the rev in the snapshot
}

// New loads the snapshot, if there is one, and starts keeping it.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.RetryDelays == nil {
		cfg.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w, err := loadWorld(cfg.StateFile)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, world: w, client: newClient(cfg.Transport)}
	s.forget()
	if len(cfg.Manifest) > 0 {
		if err := s.SetManifest(cfg.Manifest); err != nil {
			return nil, err
		}
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.routes()
	s.work.Go(s.keep)
	return s, nil
}

// forget drops what no restart of Slack would keep: short-lived ids, faults, an outage.
func (s *Server) forget() {
	s.faults, s.darkTill = nil, time.Time{}
	s.triggers, s.replies, s.codes = map[string]trigger{}, map[string]origin{}, map[string]*grant{}
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/api/{method}", s.serveAPI)
	s.mux.HandleFunc("/oauth/v2/authorize", s.serveAuthorize)
	s.mux.HandleFunc("POST /response/{id}", s.serveResponse)
	s.mux.HandleFunc("GET /sim/state", s.serveState)
	s.mux.HandleFunc("POST /sim/{control}", s.serveControl)
	s.mux.Handle("/", page())
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// SetManifest configures the simulator from the app's manifest. An installed app keeps the scopes it was granted.
func (s *Server) SetManifest(b []byte) error {
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manifest = m
	s.rev++
	return nil
}

// Close stops deliveries, also those that wait for a retry, and writes the snapshot.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.work.Wait()
	return s.save()
}

// keep writes the snapshot soon after a change, so that a killed process loses little.
func (s *Server) keep() {
	if s.cfg.StateFile == "" {
		return
	}
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.save(); err != nil {
			s.cfg.Log.Error("snapshot not written", "err", err)
		}
	}
}

// background runs f until Close. The lock must be held, so that none starts after Close.
func (s *Server) background(f func()) {
	if !s.closed {
		s.work.Go(f)
	}
}

func (s *Server) record(direction string, body []byte) {
	if s.cfg.Record == nil || len(body) == 0 {
		return
	}
	s.recording.Lock()
	defer s.recording.Unlock()
	fmt.Fprintf(s.cfg.Record, "%s %s\n", direction, bytes.ReplaceAll(body, []byte("\n"), []byte(" ")))
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.record("answered", b)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b) //nolint:errcheck // the client went away
}
