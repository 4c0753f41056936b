package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/secret"
)

const all = config.API | config.Worker | config.Migrate | config.Operator | config.Manifest

// environment returns everything that every command needs in a mode; overrides replace single variables.
func environment(t *testing.T, env config.Env, overrides map[string]string) func(string) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{
		"ECHO_ENV":             string(env),
		"PUBLIC_URL":           "https://help.example.com/",
		"DATABASE_URL":         "postgres://app:marker1@db/echosynch?sslmode=verify-full",
		"DATABASE_ADMIN_URL":   "postgres://owner:marker2@db/echosynch?sslmode=verify-full",
		"KEYSTORE_URL":         "postgres://app:marker3@keys/keystore?sslmode=verify-full",
		"KEYSTORE_ADMIN_URL":   "postgres://owner:marker4@keys/keystore?sslmode=verify-full",
		"SLACK_CLIENT_ID":      "1.2",
		"SLACK_CLIENT_SECRET":  "marker5",
		"SLACK_SIGNING_SECRET": "marker6, marker7",
		"LOCAL_KMS_KEY_FILE":   key,

		"SENTRY_DSN":              "https://marker9@sentry.example.com/1",
		"CERTIFICATE_SIGNING_KEY": "marker8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	}
	maps.Copy(vars, overrides)
	return func(name string) string { return vars[name] }
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := config.Load(environment(t, config.Selfhost, nil), all)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Env: config.Selfhost, LogLevel: slog.LevelInfo,
		PublicURL: "https://help.example.com", ListenAddr: ":8080", AdminListenAddr: "127.0.0.1:8081",
		DatabaseURL:      secret.New("postgres://app:marker1@db/echosynch?sslmode=verify-full"),
		DatabaseAdminURL: secret.New("postgres://owner:marker2@db/echosynch?sslmode=verify-full"),
		KeystoreURL:      secret.New("postgres://app:marker3@keys/keystore?sslmode=verify-full"),
		KeystoreAdminURL: secret.New("postgres://owner:marker4@keys/keystore?sslmode=verify-full"),
		LocalKeyFile:     c.LocalKeyFile,
		Temporal:         config.Temporal{Address: "127.0.0.1:7233", Namespace: "echosynch"},
		Slack: config.Slack{
			ClientID: "1.2", ClientSecret: secret.New("marker5"),
			SigningSecrets: []secret.Value{secret.New("marker6"), secret.New("marker7")},
			APIURL:         "https://slack.com/api/",
		},
		Triage: config.TriageLexical,
		Gemini: config.Gemini{Location: "eu", Model: "gemini-3.5-flash-lite"},

		SentryDSN:       secret.New("https://marker9@sentry.example.com/1"),
		CertificateSeed: secret.New("marker8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		PurgeGrace:      30 * time.Minute,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("Load = %+v, want %+v", c, want)
	}
}

