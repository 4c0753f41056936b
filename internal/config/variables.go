package config

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/echo-synch/echo-synch/internal/secret"
)

// Variable describes one environment variable. The table of them drives [Load], [WriteHelp] and the test of the compose file.
type Variable struct {
	// Name in the environment.
	Name string
	// Default is used when the variable is empty or not set.
	Default string
	// Purpose completes "set it to ...".
	Purpose string
	// Secret is true when the value may not be shown.
	Secret bool
	// ReadBy are the commands that read it.
	ReadBy Need
	// RequiredBy are the commands that cannot do without it.
	RequiredBy Need

	// set parses a value that is not empty into its field. The zero Problem means success.
	set func(*Config, string) Problem
}

// Variables returns the variables that a command reads, in the order of the documentation.
func Variables(need Need) []Variable {
	return slices.DeleteFunc(variables(), func(v Variable) bool { return v.ReadBy&need == 0 })
}

// WriteHelp prints the variables that a command reads, one a line, for its --help.
func WriteHelp(w io.Writer, need Need) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range Variables(need) {
		fmt.Fprintf(t, "  %s\t%s%s\n", v.Name, v.Purpose, v.note(need))
	}
	return t.Flush()
}

func (v Variable) note(need Need) string {
	var notes []string
	if v.RequiredBy&need != 0 && v.Default == "" {
		notes = append(notes, "required")
	}
	if v.Default != "" {
		notes = append(notes, "default "+v.Default)
	}
	if v.Secret {
		notes = append(notes, "secret")
	}
	if notes == nil {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

func variables() []Variable {
	return append([]Variable{
		{Name: "ECHO_ENV", Purpose: "the mode: dev, selfhost or production",
			ReadBy: everyone &^ Manifest, RequiredBy: everyone &^ Manifest,
			set: oneOf(func(c *Config) *Env { return &c.Env }, Dev, Selfhost, Production)},
		{Name: "SSM_PATH", Purpose: "the path in AWS's Parameter Store of the settings that the environment does not hold, such as /echo-synch/production",
			ReadBy: everyone, set: func(*Config, string) Problem { return Problem{} }}, // LoadStored has followed it
		{Name: "LOG_LEVEL", Default: "info", Purpose: "the lowest level to log: debug, info, warn or error",
			ReadBy: everyone &^ Manifest, set: setLevel},

		{Name: "PUBLIC_URL", Purpose: "the origin browsers and Slack reach, such as https://help.example.com",
			ReadBy: servers | Manifest | Operator, RequiredBy: servers | Manifest,
			set: origin(func(c *Config) *string { return &c.PublicURL })},
		{Name: "LISTEN_ADDR", Default: ":8080", Purpose: "the host:port to serve the public on",
			ReadBy: API, set: hostPort(func(c *Config) *string { return &c.ListenAddr })},
		{Name: "ADMIN_LISTEN_ADDR", Default: "127.0.0.1:8081", Purpose: "the private host:port for metrics, profiles and health",
			ReadBy: servers, set: hostPort(func(c *Config) *string { return &c.AdminListenAddr })},

		{Name: "DATABASE_URL", Purpose: "the postgres:// address of the main database, application role", Secret: true,
			ReadBy: servers | Operator | restores, RequiredBy: servers | Operator | restores,
			set: postgres(func(c *Config) *secret.Value { return &c.DatabaseURL })},
		{Name: "DATABASE_ADMIN_URL", Purpose: "the postgres:// address of the main database, migrating role", Secret: true,
			ReadBy: Migrate, RequiredBy: Migrate,
			set: postgres(func(c *Config) *secret.Value { return &c.DatabaseAdminURL })},
		{Name: "KEYSTORE_URL", Purpose: "the postgres:// address of the key store, application role; or dynamodb://TABLE", Secret: true,
			ReadBy: servers | Operator | restores, RequiredBy: servers | restores,
			set: keystore(func(c *Config) *secret.Value { return &c.KeystoreURL })},
		{Name: "KEYSTORE_ADMIN_URL", Purpose: "the postgres:// address of the key store, migrating role; or dynamodb://TABLE, which has no migrations", Secret: true,
			ReadBy: Migrate, RequiredBy: Migrate,
			set: keystore(func(c *Config) *secret.Value { return &c.KeystoreAdminURL })},
		{Name: "LOCAL_KMS_KEY_FILE", Purpose: "the path of the wrapping key, a file of mode 0600, with a second line during a change; dev and selfhost, in place of KMS_KEY_ID",
			ReadBy: servers | Operator | restores, set: text(func(c *Config) *string { return &c.LocalKeyFile })},
		{Name: "KMS_KEY_ID", Purpose: "the id, ARN or alias of the wrapping key in AWS KMS; two, separated by a comma, during a change",
			ReadBy: servers | Operator | restores, set: setKMSKeys},
		{Name: "KMS_ENDPOINT_URL", Purpose: "the address of KMS, where it is not AWS's own",
			ReadBy: servers | Operator | restores, set: origin(func(c *Config) *string { return &c.KMS.Endpoint })},

		{Name: "TEMPORAL_ADDRESS", Default: "127.0.0.1:7233", Purpose: "the host:port of the Temporal frontend",
			ReadBy: servers | Operator | Reconcile, set: hostPort(func(c *Config) *string { return &c.Temporal.Address })},
		{Name: "TEMPORAL_NAMESPACE", Default: "echosynch", Purpose: "the Temporal namespace, ours alone",
			ReadBy: servers | Operator | Reconcile, set: text(func(c *Config) *string { return &c.Temporal.Namespace })},
		{Name: "TEMPORAL_TLS_CERT", Purpose: "the path of the client certificate for Temporal, PEM",
			ReadBy: servers | Operator | Reconcile, set: text(func(c *Config) *string { return &c.Temporal.TLSCert })},
		{Name: "TEMPORAL_TLS_KEY", Purpose: "the path of the client certificate's key, PEM",
			ReadBy: servers | Operator | Reconcile, set: text(func(c *Config) *string { return &c.Temporal.TLSKey })},
		{Name: "TEMPORAL_TLS_CA", Purpose: "the path of the authority that signed Temporal's certificate, PEM",
			ReadBy: servers | Operator | Reconcile, set: text(func(c *Config) *string { return &c.Temporal.TLSCA })},
		{Name: "TEMPORAL_TLS_SERVER_NAME", Purpose: "the name in Temporal's certificate, where it is not the host of its address",
			ReadBy: servers | Operator | Reconcile, set: text(func(c *Config) *string { return &c.Temporal.TLSServerName })},

		{Name: "SLACK_CLIENT_ID", Purpose: "the client id of the Slack app",
			ReadBy: API, RequiredBy: API, set: text(func(c *Config) *string { return &c.Slack.ClientID })},
		{Name: "SLACK_CLIENT_SECRET", Purpose: "the client secret of the Slack app", Secret: true,
			ReadBy: API, RequiredBy: API, set: setClientSecret},
		{Name: "SLACK_SIGNING_SECRET", Purpose: "the signing secret of the Slack app; two, separated by a comma, during a change", Secret: true,
			ReadBy: API, RequiredBy: API, set: setSigningSecrets},
		{Name: "SLACK_API_URL", Default: "https://slack.com/api/", Purpose: "the base of Slack's Web API",
			ReadBy: servers | Operator, set: base(func(c *Config) *string { return &c.Slack.APIURL })},

		{Name: "TRIAGE_PROVIDER", Purpose: "the model for triage: gemini (where GEMINI_PROJECT is set) or lexical",
			ReadBy: servers, set: oneOf(func(c *Config) *Triage { return &c.Triage }, TriageLexical, TriageGemini)},
		{Name: "GEMINI_PROJECT", Purpose: "the Google Cloud project for Gemini on Vertex AI",
			ReadBy: servers | Evaluation, RequiredBy: Evaluation, set: text(func(c *Config) *string { return &c.Gemini.Project })},
		{Name: "GEMINI_LOCATION", Default: "eu", Purpose: "the Vertex AI location; stays in the EU in production",
			ReadBy: servers | Evaluation, set: text(func(c *Config) *string { return &c.Gemini.Location })},
		{Name: "GEMINI_MODEL", Default: "gemini-3.5-flash-lite", Purpose: "the Gemini model",
			ReadBy: servers | Evaluation, set: text(func(c *Config) *string { return &c.Gemini.Model })},
		{Name: "GEMINI_BASE_URL", Purpose: "the address of a Gemini simulator; dev only",
			ReadBy: servers | Evaluation | Operator, set: origin(func(c *Config) *string { return &c.Gemini.BaseURL })},
		{Name: "GEMINI_INPUT_PRICE", Purpose: "what a million tokens of input cost, for the metric of cost",
			ReadBy: Worker, set: price(func(c *Config) *float64 { return &c.Gemini.InputPrice })},
		{Name: "GEMINI_OUTPUT_PRICE", Purpose: "what a million tokens of output cost",
			ReadBy: Worker, set: price(func(c *Config) *float64 { return &c.Gemini.OutputPrice })},

		{Name: "CERTIFICATE_SIGNING_KEY", Purpose: "32 random bytes in base64, which sign the certificates of erasures; two, separated by a comma, after a change", Secret: true,
			ReadBy: servers | Drill, RequiredBy: servers | Drill, set: setCertificateSeed},
		{Name: "PURGE_GRACE", Default: "30m", Purpose: "how long after an uninstall a reinstall restores everything, 0 to 30m",
			ReadBy: servers | Operator, set: setPurgeGrace},

		{Name: "SENTRY_DSN", Purpose: "the address of the Sentry project that is told where in the code errors happen, and nothing else", Secret: true,
			ReadBy: everyone, set: setSentryDSN},

		{Name: "FAILPOINT_DIR", Purpose: "the directory whose files end the process at the step they are named after; dev only",
			ReadBy: servers, set: text(func(c *Config) *string { return &c.FailpointDir })},
	}, transportVariables()...)
}

func text(field func(*Config) *string) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		*field(c) = s
		return Problem{}
	}
}

