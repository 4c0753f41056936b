package slacksim

import (
	"errors"
	"slices"
)

// member is the person a control is about: the app where none is named.
func (c control) member() (string, error) {
	id := c.in.str("user")
	switch {
	case id == "" && !c.s.world.App.Installed:
		return "", errors.New("app_not_installed")
	case id == "":
		return botUser, nil
	case c.s.world.user(id) == nil:
		return "", errors.New("user_not_found")
	}
	return id, nil
}

func (c control) invite() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	id, err := c.member()
	if err != nil {
		return nil, err
	}
	if ch.has(id) {
		return object{}, nil
	}
	ch.Members = append(ch.Members, id)
	c.s.publish("member_joined_channel", ch, object{"type": "member_joined_channel", "user": id, "channel": ch.ID,
		"channel_type": map[bool]string{true: "G", false: "C"}[ch.Private], "team": teamID, "inviter": "U0ALEX"})
	return object{}, nil
}

func (c control) kick() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	id, err := c.member()
	if err != nil {
		return nil, err
	}
	if !ch.has(id) {
		return nil, errors.New("not_in_channel")
	}
	ch.Members = slices.DeleteFunc(ch.Members, func(m string) bool { return m == id })
	if id == botUser {
		c.s.publish(ch.prefix()+"_left", nil, object{"type": ch.prefix() + "_left", "channel": ch.ID, "actor_id": "U0ALEX"})
		return object{}, nil
	}
	c.s.publish("member_left_channel", ch, object{"type": "member_left_channel", "user": id, "channel": ch.ID,
		"channel_type": map[bool]string{true: "G", false: "C"}[ch.Private], "team": teamID})
	return object{}, nil
}

// prefix begins the names of a channel's events.
func (c *channel) prefix() string {
	if c.Private {
		return "group"
	}
	return "channel"
}

// tell publishes channel_x or group_x.
func (c control) tell(ch *channel, what string, more object) {
	event := ch.prefix() + "_" + what
	c.s.publish(event, ch, object{"type": event, "channel": ch.ID}.with(more))
}

func (c control) archive() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	ch.Archived = true
	c.tell(ch, "archive", object{"user": "U0ALEX", "is_moved": 0})
	return object{}, nil
}

func (c control) unarchive() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	ch.Archived = false
	c.tell(ch, "unarchive", object{"user": "U0ALEX"})
	return object{}, nil
}

func (c control) rename() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if c.in.str("name") == "" {
		return nil, errors.New("invalid_name")
	}
	ch.Name = c.in.str("name")
	c.tell(ch, "rename", object{"channel": object{"id": ch.ID, "name": ch.Name, "is_channel": !ch.Private, "is_mpim": false,
		"name_normalized": ch.Name, "created": ch.Created}})
	return object{}, nil
}

func (c control) convert() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	ch.Private, _ = c.in["private"].(bool)
	return object{}, nil
}

func (c control) removeChannel() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	c.tell(ch, "deleted", object{"actor_id": "U0ALEX"})
	c.s.world.Channels = slices.DeleteFunc(c.s.world.Channels, func(x *channel) bool { return x == ch })
	return object{}, nil
}

func (c control) share() (object, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	ch.Shared, _ = c.in["shared"].(bool)
	event := map[bool]string{true: "channel_shared", false: "channel_unshared"}[ch.Shared]
	c.s.publish(event, ch, object{"type": event, "channel": ch.ID, "connected_team_id": "T0OTHER", "previously_connected_team_id": "T0OTHER", "is_ext_shared": ch.Shared})
	return object{}, nil
}
