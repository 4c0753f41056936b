package helpdesk_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The offer: hours to first response and to resolution by priority, 24x7 in the installer's zone, 30 days of text.
func TestDefaultSettings(t *testing.T) {
	t.Parallel()
	hours := func(first, resolution time.Duration) helpdesk.Target {
		return helpdesk.Target{FirstResponse: first * time.Hour, Resolution: resolution * time.Hour, Clock: helpdesk.ClockAlways}
	}
	want := helpdesk.Settings{
		Zone: "Europe/Berlin",
		Targets: map[helpdesk.Priority]helpdesk.Target{
			"critical": hours(1, 8), "high": hours(2, 24), "medium": hours(8, 48), "low": hours(24, 168),
		},
		Labels:    helpdesk.StarterTaxonomy(),
		Retention: 30 * 24 * time.Hour,
	}
	got := helpdesk.DefaultSettings("Europe/Berlin")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the settings are %+v, want %+v", got, want)
	}
	for _, p := range helpdesk.Priorities() {
		if _, ok := got.Targets[p]; !ok {
			t.Errorf("%s has no target", p)
		}
	}

	stored, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var read helpdesk.Settings
	if err := json.Unmarshal(stored, &read); err != nil || !reflect.DeepEqual(read, got) {
		t.Errorf("stored and read they are %+v, %v", read, err)
	}

	got.Targets[helpdesk.Critical] = hours(9, 9)
	if again := helpdesk.DefaultSettings("Europe/Berlin"); !reflect.DeepEqual(again, want) {
		t.Error("two workspaces share their targets")
	}
}

func TestRetentionBounds(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	if helpdesk.MinRetention != 1*day || helpdesk.DefaultRetention != 30*day || helpdesk.MaxRetention != 365*day {
		t.Errorf("text is kept from %s to %s, by default %s", helpdesk.MinRetention, helpdesk.MaxRetention, helpdesk.DefaultRetention)
	}
}