func price(field func(*Config) *float64) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0) || f > 1e6 {
			return Problem{What: "is not a price", Remedy: "write it like 0.30"}
		}
		*field(c) = f
		return Problem{}
	}
}

func setCertificateSeed(c *Config, s string) Problem {
	first, second, p := pair(s)
	for _, seed := range []string{first, second} {
		if raw, err := base64.StdEncoding.DecodeString(seed); p.What == "" && seed != "" && (err != nil || len(raw) != 32) {
			p = Problem{What: "is not 32 bytes in base64", Remedy: "make it once with: openssl rand -base64 32"}
		}
	}
	if p.What == "" {
		c.CertificateSeed, c.FormerCertificateSeed = secret.New(first), secret.New(second)
	}
	return p
}

func setKMSKeys(c *Config, s string) (p Problem) {
	c.KMS.KeyID, c.KMS.OtherKeyID, p = pair(s)
	return p
}

// pair splits what may hold two of something, separated by a comma, while one is replaced.
func pair(s string) (first, second string, p Problem) {
	first, second, two := strings.Cut(s, ",")
	first, second = strings.TrimSpace(first), strings.TrimSpace(second)
	switch {
	case first == "" || two && second == "":
		return "", "", Problem{What: "holds an empty part", Remedy: "remove the stray comma"}
	case strings.Contains(second, ","):
		return "", "", Problem{What: "holds more than two parts", Remedy: "keep the new one and the one it replaces"}
	}
	return first, second, Problem{}
}

