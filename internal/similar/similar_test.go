package similar_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/similar"
)

//go:embed testdata/set.txt
var set string

// message is one of the set.
type message struct {
	half, block, text string
	sketch            similar.Sketch
}

func messages() (all []message) {
	half, block := "", ""
	for line := range strings.Lines(set) {
		line = strings.TrimSpace(line)
		name, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || name == "#":
		case name == "fit" || name == "tuned" || name == "blind":
			half, block = name, rest
		default:
			all = append(all, message{half, block, line, similar.Of(line)})
		}
	}
	return all
}

// service is what the names of blocks share where either answer is right.
func (m message) service() string {
	name, _, _ := strings.Cut(m.block, "/")
	return name
}

// tally counts pairs: those called similar, rightly or wrongly, and those missed.
type tally struct{ right, wrong, missed, apart int }

func (c tally) precision() float64 { return float64(c.right) / float64(c.right+c.wrong) }
func (c tally) recall() float64    { return float64(c.right) / float64(c.right+c.missed) }

// Of pairs that could not be of one incident next to none is called similar, of nearly fifty thousand; of pairs that could, about
// half are found where people write as they like.
func TestPrecisionAndRecall(t *testing.T) {
	t.Parallel()
	counts := map[string]*tally{"fit": {}, "tuned": {}, "blind": {}}
	all := messages()
	for i, a := range all {
		for _, b := range all[:i] {
			if a.half != b.half || a.block != b.block && a.service() == b.service() {
				continue
			}
			n := counts[a.half]
			got := similar.Similarity(a.sketch, b.sketch)
			switch called := got >= similar.Threshold; {
			case called && a.block == b.block:
				n.right++
			case called:
				n.wrong++
				t.Logf("%s, wrongly %.2f: %q and %q", a.half, got, a.text, b.text)
			case a.block == b.block:
				n.missed++
				t.Logf("%s, missed %.2f: %q and %q", a.half, got, a.text, b.text)
			default:
				n.apart++
			}
		}
	}
	for half, least := range map[string]struct{ precision, recall float64 }{"fit": {1, 0.85}, "tuned": {1, 0.5}, "blind": {0.9, 0.4}} {
		n := counts[half]
		t.Logf("%s: precision %.2f, recall %.2f: %+v", half, n.precision(), n.recall(), *n)
		if n.precision() < least.precision || n.recall() < least.recall {
			t.Errorf("%s: precision %.2f and recall %.2f, want at least %v", half, n.precision(), n.recall(), least)
		}
	}
}

// A sketch stays small whatever the message, survives being stored, and is the same in whichever order things are said.
func TestSketch(t *testing.T) {
	t.Parallel()
	long := similar.Of(strings.Repeat("every paragraph mentions vpn outages, printers and ", 50) + strings.Repeat(set, 2))
	if n := len(long.Bytes()); n == 0 || n > similar.MaxSketch || similar.MaxSketch > 300 {
		t.Errorf("%d bytes, at most %d", n, similar.MaxSketch)
	}
	for _, text := range []string{"", "???", "VPN is down on floor 3", set} {
		s := similar.Of(text)
		read, err := similar.Read(s.Bytes())
		if err != nil || string(read.Bytes()) != string(s.Bytes()) {
			t.Errorf("%.30q: %v", text, err)
		}
	}
	if a, b := similar.Of("floor 3: VPN is down"), similar.Of("VPN is down on floor 3"); similar.Similarity(a, b) != 1 {
		t.Errorf("similarity %f", similar.Similarity(a, b))
	}
	for _, raw := range [][]byte{{1}, {200, 0, 0, 0, 0}, make([]byte, similar.MaxSketch+5)} {
		if _, err := similar.Read(raw); err == nil {
			t.Errorf("%d bytes that begin with %d are a sketch", len(raw), raw[0])
		}
	}
}

// What a redaction took out makes no two messages alike, and nothing said makes none alike either.
func TestWhatSaysNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hi, can you help?", "[PASSWORD-1] [E-MAIL-2] [PHONE-1]"} {
		if got := similar.Similarity(similar.Of(text), similar.Of(text)); got != 0 {
			t.Errorf("%q: %f", text, got)
		}
	}
}

// A triage waits for it.
func BenchmarkOf(b *testing.B) {
	text := strings.Repeat("The VPN drops every ten minutes since this morning, nobody on floor 3 can reach the file server. ", 20)
	for b.Loop() {
		similar.Of(text)
	}
}
