package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	m["blocks"] = typed(m.str("text"))
	return nil
}

// typed is text as Slack's own composer sends it.
func typed(text string) []any {
	section := map[string]any{"type": "rich_text_section", "elements": []any{map[string]any{"type": "text", "text": text}}}
	return []any{map[string]any{"type": "rich_text", "block_id": "b0", "elements": []any{section}}}
}

func (c control) edit() (object, error) {
	ch, i, err := c.message()
	if err != nil {
		return nil, err
	}
	text := c.in.str("text")
	content := object{"text": text, "blocks": typed(text)}
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
