package blockkit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var update = flag.Bool("update", false, "write the golden files")

// card is anything we show.
type card interface {
	Render() (text string, blocks []slack.Block)
}

// receipt is the one of a new request, with changes.
func receipt(change func(*blockkit.Receipt)) blockkit.Receipt {
	r := blockkit.Receipt{
		Number: 1042, Label: "Network & VPN", Summary: "VPN connection is unstable", Priority: helpdesk.High,
		Status: helpdesk.New, FirstResponseDue: time.Date(2026, 11, 23, 15, 4, 0, 0, time.UTC),
	}
	change(&r)
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]card{
		"receipt":                   receipt(func(*blockkit.Receipt) {}),
		"receipt_without_ai":        receipt(func(r *blockkit.Receipt) { r.WithoutAI = true }),
		"receipt_with_a_file":       receipt(func(r *blockkit.Receipt) { r.Files = 1 }),
		"receipt_with_files":        receipt(func(r *blockkit.Receipt) { r.Files, r.WithoutAI = 2, true }),
		"receipt_in_progress":       receipt(func(r *blockkit.Receipt) { r.Status = helpdesk.InProgress }),
		"receipt_resolved":          receipt(func(r *blockkit.Receipt) { r.Status = helpdesk.Resolved }),
		"receipt_erased":            receipt(func(r *blockkit.Receipt) { r.Summary = "" }),
		"receipt_of_a_left_channel": receipt(func(r *blockkit.Receipt) { r.ClocksOff = helpdesk.StopChannelLeft }),
		"introduction": blockkit.Introduction{
			Retention: 30 * 24 * time.Hour, Model: "Gemini (gemini-2.5-flash) on Vertex AI, location eu",
		},
		"introduction_of_a_staff_channel": blockkit.Introduction{StaffChannel: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, blocks := c.Render()
			if err := blockkit.Check(blocks); err != nil {
				t.Error(err)
			}
			golden(t, name, struct {
				Text   string        `json:"text"`
				Blocks []slack.Block `json:"blocks"`
			}{text, blocks})
		})
	}
}

// golden compares v with a file of testdata, where -update writes it.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var got bytes.Buffer
	out := json.NewEncoder(&got)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// dates are the only control sequences we write ourselves.
var dates = regexp.MustCompile(`<!date\^\d+\^\{date_short_pretty\} \{time\}\|\d+ \w+ \d\d:\d\d UTC>`)

// Whatever a person or a model writes, Slack takes the message, and nobody is mentioned, linked or shouted at
// (behaviour 43).
func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"nothing":           "",
		"spaces":            " \n\t ",
		"mention":           "<!channel> <@U0ALEX> <#C0ITHELP|it> <https://evil.example|Slack>",
		"date":              "<!date^1^{time}|now> <!date^",
		"escaped already":   "&lt;!channel&gt; &amp;",
		"style":             "*bold* _it_ ~no~ `code` ```block```",
		"lines":             "one\ntwo\r\n> three\u2028four\x00five",
		"long":              strings.Repeat("x", 4000),
		"long, all escaped": strings.Repeat("&", 4000),
		"long, all styled":  strings.Repeat("_", 4000),
		"long, emoji":       strings.Repeat("👩‍💻", 4000),
		"right to left":     "الطابعة لا تعمل",
		"turned around":     "\u202egnp.exe\u2066 \u200f",
		"no UTF-8":          "\xff\xfe broken \xc3",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []card{
				receipt(func(r *blockkit.Receipt) { r.Label, r.Summary = s, s }),
				receipt(func(r *blockkit.Receipt) {
					r.Label, r.Priority, r.Status = s, helpdesk.Priority(s), helpdesk.Status(s)
				}),
				blockkit.Introduction{Model: s},
			} {
				text, blocks := c.Render()
				if err := blockkit.Check(blocks); err != nil {
					t.Error(err)
				}
				for _, written := range append(texts(t, blocks), text) {
					if left := dates.ReplaceAllString(written, ""); strings.ContainsAny(left, "<>\u202e\u2066\u2028\x00\r") {
						t.Errorf("%q", left)
					}
				}
			}
		})
	}
}

// texts are all mrkdwn texts of blocks. None may ask Slack to look for links and names in it.
func texts(t *testing.T, blocks []slack.Block) (all []string) {
	t.Helper()
	for _, b := range blocks {
		var found []*slack.TextBlockObject
		switch b := b.(type) {
		case *slack.SectionBlock:
			found = append(found, b.Text)
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				o, ok := e.(*slack.TextBlockObject)
				if !ok {
					t.Fatalf("context holds a %T", e)
				}
				found = append(found, o)
			}
		default:
			t.Fatalf("block %T", b)
		}
		for _, o := range found {
			if !o.Verbatim {
				t.Errorf("not verbatim: %q", o.Text)
			}
			all = append(all, o.Text)
		}
	}
	return all
}

// The notification cannot show the viewer's own time, so it says UTC.
func TestNotificationHasNoControlSequence(t *testing.T) {
	t.Parallel()
	text, _ := receipt(func(*blockkit.Receipt) {}).Render()
	if want := "Request #1042: Network & VPN, high; first reply due by 23 Nov 15:04 UTC"; text != want {
		t.Errorf("text %q, want %q", text, want)
	}
}

// We promise no shorter life of the text than it has.
func TestIntroductionSaysHowLong(t *testing.T) {
	t.Parallel()
	for retention, want := range map[time.Duration]string{
		24 * time.Hour:              "1 day,",
		30 * 24 * time.Hour:         "30 days,",
		365 * 24 * time.Hour:        "365 days,",
		36 * time.Hour:              "36 hours,",
		36*time.Hour + time.Second:  "37 hours,",
		48*time.Hour - time.Second:  "48 hours,",
		720*time.Hour + time.Minute: "721 hours,",
	} {
		_, blocks := blockkit.Introduction{Retention: retention, Model: "m"}.Render()
		if all := strings.Join(texts(t, blocks), "\n"); !strings.Contains(all, "keeps text:* "+want) {
			t.Errorf("%s: %q does not say %q", retention, all, want)
		}
	}
}
