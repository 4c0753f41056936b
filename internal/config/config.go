// Package config turns the environment, and a path of AWS's Parameter Store where one is named, into one typed, checked
// value. It is the only package that reads either, once, at the start; it decides nothing but whether the settings make
// sense together.
package config

import (
	"log/slog"
	"time"

	"github.com/echo-synch/echo-synch/internal/secret"
)

// Config is everything a command may know about its surroundings. Load fills only what the command reads;
// the rest keeps its zero value.
type Config struct {
	// Env is how strict to be.
	Env Env
	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level

	// PublicURL is the origin under which browsers and Slack reach the api, without a trailing slash.
	PublicURL string
	// ListenAddr is where the api serves the public, host:port.
	ListenAddr string
	// AdminListenAddr is where metrics, profiles and health are served, host:port; never public.
	AdminListenAddr string
	// Transport is how the public reaches the api.
	Transport Transport

	// DatabaseURL reaches the main database as the application role.
	DatabaseURL secret.Value
	// DatabaseAdminURL reaches the main database as the role that migrates it.
	DatabaseAdminURL secret.Value
	// KeystoreURL reaches the key store: a cluster of its own, as the application role, or dynamodb:// and a table.
	KeystoreURL secret.Value
	// KeystoreAdminURL reaches the key store as the role that migrates it.
	KeystoreAdminURL secret.Value
	// LocalKeyFile is the path of the file that holds the wrapping key where there is no cloud KMS.
	LocalKeyFile string
	// KMS is the cloud KMS that holds the wrapping key.
	KMS KMS

	// Temporal is where workflows live.
	Temporal Temporal
	// Slack is the app as registered at Slack.
	Slack Slack
	// Triage is which model makes the second, better triage.
	Triage Triage
	// Gemini is the model on Vertex AI; used only when Triage is TriageGemini.
	Gemini Gemini
	// CertificateSeed is what the key that signs certificates is derived from, 32 bytes in base64.
	CertificateSeed secret.Value
	// FormerCertificateSeed is the one that CertificateSeed has replaced: what it signed still verifies.
	FormerCertificateSeed secret.Value
	// PurgeGrace is how long after an uninstall a reinstall restores everything.
	PurgeGrace time.Duration
	// SentryDSN is where panics and unexpected errors are reported; empty means nowhere.
	SentryDSN secret.Value
	// FailpointDir arms failpoints; dev only.
	FailpointDir string
}

// KMS says which key of AWS KMS wraps all others.
type KMS struct {
	// KeyID is the key's id, ARN or alias; empty means that the wrapping key is in a file.
	KeyID string
	// OtherKeyID is the key that KeyID replaces, or that will replace it: it opens and does not wrap.
	OtherKeyID string
	// Endpoint replaces AWS's address.
	Endpoint string
}

// Temporal says how to reach the Temporal server.
type Temporal struct {
	// Address is the frontend, host:port.
	Address string
	// Namespace is ours alone.
	Namespace string
	// TLSCert and TLSKey are the paths of the client certificate and its key, PEM; both or none.
	TLSCert, TLSKey string
	// TLSCA is the path of the PEM file with the authority that signed the server; empty means the system's authorities.
	TLSCA string
	// TLSServerName is the name the server's certificate must carry; empty means the host of Address.
	TLSServerName string
}

// TLS reports whether the connection to Temporal is encrypted: any of the TLS settings asks for it.
func (t Temporal) TLS() bool {
	return t.TLSCert != "" || t.TLSKey != "" || t.TLSCA != "" || t.TLSServerName != ""
}

// Slack holds the credentials of the app and where its API is.
type Slack struct {
	// ClientID names the app in the OAuth flow.
	ClientID string
	// ClientSecret proves in the OAuth flow that we are the app.
	ClientSecret secret.Value
	// SigningSecrets verify what Slack sends: one, or two while a secret is being replaced.
	SigningSecrets []secret.Value
	// APIURL is the base of the Web API with its trailing slash.
	APIURL string
}

// Gemini says which model reads requests, and where.
type Gemini struct {
	// Project is the Google Cloud project that pays for the calls.
	Project string
	// Location is the Vertex AI location: a multi-region such as "eu", or a region.
	Location string
	// Model is the model's name at Vertex AI.
	Model string
	// BaseURL replaces Google's address with a simulator; dev only.
	BaseURL string
	// InputPrice and OutputPrice are what a million tokens cost, for the metric of cost; zero where they are not known.
	InputPrice, OutputPrice float64
}

// Env is the mode of an installation.
type Env string

// The modes. Dev trusts the machine, Selfhost trusts the compose network, Production trusts nothing.
const (
	Dev        Env = "dev"
	Selfhost   Env = "selfhost"
	Production Env = "production"
)

// Triage is a model provider.
type Triage string

// The providers. Lexical is embedded and always computed first; with TriageLexical it stays the only one.
const (
	TriageLexical Triage = "lexical"
	TriageGemini  Triage = "gemini"
)

// Need is the set of commands a setting is for; Load takes the one that is running.
type Need uint8

// The commands. Operator stands for the sub-commands that look into a running installation; Reconcile and Drill are for
// databases that were restored.
const (
	API Need = 1 << iota
	Worker
	Migrate
	Operator
	Manifest
	Evaluation // of Gemini
	Reconcile
	Drill

	servers  = API | Worker
	restores = Reconcile | Drill
	everyone = API | Worker | Migrate | Operator | Manifest | Evaluation | restores
)

// Load reads the settings that need reads, through getenv (usually [os.Getenv]), and checks them.
// An empty variable counts as not set. The error is a [Problems] with everything that is wrong, not just the first thing.
func Load(getenv func(string) string, need Need) (Config, error) { return load(getenv, need, nil) }

// load reports what is wrong with the Parameter Store beside the rest. While that cannot be read nothing counts as missing,
// because it may stand there.
func load(getenv func(string) string, need Need, unread Problems) (Config, error) {
	c, problems := Config{}, unread
	for _, v := range variables() {
		if v.ReadBy&need == 0 {
			continue
		}
		value := getenv(v.Name)
		if value == "" {
			value = v.Default
		}
		if value == "" {
			if v.RequiredBy&need != 0 && unread == nil {
				problems = append(problems, Problem{v.Name, "is not set", "set it to " + v.Purpose})
			}
			continue
		}
		if p := v.set(&c, value); p.What != "" {
			p.Name = v.Name
			problems = append(problems, p)
		}
	}
	if c.Triage == "" {
		c.Triage = TriageLexical
		if c.Gemini.Project != "" {
			c.Triage = TriageGemini
		}
	}
	for _, r := range rules() {
		if r.need&need != 0 && unread == nil && r.broken(c) {
			problems = append(problems, r.Problem)
		}
	}
	if problems != nil {
		return Config{}, problems
	}
	return c, nil
}
