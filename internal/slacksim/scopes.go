package slacksim

import (
	"slices"
	"strings"
)

// eventScope says which scope an event needs. What is not here needs none.
func eventScope(event string) string {
	return map[string]string{
		"message.channels": "channels:history", "message.groups": "groups:history", "message.im": "im:history",
		"app_mention":  "app_mentions:read",
		"channel_left": "channels:read", "channel_archive": "channels:read", "channel_unarchive": "channels:read",
		"channel_rename": "channels:read", "channel_deleted": "channels:read", "channel_created": "channels:read",
		"channel_id_changed": "channels:read",
		"group_left":         "groups:read", "group_archive": "groups:read", "group_unarchive": "groups:read",
		"group_rename": "groups:read", "group_deleted": "groups:read",
		"reaction_added": "reactions:read", "reaction_removed": "reactions:read",
		"user_change": "users:read", "team_join": "users:read",
	}[event]
}

// memberEvent tells the events that need the scope of their channel's family.
func memberEvent(event string) bool {
	switch event {
	case "member_joined_channel", "member_left_channel", "channel_shared", "channel_unshared":
		return true
	}
	return false
}

// need refuses unless one of the scopes was granted.
func (c *call) need(scopes ...string) error {
	for _, s := range scopes {
		if c.granted(s) {
			return nil
		}
	}
	return refusal{"missing_scope", object{"needed": strings.Join(scopes, ","), "provided": strings.Join(c.s.world.App.Scopes, ",")}}
}

func (c *call) granted(scope string) bool { return c.s.granted(scope) }

func (s *Server) granted(scope string) bool {
	return slices.Contains(s.world.App.Scopes, scope)
}
