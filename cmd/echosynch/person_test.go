package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestPersonRefusesBadUsage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for line, why := range map[string]string{
		"person export T0ACME rita -o x":               `"rita" is no Slack user id`,
		"person export T0ACME U0RITA -o x --law hipaa": "use gdpr or ccpa",
		"person export T0ACME -o x":                    "takes the arguments TEAM USER, not 1",
		"person erase T0ACME C0ITHELP":                 `"C0ITHELP" is no Slack user id`,
		"person erase acme U0RITA":                     `"acme" is no Slack team id`,
		"person erase T0ACME U0RITA --law":             "flag needs an argument",
		"person requests":                              "takes the arguments TEAM, not 0",
		"person forget T0ACME U0RITA":                  `has no command "forget"`,
		"workspace export":                             "takes the arguments TEAM, not 0",
	} {
		if got := execute(t.Context(), b.environ, strings.Fields(line)...); got.code != exitUsage || !strings.Contains(got.errOut, why) {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

// Who is stored nowhere, and who is stored in another workspace only, look alike.
func TestPersonNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := helpdesk.NewWorkspaceID(time.Now())
	if err := b.store.InWorkspace(t.Context(), other, func(tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: "T0OTHER", BotUser: "U0BOT", Installer: "U0THEIRS", Scopes: []string{}, AuthorizedAt: time.Now(), Settings: helpdesk.DefaultSettings("UTC")}
		return tx.Install(t.Context(), w, []byte("wrapped"), seal.NewKey())
	}); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"U0THEIRS", "U0NOBODY"} {
		for _, command := range []string{"erase", "erase --yes"} {
			b.fails(t, strings.Replace("person "+command, "erase", "erase T0ACME "+user, 1), "echosynch person erase: not found: nothing of "+user+" is stored in team T0ACME")
		}
	}
	b.does(t, "person requests T0ACME", "nobody has asked for a copy or an erasure\n")
}

// Without --yes an erasure says what it would do. With it, what was asked for is recorded even where Temporal is down, and
// can be asked for again; the law's time runs from the first time.
func TestPersonErase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.environ["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
	b.fails(t, "person erase T0ACME U0ALEX", "echosynch person erase: U0ALEX is the only admin of team T0ACME: make somebody else one before, with 'echosynch agent add T0ACME USER --admin'")
	b.does(t, "agent add T0ACME U0DANA --admin", "")
	const preview = "stored of U0ALEX: 0 requests, 0 of them open, which would be withdrawn; 0 texts; 0 summaries; 1 roles; 0 deliveries not yet worked on\n" +
		"0 open requests of others would lose their assignee; 1 rows would stay, with a pseudonym in place of the id\n"
	b.does(t, "person erase T0ACME U0ALEX", preview+"nothing was changed; --yes destroys it, which cannot be undone\n")
	for range 2 {
		got := execute(t.Context(), b.environ, "person", "erase", "T0ACME", "U0ALEX", "--yes", "--law", "ccpa")
		if got.code != exitFailed || !strings.Contains(got.errOut, "the request is recorded, but Temporal does not answer") || !strings.Contains(got.errOut, "repeat the command") {
			t.Errorf("%+v", got)
		}
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		found, err := tx.DataRequests(ctx, 10)
		if len(found) != 1 || found[0].Person != "U0ALEX" || found[0].DueAt.Sub(found[0].AskedAt) != 45*24*time.Hour || !helpdesk.Pseudonymous(found[0].Pseudonym) {
			t.Errorf("recorded %+v", found)
		}
		return err
	})
	if got := execute(t.Context(), b.environ, "person", "requests", "T0ACME"); got.code != 0 || !strings.Contains(got.out, "person_erasure  U0ALEX  ccpa") || !strings.Contains(got.out, "45.0 days") {
		t.Errorf("%+v", got)
	}
	audit := execute(t.Context(), b.environ, "audit", "export", "T0ACME", "--format", "json")
	if strings.Count(audit.out, `"action":"erased","object":"U0ALEX"`) != 2 {
		t.Errorf("audit: %s", audit.out)
	}
}

// A link is printed once; what is stored of it is a hash. Without Temporal it works, and the command says what is amiss.
func TestWorkspaceExportLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.environ["TEMPORAL_ADDRESS"], b.environ["PUBLIC_URL"] = "127.0.0.1:1", "https://help.example.com"
	got := execute(t.Context(), b.environ, "workspace", "export", "T0ACME")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	token, ok := strings.CutPrefix(lines[len(lines)-1], "https://help.example.com/exports/")
	if !ok || len(token) != 43 || !strings.Contains(got.errOut, "Temporal does not answer") {
		t.Fatalf("%+v", got)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		found, err := tx.DataRequests(ctx, 10)
		if raw, _ := json.Marshal(found); len(found) != 1 || found[0].Kind != helpdesk.WorkspaceExport || strings.Contains(string(raw), token) {
			t.Errorf("recorded %s", raw)
		}
		return err
	})
}

// Without the keys nothing can be copied, and nothing is left behind.
func TestPersonExportNeedsKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := t.TempDir()
	got := execute(t.Context(), b.environ, "person", "export", "T0ACME", "U0ALEX", "-o", filepath.Join(dir, "copy"))
	if got.code != exitFailed || !strings.Contains(got.errOut, "texts are sealed: set KEYSTORE_URL") {
		t.Errorf("%+v", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := execute(t.Context(), b.environ, "person", "export", "T0ACME", "U0ALEX", "-o", dir); got.code != exitFailed || !strings.Contains(got.errOut, "the directory is not empty") {
		t.Errorf("%+v", got)
	}
}
