package slack

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/internal/intake"
)

// interactions stores a press. What it does, or why it may not, shows in Slack soon after: only the relay hands over.
func (h *Handler) interactions(c echo.Context) error {
	form, err := url.ParseQuery(string(body(c)))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	received, err := intake.ParseInteraction([]byte(form.Get("payload")), h.Now())
	if err != nil {
		h.Metrics.Events.WithLabelValues(unreadable).Inc()
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	return h.accept(c, received)
}

// commands answers slash commands with what the app does; it has none of its own.
func (h *Handler) commands(c echo.Context) error {
	form, err := url.ParseQuery(string(body(c)))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	if form.Get("ssl_check") == "1" { // Slack checks our certificate
		return c.NoContent(http.StatusOK)
	}
	h.Metrics.Events.WithLabelValues("command").Inc()
	return c.JSON(http.StatusOK, map[string]string{
		"response_type": "ephemeral",
		"text": "Write your question as a message in a channel that Echo-Synch was invited to; the receipt appears " +
			"in its thread. To add a channel: `/invite @Echo-Synch` there.",
	})
}
