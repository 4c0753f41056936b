package knowledge_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/knowledge"
)

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func shipped(t *testing.T) []helpdesk.Entry {
	t.Helper()
	all, err := knowledge.Read("entries.yaml", strings.NewReader(read(t, "entries.yaml")))
	if err != nil || len(all) < 30 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	return all
}

// counts are what the store says of entries.
func counts(all []helpdesk.Entry) knowledge.Counts {
	c := knowledge.Counts{Entries: len(all), With: make(map[string]int)}
	for _, e := range all {
		for _, stem := range knowledge.Stems(e.Content) {
			c.With[stem]++
		}
	}
	return c
}

// said is a line of the set.
type said struct{ half, key, text string }

func messages(t *testing.T) (all []said) {
	t.Helper()
	for line := range strings.Lines(read(t, "messages.txt")) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 3); len(f) == 3 && f[0] != "#" {
			all = append(all, said{f[0], f[1], f[2]})
		}
	}
	return all
}

// At the threshold at least nine of ten offers are the right entry, and about as many as their confidence says, also on
// messages that the constants were not fitted on.
func TestOffersAreRight(t *testing.T) {
	t.Parallel()
	entries, all := shipped(t), messages(t)
	c := counts(entries)
	none := 0
	for _, half := range []string{"tune", "test"} {
		offered, right, wanted, sure := 0, 0, 0, 0
		for _, s := range all {
			if s.half != half {
				continue
			}
			if s.key == "-" {
				none++
			} else {
				wanted++
			}
			best, _ := knowledge.NewMessage(s.text).Best(entries, c)
			if best.Good() {
				offered++
				sure += best.Confidence
			}
			if best.Good() && best.Key == s.key {
				right++
			} else if best.Good() || s.key != "-" {
				t.Logf("%s: %q: %s with %d %%, want %s", half, s.text, best.Key, best.Confidence, s.key)
			}
		}
		precision, recall, mean := float64(right)/float64(offered), float64(right)/float64(wanted), float64(sure)/float64(offered)/100
		t.Logf("%s: %d messages have an answer; %d offered, %d right: precision %.2f, recall %.2f, mean confidence %.2f", half, wanted, offered, right,
			precision, recall, mean)
		if precision < 0.9 || recall < 0.7 || math.Abs(precision-mean) > 0.15 {
			t.Errorf("%s: precision %.2f, recall %.2f, mean confidence %.2f; want 0.9, 0.7 and about the precision", half, precision, recall, mean)
		}
	}
	if len(all) < 60 || none*2 < len(all) {
		t.Errorf("%d messages, %d without an answer: want 60 or more, half of them without", len(all), none)
	}
}

// A message about nothing in the knowledge base, and one about nothing at all, is offered nothing; one entry alone is enough
// to be found.
func TestFewEntries(t *testing.T) {
	t.Parallel()
	one := shipped(t)[:1]
	for text, want := range map[string]bool{
		"how do I connect to the VPN from home?": true, "the printer is on fire": false, "": false, "42": false, "please help": false,
	} {
		best, ok := knowledge.NewMessage(text).Best(one, counts(one))
		if !ok || best.Good() != want {
			t.Errorf("%q: %d %%, want good to be %v", text, best.Confidence, want)
		}
	}
	if _, ok := knowledge.NewMessage("vpn").Best(nil, knowledge.Counts{}); ok {
		t.Error("an entry out of nothing")
	}
}

// Every entry is found by its own question, and is its best answer.
func TestEntriesAnswerTheirQuestions(t *testing.T) {
	t.Parallel()
	all := shipped(t)
	c := counts(all)
	for _, e := range all {
		m := knowledge.NewMessage(e.Question)
		stems := knowledge.Stems(e.Content)
		if !slices.ContainsFunc(m.Stems(), func(s string) bool { return slices.Contains(stems, s) }) {
			t.Errorf("%s is not found by its question", e.Key)
		}
		if best, _ := m.Best(all, c); best.Key != e.Key || !best.Good() {
			t.Errorf("%s is answered by %s with %d %%", e.Key, best.Key, best.Confidence)
		}
	}
}
