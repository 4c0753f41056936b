package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Info is stack.json: where everything is, for other programs.
type Info struct {
	API                string `json:"api"`
	Console            string `json:"console"`
	Slack              string `json:"slack"`
	Gemini             string `json:"gemini"`
	TemporalUI         string `json:"temporal_ui"`
	Temporal           string `json:"temporal"`
	TemporalNamespace  string `json:"temporal_namespace"`
	TemporalMetrics    string `json:"temporal_metrics"`
	DatabaseURL        string `json:"database_url"`
	KeystoreURL        string `json:"keystore_url"`
	DatabaseAdminURL   string `json:"database_admin_url"`
	KeystoreAdminURL   string `json:"keystore_admin_url"`
	SlackSigningSecret string `json:"slack_signing_secret"`
	APIPID             int    `json:"api_pid"`
	WorkerPID          int    `json:"worker_pid"`
}

func (s *Stack) writeInfo(context.Context) error {
	p := s.opt.Ports
	s.infoMu.Lock()
	defer s.infoMu.Unlock()
	s.Info = Info{
		API: origin(p.API), Console: origin(p.API) + "/console", Slack: origin(p.Slack), Gemini: origin(p.Gemini),
		TemporalUI: origin(p.TemporalUI), Temporal: local(p.Temporal), TemporalNamespace: namespace,
		TemporalMetrics: origin(p.TemporalMetrics) + "/metrics",
		DatabaseURL:     s.main.appURL, KeystoreURL: s.keys.appURL, DatabaseAdminURL: s.main.adminURL, KeystoreAdminURL: s.keys.adminURL,
		SlackSigningSecret: s.secrets.SigningSecret, APIPID: s.api.pid(), WorkerPID: s.worker.pid(),
	}
	return writeJSON(s.path("stack.json"), s.Info)
}

// refreshInfo records the process that took the place of one that ended.
func (s *Stack) refreshInfo(name string, pid int) error {
	s.infoMu.Lock()
	defer s.infoMu.Unlock()
	if s.Info.API == "" {
		return nil // still starting; it is written once everything answers
	}
	switch name {
	case "api":
		s.Info.APIPID = pid
	case "worker":
		s.Info.WorkerPID = pid
	}
	return writeJSON(s.path("stack.json"), s.Info)
}

func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(path+".new", path)
}

// secrets of this stack, made at its first start.
type secrets struct {
	PostgresPassword string `json:"postgres_password"`
	LoginPassword    string `json:"login_password"`
	SigningSecret    string `json:"signing_secret"`
	ClientSecret     string `json:"client_secret"`
}

func loadSecrets(path, keyFile string) (s secrets, err error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, fmt.Errorf("read %s: %w; delete the directory to begin anew", path, err)
		}
		return s, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails: it would end the process instead
	if err := os.WriteFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return s, fmt.Errorf("write wrapping key: %w", err)
	}
	s = secrets{PostgresPassword: rand.Text(), LoginPassword: rand.Text(), SigningSecret: rand.Text(), ClientSecret: rand.Text()}
	return s, writeJSON(path, s)
}

// writePID remembers a process, with the time it started, so that a later start can end it.
func (s *Stack) writePID(name string, pid int) error {
	started, err := startTime(pid)
	if err != nil {
		return nil // gone already, or no /proc here: there is nothing to remember
	}
	line := fmt.Sprintf("%d %s\n", pid, started)
	if err := os.WriteFile(s.path("pids", name+".pid"), []byte(line), 0o600); err != nil {
		return fmt.Errorf("remember process %d: %w", pid, err)
	}
	return nil
}

// endLeftovers ends what a killed parent left running, in the order of a stop. A process that is not the one
// remembered is left alone.
func (s *Stack) endLeftovers() error {
	if pid, ok := s.remembered("dev"); ok && pid != os.Getpid() {
		return fmt.Errorf("another make dev is running on %s (process %d): stop it first, or give another -dir", s.Dir, pid)
	}
	for _, name := range []string{"api", "worker", "postgres", "keystore"} {
		pid, ok := s.remembered(name)
		if !ok {
			continue
		}
		s.say("ending %s of an earlier start (process %d)", name, pid)
		if err := end(pid); err != nil {
			return fmt.Errorf("end %s (process %d): %w", name, pid, err)
		}
	}
	return s.writePID("dev", os.Getpid())
}

// remembered is the process of a pid file, if it is still the same one.
func (s *Stack) remembered(name string) (pid int, alive bool) {
	raw, err := os.ReadFile(s.path("pids", name+".pid"))
	if err != nil {
		return 0, false
	}
	id, started, _ := strings.Cut(strings.TrimSpace(string(raw)), " ")
	if pid, err = strconv.Atoi(id); err != nil {
		return 0, false
	}
	now, err := startTime(pid)
	return pid, err == nil && now == started
}

// end interrupts a process, and kills it if that does not help.
func end(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := process.Signal(os.Interrupt); errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	err = until(ctx, func() error {
		if process.Signal(syscall.Signal(0)) != nil {
			return nil
		}
		return errors.New("it does not end")
	})
	if err != nil {
		return process.Kill()
	}
	return nil
}

// startTime of a process, in the kernel's ticks: with the pid it names a process for good.
func startTime(pid int) (string, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(string(raw), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 || fields[0] == "Z" {
		return "", errors.New("no such process")
	}
	return fields[19], nil
}
