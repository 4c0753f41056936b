package blockkit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Request is the face of a request: the receipt in its thread, and the card in the staff channel.
type Request struct {
	helpdesk.Request
	LabelName string // as people see it
	Labels    []helpdesk.Label
	Summary   string
	WithoutAI bool
	Why       helpdesk.NoModel
	Left      time.Duration // of the resolution target, while it is paused
	At        time.Time     // when it is shown: a deadline that has passed by then is overdue
	Relatives []helpdesk.Relative
	Staff     bool // there is a staff channel

	card bool // it stands in the staff channel, not in the thread
}

// BlockID is the id of the block with a request's buttons: presses name the request by it.
func BlockID(id helpdesk.RequestID) string { return "request/" + id.String() }

var priorityMark = map[helpdesk.Priority]string{
	helpdesk.Critical: "🔴 Critical", helpdesk.High: "🟠 High", helpdesk.Medium: "🟡 Medium", helpdesk.Low: "⚪ Low",
}

var statusName = map[helpdesk.Status]string{
	helpdesk.New: "New", helpdesk.InProgress: "In progress", helpdesk.Waiting: "Waiting on requester",
	helpdesk.Resolved: "Resolved", helpdesk.Closed: "Closed", helpdesk.Withdrawn: "Withdrawn",
}

// Receipt gives the message in the requester's thread: its text for notifications and screen readers, and its blocks.
func (r Request) Receipt() (text string, blocks []slack.Block) {
	return r.text(), append(r.head(), r.controls()...)
}

// Card gives the message in the staff channel: who asks and where, beside what the receipt says.
func (r Request) Card() (text string, blocks []slack.Block) {
	r.card = true
	from := join("  ·  ", "from "+Mention(r.Requester), link(r.Link, "open the thread"))
	blocks = append(r.head(), slack.NewContextBlock("request_from", mrkdwn(from)))
	return r.text(), append(blocks, r.controls()...)
}

// text leaves out that a request is new: a message that notifies people is.
func (r Request) text() string {
	text := join(", ", plain(r.LabelName, maxLabel), plain(string(r.Priority), maxLabel))
	text = strings.ReplaceAll(text, "&amp;", "&") // harmless alone, and a screen reader may read it as it stands
	facts := r.due(fmt.Sprintf("#%d", r.Kin.Original.Number))
	if r.Status != helpdesk.New {
		facts = append([]string{strings.ToLower(statusName[r.Status])}, facts...)
	}
	return fmt.Sprintf("Request #%d: ", r.Number) + fallback(join("; ", append([]string{text}, facts...)...))
}

// head is what everybody reads first: number, priority, label, state, what it is about, who has it, by when. The summary of
// a withdrawn request is not shown even where it can still be read: it is about to be destroyed, and this message stays.
func (r Request) head() (blocks []slack.Block) {
	title, state, summary := fmt.Sprintf("*Request #%d*", r.Number), "", ""
	if name := statusName[r.Status]; name != "" {
		state = "*" + name + "*"
	}
	if r.Status != helpdesk.Withdrawn {
		summary = plain(r.Summary, helpdesk.MaxSummary)
	}
	body := join("  ·  ", title, priorityMark[r.Priority], plain(r.LabelName, maxLabel), state)
	body = join("\n", body, summary)
	blocks = append(blocks, slack.NewSectionBlock(mrkdwn(body), nil, nil, slack.SectionBlockOptionBlockID("receipt")))
	if notes := join("  ·  ", r.notes()...); notes != "" {
		blocks = append(blocks, slack.NewContextBlock("receipt_facts", mrkdwn(notes)))
	}
	if notes := join("  ·  ", r.kin()...); notes != "" {
		blocks = append(blocks, slack.NewContextBlock("receipt_kin", mrkdwn(notes)))
	}
	return blocks
}

// notes is the small print: who has it, by when, what came with it, how it was triaged.
func (r Request) notes() (notes []string) {
	if r.Assignee != "" && r.Status.Open() {
		notes = append(notes, "with "+Mention(r.Assignee))
	}
	notes = append(notes, r.due(linked(r.relative(r.Kin.Original)))...)
	switch {
	case r.Files == 1:
		notes = append(notes, "1 file")
	case r.Files > 1:
		notes = append(notes, fmt.Sprintf("%d files", r.Files))
	}
	switch {
	case r.WithoutAI:
		notes = append(notes, join(": ", "triaged without AI", withoutAI[r.Why]))
	case r.TriagedWith != "" && r.Status.Open():
		notes = append(notes, "triaged by "+plain(r.TriagedWith, maxModel))
	}
	return append(notes, r.checks()...)
}

