package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
)

// Api and worker are killed at random two hundred times under five messages a second, while clocks warn and run out:
// afterwards each message has one request, one receipt, one staff card and one notice for each clock and level; a direct
// message may be there once more, marked as repeated.
func TestTwoHundredKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	const kills = 200
	targets(t, 40, 36_000)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a fixed seed, so that a failure can be repeated
	done := make(chan struct{})
	var posted []string
	var posting sync.WaitGroup
	posting.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
				posted = append(posted, post(t, help, rita, fmt.Sprintf("keyboard number %d is broken", n)))
			}
		}
	})
	for range kills {
		pause := time.NewTimer(time.Duration(150+random.IntN(400)) * time.Millisecond)
		<-pause.C
		kill := running.KillWorker
		if random.IntN(2) == 0 {
			kill = running.KillAPI
		}
		if err := kill(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	posting.Wait()
	one := func(sql string) int { return query[int](t, sql, posted) }
	eventually(t, 4*time.Minute, "everything sent", func() bool {
		return one(`select count(*) from tenant.sla_event join tenant.request using (workspace_id, request_id)
			where origin_ts = any($1) and clock = 'first_response' and kind = 'breach' and outcome = 'sent'`) == len(posted)
	})
	settled(t)
	if n := one(`select count(*) from tenant.request where origin_ts = any($1)`); n != len(posted) {
		t.Errorf("%d requests for %d messages", n, len(posted))
	}
	checkOnce(t, posted)
	t.Logf("%d messages, %d kills", len(posted), kills)
}

// checkOnce reads what Slack holds for requests, each of which has run out of time once.
func checkOnce(t *testing.T, posted []string) {
	t.Helper()
	w := state(t)
	receipts := make(map[string]int)
	for _, m := range w.messages(help) {
		if m.User == bot {
			receipts[m.ThreadTS]++
		}
	}
	found := make(map[string]int) // by the beginning of the text
	for _, m := range w.messages(staff) {
		found["staff "+kindOf(m.Text)]++
	}
	for _, dm := range w.DMs {
		for _, m := range dm.Messages {
			kind := "dm " + kindOf(m.Text)
			if strings.Contains(m.Text, "(repeated)") {
				kind += " (repeated)"
			}
			found[kind]++
		}
	}
	for _, ts := range posted {
		if receipts[ts] != 1 {
			t.Errorf("message %s has %d receipts, want 1", ts, receipts[ts])
		}
		number := query[int](t, `select number from tenant.request where origin_ts = $1`, ts)
		is := func(kind string) int { return found[fmt.Sprintf("%s #%d", kind, number)] }
		if is("staff card") != 1 {
			t.Errorf("request #%d has %d staff cards, want 1", number, is("staff card"))
		}
		skipped := query[int](t, `select count(*) from tenant.sla_event join tenant.request using (workspace_id, request_id)
			where origin_ts = $1 and kind = 'warning' and outcome = 'skipped'`, ts)
		if n := is("staff warning"); n > 1 || n+skipped == 0 {
			t.Errorf("request #%d has %d warnings and %d skipped, want one of either", number, n, skipped)
		}
		if n := is("staff breach"); n != 1 {
			t.Errorf("request #%d has %d breaches in the staff channel, want 1", number, n)
		}
		first, again := is("dm breach"), found[fmt.Sprintf("dm breach #%d (repeated)", number)]
		if first > 1 || again > 1 || first+again == 0 {
			t.Errorf("request #%d has %d direct messages and %d repeated ones, want one, and one repeated at most", number, first, again)
		}
	}
}

// kindOf says what a message of ours is, and about which request.
func kindOf(text string) string {
	var number int
	if _, err := fmt.Sscanf(text, "Request #%d:", &number); err != nil {
		return text
	}
	kind := "card"
	switch {
	case strings.Contains(text, "is overdue"):
		kind = "breach"
	case strings.Contains(text, "is due by"):
		kind = "warning"
	}
	return fmt.Sprintf("%s #%d", kind, number)
}

// The process dies at each named step once; the life of the requests goes on as if it had not.
func TestAKillAtEachStep(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	targets(t, 20, 36_000)
	for _, step := range failpoint.Names() {
		if err := os.WriteFile(filepath.Join(running.FailpointDir(), string(step)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var tickets []ticket
	var posted []string
	for n := range 3 {
		posted = append(posted, post(t, help, rita, fmt.Sprintf("screen %d is black", n)))
	}
	for _, ts := range posted {
		tickets = append(tickets, ticket{ts, receipt(t, ts, 2*time.Minute).TS})
		control(t, "edit", map[string]any{"channel": help, "ts": ts, "text": "screen is black and it smells"})
	}
	for _, k := range tickets {
		labelled := func() bool { return column[string](t, k, "triaged_by") == "human" }
		for try := 0; !labelled() && try < 10; try++ { // a press that nobody answers is lost, and Slack says so to whoever pressed
			answering(t)
			k.click(t, dana, "label", "hardware")
			within := time.Now().Add(5 * time.Second)
			eventually(t, 10*time.Second, "the label, or time to press again", func() bool { return labelled() || time.Now().After(within) })
		}
	}
	gone := open(t, rita, "never mind")
	control(t, "delete", map[string]any{"channel": help, "ts": gone.ts})
	eventually(t, 2*time.Minute, "withdrawn", func() bool { return column[string](t, gone, "status") == "withdrawn" })
	for _, k := range tickets {
		eventually(t, 2*time.Minute, "warning and breach", func() bool {
			events := strings.Join(k.events(t), ", ")
			return strings.Contains(events, "breach sent") && (strings.Contains(events, "warning sent") || strings.Contains(events, "warning skipped"))
		})
		k.say(t, sam, "me too")
		k.say(t, dana, "I have it")
		k.becomes(t, "in_progress")
	}
	checkOnce(t, posted)
	if left, err := os.ReadDir(running.FailpointDir()); err != nil || len(left) != 0 {
		t.Errorf("steps that were never passed: %v, %v", left, err)
	}
}

// answering waits until the api is there again.
func answering(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "an answer of the api", func() bool {
		response, err := http.Get(running.Info.API + "/health") //nolint:noctx // local
		if err != nil {
			return false
		}
		_ = response.Body.Close() // only its status was wanted
		return response.StatusCode == http.StatusOK
	})
}
