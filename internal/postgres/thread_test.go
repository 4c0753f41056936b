package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// The newest edit wins in whatever order they come, by its number and not by its letters; one that comes twice, because
// nobody heard that it was done, is done twice.
func TestTheNewestEditWins(t *testing.T) {
	t.Parallel()
	edits := []string{"999999999.000100", "1000000001.000100", "1000000001.000200"}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		b := setup(t)
		w := b.tenant(t, "T1", "C1")
		newest := ""
		for _, i := range order {
			b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
				for range 2 {
					claimed, err := tx.ClaimEdit(ctx, w.request, edits[i])
					if err != nil {
						return err
					}
					done, err := tx.ReplaceText(ctx, w.request, edits[i], []byte(edits[i]), w.key)
					if err != nil {
						return err
					}
					if claimed != done {
						t.Errorf("order %v: edit %d claimed %v, done %v", order, i, claimed, done)
					}
					if want := newest == "" || slices.Index(edits, newest) <= i; done != want {
						t.Errorf("order %v: edit %d done %v, want %v", order, i, done, want)
					}
					if done {
						newest = edits[i]
					}
				}
				return nil
			})
		}
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
			text, err := tx.RequestText(ctx, w.request, w.key)
			if string(text) != edits[2] {
				t.Errorf("order %v: text %q, want the newest edit", order, text)
			}
			return err
		})
	}
}

func TestAnEditBringsNoErasedTextBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.Scrub(ctx, now, w.request); err != nil {
			return err
		}
		if _, err := tx.ClaimEdit(ctx, w.request, "1000000001.000100"); err != nil {
			return err
		}
		if done, err := tx.ReplaceText(ctx, w.request, "1000000001.000100", []byte("again"), w.key); done || err != nil {
			t.Errorf("done %v, %v", done, err)
		}
		return nil
	})
}

// Replies in every order leave the same picture.
func TestHearInEveryOrder(t *testing.T) {
	t.Parallel()
	type said struct {
		reply helpdesk.Reply
		agent bool
	}
	at := func(m int) time.Time { return now.Add(time.Duration(m) * time.Minute) }
	all := []said{
		{helpdesk.Reply{At: at(3), User: "UDANA"}, true},
		{helpdesk.Reply{At: at(2), User: "UALEX"}, true},
		{helpdesk.Reply{At: at(4), User: "U1", Requester: true}, false},
		{helpdesk.Reply{At: at(5), User: "U1", Requester: true, Thanks: true}, false},
	}
	want := helpdesk.Heard{AgentAt: at(2), AgentBy: "UALEX", RequesterAt: at(5), AskedAt: at(4), Others: true}
	for n := range 24 {
		order, left := []said{}, slices.Clone(all)
		for k, rest := n, 4; rest > 0; rest-- { // the nth order
			i := k % rest
			order, left, k = append(order, left[i]), slices.Delete(left, i, i+1), k/rest
		}
		b := setup(t)
		w := b.tenant(t, "T1", "C1")
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
			var r helpdesk.Request
			for _, s := range order {
				var err error
				if r, err = tx.Hear(ctx, w.request, s.reply, s.agent); err != nil {
					return err
				}
			}
			if r.Heard != want {
				t.Errorf("order %s:\n got %+v\nwant %+v", fmt.Sprint(order), r.Heard, want)
			}
			return nil
		})
	}
}

// atOnce runs transactions of one workspace at the same time. A message that was deleted opens nothing; nothing else may
// fail.
func (b *bundle) atOnce(t *testing.T, w tenant, fs ...func(*postgres.Tx) error) {
	t.Helper()
	var running sync.WaitGroup
	for _, f := range fs {
		running.Go(func() {
			if err := b.store.InWorkspace(t.Context(), w.id, f); err != nil && !errors.Is(err, postgres.ErrDeleted) {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

// A reply that comes while the state is recorded is seen by one of the two: by whoever records, or by whoever hears.
func TestNoReplyIsLostBesideTheState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 40 {
		w := b.tenant(t, fmt.Sprint("T", n), "C1")
		waiting := helpdesk.Progress{Version: 1, Status: helpdesk.Waiting, Label: "x", Priority: helpdesk.Low}.Paused(now)
		var heard, recorded bool
		b.atOnce(t, w, func(tx *postgres.Tx) error {
			r, err := tx.Hear(t.Context(), w.request, helpdesk.Reply{At: now.Add(time.Minute), Requester: true}, false)
			heard = len(r.Heard.News(r.Progress)) > 0
			return err
		}, func(tx *postgres.Tx) error {
			if _, err := tx.Project(t.Context(), w.request, waiting); err != nil {
				return err
			}
			r, err := tx.Request(t.Context(), w.request)
			recorded = len(r.Heard.News(r.Progress)) > 0
			return err
		})
		if !heard && !recorded {
			t.Fatalf("try %d: nobody saw the reply", n)
		}
	}
}

// A deletion and the opening of its message, at the same time: either the request is there and the deletion knows, or
// there is none.
func TestADeletionBesideItsOpening(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	for n := range 40 {
		ts := fmt.Sprintf("17000000%02d.000100", n)
		var opened, knows bool
		b.atOnce(t, w, func(tx *postgres.Tx) error {
			_, err := tx.OpenRequest(t.Context(), helpdesk.Request{
				ID: helpdesk.NewRequestID(), Channel: w.channel, OriginTS: ts, Requester: "U1", OpenedAt: now,
			}, []byte("text"), w.key)
			opened = err == nil
			return err
		}, func(tx *postgres.Tx) error {
			_, err := tx.Bury(t.Context(), w.channel, ts, now)
			if knows = err == nil; errors.Is(err, helpdesk.ErrNotFound) {
				return nil // it is buried
			}
			return err
		})
		if opened != knows {
			t.Fatalf("try %d: opened %v, and the deletion knows: %v", n, opened, knows)
		}
	}
}
