package blockkit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var update = flag.Bool("update", false, "write the golden files")

// rendered is anything we show.
type rendered struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

func show(text string, blocks []slack.Block) rendered { return rendered{text, blocks} }

const permalink = "https://acme.slack.com/archives/C0ITHELP/p1795439040000100"

var (
	at      = time.Date(2026, 11, 23, 13, 4, 0, 0, time.UTC)
	request = helpdesk.RequestID{0xf7}
)

// face is the one of a new request of high priority, a second old, with changes.
func face(changes ...func(*blockkit.Request)) blockkit.Request {
	r := blockkit.Request{
		Request: helpdesk.Request{
			ID: request, Number: 1042, Requester: "U0RITA", OpenedAt: at, Link: permalink,
			Progress: helpdesk.Progress{
				Version: 3, Status: helpdesk.New, Label: "network", Priority: helpdesk.High, TriagedBy: helpdesk.ByModel,
				Deadlines: deadlines(2, 24),
			},
		},
		LabelName: "Network & VPN", Labels: helpdesk.StarterTaxonomy()[:2], Summary: "VPN connection is unstable", At: at.Add(time.Second),
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// deadlines are those of a request opened at at, in hours.
func deadlines(first, resolution int) (d helpdesk.Deadlines) {
	d.FirstResponse.Due = at.Add(time.Duration(first) * time.Hour)
	d.Resolution.Due = at.Add(time.Duration(resolution) * time.Hour)
	return d
}

func receipt(changes ...func(*blockkit.Request)) rendered { return show(face(changes...).Receipt()) }

func card(changes ...func(*blockkit.Request)) rendered { return show(face(changes...).Card()) }

func taken(r *blockkit.Request) { r.Status, r.Assignee = helpdesk.InProgress, "U0DANA" }

func inProgress(r *blockkit.Request) {
	taken(r)
	r.RespondedAt = at.Add(time.Minute)
}

func waiting(r *blockkit.Request) {
	inProgress(r)
	r.Status, r.Deadlines.Resolution, r.Left = helpdesk.Waiting, helpdesk.Deadline{}, 23*time.Hour+55*time.Minute
}

func resolved(r *blockkit.Request) {
	inProgress(r)
	r.Status, r.ResolvedAt = helpdesk.Resolved, at.Add(time.Hour)
}

func closed(r *blockkit.Request) {
	resolved(r)
	r.Status = helpdesk.Closed
}

func withdrawn(r *blockkit.Request) {
	r.Status, r.ClocksOff = helpdesk.Withdrawn, helpdesk.StopNotRequest
}

func channelLeft(r *blockkit.Request) { r.ClocksOff = helpdesk.StopChannelLeft }

// The others of these samples: two that were open when the request was read, and one that follows it. Of the last no address is
// known.
var (
	twelve   = helpdesk.Peer{ID: helpdesk.RequestID{12}, Number: 1040}
	thirteen = helpdesk.Peer{ID: helpdesk.RequestID{13}, Number: 1041}
	fourteen = helpdesk.Peer{ID: helpdesk.RequestID{14}, Number: 1043}
)

// among is a request that stands to others.
func among(r *blockkit.Request) {
	r.Relatives = []helpdesk.Relative{
		{Peer: twelve, Link: "https://acme.slack.com/archives/C0ITHELP/p1795439000000100", OpenedAt: at.Add(-20 * time.Minute), Leads: true},
		{Peer: thirteen, Link: "https://acme.slack.com/archives/C0ITHELP/p1795439010000100", OpenedAt: at.Add(-10 * time.Minute)},
		{Peer: fourteen, OpenedAt: at.Add(time.Minute), Leads: true},
	}
}

func incident(r *blockkit.Request) {
	among(r)
	r.Kin = helpdesk.Kin{Similar: []helpdesk.Peer{twelve, thirteen}, Incident: 3}
}

func follower(r *blockkit.Request) {
	incident(r)
	r.ClocksOff, r.Kin.Original, r.Kin.JoinedAt = helpdesk.StopDuplicate, twelve, at
}

func followed(r *blockkit.Request) {
	among(r)
	r.Kin.Duplicates = []helpdesk.Peer{thirteen, fourteen}
}

func many(n int) (peers []helpdesk.Peer) {
	for i := range n {
		peers = append(peers, helpdesk.Peer{ID: helpdesk.RequestID{byte(i + 20)}, Number: int64(1050 + i)})
	}
	return peers
}

func withStaff(r *blockkit.Request) { r.Staff = true }

func withoutLink(r *blockkit.Request) { r.Link = "" }

// nowCritical is after a change of the priority from high to critical.
func nowCritical(r *blockkit.Request) {
	was := r.Deadlines
	r.Priority, r.Was, r.Deadlines = helpdesk.Critical, &was, deadlines(1, 8)
}

// notice is one of first response, sent in time, with changes.
func notice(kind helpdesk.NoticeKind, changes ...func(*blockkit.Notice)) rendered {
	n := blockkit.Notice{Request: face(), Clock: helpdesk.FirstResponse, Kind: kind}
	n.Due, n.At = at.Add(2*time.Hour), at.Add(90*time.Minute)
	if kind == helpdesk.Breach {
		n.At = n.Due
	}
	n.Sent = n.At.Add(time.Second)
	for _, change := range changes {
		change(&n)
	}
	return show(n.Render())
}

// ofResolution makes a notice one of the other clock.
func ofResolution(n *blockkit.Notice) {
	inProgress(&n.Request)
	n.Clock = helpdesk.Resolution
	n.Due, n.At, n.Sent = n.Due.Add(22*time.Hour), n.At.Add(22*time.Hour), n.Sent.Add(22*time.Hour)
}

func late(n *blockkit.Notice) { n.Sent = n.At.Add(12 * time.Minute) }

func afterSkipped(n *blockkit.Notice) { n.Skipped = n.Due.Add(-30 * time.Minute) }

func repeated(n *blockkit.Notice) { n.Repeated = true }

func corrected(n *blockkit.Notice) { n.Corrected = true }

func toCheck(r *blockkit.Request) {
	r.Checks = []helpdesk.Check{helpdesk.CheckUnsure, helpdesk.CheckSteered, helpdesk.CheckHeld}
}

// samples are everything we show, by the name of its golden file; the refusals have one of their own.
func samples() map[string]rendered {
	return map[string]rendered{
		"receipt_new":                 receipt(),
		"receipt_without_ai":          receipt(func(r *blockkit.Request) { r.WithoutAI = true }),
		"receipt_with_the_model":      receipt(func(r *blockkit.Request) { r.TriagedWith = "gemini-3.5-flash-lite in eu, our project" }),
		"receipt_to_check":            receipt(toCheck),
		"receipt_with_a_file":         receipt(func(r *blockkit.Request) { r.Files = 1 }),
		"receipt_with_files":          receipt(func(r *blockkit.Request) { r.Files, r.WithoutAI = 2, true }),
		"receipt_erased":              receipt(func(r *blockkit.Request) { r.Summary = "" }),
		"receipt_overdue":             receipt(func(r *blockkit.Request) { r.At = at.Add(2 * time.Hour) }),
		"receipt_taken":               receipt(taken),
		"receipt_in_progress":         receipt(inProgress),
		"receipt_waiting":             receipt(waiting),
		"receipt_waiting_unanswered":  receipt(waiting, func(r *blockkit.Request) { r.Assignee, r.RespondedAt = "", time.Time{} }),
		"receipt_waiting_overdue":     receipt(waiting, func(r *blockkit.Request) { r.Left = 0 }),
		"receipt_resolved":            receipt(resolved),
		"receipt_reopened_unassigned": receipt(inProgress, func(r *blockkit.Request) { r.Assignee, r.RespondedAt, r.NoResponse = "", time.Time{}, true }),
		"receipt_closed":              receipt(closed),
		"receipt_withdrawn":           receipt(withdrawn),
		"receipt_of_a_left_channel":   receipt(channelLeft),

		"receipt_after_a_priority_change":             receipt(nowCritical),
		"receipt_after_a_priority_change_in_progress": receipt(inProgress, nowCritical),
		"receipt_after_a_priority_change_overdue":     receipt(nowCritical, func(r *blockkit.Request) { r.At = at.Add(90 * time.Minute) }),

		"card_of_an_incident":                  card(withStaff, incident),
		"receipt_of_an_incident":               receipt(incident),
		"receipt_of_an_incident_for_the_staff": receipt(withStaff, incident),
		"card_of_a_duplicate":                  card(withStaff, follower),
		"receipt_of_a_duplicate":               receipt(follower),
		"receipt_of_a_duplicate_after_a_day":   receipt(follower, func(r *blockkit.Request) { r.At = at.Add(25 * time.Hour) }),
		"receipt_of_a_resolved_duplicate":      receipt(resolved, follower),
		"receipt_of_an_original":               receipt(followed),
		"receipt_of_an_original_with_many":     receipt(func(r *blockkit.Request) { r.Kin.Duplicates = many(7) }),
		"resolved_with_its_original":           show(blockkit.Together{Request: face(follower), Original: twelve}.Render()),
		"resolved_with_its_duplicates":         show(blockkit.Together{Request: face(followed), Duplicates: []helpdesk.Peer{thirteen, fourteen}}.Render()),

		"card":                   card(inProgress),
		"card_without_link":      card(inProgress, withoutLink),
		"card_new":               card(func(r *blockkit.Request) { r.Files = 2 }),
		"card_resolved":          card(resolved),
		"model_paused":           show(blockkit.ModelPaused{Project: "acme-own-ai", Location: "europe-west3", Model: "gemini-3.5-flash"}.Render()),
		"card_to_check":          card(toCheck),
		"card_closed":            card(closed),
		"card_of_a_left_channel": card(inProgress, channelLeft),

		"warning_of_first_response":      notice(helpdesk.Warning),
		"warning_of_resolution":          notice(helpdesk.Warning, ofResolution),
		"warning_late":                   notice(helpdesk.Warning, late),
		"warning_without_link":           notice(helpdesk.Warning, func(n *blockkit.Notice) { n.Link = "" }),
		"breach_of_first_response":       notice(helpdesk.Breach),
		"breach_of_resolution":           notice(helpdesk.Breach, ofResolution),
		"breach_after_skipped_warning":   notice(helpdesk.Breach, late, afterSkipped),
		"breach_repeated":                notice(helpdesk.Breach, ofResolution, repeated),
		"breach_corrected":               notice(helpdesk.Breach, late, corrected),
		"breach_of_resolution_corrected": notice(helpdesk.Breach, ofResolution, corrected),

		"answer":              answer(),
		"answer_helpful":      answer(func(a *blockkit.Answer) { a.Pressed = helpdesk.Helpful }),
		"answer_not_relevant": answer(func(a *blockkit.Answer) { a.Pressed = helpdesk.NotRelevant }),
		"answer_closed":       answer(func(a *blockkit.Answer) { a.Pressed = helpdesk.CloseResolved }),
		"answer_withdrawn":    answer(func(a *blockkit.Answer) { a.Withdrawn = true }),
		"answer_without_link": answer(func(a *blockkit.Answer) { a.Link = "" }),

		"secret": show(blockkit.Secrets([]helpdesk.SecretKind{helpdesk.SecretPassword})),
		"secrets": show(blockkit.Secrets([]helpdesk.SecretKind{
			helpdesk.SecretCard, helpdesk.SecretConnectionString, helpdesk.SecretPassword, helpdesk.SecretPrivateKey, helpdesk.SecretRecoveryCode,
			helpdesk.SecretToken, "of a later version",
		})),
		"introduction": show(blockkit.Introduction{
			Retention: 30 * 24 * time.Hour, Model: "Gemini (gemini-2.5-flash) on Vertex AI, location eu",
		}.Render()),
		"welcome": show(blockkit.Welcome{Certificate: "https://help.example.com/trust/certificates/5f0c"}.Render()),
		"welcome_restored": show(blockkit.Welcome{
			Restored: true, Channels: []string{"C0ITHELP", "C0ITSTAFF"}, Certificate: "https://help.example.com/trust/certificates/5f0c",
		}.Render()),
		"welcome_restored_from_nowhere":   show(blockkit.Welcome{Restored: true, Certificate: "https://help.example.com/trust/certificates/5f0c"}.Render()),
		"introduction_of_a_staff_channel": show(blockkit.Introduction{StaffChannel: true}.Render()),
	}
}

// Slack takes everything we show, and it looks as it did when somebody last read it.
func TestGolden(t *testing.T) {
	t.Parallel()
	files := map[string]bool{"whispers.json": true}
	for name, c := range samples() {
		files[name+".json"] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := blockkit.Check(c.Blocks); err != nil {
				t.Error(err)
			}
			// A notification cannot show the viewer's own time, and some show control sequences as they stand.
			if strings.ContainsAny(c.Text, "<>") {
				t.Errorf("text %q", c.Text)
			}
			golden(t, name, c)
		})
	}
	found, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !files[f.Name()] {
			t.Errorf("testdata/%s is used by nobody", f.Name())
		}
	}
}

