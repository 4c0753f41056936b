package keystore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The sort keys of a workspace's partition: its key comes first.
const (
	sortKey     = "key"
	sortRequest = "request/" // and an id
)

func partition(id helpdesk.WorkspaceID) string { return "workspace/" + id.String() }

func (d *dynamoRows) ingress(ctx context.Context) ([]byte, error) {
	i, err := d.get(ctx, "ingress", sortKey)
	if err == nil && i == nil {
		err = helpdesk.ErrErased
	}
	return i.bytes("key_wrapped"), err
}

func (d *dynamoRows) putIngress(ctx context.Context, wrapped []byte) error {
	i := at("ingress", sortKey)
	i.put("key_wrapped", wrapped)
	_, err := d.add(ctx, i)
	return err
}

func (d *dynamoRows) swapIngress(ctx context.Context, from, to []byte) (bool, error) {
	return d.update(ctx, at("ingress", sortKey), "set key_wrapped = :to", "key_wrapped = :from", item{":from": bin(from), ":to": bin(to)})
}

func (d *dynamoRows) putWorkspace(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow) error {
	i := at(partition(id), sortKey)
	i["key_version"], i["made_at"] = num(w.version), d.made()
	i.put("key_wrapped", w.wrapped)
	i.put("field_key", w.field)
	_, err := d.add(ctx, i)
	return err
}

func (d *dynamoRows) workspace(ctx context.Context, id helpdesk.WorkspaceID) (workspaceRow, error) {
	i, err := d.get(ctx, partition(id), sortKey)
	if err != nil {
		return workspaceRow{}, err
	}
	return i.workspace()
}

// workspace reads the item; one without a key is condemned.
func (i item) workspace() (workspaceRow, error) {
	w := workspaceRow{
		version: i.number("key_version"), wrapped: i.bytes("key_wrapped"), before: i.bytes("key_before"), field: i.bytes("field_key"),
		since: time.UnixMicro(i.number("made_at")),
	}
	if w.wrapped == nil {
		return w, helpdesk.ErrErased
	}
	return w, nil
}

func (d *dynamoRows) swapWorkspace(ctx context.Context, id helpdesk.WorkspaceID, from, to workspaceRow) (bool, error) {
	values := item{":v": num(from.version), ":w": bin(from.wrapped), ":nv": num(to.version), ":nw": bin(to.wrapped), ":nf": bin(to.field)}
	change := "set key_version = :nv, key_wrapped = :nw, field_key = :nf"
	if to.version != from.version {
		change, values[":at"] = change+", made_at = :at", d.made()
	}
	if to.before != nil {
		change, values[":nb"] = change+", key_before = :nb", bin(to.before)
	} else {
		change += " remove key_before"
	}
	return d.update(ctx, at(partition(id), sortKey), change,
		"key_version = :v and key_wrapped = :w and "+is("key_before", ":b", from.before, values), values)
}

func (d *dynamoRows) deleteRequests(ctx context.Context, id helpdesk.WorkspaceID) (deleted int64, more bool, err error) {
	const batch = 20 * dynamoBatch
	var keys []item
	err = d.query(ctx, partition(id), sortRequest, "", nil, func(i item) bool {
		keys = append(keys, at(partition(id), i.sk()))
		return len(keys) < batch
	})
	if err != nil || len(keys) == 0 {
		return 0, false, err
	}
	return int64(len(keys)), true, d.remove(ctx, keys)
}

func (d *dynamoRows) deleteWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	out, err := d.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: d.table, Key: at(partition(id), sortKey), ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil || out.Attributes == nil {
		return 0, err
	}
	return 1, nil
}

func (d *dynamoRows) census(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	n, _, err := d.countItems(ctx, partition(id), " ", "", nil) // of everything: all sort keys come after a space
	return n, err
}
