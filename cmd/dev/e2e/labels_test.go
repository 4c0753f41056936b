package e2e_test

import (
	"strings"
	"testing"
)

// relabel changes the label with a key for the length of a test; change is JSON with the fields that change.
func relabel(t *testing.T, key, change string) {
	t.Helper()
	const set = `
		update tenant.workspace set settings = jsonb_set(settings, '{labels}', (
		  select jsonb_agg(case when l->>'key' = $1 then l || $2::jsonb else l end order by n)
		  from jsonb_array_elements(settings->'labels') with ordinality as t(l, n)))
		where team = 'T0ACME' returning 1`
	before := query[string](t, `select settings::text from tenant.workspace where team = 'T0ACME'`)
	query[int](t, set, key, change)
	t.Cleanup(func() {
		query[int](t, `update tenant.workspace set settings = $1::jsonb where team = 'T0ACME' returning 1`, before)
	})
}

// A new request goes to the agent of its label. A menu that was shown before a label was deactivated still offers it: choosing
// it is refused.
func TestLabelsRouteAndEnd(t *testing.T) {
	relabel(t, "printing", `{"agent": "U0DANA"}`)
	k := open(t, rita, "the printer on floor 3 is jammed")
	k.shows(t, "with <@U0DANA>")
	if status, assignee := column[string](t, k, "status"), column[string](t, k, "assignee"); status != "new" || assignee != dana {
		t.Errorf("it is %s and with %s", status, assignee)
	}
	relabel(t, "hardware", `{"inactive": true}`)
	k.click(t, dana, "label", "hardware")
	whispered(t, dana, "That label is no longer in use")
	if got := column[string](t, k, "label"); got != "printing" {
		t.Errorf("label %q, want printing", got)
	}
	k.click(t, dana, "label", "network")
	k.shows(t, "Low  ·  Network")
	if shown := k.shown(t); strings.Contains(shown, "Hardware") {
		t.Errorf("the receipt still offers what is no longer in use: %s", shown)
	}
	if got := column[string](t, k, "assignee"); got != dana {
		t.Errorf("another label gave it to %q", got)
	}
	if label, by := column[string](t, k, "machine_label"), column[string](t, k, "machine_by"); label != "printing" || by == "" || by == "human" {
		t.Errorf("what the machine said became %q of %q", label, by)
	}
}
