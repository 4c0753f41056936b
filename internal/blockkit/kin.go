package blockkit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// named is how many other requests a line names; the rest is counted.
const named = 5

// relative is what is known of another request: its number at least.
func (r Request) relative(p helpdesk.Peer) helpdesk.Relative {
	if i := slices.IndexFunc(r.Relatives, func(k helpdesk.Relative) bool { return k.ID == p.ID }); i >= 0 {
		return r.Relatives[i]
	}
	return helpdesk.Relative{Peer: p}
}

// numbers are other requests by their numbers, which lead to their threads where the addresses are known.
func (r Request) numbers(peers []helpdesk.Peer) string {
	var parts []string
	for _, p := range peers[:min(len(peers), named)] {
		parts = append(parts, linked(r.relative(p)))
	}
	if more := len(peers) - named; more > 0 {
		parts = append(parts, strconv.Itoa(more)+" more")
	}
	return join(", ", parts...)
}

func linked(p helpdesk.Relative) string {
	number := fmt.Sprintf("#%d", p.Number)
	return cmp.Or(link(p.Link, number), number)
}

// kin says how the request stands to others. What is only likely is for the staff: on the receipt it stands where they have
// no channel of their own.
func (r Request) kin() (notes []string) {
	if r.Status.Open() && !r.Kin.Duplicate() && (r.card || !r.Staff) {
		if r.Kin.Incident >= helpdesk.IncidentFrom {
			notes = append(notes, fmt.Sprintf("⚠ *possible incident: %d similar requests within %s*", r.Kin.Incident, span(helpdesk.IncidentWithin)))
		}
		if len(r.Kin.Similar) > 0 {
			notes = append(notes, "similar: "+r.numbers(r.Kin.Similar))
		}
	}
	if n := int64(len(r.Kin.Duplicates)); n > 0 && r.Status != helpdesk.Withdrawn {
		notes = append(notes, count(n, "duplicate")+": "+r.numbers(r.Kin.Duplicates))
	}
	return notes
}

// following says what a duplicate follows.
func (r Request) following(original string) string {
	if r.Status.Open() {
		return "duplicate of " + original + ": follows its clock"
	}
	return "duplicate of " + original
}

// mayJoin are those that the request may become a duplicate of.
func (r Request) mayJoin() (options []*slack.OptionBlockObject) {
	if !r.can(helpdesk.Join) || r.Kin.Duplicate() || len(r.Kin.Duplicates) > 0 {
		return nil
	}
	for _, p := range r.Kin.Similar {
		k := r.relative(p)
		if k.Leads && (helpdesk.Request{OpenedAt: k.OpenedAt, Number: k.Number}).Before(r.Request) {
			options = append(options, slack.NewOptionBlockObject(k.ID.String(), emoji(fmt.Sprintf("Duplicate of #%d", k.Number)), nil))
		}
	}
	return options
}

// separate is the button that takes back that the request is a duplicate; nil where it is none, or has been too long.
func (r Request) separate() *slack.ButtonBlockElement {
	if !r.Kin.Duplicate() || !r.can(helpdesk.Separate) || r.At.Sub(r.Kin.JoinedAt) > helpdesk.SeparateFor {
		return nil
	}
	return slack.NewButtonBlockElement(string(helpdesk.Separate), strconv.FormatInt(r.Version, 10), emoji("Not a duplicate"))
}

// Together tells a requester that their request was resolved with another one. Original is what it is a duplicate of; of one
// that has duplicates it has no number.
type Together struct {
	Request
	Original   helpdesk.Peer
	Duplicates []helpdesk.Peer
}

// Render gives the text for notifications and screen readers, and the blocks.
func (t Together) Render() (text string, blocks []slack.Block) {
	body := fmt.Sprintf("%s, of which this is a duplicate, was resolved.", linked(t.relative(t.Original)))
	text = fmt.Sprintf("Request #%d: #%d, of which this is a duplicate, was resolved.", t.Number, t.Original.Number)
	if t.Original.Number == 0 {
		n := count(int64(len(t.Duplicates)), "duplicate")
		body = "this request was resolved, and with it " + n + ": " + t.numbers(t.Duplicates) + "."
		text = fmt.Sprintf("Request #%d was resolved, and with it %s.", t.Number, n)
	}
	return text, []slack.Block{slack.NewSectionBlock(mrkdwn(Mention(t.Requester)+" "+body), nil, nil)}
}
