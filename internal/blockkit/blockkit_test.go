package blockkit_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// hostile is what a person, a model or a forged payload may write.
var hostile = map[string]string{
	"nothing":           "",
	"spaces":            " \n\t ",
	"mention":           "<!channel> <@U0ALEX> <#C0ITHELP|it> <https://evil.example|Slack>",
	"end of a mention":  "U0ALEX> <!channel",
	"named mention":     "U0ALEX|dana",
	"end of a link":     permalink + "> <!here",
	"words of a link":   permalink + "|nothing to see",
	"link in two lines": permalink + "\n> quoted",
	"no link of Slack":  "javascript:alert(1)",
	"date":              "<!date^1^{time}|now> <!date^",
	"escaped already":   "&lt;!channel&gt; &amp;",
	"style":             "*bold* _it_ ~no~ `code` ```block```",
	"lines":             "one\ntwo\r\n> three\u2028four\x00five",
	"long":              strings.Repeat("x", 4000),
	"long id":           strings.Repeat("U", 4000),
	"long link":         permalink + strings.Repeat("&", 4000),
	"long, all escaped": strings.Repeat("&", 4000),
	"long, all styled":  strings.Repeat("_", 4000),
	"long, emoji":       strings.Repeat("👩‍💻", 4000),
	"right to left":     "الطابعة لا تعمل",
	"turned around":     "\u202egnp.exe\u2066 \u200f",
	"no UTF-8":          "\xff\xfe broken \xc3",
}

// ours are the only control sequences we write: an instant, a person, and the link to the thread.
var ours = regexp.MustCompile(`<!date\^\d+\^\{date_short_pretty\} \{time\}\|\d+ \w+ \d\d:\d\d UTC>|<@[A-Z0-9]{1,75}>|` +
	`<` + regexp.QuoteMeta(permalink) + `(&amp;){0,260}\|(open the thread|Request #1042)>`)

// works is what would work as a control sequence or a style, or break a line or its direction.
var works = regexp.MustCompile("[<>`~\r\u2028\u0000\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|(^|[^\u200b])_")

// Whatever a person or a model writes, Slack takes the message, and nobody is mentioned, linked or shouted at
// (behaviour 43).
func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := func(r *blockkit.Request) {
				r.LabelName, r.Summary, r.Assignee, r.Requester, r.Link = s, s, s, s, s
				r.Labels = []helpdesk.Label{{Key: "network", Name: s}}
			}
			for _, c := range []rendered{
				receipt(change),
				receipt(inProgress, change),
				receipt(nowCritical, change),
				receipt(func(r *blockkit.Request) {
					r.Label, r.Priority, r.Status, r.ClocksOff = s, helpdesk.Priority(s), helpdesk.Status(s), helpdesk.ClockStop(s)
				}),
				card(change),
				card(inProgress, change),
				notice(helpdesk.Warning, func(n *blockkit.Notice) { change(&n.Request) }),
				notice(helpdesk.Breach, ofResolution, afterSkipped, func(n *blockkit.Notice) { change(&n.Request) }),
				notice(helpdesk.NoticeKind(s), func(n *blockkit.Notice) { n.Clock, n.Priority = helpdesk.Clock(s), helpdesk.Priority(s) }),
				show(blockkit.Whisper(helpdesk.Reason(s))),
				show(blockkit.Introduction{Model: s}.Render()),
			} {
				if err := blockkit.Check(c.Blocks); err != nil {
					t.Error(err)
				}
				for _, written := range append(texts(t, c.Blocks), c.Text) {
					if left := ours.ReplaceAllString(written, ""); works.MatchString(left) {
						t.Errorf("%q", left)
					}
				}
				for _, m := range menus(c.Blocks) {
					for _, o := range m.Options {
						if strings.ContainsFunc(o.Text.Text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
							t.Errorf("option %q", o.Text.Text)
						}
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
		case *slack.ActionBlock: // plain text only
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

// Only an address of the web becomes a link, and only what looks like an id of Slack's a mention.
func TestLinksAndMentions(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		permalink: "<" + permalink + "|open the thread>",
		permalink + "?thread_ts=1.2&cid=C0ITHELP": "<" + permalink + "?thread_ts=1.2&amp;cid=C0ITHELP|open the thread>",
		"":                                   "",
		"slack://channel?id=C0ITHELP":        "",
		"http://acme.slack.com":              "",
		permalink + "|x":                     "",
		permalink + "> <!here":               "",
		permalink + "\u202e":                 "",
		permalink + strings.Repeat("x", 300): "",
	} {
		c := card(func(r *blockkit.Request) { r.Link = address })
		found := texts(t, c.Blocks)
		if got := found[len(found)-1]; got != strings.TrimSuffix("from <@U0RITA>  ·  "+want, "  ·  ") {
			t.Errorf("%q: %q", address, got)
		}
	}
	for user, want := range map[string]string{
		"U0RITA": "<@U0RITA>", "W012A3CDE": "<@W012A3CDE>", "": "somebody", "u0rita": "somebody", "U0RITA|dana": "somebody", "!channel": "somebody",
	} {
		if got := blockkit.Mention(user); got != want {
			t.Errorf("%q: %q, want %q", user, got, want)
		}
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
