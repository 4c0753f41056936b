package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// control is one control at work: its argument and the address the simulator was reached at.
type control struct {
	s    *Server
	in   object
	base string
}

func controls() map[string]func(control) (object, error) {
	return map[string]func(control) (object, error){
		"post": control.post, "edit": control.edit, "delete": control.remove, "react": control.react, "click": control.click,
		"shortcut": control.shortcut, "close": control.shut, "home": control.home,
		"invite": control.invite, "kick": control.kick, "archive": control.archive, "unarchive": control.unarchive,
		"rename": control.rename, "convert": control.convert, "remove": control.removeChannel, "share": control.share,
		"uninstall": control.uninstall, "outage": control.outage, "fault": control.fault, "event": control.event, "reset": control.reset,
	}
}

// waiting controls wait for the app, so they take the lock themselves.
func waiting() map[string]func(control) (object, error) {
	return map[string]func(control) (object, error){
		"submit": control.submit, "command": control.command, "reinstall": control.reinstall,
	}
}

func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	in := object{}
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &in)
	}
	out := object{}
	if err == nil {
		out, err = s.control(r.PathValue("control"), control{s: s, in: in, base: "http://" + r.Host})
	}
	if err != nil {
		s.answer(w, http.StatusBadRequest, object{"ok": false, "error": err.Error()})
		return
	}
	s.answer(w, http.StatusOK, object{"ok": true}.with(out))
}

