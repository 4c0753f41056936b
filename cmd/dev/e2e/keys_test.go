package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// An operator replaces the workspace's key, twice, while requests come in: nobody notices.
func TestTheWorkspaceKeyIsReplacedUnderWay(t *testing.T) {
	before := open(t, rita, "my outlook calendar does not sync")
	for _, priority := range []string{"critical", "high"} {
		out, err := running.Run(t.Context(), "keys", "rotate", "--workspace", "T0ACME")
		if err != nil || !strings.Contains(string(out), " replaces version ") {
			t.Fatalf("rotate: %s%v", out, err)
		}
		between := open(t, rita, "licence expired for the plotter")
		for _, k := range []ticket{before, between} { // reads the summary, and the token to say so
			k.click(t, dana, "priority", priority)
			eventually(t, 30*time.Second, priority+" on the receipt", func() bool { return strings.Contains(strings.ToLower(k.shown(t)), priority) })
		}
	}
	out, err := running.Run(t.Context(), "keys", "status", "--workspace", "T0ACME")
	if err != nil || !strings.Contains(string(out), "workspace keys: 1") || strings.Contains(string(out), "plotter") {
		t.Errorf("status: %s%v", out, err)
	}
	if out, err := running.Run(t.Context(), "keys", "rewrap"); err != nil || string(out) != "rewrapped: 0 ingress key, 0 workspace keys, 0 bot tokens, 0 model credentials\n" {
		t.Errorf("rewrap: %s%v", out, err)
	}
	if n := query[int](t, `select count(*) from tenant.audit where action = 'key_rotated' and actor like 'operator:%'`); n < 2 {
		t.Errorf("%d entries in the audit log, want two", n)
	}
}
