package config_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/ssmsim"
)

// sim is the Parameter Store of all tests; each has a path of its own.
var sim = ssmsim.New()

// TestMain tells AWS's libraries where the stand-in is; it checks no signature.
func TestMain(m *testing.M) {
	server := httptest.NewServer(sim)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_ENDPOINT_URL_SSM": server.URL,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// stored is an environment whose named settings stand in the Parameter Store instead.
func stored(t *testing.T, path string, overrides map[string]string, names ...string) func(string) string {
	t.Helper()
	getenv := environment(t, config.Selfhost, overrides)
	for _, name := range names {
		sim.Put(path+"/"+name, getenv(name))
	}
	return func(name string) string {
		switch {
		case name == "SSM_PATH":
			return path
		case slices.Contains(names, name):
			return ""
		}
		return getenv(name)
	}
}

// secrets are the variables that hold one.
func secrets() (names []string) {
	for _, v := range config.Variables(all) {
		if v.Secret {
			names = append(names, v.Name)
		}
	}
	return names
}

func TestLoadStored(t *testing.T) {
	t.Parallel()
	const path = "/test/all"
	getenv := stored(t, path, nil, append(secrets(), "PUBLIC_URL")...)
	sim.Put("/test/all/below/DATABASE_URL", "postgres://of-another-path/x")
	sim.Put("/test/allied/DATABASE_URL", "postgres://of-another-path/x")
	c, remarks, err := config.LoadStored(t.Context(), getenv, all)
	if err != nil || len(remarks) > 0 {
		t.Fatalf("%v, remarks %v", err, remarks)
	}
	if c.PublicURL != "https://help.example.com" || !strings.Contains(c.DatabaseURL.Reveal(), "marker1@db") || len(c.Slack.SigningSecrets) != 2 {
		t.Errorf("loaded %+v", c)
	}
	if pages := sim.Calls(path); pages < 2 {
		t.Errorf("asked for %d pages: the test needs more", pages)
	}
	wantSilence(t, c)
}

func TestLoadStoredWithoutAPathAsksNobody(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, remarks, err := config.LoadStored(ended, environment(t, config.Selfhost, nil), all); err != nil || len(remarks) > 0 {
		t.Errorf("%v, %v", err, remarks)
	}
}

// The environment's value counts, and both mistakes are told, without values.
func TestLoadStoredRemarks(t *testing.T) {
	t.Parallel()
	const path = "/test/remarks"
	getenv := stored(t, path, nil, "SLACK_SIGNING_SECRET")
	sim.Put(path+"/SLACK_CLIENT_SECRET", "marker of the store")
	sim.Put(path+"/SLACK_SIGNING_SECRETS", "marker of the store")
	sim.Put(path+"/SSM_PATH", "/marker")
	c, remarks, err := config.LoadStored(t.Context(), getenv, all)
	if err != nil || c.Slack.ClientSecret.Reveal() != "marker5" {
		t.Errorf("%v, client secret of %v", err, c.Slack.ClientSecret.Reveal())
	}
	want := []string{"SLACK_CLIENT_SECRET: stands in the environment and ", "SLACK_SIGNING_SECRETS: stands under SSM_PATH, but ", "SSM_PATH: stands under SSM_PATH, but "}
	wantProblems(t, remarks, want...)

	// Where something else is wrong, they may be why.
	broken := func(name string) string {
		if name == "LISTEN_ADDR" {
			return "8080"
		}
		return getenv(name)
	}
	_, remarks, err = config.LoadStored(t.Context(), broken, all)
	if len(remarks) > 0 {
		t.Errorf("remarks beside an error: %v", remarks)
	}
	wantProblems(t, err, append([]string{"LISTEN_ADDR: is not host:port"}, want...)...)
}

// What is wrong with the Parameter Store is told together with what is wrong with the environment, and nothing is called
// missing that may stand there.
func TestLoadStoredRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path  string
		kinds []string
		want  string
	}{
		"no access":         {"/test/denied", []string{"AccessDeniedException"}, "SSM_PATH: cannot be read: AccessDeniedException; allow this role"},
		"key out of reach":  {"/test/key", []string{"InvalidKeyId"}, "SSM_PATH: cannot be read: InvalidKeyId; the KMS key"},
		"throttled":         {"/test/throttled", slices.Repeat([]string{"ThrottlingException"}, 9), "SSM_PATH: cannot be read: ThrottlingException; AWS has had"},
		"something new":     {"/test/new", []string{"TeapotException"}, "SSM_PATH: cannot be read: TeapotException; see"},
		"nothing there":     {"/test/none", nil, "SSM_PATH: names a path without parameters; "},
		"no path":           {"test", nil, "SSM_PATH: is not a path; "},
		"everything":        {"/", nil, "SSM_PATH: is not a path; "},
		"broken in between": {"/test/between", []string{"", "ThrottlingException", "AccessDeniedException"}, "SSM_PATH: cannot be read: AccessDeniedException; "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim.Refuse(tt.path, tt.kinds...)
			getenv := stored(t, tt.path, map[string]string{"LISTEN_ADDR": "8080", "PUBLIC_URL": "marker"})
			_, _, err := config.LoadStored(t.Context(), func(name string) string {
				if name == "SLACK_SIGNING_SECRET" || name == "LOCAL_KMS_KEY_FILE" {
					return ""
				}
				return getenv(name)
			}, all)
			wantProblems(t, err, tt.want, "PUBLIC_URL: is not an origin", "LISTEN_ADDR: is not host:port")
		})
	}
}

// A Parameter Store that stumbles is asked again; one that hangs does not keep the process for long.
func TestLoadStoredInBadTimes(t *testing.T) {
	t.Parallel()
	t.Run("stumbles", func(t *testing.T) {
		t.Parallel()
		const path = "/test/stumbles"
		getenv := stored(t, path, nil, secrets()...)
		sim.Refuse(path, "ThrottlingException", "", "InternalServerError")
		if c, _, err := config.LoadStored(t.Context(), getenv, all); err != nil || c.CertificateSeed.IsZero() {
			t.Error(err)
		}
	})
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		const path = "/test/hangs"
		getenv := stored(t, path, nil, secrets()...)
		sim.Refuse(path, slices.Repeat([]string{"hang"}, 99)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := config.LoadStored(ctx, getenv, all)
		wantProblems(t, err, "SSM_PATH: cannot be read: no answer; ")
	})
}

func TestLoadStoredNeverInClear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"} {
		path := "/test/clear/" + name
		_, _, err := config.LoadStored(t.Context(), func(asked string) string {
			return map[string]string{"ECHO_ENV": "production", "SSM_PATH": path, name: "http://marker"}[asked]
		}, config.Manifest)
		wantProblems(t, err, name+": is not https; ")
		if sim.Calls(path) > 0 {
			t.Error("asked in clear")
		}
	}
}

// wantProblems wants these beginnings, one each, and no value.
func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	problems, ok := errors.AsType[config.Problems](err)
	if !ok || len(problems) != len(want) {
		t.Fatalf("got %v, want %q", err, want)
	}
	for i, line := range strings.Split(problems.Error(), "\n") {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("got %q, want %q", line, want[i])
		}
	}
	if strings.Contains(problems.Error(), "marker") {
		t.Errorf("shows a value: %v", problems)
	}
}
