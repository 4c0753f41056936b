package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// dialTemporal makes a client that connects when it is first used: the api must start, and take what Slack delivers,
// while Temporal is down.
func dialTemporal(cfg config.Temporal, logger *slog.Logger) (client.Client, error) {
	options := client.Options{
		HostPort:         cfg.Address,
		Namespace:        cfg.Namespace,
		Logger:           log.NewStructuredLogger(slog.New(discreet{logger.Handler()})),
		FailureConverter: typeOnly{temporal.GetDefaultFailureConverter()},
		Identity:         "echosynch", // the default holds the host's name
		Interceptors:     []interceptor.ClientInterceptor{&fairly{}},
	}
	if cfg.TLS() {
		var err error
		if options.ConnectionOptions.TLS, err = temporalTLS(cfg); err != nil {
			return nil, err
		}
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("make temporal client: %w", err)
	}
	return c, nil
}

func temporalTLS(cfg config.Temporal) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.TLSServerName}
	if cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("load TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	if cfg.TLSCA != "" {
		pem, err := os.ReadFile(cfg.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("load TEMPORAL_TLS_CA: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("load TEMPORAL_TLS_CA: no certificate in the file")
		}
	}
	return t, nil
}

// typeOnly keeps every word out of failures before they enter workflow history: message, stack and details go, the
// constant type stays. What happened in full is in the worker's log.
type typeOnly struct{ converter.FailureConverter }

// ErrorToFailure implements [converter.FailureConverter].
func (t typeOnly) ErrorToFailure(err error) *failurepb.Failure {
	f := t.FailureConverter.ErrorToFailure(err)
	for link := f; link != nil; link = link.GetCause() {
		link.Message, link.StackTrace, link.EncodedAttributes = "", "", nil
		switch info := link.GetFailureInfo().(type) {
		case *failurepb.Failure_ApplicationFailureInfo:
			link.Message = info.ApplicationFailureInfo.GetType()
			info.ApplicationFailureInfo.Details = nil
		case *failurepb.Failure_CanceledFailureInfo:
			info.CanceledFailureInfo.Details = nil
		case *failurepb.Failure_TimeoutFailureInfo:
			info.TimeoutFailureInfo.LastHeartbeatDetails = nil
		case *failurepb.Failure_ResetWorkflowFailureInfo:
			info.ResetWorkflowFailureInfo.LastHeartbeatDetails = nil
		}
	}
	return f
}

// regular is a workflow that starts without anybody asking.
type regular struct {
	id, workflow  string
	every, offset time.Duration
}

// schedules make good for events that Slack has lost.
var schedules = []regular{
	{names.ScheduleCompare, names.WorkflowCompare, 24 * time.Hour, 3 * time.Hour},
	{names.ScheduleProbe, names.WorkflowProbe, 6 * time.Hour, time.Hour},
}

const scheduleAgain = 10 * time.Second // the pause before what could not be scheduled is tried again

// keepScheduled makes the schedules that are not there, each for itself and however long it takes, until ctx ends.
func keepScheduled(ctx context.Context, c client.ScheduleClient, log *slog.Logger) {
	tick := time.NewTicker(scheduleAgain)
	defer tick.Stop()
	for todo := slices.Clone(schedules); ; {
		todo = slices.DeleteFunc(todo, func(s regular) bool {
			err := s.schedule(ctx, c)
			if err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "lost events of Slack go unnoticed; tried again soon", "schedule", s.id, "err", err)
			}
			return err == nil
		})
		if len(todo) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s regular) schedule(ctx context.Context, c client.ScheduleClient) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := c.Create(ctx, client.ScheduleOptions{
		ID:      s.id,
		Spec:    client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.every, Offset: s.offset}}},
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		Action: &client.ScheduleWorkflowAction{
			ID: s.id, Workflow: s.workflow, TaskQueue: names.QueueRequests, Args: []any{helpdesk.WorkspaceID{}},
		},
	})
	if err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("make schedule %s: %w", s.id, err)
	}
	return nil
}
