package helpdesk_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// id is what all ids can do; readable is a pointer to one.
type (
	id interface {
		comparable
		fmt.Stringer
		encoding.TextMarshaler
	}
	readable[T any] interface {
		*T
		encoding.TextUnmarshaler
	}
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 123_456_789, time.UTC)

func TestIDs(t *testing.T) {
	t.Parallel()
	t.Run("workspace", func(t *testing.T) { testID(t, '7', helpdesk.NewWorkspaceID) })
	t.Run("channel", func(t *testing.T) { testID(t, '7', helpdesk.NewChannelID) })
	t.Run("inbox", func(t *testing.T) { testID(t, '7', helpdesk.NewInboxID) })
	t.Run("request", func(t *testing.T) {
		testID(t, '4', func(time.Time) helpdesk.RequestID { return helpdesk.NewRequestID() })
	})
}

func testID[T id, P readable[T]](t *testing.T, version byte, made func(time.Time) T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-` + string(version) + `[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := make(map[T]bool)
	for range 200 {
		u := made(now)
		text := u.String()
		if !shape.MatchString(text) || seen[u] {
			t.Fatalf("%s is not of version %c, or was made twice", text, version)
		}
		seen[u] = true

		var parsed T
		if err := P(&parsed).UnmarshalText([]byte(text)); err != nil || parsed != u {
			t.Errorf("%s is read as %s, %v", text, parsed, err)
		}
		if err := P(&parsed).UnmarshalText([]byte(strings.ToUpper(text))); err != nil || parsed != u {
			t.Errorf("%s in capitals is read as %s, %v", text, parsed, err)
		}
		if b, err := u.MarshalText(); err != nil || string(b) != text {
			t.Errorf("%s is marshalled as %s, %v", text, b, err)
		}
		raw, err := json.Marshal(map[T]T{u: u})
		if want := `{"` + text + `":"` + text + `"}`; err != nil || string(raw) != want {
			t.Errorf("as JSON: %s, %v; want %s", raw, err, want)
		}
		var read map[T]T
		if err := json.Unmarshal(raw, &read); err != nil || read[u] != u {
			t.Errorf("from JSON: %v, %v", read, err)
		}
	}
	for _, bad := range badIDs {
		before := made(now)
		parsed := before
		err := P(&parsed).UnmarshalText([]byte(bad))
		if !errors.Is(err, helpdesk.ErrInvalid) || parsed != before {
			t.Errorf("%q is read as %s, %v", bad, parsed, err)
		} else if len(bad) > 4 && strings.Contains(err.Error(), bad) {
			t.Errorf("%q stands in the error: %v", bad, err)
		}
	}
}

// badIDs are close to one, and far from one.
var badIDs = []string{
	"", "-", "----", "not an id", "0193f2a07c1e7d3a9b4c5d6e7f809102", // without dashes
	"0193f2a0-7c1e-7d3a-9b4c-5d6e7f80910", "0193f2a0-7c1e-7d3a-9b4c-5d6e7f8091022", // one too few, one too many
	"0193f2a0-7c1e-7d3a-9b4c-5d6e7f80910g", "g193f2a0-7c1e-7d3a-9b4c-5d6e7f809102", "0193f2a0-7c1g-7d3a-9b4c-5d6e7f809102",
	"0193f2a0_7c1e_7d3a_9b4c_5d6e7f809102", "0193f2a07-c1e-7d3a-9b4c-5d6e7f809102", "0193f2a0--7c1e7d3a-9b4c-5d6e7f809102",
	"{193f2a0-7c1e-7d3a-9b4c-5d6e7f80910}", "{0193f2a0-7c1e-7d3a-9b4c-5d6e7f809102}", "urn:uuid:0193f2a0-7c1e-7d3a-9b4c-5d6e7f809102",
	" 0193f2a0-7c1e-7d3a-9b4c-5d6e7f809102", "0193f2a0-7c1e-7d3a-9b4c-5d6e7f809102\n", "0193f2a0-7c1e-7d3a-9b4c-5d6e7f8091\x00\x00",
	"\xff193f2a0-7c1e-7d3a-9b4c-5d6e7f80910", "../../../../../../../../etc/passwd..",
}

func TestZeroIDs(t *testing.T) {
	t.Parallel()
	if !(helpdesk.WorkspaceID{}).IsZero() || !(helpdesk.RequestID{}).IsZero() || helpdesk.NewWorkspaceID(now).IsZero() || helpdesk.NewRequestID().IsZero() {
		t.Error("IsZero is wrong")
	}
	if got := (helpdesk.RequestID{}).String(); got != "00000000-0000-0000-0000-000000000000" {
		t.Errorf("no id prints as %s", got)
	}
}

// An id of version 7 begins with its milliseconds, so that ids sort as they were made; one of version 4 tells nothing.
func TestIDsAndTime(t *testing.T) {
	t.Parallel()
	var ids []helpdesk.InboxID
	for i := range 1000 {
		ids = append(ids, helpdesk.NewInboxID(now.Add(time.Duration(i)*time.Millisecond)))
	}
	if !slices.IsSortedFunc(ids, func(a, b helpdesk.InboxID) int { return bytes.Compare(a[:], b[:]) }) {
		t.Error("ids do not sort by time")
	}
	want := fmt.Sprintf("%012x", now.UnixMilli())
	if got := strings.ReplaceAll(helpdesk.NewWorkspaceID(now).String(), "-", "")[:12]; got != want {
		t.Errorf("an id begins with %s, not with the time %s", got, want)
	}
	starts := make(map[string]bool)
	for range 100 {
		starts[helpdesk.NewRequestID().String()[:8]] = true
	}
	if len(starts) < 99 {
		t.Errorf("100 random ids begin in %d ways", len(starts))
	}
}

// FuzzID: what is read prints as it was written, but for capitals.
func FuzzID(f *testing.F) {
	f.Add("0193f2a0-7c1e-7d3a-9b4c-5d6e7f809102")
	f.Add("0193F2A0-7C1E-7D3A-9B4C-5D6E7F809102")
	for _, bad := range badIDs {
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var u helpdesk.RequestID
		err := u.UnmarshalText([]byte(text))
		if err == nil && u.String() != strings.ToLower(text) || err != nil && (!errors.Is(err, helpdesk.ErrInvalid) || !u.IsZero()) {
			t.Errorf("%q is read as %s, %v", text, u, err)
		}
	})
}
