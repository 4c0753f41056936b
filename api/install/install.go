// Package install runs Slack's OAuth v2: it takes a browser to Slack's consent page and back, and stores the
// workspace. It needs no login of ours: who may install an app is Slack's decision.
package install

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// stateLife is how long a person has for Slack's consent page; Slack's code lives as long.
const stateLife = 10 * time.Minute

// sideTime bounds a call of Slack that the flow can do without. With the exchange before it, the page is still there
// before the server's write time-out.
const sideTime = 3 * time.Second

// Handler installs workspaces.
type Handler struct {
	Store        *postgres.Store
	Keys         *keystore.Store
	Wrapper      seal.Wrapper
	Slack        *slackapi.API
	ClientID     string
	ClientSecret secret.Value
	PublicURL    string
	Log          *slog.Logger
	Now          func() time.Time
	Inbox        *intake.Inbox
	Poke         func() // tells the relay that something was stored
}

// Register adds the two addresses of the flow.
func (h *Handler) Register(e *echo.Echo) {
	e.GET("/slack/install", h.begin)
	e.GET("/slack/oauth/callback", h.callback)
}

func (h *Handler) redirectURL() string { return h.PublicURL + "/slack/oauth/callback" }

// cookieName: a browser accepts the __Host- prefix only over TLS.
func (h *Handler) cookieName() string {
	if strings.HasPrefix(h.PublicURL, "https://") {
		return "__Host-oauth"
	}
	return "oauth"
}

