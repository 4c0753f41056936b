package slackapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/secret"
)

// callTime bounds one call.
const callTime = 10 * time.Second

// maxAnswer bounds what we read of an answer of our own requests.
const maxAnswer = 4 << 20

// API is Slack's Web API at one address.
type API struct {
	base string // with its trailing slash
	http *http.Client
}

// New takes the base of the Web API with its trailing slash. A nil client means one with a time-out of ten seconds.
func New(base string, hc *http.Client) *API {
	if hc == nil {
		hc = &http.Client{Timeout: callTime}
	}
	listed := *hc
	listed.Transport = onlyListed{next: hc.Transport}
	listed.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &API{base: base, http: &listed}
}

// onlyListed refuses a call of a method that is not in [Methods].
type onlyListed struct{ next http.RoundTripper }

func (t onlyListed) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, listed := method(path.Base(r.URL.Path)); !listed {
		if r.Body != nil {
			r.Body.Close() // as every RoundTripper must
		}
		return nil, ErrMethod
	}
	if t.next != nil {
		return t.next.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// AuthorizeURL is Slack's consent page, on the same origin as the Web API, asking for [BotScopes].
func (a *API) AuthorizeURL(clientID, redirectURL, state string) string {
	u, err := url.Parse(a.base)
	if err != nil {
		return ""
	}
	u.Path = "/oauth/v2/authorize"
	u.RawQuery = url.Values{
		"client_id": {clientID}, "redirect_uri": {redirectURL}, "state": {state}, "scope": {strings.Join(BotScopes(), ",")},
	}.Encode()
	return u.String()
}

// Grant is the outcome of an authorisation.
type Grant struct {
	Team      string
	AppID     string
	BotUser   string
	Installer string
	Scopes    []string
	Token     secret.Value
	// Enterprise: the whole organisation, not one workspace.
	Enterprise bool
}

// Exchange turns the code of an authorisation into a bot token. A code works once, so do not call it twice.
func (a *API) Exchange(ctx context.Context, clientID string, clientSecret secret.Value, code, redirectURL string) (Grant, error) {
	r, err := slack.GetOAuthV2ResponseContext(ctx, a.http, clientID, clientSecret.Reveal(), code, redirectURL,
		slack.OAuthOptionAPIURL(a.base))
	if err == nil {
		err = proven(r.AccessToken)
	}
	if err != nil {
		return Grant{}, refusal("oauth.v2.access", err)
	}
	return Grant{
		Team: r.Team.ID, AppID: r.AppID, BotUser: r.BotUserID, Installer: r.AuthedUser.ID,
		Scopes: strings.Split(r.Scope, ","), Token: secret.New(r.AccessToken), Enterprise: r.IsEnterpriseInstall,
	}, nil
}

// Session is the Web API with the token of one workspace.
type Session struct {
	api   *API
	token secret.Value
	slack *slack.Client
}

// As opens a session. It makes no call.
func (a *API) As(token secret.Value) *Session {
	return &Session{api: a, token: token,
		slack: slack.New(token.Reveal(), slack.OptionAPIURL(a.base), slack.OptionHTTPClient(a.http))}
}

// Revoke gives the token back. It does not uninstall the app.
func (s *Session) Revoke(ctx context.Context) error {
	_, err := s.slack.SendAuthRevokeContext(ctx, s.token.Reveal())
	return refusal("auth.revoke", err)
}

// Alive finds out whether the token works.
func (s *Session) Alive(ctx context.Context) error {
	r, err := s.slack.AuthTestContext(ctx)
	if err == nil {
		err = proven(r.UserID)
	}
	return refusal("auth.test", err)
}

// User is what we need of a person.
type User struct {
	Team       string // whose person they are
	Zone       string // IANA; "" where Slack does not tell
	Bot        bool
	Restricted bool // a guest
	Deleted    bool
}

// User looks a person up.
func (s *Session) User(ctx context.Context, id string) (User, error) {
	u, err := s.slack.GetUserInfoContext(ctx, id)
	if err == nil {
		err = proven(u.ID)
	}
	if err != nil {
		return User{}, refusal("users.info", err)
	}
	return User{Team: u.TeamID, Zone: u.TZ, Bot: u.IsBot, Restricted: u.IsRestricted || u.IsUltraRestricted, Deleted: u.Deleted}, nil
}

// Channel is what we need of a channel.
type Channel struct{ External, Archived, Member bool }

// Channel looks a channel up.
func (s *Session) Channel(ctx context.Context, id string) (Channel, error) {
	c, err := s.slack.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err == nil {
		err = proven(c.ID)
	}
	if err != nil {
		return Channel{}, refusal("conversations.info", err)
	}
	return Channel{External: c.IsExtShared, Archived: c.IsArchived, Member: c.IsMember}, nil
}

// maxPages bounds how many pages of channels are read: a workspace with more has other trouble.
const maxPages = 100

// Channels lists the channels that the app is in and that are not archived, by their Slack ids.
func (s *Session) Channels(ctx context.Context) (ids []string, err error) {
	query := url.Values{"types": {"public_channel,private_channel"}, "exclude_archived": {"true"}, "limit": {"200"}}
	for range maxPages {
		var page struct {
			Channels []struct {
				ID string `json:"id"`
			} `json:"channels"`
			Next struct {
				Cursor string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		if err := s.call(ctx, "users.conversations", query, &page); err != nil {
			return nil, err
		}
		if page.Channels == nil {
			return nil, refusal("users.conversations", errUnreadable)
		}
		for _, c := range page.Channels {
			ids = append(ids, c.ID)
		}
		if page.Next.Cursor == "" {
			return ids, nil
		}
		query.Set("cursor", page.Next.Cursor)
	}
	return nil, refusal("users.conversations", errUnreadable)
}

// proven doubts an answer without the one field it must have: the SDK takes {"ok":false} for success where no error
// code comes with it.
func proven(field string) error {
	if field == "" {
		return errUnreadable
	}
	return nil
}

// call calls a method and decodes its answer into our own minimal structs: the SDK's decoder refuses a whole
// page for one block it does not know.
func (s *Session) call(ctx context.Context, name string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api.base+name, strings.NewReader(query.Encode()))
	if err != nil {
		return refusal(name, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+s.token.Reveal())
	response, err := s.api.http.Do(request)
	if err != nil {
		return refusal(name, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // zero: it did not say
		return refusal(name, &slack.RateLimitedError{RetryAfter: time.Duration(seconds) * time.Second})
	case response.StatusCode != http.StatusOK:
		return refusal(name, slack.StatusCodeError{Code: response.StatusCode})
	}
	var raw json.RawMessage
	var answer struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxAnswer)).Decode(&raw); err != nil {
		return refusal(name, err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return refusal(name, err)
	}
	switch {
	case answer.OK:
		return refusal(name, json.Unmarshal(raw, into))
	case answer.Error == "":
		return refusal(name, errUnreadable)
	}
	return refusal(name, slack.SlackErrorResponse{Err: answer.Error})
}
