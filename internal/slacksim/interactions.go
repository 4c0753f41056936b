package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// origin is the message a response_url answers to.
type origin struct{ channel, ts, thread, user string }

// errNoAnswer is what a person sees when the app does not answer in time.
var errNoAnswer = errors.New("the app did not answer")

func (s *Server) who(user string) object {
	name := user
	if u := s.world.user(user); u != nil {
		name = u.Name
	}
	return object{"id": user, "username": name, "name": name, "team_id": teamID}
}

// interaction is what all payloads share.
func (s *Server) interaction(kind, user string) object {
	return object{"type": kind, "user": s.who(user), "api_app_id": appID, "token": "deprecated-verification-token",
		"trigger_id": s.newTrigger(user), "team": object{"id": teamID, "domain": domain}, "enterprise": nil, "is_enterprise_install": false}
}

// responseURL is where the app may answer a press or a command, at the address the person came by.
func (s *Server) responseURL(base string, o origin) string {
	id := s.world.id("R")
	s.replies[id] = o
	return base + "/response/" + id
}

// form encodes a payload as Slack posts it.
func form(payload object) ([]byte, error) {
	b, err := json.Marshal(payload)
	return []byte(url.Values{"payload": {string(b)}}.Encode()), err
}

// interact posts a payload in the background: Slack never repeats one. The lock is held.
func (s *Server) interact(payload object) error {
	body, err := form(payload)
	if err != nil {
		return err
	}
	address := s.manifest.Settings.Interactivity.RequestURL
	s.background(func() {
		got, err := s.push(address, "application/x-www-form-urlencoded", body, nil)
		if err != nil || got.status >= http.StatusMultipleChoices {
			s.cfg.Log.Warn("interaction refused", "type", payload.str("type"), "err", err)
		}
	})
	return nil
}

// ask posts a body and gives the app's answer. The lock must not be held.
func (s *Server) ask(address string, body []byte) (object, error) {
	got, err := s.push(address, "application/x-www-form-urlencoded", body, nil)
	if err != nil || got.status != http.StatusOK {
		return nil, errNoAnswer
	}
	var out object
	if len(got.body) > 0 && json.Unmarshal(got.body, &out) != nil {
		out = object{"text": string(got.body)}
	}
	return out, nil
}

// clicked is the message or view that was pressed, and what its payload says of it.
func (s *Server) clicked(in object, base string) (payload object, blocks []object, err error) {
	user := in.str("user")
	payload = s.interaction("block_actions", user)
	if ts := in.str("message_ts"); ts != "" {
		return s.clickedMessage(payload, in.str("channel"), ts, user, base)
	}
	view := s.world.Homes[user]
	if m := s.world.modal(in.str("view_id")); m != nil && m.User == user {
		view = m.View
	}
	if view == nil {
		return nil, nil, errors.New("view_not_found")
	}
	return payload.with(object{"view": view, "container": object{"type": "view", "view_id": view["id"]}}), view.objects("blocks"), nil
}

func (s *Server) clickedMessage(payload object, channelID, ts, user, base string) (object, []object, error) {
	ch := s.world.channel(channelID)
	if ch == nil {
		return nil, nil, errors.New("channel_not_found")
	}
	var m object
	ephemeral := false
	if i := ch.find(ts); i >= 0 {
		m = ch.Messages[i]
	} else if i := s.whisperAt(ts, user); i >= 0 {
		m, ephemeral = s.world.Ephemerals[i], true
	} else {
		return nil, nil, errors.New("message_not_found")
	}
	container := object{"type": "message", "message_ts": ts, "channel_id": ch.ID, "is_ephemeral": ephemeral}
	if thread := m.str("thread_ts"); thread != "" {
		container["thread_ts"] = thread
	}
	more := object{"container": container, "channel": object{"id": ch.ID, "name": ch.label()},
		"response_url": s.responseURL(base, origin{ch.ID, ts, m.str("thread_ts"), user})}
	if !ephemeral {
		more["message"] = m
	}
	return payload.with(more), m.objects("blocks"), nil
}

// label is the channel name in payloads; Slack hides those of private conversations.
func (c *channel) label() string {
	return map[string]string{"im": "directmessage", "group": "privategroup", "channel": c.Name}[c.kind()]
}

func (s *Server) whisperAt(ts, user string) int {
	return slices.IndexFunc(s.world.Ephemerals, func(e object) bool { return e.str("ts") == ts && e.str("user") == user })
}

// action is one entry of actions: the element with what the person chose.
func action(block, e object, value any, ts string) object {
	a := object{"action_id": e["action_id"], "block_id": block["block_id"], "type": e["type"], "action_ts": ts}
	if e.str("type") == "button" {
		a["text"] = e["text"]
		if e["value"] != nil {
			a["value"] = e["value"]
		}
		return a
	}
	return a.with(choice(e, value))
}