// Whoever is refused is told why, in a sentence of its own.
func TestWhisperOfEveryRefusal(t *testing.T) {
	t.Parallel()
	all, reasons := map[helpdesk.Reason]rendered{}, map[string]helpdesk.Reason{}
	for _, why := range []helpdesk.Reason{
		helpdesk.ReasonNew, helpdesk.ReasonInProgress, helpdesk.ReasonWaiting, helpdesk.ReasonResolved, helpdesk.ReasonClosed,
		helpdesk.ReasonWithdrawn, helpdesk.ReasonUntriaged, helpdesk.ReasonAgents, helpdesk.ReasonParties, helpdesk.ReasonTooLate,
		helpdesk.ReasonTaken, helpdesk.ReasonUnknownLabel, helpdesk.ReasonUnknown,
		helpdesk.ReasonDuplicate, helpdesk.ReasonNoDuplicate, helpdesk.ReasonJoined, helpdesk.ReasonOriginal, helpdesk.ReasonLater,
		helpdesk.ReasonOriginalOver,
	} {
		c := show(blockkit.Whisper(why))
		if err := blockkit.Check(c.Blocks); err != nil {
			t.Errorf("%s: %v", why, err)
		}
		if said := texts(t, c.Blocks); len(said) != 1 || said[0] != c.Text {
			t.Errorf("%s: the notification says %q, the message %q", why, c.Text, said)
		}
		if other, said := reasons[c.Text]; said {
			t.Errorf("%s and %s are both %q", why, other, c.Text)
		}
		all[why], reasons[c.Text] = c, why
	}
	golden(t, "whispers", all)
	if c := show(blockkit.Whisper("of a later version")); c.Text != all[helpdesk.ReasonUnknown].Text {
		t.Errorf("a reason that is not known is %q", c.Text)
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