// setSentryDSN wants the key and the project in it.
func setSentryDSN(c *Config, s string) Problem {
	u := parseURL(s, "http", "https")
	if u == nil || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
		return Problem{What: "is no address of a Sentry project", Remedy: "copy it from the project's settings, under Client Keys"}
	}
	c.SentryDSN = secret.New(s)
	return Problem{}
}

// maxGrace leaves the purge at least half of its hour.
const maxGrace = 30 * time.Minute

func setPurgeGrace(c *Config, s string) Problem {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxGrace {
		return Problem{What: "is not a time from 0 to 30m", Remedy: "write it like 30m or 90s"}
	}
	c.PurgeGrace = d
	return Problem{}
}

func oneOf[T ~string](field func(*Config) *T, allowed ...T) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		if !slices.Contains(allowed, T(s)) {
			return Problem{What: "is not a known value", Remedy: fmt.Sprintf("use one of %v", allowed)}
		}
		*field(c) = T(s)
		return Problem{}
	}
}

func hostPort(field func(*Config) *string) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
			return Problem{What: "is not host:port", Remedy: "write it like 127.0.0.1:8081"}
		}
		*field(c) = s
		return Problem{}
	}
}

// origin accepts a scheme and a host and drops the trailing slash.
func origin(field func(*Config) *string) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		s = strings.TrimSuffix(s, "/")
		if u := parseURL(s, "http", "https"); u == nil || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return Problem{What: "is not an origin", Remedy: "write it like https://help.example.com, without a path"}
		}
		*field(c) = s
		return Problem{}
	}
}

