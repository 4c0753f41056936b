package config

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/echo-synch/echo-synch/internal/location"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// rule is a condition on several settings, or on one in a certain mode, for the commands in need. A field whose variable
// could not be parsed is empty; broken lets that pass, because it has been reported already.
type rule struct {
	Problem
	need   Need
	broken func(Config) bool
}

func rules() []rule {
	const verifyFull = "add sslmode=verify-full"
	return append([]rule{
		{Problem{"LOCAL_KMS_KEY_FILE", "is not set, and neither is KMS_KEY_ID", "set it to the path of the wrapping key"}, servers | restores,
			func(c Config) bool {
				return (c.Env == Dev || c.Env == Selfhost) && c.LocalKeyFile == "" && c.KMS.KeyID == ""
			}},
		{Problem{"LOCAL_KMS_KEY_FILE", "is set beside KMS_KEY_ID", "set one of them: they wrap under different keys"}, servers | Operator | restores,
			func(c Config) bool { return c.LocalKeyFile != "" && c.KMS.KeyID != "" }},
		{Problem{"LOCAL_KMS_KEY_FILE", "is not a readable file", "create it or correct the path"}, servers | restores,
			func(c Config) bool { return c.Env != Production && c.LocalKeyFile != "" && !isFile(c.LocalKeyFile) }},
		{Problem{"LOCAL_KMS_KEY_FILE", "can be read by others", "chmod 0600 the file"}, servers | restores,
			func(c Config) bool { return c.Env == Selfhost && isFile(c.LocalKeyFile) && !isPrivate(c.LocalKeyFile) }},

		{Problem{"TEMPORAL_TLS_CERT", "comes without TEMPORAL_TLS_KEY, or the other way round", "set both or none"}, servers | Reconcile,
			func(c Config) bool { return (c.Temporal.TLSCert == "") != (c.Temporal.TLSKey == "") }},
		{Problem{"GEMINI_PROJECT", "is not set, but TRIAGE_PROVIDER is gemini", "set it, or TRIAGE_PROVIDER=lexical"}, servers,
			func(c Config) bool { return c.Triage == TriageGemini && c.Gemini.Project == "" }},

		{Problem{"GEMINI_BASE_URL", "is set outside dev", "remove it"}, servers | Evaluation | Operator,
			func(c Config) bool { return c.notDev() && c.Gemini.BaseURL != "" }},
		{Problem{"FAILPOINT_DIR", "is set outside dev", "remove it"}, servers,
			func(c Config) bool { return c.notDev() && c.FailpointDir != "" }},
		{Problem{"SLACK_API_URL", "is not https on slack.com", "remove it outside dev"}, servers | Operator,
			func(c Config) bool { return c.notDev() && c.Slack.APIURL != "" && !isSlack(c.Slack.APIURL) }},

		{Problem{"SENTRY_DSN", "is not https", "production needs https"}, everyone,
			func(c Config) bool { return c.Env == Production && strings.HasPrefix(c.SentryDSN.Reveal(), "http://") }},
		{Problem{"KMS_KEY_ID", "is not set", "production keeps its wrapping key in KMS: set it to the key's id, ARN or alias"}, servers | restores,
			func(c Config) bool { return c.Env == Production && c.KMS.KeyID == "" }},
		{Problem{"LOCAL_KMS_KEY_FILE", "is set in production", "remove it: production keeps its wrapping key in KMS"}, servers | Operator | restores,
			func(c Config) bool { return c.Env == Production && c.LocalKeyFile != "" && c.KMS.KeyID == "" }},
		{Problem{"KMS_ENDPOINT_URL", "is not https", "production needs https"}, servers | Operator | restores,
			func(c Config) bool {
				return c.Env == Production && c.KMS.Endpoint != "" && !strings.HasPrefix(c.KMS.Endpoint, "https://")
			}},
		{Problem{"PUBLIC_URL", "is not https", "production needs https"}, servers,
			func(c Config) bool {
				return c.Env == Production && c.PublicURL != "" && !strings.HasPrefix(c.PublicURL, "https://")
			}},
		{Problem{"DATABASE_URL", "does not verify the server", verifyFull}, servers | Operator | restores, inClear(func(c Config) secret.Value { return c.DatabaseURL })},
		{Problem{"DATABASE_ADMIN_URL", "does not verify the server", verifyFull}, Migrate, inClear(func(c Config) secret.Value { return c.DatabaseAdminURL })},
		{Problem{"KEYSTORE_URL", "does not verify the server", verifyFull}, servers | Operator | restores, inClear(func(c Config) secret.Value { return c.KeystoreURL })},
		{Problem{"KEYSTORE_URL", "names a table of DynamoDB", "the drill works with a key store in Postgres only, whose server itself refuses writes to it"}, Drill,
			func(c Config) bool { return strings.HasPrefix(c.KeystoreURL.Reveal(), "dynamodb://") }},
		{Problem{"KEYSTORE_ADMIN_URL", "does not verify the server", verifyFull}, Migrate, inClear(func(c Config) secret.Value { return c.KeystoreAdminURL })},
		{Problem{"TEMPORAL_TLS_SERVER_NAME", "is not set, and neither is TEMPORAL_TLS_CERT or TEMPORAL_TLS_CA", "set one of them: production needs TLS to Temporal"}, servers | Operator | Reconcile,
			func(c Config) bool { return c.Env == Production && !c.Temporal.TLS() }},
		{Problem{"GEMINI_LOCATION", "is not a known location", "use eu or a region such as europe-west1; global promises no residency"}, servers | Evaluation,
			func(c Config) bool { return c.Gemini.Location != "" && !isLocation(c.Gemini.Location) }},
		{Problem{"GEMINI_LOCATION", "is outside the EU", "use eu or a region of the EU"}, servers | Evaluation,
			func(c Config) bool {
				return c.Env == Production && c.Triage == TriageGemini && isLocation(c.Gemini.Location) && !isEU(c.Gemini.Location)
			}},
	}, transportRules()...)
}

func (c Config) notDev() bool { return c.Env == Selfhost || c.Env == Production }

// inClear is broken where production would talk to a database without verifying its certificate and name. A second
// sslmode or a host in the query would replace the first; a path is a socket, without TLS. DynamoDB is reached by https, or
// by nobody.
func inClear(field func(Config) secret.Value) func(Config) bool {
	return func(c Config) bool {
		if c.Env != Production || field(c).IsZero() {
			return false
		}
		u, err := url.Parse(field(c).Reveal())
		if err != nil || u.Scheme == "dynamodb" {
			return err != nil
		}
		return !slices.Equal(u.Query()["sslmode"], []string{"verify-full"}) || u.Query().Has("host") || strings.HasPrefix(u.Hostname(), "/")
	}
}

func isSlack(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && (u.Hostname() == "slack.com" || strings.HasSuffix(u.Hostname(), ".slack.com"))
}

func isEU(name string) bool {
	l, err := location.Of(name)
	return err == nil && l.EU()
}

func isLocation(name string) bool {
	_, err := location.Of(name)
	return err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isPrivate(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o077 == 0
}

func isPublic(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o007 != 0
}
