// Package slack is where Slack calls us: events, interactions and slash commands. It verifies the signature on the
// raw bytes, stores what the product follows in the inbox, pokes the relay and answers. It calls nobody.
package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// Handler answers Slack.
type Handler struct {
	Inbox   *intake.Inbox
	Poke    func() // tells the relay that something was stored
	Secrets []secret.Value
	Metrics *observe.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// Register adds Slack's three addresses.
func (h *Handler) Register(e *echo.Echo) {
	g := e.Group("/slack", Verify(h.Secrets, h.Now))
	g.POST("/events", h.events)
	g.POST("/interactions", h.interactions)
	g.POST("/commands", h.commands)
}

// outcomes of a delivery that is not skipped; they label a counter beside [intake.Skip].
const (
	stored     = "stored"
	unreadable = "unreadable"
	refused    = "refused" // not stored; Slack is told to try again
)

// events stores one event. 200 means that nothing of it can be lost; 503 that Slack is to try again. A body that can
// never be of use is kept and answered 200: one poison event must not look like an outage.
func (h *Handler) events(c echo.Context) error {
	started := h.Now()
	defer func() { h.Metrics.AckSeconds.Observe(h.Now().Sub(started).Seconds()) }()
	ctx := c.Request().Context()

	received, err := intake.Parse(body(c))
	if errors.Is(err, helpdesk.ErrInvalid) {
		h.Metrics.Events.WithLabelValues(unreadable).Inc()
		h.Log.WarnContext(ctx, "unreadable delivery kept", "err", err)
		hash := sha256.Sum256(body(c))
		return h.acknowledge(c, h.Inbox.Keep(ctx, body(c), hex.EncodeToString(hash[:])))
	}
	if err != nil {
		return h.acknowledge(c, err)
	}
	return h.accept(c, received)
}

// accept stores a delivery that was read, counts it and answers.
func (h *Handler) accept(c echo.Context, received intake.Received) error {
	skip, err := h.Inbox.Accept(c.Request().Context(), received)
	switch {
	case err != nil:
		return h.acknowledge(c, err)
	case skip == intake.SkipChallenge:
		return c.String(http.StatusOK, received.Challenge)
	case skip != "":
		h.Metrics.Events.WithLabelValues(string(skip)).Inc()
	default:
		h.Metrics.Events.WithLabelValues(stored).Inc()
		h.Poke()
	}
	return c.NoContent(http.StatusOK)
}

func (h *Handler) acknowledge(c echo.Context, err error) error {
	if err == nil {
		return c.NoContent(http.StatusOK)
	}
	h.Metrics.Events.WithLabelValues(refused).Inc()
	h.Log.ErrorContext(c.Request().Context(), "delivery not stored", "err", err)
	return echo.NewHTTPError(http.StatusServiceUnavailable)
}
