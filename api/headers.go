package api

import (
	"strings"

	"github.com/labstack/echo/v4"
)

// features of a browser that no page of ours uses; none of them is left to a script that should not be there.
var features = []string{
	"accelerometer", "autoplay", "camera", "clipboard-read", "display-capture", "encrypted-media", "fullscreen", "geolocation",
	"gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "serial",
	"usb", "web-share", "xr-spatial-tracking",
}

// secure sets the headers that every answer carries, errors included. They are the strictest there are; a page that needs
// more, such as a style, replaces its own.
func secure(next echo.HandlerFunc) echo.HandlerFunc {
	permissions := strings.Join(features, "=(), ") + "=()"
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for what does not know frame-ancestors
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", permissions)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}
