package slacksim

import (
	"errors"
	"net/url"
	"slices"
)

func (c control) click() (object, error) {
	payload, blocks, err := c.s.clicked(c.in, c.base)
	if err != nil {
		return nil, err
	}
	block, e := element(blocks, c.in.str("action_id"))
	if e == nil {
		return nil, errors.New("action_not_found")
	}
	if value, given := c.in["value"]; given && value != nil && e["options"] != nil && e.str("type") != "checkboxes" && option(e, value) == nil {
		return nil, errors.New("option_not_found")
	}
	a := action(block, e, c.in["value"], c.s.world.stamp(c.s.cfg.Now()))
	payload["actions"] = []object{a}
	payload["state"] = object{"values": object{}}
	return object{}, c.s.interact(payload)
}

func (c control) shortcut() (object, error) {
	ch, i, err := c.message()
	if err != nil {
		return nil, err
	}
	m := ch.Messages[i]
	user := c.in.str("user")
	return object{}, c.s.interact(c.s.interaction("message_action", user).with(object{
		"callback_id": c.in["callback_id"], "message_ts": m["ts"], "message": m, "channel": object{"id": ch.ID, "name": ch.label()},
		"action_ts":    c.s.world.stamp(c.s.cfg.Now()),
		"response_url": c.s.responseURL(c.base, origin{ch.ID, m.str("ts"), m.str("thread_ts"), user}),
	}))
}

func (c control) home() (object, error) {
	u := c.s.world.user(c.in.str("user"))
	if u == nil {
		return nil, errors.New("user_not_found")
	}
	tab := c.in.str("tab")
	if tab == "" {
		tab = "home"
	}
	event := object{"type": "app_home_opened", "user": u.ID, "channel": c.s.world.direct(u.ID).ID, "tab": tab}
	if v := c.s.world.Homes[u.ID]; v != nil && tab == "home" {
		event["view"] = v
	}
	c.s.publish("app_home_opened", nil, event)
	return object{}, nil
}

// submit fills the modal, posts it, and does what the app answers.
func (c control) submit() (object, error) {
	c.s.mu.Lock()
	m := c.s.world.modal(c.in.str("view_id"))
	if m == nil || m.User != c.in.str("user") {
		c.s.mu.Unlock()
		return nil, errors.New("view_not_found")
	}
	state, missing := fill(m.View, c.in.object("values"))
	if len(missing) > 0 {
		c.s.mu.Unlock()
		return object{"response_action": "errors", "errors": missing}, nil
	}
	m.View = m.View.with(object{"state": map[string]any{"values": state}})
	payload := c.s.interaction("view_submission", m.User).with(object{"view": m.View, "response_urls": []any{}})
	address := c.s.manifest.Settings.Interactivity.RequestURL
	body, err := form(payload)
	c.s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	answer, err := c.s.ask(address, body)
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.rev++
	if err := c.s.submitted(m, answer); err != nil {
		return nil, err
	}
	out := object{}
	for _, k := range []string{"response_action", "errors"} {
		if answer[k] != nil {
			out[k] = answer[k]
		}
	}
	return out, nil
}

// shut closes a modal; the app hears of it where the view asks for that.
func (c control) shut() (object, error) {
	m := c.s.world.modal(c.in.str("view_id"))
	if m == nil || m.User != c.in.str("user") {
		return nil, errors.New("view_not_found")
	}
	c.s.world.Modals = slices.DeleteFunc(c.s.world.Modals, func(x *modal) bool { return x == m })
	if notify, _ := m.View["notify_on_close"].(bool); !notify {
		return object{}, nil
	}
	return object{}, c.s.interact(c.s.interaction("view_closed", m.User).with(object{"view": m.View, "is_cleared": false}))
}

func (c control) command() (object, error) {
	c.s.mu.Lock()
	ch, err := c.channel()
	address := c.s.manifest.commandURL(c.in.str("command"))
	if err != nil || address == "" || !c.s.world.App.Installed {
		c.s.mu.Unlock()
		return nil, errors.Join(err, errors.New("unknown_command"))
	}
	o := origin{ch.ID, "", "", c.in.str("user")}
	body := url.Values{
		"token": {"deprecated-verification-token"}, "team_id": {teamID}, "team_domain": {domain}, "channel_id": {ch.ID},
		"channel_name": {ch.label()}, "user_id": {o.user}, "user_name": {c.s.who(o.user).str("name")}, "command": {c.in.str("command")},
		"text": {c.in.str("text")}, "api_app_id": {appID}, "is_enterprise_install": {"false"},
		"response_url": {c.s.responseURL(c.base, o)}, "trigger_id": {c.s.newTrigger(o.user)},
	}
	c.s.mu.Unlock()
	answer, err := c.s.ask(address, []byte(body.Encode()))
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.rev++
	c.s.respond(o, answer)
	return object{}, nil
}
