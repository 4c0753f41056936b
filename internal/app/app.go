// Package app puts the parts together: it opens what a command needs, runs it until it is told to stop, and closes it
// in order. Only cmd imports it; it decides nothing that a part could decide.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// parts are what both servers stand on.
type parts struct {
	store    *postgres.Store
	keys     *keystore.Store
	wrapper  seal.Wrapper
	temporal client.Client
	slack    *slackapi.API
	metrics  *observe.Metrics
}

// ErrSameCluster: the key store is in the main database's backups, so destroying a key would erase nothing.
var ErrSameCluster = errors.New("KEYSTORE_URL and DATABASE_URL name the same Postgres cluster: give the key store a cluster of its own")

// open opens the parts, refusing roles and clusters on which the promises would not hold.
func open(ctx context.Context, cfg config.Config, log *slog.Logger) (p parts, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.wrapper, err = seal.OpenLocal(cfg.LocalKeyFile, cfg.Env != config.Dev); err != nil {
		return p, err
	}
	if p.store, err = postgres.Open(ctx, cfg.DatabaseURL); err != nil {
		return p, err
	}
	if p.keys, err = keystore.Open(ctx, cfg.KeystoreURL, p.wrapper); err != nil {
		return p, err
	}
	if err = differentClusters(ctx, p.store, p.keys); err != nil {
		return p, err
	}
	if p.temporal, err = dialTemporal(cfg.Temporal, log); err != nil {
		return p, err
	}
	p.slack = slackapi.New(cfg.Slack.APIURL, nil)
	p.metrics = observe.NewMetrics()
	return p, nil
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

// serve listens on server's address and serves until the returned stop is called. A listener that cannot be opened is
// reported at once; what ends serving later goes to failed.
func serve(ctx context.Context, server *http.Server, failed chan<- error) (stop func(context.Context) error, err error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; is another process using the port?", server.Addr, err)
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve %s: %w", server.Addr, err)
		}
	}()
	return server.Shutdown, nil
}

// adminServer is the private listener for metrics, profiles and health.
func adminServer(addr string, m *observe.Metrics, health func(context.Context) ([]string, error)) *http.Server {
	return &http.Server{Addr: addr, Handler: observe.AdminHandler(m, health), ReadHeaderTimeout: 5 * time.Second}
}
