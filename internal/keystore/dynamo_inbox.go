package keystore

import (
	"context"
	"errors"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// deliveries is the partition of the keys of deliveries, in the order of their ids.
const deliveries = "deliveries"

func (d *dynamoRows) putInbox(ctx context.Context, id helpdesk.InboxID, wrapped []byte) error {
	i := at(deliveries, id.String())
	i["made_at"] = d.made()
	i.put("key_wrapped", wrapped)
	added, err := d.add(ctx, i)
	if err == nil && !added {
		err = errors.New("it has one")
	}
	return err
}

func (d *dynamoRows) inbox(ctx context.Context, id helpdesk.InboxID) ([]byte, error) {
	i, err := d.get(ctx, deliveries, id.String())
	if err == nil && i == nil {
		err = helpdesk.ErrErased
	}
	return i.bytes("key_wrapped"), err
}

func (d *dynamoRows) destroyInbox(ctx context.Context, ids []helpdesk.InboxID) error {
	var keys []item
	for _, id := range unique(ids) {
		keys = append(keys, at(deliveries, id.String()))
	}
	return d.remove(ctx, keys)
}

func (d *dynamoRows) oldInbox(ctx context.Context, before time.Time, after helpdesk.InboxID, limit int) (ids []helpdesk.InboxID, err error) {
	var id helpdesk.InboxID
	var broken error
	err = d.query(ctx, deliveries, after.String(), "made_at < :before", item{":before": num(before.UnixMicro())}, func(i item) bool {
		if broken = id.UnmarshalText([]byte(i.sk())); broken != nil {
			return false
		}
		ids = append(ids, id)
		return len(ids) < limit
	})
	return ids, errors.Join(err, broken)
}
