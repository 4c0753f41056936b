package keystore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The partitions of what outlives the keys: the mark, and the destroyed workspaces in the order of their ids.
const (
	markPartition = "mark"
	tombstones    = "tombstones"
)

// makeMark gives a table its mark, unless it has one: a migration does so in Postgres.
func (d *dynamoRows) makeMark(ctx context.Context) error {
	i := at(markPartition, sortKey)
	i["keystore_id"], i["mark_number"] = str(helpdesk.NewKeystoreID()), num(0)
	_, err := d.add(ctx, i)
	return err
}

func (d *dynamoRows) mark(ctx context.Context) (helpdesk.Mark, error) {
	i, err := d.get(ctx, markPartition, sortKey)
	if err == nil && i == nil {
		err = errors.New("there is none; it is made at the start")
	}
	return helpdesk.Mark{Keystore: i.text("keystore_id"), Number: i.number("mark_number")}, err
}

func (d *dynamoRows) raiseMark(ctx context.Context, number int64) error {
	_, err := d.update(ctx, at(markPartition, sortKey), "set mark_number = :n", "mark_number < :n", item{":n": num(number)})
	return err
}

// condemn is one transaction: there is no moment at which the key is gone and nothing says so. A second one keeps the time of
// the first.
func (d *dynamoRows) condemn(ctx context.Context, id helpdesk.WorkspaceID) error {
	_, err := d.transact(ctx,
		types.TransactWriteItem{Update: &types.Update{
			TableName: d.table, Key: at(partition(id), sortKey),
			UpdateExpression: aws.String("remove key_wrapped, key_before, field_key"), ConditionExpression: aws.String("attribute_exists(pk)"),
		}},
		types.TransactWriteItem{Update: &types.Update{
			TableName: d.table, Key: at(tombstones, id.String()), ExpressionAttributeValues: item{":at": d.made()},
			UpdateExpression: aws.String("set destroyed_at = if_not_exists(destroyed_at, :at)"),
		}})
	return err
}

func (d *dynamoRows) tombstones(ctx context.Context, after helpdesk.WorkspaceID, limit int) (found []helpdesk.Tombstone, err error) {
	var broken error
	err = d.query(ctx, tombstones, after.String(), "", nil, func(i item) bool {
		t := helpdesk.Tombstone{DestroyedAt: time.UnixMicro(i.number("destroyed_at"))}
		if broken = t.Workspace.UnmarshalText([]byte(i.sk())); broken != nil {
			return false
		}
		found = append(found, t)
		return len(found) < limit
	})
	return found, errors.Join(err, broken)
}

func (d *dynamoRows) keysLeft(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) ([]Left, error) {
	var keys []item
	for _, id := range unique(ids) {
		keys = append(keys, requestItem(ws, id))
	}
	var left []Left
	err := d.getAll(ctx, keys, func(i item) error {
		id, err := i.requestID()
		r := i.request(id)
		left = append(left, Left{id, r.text != nil, r.summary != nil})
		return err
	})
	return left, err
}

func (d *dynamoRows) inboxKeysLeft(ctx context.Context, ids []helpdesk.InboxID) (left []helpdesk.InboxID, err error) {
	var keys []item
	for _, id := range unique(ids) {
		keys = append(keys, at(deliveries, id.String()))
	}
	err = d.getAll(ctx, keys, func(i item) error {
		var id helpdesk.InboxID
		err := id.UnmarshalText([]byte(i.sk()))
		left = append(left, id)
		return err
	})
	return left, err
}
