package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/ssmsim"
)

// Every command finds its settings in the Parameter Store, where SSM_PATH names a path, and the log says what looks wrong there.
func TestSettingsFromTheParameterStore(t *testing.T) {
	sim := ssmsim.New()
	sim.Put("/test/PUBLIC_URL", "https://stored.example.com")
	sim.Put("/test/PUBLIC_URI", "s3cr3t")
	server := httptest.NewServer(sim)
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_ENDPOINT_URL_SSM": server.URL,
	} {
		t.Setenv(name, value)
	}
	e := environ{"ECHO_ENV": "dev", "SSM_PATH": "/test"}
	got := execute(t.Context(), e, "manifest")
	if got.code != 0 || !strings.Contains(got.out, "https://stored.example.com/slack/events") {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.errOut, `"name":"PUBLIC_URI"`) || strings.Contains(got.errOut, "s3cr3t") {
		t.Errorf("log: %s", got.errOut)
	}
	sim.Refuse("/test", "AccessDeniedException")
	got = execute(t.Context(), e, "migrate")
	if got.code != exitFailed || !strings.Contains(got.errOut, "\nSSM_PATH: cannot be read: AccessDeniedException; ") || strings.Contains(got.errOut, "is not set") {
		t.Errorf("%+v", got)
	}
}
