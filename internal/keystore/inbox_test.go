package keystore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestInboxKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		asked := b.wrapper.wraps.Load() + b.wrapper.unwraps.Load()
		var ids []helpdesk.InboxID
		for range 3 {
			id, key := helpdesk.NewInboxID(time.Now()), seal.NewKey()
			ids = append(ids, id)
			must(t, b.PutInboxKey(ctx, id, key))
			got, err := b.InboxKey(ctx, id)
			must(t, err)
			wantSame(t, "key of a delivery", got, key)
		}
		if n := b.wrapper.wraps.Load() + b.wrapper.unwraps.Load() - asked; n != 0 {
			t.Errorf("the wrapper was asked %d times before Slack has its answer", n)
		}

		must(t, b.DestroyInboxKeys(ctx)) // none
		must(t, b.DestroyInboxKeys(ctx, ids[:2]...))
		must(t, b.DestroyInboxKeys(ctx, ids[:2]...))
		for i, id := range ids {
			_, err := b.InboxKey(ctx, id)
			if i == 2 {
				must(t, err)
				continue
			}
			wantErased(t, "destroyed key", err)
		}
		_, err := b.InboxKey(ctx, helpdesk.NewInboxID(time.Now()))
		wantErased(t, "unknown delivery", err)
	})
}

func TestSecondKeyOfADeliveryIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		id, key := helpdesk.NewInboxID(time.Now()), seal.NewKey()
		must(t, b.PutInboxKey(ctx, id, key))
		if b.PutInboxKey(ctx, id, seal.NewKey()) == nil {
			t.Error("the key of a delivery was replaced")
		}
		got, err := b.InboxKey(ctx, id)
		must(t, err)
		wantSame(t, "first key", got, key)
	})
}

func TestMovedInboxKeyDoesNotOpen(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), setup(t)
	from, to := helpdesk.NewInboxID(time.Now()), helpdesk.NewInboxID(time.Now())
	must(t, b.PutInboxKey(ctx, from, seal.NewKey()))
	b.exec(t, `update keystore.inbox_key set inbox_id = $2 where inbox_id = $1`, from, to)
	if _, err := b.InboxKey(ctx, to); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("got %v, want %v", err, seal.ErrOpen)
	}
}
