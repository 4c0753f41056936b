package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
)

// ticket is one request, from its message on.
type ticket struct{ ts, receiptTS string }

// open posts a message and waits for its receipt.
func open(t *testing.T, user, text string) ticket {
	t.Helper()
	ts := post(t, help, user, text)
	return ticket{ts, receipt(t, ts, 10*time.Second).TS}
}

// column reads one column of a request's row.
func column[T any](t *testing.T, k ticket, name string) T {
	t.Helper()
	return query[T](t, `select `+name+` from tenant.request where origin_ts = $1`, k.ts)
}

// becomes waits until the row is in a status.
func (k ticket) becomes(t *testing.T, status string) {
	t.Helper()
	eventually(t, 10*time.Second, "status "+status, func() bool { return column[string](t, k, "status") == status })
}

// click presses a button or chooses from a menu of the receipt.
func (k ticket) click(t *testing.T, user, action string, value ...string) {
	t.Helper()
	args := map[string]any{"channel": help, "message_ts": k.receiptTS, "user": user, "action_id": action}
	if len(value) > 0 {
		args["value"] = value[0]
	}
	control(t, "click", args)
}

// say writes in the thread and waits until that was handed over.
func (k ticket) say(t *testing.T, user, text string) {
	t.Helper()
	const handed = `select count(*) from system.inbox where kind = 'reply' and done_at is not null`
	before := query[int](t, handed)
	post(t, help, user, text, "thread_ts", k.ts)
	eventually(t, 60*time.Second, "the reply handed over", func() bool { return query[int](t, handed) > before })
}

// shown is the whole receipt, blocks and all.
func (k ticket) shown(t *testing.T) string {
	t.Helper()
	for _, m := range receipts(t, k.ts) {
		return plain(t, m)
	}
	return ""
}

// plain is a message's text and blocks, with < and > as they are.
func plain(t *testing.T, m message) string {
	t.Helper()
	var blocks any
	if len(m.Blocks) > 0 {
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			t.Fatal(err)
		}
	}
	return m.Text + " " + fmt.Sprint(blocks)
}

// shows waits until the receipt shows something.
func (k ticket) shows(t *testing.T, want string) {
	t.Helper()
	eventually(t, 10*time.Second, "a receipt that shows "+want, func() bool { return strings.Contains(k.shown(t), want) })
}

// card is the staff card of a request.
func (k ticket) card(t *testing.T) string {
	t.Helper()
	ts := column[string](t, k, "card_ts")
	for _, m := range state(t).messages(staff) {
		if m.TS == ts {
			return plain(t, m)
		}
	}
	return ""
}

// whispered waits until a person, and nobody else, was told something.
func whispered(t *testing.T, user, want string) {
	t.Helper()
	eventually(t, 10*time.Second, "an ephemeral for "+user, func() bool {
		for _, e := range state(t).Ephemerals {
			if e.User == user && strings.Contains(e.Text, want) {
				return true
			}
		}
		return false
	})
}

// targets sets the targets of every priority, in seconds, for the length of a test.
func targets(t *testing.T, first, resolution int) {
	t.Helper()
	const set = `with new as (
		  select workspace_id, jsonb_set(settings, '{targets}', (
		    select jsonb_object_agg(key, value || jsonb_build_object('first_response', $1::bigint * 1000000000, 'resolution', $2::bigint * 1000000000))
		    from jsonb_each(settings->'targets'))) as settings from tenant.workspace where team = 'T0ACME')
		update tenant.workspace w set settings = new.settings from new where new.workspace_id = w.workspace_id returning 1`
	before := query[string](t, `select settings::text from tenant.workspace where team = 'T0ACME'`)
	query[int](t, set, first, resolution)
	t.Cleanup(func() {
		query[int](t, `update tenant.workspace set settings = $1::jsonb where team = 'T0ACME' returning 1`, before)
	})
}

// events are the SLA events of a request: "clock kind outcome recipients".
func (k ticket) events(t *testing.T) []string {
	t.Helper()
	return list(t, running.Info.DatabaseAdminURL, fmt.Sprintf(`
		select concat_ws(' ', clock, kind, outcome, recipients) from tenant.sla_event join tenant.request using (workspace_id, request_id)
		where origin_ts = '%s' order by clock, due`, k.ts))
}

// notices are what the staff channel and the direct messages say of a request's clocks.
func (k ticket) notices(t *testing.T) (found []string) {
	t.Helper()
	about := fmt.Sprintf("Request #%d:", column[int](t, k, "number"))
	w := state(t)
	messages := w.messages(staff)
	for _, dm := range w.DMs {
		messages = append(messages, dm.Messages...)
	}
	for _, m := range messages {
		if strings.HasPrefix(m.Text, about) && (strings.Contains(m.Text, "is due by") || strings.Contains(m.Text, "is overdue") || strings.Contains(m.Text, "Correction")) {
			found = append(found, plain(t, m))
		}
	}
	return found
}

