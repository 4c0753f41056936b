package sla

import (
	"testing"
	"time"
)

func FuzzAdd(f *testing.F) {
	f.Add("Europe/Berlin", int64(1774746000), int64(0), 0, 480, 1320, 360, "2026-03-29", int64(7*time.Hour), int64(time.Second))
	f.Add("America/Havana", int64(1793509200), int64(123456000), 1320, 360, 540, 1440, "2026-11-01", int64(9*time.Hour), int64(1))
	f.Add("Pacific/Apia", int64(1325100000), int64(0), 0, 1440, 1, 0, "2011-12-30", int64(100*time.Hour), int64(0))
	f.Add("Africa/Monrovia", int64(-2e9), int64(999999999), 1439, 1, 0, 1, "1906-08-16", int64(time.Minute), int64(24*time.Hour))
	f.Add("Europe/Dublin", int64(6e9), int64(5), 600, 601, 600, 602, "2160-02-29", int64(5*time.Minute), int64(time.Hour))
	f.Add("Australia/Lord_Howe", int64(2240524800), int64(7), 0, 1440, 0, 1440, "2040-12-31", int64(40*time.Hour), int64(time.Hour))
	f.Fuzz(func(t *testing.T, zone string, unix, nanosecond int64, from, to, from2, to2 int, holiday string, a, b int64) {
		const century, most = 100 * 365 * secondsOfDay, int64(1000 * time.Hour)
		c, err := New(Spec{
			Zone:     zone,
			Week:     map[time.Weekday][]Interval{time.Saturday: {{from, to}}, time.Wednesday: {{from2, to2}, {from, to}}},
			Holidays: []Holiday{{Date: holiday}},
		})
		if err != nil || unix < -2*century || unix > 3*century || nanosecond < 0 || nanosecond > 999_999_999 {
			return
		}
		span := func(d int64) time.Duration { return time.Duration(d % most).Abs() }
		checkLaws(t, c, time.Unix(unix, nanosecond), span(a), span(b))
	})
}

func FuzzInterval(f *testing.F) {
	for _, seed := range []string{"09:00-17:30", "22:00-06:00", "00:00-24:00", "9:00-17:00", "09:00-17:00 ", "-1:00-02:00", "", "09:75-10:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var i Interval
		if i.UnmarshalText([]byte(text)) == nil && i.String() != text {
			t.Errorf("%q reads as %s", text, i)
		}
	})
}
