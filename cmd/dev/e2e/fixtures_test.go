package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// Every payload of the collection is accepted or refused, never with a 5xx; each is sent as it is and as the inner
// event of an envelope. Without the collection there is nothing to send.
func TestEveryFixtureIsAcceptedOrRefused(t *testing.T) {
	files, err := filepath.Glob("../../../../shared/fixtures/slack/*/*")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d fixtures", len(files))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		bodies := map[string][]byte{"/slack/events": raw}
		if json.Valid(raw) {
			bodies["/slack/interactions"] = []byte(url.Values{"payload": {string(raw)}}.Encode())
			wrapped, err := json.Marshal(map[string]any{
				"type": "event_callback", "event_id": "Ev" + filepath.Base(file), "team_id": "T0ACME", "event": json.RawMessage(raw),
				"authorizations": []any{map[string]any{"team_id": "T0ACME", "user_id": bot, "is_bot": true}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if status := deliver(t, "/slack/events", wrapped, running.Info.SlackSigningSecret); status >= http.StatusInternalServerError {
				t.Errorf("%s in an envelope: status %d", filepath.Base(file), status)
			}
		} else {
			bodies["/slack/commands"] = raw
		}
		for path, body := range bodies {
			if status := deliver(t, path, body, running.Info.SlackSigningSecret); status >= http.StatusInternalServerError {
				t.Errorf("%s to %s: status %d", filepath.Base(file), path, status)
			}
		}
	}
	for name, log := range logs(t) {
		if bytes.Contains(log, []byte(`msg=panic`)) {
			t.Errorf("%s shows a panic", name)
		}
	}
}
