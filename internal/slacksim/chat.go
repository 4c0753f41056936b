package slacksim

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxText   = 40000
	maxBlocks = 50
)

func botProfile(name string) object {
	return object{"id": botID, "app_id": appID, "name": name, "deleted": false, "updated": 1700000000, "team_id": teamID,
		"icons": object{"image_36": "", "image_48": "", "image_72": ""}}
}

// content reads text, blocks and metadata of a message.
func (c *call) content() (object, error) {
	m := object{"text": c.str("text")}
	if v, given := c.args["blocks"]; given && v != "" {
		blocks, ok := c.value("blocks")
		list, isList := blocks.([]any)
		if !ok || !isList {
			return nil, refuse("invalid_blocks_format")
		}
		if problem := blockProblem(list, maxBlocks); problem != "" {
			return nil, refusal{"invalid_blocks", object{"errors": []string{problem}, "response_metadata": object{"messages": []string{"[ERROR] " + problem}}}}
		}
		if len(list) > 0 {
			m["blocks"] = number(list)
		}
	}
	if meta, ok := c.value("metadata"); ok {
		o, isObject := meta.(map[string]any)
		if !isObject || object(o).str("event_type") == "" {
			return nil, refuse("invalid_metadata_format")
		}
		m["metadata"] = meta
	}
	if m.str("text") == "" && m["blocks"] == nil && c.args["attachments"] == nil {
		return nil, refuse("no_text")
	}
	if utf8.RuneCountInString(m.str("text")) > maxText {
		return nil, refuse("msg_too_long")
	}
	return m, nil
}

