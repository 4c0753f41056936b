package observe

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
)

// ErrPanic is what is left of a panic: its value may hold anybody's text.
var ErrPanic = errors.New("panic")

// Guard runs f. A panic in it is logged with its stack, and becomes [ErrPanic]: one poisoned delivery must not take the
// process, and everybody else's deliveries, with it.
func Guard(ctx context.Context, log *slog.Logger, f func() error) (err error) {
	defer func() {
		if recover() != nil {
			LogPanic(ctx, log)
			err = ErrPanic
		}
	}()
	return f()
}

// LogPanic logs the panic that the caller, a deferred function, has recovered from, without its value.
func LogPanic(ctx context.Context, log *slog.Logger, args ...any) {
	log.ErrorContext(ctx, "panic", append(args, "stack", string(debug.Stack()))...)
}
