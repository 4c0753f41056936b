package helpdesk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestParseTS(t *testing.T) {
	t.Parallel()
	for ts, want := range map[string]time.Time{
		"1700000000.000100":  time.Date(2023, time.November, 14, 22, 13, 20, 100_000, time.UTC),
		"1700000000.000000":  time.Date(2023, time.November, 14, 22, 13, 20, 0, time.UTC),
		"1700000000.999999":  time.Date(2023, time.November, 14, 22, 13, 20, 999_999_000, time.UTC),
		"0.000000":           time.Unix(0, 0).UTC(),
		"0.000001":           time.Unix(0, 1000).UTC(),
		"2147483648.000001":  time.Unix(1<<31, 1000).UTC(),
		"4294967296.000001":  time.Unix(1<<32, 1000).UTC(),
		"68719476735.000000": time.Unix(1<<36-1, 0).UTC(), // the year 4147
	} {
		got, err := helpdesk.ParseTS(ts)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s is %s, %v; want %s", ts, got, err, want)
		}
	}
	for _, ts := range []string{
		"", ".", "1700000000", "1700000000.", ".000100", "1700000000.00010", "1700000000.0001000", "1700000000,000100",
		"1700000000.000100.1", "-1700000000.000100", "+1700000000.000100", "1700000000.-00100", "1700000000.+00100",
		" 1700000000.000100", "1700000000.000100\n", "1700000000 .000100", "17e8.000100", "0x10.000100", "1_7.000100", "1700000000.00_100",
		"1700000000.00010a", "NaN.000000", "١٧٠٠.000100", "1700000000.٠٠٠", "68719476736.000000", "18446744073709551616.000000",
		strings.Repeat("9", 1000) + ".000000", "\x00.000000", "1700000000.\xff00000", "quetzalcoatlus",
	} {
		got, err := helpdesk.ParseTS(ts)
		if !errors.Is(err, helpdesk.ErrInvalid) || !got.IsZero() {
			t.Errorf("%q is %s, %v", ts, got, err)
		} else if len(ts) > 3 && strings.Contains(err.Error(), ts) {
			t.Errorf("%q stands in the error: %v", ts, err)
		}
	}
}

// FuzzParseTS: what is read prints as it was written, and later messages are later.
func FuzzParseTS(f *testing.F) {
	for _, seed := range []string{"1700000000.000100", "0.000000", "007.000001", "1700000000", "x.000000", "1.0000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ts string) {
		got, err := helpdesk.ParseTS(ts)
		if err != nil {
			if !errors.Is(err, helpdesk.ErrInvalid) {
				t.Errorf("%q: %v", ts, err)
			}
			return
		}
		printed := fmt.Sprintf("%d.%06d", got.Unix(), got.Nanosecond()/1000)
		if strings.TrimLeft(ts, "0") != strings.TrimLeft(printed, "0") || got.Nanosecond()%1000 != 0 {
			t.Errorf("%q is %s", ts, got)
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("%q cannot be stored: %v", ts, err)
		}
	})
}
