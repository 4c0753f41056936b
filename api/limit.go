package api

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// What anybody may ask without being known costs us a row or a query, so each client has a measure of it: ten a second on
// average, a minute's worth at once. What Slack signs has none here: Slack has few addresses and much to say.
const (
	limitEvery = 100 * time.Millisecond
	limitBurst = time.Minute
	// limitClients bounds the memory; beyond it newcomers wait.
	limitClients = 100_000
)

// open are the addresses that ask nobody who they are.
var open = []string{"/slack/install", "/slack/oauth/", "/trust/", "/exports/"}

// limited answers 429 to a client that asks for open addresses faster than l allows.
func limited(l *limit) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			for _, prefix := range open {
				if strings.HasPrefix(c.Request().URL.Path, prefix) && !l.take(address(c.RealIP())) {
					c.Response().Header().Set("Retry-After", "1")
					return echo.NewHTTPError(http.StatusTooManyRequests)
				}
			}
			return next(c)
		}
	}
}

// limit remembers which addresses have asked lately, in memory only.
type limit struct {
	now   func() time.Time
	mu    sync.Mutex
	free  map[netip.Addr]time.Time // when the client will have nothing to wait for
	swept time.Time
}

func newLimit(now func() time.Time) *limit {
	return &limit{now: now, free: make(map[netip.Addr]time.Time), swept: now()}
}

// take counts one request of a client and reports whether it may be answered. The networks of one household or office
// in IPv6 (/64) are one client.
func (l *limit) take(client netip.Addr) bool {
	if client.Is6() {
		network, _ := client.Prefix(64) // every IPv6 address has one
		client = network.Addr()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	free, known := l.free[client]
	if !known && len(l.free) >= limitClients {
		return false
	}
	if free.Before(now) {
		free = now
	}
	free = free.Add(limitEvery)
	if free.Sub(now) > limitBurst {
		return false
	}
	l.free[client] = free
	return true
}

// sweep forgets, once a minute, who has nothing to wait for.
func (l *limit) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for client, free := range l.free {
		if !free.After(now) {
			delete(l.free, client)
		}
	}
}
