package slacksim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

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
