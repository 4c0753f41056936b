package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A message becomes a request with a receipt in its thread, and a workflow that an operator can read.
func TestAMessageBecomesARequest(t *testing.T) {
	const text = "VPN drops every ten minutes, zebra-crossing"
	ts := post(t, help, rita, text)
	r := receipt(t, ts, 5*time.Second)
	for _, want := range []string{"Network & VPN", "high", "first reply due by"} {
		if !strings.Contains(r.Text, want) {
			t.Errorf("receipt %q does not say %q", r.Text, want)
		}
	}
	if whole := r.Text + string(r.Blocks); strings.Contains(whole, "zebra") || strings.Contains(whole, "ten minutes") {
		t.Errorf("receipt quotes the message: %s", whole)
	}
	id := query[string](t, `select request_id::text from tenant.request where origin_ts = $1`, ts)
	history := temporal(t, "/api/v1/namespaces/echosynch/workflows/"+url.PathEscape("request/"+id)+"/history")
	decoded := decodeAll(t, history)
	for _, want := range []string{"Request #", "triage", "receipt", "first_response warning"} {
		if !bytes.Contains(decoded, []byte(want)) {
			t.Errorf("history does not show %q", want)
		}
	}
	if bytes.Contains(decoded, []byte("zebra")) {
		t.Error("history holds message text")
	}
}

func temporal(t *testing.T, path string) []byte {
	t.Helper()
	response, err := http.Get(running.Info.TemporalUI + path) //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, response.StatusCode, err)
	}
	return body
}

// decodeAll appends to a JSON document every string of it that is base64.
func decodeAll(t *testing.T, document []byte) []byte {
	t.Helper()
	out := bytes.Clone(document)
	d := json.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		if s, ok := token.(string); ok {
			if raw, err := base64.StdEncoding.DecodeString(s); err == nil {
				out = append(append(out, '\n'), raw...)
			}
		}
	}
}

// Behaviour 3: the same event four times in parallel, and once more under another id, is one request.
func TestTheSameEventFourTimes(t *testing.T) {
	ts := post(t, help, sam, "printer is jammed")
	receipt(t, ts, 5*time.Second)
	var wg sync.WaitGroup
	for _, id := range []string{"EvSAME", "EvSAME", "EvSAME", "EvSAME", "EvOTHER"} {
		wg.Go(func() {
			if status := deliver(t, "/slack/events", opening("T0ACME", id, ts, "printer is jammed"), running.Info.SlackSigningSecret); status != http.StatusOK {
				t.Errorf("status %d, want 200", status)
			}
		})
	}
	wg.Wait()
	settled(t)
	if n := query[int](t, `select count(*) from tenant.request where origin_ts = $1`, ts); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	if n := len(receipts(t, ts)); n != 1 {
		t.Errorf("%d receipts, want 1", n)
	}
}

// Behaviours 4, 5 and 30: what opens nothing, and stores nothing.
func TestWhatOpensNothing(t *testing.T) {
	parent := post(t, help, sam, "my screen is black")
	receipt(t, parent, 5*time.Second)
	settled(t)
	before := query[int](t, `select count(*) from tenant.request`)
	inbox := query[int](t, `select count(*) from system.inbox where kind = 'message'`)
	for _, ts := range []string{
		post(t, help, sam, "a reply", "thread_ts", parent),
		post(t, help, sam, "a reply for all", "thread_ts", parent, "subtype", "thread_broadcast"),
		post(t, help, "", "alert: disk is full", "bot", "Nagios"),
		post(t, help, "U0STRANGER", "from outside", "user_team", "T0OTHER"),
		post(t, staff, "U0DANA", "staff talk"),
	} {
		if ts == "" {
			t.Error("message was not posted")
		}
	}
	last := post(t, help, rita, "me_message opens one", "subtype", "me_message")
	receipt(t, last, 5*time.Second)
	withFiles := post(t, help, rita, "", "subtype", "file_share", "files", 2)
	if r := receipt(t, withFiles, 5*time.Second); !strings.Contains(string(r.Blocks), "2 files") {
		t.Errorf("receipt does not count the files: %s", r.Blocks)
	}
	settled(t)
	if n := query[int](t, `select count(*) from tenant.request`) - before; n != 2 {
		t.Errorf("%d requests opened, want 2", n)
	}
	if n := query[int](t, `select count(*) from system.inbox where kind = 'message'`) - inbox; n != 2 {
		t.Errorf("%d openings stored, want 2", n)
	}
}

func TestForgedAndForeign(t *testing.T) {
	inbox := query[int](t, `select count(*) from system.inbox`)
	body := opening("T0ACME", "EvFORGED", "1700000000.000100", "forged")
	for _, path := range []string{"/slack/events", "/slack/interactions", "/slack/commands"} {
		if status := deliver(t, path, body, "not-the-secret"); status != http.StatusUnauthorized {
			t.Errorf("%s with a bad signature: status %d, want 401", path, status)
		}
	}
	if status := deliver(t, "/slack/events", opening("T0NOBODY", "EvNOBODY", "1700000000.000100", "x"), running.Info.SlackSigningSecret); status != http.StatusOK {
		t.Errorf("unknown workspace: status %d, want 200", status)
	}
	if n := query[int](t, `select count(*) from system.inbox`) - inbox; n != 0 {
		t.Errorf("%d deliveries stored, want none", n)
	}
}

// Behaviour 28: removed from a channel, intake stops, clocks are cancelled with the reason; added again, it starts afresh.
func TestRemovedFromTheChannel(t *testing.T) {
	ts := post(t, help, rita, "laptop is slow")
	receipt(t, ts, 5*time.Second)
	control(t, "kick", map[string]any{"channel": help})
	eventually(t, 20*time.Second, "clocks cancelled", func() bool {
		return query[string](t, `select clocks_off from tenant.request where origin_ts = $1`, ts) == "channel_left"
	})
	if status := query[string](t, `select status from tenant.request where origin_ts = $1`, ts); status != "new" {
		t.Errorf("status %q, want the request kept as it was", status)
	}
	control(t, "invite", map[string]any{"channel": help})
	eventually(t, 10*time.Second, "channel monitored again", func() bool {
		return query[string](t, `select state from tenant.channel where slack_channel = $1`, help) == "monitored"
	})
	receipt(t, post(t, help, rita, "laptop is slow again"), 5*time.Second)
}
