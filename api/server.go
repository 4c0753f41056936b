// Package api is the public face over HTTP: where Slack calls us and where people install the app. It stores and
// answers; the work is done by workflows.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-synch/echo-synch/internal/observe"
)

// Routes is a group of addresses.
type Routes interface{ Register(*echo.Echo) }

// Health reports what behind the process is down, and an error where the process cannot do its own job.
type Health func(context.Context) (degraded []string, err error)

// New builds the public server. The caller listens and shuts down.
func New(addr string, log *slog.Logger, health Health, routes ...Routes) *http.Server {
	e := echo.New()
	e.HTTPErrorHandler = renderError(log)
	e.IPExtractor = echo.ExtractIPDirect() // echo's default believes X-Forwarded-For of anybody
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, _ error, stack []byte) error { // a panic's value may hold anything
			log.ErrorContext(c.Request().Context(), "panic", "path", c.Path(), "stack", string(stack))
			return echo.NewHTTPError(http.StatusInternalServerError)
		},
	}))
	e.Use(secure, limited(newLimit(time.Now)))
	e.GET("/health", echo.WrapHandler(observe.HealthHandler(health)))
	for _, r := range routes {
		r.Register(e)
	}
	return &http.Server{
		Addr:              addr,
		Handler:           e,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          observe.ServerLog(log),
	}
}

// renderError is the one place that knows HTTP errors. It shows the status and nothing of the cause.
func renderError(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		status := http.StatusInternalServerError
		var known *echo.HTTPError
		if errors.As(err, &known) {
			status = known.Code
		} else {
			log.ErrorContext(c.Request().Context(), "request not answered", "path", c.Path(), "err", err)
		}
		if err := c.JSON(status, map[string]any{"ok": false, "error": http.StatusText(status)}); err != nil {
			log.DebugContext(c.Request().Context(), "error not delivered", "err", err)
		}
	}
}
