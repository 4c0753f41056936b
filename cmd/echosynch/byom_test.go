package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// serviceAccountKey is a key as Google makes it, with its private part.
func serviceAccountKey(t *testing.T) (document, private string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme-own-ai", "private_key_id": "1", "private_key": private,
		"client_email": "triage@acme-own-ai.iam.gserviceaccount.com", "client_id": "1", "token_uri": "https://evil.example/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), private
}

func (b *bundle) provider(t *testing.T) (p helpdesk.ModelProvider, m helpdesk.BYOM) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		p = w.Settings.Provider
		if p == helpdesk.ProviderBYOM {
			m, err = tx.BYOM(ctx)
		}
		return err
	})
	return p, m
}

// shows runs a command that succeeds, and says what is wanted among other things.
func (k *keyring) shows(t *testing.T, line, part string) {
	t.Helper()
	if got := execute(t.Context(), k.environ, strings.Fields(line)...); got.code != 0 || !strings.Contains(got.out, part) {
		t.Errorf("%s: %+v\nwant %q", line, got, part)
	}
}

// refuses runs a command that fails, and says why.
func (k *keyring) refuses(t *testing.T, line string, code int, part string) {
	t.Helper()
	if got := execute(t.Context(), k.environ, strings.Fields(line)...); got.code != code || got.out != "" || !strings.Contains(got.errOut, part) {
		t.Errorf("%s: %+v\nwant %q", line, got, part)
	}
}

func TestBYOM(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	model, url := simulatedGemini(t, nil)
	k.environ["ECHO_ENV"], k.environ["GEMINI_BASE_URL"] = "dev", model["GEMINI_BASE_URL"]
	document, private := serviceAccountKey(t)
	path := file(t, "key.json", document)
	const set = "byom set T0ACME --project acme-own-ai --location europe-west3 --model gemini-3.5-flash "

	k.shows(t, set+"--key-file "+path, "project   acme-own-ai\nlocation  europe-west3\nmodel     gemini-3.5-flash\nlatency   ")
	if p, m := k.provider(t); p != helpdesk.ProviderBYOM || m.Granted || m.Version != 2 || m.Project != "acme-own-ai" {
		t.Errorf("%s, %+v", p, m)
	}
	fault(t, url, `{"mode":"forbidden","project":"acme-own-ai"}`)
	k.refuses(t, "byom verify T0ACME", exitFailed, "project may not use the model: grant roles/aiplatform.user on the project")
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.PauseBYOM(ctx, 2, time.Now()) })
	k.shows(t, "byom verify T0ACME", "caching   disabled")
	if _, m := k.provider(t); !m.PausedAt.IsZero() {
		t.Error("a model that answers stays paused")
	}
	k.shows(t, "eval "+file(t, "requests.csv", evalTable)+" --provider byom --team T0ACME", "byom of T0ACME, model gemini-3.5-flash in europe-west3")
	k.refuses(t, "workspace provider T0ACME lexical", exitFailed, "remove it with: echosynch byom remove T0ACME --then lexical")

	fault(t, url, `{"mode":"quota","project":"other-project"}`)
	k.refuses(t, "byom set T0ACME --project other-project --location eu --model m --grant", exitFailed, "nothing was changed: model quota is used up")
	k.shows(t, set+"--grant", "from now on")
	if _, m := k.provider(t); !m.Granted || m.Version != 3 {
		t.Errorf("%+v", m)
	}
	k.refuses(t, "byom remove T0ACME", exitUsage, "needs --then default or --then lexical")
	k.shows(t, "byom remove T0ACME --then lexical", "from now on: lexical")
	k.refuses(t, "byom remove T0ACME --then lexical", exitFailed, "has no model of its own")
	k.refuses(t, "byom verify T0ACME", exitFailed, "has no model of its own; set one with: echosynch byom set T0ACME")
	if p, _ := k.provider(t); p != helpdesk.ProviderLexical {
		t.Errorf("%q follows", p)
	}
	k.shows(t, "workspace provider T0ACME default", "")
	k.shows(t, "workspace ai-budget T0ACME --tokens 500000", "")

	log := execute(t.Context(), k.environ, "audit", "export", "T0ACME", "--format", "json")
	for _, want := range []string{"byom: gemini-3.5-flash in europe-west3, project acme-own-ai", `"provider"`, `"500000"`} {
		if !strings.Contains(log.out, want) {
			t.Errorf("the audit log does not hold %s", want)
		}
	}
	if strings.Contains(log.out+log.errOut, private[40:80]) {
		t.Error("the audit log holds the key")
	}
}

// A key is read strictly, and no complaint shows it.
func TestBYOMRefusesKeys(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	document, private := serviceAccountKey(t)
	weak := func(from, to string) string { return strings.Replace(document, from, to, 1) }
	const set = "byom set T0ACME --project acme-own-ai --location eu --model gemini-3.5-flash --key-file "
	for name, tt := range map[string]struct{ key, says string }{
		"no JSON":          {private, "is not the JSON of a service account's key"},
		"another type":     {weak("service_account", "external_account"), "is not of type service_account"},
		"unknown fields":   {weak(`"client_id"`, `"quota_project_id":"x","client_id"`), "is not the JSON of a service account's key"},
		"another universe": {weak(`"client_id"`, `"universe_domain":"evil.example","client_id"`), "belongs to another universe"},
		"no private key":   {weak("PRIVATE KEY", "PUBLIC KEY"), "holds no RSA private key"},
		"too long":         {strings.Repeat(" ", 9000) + document, "is longer than 8 KB"},
		"two":              {document + document, "is not the JSON of a service account's key"},
		"another account":  {weak("iam.gserviceaccount.com", "evil.example"), "is not the JSON of a service account's key"},
	} {
		got := execute(t.Context(), k.environ, strings.Fields(set+file(t, "key.json", tt.key))...)
		if got.code != exitFailed || !strings.Contains(got.errOut, tt.says) || strings.Contains(got.errOut+got.out, private[40:80]) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for line, says := range map[string]string{
		"byom set T0ACME --project acme-own-ai --location global --model m --grant":                 `--location "global" is not a known location`,
		"byom set T0ACME --project Acme --location eu --model m --grant":                            `--project "Acme" is no Google Cloud project id`,
		"byom set T0ACME --project acme-own-ai --location eu --grant":                               "needs --model",
		"byom set T0ACME --project acme-own-ai --location eu --model m":                             "needs either --grant or --key-file",
		"byom set T0ACME --project acme-own-ai --location eu --model m --grant --key-file key.json": "needs either --grant or --key-file",
		"workspace provider T0ACME oracle":                                                          `"oracle" is no provider`,
		"workspace ai-budget T0ACME":                                                                "needs --tokens",
	} {
		if got := execute(t.Context(), k.environ, strings.Fields(line)...); got.code != exitUsage || !strings.Contains(got.errOut, says) {
			t.Errorf("%s: %+v", line, got)
		}
	}
	got := execute(t.Context(), k.environ, strings.Fields(set+"missing.json")...)
	if got.code != exitFailed || !strings.Contains(got.errOut, "missing.json: no such file") {
		t.Errorf("%+v", got)
	}
}
