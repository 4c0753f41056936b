package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody bounds what we read of a request.
const maxBody = 8 << 20

// refusal is Slack's answer with "ok": false.
type refusal struct {
	code string
	more object
}

func (r refusal) Error() string { return r.code }

func refuse(code string) error { return refusal{code: code} }

// call is one call of the Web API. The lock is held while it runs.
type call struct {
	s     *Server
	args  object
	basic *url.Userinfo
	token string
}

// methods: what is not here is unknown_method.
func methods() map[string]func(*call) (object, error) {
	return map[string]func(*call) (object, error){
		"oauth.v2.access":       (*call).oauthAccess,
		"auth.test":             (*call).authTest,
		"auth.revoke":           (*call).authRevoke,
		"apps.uninstall":        (*call).appsUninstall,
		"chat.postMessage":      (*call).chatPost,
		"chat.update":           (*call).chatUpdate,
		"chat.delete":           (*call).chatDelete,
		"chat.postEphemeral":    (*call).chatEphemeral,
		"chat.getPermalink":     (*call).chatPermalink,
		"conversations.info":    (*call).conversationsInfo,
		"conversations.members": (*call).conversationsMembers,
		"conversations.list":    (*call).conversationsList,
		"conversations.history": (*call).conversationsHistory,
		"conversations.replies": (*call).conversationsReplies,
		"conversations.open":    (*call).conversationsOpen,
		"users.conversations":   (*call).usersConversations,
		"users.info":            (*call).usersInfo,
		"users.list":            (*call).usersList,
		"bots.info":             (*call).botsInfo,
		"team.info":             (*call).teamInfo,
		"usergroups.list":       (*call).usergroupsList,
		"views.open":            (*call).viewsOpen,
		"views.push":            (*call).viewsPush,
		"views.update":          (*call).viewsUpdate,
		"views.publish":         (*call).viewsPublish,
		"reactions.add":         (*call).reactionsAdd,
		"reactions.remove":      (*call).reactionsRemove,
		"reactions.get":         (*call).reactionsGet,
	}
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	c, err := s.read(r)
	if err != nil {
		s.answer(w, http.StatusOK, object{"ok": false, "error": "invalid_json"})
		return
	}
	s.mu.Lock()
	f := s.due(name)
	s.mu.Unlock()
	if f != nil && !f.After && s.play(f, w, r) {
		return
	}
	body := s.run(name, c)
	if f != nil && f.After && s.play(f, w, r) {
		return
	}
	s.answer(w, http.StatusOK, body)
}

// run executes one call and shapes its answer.
func (s *Server) run(name string, c *call) object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.neighbours[c.token]; ok {
		return n.answer(name, c)
	}
	method, ok := methods()[name]
	if !ok {
		return object{"ok": false, "error": "unknown_method", "req_method": name}
	}
	err := c.authenticate(name)
	if err == nil {
		var out object
		if out, err = method(c); err == nil {
			s.rev++
			return object{"ok": true}.with(out)
		}
	}
	refused, ok := err.(refusal) //nolint:errorlint // methods return it bare
	if !ok {
		refused = refusal{code: "fatal_error"}
	}
	return object{"ok": false, "error": refused.code}.with(refused.more)
}

// authenticate checks the token of every method but those that use the client secret.
func (c *call) authenticate(method string) error {
	if method == "oauth.v2.access" {
		return nil
	}
	a := c.s.world.App
	switch {
	case c.token == "":
		return refuse("not_authed")
	case a.Dead[c.token] != "":
		return refuse(a.Dead[c.token])
	case a.Token == "" || c.token != a.Token:
		return refuse("invalid_auth")
	}
	return nil
}

// read takes the arguments from the query, a form or JSON.
func (s *Server) read(r *http.Request) (*call, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	s.record("received", body)
	c := &call{s: s, args: object{}, token: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
	if id, secret, ok := r.BasicAuth(); ok {
		c.basic, c.token = url.UserPassword(id, secret), ""
	}
	for k, v := range r.URL.Query() {
		c.args[k] = v[0]
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if err := json.Unmarshal(body, &c.args); err != nil {
			return nil, err
		}
	case "multipart/form-data":
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseMultipartForm(maxBody); err != nil || params["boundary"] == "" {
			return nil, err
		}
		for k, v := range r.MultipartForm.Value {
			c.args[k] = v[0]
		}
	default:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		for k, v := range form {
			c.args[k] = v[0]
		}
	}
	if c.token == "" {
		c.token = c.args.str("token")
	}
	return c, nil
}

func (c *call) str(key string) string {
	switch v := c.args[key].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (c *call) flag(key string) bool {
	b, _ := c.args[key].(bool)
	return b || c.str(key) == "true" || c.str(key) == "1"
}

func (c *call) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(c.str(key)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// value decodes an argument that is JSON, or JSON inside a string as forms have it. False: it is not there or not JSON.
func (c *call) value(key string) (any, bool) {
	v := c.args[key]
	text, ok := v.(string)
	if !ok {
		return v, v != nil
	}
	if text == "" {
		return nil, false
	}
	var out any
	err := json.Unmarshal([]byte(text), &out)
	return out, err == nil
}
