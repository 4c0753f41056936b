package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/person"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// queues says how much of each queue one process works on at a time, and why.
var queues = []struct {
	name       string
	activities int
}{
	{names.QueueRequests, 32}, // our own databases: bounded by their connections
	{names.QueueModel, 32},    // each waits up to 3 s for a model
	{names.QueueSlack, 32},    // each waits for Slack
}

// pollers is how many tasks of a kind a process fetches at a time from a queue. A fetch takes a busy server tens of milliseconds;
// with two, the SDK's default, requests waited for fetches while the process had nothing to do.
const pollers = 8

// Worker runs workflows and activities until ctx ends. Then it takes no new task and lets those under way finish, so
// that no receipt is left half posted.
func Worker(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	p, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer p.close()
	redactor, err := redact.New()
	if err != nil {
		return err
	}
	acts := &activities.Activities{
		Store: p.store, Keys: p.keys, Wrapper: p.wrapper, Slack: p.slack, Temporal: p.temporal, Log: log.With("layer", observe.Activity), Now: time.Now,
		Redactor: redactor,
		Fail:     failpoint.In(cfg.FailpointDir),
		Purger:   p.purger, PurgeGrace: cfg.PurgeGrace, PublicURL: cfg.PublicURL,
		Eraser:  &person.Eraser{Store: p.store, Keys: p.keys, Temporal: p.temporal, Signer: p.signer, Log: log, Now: time.Now},
		Models:  &provider.Router{Simulator: cfg.Gemini.BaseURL},
		Metrics: p.metrics, Prices: observe.Prices{Input: cfg.Gemini.InputPrice, Output: cfg.Gemini.OutputPrice},
	}
	if acts.Models.Ours, err = ours(ctx, cfg, log); err != nil {
		return err
	}
	health := func(ctx context.Context) ([]string, error) {
		degraded, err := p.health(ctx)
		if err == nil && len(degraded) > 0 {
			err = errors.New("temporal does not answer") // without it a worker has no work
		}
		return degraded, err
	}
	failed := make(chan error, 1)
	admin := adminServer(cfg.AdminListenAddr, log, p.metrics, health)
	stopAdmin, err := serve(ctx, admin, failed)
	if err != nil {
		return err
	}
	besideCtx, stopBeside := context.WithCancel(ctx)
	defer stopBeside()
	var beside sync.WaitGroup
	beside.Go(func() { p.sweeper(log).Run(besideCtx) }) // texts die on time whether Temporal answers or not
	beside.Go(func() { p.keepMarks(besideCtx, log, failed) })
	if acts.Models.Ours != nil {
		beside.Go(func() { acts.Models.Ours.Keep(besideCtx, log) })
	}
	stopWorkers := func() {}
	if waitForTemporal(ctx, p, log) {
		if stopWorkers, err = startWorkers(p, acts, log); err != nil {
			return errors.Join(err, stopAdmin(ctx))
		}
		beside.Go(func() { keepScheduled(besideCtx, p.temporal.ScheduleClient(), log) })
		log.InfoContext(ctx, "worker is up", "admin", admin.Addr, "triage", string(cfg.Triage))
	}

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopBeside()
	defer beside.Wait()
	log.InfoContext(ctx, "worker stops", "within", drain)
	stopWorkers()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(err, stopAdmin(last))
}

// startWorkers starts one worker for each queue. All of them stop at once: together they have as long as one.
func startWorkers(p parts, acts *activities.Activities, log *slog.Logger) (stop func(), err error) {
	var started []worker.Worker
	stop = func() {
		var stopping sync.WaitGroup
		for _, w := range started {
			stopping.Go(w.Stop)
		}
		stopping.Wait()
	}
	for _, q := range queues {
		w := worker.New(p.temporal, q.name, worker.Options{
			Identity:                           "echosynch-worker",
			WorkerStopTimeout:                  drain,
			MaxConcurrentActivityExecutionSize: q.activities,
			MaxConcurrentWorkflowTaskPollers:   pollers,
			MaxConcurrentActivityTaskPollers:   pollers,
			DisableWorkflowWorker:              q.name != names.QueueRequests,
			DisableRegistrationAliasing:        true,
			Interceptors:                       []interceptor.WorkerInterceptor{&watch{log: log.With("layer", observe.Workflow)}},
		})
		if q.name == names.QueueRequests {
			workflows.Register(w)
		}
		w.RegisterActivity(acts)
		if err := w.Start(); err != nil {
			stop()
			return nil, fmt.Errorf("start worker on queue %s: %w", q.name, err)
		}
		started = append(started, w)
	}
	return stop, nil
}

// waitForTemporal waits for a Temporal that is not up yet; it reports false where ctx ended first.
func waitForTemporal(ctx context.Context, p parts, log *slog.Logger) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		probe, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := p.temporal.CheckHealth(probe, nil)
		cancel()
		if err == nil {
			return true
		}
		log.WarnContext(ctx, "temporal does not answer; waiting", "err", err)
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
