package app

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/internal/config"
)

// protect gives the public server the transport that cfg asks for.
func protect(public *http.Server, cfg config.Config, log *slog.Logger) (err error) {
	t := api.Transport{
		HTTPS:   strings.HasPrefix(cfg.PublicURL, "https://"),
		Proxies: api.Proxies{Networks: cfg.Transport.Proxies, Header: cfg.Transport.ProxyHeader},
	}
	if cfg.Transport.CertFile != "" {
		t.Certificate, err = api.OpenCertificate(cfg.Transport.CertFile, cfg.Transport.KeyFile, log, time.Now)
		if err != nil {
			return err
		}
	}
	t.Protect(public)
	return nil
}
