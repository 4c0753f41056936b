package sla

import (
	"testing"
	"time"
)

func TestLead(t *testing.T) {
	t.Parallel()
	for target, want := range map[time.Duration]time.Duration{
		0: 0, 61 * time.Second: 15 * time.Second, time.Hour: 15 * time.Minute, 2 * time.Hour: 30 * time.Minute, 8 * time.Hour: 30 * time.Minute,
	} {
		if got := Lead(target); got != want {
			t.Errorf("Lead(%s) = %s, want %s", target, got, want)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	c := mustNew(t, Spec{Week: weekdays(nineToFive)})
	opened := local(t, "", "2026-11-27 16:00") // a Friday
	pause := func(from, to string) Pause { return Pause{From: local(t, "", from), To: local(t, "", to)} }
	running := Pause{From: local(t, "", "2026-11-30 09:45")}
	tests := map[string]struct {
		target    time.Duration
		pauses    []Pause
		due, warn string // "" while a pause holds it off
	}{
		"a quarter of the target":    {90 * time.Minute, nil, "2026-11-30 09:30", "2026-11-30 09:07"},
		"no pause":                   {2 * time.Hour, nil, "2026-11-30 10:00", "2026-11-30 09:30"},
		"pause over the weekend":     {2 * time.Hour, []Pause{pause("2026-11-27 16:30", "2026-11-30 09:30")}, "2026-11-30 11:00", "2026-11-30 10:30"},
		"pause in closed time":       {2 * time.Hour, []Pause{pause("2026-11-28 10:00", "2026-11-29 10:00")}, "2026-11-30 10:00", "2026-11-30 09:30"},
		"pause between the two":      {2 * time.Hour, []Pause{pause("2026-11-30 09:45", "2026-11-30 11:45")}, "2026-11-30 12:00", "2026-11-30 09:30"},
		"pause at the deadline":      {2 * time.Hour, []Pause{pause("2026-11-30 10:00", "2026-11-30 12:00")}, "2026-11-30 10:00", "2026-11-30 09:30"},
		"overlapping pauses":         {2 * time.Hour, []Pause{pause("2026-11-27 16:40", "2026-11-27 16:50"), pause("2026-11-27 16:30", "2026-11-27 17:00")}, "2026-11-30 10:30", "2026-11-30 10:00"},
		"backwards":                  {2 * time.Hour, []Pause{pause("2026-11-27 16:40", "2026-11-27 16:10")}, "2026-11-30 10:00", "2026-11-30 09:30"},
		"running after the warning":  {2 * time.Hour, []Pause{running}, "", "2026-11-30 09:30"},
		"running before the warning": {4 * time.Hour, []Pause{running}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Plan(c, opened, tt.target, tt.pauses)
			check(t, "due", got.Due, tt.due)
			check(t, "warning", got.WarnAt.Truncate(time.Minute), tt.warn)
		})
	}
}

func check(t *testing.T, what string, got time.Time, want string) {
	t.Helper()
	if want == "" && got.IsZero() {
		return
	}
	if want == "" || !got.Equal(local(t, "", want)) {
		t.Errorf("%s %s, want %q", what, got, want)
	}
}

func TestElapsedStandsStillInAPause(t *testing.T) {
	t.Parallel()
	opened := local(t, "", "2026-11-23 09:00")
	running := []Pause{{From: opened.Add(time.Hour)}}
	if got := Elapsed(Always(), opened, opened.Add(5*time.Hour), running); got != time.Hour {
		t.Errorf("Elapsed = %s, want 1h", got)
	}
	if got := Elapsed(Always(), opened, opened.Add(30*time.Minute), running); got != 30*time.Minute {
		t.Errorf("Elapsed before the pause = %s, want 30m", got)
	}
}
