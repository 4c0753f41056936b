package blockkit_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// buttons are the actions that blocks offer, in their order. They stand in one block at most, which names the request, and
// each button says which version it belongs to.
func buttons(t *testing.T, blocks []slack.Block) (offered []helpdesk.Action) {
	t.Helper()
	for _, b := range blocks {
		actions, ok := b.(*slack.ActionBlock)
		if !ok {
			continue
		}
		if offered != nil || actions.BlockID != blockkit.BlockID(request) {
			t.Errorf("block %q after %q", actions.BlockID, offered)
		}
		for _, e := range actions.Elements.ElementSet {
			switch e := e.(type) {
			case *slack.ButtonBlockElement:
				offered = append(offered, helpdesk.Action(e.ActionID))
				if e.Value != "3" {
					t.Errorf("%s is of version %q", e.ActionID, e.Value)
				}
			case *slack.SelectBlockElement:
				offered = append(offered, helpdesk.Action(e.ActionID))
			default:
				t.Errorf("%T is no button", e)
			}
		}
	}
	return offered
}

func TestButtonsOfEveryStatus(t *testing.T) {
	t.Parallel()
	const take, wait, resolve = helpdesk.Take, helpdesk.Wait, helpdesk.Resolve
	const priority, label, not = helpdesk.SetPriority, helpdesk.SetLabel, helpdesk.NotRequest
	for status, want := range map[helpdesk.Status][]helpdesk.Action{
		helpdesk.New:        {take, wait, resolve, priority, label, not},
		helpdesk.InProgress: {take, wait, resolve, priority, label, not},
		helpdesk.Waiting:    {resolve, priority, label, not},
		helpdesk.Resolved:   nil,
		helpdesk.Closed:     nil,
		helpdesk.Withdrawn:  nil,
		"":                  nil, // not triaged yet
	} {
		is := func(r *blockkit.Request) { r.Status = status }
		for shown, c := range map[string]rendered{"receipt": receipt(is), "card": card(is)} {
			if got := buttons(t, c.Blocks); !slices.Equal(got, want) {
				t.Errorf("%s, %q: %q, want %q", shown, status, got, want)
			}
		}
	}
}

// No button is offered that the rules refuse to everybody, whatever else is true of the request.
func TestNoButtonIsRefused(t *testing.T) {
	t.Parallel()
	agent := helpdesk.Actor{User: "U0DANA", Agent: true}
	for _, status := range []helpdesk.Status{
		"", helpdesk.New, helpdesk.InProgress, helpdesk.Waiting, helpdesk.Resolved, helpdesk.Closed, helpdesk.Withdrawn,
	} {
		for _, assignee := range []string{"", "U0DANA"} {
			for _, stop := range []helpdesk.ClockStop{"", helpdesk.StopChannelLeft, helpdesk.StopParentGone, helpdesk.StopDeleted, helpdesk.StopNotRequest} {
				for _, labels := range [][]helpdesk.Label{nil, helpdesk.StarterTaxonomy()} {
					r := face(func(r *blockkit.Request) {
						r.Status, r.Assignee, r.ClocksOff, r.Labels = status, assignee, stop, labels
					})
					for _, c := range []rendered{show(r.Receipt()), show(r.Card())} {
						if err := blockkit.Check(c.Blocks); err != nil {
							t.Errorf("%q, %q, %q: %v", status, assignee, stop, err)
						}
						for _, action := range buttons(t, c.Blocks) {
							if _, err := status.Next(action); err != nil {
								t.Errorf("%q offers %q: %v", status, action, err)
							}
							if err := agent.May(action, 0); err != nil {
								t.Errorf("an agent is offered %q: %v", action, err)
							}
							if stop != "" || action == helpdesk.SetLabel && labels == nil {
								t.Errorf("%q, clocks %q, %d labels: offers %q", status, stop, len(labels), action)
							}
						}
					}
				}
			}
		}
	}
}

// The menus show what is chosen, and no more labels than Slack takes.
func TestMenus(t *testing.T) {
	t.Parallel()
	var many []helpdesk.Label
	for i := range 120 {
		many = append(many, helpdesk.Label{Key: fmt.Sprintf("label-%d", i), Name: fmt.Sprintf("Label %d", i)})
	}
	for name, tt := range map[string]struct {
		labels  []helpdesk.Label
		label   string
		options int
		chosen  string
	}{
		"the starter taxonomy": {helpdesk.StarterTaxonomy(), "network", 10, "network"},
		"a label removed":      {helpdesk.StarterTaxonomy(), "fax", 10, ""},
		"too many labels":      {many, "label-99", 100, "label-99"},
	} {
		c := receipt(func(r *blockkit.Request) { r.Labels, r.Label = tt.labels, tt.label })
		if err := blockkit.Check(c.Blocks); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, m := range menus(c.Blocks) {
			options, chosen := tt.options, tt.chosen
			if m.ActionID == string(helpdesk.SetPriority) {
				options, chosen = 4, string(helpdesk.High)
			}
			got := ""
			if m.InitialOption != nil {
				got = m.InitialOption.Value
			}
			if len(m.Options) != options || got != chosen {
				t.Errorf("%s: %s has %d options and shows %q, want %d and %q", name, m.ActionID, len(m.Options), got, options, chosen)
			}
		}
	}
}