// base accepts an address that others append to and adds the trailing slash.
func base(field func(*Config) *string) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		if u := parseURL(s, "http", "https"); u == nil || u.RawQuery != "" || u.User != nil {
			return Problem{What: "is not an http address", Remedy: "write it like https://slack.com/api/"}
		}
		*field(c) = strings.TrimSuffix(s, "/") + "/"
		return Problem{}
	}
}

func postgres(field func(*Config) *secret.Value) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		if parseURL(s, "postgres", "postgresql") == nil {
			return Problem{What: "is not a postgres:// address", Remedy: "write it like postgres://user:password@host:5432/database"}
		}
		*field(c) = secret.New(s)
		return Problem{}
	}
}

// table is the address of a key store in DynamoDB, with what AWS takes for the name of a table.
var table = regexp.MustCompile(`^dynamodb://[A-Za-z0-9_.-]{3,255}$`)

func keystore(field func(*Config) *secret.Value) func(*Config, string) Problem {
	return func(c *Config, s string) Problem {
		if strings.HasPrefix(s, "postgres") {
			return postgres(field)(c, s)
		}
		if !table.MatchString(s) {
			return Problem{What: "is neither a postgres:// address nor dynamodb://TABLE", Remedy: "write it like postgres://user:password@host:5432/database"}
		}
		*field(c) = secret.New(s)
		return Problem{}
	}
}

// parseURL returns nil for anything but an absolute URL with a host and one of the schemes. Errors of net/url quote
// the address with its password, so none leaves here.
func parseURL(s string, schemes ...string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return nil
	}
	return u
}

func setLevel(c *Config, s string) Problem {
	level, ok := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}[s]
	if !ok {
		return Problem{What: "is not a level", Remedy: "use debug, info, warn or error"}
	}
	c.LogLevel = level
	return Problem{}
}

func setClientSecret(c *Config, s string) Problem {
	c.Slack.ClientSecret = secret.New(s)
	return Problem{}
}

func setSigningSecrets(c *Config, s string) Problem {
	parts := strings.Split(s, ",")
	if len(parts) > 2 {
		return Problem{What: "holds more than two secrets", Remedy: "keep the new one and the one it replaces"}
	}
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			return Problem{What: "holds an empty secret", Remedy: "remove the stray comma"}
		}
		c.Slack.SigningSecrets = append(c.Slack.SigningSecrets, secret.New(part))
	}
	return Problem{}
}
