package slack

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// interaction is what we read of a button press, a shortcut or a view: our own minimal struct, as for events.
type interaction struct {
	Type string `json:"type"`
}

// interactions answers presses and views. No message or view of ours carries one yet, so whatever arrives comes from
// a message that no longer means anything: it is counted and answered, and Slack shows the person nothing wrong.
func (h *Handler) interactions(c echo.Context) error {
	form, err := url.ParseQuery(string(body(c)))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	var i interaction
	if err := json.Unmarshal([]byte(form.Get("payload")), &i); err != nil || i.Type == "" {
		h.Metrics.Events.WithLabelValues(unreadable).Inc()
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	h.Metrics.Events.WithLabelValues("interaction").Inc()
	return c.NoContent(http.StatusOK)
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
