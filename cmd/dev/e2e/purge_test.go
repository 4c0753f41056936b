package e2e_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// purgeGrace is what the stack's processes are told: long enough to install again, short enough to wait for.
const purgeGrace = 8 * time.Second

// workspace is the id of the workspace that the simulated team means today.
func workspace(t *testing.T) string {
	t.Helper()
	return query[string](t, `select workspace_id::text from system.installation where team = 'T0ACME'`)
}

// seed installs the app again and makes Acme what it was.
func seed(t *testing.T) {
	t.Helper()
	if err := running.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// uninstalled waits until the token is destroyed.
func uninstalled(t *testing.T, id string) {
	t.Helper()
	eventually(t, 10*time.Second, "the token destroyed", func() bool {
		return query[int](t, `select count(*) from tenant.workspace where workspace_id = $1 and token is null`, id) == 1
	})
}

// lifecycle is an event about the installation itself.
func lifecycle(t *testing.T, kind, eventID string, at time.Time) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "event_id": eventID, "team_id": "T0ACME", "api_app_id": "A0ECHO", "event_time": at.Unix(),
		"authorizations": []any{map[string]any{"team_id": "T0ACME", "user_id": bot, "is_bot": true}},
		"event":          map[string]any{"type": kind, "tokens": map[string]any{"bot": []string{bot}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status := deliver(t, "/slack/events", body, running.Info.SlackSigningSecret); status != http.StatusOK {
		t.Errorf("%s answered %d", kind, status)
	}
}

func directMessage(t *testing.T, user, says string) string {
	t.Helper()
	for _, dm := range state(t).DMs {
		for _, m := range dm.Messages {
			if dm.User == user && strings.Contains(m.Text, says) {
				return plain(t, m)
			}
		}
	}
	return ""
}

// Behaviours 33 and 34, the first half: what is uninstalled and installed again within the grace is as it was.
func TestAReinstallWithinTheGrace(t *testing.T) {
	k, id := open(t, rita, "dock does not charge"), workspace(t)
	control(t, "uninstall", nil)
	uninstalled(t, id)
	began := time.Now()
	if status := deliver(t, "/slack/events", opening("T0ACME", "Ev-in-the-grace", "1700000000.000900", "is anybody there"), running.Info.SlackSigningSecret); status != http.StatusOK {
		t.Errorf("a message in the grace answered %d", status)
	}
	control(t, "reinstall", nil)
	if again := workspace(t); again != id {
		t.Fatalf("installed again after %v as %s, was %s", time.Since(began), again, id)
	}
	eventually(t, 20*time.Second, "a message that lists the channels", func() bool {
		says := directMessage(t, alex, "Echo-Synch is restored")
		return strings.Contains(says, "<#"+help+">") && strings.Contains(says, running.Info.API+"/trust/certificates/")
	})
	if n := query[int](t, `select count(*) from tenant.request where origin_ts = '1700000000.000900'`); n != 0 {
		t.Error("a message of the grace opened a request")
	}
	for _, channel := range []string{staff, help} {
		control(t, "invite", map[string]any{"channel": channel})
	}
	settled(t)
	k.say(t, dana, "which dock?")
	k.becomes(t, "in_progress")
	lifecycle(t, "app_uninstalled", "Ev-uninstall-months-later", began.Add(-time.Minute)) // delivered again, long after
	lifecycle(t, "tokens_revoked", "Ev-revoked-months-later", began.Add(-time.Minute))
	settled(t)
	open(t, rita, "dock does not charge again")
}

// The second half: an uninstall in the middle of everything, two events for it, and a death after each step; in the end
// nothing is left but the certificate, and the team can begin anew at once.
func TestAnUninstallDestroysEverything(t *testing.T) {
	const marker = "Archaeopteryx"
	if *recordTo != "" { // soon there are none
		if err := recordHistories(t.Context(), *recordTo); err != nil {
			t.Fatal(err)
		}
	}
	old := workspace(t)
	k := open(t, rita, "my password for the "+marker+" share does not work")
	requests := list(t, running.Info.DatabaseAdminURL, `select 'request/' || request_id from tenant.request where workspace_id = '`+old+`'`)
	if n := openable(t, running.Info.DatabaseURL); n == 0 {
		t.Error("not even now a text can be opened: this test would prove nothing")
	}
	files, err := running.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if below(t, files, rita) == 0 {
		t.Error("the backup holds not even an id: this test would prove nothing")
	}
	for _, needle := range []string{marker, "xoxb-"} {
		if n := below(t, files, needle); n > 0 {
			t.Errorf("%s is in the backup %d times", needle, n)
		}
	}
	if _, err := running.BackupKeystore(t.Context()); err == nil {
		t.Error("the key store lets itself be backed up")
	}
	for _, step := range failpoint.PurgeNames() {
		if err := os.WriteFile(filepath.Join(running.FailpointDir(), string(step)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := running.GeminiControl(t.Context(), "fault", map[string]any{"mode": "slow", "times": 1}); err != nil {
		t.Fatal(err)
	}
	post(t, help, rita, "triage of this one is under way") // nobody waits for its receipt
	if out, err := running.Run(t.Context(), "retention", "set", "T0ACME", "1", "--yes"); err != nil {
		t.Fatalf("retention: %v: %s", err, out)
	}
	control(t, "uninstall", nil)
	uninstalled(t, old)
	answering(t) // it has just died
	lifecycle(t, "app_uninstalled", "Ev-uninstall-twice", time.Now())

	certificate := query[string](t, `select certificate_id::text from system.purge where workspace_id = $1 order by number desc limit 1`, old)
	if status, _ := fetch(t, "/trust/certificates/"+certificate); status != http.StatusNotFound {
		t.Errorf("certificate before the end: %d", status)
	}
	eventually(t, 5*time.Minute, "the certificate", func() bool {
		return query[int](t, `select count(*) from system.certificate where certificate_id = $1`, certificate) == 1
	})
	if left, err := os.ReadDir(running.FailpointDir()); err != nil || len(left) != 0 {
		t.Errorf("steps that were never passed: %v, %v", left, err)
	}
	verified(t, certificate, "purge")
	for _, admin := range []string{running.Info.DatabaseAdminURL, running.Info.KeystoreAdminURL} {
		for _, needle := range []string{marker, "xoxb-", "T0ACME", help, staff, alex, dana, rita, bot, k.ts} {
			dumpClean(t, admin, needle)
		}
	}
	filesClean(t, marker, "xoxb-")
	for _, needle := range []string{"T0ACME", help, rita} {
		t.Logf("%s is left in %d places of the clusters' files until Postgres uses them again", needle, inFiles(t, needle))
	}
	backup, err := running.Restore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := openable(t, backup); n != 0 {
		t.Errorf("%d texts of the backup can be opened", n)
	}
	destroyedAgain(t, backup, old)
	if n := query[int](t, `select count(*) from system.certificate where workspace_id = $1`, old); n != 1 {
		t.Errorf("%d certificates, want the one of the purge", n)
	}
	noHistories(t, old, requests)
	seed(t)
	if again := workspace(t); again == old {
		t.Error("the old workspace lives again")
	}
	if _, err := running.GeminiControl(t.Context(), "reset", nil); err != nil {
		t.Fatal(err)
	}
	open(t, rita, "a new beginning")
}

// Behaviour 35: the event is lost, the probe notices; the hour runs from then.
func TestAProbeFindsALostUninstall(t *testing.T) {
	old := workspace(t)
	control(t, "outage", map[string]any{"seconds": 2})
	control(t, "uninstall", nil)
	control(t, "outage", map[string]any{"seconds": 0})
	c := temporalClient(t)
	if err := c.ScheduleClient().GetHandle(t.Context(), "probe-tokens").Trigger(t.Context(), client.ScheduleTriggerOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 90*time.Second, "a purge", func() bool {
		return query[int](t, `select count(*) from system.purge where workspace_id = $1 and cause = 'token_dead'`, old) == 1
	})
	eventually(t, 3*time.Minute, "its end", func() bool {
		return query[int](t, `select count(*) from system.purge where workspace_id = $1 and cause = 'token_dead' and done_at is not null`, old) == 1
	})
	seed(t)
}

// slow asks for the stories that take minutes of waiting, and that unit tests tell with another clock.
var slow = flag.Bool("slow", false, "tell the stories that wait for minutes, too")

// While Temporal is down the sweeper destroys keys and rows; the histories follow when it is back.
func TestAPurgeWithoutTemporal(t *testing.T) {
	if !*slow {
		t.Skip("waits for minutes: go test ./e2e -run TestAPurgeWithoutTemporal -args -slow")
	}
	open(t, rita, "nobody will see this")
	old := workspace(t)
	requests := list(t, running.Info.DatabaseAdminURL, `select 'request/' || request_id from tenant.request where workspace_id = '`+old+`'`)
	control(t, "uninstall", nil)
	uninstalled(t, old)
	if err := running.StopTemporal(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Minute, "keys and rows gone", func() bool {
		return query[int](t, `select count(*) from system.purge where workspace_id = $1 and keys_at is not null and rows_at is not null`, old) == 1
	})
	if n := query[int](t, `select count(*) from system.purge where workspace_id = $1 and histories_at is null and done_at is null`, old); n != 1 {
		t.Error("over without the histories")
	}
	if err := running.StartTemporal(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Minute, "the end", func() bool {
		return query[int](t, `select count(*) from system.purge where workspace_id = $1 and done_at is not null`, old) == 1
	})
	noHistories(t, old, requests)
	seed(t)
}

func temporalClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: running.Info.Temporal, Namespace: running.Info.TemporalNamespace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// noHistories asks Temporal for each of some workflows, and for all of a workspace.
func noHistories(t *testing.T, workspace string, workflows []string) {
	t.Helper()
	c := temporalClient(t)
	for _, id := range workflows {
		if _, err := c.DescribeWorkflowExecution(t.Context(), id, ""); err == nil {
			t.Errorf("the history of %s is there", id)
		}
	}
	all, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: running.Info.TemporalNamespace, Query: "WorkflowType = 'Request' and WorkspaceId = '" + workspace + "'",
	})
	if err != nil || all.GetCount() != 0 {
		t.Errorf("%d requests are visible, %v", all.GetCount(), err)
	}
}

// verified fetches a certificate and the public key, and checks the one with the other as a reviewer would.
func verified(t *testing.T, id, scope string) {
	t.Helper()
	dir := t.TempDir()
	for file, path := range map[string]string{"certificate.json": "/trust/certificates/" + id, "key.pem": "/trust/key"} {
		status, body := fetch(t, path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", path, status)
		}
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := running.Run(t.Context(), "certificate", "verify", filepath.Join(dir, "certificate.json"), "--key", filepath.Join(dir, "key.pem"))
	if err != nil || !strings.Contains(string(out), scope) || !strings.Contains(string(out), "histories") {
		t.Errorf("verify: %v: %s", err, out)
	}
	t.Logf("%s", out)
}

func fetch(t *testing.T, path string) (int, []byte) {
	t.Helper()
	response, err := http.Get(running.Info.API + path) //nolint:noctx // local
	if err != nil {
		return 0, nil // the api is being started again
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// openable counts the texts and tokens of a database that the product can read with the keys there are, but the canary's.
func openable(t *testing.T, address string) (n int) {
	t.Helper()
	store, err := postgres.Open(t.Context(), secret.New(address))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	wrapper, err := seal.OpenLocal(filepath.Join(running.Dir, "kms.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(t.Context(), secret.New(running.Info.KeystoreURL), wrapper)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	workspaces, err := store.Workspaces(t.Context(), helpdesk.WorkspaceID{}, 100)
	if err != nil || len(workspaces) == 0 {
		t.Fatalf("workspaces: %v, %v", workspaces, err)
	}
	for _, id := range workspaces {
		if id == living.id {
			continue
		}
		if err := store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error {
			if key, err := keys.WorkspaceKey(t.Context(), id); err == nil {
				if _, err := tx.Token(t.Context(), key); err == nil {
					n++
				}
			}
			channels, err := tx.Channels(t.Context())
			if err != nil {
				return err
			}
			for _, c := range channels {
				open, err := tx.OpenRequests(t.Context(), c.ID, helpdesk.RequestID{}, 1000)
				if err != nil {
					return err
				}
				for _, request := range open {
					k, err := keys.RequestKeys(t.Context(), id, request)
					if err != nil {
						continue
					}
					if _, err := tx.RequestText(t.Context(), request, k.Text); err == nil {
						n++
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