func menus(blocks []slack.Block) (found []*slack.SelectBlockElement) {
	for _, b := range blocks {
		if actions, ok := b.(*slack.ActionBlock); ok {
			for _, e := range actions.Elements.ElementSet {
				if m, ok := e.(*slack.SelectBlockElement); ok {
					found = append(found, m)
				}
			}
		}
	}
	return found
}

// A paused clock never promises more than is left of it (behaviour 21).
func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour:                      "no time left",
		0:                               "no time left",
		59 * time.Second:                "less than a minute left",
		time.Minute:                     "1 minute left",
		59*time.Minute + 59*time.Second: "59 minutes left",
		time.Hour:                       "1 hour left",
		time.Hour + 59*time.Second:      "1 hour left",
		2*time.Hour + 90*time.Second:    "2 hours 1 minute left",
		10*time.Hour - time.Second:      "9 hours 59 minutes left",
		24*time.Hour - time.Second:      "23 hours left",
		48 * time.Hour:                  "48 hours left",
	} {
		c := receipt(waiting, func(r *blockkit.Request) { r.Left = d })
		if all := strings.Join(texts(t, c.Blocks), "\n"); !strings.Contains(all, "resolution paused, "+want) {
			t.Errorf("%s: %q does not say %q", d, all, want)
		}
	}
}

// Old and new deadline are shown of a clock that the change of the priority has moved, and of no other (behaviour 22).
func TestPriorityChange(t *testing.T) {
	t.Parallel()
	flat := func(r *blockkit.Request) { // one pair of targets for all priorities
		was := r.Deadlines
		r.Priority, r.Was = helpdesk.Critical, &was
	}
	for name, tt := range map[string]struct {
		change []func(*blockkit.Request)
		want   string
	}{
		"moved": {[]func(*blockkit.Request){nowCritical},
			"first reply due by 23 Nov 14:04 UTC (was 23 Nov 15:04 UTC); resolution due by 23 Nov 21:04 UTC (was 24 Nov 13:04 UTC)"},
		"moved, answered": {[]func(*blockkit.Request){inProgress, nowCritical}, "resolution due by 23 Nov 21:04 UTC (was 24 Nov 13:04 UTC)"},
		"moved, paused":   {[]func(*blockkit.Request){nowCritical, waiting}, "waiting on requester; resolution paused, 23 hours left"},
		"passed": {[]func(*blockkit.Request){inProgress, nowCritical, func(r *blockkit.Request) { r.At = at.Add(8 * time.Hour) }},
			"resolution overdue since 23 Nov 21:04 UTC (was 24 Nov 13:04 UTC)"},
		"not moved": {[]func(*blockkit.Request){flat}, "critical; first reply due by 23 Nov 15:04 UTC"},
	} {
		if text := receipt(tt.change...).Text; !strings.HasSuffix(text, "; "+tt.want) && !strings.HasSuffix(text, ", "+tt.want) {
			t.Errorf("%s: %q, want %q", name, text, tt.want)
		}
	}
}

// What is about to be destroyed is not written into a message that stays (behaviours 7 and 10).
func TestWithdrawnShowsNoSummary(t *testing.T) {
	t.Parallel()
	for _, c := range []rendered{receipt(withdrawn), card(withdrawn)} {
		if all := c.Text + strings.Join(texts(t, c.Blocks), "\n"); strings.Contains(all, face().Summary) {
			t.Errorf("%q", all)
		}
	}
}

// The notification cannot show the viewer's own time, so it says UTC.
func TestNotificationSaysUTC(t *testing.T) {
	t.Parallel()
	if text, want := receipt().Text, "Request #1042: Network & VPN, high; first reply due by 23 Nov 15:04 UTC"; text != want {
		t.Errorf("text %q, want %q", text, want)
	}
}

// Every reason for which no model has triaged is said on the receipt, in words of its own.
func TestEveryReasonIsSaid(t *testing.T) {
	t.Parallel()
	said := map[string]helpdesk.NoModel{}
	for _, why := range helpdesk.NoModels() {
		c := receipt(func(r *blockkit.Request) { r.WithoutAI, r.Why = true, why })
		facts, ok := c.Blocks[1].(*slack.ContextBlock)
		if !ok {
			t.Fatalf("%T holds no facts", c.Blocks[1])
		}
		text := facts.ContextElements.Elements[0].(*slack.TextBlockObject).Text
		_, words, found := strings.Cut(text, "triaged without AI: ")
		if other, twice := said[words]; !found || words == "" || twice {
			t.Errorf("%s is said as %q, and so is %q", why, text, other)
		}
		said[words] = why
	}
}

// What was given to somebody and is new is there to take; what somebody works on is there to take over.
func TestTakeItOrTakeOver(t *testing.T) {
	t.Parallel()
	for status, want := range map[helpdesk.Status]string{helpdesk.New: "Take it", helpdesk.InProgress: "Take over"} {
		raw, err := json.Marshal(receipt(func(r *blockkit.Request) { r.Status, r.Assignee = status, "U0DANA" }))
		if err != nil || !strings.Contains(string(raw), `"text":"`+want+`"`) {
			t.Errorf("%s: %s, %v; want %q", status, raw, err, want)
		}
	}
}
