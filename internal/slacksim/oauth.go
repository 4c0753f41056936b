package slacksim

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// codeLife is how long the code of an authorisation may be exchanged.
const codeLife = 10 * time.Minute

// grant is what a person approved, until the app exchanges its code.
type grant struct {
	user, redirect string
	scopes         []string
	made           time.Time
	used           bool
}

// serveAuthorize shows the consent page; with sim_allow=1, or a press of Allow, it approves as sim_user.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes := strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ',' || c == ' ' })
	redirect := q.Get("redirect_uri")
	if redirect == "" && len(s.manifest.OAuth.RedirectURLs) > 0 {
		redirect = s.manifest.OAuth.RedirectURLs[0]
	}
	if code := s.objection(q.Get("client_id"), scopes, redirect); code != "" {
		http.Error(w, "Something went wrong when authorizing this app. Error details: "+code, http.StatusBadRequest)
		return
	}
	back, err := url.Parse(redirect)
	if err != nil {
		http.Error(w, "bad_redirect_uri", http.StatusBadRequest)
		return
	}
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	if q.Get("sim_deny") != "" {
		answer.Set("error", "access_denied")
		back.RawQuery = answer.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
		return
	}
	if q.Get("sim_allow") == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		consent().Execute(w, map[string]any{"App": s.manifest.name(), "Team": teamName, "Scopes": scopes, "Query": q, "Users": s.world.people()}) //nolint:errcheck // the client went away
		return
	}
	who := s.world.user(q.Get("sim_user"))
	if who == nil || who.Bot {
		http.Error(w, "user_not_found", http.StatusBadRequest)
		return
	}
	code := "1." + rand.Text()
	s.codes[code] = &grant{user: who.ID, redirect: redirect, scopes: scopes, made: s.cfg.Now()}
	answer.Set("code", code)
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// objection is Slack's error for an authorisation the manifest does not allow, or "".
func (s *Server) objection(client string, scopes []string, redirect string) string {
	switch {
	case client != s.cfg.ClientID:
		return "invalid_client_id"
	case len(scopes) == 0:
		return "invalid_scope_requested"
	case slices.ContainsFunc(scopes, func(x string) bool { return !slices.Contains(s.manifest.OAuth.Scopes.Bot, x) }):
		return "invalid_scope"
	case !slices.ContainsFunc(s.manifest.OAuth.RedirectURLs, func(allowed string) bool {
		return redirect == allowed || strings.HasPrefix(redirect, strings.TrimSuffix(allowed, "/")+"/")
	}):
		return "bad_redirect_uri"
	}
	return ""
}

func (w *world) people() []*user {
	return slices.DeleteFunc(slices.Clone(w.Users), func(u *user) bool { return u.Bot || u.Team != teamID })
}

func (c *call) oauthAccess() (object, error) {
	id, secret := c.str("client_id"), c.str("client_secret")
	if c.basic != nil {
		id = c.basic.Username()
		secret, _ = c.basic.Password()
	}
	g := c.s.codes[c.str("code")]
	redirect := c.str("redirect_uri")
	switch {
	case id != c.s.cfg.ClientID:
		return nil, refuse("invalid_client_id")
	case secret != c.s.cfg.ClientSecret:
		return nil, refuse("bad_client_secret")
	case g == nil || c.s.cfg.Now().Sub(g.made) > codeLife:
		return nil, refuse("invalid_code")
	case g.used:
		return nil, refuse("code_already_used")
	case redirect != "" && redirect != g.redirect:
		return nil, refuse("bad_redirect_uri")
	}
	g.used = true
	c.s.install(g.scopes)
	a := c.s.world.App
	return object{
		"app_id": appID, "authed_user": object{"id": g.user}, "scope": strings.Join(a.Scopes, ","), "token_type": "bot",
		"access_token": a.Token, "bot_user_id": botUser, "team": object{"id": teamID, "name": teamName},
		"enterprise": nil, "is_enterprise_install": false,
	}, nil
}

// install grants scopes. Authorising again adds scopes to the same token, as Slack does without token rotation.
func (s *Server) install(scopes []string) {
	a := &s.world.App
	for _, x := range scopes {
		if !slices.Contains(a.Scopes, x) {
			a.Scopes = append(a.Scopes, x)
		}
	}
	if a.Token == "" {
		a.Token = "xoxb-" + rand.Text()
	}
	a.Installed = true
	bot := s.world.user(botUser)
	if bot == nil {
		bot = &user{ID: botUser, Zone: "Europe/Brussels", Bot: true, Team: teamID}
		s.world.Users = append(s.world.Users, bot)
	}
	bot.RealName, bot.Deleted = s.manifest.name(), false
	bot.Name = strings.ToLower(strings.ReplaceAll(bot.RealName, " ", "-"))
}

// revoke ends the bot token and the bot's memberships; later calls with it get the error.
func (s *Server) revoke(code string) {
	a := &s.world.App
	if a.Token != "" {
		a.Dead[a.Token] = code
	}
	s.publish("tokens_revoked", nil, object{"type": "tokens_revoked", "tokens": object{"oauth": []string{}, "bot": []string{botUser}}})
	a.Token = ""
	for _, ch := range s.world.Channels {
		if ch.With == "" {
			ch.Members = slices.DeleteFunc(ch.Members, func(m string) bool { return m == botUser })
		}
	}
}

// uninstall removes the app: both events are sent, then nothing more.
func (s *Server) uninstall() {
	s.revoke("account_inactive")
	s.publish("app_uninstalled", nil, object{"type": "app_uninstalled"})
	a := &s.world.App
	for token := range a.Dead {
		a.Dead[token] = "account_inactive"
	}
	a.Installed, a.Scopes = false, nil
	s.world.Modals, s.world.Homes, s.world.Ephemerals = nil, map[string]object{}, nil
	if bot := s.world.user(botUser); bot != nil {
		bot.Deleted = true
	}
}

func (c *call) authTest() (object, error) {
	return object{"url": "https://" + domain + ".slack.com/", "team": teamName, "user": c.s.world.user(botUser).Name,
		"team_id": teamID, "user_id": botUser, "bot_id": botID, "is_enterprise_install": false}, nil
}

func (c *call) authRevoke() (object, error) {
	if c.flag("test") {
		return object{"revoked": false}, nil
	}
	c.s.revoke("token_revoked")
	return object{"revoked": true}, nil
}

func (c *call) appsUninstall() (object, error) {
	if c.str("client_id") != c.s.cfg.ClientID {
		return nil, refuse("invalid_client_id")
	}
	if c.str("client_secret") != c.s.cfg.ClientSecret {
		return nil, refuse("bad_client_secret")
	}
	c.s.uninstall()
	return object{}, nil
}

func consent() *template.Template {
	return template.Must(template.New("consent").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.App}} · Slack simulator</title><link rel="stylesheet" href="/static/style.css">
<main class="consent"><h1>{{.App}} is requesting permission to access the {{.Team}} workspace</h1>
<h2>What will {{.App}} be able to do?</h2><ul>{{range .Scopes}}<li><code>{{.}}</code></li>{{end}}</ul>
<form>{{range $k, $v := .Query}}{{range $v}}<input type="hidden" name="{{$k}}" value="{{.}}">{{end}}{{end}}
<label>Signed in as <select name="sim_user">{{range .Users}}<option value="{{.ID}}">{{.RealName}}</option>{{end}}</select></label>
<p class="row"><button name="sim_deny" value="1">Cancel</button><button class="primary" name="sim_allow" value="1">Allow</button></p></form></main></html>`))
}
