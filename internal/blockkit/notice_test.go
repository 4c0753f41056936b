package blockkit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// A notice is called late from a minute on, with the interval (behaviour 18); one that is corrected was wrong, not late.
func TestLateNotice(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{
		0:                             "",
		5 * time.Second:               "",
		time.Minute - time.Second:     "",
		time.Minute:                   "late by 1 minute",
		time.Minute + time.Second:     "late by 2 minutes",
		90 * time.Minute:              "late by 1 hour 30 minutes",
		26*time.Hour + 40*time.Minute: "late by 27 hours",
		48 * time.Hour:                "late by 2 days",
	} {
		delayed := func(n *blockkit.Notice) { n.Sent = n.At.Add(after) }
		for _, kind := range []helpdesk.NoticeKind{helpdesk.Warning, helpdesk.Breach} {
			all := strings.Join(texts(t, notice(kind, delayed).Blocks), "\n")
			if is := strings.Contains(all, "late by"); is != (want != "") || !strings.Contains(all, want) {
				t.Errorf("%s after %s: %q, want %q", kind, after, all, want)
			}
		}
		if all := strings.Join(texts(t, notice(helpdesk.Breach, delayed, corrected).Blocks), "\n"); strings.Contains(all, "late by") {
			t.Errorf("corrected after %s: %q", after, all)
		}
	}
}

// Who reads a notice sees who has the request, and does not learn from its words what it is about: they could not be
// destroyed there.
func TestNoticeSaysWhoHasIt(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]rendered{
		"nobody has taken it": notice(helpdesk.Warning),
		"with <@U0DANA>":      notice(helpdesk.Warning, func(n *blockkit.Notice) { taken(&n.Request) }),
	} {
		all := c.Text + strings.Join(texts(t, c.Blocks), "\n")
		if !strings.Contains(all, want) || strings.Contains(all, face().Summary) {
			t.Errorf("%q, want %q and no summary", all, want)
		}
	}
}