func (s *Server) control(name string, c control) (object, error) {
	if do, ok := waiting()[name]; ok {
		return do(c)
	}
	do, ok := controls()[name]
	if !ok {
		return nil, fmt.Errorf("unknown control %s", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rev++
	return do(c)
}

func (c control) number(key string) int {
	n, _ := c.in[key].(float64)
	return int(n)
}

func (c control) channel() (*channel, error) {
	if ch := c.s.world.channel(c.in.str("channel")); ch != nil {
		return ch, nil
	}
	return nil, errors.New("channel_not_found")
}

// message finds {channel, ts}.
func (c control) message() (*channel, int, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, 0, err
	}
	ts := c.in.str("ts")
	if ts == "" {
		ts = c.in.str("message_ts")
	}
	i := ch.find(ts)
	if i < 0 {
		return nil, 0, errors.New("message_not_found")
	}
	return ch, i, nil
}

func (c control) post() (object, error) {
	w := c.s.world
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if ch.Archived {
		return nil, errors.New("is_archived")
	}
	ts := w.stamp(c.s.cfg.Now())
	m := object{"type": "message", "ts": ts, "text": c.in.str("text"), "team": teamID}
	if subtype := c.in.str("subtype"); subtype != "" {
		m["subtype"] = subtype
	}
	if thread := c.in.str("thread_ts"); thread != "" {
		m["thread_ts"] = thread
	}
	c.attach(m)
	if err := c.sign(ch, m); err != nil {
		return nil, err
	}
	c.s.announce(ch, ch.add(m))
	return object{"ts": ts, "channel": ch.ID}, nil
}

// attach adds files by count, which makes the message a file_share.
func (c control) attach(m object) {
	files := []any{}
	for i := range c.number("files") {
		files = append(files, map[string]any{"id": c.s.world.id("F"), "name": fmt.Sprintf("file-%d.png", i+1), "title": fmt.Sprintf("file-%d.png", i+1),
			"mimetype": "image/png", "filetype": "png", "mode": "hosted", "size": 1024, "url_private": fmt.Sprintf("https://files.slack.com/files-pri/%s-%d", teamID, i+1)})
	}
	if len(files) == 0 {
		return
	}
	m["files"] = files
	if m.str("subtype") == "" {
		m["subtype"] = "file_share"
	}
}

// sign says who wrote the message: a person, a person of another workspace, or another bot.
func (c control) sign(ch *channel, m object) error {
	if bot := c.in.str("bot"); bot != "" {
		m["bot_id"], m["subtype"], m["username"] = "B0OTHER", "bot_message", bot
		return nil
	}
	id, team := c.in.str("user"), c.in.str("user_team")
	u := c.s.world.user(id)
	switch {
	case u == nil && team != "":
		c.s.world.Users = append(c.s.world.Users, &user{ID: id, Name: strings.ToLower(id), RealName: id, Team: team})
		ch.Shared = true
	case u == nil:
		return errors.New("user_not_found")
	}
	if team != "" {
		m["team"], m["user_team"], m["source_team"] = team, team, team
	}
	m["user"] = id
	if team == "" && !ch.has(id) && id != "USLACKBOT" {
		return errors.New("not_in_channel")
	}
	m["client_msg_id"] = c.s.world.id("m")
	m["blocks"] = []any{map[string]any{"type": "rich_text", "block_id": "b0", "elements": []any{map[string]any{"type": "rich_text_section",
		"elements": []any{map[string]any{"type": "text", "text": m.str("text")}}}}}}
	return nil
}

func (c control) edit() (object, error) {
	ch, i, err := c.message()
	if err != nil {
		return nil, err
	}
	text := c.in.str("text")
	content := object{"text": text, "blocks": []any{map[string]any{"type": "rich_text", "block_id": "b0", "elements": []any{map[string]any{
		"type": "rich_text_section", "elements": []any{map[string]any{"type": "text", "text": text}}}}}}}
	c.s.change(ch, i, content, ch.Messages[i].str("user"))
	return object{}, nil
}

func (c control) remove() (object, error) {
	ch, i, err := c.message()
	if err != nil {
		return nil, err
	}
	c.s.erase(ch, i)
	return object{}, nil
}

func (c control) react() (object, error) {
	ch, i, err := c.message()
	if err != nil {
		return nil, err
	}
	if !c.s.react(ch, i, c.in.str("user"), c.in.str("name"), true) {
		c.s.react(ch, i, c.in.str("user"), c.in.str("name"), false)
	}
	return object{}, nil
}

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

func (c control) uninstall() (object, error) {
	if !c.s.world.App.Installed {
		return nil, errors.New("app_not_installed")
	}
	c.s.uninstall()
	return object{}, nil
}

// reinstall is a browser that presses the app's install link and Allow.
func (c control) reinstall() (object, error) {
	c.s.mu.Lock()
	redirects := c.s.manifest.OAuth.RedirectURLs
	c.s.mu.Unlock()
	start, user := c.in.str("url"), c.in.str("user")
	if start == "" && len(redirects) > 0 {
		if u, err := url.Parse(redirects[0]); err == nil {
			start = u.ResolveReference(&url.URL{Path: "/slack/install"}).String()
		}
	}
	if user == "" {
		user = "U0ALEX"
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Path == "/oauth/v2/authorize" {
			q := r.URL.Query()
			q.Set("sim_user", user)
			q.Set("sim_allow", "1")
			r.URL.RawQuery = q.Encode()
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}
	res, err := browser.Get(start)
	if err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // it was not read
	if res.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("install: the app answered %d", res.StatusCode)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if !c.s.world.App.Installed {
		return nil, errors.New("install: the app did not finish")
	}
	return object{"status": res.StatusCode}, nil
}

func (c control) outage() (object, error) {
	seconds, _ := c.in["seconds"].(float64)
	c.s.darkTill = c.s.cfg.Now().Add(time.Duration(seconds * float64(time.Second)))
	return object{}, nil
}

func (c control) fault() (object, error) {
	b, err := json.Marshal(c.in)
	if err != nil {
		return nil, err
	}
	f := &fault{Times: 1}
	if err := json.Unmarshal(b, f); err != nil || f.Method == "" {
		return nil, errors.Join(err, errors.New("method and times are needed"))
	}
	c.s.faults = append(c.s.faults, f)
	return object{}, nil
}

func (c control) event() (object, error) {
	envelope := c.in.object("envelope")
	if inner := c.in.object("event"); inner != nil {
		envelope = c.s.envelope(inner, false)
	}
	if envelope == nil {
		return nil, errors.New("event or envelope is needed")
	}
	c.s.send(envelope, max(1, c.number("repeat")))
	return object{"event_id": envelope["event_id"]}, nil
}

func (c control) reset() (object, error) {
	dead, last := c.s.world.App.Dead, c.s.world.LastTS
	if c.s.world.App.Token != "" {
		dead[c.s.world.App.Token] = "account_inactive"
	}
	c.s.world = seed()
	c.s.world.App.Dead, c.s.world.LastTS = dead, last
	c.s.forget()
	return object{}, nil
}

func (s *Server) serveState(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since, err := strconv.Atoi(r.URL.Query().Get("since")); err == nil && since == s.rev {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	b, err := json.Marshal(s.state())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(b) //nolint:errcheck // the client went away
}

// state is the world as tests and the page read it.
func (s *Server) state() object {
	users, channels, dms, modals := []object{}, []object{}, []object{}, []object{}
	for _, u := range s.world.Users {
		users = append(users, object{"id": u.ID, "name": u.RealName, "is_bot": u.Bot, "is_admin": u.Admin, "tz": u.Zone, "team": u.Team, "deleted": u.Deleted})
	}
	for _, ch := range s.world.Channels {
		messages := append([]object{}, ch.Messages...)
		if ch.With != "" {
			dms = append(dms, object{"id": ch.ID, "user": ch.With, "messages": messages})
			continue
		}
		channels = append(channels, object{"id": ch.ID, "name": ch.Name, "is_private": ch.Private, "is_archived": ch.Archived,
			"members": append([]string{}, ch.Members...), "messages": messages})
	}
	for _, m := range s.world.Modals {
		modals = append(modals, object{"view_id": m.View["id"], "user": m.User, "view": m.View})
	}
	return object{"rev": s.rev, "team": object{"id": teamID, "name": teamName}, "users": users, "channels": channels, "dms": dms,
		"ephemerals": append([]object{}, s.world.Ephemerals...), "homes": s.world.Homes, "modals": modals,
		"app": object{"installed": s.world.App.Installed, "user": botUser, "name": s.manifest.name(), "shortcuts": s.manifest.Features.Shortcuts,
			"commands": s.manifest.Features.Commands, "scopes": s.world.App.Scopes}}
}
