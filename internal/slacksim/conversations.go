package slacksim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// shape is a channel as conversations.info shows it to the app.
func (c *channel) shape() object {
	if c.With != "" {
		return object{"id": c.ID, "created": c.Created, "is_archived": false, "is_im": true, "is_org_shared": false,
			"user": c.With, "is_user_deleted": false, "context_team_id": teamID}
	}
	return object{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "is_channel": !c.Private, "is_group": c.Private, "is_im": false,
		"is_mpim": false, "is_private": c.Private, "created": c.Created, "is_archived": c.Archived, "is_general": c.ID == "C0GENERAL",
		"is_shared": c.Shared, "is_org_shared": false, "is_ext_shared": c.Shared, "is_pending_ext_shared": false,
		"is_member": c.has(botUser), "context_team_id": teamID, "shared_team_ids": []string{teamID}, "creator": "U0ALEX",
		"num_members": len(c.Members),
	}
}

// visible finds the channel and checks the scope that belongs to its family. Missing and hidden look alike.
func (c *call) visible(right string) (*channel, error) {
	ch := c.s.world.channel(c.str("channel"))
	if ch == nil {
		if err := c.need("channels:"+right, "groups:"+right, "im:"+right); err != nil {
			return nil, err
		}
		return nil, refuse("channel_not_found")
	}
	if err := c.need(ch.family() + ":" + right); err != nil {
		return nil, err
	}
	if ch.kind() != "channel" && !ch.has(botUser) {
		return nil, refuse("channel_not_found")
	}
	return ch, nil
}

func (c *call) conversationsInfo() (object, error) {
	ch, err := c.visible("read")
	if err != nil {
		return nil, err
	}
	shape := ch.shape()
	if !c.flag("include_num_members") {
		delete(shape, "num_members")
	}
	return object{"channel": shape}, nil
}

func (c *call) conversationsMembers() (object, error) {
	ch, err := c.visible("read")
	if err != nil {
		return nil, err
	}
	members, next := cut(c, ch.Members, 100)
	return object{"members": members, "response_metadata": object{"next_cursor": next}}, nil
}

// cut is one page of a list by cursor and limit.
func cut[T any](c *call, list []T, otherwise int) ([]T, string) {
	from := min(c.number("cursor", 0), len(list))
	to := min(from+c.number("limit", otherwise), len(list))
	if to == len(list) {
		return append([]T{}, list[from:]...), ""
	}
	return list[from:to], strconv.Itoa(to)
}

// channels lists what pleases and the asked types allow, with their scopes.
func (c *call) channels(pleases func(*channel) bool) (object, error) {
	types := c.str("types")
	if types == "" {
		types = "public_channel"
	}
	families := map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
	var allowed []string
	for _, t := range strings.Split(types, ",") {
		family, ok := families[strings.TrimSpace(t)]
		if !ok {
			return nil, refuse("invalid_types")
		}
		if err := c.need(family + ":read"); err != nil {
			return nil, err
		}
		allowed = append(allowed, family)
	}
	found := []object{}
	for _, ch := range c.s.world.Channels {
		hidden := ch.kind() != "channel" && !ch.has(botUser)
		if hidden || !slices.Contains(allowed, ch.family()) || c.flag("exclude_archived") && ch.Archived || !pleases(ch) {
			continue
		}
		found = append(found, ch.shape())
	}
	found, next := cut(c, found, 100)
	return object{"channels": found, "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) conversationsList() (object, error) {
	return c.channels(func(*channel) bool { return true })
}

func (c *call) usersConversations() (object, error) {
	who := c.str("user")
	if who == "" {
		who = botUser
	}
	return c.channels(func(ch *channel) bool { return ch.has(who) })
}

func (c *call) readable() (*channel, error) {
	ch, err := c.visible("history")
	if err != nil {
		return nil, err
	}
	if !ch.has(botUser) {
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}

// within tells whether a ts lies between oldest and latest; both are left out unless inclusive.
func (c *call) within(ts string) bool {
	at, oldest, latest := micros(ts), micros(c.str("oldest")), micros(c.str("latest"))
	if c.flag("inclusive") {
		return at >= oldest && (latest == 0 || at <= latest)
	}
	return at > oldest && (latest == 0 || at < latest)
}

// micros reads a ts, or a time in seconds, as microseconds; 0 for nothing.
func micros(ts string) int64 {
	whole, part, _ := strings.Cut(ts, ".")
	n, _ := strconv.ParseInt(whole+(part + "000000")[:6], 10, 64)
	return n
}

// show hides metadata that was not asked for.
func (c *call) show(m object) object {
	if c.flag("include_all_metadata") || m["metadata"] == nil {
		return m
	}
	m = maps.Clone(m)
	delete(m, "metadata")
	return m
}

func (c *call) conversationsHistory() (object, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	found := []object{}
	for _, m := range slices.Backward(ch.Messages) {
		thread := m.str("thread_ts")
		reply := thread != "" && thread != m.str("ts") && m.str("subtype") != "thread_broadcast"
		if !reply && c.within(m.str("ts")) {
			found = append(found, c.show(m))
		}
	}
	found, next := cut(c, found, 100)
	return object{"messages": found, "has_more": next != "", "pin_count": 0, "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) conversationsReplies() (object, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	i := ch.find(c.str("ts"))
	if i < 0 {
		return nil, refuse("thread_not_found")
	}
	root := ch.Messages[i].str("ts")
	if thread := ch.Messages[i].str("thread_ts"); thread != "" {
		root = thread
	}
	found := []object{}
	for _, m := range ch.Messages {
		if m.str("ts") == root || m.str("thread_ts") == root && c.within(m.str("ts")) {
			found = append(found, c.show(m))
		}
	}
	found, next := cut(c, found, 1000)
	return object{"messages": found, "has_more": next != "", "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) conversationsOpen() (object, error) {
	if err := c.need("im:write"); err != nil {
		return nil, err
	}
	u := c.s.world.user(c.str("users"))
	switch {
	case u == nil || u.Team != teamID:
		return nil, refuse("user_not_found")
	case u.Bot:
		return nil, refuse("cannot_dm_bot")
	case u.Deleted:
		return nil, refuse("user_disabled")
	}
	known := c.s.world.channel("D"+u.ID[1:]) != nil
	ch := c.s.world.direct(u.ID)
	out := object{"channel": object{"id": ch.ID}, "no_op": known, "already_open": known}
	if c.flag("return_im") {
		out["channel"] = ch.shape()
	}
	return out, nil
}
