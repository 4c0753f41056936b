// Package app puts the parts together: it opens what a command needs, runs it until it is told to stop, and closes it
// in order. Only cmd imports it; it decides nothing that a part could decide.
package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/internal/sweeper"
)

// parts are what both servers stand on.
type parts struct {
	store    *postgres.Store
	keys     *keystore.Store
	wrapper  seal.Wrapper
	temporal client.Client
	slack    *slackapi.API
	metrics  *observe.Metrics
	purger   *purge.Purger
	signer   certificate.Signer
}

// ErrSameCluster: the key store is in the main database's backups, so destroying a key would erase nothing.
var ErrSameCluster = errors.New("KEYSTORE_URL and DATABASE_URL name the same Postgres cluster: give the key store a cluster of its own")

// open opens the parts, refusing roles and clusters on which the promises would not hold.
func open(ctx context.Context, cfg config.Config, log *slog.Logger) (p parts, err error) {
	if p, err = openStores(ctx, cfg); err != nil {
		return p, err
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err = p.begin(ctx); err != nil {
		return p, err
	}
	if p.temporal, err = dialTemporal(cfg.Temporal, log); err != nil {
		return p, err
	}
	p.slack = slackapi.New(cfg.Slack.APIURL, nil)
	p.metrics = observe.NewMetrics()
	if p.signer, err = newSigner(cfg); err != nil {
		return p, err
	}
	p.purger = &purge.Purger{
		Store: p.store, Keys: p.keys, Temporal: p.temporal, Namespace: cfg.Temporal.Namespace, Signer: p.signer, Log: log, Now: time.Now,
		Fail: failpoint.In(cfg.FailpointDir),
	}
	return p, nil
}

// newSigner makes what signs certificates.
func newSigner(cfg config.Config) (certificate.Signer, error) {
	var former [][]byte
	seed, err := base64.StdEncoding.DecodeString(cfg.CertificateSeed.Reveal())
	if err == nil && !cfg.FormerCertificateSeed.IsZero() {
		former = make([][]byte, 1)
		former[0], err = base64.StdEncoding.DecodeString(cfg.FormerCertificateSeed.Reveal())
	}
	if err != nil {
		return certificate.Signer{}, errors.New("CERTIFICATE_SIGNING_KEY is not base64")
	}
	return certificate.NewSigner(seed, former...)
}

// openWrapper opens what wraps all keys: KMS, or a file.
func openWrapper(ctx context.Context, cfg config.Config) (seal.Wrapper, error) {
	if cfg.KMS.KeyID != "" {
		var other []string
		if cfg.KMS.OtherKeyID != "" {
			other = append(other, cfg.KMS.OtherKeyID)
		}
		return seal.OpenKMS(ctx, cfg.KMS.KeyID, cfg.KMS.Endpoint, other...)
	}
	return seal.OpenLocal(cfg.LocalKeyFile, cfg.Env != config.Dev)
}

func differentClusters(ctx context.Context, store *postgres.Store, keys *keystore.Store) error {
	main, err := store.SystemIdentifier(ctx)
	if err != nil {
		return err
	}
	other, err := keys.SystemIdentifier(ctx)
	if err != nil {
		return err
	}
	if main == other {
		return ErrSameCluster
	}
	return nil
}

// sweeper is the net under the workflows; every server holds one.
func (p parts) sweeper(log *slog.Logger) *sweeper.Sweeper {
	return &sweeper.Sweeper{Store: p.store, Keys: p.keys, Purger: p.purger, Signer: p.signer, Metrics: p.metrics, Log: log.With("layer", observe.Sweeper), Now: time.Now}
}

func (p parts) close() {
	if p.temporal != nil {
		p.temporal.Close()
	}
	if p.keys != nil {
		p.keys.Close()
	}
	if p.store != nil {
		p.store.Close()
	}
}

// health asks the parts. Without the databases no process of ours can do its job; without Temporal the api still
// takes what Slack delivers.
func (p parts) health(ctx context.Context) (degraded []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := errors.Join(p.store.Ping(ctx), p.keys.Ping(ctx)); err != nil {
		return nil, err
	}
	if _, err := p.temporal.CheckHealth(ctx, nil); err != nil {
		degraded = append(degraded, "temporal")
	}
	return degraded, nil
}

// serve listens on server's address, which it replaces by the one it got, and serves until the returned stop is called; by
// TLS where server has a configuration for it.
// A listener that cannot be opened is reported at once; what ends serving later goes to failed.
func serve(ctx context.Context, server *http.Server, failed chan<- error) (stop func(context.Context) error, err error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; is another process using the port?", server.Addr, err)
	}
	server.Addr = listener.Addr().String()
	go func() {
		run := func() error { return server.Serve(listener) }
		if server.TLSConfig != nil {
			run = func() error { return server.ServeTLS(listener, "", "") }
		}
		if err := run(); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve %s: %w", server.Addr, err)
		}
	}()
	return server.Shutdown, nil
}

// adminServer is the private listener for metrics, profiles and health.
func adminServer(addr string, log *slog.Logger, m *observe.Metrics, health func(context.Context) ([]string, error)) *http.Server {
	return &http.Server{Addr: addr, Handler: observe.AdminHandler(m, health), ReadHeaderTimeout: 5 * time.Second, ErrorLog: observe.ServerLog(log)}
}
