package e2e_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// Behaviour 44: a backup is restored beside the running service. Nothing serves from it before what was erased since is
// erased in it, too; the drill shows that none of that can be opened, and fails where it can; requests and Temporal agree
// afterwards, also where Temporal has lost one.
func TestARestoreIsReconciledBeforeItServes(t *testing.T) {
	deleted, lost := open(t, rita, "axolotl eats the licence"), open(t, rita, "monitor stays black")
	settled(t)
	dir, err := running.BackupAs(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	deletedID, lostID := column[string](t, deleted, "request_id::text"), column[string](t, lost, "request_id::text")
	list(t, running.Info.KeystoreAdminURL, `create table public.stolen as select * from keystore.request_key where request_id = '`+deletedID+`'`)
	control(t, "delete", map[string]any{"channel": help, "ts": deleted.ts})
	deleted.becomes(t, "withdrawn")
	eventually(t, 30*time.Second, "the text gone", func() bool { return deleted.erased(t) })
	later := open(t, rita, "mouse squeaks")
	forget(t, "request/"+lostID)
	if err := running.StopWorker(t.Context()); err != nil { // a process marks where the database stands when it ends, too
		t.Fatal(err)
	}
	if err := running.StartWorker(); err != nil {
		t.Fatal(err)
	}

	report := filepath.Join(t.TempDir(), "report.json")
	out, err := running.Run(t.Context(), "restore-drill", "--base-backup", dir, "--report", report)
	if err != nil || !regexp.MustCompile(`texts +[1-9]\d* +[1-9]\d* +[1-9]\d* +0 +0\n`).Match(out) || !strings.Contains(string(out), "passed:") {
		t.Errorf("drill: %s%v", out, err)
	}
	verifiedDrill(t, report)
	list(t, running.Info.KeystoreAdminURL, `insert into keystore.request_key select * from public.stolen`)
	out, err = running.Run(t.Context(), "restore-drill", "--base-backup", dir)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "1 erased texts could be opened") {
		t.Errorf("drill with a key put back: %s%v", out, err)
	}
	list(t, running.Info.KeystoreAdminURL, `delete from keystore.request_key where request_id = '`+deletedID+`'`)
	list(t, running.Info.KeystoreAdminURL, `drop table public.stolen`)

	restored, err := running.RestoreFrom(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	aside := map[string]string{"DATABASE_URL": restored, "LISTEN_ADDR": "127.0.0.1:0", "ADMIN_LISTEN_ADDR": "127.0.0.1:0"}
	for _, server := range []string{"api", "worker"} {
		if out, err := running.RunWith(t.Context(), aside, server); err == nil || !strings.Contains(err.Error(), "echosynch restore reconcile") {
			t.Errorf("%s serves from a restored database: %s%v", server, out, err)
		}
	}

	out, err = running.RunWith(t.Context(), aside, "restore", "reconcile")
	for _, want := range []string{`texts deleted +1\n`, `requests restarted +[1-9]`, `workflows ended +[1-9]`, `may start\n`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("reconcile: %s%v, want %s", out, err, want)
		}
	}
	if got := list(t, restoredAdmin(t, restored), `select status from tenant.request where request_id = '`+deletedID+`'`); len(got) != 1 || got[0] != "withdrawn" {
		t.Errorf("the deleted request is %v", got)
	}
	if _, err := temporalClient(t).DescribeWorkflowExecution(t.Context(), "request/"+lostID, ""); err != nil {
		t.Errorf("the request that Temporal had lost: %v", err)
	}
	lost.say(t, dana, "which monitor?")
	lost.becomes(t, "in_progress")
	if out, err := running.RunWith(t.Context(), aside, "restore", "reconcile"); err != nil || !regexp.MustCompile(`texts deleted +0\n`).Match(out) {
		t.Errorf("reconcile again: %s%v", out, err)
	}
	if status := column[string](t, later, "status"); status != "new" {
		t.Errorf("in the running service the request opened after the backup is %s", status)
	}
}

// forget makes Temporal forget a workflow, as where an older state of it was restored.
func forget(t *testing.T, workflow string) {
	t.Helper()
	c := temporalClient(t)
	if _, err := c.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: running.Info.TemporalNamespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflow},
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the workflow forgotten", func() bool {
		_, err := c.DescribeWorkflowExecution(t.Context(), workflow, "")
		return err != nil
	})
}

// verifiedDrill checks a report as a reviewer would, and keeps it in the test's output.
func verifiedDrill(t *testing.T, report string) {
	t.Helper()
	status, pem := fetch(t, "/trust/key")
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, pem, 0o600); status != 200 || err != nil {
		t.Fatalf("the public key: %d, %v", status, err)
	}
	if out, err := running.Run(t.Context(), "certificate", "verify-drill", report, "--key", key); err != nil || !strings.Contains(string(out), "verified") {
		t.Errorf("verify: %s%v", out, err)
	}
	doc, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("report: %s", doc)
	tampered := filepath.Join(t.TempDir(), "tampered.json")
	if err := os.WriteFile(tampered, []byte(strings.Replace(string(doc), `"erased_opened":0`, `"erased_opened":1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := running.Run(t.Context(), "certificate", "verify-drill", tampered, "--key", key); err == nil {
		t.Errorf("a changed report is taken: %s", out)
	}
}

// restoredAdmin is the address of a restored database for the administrator of the running one.
func restoredAdmin(t *testing.T, restored string) string {
	t.Helper()
	there, err1 := url.Parse(restored)
	admin, err2 := url.Parse(running.Info.DatabaseAdminURL)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	admin.Host = there.Host
	return admin.String()
}

// destroyedAgain reconciles a restored database that holds a workspace which was destroyed since: nothing of it is left there
// but a purge that waits for the servers.
func destroyedAgain(t *testing.T, restored, workspace string) {
	t.Helper()
	out, err := running.RunWith(t.Context(), map[string]string{"DATABASE_URL": restored}, "restore", "reconcile")
	if err != nil || !regexp.MustCompile(`workspaces destroyed +1\nrows deleted +[1-9]`).Match(out) {
		t.Errorf("reconcile: %s%v", out, err)
	}
	left := list(t, restoredAdmin(t, restored), `
		with w as (select '`+workspace+`'::uuid as id)
		select 'workspace' from tenant.workspace, w where workspace_id = id union all select 'request' from tenant.request, w where workspace_id = id
		union all select 'pointer' from system.installation, w where workspace_id = id
		union all select 'delivery' from system.inbox, w where workspace_id = id`)
	if len(left) > 0 {
		t.Errorf("left in the restored database: %v", left)
	}
	purges := list(t, restoredAdmin(t, restored), `
		select cause from system.purge where workspace_id = '`+workspace+`' and rows_at is not null and done_at is null`)
	if len(purges) != 1 {
		t.Errorf("purges that wait: %v", purges)
	}
}
