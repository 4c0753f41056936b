// Package trust serves what a security reviewer needs and nobody has to log in for: certificates of erasures, each by its
// unguessable address, the keys that check them, and which model reads requests.
package trust

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Handler serves the public pages of trust.
type Handler struct {
	Store  *postgres.Store
	Public []ed25519.PublicKey // the one that signs, and those that it has replaced
	Model  string              // which model reads requests, where, and in whose project
	Log    *slog.Logger
}

// Register adds the addresses.
func (h *Handler) Register(e *echo.Echo) {
	e.GET("/trust/key", h.key)
	e.GET("/trust/model", func(c echo.Context) error { return c.String(http.StatusOK, h.Model) })
	e.GET("/trust/certificates/:id", h.certificate)
}

// key serves the public keys, for `echosynch certificate verify FILE --key KEY`.
func (h *Handler) key(c echo.Context) error {
	pem, err := certificate.PEM(h.Public...)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/x-pem-file", pem)
}

// missing is the answer for every address without a certificate: unknown, malformed and not yet issued look alike.
const missing = "There is no certificate here. That of an uninstall appears at its address when everything is destroyed, within one hour.\n"

func (h *Handler) certificate(c echo.Context) error {
	var id helpdesk.CertificateID
	if id.UnmarshalText([]byte(c.Param("id"))) != nil {
		return c.String(http.StatusNotFound, missing)
	}
	ctx := c.Request().Context()
	document, err := h.Store.Certificate(ctx, id)
	switch {
	case errors.Is(err, helpdesk.ErrNotFound):
		return c.String(http.StatusNotFound, missing)
	case err != nil:
		h.Log.ErrorContext(ctx, "certificate not served", "err", err)
		return c.String(http.StatusServiceUnavailable, "The certificate cannot be read just now. Please try again in a minute.\n")
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, fmt.Sprintf(`inline; filename="certificate-%s.json"`, id))
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store") // a purge drops all but its own
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, document)
}
