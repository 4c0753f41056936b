package main

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// keyring is a bundle whose workspace has a key, a bot token, a credential for its own model, and three requests with keys.
type keyring struct {
	*bundle
	file     string   // with the wrapping keys
	lines    []string // of it
	keys     *keystore.Store
	text     seal.Key
	requests []helpdesk.RequestID
}

func setupKeys(t *testing.T) *keyring {
	t.Helper()
	k := &keyring{bundle: setup(t), file: filepath.Join(t.TempDir(), "key"), text: seal.NewKey()}
	for range 2 {
		k.lines = append(k.lines, base64.StdEncoding.EncodeToString(seal.NewKey().Bytes()))
	}
	k.wrapUnder(t, k.lines[0])
	url, _ := postgrestest.Keystore(t)
	k.environ["KEYSTORE_URL"], k.environ["LOCAL_KMS_KEY_FILE"] = address(url), k.file
	wrapper, err := seal.OpenLocal(k.file, true)
	must(t, err)
	k.keys, err = keystore.Open(t.Context(), url, wrapper)
	must(t, err)
	t.Cleanup(k.keys.Close)
	must(t, k.keys.CreateWorkspaceKey(t.Context(), k.workspace))
	for range 3 {
		id := helpdesk.NewRequestID()
		must(t, k.keys.CreateRequestKeys(t.Context(), k.workspace, id, k.text))
		k.requests = append(k.requests, id)
	}
	key, err := k.keys.WorkspaceKey(t.Context(), k.workspace)
	must(t, err)
	token, err := wrapper.Wrap(t.Context(), postgres.TokenContext(k.workspace), []byte("xoxb-token"))
	must(t, err)
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.Reauthorize(ctx, helpdesk.Workspace{Installer: "U0ALEX", Scopes: []string{"chat:write"}, AuthorizedAt: time.Now()}, token, key)
	})
	credential, err := wrapper.Wrap(t.Context(), postgres.CredentialContext(k.workspace), []byte("service account"))
	must(t, err)
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.SetBYOM(ctx, helpdesk.BYOM{Project: "acme-own-ai", Location: "eu", Model: "gemini"}, credential, key, time.Now())
	})
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wrapUnder writes the file with the wrapping keys.
func (k *keyring) wrapUnder(t *testing.T, lines ...string) {
	t.Helper()
	must(t, os.WriteFile(k.file, []byte(strings.Join(lines, "\n")), 0o600))
}

// says runs a command that succeeds and says what is wanted; the names of wrapping keys stand as KEY.
func (k *keyring) says(t *testing.T, line string, want ...string) {
	t.Helper()
	got := execute(t.Context(), k.environ, strings.Fields(line)...)
	out := regexp.MustCompile(`local:[0-9a-f]{8}`).ReplaceAllString(got.out, "KEY")
	if got.code != 0 || got.errOut != "" || out != strings.Join(want, "\n")+"\n" {
		t.Errorf("%s: %+v\nwant\n%s", line, got, strings.Join(want, "\n"))
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	id := k.workspace.String()
	const head = "KEY OF                                VERSION  AGE     REQUESTS  UNDER THE FORMER VERSION  WRAPPED BY      TO REWRAP"
	status := func(version, ingress, workspace string) []string {
		return []string{
			head, "ingress                               -        -       -         -                         KEY  " + ingress,
			id + "  " + version + "        0 days  3         0                         KEY  " + workspace, "workspace keys: 1",
		}
	}
	k.says(t, "keys status", status("1", "-", "-")...)
	k.says(t, "keys rotate --all", id+": version 2 replaces version 1, keys of 3 requests moved")
	k.says(t, "keys rotate --workspace T0ACME", id+": version 3 replaces version 2, keys of 3 requests moved")
	k.says(t, "keys rotate --workspace "+id+" --older-than 1h", id+": younger than 1h0m0s, left alone")
	k.says(t, "keys rewrap", "rewrapped: 0 ingress key, 0 workspace keys, 0 bot tokens, 0 model credentials")

	k.wrapUnder(t, k.lines[1], k.lines[0])
	k.says(t, "keys status --workspace T0ACME", status("3", "key", "key, token, credential")...)
	k.says(t, "keys rewrap", "rewrapped: 1 ingress key, 1 workspace keys, 1 bot tokens, 1 model credentials")
	k.says(t, "keys rewrap", "rewrapped: 0 ingress key, 0 workspace keys, 0 bot tokens, 0 model credentials")
	k.wrapUnder(t, k.lines[1])
	k.says(t, "keys status", status("3", "-", "-")...)

	wrapper, err := seal.OpenLocal(k.file, true)
	must(t, err)
	after, err := keystore.Open(t.Context(), secret.New(k.environ["KEYSTORE_URL"]), wrapper)
	must(t, err)
	defer after.Close()
	key, err := after.WorkspaceKey(t.Context(), k.workspace)
	must(t, err)
	for _, request := range k.requests {
		keys, err := after.RequestKeys(t.Context(), k.workspace, request)
		if err != nil || string(keys.Text.Bytes()) != string(k.text.Bytes()) {
			t.Errorf("request: %v", err)
		}
	}
	var entries []string
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		token, err := tx.Token(ctx, key)
		if err != nil {
			return err
		}
		if plain, err := wrapper.Unwrap(ctx, postgres.TokenContext(k.workspace), token); err != nil || string(plain) != "xoxb-token" {
			t.Errorf("token %q, %v", plain, err)
		}
		return tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
			if !strings.HasPrefix(e.Actor, "operator:") {
				t.Errorf("by %q", e.Actor)
			}
			entries = append(entries, strings.TrimSpace(string(e.Action)+" "+e.Object+" "+e.Before+" "+e.After))
			return nil
		})
	})
	if want := []string{"key_rotated  1 2", "key_rotated  2 3", "key_rewrapped workspace_key", "key_rewrapped bot_token", "key_rewrapped byom_credential"}; !slices.Equal(entries, want) {
		t.Errorf("audit log %q, want %q", entries, want)
	}
}

