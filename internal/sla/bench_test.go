package sla

import (
	"testing"
	"time"
)

func BenchmarkPlan(b *testing.B) {
	opened := time.Date(2026, 12, 11, 15, 30, 0, 123456000, time.UTC)
	shutdown := Spec{Zone: "Europe/Berlin", Week: weekdays(nineToFive)}
	for n := range 40 {
		shutdown.Holidays = append(shutdown.Holidays, Holiday{Date: opened.AddDate(0, 0, n+1).Format(time.DateOnly)})
	}
	var pauses []Pause
	for n := range 10 {
		from := opened.Add(time.Duration(n) * 5 * time.Hour)
		pauses = append(pauses, Pause{From: from, To: from.Add(time.Hour)})
	}
	for _, bb := range []struct {
		name     string
		calendar *Calendar
		target   time.Duration
		pauses   []Pause
	}{
		{"always, 24 h", Always(), 24 * time.Hour, nil},
		{"office hours, 8 h", mustNew(b, Spec{Zone: "Europe/Berlin", Week: weekdays(nineToFive)}), 8 * time.Hour, nil},
		{"office hours, 168 h", mustNew(b, Spec{Zone: "Europe/Berlin", Week: weekdays(nineToFive)}), 168 * time.Hour, nil},
		{"40-day shutdown, 8 h", mustNew(b, shutdown), 8 * time.Hour, nil},
		{"22:00-06:00, 24 h", mustNew(b, Spec{Zone: "America/New_York", Week: everyDay(Interval{22 * 60, 6 * 60})}), 24 * time.Hour, nil},
		{"ten pauses, 24 h", mustNew(b, Spec{Zone: "Europe/Berlin", Week: weekdays(nineToFive)}), 24 * time.Hour, pauses},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Plan(bb.calendar, opened, bb.target, bb.pauses)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	spec := Spec{Zone: "Europe/Berlin", Week: weekdays(nineToFive), Holidays: []Holiday{{Date: "2026-12-24"}, {Date: "2026-12-25"}}}
	for b.Loop() {
		mustNew(b, spec)
	}
}
