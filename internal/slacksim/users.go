package slacksim

import (
	"slices"
	"time"
)

// shape is a person as users.info shows them.
func (u *user) shape(now time.Time) object {
	o := object{
		"id": u.ID, "team_id": u.Team, "name": u.Name, "deleted": u.Deleted, "real_name": u.RealName,
		"profile":  object{"real_name": u.RealName, "display_name": u.RealName, "team": u.Team},
		"is_admin": u.Admin, "is_owner": u.Admin, "is_primary_owner": u.Admin, "is_restricted": false,
		"is_ultra_restricted": false, "is_bot": u.Bot, "is_app_user": false, "is_stranger": u.Team != teamID, "updated": 1700000000,
	}
	if zone, err := time.LoadLocation(u.Zone); err == nil && u.Zone != "" {
		name, offset := now.In(zone).Zone()
		o["tz"], o["tz_label"], o["tz_offset"] = u.Zone, name, offset
	}
	return o
}

func (c *call) usersInfo() (object, error) {
	if err := c.need("users:read"); err != nil {
		return nil, err
	}
	u := c.s.world.user(c.str("user"))
	if u == nil {
		return nil, refuse("user_not_found")
	}
	return object{"user": u.shape(c.s.cfg.Now())}, nil
}

func (c *call) usersList() (object, error) {
	if err := c.need("users:read"); err != nil {
		return nil, err
	}
	found := []object{}
	for _, u := range c.s.world.Users {
		found = append(found, u.shape(c.s.cfg.Now()))
	}
	found, next := cut(c, found, 1000)
	return object{"members": found, "cache_ts": c.s.cfg.Now().Unix(), "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) botsInfo() (object, error) {
	if err := c.need("users:read"); err != nil {
		return nil, err
	}
	if id := c.str("bot"); id != "" && id != botID {
		return nil, refuse("bot_not_found")
	}
	return object{"bot": object{"id": botID, "deleted": false, "name": c.s.manifest.name(), "updated": 1700000000, "app_id": appID,
		"user_id": botUser, "icons": object{"image_36": "", "image_48": "", "image_72": ""}}}, nil
}

func (c *call) teamInfo() (object, error) {
	if err := c.need("team:read"); err != nil {
		return nil, err
	}
	return object{"team": object{"id": teamID, "name": teamName, "domain": domain, "email_domain": "", "icon": object{"image_default": true}}}, nil
}

func (c *call) usergroupsList() (object, error) {
	if err := c.need("usergroups:read"); err != nil {
		return nil, err
	}
	return object{"usergroups": []object{}}, nil
}

// reacted finds the message a reaction method names.
func (c *call) reacted(scope, channelKey string) (*channel, int, error) {
	if err := c.need(scope); err != nil {
		return nil, 0, err
	}
	ch := c.s.world.channel(c.str(channelKey))
	if ch == nil || ch.Private && !ch.has(botUser) {
		return nil, 0, refuse("channel_not_found")
	}
	i := ch.find(c.str("timestamp"))
	switch {
	case !ch.has(botUser):
		return nil, 0, refuse("not_in_channel")
	case i < 0:
		return nil, 0, refuse("message_not_found")
	}
	return ch, i, nil
}

func (c *call) reactionsAdd() (object, error) {
	ch, i, err := c.reacted("reactions:write", "channel")
	if err != nil {
		return nil, err
	}
	switch {
	case c.str("name") == "":
		return nil, refuse("invalid_name")
	case ch.Archived:
		return nil, refuse("is_archived")
	case !c.s.react(ch, i, botUser, c.str("name"), true):
		return nil, refuse("already_reacted")
	}
	return object{}, nil
}

func (c *call) reactionsRemove() (object, error) {
	ch, i, err := c.reacted("reactions:write", "channel")
	if err != nil {
		return nil, err
	}
	if !c.s.react(ch, i, botUser, c.str("name"), false) {
		return nil, refuse("no_reaction")
	}
	return object{}, nil
}

func (c *call) reactionsGet() (object, error) {
	ch, i, err := c.reacted("reactions:read", "channel")
	if err != nil {
		return nil, err
	}
	return object{"type": "message", "channel": ch.ID, "message": ch.Messages[i]}, nil
}

// react adds or removes one person's reaction, and announces it; false if there is nothing to do.
func (s *Server) react(ch *channel, i int, who, name string, add bool) bool {
	m := ch.Messages[i]
	users := map[string][]string{}
	order := []string{}
	for _, r := range m.objects("reactions") {
		list, _ := r["users"].([]any)
		order = append(order, r.str("name"))
		for _, u := range list {
			users[r.str("name")] = append(users[r.str("name")], u.(string)) // we wrote it
		}
	}
	if slices.Contains(users[name], who) == add {
		return false
	}
	event := "reaction_removed"
	if add {
		event = "reaction_added"
		users[name] = append(users[name], who)
	} else {
		users[name] = slices.DeleteFunc(users[name], func(u string) bool { return u == who })
	}
	if !slices.Contains(order, name) {
		order = append(order, name)
	}
	reactions := []any{}
	for _, n := range order {
		if len(users[n]) == 0 {
			continue
		}
		list := []any{}
		for _, u := range users[n] {
			list = append(list, u)
		}
		reactions = append(reactions, map[string]any{"name": n, "users": list, "count": len(list)})
	}
	ch.Messages[i] = m.with(object{"reactions": reactions})
	s.publish(event, ch, object{"type": event, "user": who, "reaction": name, "item_user": m.str("user"),
		"item": object{"type": "message", "channel": ch.ID, "ts": m.str("ts")}})
	return true
}
