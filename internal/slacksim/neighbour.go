package slacksim

import "fmt"

// Neighbour is another workspace that has the app installed, just large enough for the app to live in: one channel, where
// every post succeeds. What is said there is recorded and not kept; the world of Acme does not know of it.
type Neighbour struct{ Team, Bot, Channel, Token string }

// Admit lets the app in with the token of a neighbour, until the server ends.
func (s *Server) Admit(n Neighbour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.neighbours == nil {
		s.neighbours = map[string]Neighbour{}
	}
	s.neighbours[n.Token] = n
}

// answer is what Slack would say; the lock is held.
func (n Neighbour) answer(method string, c *call) object {
	now := c.s.cfg.Now()
	ts := fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
	channel := object{"id": n.Channel, "name": "neighbours", "is_channel": true, "is_member": true, "context_team_id": n.Team}
	answers := map[string]object{
		"auth.test":             {"team_id": n.Team, "user_id": n.Bot, "user": "app", "team": n.Team, "url": "https://neighbour.slack.com/"},
		"conversations.info":    {"channel": channel},
		"users.conversations":   {"channels": []object{channel}},
		"conversations.history": {"messages": []object{}},
		"conversations.replies": {"messages": []object{}},
		"users.info":            {"user": object{"id": c.str("user"), "team_id": n.Team, "tz": "UTC"}},
		"chat.postMessage":      {"channel": n.Channel, "ts": ts, "message": object{"ts": ts, "thread_ts": c.str("thread_ts"), "user": n.Bot}},
		"chat.update":           {"channel": n.Channel, "ts": c.str("ts"), "text": c.str("text")},
		"chat.getPermalink":     {"channel": n.Channel, "permalink": "https://neighbour.slack.com/archives/" + n.Channel + "/p" + c.str("message_ts")},
	}
	if answer, ok := answers[method]; ok {
		return object{"ok": true}.with(answer)
	}
	return object{"ok": false, "error": "unknown_method"}
}