func TestLoadAccepts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env   config.Env
		vars  map[string]string
		check func(config.Config) bool
	}{
		"gemini by project": {
			config.Dev, map[string]string{"GEMINI_PROJECT": "p"},
			func(c config.Config) bool { return c.Triage == config.TriageGemini },
		},
		"lexical in spite of a project": {
			config.Dev, map[string]string{"GEMINI_PROJECT": "p", "TRIAGE_PROVIDER": "lexical"},
			func(c config.Config) bool { return c.Triage == config.TriageLexical },
		},
		"simulators in dev": {
			config.Dev, map[string]string{"SLACK_API_URL": "http://127.0.0.1:1/api", "GEMINI_BASE_URL": "http://127.0.0.1:2"},
			func(c config.Config) bool {
				return c.Slack.APIURL == "http://127.0.0.1:1/api/" && c.Gemini.BaseURL == "http://127.0.0.1:2"
			},
		},
		"clear connections in selfhost": {
			config.Selfhost, map[string]string{"DATABASE_URL": "postgres://db/x?sslmode=disable"},
			func(c config.Config) bool { return !c.DatabaseURL.IsZero() && !c.Temporal.TLS() },
		},
		"mutual TLS to Temporal": {
			config.Selfhost, map[string]string{"TEMPORAL_TLS_CERT": "c", "TEMPORAL_TLS_KEY": "k"},
			func(c config.Config) bool { return c.Temporal.TLS() },
		},
		"one signing secret": {
			config.Dev, map[string]string{"SLACK_SIGNING_SECRET": "one"},
			func(c config.Config) bool { return len(c.Slack.SigningSecrets) == 1 },
		},
		"two KMS keys": {
			config.Dev, map[string]string{"KMS_KEY_ID": "alias/new, alias/old", "LOCAL_KMS_KEY_FILE": ""},
			func(c config.Config) bool { return c.KMS.KeyID == "alias/new" && c.KMS.OtherKeyID == "alias/old" },
		},
		"two keys for certificates": {
			config.Dev, map[string]string{"CERTIFICATE_SIGNING_KEY": strings.Repeat("A", 43) + "=," + strings.Repeat("B", 42) + "A="},
			func(c config.Config) bool {
				return c.CertificateSeed.Reveal() == strings.Repeat("A", 43)+"=" && c.FormerCertificateSeed.Reveal() == strings.Repeat("B", 42)+"A="
			},
		},
		"level": {
			config.Dev, map[string]string{"LOG_LEVEL": "debug"},
			func(c config.Config) bool { return c.LogLevel == slog.LevelDebug },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(environment(t, tt.env, tt.vars), all)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(c) {
				t.Errorf("Load = %+v", c)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "shared")
	if err := os.WriteFile(shared, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env  config.Env
		vars map[string]string
		want string // the start of the one problem
	}{
		"unknown mode":            {"staging", nil, "ECHO_ENV: is not a known value; use one of [dev selfhost production]"},
		"no mode":                 {"", nil, "ECHO_ENV: is not set; set it to the mode"},
		"level":                   {config.Dev, map[string]string{"LOG_LEVEL": "loud"}, "LOG_LEVEL: is not a level; "},
		"no database":             {config.Dev, map[string]string{"DATABASE_URL": ""}, "DATABASE_URL: is not set; "},
		"database not by URL":     {config.Dev, map[string]string{"DATABASE_URL": "host=db password=marker"}, "DATABASE_URL: is not a postgres:// address; "},
		"database unreadable":     {config.Dev, map[string]string{"DATABASE_URL": "postgres://u:marker@db:x/"}, "DATABASE_URL: is not a postgres:// address; "},
		"table with a path":       {config.Dev, map[string]string{"KEYSTORE_URL": "dynamodb://marker/x"}, "KEYSTORE_URL: is neither a postgres:// address nor dynamodb://TABLE; "},
		"no table":                {config.Dev, map[string]string{"KEYSTORE_ADMIN_URL": "dynamodb://"}, "KEYSTORE_ADMIN_URL: is neither a postgres:// address nor dynamodb://TABLE; "},
		"key store not by URL":    {config.Dev, map[string]string{"KEYSTORE_URL": "postgres//u:marker@keys/x"}, "KEYSTORE_URL: is not a postgres:// address; "},
		"listen address":          {config.Dev, map[string]string{"LISTEN_ADDR": "8080"}, "LISTEN_ADDR: is not host:port; "},
		"listen address, no port": {config.Dev, map[string]string{"ADMIN_LISTEN_ADDR": "x:"}, "ADMIN_LISTEN_ADDR: is not host:port; "},
		"signing key too short":   {config.Dev, map[string]string{"CERTIFICATE_SIGNING_KEY": "bWFya2Vy"}, "CERTIFICATE_SIGNING_KEY: is not 32 bytes in base64; "},
		"signing key no base64":   {config.Dev, map[string]string{"CERTIFICATE_SIGNING_KEY": "?"}, "CERTIFICATE_SIGNING_KEY: is not 32 bytes in base64; "},
		"no project at Sentry":    {config.Dev, map[string]string{"SENTRY_DSN": "https://marker@sentry.example.com"}, "SENTRY_DSN: is no address of a Sentry project; "},
		"no key for Sentry":       {config.Dev, map[string]string{"SENTRY_DSN": "https://sentry.example.com/1"}, "SENTRY_DSN: is no address of a Sentry project; "},
		"a second one, no base64": {config.Dev, map[string]string{"CERTIFICATE_SIGNING_KEY": strings.Repeat("A", 43) + "=,?"}, "CERTIFICATE_SIGNING_KEY: is not 32 bytes in base64; "},
		"half a pair of keys":     {config.Dev, map[string]string{"CERTIFICATE_SIGNING_KEY": strings.Repeat("A", 43) + "=,"}, "CERTIFICATE_SIGNING_KEY: holds an empty part; "},
		"three KMS keys":          {config.Dev, map[string]string{"KMS_KEY_ID": "a,b,c"}, "KMS_KEY_ID: holds more than two parts; "},
		"grace below zero":        {config.Dev, map[string]string{"PURGE_GRACE": "-1s"}, "PURGE_GRACE: is not a time from 0 to 30m; "},
		"grace beyond the hour":   {config.Dev, map[string]string{"PURGE_GRACE": "31m"}, "PURGE_GRACE: is not a time from 0 to 30m; "},
		"grace without a unit":    {config.Dev, map[string]string{"PURGE_GRACE": "30"}, "PURGE_GRACE: is not a time from 0 to 30m; "},
		"public URL with a path":  {config.Dev, map[string]string{"PUBLIC_URL": "https://x/y"}, "PUBLIC_URL: is not an origin; "},
		"public URL, no scheme":   {config.Dev, map[string]string{"PUBLIC_URL": "x.example.com"}, "PUBLIC_URL: is not an origin; "},
		"three signing secrets":   {config.Dev, map[string]string{"SLACK_SIGNING_SECRET": "marker,b,c"}, "SLACK_SIGNING_SECRET: holds more than two secrets; "},
		"half a signing secret":   {config.Dev, map[string]string{"SLACK_SIGNING_SECRET": "marker,"}, "SLACK_SIGNING_SECRET: holds an empty secret; "},
		"Slack by file":           {config.Dev, map[string]string{"SLACK_API_URL": "file:///x"}, "SLACK_API_URL: is not an http address; "},
		"provider":                {config.Dev, map[string]string{"TRIAGE_PROVIDER": "oracle"}, "TRIAGE_PROVIDER: is not a known value; use one of [lexical gemini]"},
		"gemini, no project":      {config.Dev, map[string]string{"TRIAGE_PROVIDER": "gemini"}, "GEMINI_PROJECT: is not set, but TRIAGE_PROVIDER is gemini; "},
		"half of mutual TLS":      {config.Dev, map[string]string{"TEMPORAL_TLS_CERT": "c"}, "TEMPORAL_TLS_CERT: comes without TEMPORAL_TLS_KEY"},
		"no key file":             {config.Dev, map[string]string{"LOCAL_KMS_KEY_FILE": ""}, "LOCAL_KMS_KEY_FILE: is not set, and neither is KMS_KEY_ID; "},
		"key file missing":        {config.Dev, map[string]string{"LOCAL_KMS_KEY_FILE": "/nowhere"}, "LOCAL_KMS_KEY_FILE: is not a readable file; "},

		"key file shared":         {config.Selfhost, map[string]string{"LOCAL_KMS_KEY_FILE": shared}, "LOCAL_KMS_KEY_FILE: can be read by others; "},
		"Gemini simulator":        {config.Selfhost, map[string]string{"GEMINI_BASE_URL": "http://x"}, "GEMINI_BASE_URL: is set outside dev; "},
		"Slack in clear":          {config.Selfhost, map[string]string{"SLACK_API_URL": "http://slack.com/api/"}, "SLACK_API_URL: is not https on slack.com; "},
		"Slack elsewhere":         {config.Selfhost, map[string]string{"SLACK_API_URL": "https://evilslack.com/api/"}, "SLACK_API_URL: is not https on slack.com; "},
		"Slack in a strange port": {config.Selfhost, map[string]string{"SLACK_API_URL": "https://slack.com.evil/api/"}, "SLACK_API_URL: is not https on slack.com; "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(environment(t, tt.env, tt.vars), all)
			var problems config.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("error = %v, want one line that starts with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "marker") {
				t.Errorf("error shows a value: %v", err)
			}
		})
	}
}

