package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Info is stack.json: where everything is, for other programs. TemporalMetrics is what Prometheus reads of the server;
// its counter "action" is what a hosted Temporal would bill.
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

// refreshInfo records the process that took the place of one that ended. The caller holds no child's lock.
func (s *Stack) refreshInfo() error {
	s.infoMu.Lock()
	defer s.infoMu.Unlock()
	if s.Info.API == "" {
		return nil // still starting; it is written once everything answers
	}
	s.Info.APIPID, s.Info.WorkerPID = s.api.pid(), s.worker.pid()
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
	CertificateSeed  string `json:"certificate_seed"`
}

func loadSecrets(path, keyFile string) (s secrets, err error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, fmt.Errorf("read %s: %w; delete the directory to begin anew", path, err)
		}
		if s.CertificateSeed != "" {
			return s, nil
		}
		s.CertificateSeed = randomKey() // the directory is older than certificates
		return s, writeJSON(path, s)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	if err := os.WriteFile(keyFile, []byte(randomKey()+"\n"), 0o600); err != nil {
		return s, fmt.Errorf("write wrapping key: %w", err)
	}
	s = secrets{
		PostgresPassword: rand.Text(), LoginPassword: rand.Text(), SigningSecret: rand.Text(), ClientSecret: rand.Text(), CertificateSeed: randomKey(),
	}
	return s, writeJSON(path, s)
}

// randomKey is 32 bytes in base64.
func randomKey() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails: it would end the process instead
	return base64.StdEncoding.EncodeToString(key)
}
