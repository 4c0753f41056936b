// Package slackapi is every call we make to Slack: which methods, with which scopes and why, and what each refusal
// means for us. It does not retry: one lost answer would post a message twice; who calls decides.
package slackapi

import (
	"errors"
	"slices"
)

// Use is one thing of Slack's that we use: what it needs and why we need it.
type Use struct {
	Name   string   // a Web API method, or an event type
	Scopes []string // bot scopes; none where Slack asks for none
	Reason string
	Write  bool // it changes something at Slack, so a lost answer is ambiguous
	// PerMinute is our own pace for a workspace after Burst calls in a row; zero: only as slow as Slack says.
	PerMinute, Burst int
}

// Methods is the one list of Web API methods that the client may call. What is not in it is refused before a byte
// leaves.
func Methods() []Use {
	return []Use{
		{Name: "oauth.v2.access", Reason: "exchange the code of an installation for a bot token", Write: true},
		{Name: "auth.test", Reason: "find out whether a token is alive"},
		{Name: "auth.revoke", Reason: "give back the token of an installation that we refuse", Write: true},
		{Name: "chat.postMessage", Scopes: []string{"chat:write"}, Reason: "post the receipt into the requester's thread, the staff card, warnings to the staff, and the introduction into a channel we were invited to", Write: true},
		{Name: "chat.update", Scopes: []string{"chat:write"}, Reason: "keep receipt and staff card up to date in place", Write: true, PerMinute: 50, Burst: 20}, // Slack's tier 3
		{Name: "chat.postEphemeral", Scopes: []string{"chat:write"}, Reason: "tell whoever presses a button why it was refused", Write: true},
		{Name: "chat.getPermalink", Reason: "link staff to the thread of a request"},
		{Name: "chat.delete", Scopes: []string{"chat:write"}, Reason: "remove our own receipt when the message it answers is gone", Write: true},
		{Name: "conversations.info", Scopes: []string{"channels:read", "groups:read"}, Reason: "know whether a channel is shared with people outside the workspace"},
		{Name: "conversations.replies", Scopes: []string{"channels:history", "groups:history"}, Reason: "look up whether our own receipt stands in a thread after an answer of Slack's was lost"},
		{Name: "conversations.history", Scopes: []string{"channels:history", "groups:history"}, Reason: "the same for our own introduction in a channel"},
		{Name: "users.conversations", Scopes: []string{"channels:read", "groups:read"}, Reason: "find out once a day which channels we are still in, whatever events were lost"},
		{Name: "users.info", Scopes: []string{"users:read"}, Reason: "take the installer's time zone for the workspace's clocks"},
	}
}

// Events is the one list of events that Slack is asked to deliver.
func Events() []Use {
	public, private := []string{"channels:read"}, []string{"groups:read"}
	return []Use{
		{Name: "message.channels", Scopes: []string{"channels:history"}, Reason: "open requests from messages in public channels we were invited to"},
		{Name: "message.groups", Scopes: []string{"groups:history"}, Reason: "the same in private channels"},
		{Name: "member_joined_channel", Scopes: []string{"channels:read", "groups:read"}, Reason: "introduce ourselves when we are invited"},
		{Name: "channel_left", Scopes: public, Reason: "stop reading a public channel we were removed from"},
		{Name: "group_left", Scopes: private, Reason: "stop reading a private channel we were removed from"},
		{Name: "channel_archive", Scopes: public, Reason: "stop the clocks of an archived channel"},
		{Name: "group_archive", Scopes: private, Reason: "the same for private channels"},
		{Name: "channel_unarchive", Scopes: public, Reason: "read a channel again, afresh, when it comes back"},
		{Name: "group_unarchive", Scopes: private, Reason: "the same for private channels"},
		{Name: "channel_deleted", Scopes: public, Reason: "stop the clocks of a deleted channel"},
		{Name: "group_deleted", Scopes: private, Reason: "the same for private channels"},
		{Name: "channel_id_changed", Scopes: public, Reason: "follow a channel whose id changes when it becomes shared"},
		{Name: "channel_shared", Scopes: public, Reason: "ignore people outside from the moment a channel is shared"},
		{Name: "channel_unshared", Scopes: public, Reason: "know when it no longer is"},
		{Name: "app_uninstalled", Reason: "destroy the token, and later the data, when the app is removed"},
		{Name: "tokens_revoked", Reason: "the same when only its token is revoked"},
	}
}

// BotScopes are the scopes that [Methods] and [Events] need, sorted: what the app asks for, and no more.
func BotScopes() []string {
	var scopes []string
	for _, u := range slices.Concat(Methods(), Events()) {
		scopes = append(scopes, u.Scopes...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// BotEvents are the names of [Events].
func BotEvents() []string {
	var names []string
	for _, u := range Events() {
		names = append(names, u.Name)
	}
	return names
}

// ErrMethod: a method that is not in [Methods].
var ErrMethod = errors.New("method is not in the table of methods")

// Pace is how many calls of a method a workspace may make a minute by our own choice, after how many in a row.
func Pace(name string) (perMinute, burst int) {
	use, _ := method(name)
	return use.PerMinute, use.Burst
}

func method(name string) (Use, bool) {
	uses := Methods()
	i := slices.IndexFunc(uses, func(u Use) bool { return u.Name == name })
	if i < 0 {
		return Use{}, false
	}
	return uses[i], true
}