// withoutAI is what people read of each reason; a run of an older version gives none.
var withoutAI = map[helpdesk.NoModel]string{
	helpdesk.ModelLate:        "the model did not answer in time",
	helpdesk.ModelUnavailable: "the model cannot be reached",
	helpdesk.ModelQuota:       "the model's quota is used up",
	helpdesk.ModelRefused:     "our project may not use the model",
	helpdesk.ModelPaused:      "your own model refuses us, and nobody else was asked",
	helpdesk.ModelBlocked:     "the model declined to answer",
	helpdesk.ModelMalformed:   "the model's answer made no sense",
	helpdesk.ModelBusy:        "too many messages at once",
	helpdesk.ModelBudget:      "the AI budget of today is used up",
}

// toCheck is what the staff reads of each check.
var toCheck = map[helpdesk.Check]string{
	helpdesk.CheckUnsure:  "⚠️ the label is a guess",
	helpdesk.CheckSteered: "⚠️ the message may try to steer the AI: check label and priority",
	helpdesk.CheckHeld:    fmt.Sprintf("⚠️ kept at medium: more than %d urgent messages from this person within the hour", helpdesk.MaxRaises),
}

// checks are why an agent should look at the triage. The thread, which everybody reads, says only that somebody will.
func (r Request) checks() (notes []string) {
	if len(r.Checks) == 0 || !r.Status.Open() {
		return nil
	}
	if !r.card {
		return []string{"label and priority to be checked by a person"}
	}
	for _, c := range r.Checks {
		notes = append(notes, toCheck[c])
	}
	return notes
}

// due says what happens next and by when, in the viewer's own time. original is what a duplicate follows.
func (r Request) due(original string) []string {
	switch {
	case r.Status == helpdesk.Withdrawn:
		return []string{"our copy of its text was destroyed"}
	case r.ClocksOff == helpdesk.StopChannelLeft:
		return []string{"clocks stopped: the app is no longer in the channel"}
	case r.Kin.Duplicate() && r.Status.Open():
		return []string{r.following(original)}
	case r.ClocksOff != "" && !r.Kin.Duplicate():
		return []string{"clocks stopped"}
	case r.Kin.Duplicate() && r.Status == helpdesk.Resolved:
		return []string{r.following(original), r.reopening() + " reopens it until " + localTime(r.ResolvedAt.Add(helpdesk.ReopenFor))}
	case r.Status == helpdesk.Resolved:
		return []string{r.reopening() + " reopens it until " + localTime(r.ResolvedAt.Add(helpdesk.ReopenFor))}
	case r.Status == helpdesk.Closed && r.card: // the staff channel takes no requests
		return nil
	case r.Status == helpdesk.Closed:
		return []string{"for something new, write a new message in the channel"}
	}
	var due []string
	if r.Runs(helpdesk.FirstResponse) {
		due = append(due, "first reply "+r.deadline(helpdesk.FirstResponse))
	}
	switch {
	case r.Status == helpdesk.Waiting:
		due = append(due, "resolution paused, "+left(r.Left))
	case len(due) == 0 || !r.was(helpdesk.Resolution).IsZero():
		due = append(due, "resolution "+r.deadline(helpdesk.Resolution))
	}
	return due
}

// reopening is what reopens a resolved request, as seen from where it is shown.
func (r Request) reopening() string {
	if r.card {
		return "a reply of the requester in the thread"
	}
	return "a reply here"
}

// left says how much of a target is left, never more than there is. It counts no days: eight open hours may be one.
func left(d time.Duration) string {
	switch {
	case d <= 0:
		return "no time left"
	case d < time.Minute:
		return "less than a minute left"
	case d < time.Hour:
		return count(int64(d/time.Minute), "minute") + " left"
	}
	hours, minutes := count(int64(d/time.Hour), "hour"), ""
	if m := d % time.Hour / time.Minute; m > 0 && d < 10*time.Hour {
		minutes = count(int64(m), "minute")
	}
	return join(" ", hours, minutes, "left")
}

// was is when a clock was due before a change of the priority has moved it; zero where none has.
func (r Request) was(c helpdesk.Clock) time.Time {
	if r.Was == nil {
		return time.Time{}
	}
	was := helpdesk.Progress{Deadlines: *r.Was}.Due(c)
	if was.Equal(r.Due(c)) {
		return time.Time{}
	}
	return was
}

