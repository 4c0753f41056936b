package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// says reports whether a message of ours in a thread says something.
func (k ticket) says(t *testing.T, want string) bool {
	t.Helper()
	for _, m := range receipts(t, k.ts) {
		if strings.Contains(plain(t, m), want) {
			return true
		}
	}
	return false
}

// Three people tell of one trouble, in two languages: every card says so. Two are made duplicates of the first, one is undone;
// then the first is resolved, and both who asked are told.
func TestAnIncidentAndItsDuplicates(t *testing.T) {
	first := open(t, rita, "the CRM is down")
	second := open(t, sam, "Salesforce not working for me either")
	third := open(t, rita, "CRM geht nicht, Kollegen auch")
	for _, k := range []ticket{first, second, third} {
		eventually(t, 20*time.Second, "an incident on the staff card", func() bool {
			return strings.Contains(k.card(t), "possible incident: 3 similar requests within 30 minutes")
		})
		if strings.Contains(k.shown(t), "possible incident") {
			t.Error("the receipt alarms whoever asked, where there is a staff channel")
		}
	}
	id, number := column[string](t, first, "request_id::text"), column[string](t, first, "number::text")
	for _, k := range []ticket{second, third} {
		k.click(t, rita, "duplicate", id)
		whispered(t, rita, "Only agents can do that")
		if k == second {
			k.click(t, dana, "duplicate", id)
		} else if out, err := running.Run(t.Context(), "request", "duplicate", "T0ACME", column[string](t, k, "number::text"), number); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		eventually(t, 10*time.Second, "a duplicate", func() bool {
			return column[string](t, k, "coalesce(duplicate_of::text, '')") == id && column[string](t, k, "clocks_off") == "duplicate"
		})
		k.shows(t, "follows its clock")
	}
	first.shows(t, "2 duplicates: ")
	if _, err := running.Run(t.Context(), "request", "duplicate", "T0ACME", number, column[string](t, second, "number::text")); err == nil ||
		!strings.Contains(err.Error(), "Other requests are duplicates of this one") {
		t.Errorf("an original becomes a duplicate: %v", err)
	}
	third.click(t, dana, "not_duplicate")
	eventually(t, 10*time.Second, "no duplicate any more", func() bool { return column[string](t, third, "clocks_off") == "" })
	first.shows(t, "1 duplicate: ")

	first.click(t, dana, "resolve")
	second.becomes(t, "resolved")
	eventually(t, 10*time.Second, "both told", func() bool {
		return first.says(t, "was resolved, and with it 1 duplicate") && second.says(t, "#"+number+", of which this is a duplicate, was resolved")
	})
	if got := column[string](t, third, "status"); got != "new" {
		t.Errorf("the one that was undone is %s", got)
	}
	if query[int](t, `select count(*) from tenant.request_text where sketch is not null`) == 0 {
		t.Error("no sketch is stored")
	}
	third.click(t, dana, "resolve")
	third.becomes(t, "resolved")
}
