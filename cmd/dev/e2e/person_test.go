package e2e_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// manifest is what we read of an export's.
type manifest struct {
	Of    string `json:"of"`
	Texts int    `json:"texts"`
	Files []struct {
		Name   string `json:"name"`
		Rows   int    `json:"rows"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// whole checks the files of an export against its manifest, as whoever got it would.
func whole(t *testing.T, files map[string][]byte, of string) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil || m.Of != of || len(m.Files) != len(files)-1 {
		t.Fatalf("manifest %s: %v", files["manifest.json"], err)
	}
	for _, f := range m.Files {
		sum := sha256.Sum256(files[f.Name])
		var rows []json.RawMessage
		if hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
		if strings.HasSuffix(f.Name, ".json") && (json.Unmarshal(files[f.Name], &rows) != nil || len(rows) != f.Rows) {
			t.Errorf("%s: %d rows, want %d", f.Name, len(rows), f.Rows)
		}
	}
	return m
}

// inTables counts the rows of our own tables that hold a word.
func inTables(t *testing.T, word string) (tables []string) {
	t.Helper()
	for _, table := range list(t, running.Info.DatabaseAdminURL, `
		select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('tenant', 'system')`) {
		if query[int](t, `select count(*) from `+table+` t where position($1 in t::text) > 0`, word) > 0 {
			tables = append(tables, table)
		}
	}
	return tables
}

// Behaviour 45: a person gets a copy of what is stored of them, and is erased: text, summary, and their id wherever it stood.
func TestAPersonIsExportedAndErased(t *testing.T) {
	const marker = "Parasaurolophus"
	k := open(t, sam, "=HYPERLINK the licence of "+marker+" expired")
	settled(t)
	dir := filepath.Join(t.TempDir(), "sam")
	if out, err := running.Run(t.Context(), "person", "export", "T0ACME", sam, "--law", "ccpa", "-o", dir); err != nil {
		t.Fatalf("export: %s%v", out, err)
	}
	files := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if m := whole(t, files, "person"); m.Texts == 0 || !bytes.Contains(files["requests.json"], []byte(`"text": "=HYPERLINK the licence of `+marker)) ||
		!bytes.Contains(files["requests.csv"], []byte("'=HYPERLINK the licence of "+marker)) {
		t.Errorf("the text is not in the export: %s", files["requests.csv"])
	}

	out, err := running.Run(t.Context(), "person", "erase", "T0ACME", sam)
	if err != nil || !strings.Contains(string(out), "nothing was changed") || k.erased(t) {
		t.Fatalf("preview: %s%v", out, err)
	}
	if out, err = running.Run(t.Context(), "person", "erase", "T0ACME", sam, "--yes"); err != nil {
		t.Fatalf("erase: %s%v", out, err)
	}
	address := regexp.MustCompile(`/trust/certificates/\S+`).FindString(string(out))
	eventually(t, 90*time.Second, "the erasure certified", func() bool {
		return query[int](t, `select count(*) from tenant.data_request where kind = 'person_erasure' and outcome = 'erased'`) == 1
	})
	if !k.erased(t) || column[string](t, k, "status") != "withdrawn" || column[string](t, k, "clocks_off") != "erased" {
		t.Error("the request is not withdrawn, or can be read")
	}
	eventually(t, 20*time.Second, "the receipt gone", func() bool { return len(receipts(t, k.ts)) == 0 })
	if left := inTables(t, sam); len(left) > 0 {
		t.Errorf("the person is still in %v", left)
	}
	for _, admin := range []string{running.Info.DatabaseAdminURL, running.Info.KeystoreAdminURL} {
		dumpClean(t, admin, marker)
	}
	notInHistory(t, "data-request/"+query[string](t, `select data_request_id::text from tenant.data_request where kind = 'person_erasure'`), sam)
	certified(t, address)
	if out, err := running.Run(t.Context(), "person", "erase", "T0ACME", sam, "--yes"); err == nil || !strings.Contains(err.Error(), "not found: nothing of U0SAM is stored") {
		t.Errorf("erased again: %s%v", out, err)
	}
	if out, err := running.Run(t.Context(), "person", "requests", "T0ACME"); err != nil || strings.Contains(string(out), sam) || !strings.Contains(string(out), address) {
		t.Errorf("listed: %s%v", out, err)
	}
	again := open(t, sam, "vpn down") // who comes back is somebody new
	again.becomes(t, "new")
}

// notInHistory reads a workflow's whole history.
func notInHistory(t *testing.T, workflow, word string) {
	t.Helper()
	events := temporalClient(t).GetWorkflowHistory(t.Context(), workflow, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	n := 0
	for ; events.HasNext(); n++ {
		e, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.String(), word) {
			t.Errorf("event %d of %s holds %s", e.GetEventId(), workflow, word)
		}
	}
	if n < 5 {
		t.Errorf("%s has %d events", workflow, n)
	}
}

// certified checks the certificate of an erasure of a person, as a reviewer would.
func certified(t *testing.T, address string) {
	t.Helper()
	dir := t.TempDir()
	for file, path := range map[string]string{"certificate.json": address, "key.pem": "/trust/key"} {
		status, body := fetch(t, path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", path, status)
		}
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := running.Run(t.Context(), "certificate", "verify", filepath.Join(dir, "certificate.json"), "--key", filepath.Join(dir, "key.pem"))
	if err != nil || !strings.Contains(string(out), "person") || strings.Contains(string(out), sam) {
		t.Errorf("verify: %v: %s", err, out)
	}
	t.Logf("%s", out)
}

// Behaviour 45: everything of a workspace by a link that works once, however often it is looked at.
func TestAWorkspaceIsExportedOnce(t *testing.T) {
	const marker = "Dilophosaurus"
	k := open(t, rita, "the "+marker+" share is gone")
	scrubbed := open(t, rita, "screen is black")
	post(t, help, dana, "which share?", "thread_ts", k.ts)
	control(t, "delete", map[string]any{"channel": help, "ts": scrubbed.ts})
	scrubbed.becomes(t, "withdrawn")
	settled(t)
	out, err := running.Run(t.Context(), "workspace", "export", "T0ACME")
	link := regexp.MustCompile(`http\S+/exports/(\S+)`).FindStringSubmatch(string(out))
	if err != nil || link == nil {
		t.Fatalf("link: %s%v", out, err)
	}
	if n := inTables(t, link[1]); len(n) > 0 {
		t.Errorf("the token stands in %v", n)
	}
	for range 2 { // previews
		if status, page := fetch(t, "/exports/"+link[1]); status != http.StatusOK || !bytes.Contains(page, []byte("<button>Download</button>")) {
			t.Fatalf("looked at: %d", status)
		}
	}
	var (
		both     sync.WaitGroup
		statuses [2]int
		bodies   [2][]byte
	)
	for i := range 2 {
		both.Go(func() { statuses[i], bodies[i] = submit(t, link[0]) })
	}
	both.Wait()
	if statuses[0] > statuses[1] {
		statuses[0], statuses[1], bodies[0] = statuses[1], statuses[0], bodies[1]
	}
	if statuses != [2]int{http.StatusOK, http.StatusNotFound} {
		t.Fatalf("two at once: %v", statuses)
	}
	_, gone := fetch(t, "/exports/"+link[1])
	if status, wrong := fetch(t, "/exports/"+strings.Repeat("A", 43)); status != http.StatusNotFound || !bytes.Equal(gone, wrong) {
		t.Error("a used link looks other than a wrong one")
	}
	files := unzip(t, bodies[0])
	m := whole(t, files, "workspace")
	if m.Texts == 0 || !bytes.Contains(files["requests.json"], []byte(marker)) || !bytes.Contains(files["requests.csv"], []byte("removed with the message that its author deleted on "+time.Now().UTC().Format(time.DateOnly))) {
		t.Error("text that is there is not in the export, or text that was removed is not marked")
	}
	if !bytes.Contains(files["audit.csv"], []byte("exported,workspace")) {
		t.Error("the audit log does not tell of the export")
	}
	eventually(t, 10*time.Second, "the export recorded", func() bool {
		return query[int](t, `select count(*) from tenant.data_request where kind = 'workspace_export' and outcome = 'exported' and texts > 0`) > 0
	})
	for name, log := range logs(t) {
		if bytes.Contains(log, []byte(link[1])) || bytes.Contains(log, []byte(marker)) {
			t.Errorf("%s holds the token or the text", name)
		}
	}
	dumpClean(t, running.Info.DatabaseAdminURL, marker)
}

// submit presses the button of a page.
func submit(t *testing.T, address string) (int, []byte) {
	t.Helper()
	response, err := http.Post(address, "application/x-www-form-urlencoded", nil) //nolint:noctx,gosec // local
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	if c := response.Header.Get("Cache-Control"); c != "no-store" {
		t.Errorf("may be cached: %q", c)
	}
	return response.StatusCode, body
}

func unzip(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