func (h *Handler) cookie(value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: h.cookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()), HttpOnly: true,
		Secure: strings.HasPrefix(h.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

// begin sends the browser to Slack with a fresh state, bound to this browser by a cookie.
func (h *Handler) begin(c echo.Context) error {
	random := make([]byte, 32)
	rand.Read(random) // never fails: it would end the process instead
	state := base64.RawURLEncoding.EncodeToString(random)
	now := h.Now()
	if err := h.Store.PutOAuthState(c.Request().Context(), sha256.Sum256([]byte(state)), now, now.Add(stateLife)); err != nil {
		h.Log.ErrorContext(c.Request().Context(), "install not begun", "err", err)
		return page(c, pageUnavailable)
	}
	c.SetCookie(h.cookie(state, stateLife))
	return c.Redirect(http.StatusFound, h.Slack.AuthorizeURL(h.ClientID, h.redirectURL(), state))
}

// callback ends the flow: the state must be ours, unused, and of this very browser; the code is exchanged once.
func (h *Handler) callback(c echo.Context) error {
	// What Slack has approved is stored even where the browser does not wait: the code would not work again.
	ctx := context.WithoutCancel(c.Request().Context())
	state, code := c.QueryParam("state"), c.QueryParam("code")
	switch err := h.claim(ctx, c, state); {
	case errors.Is(err, helpdesk.ErrNotFound):
		return page(c, pageState)
	case err != nil:
		h.Log.ErrorContext(ctx, "install: state not checked", "err", err)
		return page(c, pageUnavailable)
	}
	c.SetCookie(h.cookie("", -time.Second))
	if c.QueryParam("error") != "" || code == "" {
		return page(c, pageDenied)
	}
	grant, err := h.Slack.Exchange(ctx, h.ClientID, h.ClientSecret, code, h.redirectURL())
	if err != nil { // not tried again: a code works once, and its answer may be lost
		h.Log.WarnContext(ctx, "install: code not exchanged", "err", err)
		return page(c, pageSlack)
	}
	if grant.Enterprise || grant.Team == "" {
		brief, cancel := context.WithTimeout(ctx, sideTime)
		defer cancel()
		if err := h.Slack.As(grant.Token).Revoke(brief); err != nil {
			h.Log.WarnContext(ctx, "install: token of a refused org-wide install not revoked", "err", err)
		}
		return page(c, pageOrgWide)
	}
	if missing := missingScopes(grant.Scopes); len(missing) > 0 {
		h.Log.WarnContext(ctx, "install: scopes missing", "missing", missing)
		return page(c, pageScopes)
	}
	done, err := h.install(ctx, grant)
	if err != nil {
		h.Log.ErrorContext(ctx, "install not stored", "err", err)
		return page(c, pageUnavailable)
	}
	h.Log.InfoContext(ctx, "workspace authorised", "workspace_id", done.id, "restored", done.restored)
	if done.fresh {
		h.welcome(ctx, grant, done)
	}
	if done.restored {
		return page(c, pageRestored)
	}
	return page(c, pageInstalled)
}

// claim uses up a state that was begun in this browser. [helpdesk.ErrNotFound] for any other.
func (h *Handler) claim(ctx context.Context, c echo.Context, state string) error {
	cookie, err := c.Cookie(h.cookieName())
	if err != nil || state == "" || !secret.New(cookie.Value).Equal(secret.New(state)) {
		return helpdesk.ErrNotFound
	}
	return h.Store.TakeOAuthState(ctx, sha256.Sum256([]byte(state)), h.Now())
}

func missingScopes(granted []string) []string {
	return slices.DeleteFunc(slackapi.BotScopes(), func(s string) bool { return slices.Contains(granted, s) })
}

// installed is what came of a grant.
type installed struct {
	id       helpdesk.WorkspaceID
	at       time.Time
	fresh    bool // the workspace is new, or back
	restored bool // it was uninstalled a moment ago, and everything is as it was
}

// install stores a grant: into the team's living workspace if it has one, else into the one that was uninstalled a moment
// ago and can be restored, else into a new one. Two installs of one team at once end in one workspace.
func (h *Handler) install(ctx context.Context, g slackapi.Grant) (done installed, err error) {
	done.at = h.Now()
	w := helpdesk.Workspace{
		Team: g.Team, AppID: g.AppID, BotUser: g.BotUser, Installer: g.Installer, Scopes: g.Scopes, AuthorizedAt: done.at,
	}
	for {
		done.id, err = h.Store.Installed(ctx, g.Team)
		switch {
		case err == nil:
			return done, h.store(ctx, done.id, w, g.Token, audited(helpdesk.AuditReauthorised, (*postgres.Tx).Reauthorize))
		case !errors.Is(err, helpdesk.ErrNotInstalled):
			return done, err
		}
		done.id, err = h.Store.Restorable(ctx, g.Team, w.AuthorizedAt)
		switch {
		case err == nil:
			err = h.store(ctx, done.id, w, g.Token, audited(helpdesk.AuditRestored, restore))
			if errors.Is(err, errOvertaken) || errors.Is(err, helpdesk.ErrErased) { // the purge, or another install, was faster
				continue
			}
			done.fresh, done.restored = true, true
			return done, err
		case !errors.Is(err, helpdesk.ErrNotInstalled):
			return done, err
		}
		w.ID = helpdesk.NewWorkspaceID(h.Now())
		w.Settings = helpdesk.DefaultSettings(h.zone(ctx, g))
		if err := h.Keys.CreateWorkspaceKey(ctx, w.ID); err != nil {
			return done, err
		}
		err = h.store(ctx, w.ID, w, g.Token, audited(helpdesk.AuditInstalled, (*postgres.Tx).Install))
		if !errors.Is(err, errOvertaken) {
			done.id, done.fresh = w.ID, true
			return done, err
		}
		if _, err := h.Keys.DestroyWorkspace(ctx, w.ID); err != nil {
			return done, err
		}
	}
}

// write stores a workspace with its token.
type write func(*postgres.Tx, context.Context, helpdesk.Workspace, []byte, seal.Key) error

// audited appends to the audit log that the installer did what f does.
func audited(action helpdesk.AuditAction, f write) write {
	return func(tx *postgres.Tx, ctx context.Context, w helpdesk.Workspace, token []byte, key seal.Key) error { //nolint:revive // as a method of Tx
		if err := f(tx, ctx, w, token, key); err != nil {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{At: w.AuthorizedAt, Actor: helpdesk.SlackActor(w.Installer), Action: action})
	}
}

// restore takes the purge of a workspace back and gives it the new token.
func restore(tx *postgres.Tx, ctx context.Context, w helpdesk.Workspace, token []byte, key seal.Key) error { //nolint:revive // as a method of Tx
	restored, err := tx.RestorePurge(ctx, w.AuthorizedAt)
	if err != nil {
		return err
	}
	if !restored {
		return errOvertaken
	}
	return tx.Reauthorize(ctx, w, token, key)
}

// welcome has the installer greeted, through the same door as all that happens. The page says the same, so that it cannot
// be stored is no failure.
func (h *Handler) welcome(ctx context.Context, g slackapi.Grant, done installed) {
	_, err := h.Inbox.Accept(ctx, intake.Received{
		DeliveryID: fmt.Sprintf("authorised:%s:%d", done.id, done.at.UnixMicro()), Team: g.Team,
		Event: intake.Event{Kind: intake.KindAuthorised, User: g.Installer, Restored: done.restored, At: done.at},
	})
	if err != nil {
		h.Log.WarnContext(ctx, "installer will not be welcomed", "workspace_id", done.id, "err", err)
		return
	}
	h.Poke()
}

// errOvertaken: another install of the same team was stored first.
var errOvertaken = errors.New("another install was faster")

// store encrypts the token with the wrapper and writes it, with the pointer from the team, in one transaction.
func (h *Handler) store(ctx context.Context, id helpdesk.WorkspaceID, w helpdesk.Workspace, token secret.Value, write write) error {
	key, err := h.Keys.WorkspaceKey(ctx, id)
	if err != nil {
		return err
	}
	wrapped, err := h.Wrapper.Wrap(ctx, postgres.TokenContext(id), []byte(token.Reveal()))
	if err != nil {
		return fmt.Errorf("encrypt token of workspace %s: %w", id, err)
	}
	return h.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		if err := write(tx, ctx, w, wrapped, key); err != nil {
			return err
		}
		pointed, err := tx.Point(ctx, w.Team, w.AuthorizedAt)
		if err == nil && !pointed {
			err = errOvertaken
		}
		return err
	})
}

// zone is the installer's time zone; UTC where Slack does not tell.
func (h *Handler) zone(ctx context.Context, g slackapi.Grant) string {
	ctx, cancel := context.WithTimeout(ctx, sideTime)
	defer cancel()
	u, err := h.Slack.As(g.Token).User(ctx, g.Installer)
	if err == nil {
		if _, err = time.LoadLocation(u.Zone); err == nil && u.Zone != "" {
			return u.Zone
		}
	}
	h.Log.InfoContext(ctx, "install: installer's time zone unknown, taking UTC", "err", err)
	return "UTC"
}
