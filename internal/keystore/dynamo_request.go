package keystore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func requestItem(ws helpdesk.WorkspaceID, id helpdesk.RequestID) item {
	return at(partition(ws), sortRequest+id.String())
}

// requestID reads the id out of the sort key.
func (i item) requestID() (id helpdesk.RequestID, err error) {
	err = id.UnmarshalText([]byte(i.sk()[len(sortRequest):]))
	return id, err
}

// The check and the put are one transaction: neither a purge nor a new version comes in between.
func (d *dynamoRows) putRequest(ctx context.Context, ws helpdesk.WorkspaceID, r requestRow) (bool, error) {
	i := requestItem(ws, r.id)
	i["key_version"], i["made_at"] = num(r.version), d.made()
	i.put("text_key", r.text)
	i.put("summary_key", r.summary)
	unmet, err := d.transact(ctx,
		types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: d.table, Key: at(partition(ws), sortKey), ExpressionAttributeValues: item{":v": num(r.version)},
			ConditionExpression: aws.String("key_version = :v and attribute_exists(key_wrapped)"),
		}},
		types.TransactWriteItem{Put: &types.Put{TableName: d.table, Item: i, ConditionExpression: aws.String("attribute_not_exists(pk)")}})
	return err == nil && unmet != 0, err // 0: the key is of another version, or gone; 1: the request is there already
}

// The items are read in one call, but not in one instant: where they do not fit, the key was replaced in between.
func (d *dynamoRows) requests(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) ([]requestRow, workspaceRow, error) {
	for {
		found, w, err := d.together(ctx, ws, ids)
		odd := func(r requestRow) bool {
			return r.version != w.version && (r.version != w.version-1 || w.before == nil)
		}
		if err != nil || !slices.ContainsFunc(found, odd) {
			return found, w, err
		}
		if err := pause(ctx); err != nil {
			return nil, w, err
		}
	}
}

func (d *dynamoRows) together(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) (found []requestRow, w workspaceRow, err error) {
	keys := []item{at(partition(ws), sortKey)}
	for _, id := range unique(ids) {
		keys = append(keys, requestItem(ws, id))
	}
	var workspace item
	err = d.getAll(ctx, keys, func(i item) error {
		if i.sk() == sortKey {
			workspace = i
			return nil
		}
		id, err := i.requestID()
		found = append(found, i.request(id))
		return err
	})
	if err == nil {
		w, err = workspace.workspace()
	}
	return found, w, err
}

func (i item) request(id helpdesk.RequestID) requestRow {
	return requestRow{id: id, version: i.number("key_version"), text: i.bytes("text_key"), summary: i.bytes("summary_key")}
}

func (d *dynamoRows) destroy(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID, text, summary bool) error {
	var keys []item
	for _, id := range ids {
		keys = append(keys, requestItem(ws, id))
	}
	switch {
	case text && summary:
		return each(len(keys), func(n int) error { return d.delete(ctx, keys[n], "") })
	case text:
		return d.destroyOne(ctx, keys, "text_key")
	case summary:
		return d.destroyOne(ctx, keys, "summary_key")
	}
	return nil
}

// destroyOne destroys one key of each request, and the item where that was the last one.
func (d *dynamoRows) destroyOne(ctx context.Context, keys []item, attribute string) error {
	return each(len(keys), func(n int) error {
		there, err := d.update(ctx, keys[n], "remove "+attribute, "attribute_exists(pk)", nil)
		if err != nil || !there {
			return err
		}
		return d.delete(ctx, keys[n], "attribute_not_exists(text_key) and attribute_not_exists(summary_key)")
	})
}

// delete deletes an item, if it meets a condition.
func (d *dynamoRows) delete(ctx context.Context, at item, condition string) error {
	in := &dynamodb.DeleteItemInput{TableName: d.table, Key: at}
	if condition != "" {
		in.ConditionExpression = aws.String(condition)
	}
	_, err := d.client.DeleteItem(ctx, in)
	_, err = met(err)
	return err
}

func (d *dynamoRows) oldRequests(ctx context.Context, ws helpdesk.WorkspaceID, before time.Time, after helpdesk.RequestID, limit int) (ids []helpdesk.RequestID, err error) {
	err = d.eachRequest(ctx, ws, after, limit, "made_at < :before", item{":before": num(before.UnixMicro())}, func(id helpdesk.RequestID, _ item) {
		ids = append(ids, id)
	})
	return ids, err
}

func (d *dynamoRows) outdated(ctx context.Context, ws helpdesk.WorkspaceID, version int64, after helpdesk.RequestID, limit int) (rows []requestRow, err error) {
	err = d.eachRequest(ctx, ws, after, limit, "key_version < :v", item{":v": num(version)}, func(id helpdesk.RequestID, i item) {
		rows = append(rows, i.request(id))
	})
	return rows, err
}

// eachRequest calls f for the requests of a workspace after an id that pass a filter, in id order, at most limit.
func (d *dynamoRows) eachRequest(ctx context.Context, ws helpdesk.WorkspaceID, after helpdesk.RequestID, limit int, filter string, values item, f func(helpdesk.RequestID, item)) error {
	var id helpdesk.RequestID
	var broken error
	n := 0
	err := d.query(ctx, partition(ws), sortRequest+after.String(), filter, values, func(i item) bool {
		if id, broken = i.requestID(); broken != nil {
			return false
		}
		f(id, i)
		n++
		return n < limit
	})
	return errors.Join(err, broken)
}

func (d *dynamoRows) swapRequests(ctx context.Context, ws helpdesk.WorkspaceID, from, to []requestRow) error {
	return each(len(from), func(n int) error {
		f, t := from[n], to[n]
		values := item{":v": num(f.version), ":nv": num(t.version)}
		change := "set key_version = :nv"
		for _, k := range []struct {
			attribute, name string
			value           []byte
		}{{"text_key", ":nt", t.text}, {"summary_key", ":ns", t.summary}} {
			if k.value != nil {
				change, values[k.name] = change+", "+k.attribute+" = "+k.name, bin(k.value)
			}
		}
		_, err := d.update(ctx, requestItem(ws, f.id), change,
			"key_version = :v and "+is("text_key", ":t", f.text, values)+" and "+is("summary_key", ":s", f.summary, values), values)
		return err
	})
}

func (d *dynamoRows) count(ctx context.Context, ws helpdesk.WorkspaceID, version int64) (all, older int64, err error) {
	return d.countItems(ctx, partition(ws), sortRequest, "key_version < :v", item{":v": num(version)})
}