// deadline is by when, with the deadline before where a change of the priority has moved it.
func (r Request) deadline(c helpdesk.Clock) string {
	due := "due by " + localTime(r.Due(c))
	if !r.Due(c).After(r.At) {
		due = "overdue since " + localTime(r.Due(c))
	}
	if was := r.was(c); !was.IsZero() {
		due += " (was " + localTime(was) + ")"
	}
	return due
}

// controls are the buttons and menus that mean something in the present status.
func (r Request) controls() []slack.Block {
	if r.ClocksOff != "" && !r.Kin.Duplicate() {
		return nil
	}
	var elements []slack.BlockElement
	for _, b := range []struct {
		action helpdesk.Action
		name   string
		style  slack.Style
	}{
		{helpdesk.Take, r.takeName(), r.takeStyle()},
		{helpdesk.Wait, "Waiting on requester", slack.StyleDefault},
		{helpdesk.Resolve, "Resolve", slack.StyleDefault},
	} {
		if r.can(b.action) && !r.Kin.Duplicate() {
			e := slack.NewButtonBlockElement(string(b.action), strconv.FormatInt(r.Version, 10), emoji(b.name))
			elements = append(elements, e.WithStyle(b.style))
		}
	}
	if r.can(helpdesk.SetPriority) && !r.Kin.Duplicate() {
		elements = append(elements, r.priorities())
	}
	if r.can(helpdesk.SetLabel) && len(r.Labels) > 0 && r.Status.Open() && !r.Kin.Duplicate() {
		elements = append(elements, r.labels())
	}
	if options := r.mayJoin(); len(options) > 0 {
		elements = append(elements, menu(helpdesk.Join, "Duplicate of", options, ""))
	}
	if b := r.separate(); b != nil {
		elements = append(elements, b)
	}
	if r.can(helpdesk.NotRequest) && r.Status.Open() {
		e := slack.NewButtonBlockElement(string(helpdesk.NotRequest), strconv.FormatInt(r.Version, 10), emoji("Not a request"))
		e.Confirm = slack.NewConfirmationBlockObject(emoji("Not a request?"), emoji(withdrawal), emoji("Withdraw it"), emoji("Keep it"))
		elements = append(elements, e)
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(BlockID(r.ID), elements...)}
}

// withdrawal is what pressing Not a request leads to; who pressed it still sees their message.
const withdrawal = "The request is withdrawn and our copy of its text is destroyed. The message itself stays. This cannot be undone."

func (r Request) can(a helpdesk.Action) bool {
	_, err := r.Status.Next(a)
	return err == nil
}

// free tells that nobody works on it: one that is new was given to somebody at most.
func (r Request) free() bool { return r.Assignee == "" || r.Status == helpdesk.New }

func (r Request) takeName() string {
	if r.free() {
		return "Take it"
	}
	return "Take over"
}

func (r Request) takeStyle() slack.Style {
	if r.free() {
		return slack.StylePrimary
	}
	return slack.StyleDefault
}

func (r Request) priorities() *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for _, p := range helpdesk.Priorities() {
		options = append(options, slack.NewOptionBlockObject(string(p), emoji(priorityMark[p]), nil))
	}
	return menu(helpdesk.SetPriority, "Priority", options, string(r.Priority))
}

// maxOptions is how many options Slack shows in a menu.
const maxOptions = 100

func (r Request) labels() *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for _, l := range r.Labels[:min(len(r.Labels), maxOptions)] {
		name := cmp.Or(fit(oneLine(l.Name), limits["options"]["text"]), l.Key)
		options = append(options, slack.NewOptionBlockObject(l.Key, emoji(name), nil))
	}
	return menu(helpdesk.SetLabel, "Label", options, r.Label)
}

// fit cuts s down to so many of the units in which [Check] counts.
func fit(s string, units int) string {
	if size(s) <= units {
		return s
	}
	r := []rune(s)
	for r = r[:min(len(r), units)]; size(string(r)) > units-1; {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

func menu(action helpdesk.Action, placeholder string, options []*slack.OptionBlockObject, chosen string) *slack.SelectBlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, emoji(placeholder), string(action), options...)
	if i := slices.IndexFunc(options, func(o *slack.OptionBlockObject) bool { return o.Value == chosen }); i >= 0 {
		e.InitialOption = options[i]
	}
	return e
}