func TestFromRequestToResolution(t *testing.T) {
	k := open(t, rita, "VPN drops every ten minutes, okapi")
	if card := k.card(t); !strings.Contains(card, "<@U0RITA>") || !strings.Contains(card, "open the thread") {
		t.Errorf("staff card %q does not say who asks and where", card)
	}
	k.click(t, dana, "take")
	k.shows(t, "with <@U0DANA>")
	k.becomes(t, "in_progress")
	k.say(t, dana, "Which office are you in?")
	k.shows(t, "resolution due by")
	k.click(t, dana, "waiting")
	k.becomes(t, "waiting")
	k.shows(t, "left")
	k.say(t, rita, "In Ghent")
	k.becomes(t, "in_progress")
	k.click(t, dana, "priority", "low")
	k.shows(t, "(was ")
	k.click(t, dana, "label", "hardware")
	k.shows(t, "Hardware")
	k.click(t, rita, "resolve")
	k.becomes(t, "resolved")
	k.shows(t, "a reply here reopens it")
	k.say(t, rita, "thanks, works now!")
	k.say(t, rita, "Hm, it dropped again just now")
	k.becomes(t, "in_progress")
	k.shows(t, "In progress")
	eventually(t, 10*time.Second, "the staff card up to date", func() bool {
		return column[int](t, k, "card_version") == column[int](t, k, "version")
	})
	if n := len(receipts(t, k.ts)); n != 1 {
		t.Errorf("%d receipts, want one that changes", n)
	}
	history := decodeAll(t, temporal(t, "/api/v1/namespaces/echosynch/workflows/"+url.PathEscape("request/"+column[string](t, k, "request_id::text"))+"/history"))
	for _, leak := range []string{"okapi", "office", "Ghent", "dropped again", "thanks"} {
		if strings.Contains(string(history), leak) {
			t.Errorf("the history holds %q", leak)
		}
	}
}

func TestThanksReopensNothing(t *testing.T) {
	k := open(t, rita, "my mouse is dead")
	k.click(t, rita, "resolve")
	k.becomes(t, "resolved")
	k.say(t, rita, "Thank you, perfect!")
	if got := column[string](t, k, "status"); got != "resolved" {
		t.Errorf("status %q after thanks, want resolved", got)
	}
}

func TestWhoMayNotIsTold(t *testing.T) {
	k := open(t, rita, "screen flickers")
	k.click(t, sam, "take")
	whispered(t, sam, "Only agents can do that")
	k.click(t, sam, "resolve")
	whispered(t, sam, "Only agents and the person who asked")
	k.click(t, rita, "take")
	whispered(t, rita, "Only agents can do that")
	if got := column[string](t, k, "status"); got != "new" {
		t.Errorf("status %q, want new", got)
	}
}

func TestTwoAgentsPressTakeItAtOnce(t *testing.T) {
	k := open(t, rita, "keyboard is stuck")
	k.click(t, dana, "take")
	k.click(t, alex, "take")
	k.becomes(t, "in_progress")
	eventually(t, 10*time.Second, "one of them told", func() bool {
		n := 0
		for _, e := range state(t).Ephemerals {
			if strings.Contains(e.Text, "took this request a moment ago") {
				n++
			}
		}
		return n == 1
	})
	settled(t)
	if got := column[string](t, k, "assignee"); got != dana && got != alex {
		t.Errorf("assignee %q", got)
	}
}

// Behaviour 16: an agent who asks is the requester; another agent's message is the first response.
func TestTheRequesterIsAnAgent(t *testing.T) {
	k := open(t, dana, "my own laptop does not start")
	k.say(t, dana, "it beeps twice")
	if got := column[bool](t, k, "responded_at is null"); !got {
		t.Error("her own message counts as the first response")
	}
	k.say(t, alex, "on my way")
	k.becomes(t, "in_progress")
	if got := column[string](t, k, "assignee"); got != alex {
		t.Errorf("assignee %q, want Alex", got)
	}
}

// Bots and people whom Slack does not know cannot be made agents.
func TestWhoCannotBeAnAgent(t *testing.T) {
	for user, why := range map[string]string{bot: "it is a bot", "U0NOBODY": "Slack knows no such person here"} {
		if _, err := running.Run(t.Context(), "agent", "add", "T0ACME", user); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("agent add %s: %v, want %q", user, err, why)
		}
	}
}

