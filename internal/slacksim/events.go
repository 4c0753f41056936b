package slacksim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// ackTime is how long an app may take to answer.
const ackTime = 3 * time.Second

func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, Timeout: ackTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *Server) announceChange(ch *channel, before, after object, ts string) {
	s.announce(ch, object{"type": "message", "subtype": "message_changed", "hidden": true, "ts": ts,
		"message": after, "previous_message": before})
}

// announce tells the app of a message event in a channel.
func (s *Server) announce(ch *channel, m object) {
	event := map[string]string{"channel": "message.channels", "group": "message.groups", "im": "message.im"}[ch.kind()]
	s.publish(event, ch, m.with(object{"channel": ch.ID, "channel_type": ch.kind(), "event_ts": m.str("ts")}))
}

// publish delivers an event if the app subscribed to it, has its scope and is in the channel. A nil channel: an event of
// the workspace, or one about having left.
func (s *Server) publish(event string, ch *channel, inner object) {
	scope := eventScope(event)
	if memberEvent(event) && ch != nil {
		scope = ch.family() + ":read"
	}
	switch {
	case !s.world.App.Installed, !s.manifest.wants(event), ch != nil && !ch.has(botUser), scope != "" && !s.granted(scope):
		return
	case s.cfg.Now().Before(s.darkTill):
		return
	}
	if inner["event_ts"] == nil {
		inner = inner.with(object{"event_ts": s.world.stamp(s.cfg.Now())})
	}
	s.send(s.envelope(inner, ch != nil && ch.Shared), 1)
}

// envelope wraps an event as the Events API does.
func (s *Server) envelope(inner object, shared bool) object {
	return object{
		"token": "deprecated-verification-token", "team_id": teamID, "context_team_id": teamID, "context_enterprise_id": nil,
		"api_app_id": appID, "event": inner, "type": "event_callback", "event_id": s.world.id("Ev"), "event_time": s.cfg.Now().Unix(),
		"authorizations":        []object{{"enterprise_id": nil, "team_id": teamID, "user_id": botUser, "is_bot": true, "is_enterprise_install": false}},
		"is_ext_shared_channel": shared, "event_context": "4-" + s.world.id("EC"),
	}
}

// send hands an envelope to delivery, copies in parallel. The lock is held.
func (s *Server) send(envelope object, copies int) {
	body, err := json.Marshal(envelope)
	if err != nil {
		s.cfg.Log.Error("event not encoded", "err", err)
		return
	}
	address := s.manifest.Settings.Events.RequestURL
	for range copies {
		s.background(func() { s.deliver(address, body) })
	}
}

// deliver posts an event, again after each retry delay until it is accepted.
func (s *Server) deliver(address string, body []byte) {
	reason, again := s.attempt(address, body, nil)
	for i, wait := range s.cfg.RetryDelays {
		if !again {
			return
		}
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(wait):
		}
		reason, again = s.attempt(address, body, map[string]string{"X-Slack-Retry-Num": strconv.Itoa(i + 1), "X-Slack-Retry-Reason": reason})
	}
	if again {
		s.cfg.Log.Warn("event given up", "reason", reason)
	}
}

// attempt reports why an event was not accepted, and whether to try again.
func (s *Server) attempt(address string, body []byte, header map[string]string) (string, bool) {
	got, err := s.push(address, "application/json", body, header)
	switch {
	case err != nil && s.ctx.Err() != nil:
		return "", false
	case os.IsTimeout(err):
		return "http_timeout", true
	case err != nil:
		return "connection_failed", true
	case got.status >= 200 && got.status < 300:
		return "", false
	}
	return "http_error", !got.noRetry
}

// reply is what the app answered.
type reply struct {
	status  int
	noRetry bool
	body    []byte
}

// push posts a signed body to the app and reads its answer. The lock must not be held.
func (s *Server) push(address, kind string, body []byte, header map[string]string) (reply, error) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.cfg.SigningSecret))
	mac.Write([]byte("v0:" + at + ":"))
	mac.Write(body)
	r.Header.Set("X-Slack-Request-Timestamp", at)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	s.record("sent", body)
	res, err := s.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	s.record("was answered", answer)
	return reply{res.StatusCode, res.Header.Get("X-Slack-No-Retry") == "1", answer}, err
}