func TestProductionDemandsKMSAndTLS(t *testing.T) {
	t.Parallel()
	whole := map[string]string{
		"TEMPORAL_TLS_SERVER_NAME": "temporal.example.com", "LOCAL_KMS_KEY_FILE": "", "KMS_KEY_ID": "alias/echo-synch",
		"KMS_ENDPOINT_URL": "https://kms.example.com", "PROXY_CIDRS": "10.0.0.0/24", "PROXY_HEADER": "X-Forwarded-For",
	}
	if c, err := config.Load(environment(t, config.Production, whole), all); err != nil || c.KMS.KeyID != "alias/echo-synch" {
		t.Errorf("with all that it demands: %+v, %v", c.KMS, err)
	}
	table := maps.Clone(whole)
	table["KEYSTORE_URL"], table["KEYSTORE_ADMIN_URL"] = "dynamodb://echosynch-keys", "dynamodb://echosynch-keys"
	if c, err := config.Load(environment(t, config.Production, table), all); err != nil || c.KeystoreURL.Reveal() != "dynamodb://echosynch-keys" {
		t.Errorf("with a table: %v", err)
	}
	_, err := config.Load(environment(t, config.Production, table), config.Drill)
	if err == nil || !strings.HasPrefix(err.Error(), "KEYSTORE_URL: names a table of DynamoDB; ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a drill with a table: %v", err)
	}
	for name, tt := range map[string]struct{ variable, value, want string }{
		"no key":         {"KMS_KEY_ID", "", "KMS_KEY_ID: is not set; "},
		"a file, too":    {"LOCAL_KMS_KEY_FILE", "/key", "LOCAL_KMS_KEY_FILE: is set beside KMS_KEY_ID; "},
		"clear tracker":  {"SENTRY_DSN", "http://marker@sentry.example.com/1", "SENTRY_DSN: is not https; "},
		"clear endpoint": {"KMS_ENDPOINT_URL", "http://kms.example.com", "KMS_ENDPOINT_URL: is not https; "},
	} {
		broken := maps.Clone(whole)
		broken[tt.variable] = tt.value
		_, err := config.Load(environment(t, config.Production, broken), all)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error = %v, want only %q", name, err, tt.want)
		}
	}

	_, err = config.Load(environment(t, config.Production, map[string]string{
		"PUBLIC_URL":         "http://help.example.com",
		"DATABASE_URL":       "postgres://db/x?sslmode=require",
		"DATABASE_ADMIN_URL": "postgres://db/x",
		"KEYSTORE_URL":       "postgres://keys/x?sslmode=disable",
		"KEYSTORE_ADMIN_URL": "postgres://keys/x?sslmode=verify-ca",
		"GEMINI_PROJECT":     "p",
		"GEMINI_LOCATION":    "europe-west2",
	}), all)
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error = %v", err)
	}
	var names []string
	for _, p := range problems {
		names = append(names, p.Name)
	}
	want := []string{
		"KMS_KEY_ID", "LOCAL_KMS_KEY_FILE", "PUBLIC_URL", "DATABASE_URL", "DATABASE_ADMIN_URL", "KEYSTORE_URL", "KEYSTORE_ADMIN_URL",
		"TEMPORAL_TLS_SERVER_NAME", "GEMINI_LOCATION", "TLS_CERT_FILE",
	}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("problems = %v, want %v", names, want)
	}
}