// Behaviour 30: people outside are ignored, in threads, too.
func TestPeopleOutsideAreIgnored(t *testing.T) {
	k := open(t, rita, "cannot reach the intranet")
	inbox := query[int](t, `select count(*) from system.inbox`)
	post(t, help, "U0STRANGER", "me neither", "thread_ts", k.ts, "user_team", "T0OTHER")
	k.say(t, rita, "still not")
	settled(t)
	if n := query[int](t, `select count(*) from system.inbox`) - inbox; n != 1 {
		t.Errorf("%d deliveries stored, want Rita's alone", n)
	}
}

func TestForty(t *testing.T) {
	k := open(t, rita, "Outlook does not send")
	k.say(t, dana, "looking")
	k.becomes(t, "in_progress")
	k.shows(t, "with <@U0DANA>")
	settled(t)
	version := column[int](t, k, "version")
	for n := range 40 {
		k.say(t, []string{rita, dana, sam, alex}[n%4], fmt.Sprintf("chatter %d", n))
	}
	if got := column[int](t, k, "version"); got != version {
		t.Errorf("version went from %d to %d by chatter", version, got)
	}
}

// Behaviour 6: an edit replaces the text and is triaged again, once.
func TestEdited(t *testing.T) {
	k := open(t, rita, "it is broken")
	control(t, "edit", map[string]any{"channel": help, "ts": k.ts, "text": "printer on floor 3 is jammed, toner is empty"})
	eventually(t, 30*time.Second, "a new label", func() bool { return column[string](t, k, "label") == "printing" })
	k.shows(t, "Printing")
}

// Behaviour 7: deleting the message destroys its text and removes the receipt, unless somebody has answered.
func TestDeleted(t *testing.T) {
	for name, answered := range map[string]bool{"unanswered": false, "answered": true} {
		t.Run(name, func(t *testing.T) {
			k := open(t, rita, "wrong channel, sorry")
			if answered {
				k.say(t, sam, "no problem")
			}
			control(t, "delete", map[string]any{"channel": help, "ts": k.ts})
			k.becomes(t, "withdrawn")
			id := column[string](t, k, "request_id::text")
			if n := query[int](t, `select count(*) from tenant.request_text where request_id = $1`, id); n != 0 {
				t.Error("its text is still there")
			}
			if n := list(t, running.Info.KeystoreAdminURL, `select 'x' from keystore.request_key where request_id = '`+id+`'`); len(n) != 0 {
				t.Error("its keys are still there")
			}
			eventually(t, 10*time.Second, "the receipt gone, or withdrawn", func() bool {
				left := receipts(t, k.ts)
				if !answered {
					return len(left) == 0
				}
				return len(left) == 1 && strings.Contains(plain(t, left[0]), "Withdrawn")
			})
		})
	}
}