// place finds the channel of a post: a channel the app is in, or a person.
func (c *call) place() (*channel, error) {
	id := c.str("channel")
	if u := c.s.world.user(id); u != nil && !u.Bot && u.Team == teamID {
		return c.s.world.direct(id), nil
	}
	ch := c.s.world.channel(id)
	switch {
	case ch == nil, ch.Private && !ch.has(botUser):
		return nil, refuse("channel_not_found")
	case ch.Archived:
		return nil, refuse("is_archived")
	case !ch.has(botUser):
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}

func (c *call) chatPost() (object, error) {
	if err := c.need("chat:write"); err != nil {
		return nil, err
	}
	ch, err := c.place()
	if err != nil {
		return nil, err
	}
	m, err := c.content()
	if err != nil {
		return nil, err
	}
	m = c.s.postAsApp(ch, m, c.str("thread_ts"), c.flag("reply_broadcast"))
	return object{"channel": ch.ID, "ts": m.str("ts"), "message": m}, nil
}

// postAsApp stores and announces a message of the app.
func (s *Server) postAsApp(ch *channel, content object, thread string, broadcast bool) object {
	m := content.with(object{"type": "message", "user": botUser, "bot_id": botID, "app_id": appID, "team": teamID,
		"bot_profile": botProfile(s.manifest.name()), "ts": s.world.stamp(s.cfg.Now())})
	if thread != "" {
		m["thread_ts"] = thread
	}
	m = ch.add(m)
	if broadcast && m.str("thread_ts") != "" {
		m["subtype"] = "thread_broadcast"
	}
	s.announce(ch, m)
	return m
}

// own finds a message of the app; otherwise the error differs per method.
func (c *call) own(otherwise string) (*channel, int, error) {
	if err := c.need("chat:write"); err != nil {
		return nil, 0, err
	}
	ch := c.s.world.channel(c.str("channel"))
	if ch == nil || ch.Private && !ch.has(botUser) {
		return nil, 0, refuse("channel_not_found")
	}
	i := ch.find(c.str("ts"))
	switch {
	case i < 0 || ch.Messages[i].str("subtype") == "tombstone":
		return nil, 0, refuse("message_not_found")
	case ch.Messages[i].str("bot_id") != botID:
		return nil, 0, refuse(otherwise)
	case ch.Archived:
		return nil, 0, refuse("is_archived")
	}
	return ch, i, nil
}

func (c *call) chatUpdate() (object, error) {
	ch, i, err := c.own("cant_update_message")
	if err != nil {
		return nil, err
	}
	m, err := c.content()
	if err != nil {
		return nil, err
	}
	if c.args["blocks"] == nil || c.args["blocks"] == "" {
		m["blocks"] = []any{}
	}
	m = c.s.change(ch, i, m, botUser)
	return object{"channel": ch.ID, "ts": m.str("ts"), "text": m.str("text"), "message": m}, nil
}

func (c *call) chatDelete() (object, error) {
	ch, i, err := c.own("cant_delete_message")
	if err != nil {
		return nil, err
	}
	ts := ch.Messages[i].str("ts")
	c.s.erase(ch, i)
	return object{"channel": ch.ID, "ts": ts}, nil
}

func (c *call) chatEphemeral() (object, error) {
	if err := c.need("chat:write"); err != nil {
		return nil, err
	}
	ch, err := c.place()
	if err != nil {
		return nil, err
	}
	if !ch.has(c.str("user")) {
		return nil, refuse("user_not_in_channel")
	}
	m, err := c.content()
	if err != nil {
		return nil, err
	}
	ts := c.s.whisper(ch.ID, c.str("user"), c.str("thread_ts"), m)
	return object{"message_ts": ts}, nil
}

// whisper keeps an ephemeral message.
func (s *Server) whisper(channel, user, thread string, m object) string {
	ts := s.world.stamp(s.cfg.Now())
	e := object{"user": user, "channel": channel, "text": m.str("text"), "blocks": m["blocks"], "ts": ts}
	if thread != "" {
		e["thread_ts"] = thread
	}
	s.world.Ephemerals = append(s.world.Ephemerals, e)
	return ts
}

func (c *call) chatPermalink() (object, error) {
	ch := c.s.world.channel(c.str("channel"))
	if ch == nil || !ch.has(botUser) {
		return nil, refuse("channel_not_found")
	}
	ts := c.str("message_ts")
	i := ch.find(ts)
	if i < 0 {
		return nil, refuse("message_not_found")
	}
	link := "https://" + domain + ".slack.com/archives/" + ch.ID + "/p" + strings.ReplaceAll(ts, ".", "")
	if thread := ch.Messages[i].str("thread_ts"); thread != "" && thread != ts {
		link += "?thread_ts=" + thread + "&cid=" + ch.ID
	}
	return object{"channel": ch.ID, "permalink": link}, nil
}

// change edits a message and announces it.
func (s *Server) change(ch *channel, i int, content object, by string) object {
	before := ch.Messages[i]
	ts := s.world.stamp(s.cfg.Now())
	after := before.with(content).with(object{"edited": object{"user": by, "ts": ts}})
	if list, ok := after["blocks"].([]any); ok && len(list) == 0 {
		delete(after, "blocks")
	}
	ch.Messages[i] = after
	s.announceChange(ch, before, after, ts)
	return after
}

// erase deletes a message. A parent with replies leaves a tombstone.
func (s *Server) erase(ch *channel, i int) {
	before := ch.Messages[i]
	ts := s.world.stamp(s.cfg.Now())
	if before["reply_count"] != nil {
		stone := maps.Clone(before)
		for _, k := range []string{"blocks", "files", "metadata", "edited", "client_msg_id", "bot_id", "app_id", "bot_profile", "team", "reactions"} {
			delete(stone, k)
		}
		maps.Copy(stone, object{"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": true})
		ch.Messages[i] = stone
		s.announceChange(ch, before, stone, ts)
		return
	}
	ch.Messages = slices.Delete(ch.Messages, i, i+1)
	ch.count(before.str("thread_ts"))
	s.announce(ch, object{"type": "message", "subtype": "message_deleted", "hidden": true, "ts": ts,
		"deleted_ts": before.str("ts"), "previous_message": before})
}