// choice is an element's state in Slack's shape. Nil: nothing chosen.
func choice(e object, value any) object {
	kind := e.str("type")
	switch kind {
	case "static_select", "radio_buttons", "overflow":
		return object{"type": kind, "selected_option": option(e, value)}
	case "checkboxes", "multi_static_select":
		list, _ := value.([]any)
		chosen := []any{}
		for _, v := range list {
			chosen = append(chosen, option(e, v))
		}
		return object{"type": kind, "selected_options": chosen}
	case "users_select":
		return object{"type": kind, "selected_user": value}
	case "conversations_select":
		return object{"type": kind, "selected_conversation": value}
	case "channels_select":
		return object{"type": kind, "selected_channel": value}
	case "multi_users_select":
		return object{"type": kind, "selected_users": value}
	case "datepicker":
		return object{"type": kind, "selected_date": value}
	case "timepicker":
		return object{"type": kind, "selected_time": value}
	}
	return object{"type": kind, "value": value}
}

// option is the option with the value, or nil.
func option(e object, value any) any {
	options := e.objects("options")
	for _, g := range e.objects("option_groups") {
		options = append(options, g.objects("options")...)
	}
	for _, o := range options {
		if o["value"] == value {
			return o
		}
	}
	return nil
}

// initial is what an element holds before a person touches it.
func initial(e object) any {
	if o := e.object("initial_option"); o != nil {
		return o["value"]
	}
	if list := e.objects("initial_options"); list != nil {
		values := []any{}
		for _, o := range list {
			values = append(values, o["value"])
		}
		return values
	}
	for _, k := range []string{"initial_value", "initial_user", "initial_users", "initial_conversation", "initial_channel", "initial_date", "initial_time"} {
		if e[k] != nil {
			return e[k]
		}
	}
	return nil
}

// fill computes view.state.values and, as Slack's client does, what is missing.
func fill(view, values object) (state, missing map[string]any) {
	state, missing = map[string]any{}, map[string]any{}
	for _, b := range view.objects("blocks") {
		elements := append(b.objects("elements"), b.object("accessory"), b.object("element"))
		for _, e := range elements {
			if e == nil || e.str("action_id") == "" || e.str("type") == "button" || e.str("type") == "overflow" {
				continue
			}
			block, id := b.str("block_id"), e.str("action_id")
			v, ok := values[id]
			if nested := values.object(block); nested != nil {
				v, ok = nested[id]
			}
			if !ok {
				v = initial(e)
			}
			if v == "" {
				v = nil
			}
			held, _ := state[block].(map[string]any)
			if held == nil {
				held = map[string]any{}
			}
			held[id] = map[string]any(choice(e, v))
			state[block] = held
			if optional, _ := b["optional"].(bool); v == nil && b.str("type") == "input" && !optional {
				missing[block] = "Please complete this required field."
			}
		}
	}
	return state, missing
}

// submitted does what the app answered to a submission.
func (s *Server) submitted(m *modal, answer object) error {
	c := &call{s: s, args: object{"view": answer["view"]}}
	switch answer.str("response_action") {
	case "errors":
		return nil
	case "update":
		v, err := c.view(m.View.str("id"), "modal")
		if err == nil {
			m.View = v
		}
		return err
	case "push":
		v, err := c.view(s.world.id("V"), "modal")
		if err == nil {
			v["previous_view_id"], v["root_view_id"] = m.View["id"], m.View["root_view_id"]
			s.world.Modals = append(s.world.Modals, &modal{User: m.User, View: v})
		}
		return err
	case "clear":
		s.world.Modals = slices.DeleteFunc(s.world.Modals, func(x *modal) bool { return x.User == m.User })
		return nil
	}
	s.world.Modals = slices.DeleteFunc(s.world.Modals, func(x *modal) bool { return x == m })
	return nil
}

// serveResponse is a response_url.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var in object
	if err != nil || json.Unmarshal(body, &in) != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	s.record("received", body)
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.replies[r.PathValue("id")]
	if !ok || !s.world.App.Installed {
		http.Error(w, "expired_url", http.StatusNotFound)
		return
	}
	s.rev++
	s.respond(o, in)
	io.WriteString(w, "ok") //nolint:errcheck // the client went away
}

// respond replaces, deletes or adds a message in the name of the app.
func (s *Server) respond(o origin, in object) {
	ch := s.world.channel(o.channel)
	if ch == nil {
		return
	}
	content := object{"text": in.str("text")}
	if blocks, ok := in["blocks"].([]any); ok && blockProblem(blocks, maxBlocks) == "" {
		content["blocks"] = number(blocks)
	}
	at, seen := ch.find(o.ts), s.whisperAt(o.ts, o.user)
	replace, _ := in["replace_original"].(bool)
	remove, _ := in["delete_original"].(bool)
	switch {
	case remove && at >= 0:
		s.erase(ch, at)
	case remove && seen >= 0:
		s.world.Ephemerals = slices.Delete(s.world.Ephemerals, seen, seen+1)
	case replace && at >= 0:
		s.change(ch, at, content, botUser)
	case replace && seen >= 0:
		s.world.Ephemerals[seen] = s.world.Ephemerals[seen].with(content)
	case in.str("response_type") == "in_channel":
		s.postAsApp(ch, content, o.thread, false)
	case in.str("text") != "" || content["blocks"] != nil:
		s.whisper(ch.ID, o.user, o.thread, content)
	}
}