// A deletion that comes before the message it deletes: nothing is opened.
func TestDeletedBeforeItOpened(t *testing.T) {
	ts := fmt.Sprintf("%d.000777", time.Now().Unix())
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "event_id": "EvDEL" + ts, "team_id": "T0ACME", "event_time": time.Now().Unix(),
		"authorizations": []any{map[string]any{"team_id": "T0ACME", "user_id": bot, "is_bot": true}},
		"event": map[string]any{
			"type": "message", "subtype": "message_deleted", "hidden": true, "channel": help, "ts": ts, "deleted_ts": ts, "event_ts": ts,
			"previous_message": map[string]any{"type": "message", "user": rita, "ts": ts, "text": "oops"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, "/slack/events", body, running.Info.SlackSigningSecret)
	settled(t)
	deliver(t, "/slack/events", opening("T0ACME", "EvLATE"+ts, ts, "oops"), running.Info.SlackSigningSecret)
	settled(t)
	if n := query[int](t, `select count(*) from tenant.request where origin_ts = $1`, ts); n != 0 {
		t.Error("a deleted message opened a request")
	}
}

// Behaviour 10.
func TestNotARequest(t *testing.T) {
	k := open(t, rita, "lunch anyone?")
	k.click(t, rita, "not_request")
	k.becomes(t, "withdrawn")
	k.shows(t, "its text was destroyed")
	eventually(t, 10*time.Second, "the text destroyed", func() bool {
		return query[int](t, `select count(*) from tenant.request_text join tenant.request using (workspace_id, request_id) where origin_ts = $1`, k.ts) == 0
	})
}

// Somebody deletes our receipt: at the next change it is posted again, and nothing is withdrawn.
func TestTheReceiptIsDeleted(t *testing.T) {
	k := open(t, rita, "dock does not charge")
	control(t, "delete", map[string]any{"channel": help, "ts": k.receiptTS})
	k.say(t, dana, "which dock?")
	k.becomes(t, "in_progress")
	k.shows(t, "with <@U0DANA>")
}

// Behaviours 17 and 19: warning and breach at their time; the figures are by the messages' own time.
func TestWarningAndBreach(t *testing.T) {
	targets(t, 8, 3600)
	k := open(t, rita, "no internet in the meeting room")
	eventually(t, 20*time.Second, "warning and breach", func() bool { return len(k.events(t)) == 2 && len(k.notices(t)) >= 2 })
	eventually(t, 10*time.Second, "both sent", func() bool {
		return strings.Join(k.events(t), ", ") == "first_response warning sent 1, first_response breach sent 2"
	})
	late := query[float64](t, `
		select max(extract(epoch from sent - due)) from tenant.sla_event join tenant.request using (workspace_id, request_id) where origin_ts = $1`, k.ts)
	if late > 5 {
		t.Errorf("sent %.1f s after it was due, want at most 5", late)
	}
	for _, n := range k.notices(t) {
		if strings.Contains(n, "late by") || strings.Contains(n, "(repeated)") {
			t.Errorf("notice %q", n)
		}
	}
}

func TestAnAnswerInTimeWarnsNobody(t *testing.T) {
	targets(t, 12, 3600)
	k := open(t, rita, "wifi is slow today")
	k.say(t, dana, "I see it")
	k.becomes(t, "in_progress")
	other := open(t, rita, "wifi is slow on floor 2, too") // its breach shows that the first one's time has passed
	eventually(t, 30*time.Second, "the other's breach", func() bool { return len(other.events(t)) == 2 })
	if got := k.events(t); len(got) != 0 {
		t.Errorf("events %q, want none", got)
	}
}

// Behaviour 18: after an outage only the highest level is sent, and says what was skipped.
func TestClocksRunOutDuringAnOutage(t *testing.T) {
	for name, part := range map[string]struct {
		stop  func(context.Context) error
		start func(context.Context) error
	}{
		"worker":   {running.StopWorker, func(context.Context) error { return running.StartWorker() }},
		"temporal": {running.StopTemporal, running.StartTemporal},
	} {
		t.Run(name, func(t *testing.T) {
			targets(t, 16, 3600)
			k := open(t, rita, "cannot print to the second floor")
			settled(t)
			if err := part.stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			due := query[time.Time](t, `select first_response_due from tenant.request where origin_ts = $1`, k.ts)
			eventually(t, 30*time.Second, "the deadline passed", func() bool { return time.Now().After(due.Add(time.Second)) })
			if err := part.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			eventually(t, 90*time.Second, "the breach", func() bool {
				return strings.Join(k.events(t), ", ") == "first_response warning skipped 0, first_response breach sent 2"
			})
			for _, n := range k.notices(t) {
				if !strings.Contains(n, "overdue") || !strings.Contains(n, "was skipped") {
					t.Errorf("notice %q, want the breach with the warning skipped", n)
				}
			}
		})
	}
}

// Behaviour 28: the event that we were removed is lost; the daily comparison notices.
func TestTheDailyComparisonNoticesALostEvent(t *testing.T) {
	k := open(t, rita, "calendar invites are missing")
	control(t, "outage", map[string]any{"seconds": 2})
	control(t, "kick", map[string]any{"channel": help})
	c, err := client.Dial(client.Options{HostPort: running.Info.Temporal, Namespace: running.Info.TemporalNamespace})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.ScheduleClient().GetHandle(t.Context(), "compare-channels").Trigger(t.Context(), client.ScheduleTriggerOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "clocks cancelled", func() bool { return column[string](t, k, "clocks_off") == "channel_left" })
	eventually(t, 4*time.Minute, "clocks of every open request of the channel cancelled", func() bool { // other tests have left hundreds
		return query[int](t, `
			select count(*) from tenant.request join tenant.channel using (workspace_id, channel_id)
			where slack_channel = $1 and status in ('new', 'in_progress', 'waiting') and clocks_off = ''`, help) == 0
	})
	control(t, "outage", map[string]any{"seconds": 0})
	control(t, "invite", map[string]any{"channel": help})
	eventually(t, 10*time.Second, "channel monitored again", func() bool {
		return query[string](t, `select state from tenant.channel where slack_channel = $1`, help) == "monitored"
	})
	open(t, rita, "calendar invites are still missing")
}

// A storm of 429 loses nothing, and the newest state is shown in the end.
func TestAStormOfRateLimits(t *testing.T) {
	k := open(t, rita, "app freezes all the time")
	control(t, "fault", map[string]any{"method": "chat.update", "status": 429, "times": 6})
	for _, p := range []string{"low", "high", "medium", "critical", "low"} {
		k.click(t, dana, "priority", p)
	}
	k.click(t, dana, "take")
	eventually(t, 60*time.Second, "the newest state shown", func() bool {
		shown := k.shown(t)
		return strings.Contains(shown, "with <@U0DANA>") && column[int](t, k, "receipt_version") == column[int](t, k, "version")
	})
}
