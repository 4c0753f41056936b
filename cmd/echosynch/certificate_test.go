package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// certificates writes two of one chain, and the key in both forms, into a directory.
func certificates(t *testing.T) (dir string) {
	t.Helper()
	s, err := certificate.NewSigner(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	pem, err := certificate.PEM(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	other, err := certificate.NewSigner(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	two, err := certificate.PEM(other.Public(), s.Public())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	files := map[string][]byte{
		"key.pem": pem, "two.pem": two, "key.txt": []byte(base64.StdEncoding.EncodeToString(s.Public()) + "\n"),
		"other.txt": []byte(base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))), "empty.json": nil,
	}
	previous := ""
	for n, name := range []string{"one.json", "two.json", "three.json"} {
		issued, err := s.Issue(certificate.Certificate{
			ID: helpdesk.NewCertificateID(), Workspace: helpdesk.WorkspaceID{1}, Number: int64(n) + 1, Previous: previous, Scope: helpdesk.ScopePurge,
			Started: at, Ended: at.Add(time.Hour), Times: map[string]time.Time{"keys_destroyed": at}, Counts: map[string]int64{"rows": 7},
			NotCovered: certificate.NotCovered(helpdesk.ScopePurge, at),
		})
		if err != nil {
			t.Fatal(err)
		}
		files[name], previous = issued.Document, issued.Hash
	}
	files["changed.json"] = bytes.Replace(files["one.json"], []byte(`"rows":7`), []byte(`"rows":9`), 1)
	files["cut.json"] = files["one.json"][:200]
	dir = t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCertificateVerify(t *testing.T) {
	t.Parallel()
	dir := certificates(t)
	for name, tt := range map[string]struct {
		files string
		key   string
		code  int
		says  string // to standard output where all is well, else to standard error
	}{
		"PEM":                 {"one.json", "key.pem", 0, "keys destroyed  2026-11-26T12:00:00Z"},
		"base64":              {"one.json", "key.txt", 0, "rows            7"},
		"what is not covered": {"one.json", "key.txt", 0, "not covered: Messages in Slack"},
		"a replaced key":      {"one.json", "two.pem", 0, "rows            7"},
		"a chain":             {"one.json two.json three.json", "key.pem", 0, "number 3 of its chain"},
		"a gap":               {"one.json three.json", "key.pem", 1, "the certificates are no unbroken chain: after number 1 comes 3"},
		"changed":             {"changed.json", "key.pem", 1, "the signature does not fit"},
		"one of two changed":  {"two.json changed.json", "key.pem", 1, "changed.json is refused: the signature does not fit"},
		"cut off":             {"cut.json", "key.pem", 1, "not a whole certificate"},
		"empty":               {"empty.json", "key.pem", 1, "not a whole certificate"},
		"another key":         {"one.json", "other.txt", 1, "signed with another key than the one given"},
		"no such file":        {"none.json", "key.pem", 1, "no such file"},
		"no such key":         {"one.json", "none.pem", 1, "read the public key"},
		"no key in the file":  {"one.json", "two.json", 1, "not an Ed25519 public key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"certificate", "verify"}
			for _, file := range strings.Fields(tt.files) {
				args = append(args, filepath.Join(dir, file))
			}
			got := execute(t.Context(), nil, append(args, "--key", filepath.Join(dir, tt.key))...)
			said := got.out
			if tt.code != 0 {
				said = got.errOut
			}
			if tt.code != 0 && got.out != "" {
				t.Errorf("shown although refused: %s", got.out)
			}
			if got.code != tt.code || !strings.Contains(said, tt.says) {
				t.Errorf("exit code %d, %s%s\nwant %d and %q", got.code, got.out, got.errOut, tt.code, tt.says)
			}
		})
	}
}

func TestCertificateVerifyUsage(t *testing.T) {
	t.Parallel()
	dir := certificates(t)
	for says, args := range map[string][]string{
		"takes the argument FILE, at least once": {"certificate", "verify", "--key", filepath.Join(dir, "key.pem")},
		"needs --key":                            {"certificate", "verify", filepath.Join(dir, "one.json")},
		"unknown flag: --kex":                    {"certificate", "verify", filepath.Join(dir, "one.json"), "--kex", "x"},
	} {
		if got := execute(t.Context(), nil, args...); got.code != exitUsage || !strings.Contains(got.errOut, says) {
			t.Errorf("%v: %+v, want %q", args, got, says)
		}
	}
}
