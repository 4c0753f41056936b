package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
)

// erased reports whether nothing of a request's text is left: neither row nor key.
func (k ticket) erased(t *testing.T) bool {
	t.Helper()
	id := column[string](t, k, "request_id::text")
	rows := query[int](t, `select count(*) from tenant.request_text where request_id = $1`, id)
	keys := list(t, running.Info.KeystoreAdminURL, `select 'x' from keystore.request_key where request_id = '`+id+`' and text_key is not null`)
	return rows == 0 && len(keys) == 0
}

// The text dies at its deadline by the workflow's own timer, also where the worker dies between key and row; the summary,
// the receipt and the clocks stay.
func TestTheTextDiesAtItsDeadline(t *testing.T) {
	before := query[string](t, `select settings::text from tenant.workspace where team = 'T0ACME'`)
	query[int](t, `update tenant.workspace set settings = jsonb_set(settings, '{retention}', '6000000000') where team = 'T0ACME' returning 1`)
	k := open(t, rita, "licence expired, axolotl")
	query[int](t, `update tenant.workspace set settings = $1::jsonb where team = 'T0ACME' returning 1`, before)
	if k.erased(t) {
		t.Fatal("the text is gone before its deadline")
	}
	if err := os.WriteFile(filepath.Join(running.FailpointDir(), string(failpoint.TextKeyDestroyed)), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the text gone", func() bool { return column[bool](t, k, "scrubbed_at is not null") && k.erased(t) })
	if column[string](t, k, "status") != "new" || column[string](t, k, "clocks_off") != "" || column[bool](t, k, "summary is null") {
		t.Error("more than the text is gone")
	}
	out, err := running.Run(t.Context(), "request", "show", "T0ACME", fmt.Sprint(column[int](t, k, "number")))
	if err != nil || !strings.Contains(string(out), "text removed by retention on "+time.Now().UTC().Format(time.DateOnly)) || strings.Contains(string(out), "axolotl") {
		t.Errorf("shown: %s%v", out, err)
	}
	k.say(t, dana, "which licence?")
	k.becomes(t, "in_progress")
	k.shows(t, "Software")
}

// Behaviour 31: a shorter retention says what it would destroy, and destroys it; the deadlines of younger texts move; a
// longer one affects only later requests.
func TestAShorterRetention(t *testing.T) {
	old, young := open(t, rita, "update fails"), open(t, rita, "app freezes")
	query[int](t, `update tenant.request set opened_at = opened_at - interval '3 days' where origin_ts = $1 returning 1`, old.ts)
	query[int](t, `select 1`)
	out, err := running.Run(t.Context(), "retention", "preview", "T0ACME", "2")
	if err != nil || !strings.Contains(string(out), "text is kept for 30 days now") || !strings.Contains(string(out), "destroy 1 text within the hour, 1 of open requests") {
		t.Fatalf("preview: %s%v", out, err)
	}
	if out, err := running.Run(t.Context(), "retention", "set", "T0ACME", "2"); err == nil || old.erased(t) {
		t.Errorf("set without an answer: %s%v", out, err)
	}
	if out, err := running.Run(t.Context(), "retention", "set", "T0ACME", "2", "--yes"); err != nil {
		t.Fatalf("set: %s%v", out, err)
	}
	eventually(t, 30*time.Second, "the older text gone", func() bool { return old.erased(t) })
	eventually(t, 30*time.Second, "the younger text's deadline moved", func() bool {
		return column[bool](t, young, "scrub_at = opened_at + interval '2 days'")
	})
	if young.erased(t) || column[string](t, old, "status") != "new" {
		t.Error("the younger text is gone, or the older request's life has changed")
	}
	if out, err := running.Run(t.Context(), "retention", "set", "T0ACME", "30"); err != nil || !strings.Contains(string(out), "only requests opened from then on") {
		t.Fatalf("lengthen: %s%v", out, err)
	}
	later := open(t, rita, "excel crashes")
	if !column[bool](t, young, "scrub_at = opened_at + interval '2 days'") || !column[bool](t, later, "scrub_at = opened_at + interval '30 days'") {
		t.Error("a longer retention affects more than later requests")
	}
}
