package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/observe"
)

// discreet is what Temporal's library logs through: it leaves out what a panic said, which may hold anybody's text, and
// keeps the level of an error for what nobody expects.
type discreet struct{ slog.Handler }

// WithAttrs implements [slog.Handler].
func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{d.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.Handler.WithGroup(name)} }

// What Temporal's library says, and what it begins its own errors with, such as that code does not fit a history.
const (
	saysActivityError = "Activity error."
	saysActivityPanic = "Activity panic."
	saysLocalPanic    = "LocalActivity panic."
	saysWorkflowPanic = "Workflow panic"
	libraryError      = "[TMPRL"
)

// Handle implements [slog.Handler].
func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	level, kept := r.Level, []slog.Attr{}
	r.Attrs(func(a slog.Attr) bool {
		err, isError := a.Value.Resolve().Any().(error)
		switch {
		case a.Key == "PanicError":
			return true
		case isError && r.Message == saysActivityError && expected(err):
			level = slog.LevelWarn
		case isError && r.Message == saysWorkflowPanic && !strings.HasPrefix(err.Error(), libraryError):
			level = slog.LevelWarn // watch has logged it, where it happened
			return true
		}
		kept = append(kept, a)
		return true
	})
	switch r.Message {
	case saysActivityError, saysActivityPanic, saysLocalPanic:
		kept = append(kept, slog.Any("layer", observe.Activity))
	default:
		kept = append(kept, slog.Any("layer", observe.Workflow))
	}
	out := slog.NewRecord(r.Time, level, r.Message, r.PC)
	out.AddAttrs(kept...)
	return d.Handler.Handle(ctx, out)
}

// expected are the failures of activities that the world outside explains; they are retried, or decided on.
func expected(err error) bool {
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && failure.Type() != activities.FailureUnavailable
}

// watch logs the panics of workflows where they happen: Temporal's library does it later, with their values. It adds no
// command to a history.
type watch struct {
	interceptor.WorkerInterceptorBase
	log *slog.Logger
}

// InterceptWorkflow implements [interceptor.WorkerInterceptor].
func (w *watch) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &watchIn{log: w.log}
	in.Next = next
	return in
}

// rethrow belongs into a defer.
func rethrow(ctx workflow.Context, log *slog.Logger) {
	if p := recover(); p != nil {
		observe.LogPanic(context.Background(), log, "workflow_id", workflow.GetInfo(ctx).WorkflowExecution.ID)
		panic(p)
	}
}

type watchIn struct {
	interceptor.WorkflowInboundInterceptorBase
	log *slog.Logger
}

// Init implements [interceptor.WorkflowInboundInterceptor].
func (w *watchIn) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &watchOut{log: w.log}
	out.Next = outbound
	return w.Next.Init(out)
}

// ExecuteWorkflow implements [interceptor.WorkflowInboundInterceptor].
func (w *watchIn) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	defer rethrow(ctx, w.log)
	return w.Next.ExecuteWorkflow(ctx, in)
}

// ExecuteUpdate implements [interceptor.WorkflowInboundInterceptor].
func (w *watchIn) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	defer rethrow(ctx, w.log)
	return w.Next.ExecuteUpdate(ctx, in)
}

// ValidateUpdate implements [interceptor.WorkflowInboundInterceptor].
func (w *watchIn) ValidateUpdate(ctx workflow.Context, in *interceptor.UpdateInput) error {
	defer rethrow(ctx, w.log)
	return w.Next.ValidateUpdate(ctx, in)
}

type watchOut struct {
	interceptor.WorkflowOutboundInterceptorBase
	log *slog.Logger
}

// Go implements [interceptor.WorkflowOutboundInterceptor].
func (w *watchOut) Go(ctx workflow.Context, name string, f func(workflow.Context)) workflow.Context {
	return w.Next.Go(ctx, name, func(ctx workflow.Context) {
		defer rethrow(ctx, w.log)
		f(ctx)
	})
}
