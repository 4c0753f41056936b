package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/kmssim"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// While KMS hangs deliveries are stored and acknowledged at once; the workspace whose key is in memory goes on, the other
// one's request is opened as soon as KMS is back.
func TestTheAPIWhileKMSIsDown(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	sim := kmssim.New()
	kms := httptest.NewServer(sim)
	t.Cleanup(kms.Close)
	cfg := servers(t)
	cfg.LocalKeyFile, cfg.KMS = "", config.KMS{KeyID: kmssim.KeyID, Endpoint: kms.URL}
	store, warm, cold := twoWorkspaces(t, cfg)
	public := fmt.Sprint(start(t, app.API, cfg).logged(t, "api is up")["listen"])

	deliver(t, public, "T1", "1.000001")
	opened(t, store, warm, 1) // its key is in memory from now on

	end := sim.Hang()
	t.Cleanup(end)
	asked := time.Now()
	deliver(t, public, "T1", "2.000001")
	deliver(t, public, "T2", "3.000001")
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("two answers took %v", took)
	}
	opened(t, store, warm, 2)
	if n := count(t, store, cold); n != 0 {
		t.Errorf("%d requests without a key", n)
	}
	end()
	opened(t, store, cold, 1)
}

// twoWorkspaces are installed for the teams T1 and T2, with the channel C1 in each.
func twoWorkspaces(t *testing.T, cfg config.Config) (store *postgres.Store, one, two helpdesk.WorkspaceID) {
	t.Helper()
	wrapper, err := seal.OpenKMS(t.Context(), cfg.KMS.KeyID, cfg.KMS.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(t.Context(), cfg.KeystoreURL, wrapper)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	if store, err = postgres.Open(t.Context(), cfg.DatabaseURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	at := time.Unix(0, 0).UTC()
	install := func(team string) helpdesk.WorkspaceID {
		id := helpdesk.NewWorkspaceID(time.Now())
		if err := keys.CreateWorkspaceKey(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		err := store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error {
			w := helpdesk.Workspace{Team: team, BotUser: "UBOT", Installer: "U1", Scopes: []string{}, AuthorizedAt: at, Settings: helpdesk.DefaultSettings("UTC")}
			if err := tx.Install(t.Context(), w, []byte("token"), seal.NewKey()); err != nil {
				return err
			}
			if _, err := tx.Point(t.Context(), team, at); err != nil {
				return err
			}
			_, err := tx.JoinChannel(t.Context(), "C1", at)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	return store, install("T1"), install("T2")
}

// deliver sends a message as Slack does, and wants it acknowledged.
func deliver(t *testing.T, public, team, ts string) {
	t.Helper()
	body := fmt.Sprintf(`{"type":"event_callback","event_id":"Ev%[2]s","team_id":%[1]q,"api_app_id":"A1","authorizations":[{"team_id":%[1]q}],`+
		`"event_time":%[3]d,"event":{"type":"message","channel":"C1","user":"U2","text":"VPN drops","ts":%[2]q,"channel_type":"channel"}}`, team, ts, time.Now().Unix())
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signingSecret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+public+"/slack/events", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Slack-Request-Timestamp", timestamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("answered %d", res.StatusCode)
	}
}

func count(t *testing.T, store *postgres.Store, id helpdesk.WorkspaceID) (n int) {
	t.Helper()
	err := store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error {
		due, later, err := tx.Outlived(t.Context(), 0, time.Now(), 100) // all that have a text
		n = len(due) + len(later)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// opened waits until a workspace has so many requests.
func opened(t *testing.T, store *postgres.Store, id helpdesk.WorkspaceID, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for count(t, store, id) != want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d requests, want %d", count(t, store, id), want)
		}
	}
}