// A workspace in its grace keeps its key, and has no token; one that is destroyed has neither.
func TestKeysOfAnEndingWorkspace(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	k.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeOrdered, time.Now(), time.Now(), time.Minute)
		return err
	})
	k.wrapUnder(t, k.lines[1], k.lines[0])
	k.says(t, "keys rewrap", "rewrapped: 1 ingress key, 1 workspace keys, 0 bot tokens, 1 model credentials")
	_, err := k.keys.DestroyWorkspace(t.Context(), k.workspace)
	must(t, err)
	k.says(t, "keys rewrap", "rewrapped: 0 ingress key, 0 workspace keys, 0 bot tokens, 0 model credentials")
	if got := execute(t.Context(), k.environ, "keys", "rotate", "--all"); got != (result{0, "", ""}) {
		t.Errorf("rotate --all: %+v", got)
	}
	if got := execute(t.Context(), k.environ, "keys", "status"); got.code != 0 || !strings.Contains(got.out, k.workspace.String()+"  destroyed  -") {
		t.Errorf("status: %+v", got)
	}
	for _, line := range []string{"keys rotate --workspace ", "keys status --workspace "} {
		got := execute(t.Context(), k.environ, strings.Fields(line+k.workspace.String())...)
		if got.code != exitFailed || !strings.Contains(got.errOut, "workspace "+k.workspace.String()+" has no key: it is unknown, or destroyed") {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestKeysRefuse(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	k.fails(t, "keys rotate --workspace T0OTHER", "echosynch keys rotate: team T0OTHER has no installed workspace")
	for name, tt := range map[string]struct {
		lines    []string
		variable string
		says     string
	}{
		"another wrapping key": {[]string{k.lines[1]}, "", "is LOCAL_KMS_KEY_FILE the one this key store was made with?"},
		"no key store":         {k.lines, "KEYSTORE_URL", "KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set"},
		"no wrapping key":      {k.lines, "LOCAL_KMS_KEY_FILE", "KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set"},
	} {
		k.wrapUnder(t, tt.lines...)
		e := environ{}
		for name, value := range k.environ {
			if name != tt.variable {
				e[name] = value
			}
		}
		for _, line := range []string{"keys status", "keys rotate --all", "keys rewrap"} {
			if got := execute(t.Context(), e, strings.Fields(line)...); got.code != exitFailed || got.out != "" || !strings.Contains(got.errOut, tt.says) {
				t.Errorf("%s: %s: %+v", name, line, got)
			}
		}
	}
}

// A rotation that was broken off shows in the status, and the next command finishes it.
func TestKeysRotationIsResumed(t *testing.T) {
	t.Parallel()
	k := setupKeys(t)
	_, err := k.keys.BeginRotation(t.Context(), k.workspace)
	must(t, err)
	got := execute(t.Context(), k.environ, "keys", "status")
	if got.code != 0 || !regexp.MustCompile(k.workspace.String()+`  2 +0 days  3 +3 `).MatchString(got.out) {
		t.Errorf("in the middle: %+v", got)
	}
	k.says(t, "keys rotate --all --older-than 1h", k.workspace.String()+": version 2 replaces version 1, keys of 3 requests moved")
}
