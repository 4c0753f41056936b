package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/api/export"
	"github.com/echo-synch/echo-synch/api/install"
	"github.com/echo-synch/echo-synch/api/slack"
	"github.com/echo-synch/echo-synch/api/trust"
	"github.com/echo-synch/echo-synch/internal/archive"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/observe"
)

// drain is how long what is under way may take to end; orchestrators kill after 30 s.
const drain = 25 * time.Second

// API runs the public server and the relay until ctx ends. Then it takes no more requests, answers those it has, lets
// the relay finish what it has claimed, and returns: no event is lost, because each was stored before its answer.
func API(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	p, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer p.close()

	inbox := &intake.Inbox{Store: p.store, Keys: p.keys, Now: time.Now, Fail: failpoint.In(cfg.FailpointDir)}
	relay := intake.NewRelay(intake.Relay{
		Store: p.store, Keys: p.keys, Temporal: p.temporal, Metrics: p.metrics, Log: log.With("layer", observe.Relay), Now: time.Now,
		Fail: failpoint.In(cfg.FailpointDir), PurgeGrace: cfg.PurgeGrace,
	})
	face := log.With("layer", observe.HTTP)
	public := api.New(cfg.ListenAddr, face, p.health,
		&slack.Handler{
			Inbox: inbox, Poke: relay.Poke,
			Secrets: cfg.Slack.SigningSecrets, Metrics: p.metrics, Log: face, Now: time.Now,
		},
		&install.Handler{
			Store: p.store, Keys: p.keys, Wrapper: p.wrapper, Slack: p.slack,
			ClientID: cfg.Slack.ClientID, ClientSecret: cfg.Slack.ClientSecret,
			PublicURL: cfg.PublicURL, Log: face, Now: time.Now, Inbox: inbox, Poke: relay.Poke,
		},
		&trust.Handler{Store: p.store, Public: p.signer.Published(), Model: modelPage(cfg), Log: face},
		&export.Handler{
			Store: p.store, Archive: &archive.Archive{Store: p.store, Keys: p.keys, Now: time.Now}, Temporal: p.temporal, Log: face, Now: time.Now,
		})
	if err := protect(public, cfg, log); err != nil {
		return err
	}

	failed := make(chan error, 2)
	stopPublic, err := serve(ctx, public, failed)
	if err != nil {
		return err
	}
	admin := adminServer(cfg.AdminListenAddr, log, p.metrics, p.health)
	stopAdmin, err := serve(ctx, admin, failed)
	if err != nil {
		return errors.Join(err, stopPublic(ctx))
	}
	relayCtx, stopRelay := context.WithCancel(ctx)
	defer stopRelay()
	var relaying sync.WaitGroup
	relaying.Go(func() { relay.Run(relayCtx) })
	relaying.Go(func() { p.sweeper(log).Run(relayCtx) })
	relaying.Go(func() { p.keepMarks(relayCtx, log, failed) })
	log.InfoContext(ctx, "api is up", "listen", public.Addr, "admin", admin.Addr)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	log.InfoContext(ctx, "api stops", "within", drain)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err = errors.Join(err, stopPublic(last))
	stopRelay()
	relaying.Wait()
	return errors.Join(err, stopAdmin(last))
}
