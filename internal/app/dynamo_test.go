package app_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/dynamosim"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// Both servers run with their keys in DynamoDB, and refuse a table that keeps what is deleted. Not in parallel: AWS's
// libraries read the environment of the process.
func TestServersWithKeysInDynamoDB(t *testing.T) {
	dynamo := dynamosim.New()
	good, bad := &dynamosim.Table{}, &dynamosim.Table{Recovery: true}
	dynamo.Create("keys", good)
	dynamo.Create("recoverable", bad)
	sim := httptest.NewServer(dynamo)
	t.Cleanup(sim.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_ENDPOINT_URL_DYNAMODB": sim.URL,
	} {
		t.Setenv(name, value)
	}
	cfg := servers(t)
	cfg.KeystoreURL = secret.New("dynamodb://keys")
	for message, run := range map[string]server{"api is up": app.API, "temporal does not answer; waiting": app.Worker} {
		p := start(t, run, cfg)
		p.logged(t, message)
		p.stop()
		if err := p.end(t); err != nil {
			t.Error(err)
		}
	}
	cfg.KeystoreURL = secret.New("dynamodb://recoverable")
	for _, run := range []server{app.API, app.Worker} {
		if err := start(t, run, cfg).end(t); !errors.Is(err, keystore.ErrBackups) {
			t.Errorf("got %v, want %v", err, keystore.ErrBackups)
		}
	}
	cfg.KeystoreAdminURL = secret.New("dynamodb://keys")
	var out bytes.Buffer
	err := app.Migrate(t.Context(), cfg, &out) // which then lacks the other address
	if err == nil || !strings.Contains(out.String(), "key store: a table of DynamoDB has no migrations\n") {
		t.Errorf("%v: %s", err, &out)
	}
}
