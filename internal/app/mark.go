package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/echo-synch/echo-synch/internal/restore"
)

// markEvery is how often the marks are raised by which a restored database is told.
const markEvery = time.Minute

func (p parts) marks() restore.Marks {
	return restore.Marks{Store: p.store, Keys: p.keys, Now: time.Now}
}

// begin refuses a main database that was restored and not reconciled, and raises the marks.
func (p parts) begin(ctx context.Context) error {
	if err := p.marks().Check(ctx); err != nil {
		return err
	}
	return p.marks().Raise(ctx)
}

// keepMarks raises the marks until ctx ends, and once more then. Where the database was restored under a running process it
// reports that to failed: the process must end. Nothing else is worth ending for.
func (p parts) keepMarks(ctx context.Context, log *slog.Logger, failed chan<- error) {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := p.marks().Raise(last); err != nil {
				log.WarnContext(last, "marks not raised at the end", "err", err)
			}
			return
		case <-tick.C:
		}
		err := p.marks().Raise(ctx)
		switch {
		case errors.Is(err, restore.ErrBehind):
			select {
			case failed <- err:
			default: // it ends already
			}
			return
		case err != nil && ctx.Err() == nil:
			log.WarnContext(ctx, "marks not raised; a restore to an earlier state may go unnoticed", "err", err)
		}
	}
}
