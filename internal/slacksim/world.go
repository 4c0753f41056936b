package slacksim

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	teamID   = "T0ACME"
	teamName = "Acme"
	domain   = "acme"
	appID    = "A0ECHOSYNCH"
	botID    = "B0ECHOSYNCH"
	botUser  = "U0ECHOBOT"
)

// object is a JSON object in Slack's own shape. Stored ones are never changed in place once handed out.
type object map[string]any

func (o object) str(key string) string {
	s, _ := o[key].(string)
	return s
}

// objects is the array of objects under key, whether made here or decoded.
func (o object) objects(key string) []object {
	var out []object
	list, _ := o[key].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (o object) object(key string) object {
	switch v := o[key].(type) {
	case map[string]any:
		return v
	case object:
		return v
	}
	return nil
}

// with is a copy with more in it.
func (o object) with(more object) object {
	c := maps.Clone(o)
	maps.Copy(c, more)
	return c
}

// world is the workspace: all that survives a restart.
type world struct {
	Users      []*user
	Channels   []*channel // direct messages included
	Ephemerals []object
	Homes      map[string]object // the app's Home, by user
	Modals     []*modal
	App        app
	LastTS     int64 // microseconds
	Serial     int
}

type user struct {
	ID, Name, RealName, Zone, Team string
	Admin, Bot, Deleted            bool
}

type channel struct {
	ID, Name                  string
	Private, Archived, Shared bool
	With                      string // the person of a direct message with the app
	Members                   []string
	Messages                  []object // in order of ts, replies included
	Created                   int64
}

type modal struct {
	User string
	View object
}

// app is the installation. Dead tokens map to the error they get from now on.
type app struct {
	Installed bool
	Token     string
	Scopes    []string
	Dead      map[string]string
}

func seed() *world {
	all := []string{"U0ALEX", "U0DANA", "U0RITA", "U0SAM"}
	return &world{
		Users: []*user{
			{ID: "U0ALEX", Name: "alex", RealName: "Alex", Zone: "Europe/Brussels", Admin: true, Team: teamID},
			{ID: "U0DANA", Name: "dana", RealName: "Dana", Zone: "Europe/Brussels", Team: teamID},
			{ID: "U0RITA", Name: "rita", RealName: "Rita", Zone: "Europe/Lisbon", Team: teamID},
			{ID: "U0SAM", Name: "sam", RealName: "Sam", Zone: "America/New_York", Team: teamID},
		},
		Channels: []*channel{
			{ID: "C0GENERAL", Name: "general", Members: slices.Clone(all), Created: 1700000000},
			{ID: "C0ITHELP", Name: "it-help", Members: slices.Clone(all), Created: 1700000000},
			{ID: "C0ITSTAFF", Name: "it-staff", Private: true, Members: []string{"U0ALEX", "U0DANA"}, Created: 1700000000},
		},
		Homes: map[string]object{},
		App:   app{Dead: map[string]string{}},
	}
}

func loadWorld(file string) (*world, error) {
	w := seed()
	if file == "" {
		return w, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load snapshot: %w", err)
	}
	kept := &world{}
	if err := json.Unmarshal(b, kept); err != nil {
		return nil, fmt.Errorf("load snapshot %s: %w", file, err)
	}
	if kept.Homes == nil {
		kept.Homes = map[string]object{}
	}
	if kept.App.Dead == nil {
		kept.App.Dead = map[string]string{}
	}
	return kept, nil
}

// save replaces the snapshot if the world has changed since.
func (s *Server) save() error {
	if s.cfg.StateFile == "" {
		return nil
	}
	s.mu.Lock()
	rev, fresh := s.rev, s.rev == s.saved
	b, err := json.Marshal(s.world)
	s.mu.Unlock()
	if err != nil || fresh {
		return err
	}
	next := s.cfg.StateFile + ".next"
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := os.Rename(next, s.cfg.StateFile); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	s.mu.Lock()
	s.saved = rev
	s.mu.Unlock()
	return nil
}

func (w *world) user(id string) *user {
	for _, u := range w.Users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (w *world) channel(id string) *channel {
	for _, c := range w.Channels {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// direct is the conversation of the app with a person, made on first use.
func (w *world) direct(person string) *channel {
	id := "D" + person[1:]
	if c := w.channel(id); c != nil {
		return c
	}
	c := &channel{ID: id, With: person, Members: []string{person, botUser}, Created: w.LastTS / 1e6}
	w.Channels = append(w.Channels, c)
	return c
}

func (w *world) modal(id string) *modal {
	for _, m := range w.Modals {
		if m.View.str("id") == id {
			return m
		}
	}
	return nil
}

// stamp is the next timestamp: unique and rising, near now.
func (w *world) stamp(now time.Time) string {
	w.LastTS = max(w.LastTS+100, now.UnixMicro()/100*100)
	return fmt.Sprintf("%d.%06d", w.LastTS/1e6, w.LastTS%1e6)
}

// id is a new id with Slack's prefix for its kind.
func (w *world) id(prefix string) string {
	w.Serial++
	return fmt.Sprintf("%s0%07X", prefix, w.Serial) + rand.Text()[:4]
}

func (c *channel) has(member string) bool { return slices.Contains(c.Members, member) }

// find is the index of a message, or -1.
func (c *channel) find(ts string) int {
	i, ok := slices.BinarySearchFunc(c.Messages, ts, func(m object, ts string) int { return strings.Compare(m.str("ts"), ts) })
	if !ok {
		return -1
	}
	return i
}

// kind is Slack's channel_type of a message event.
func (c *channel) kind() string {
	switch {
	case c.With != "":
		return "im"
	case c.Private:
		return "group"
	}
	return "channel"
}

// family is the middle of a scope name: channels:read, groups:read, im:read.
func (c *channel) family() string {
	return map[string]string{"im": "im", "group": "groups", "channel": "channels"}[c.kind()]
}

// add appends a message; in a thread it also updates the parent. A reply to a missing parent lands at the root.
func (c *channel) add(m object) object {
	if i := c.find(m.str("thread_ts")); i >= 0 {
		parent := c.Messages[i]
		if root := parent.str("thread_ts"); root != "" && root != parent.str("ts") {
			i = c.find(root)
			m["thread_ts"] = root
		}
		if i >= 0 {
			m["parent_user_id"] = c.Messages[i].str("user")
		}
	} else {
		delete(m, "thread_ts")
	}
	c.Messages = append(c.Messages, m)
	c.count(m.str("thread_ts"))
	return m
}

// count recomputes what a parent says of its thread.
func (c *channel) count(thread string) {
	i := c.find(thread)
	if thread == "" || i < 0 {
		return
	}
	replies, people, latest := 0, []any{}, ""
	for _, m := range c.Messages[i:] {
		if m.str("thread_ts") != thread || m.str("ts") == thread {
			continue
		}
		replies++
		latest = m.str("ts")
		if !slices.Contains(people, any(m.str("user"))) {
			people = append(people, m.str("user"))
		}
	}
	parent := maps.Clone(c.Messages[i])
	for _, k := range []string{"thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"} {
		delete(parent, k)
	}
	if replies > 0 {
		maps.Copy(parent, object{"thread_ts": thread, "reply_count": replies, "reply_users": people, "reply_users_count": len(people), "latest_reply": latest})
	}
	c.Messages[i] = parent
}
