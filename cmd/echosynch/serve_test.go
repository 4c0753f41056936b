package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	_, admin := postgrestest.Main(t)
	_, keys := postgrestest.Keystore(t)
	e := environ{"ECHO_ENV": "selfhost", "DATABASE_ADMIN_URL": address(admin), "KEYSTORE_ADMIN_URL": address(keys)}
	if got := execute(t.Context(), e, "migrate"); got != (result{0, "key store: up to date\nmain database: up to date\n", ""}) {
		t.Errorf("%+v", got)
	}
}

// A server that is told to stop has not failed, and what it says goes to standard error.
func TestInterruptIsNoFailure(t *testing.T) {
	t.Parallel()
	for words, says := range map[string]string{"api": "api is up", "worker": "temporal does not answer; waiting"} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			database, _ := postgrestest.Main(t)
			keys, _ := postgrestest.KeystoreApart(t)
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(seal.NewKey().Bytes())), 0o600); err != nil {
				t.Fatal(err)
			}
			e := environ{
				"ECHO_ENV": "selfhost", "PUBLIC_URL": "https://help.example.com", "LISTEN_ADDR": "127.0.0.1:0", "ADMIN_LISTEN_ADDR": "127.0.0.1:0",
				"DATABASE_URL": address(database), "KEYSTORE_URL": address(keys), "LOCAL_KMS_KEY_FILE": file, "TEMPORAL_ADDRESS": "127.0.0.1:1",
				"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "s3cr3t-client", "SLACK_SIGNING_SECRET": "s3cr3t-signing",
				"CERTIFICATE_SIGNING_KEY": base64.StdEncoding.EncodeToString(seal.NewKey().Bytes()),
			}
			ctx, interrupt := context.WithTimeout(t.Context(), 30*time.Second)
			defer interrupt()
			var out bytes.Buffer
			errOut := &watcher{text: says, then: interrupt}
			code := run(ctx, []string{words}, e.get, &out, errOut)
			if code != 0 || errOut.then != nil || out.Len() > 0 || strings.Contains(errOut.all.String(), "s3cr3t") {
				t.Errorf("exit code %d\nstandard output: %s\nstandard error: %s", code, &out, &errOut.all)
			}
		})
	}
}

// watcher is a writer that runs a function once, when a text has passed.
type watcher struct {
	mu   sync.Mutex
	text string
	then func()
	all  bytes.Buffer
}

func (w *watcher) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.Write(b)
	if w.then != nil && strings.Contains(w.all.String(), w.text) {
		w.then()
		w.then = nil
	}
	return len(b), nil
}