// Each command complains about what it needs and about nothing else.
func TestLoadAsksOnlyForWhatTheCommandNeeds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		need config.Need
		want []string
	}{
		"api": {config.API, []string{
			"ECHO_ENV", "PUBLIC_URL", "DATABASE_URL", "KEYSTORE_URL", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET",
			"CERTIFICATE_SIGNING_KEY",
		}},
		"worker":   {config.Worker, []string{"ECHO_ENV", "PUBLIC_URL", "DATABASE_URL", "KEYSTORE_URL", "CERTIFICATE_SIGNING_KEY"}},
		"migrate":  {config.Migrate, []string{"ECHO_ENV", "DATABASE_ADMIN_URL", "KEYSTORE_ADMIN_URL"}},
		"operator": {config.Operator, []string{"ECHO_ENV", "DATABASE_URL"}},
		"manifest": {config.Manifest, []string{"PUBLIC_URL"}},
		"eval":     {config.Evaluation, []string{"ECHO_ENV", "GEMINI_PROJECT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(func(string) string { return "" }, tt.need)
			var names []string
			for line := range strings.Lines(fmt.Sprint(err)) {
				name, _, _ := strings.Cut(line, ":")
				names = append(names, name)
			}
			if !reflect.DeepEqual(names, tt.want) {
				t.Errorf("asks for %v, want %v", names, tt.want)
			}
		})
	}
}

func TestHelpNamesEachVariable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := config.WriteHelp(&out, all); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range config.Variables(all) {
		if seen[v.Name] || v.Purpose == "" || !strings.Contains(out.String(), "  "+v.Name+" ") {
			t.Errorf("%s is listed twice, has no purpose or no line in the help", v.Name)
		}
		seen[v.Name] = true
	}
	for _, line := range []string{"(required, secret)", "(default :8080)"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("help lacks %q:\n%s", line, out.String())
		}
	}
}

// Secrets are told from the table: each variable that is marked secret holds a marker, and no way of printing shows it.
func TestConfigNeverPrintsSecrets(t *testing.T) {
	t.Parallel()
	getenv := environment(t, config.Dev, nil)
	c, err := config.Load(getenv, all)
	if err != nil {
		t.Fatal(err)
	}
	markers := 0
	for _, v := range config.Variables(all) {
		if strings.Contains(getenv(v.Name), "marker") != v.Secret {
			t.Errorf("%s: secret = %v, but its test value says otherwise", v.Name, v.Secret)
		}
		markers += strings.Count(getenv(v.Name), "marker")
	}
	if got := countSecrets(reflect.ValueOf(c)); got != markers {
		t.Errorf("Config holds %d secrets, the environment %d", got, markers)
	}

	wantSilence(t, c)
}

// countSecrets also fails to see a secret in an unexported field, which fmt would print: the count then falls short.
func countSecrets(v reflect.Value) int {
	if !v.CanInterface() {
		return 0
	}
	if s, ok := v.Interface().(secret.Value); ok {
		if s.IsZero() {
			return 0
		}
		return 1
	}
	n := 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += countSecrets(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += countSecrets(v.Index(i))
		}
	}
	return n
}
