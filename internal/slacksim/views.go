package slacksim

import (
	"encoding/json"
	"time"
)

const (
	maxView       = 250_000 // bytes
	maxViewBlocks = 100
	triggerLife   = 3 * time.Second
)

// trigger lets an app open one modal for a person.
type trigger struct {
	user string
	made time.Time
	used bool
}

func (s *Server) newTrigger(user string) string {
	id := s.world.id("1111.2222.")
	s.triggers[id] = trigger{user: user, made: s.cfg.Now()}
	return id
}

// view checks the argument and dresses it as Slack does.
func (c *call) view(id, kind string) (object, error) {
	v, ok := c.value("view")
	m, isObject := v.(map[string]any)
	if !ok || !isObject {
		return nil, refuse("invalid_arguments")
	}
	given := object(m)
	if given.str("type") != kind {
		return nil, invalid("unsupported view type")
	}
	if b, err := json.Marshal(given); err != nil || len(b) > maxView {
		return nil, refuse("view_too_large")
	}
	if kind == "modal" && given.object("title").str("text") == "" {
		return nil, invalid("missing required field: title [json-pointer:/view]")
	}
	blocks, _ := given["blocks"].([]any)
	if problem := blockProblem(blocks, maxViewBlocks); problem != "" {
		return nil, invalid(problem)
	}
	return object{
		"team_id": teamID, "type": kind, "private_metadata": "", "callback_id": "", "title": nil, "close": nil, "submit": nil,
		"clear_on_close": false, "notify_on_close": false, "previous_view_id": nil, "external_id": "",
	}.with(given).with(object{
		"id": id, "root_view_id": id, "blocks": number(blocks), "state": map[string]any{"values": map[string]any{}}, "app_id": appID,
		"app_installed_team_id": teamID, "bot_id": botID, "hash": c.s.world.stamp(c.s.cfg.Now()) + ".sim",
	}), nil
}

func invalid(problem string) error {
	return refusal{"invalid_arguments", object{"response_metadata": object{"messages": []string{"[ERROR] " + problem}}}}
}

// pull uses a trigger up.
func (c *call) pull() (string, error) {
	id := c.str("trigger_id")
	t, ok := c.s.triggers[id]
	switch {
	case !ok:
		return "", refuse("invalid_trigger")
	case t.used:
		return "", refuse("trigger_exchanged")
	case c.s.cfg.Now().Sub(t.made) > triggerLife:
		return "", refuse("trigger_expired")
	}
	t.used = true
	c.s.triggers[id] = t
	return t.user, nil
}

func (c *call) viewsOpen() (object, error) { return c.stack(nil) }

func (c *call) viewsPush() (object, error) {
	t := c.s.triggers[c.str("trigger_id")]
	for _, m := range c.s.world.Modals {
		if m.User == t.user {
			return c.stack(m.View)
		}
	}
	return nil, refuse("invalid_trigger")
}

// stack opens a modal, on top of another one if there is one below.
func (c *call) stack(below object) (object, error) {
	user, err := c.pull()
	if err != nil {
		return nil, err
	}
	v, err := c.view(c.s.world.id("V"), "modal")
	if err != nil {
		return nil, err
	}
	if below != nil {
		v["previous_view_id"], v["root_view_id"] = below["id"], below["root_view_id"]
	}
	c.s.world.Modals = append(c.s.world.Modals, &modal{User: user, View: v})
	return object{"view": v}, nil
}

func (c *call) viewsUpdate() (object, error) {
	var m *modal
	for _, x := range c.s.world.Modals {
		if id := x.View.str("id"); id == c.str("view_id") || c.str("external_id") != "" && x.View.str("external_id") == c.str("external_id") {
			m = x
		}
	}
	if m == nil {
		return nil, refuse("not_found")
	}
	if hash := c.str("hash"); hash != "" && hash != m.View.str("hash") {
		return nil, refuse("hash_conflict")
	}
	v, err := c.view(m.View.str("id"), "modal")
	if err != nil {
		return nil, err
	}
	v["root_view_id"], v["previous_view_id"] = m.View["root_view_id"], m.View["previous_view_id"]
	m.View = v
	return object{"view": v}, nil
}

func (c *call) viewsPublish() (object, error) {
	u := c.s.world.user(c.str("user_id"))
	if u == nil || u.Bot {
		return nil, invalid("invalid user_id")
	}
	id := c.s.world.Homes[u.ID].str("id")
	if hash := c.str("hash"); hash != "" && hash != c.s.world.Homes[u.ID].str("hash") {
		return nil, refuse("hash_conflict")
	}
	if id == "" {
		id = c.s.world.id("V")
	}
	v, err := c.view(id, "home")
	if err != nil {
		return nil, err
	}
	c.s.world.Homes[u.ID] = v
	return object{"view": v}, nil
}
