package keystore

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (d *dynamoRows) get(ctx context.Context, pk, sk string) (item, error) {
	out, err := d.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: d.table, Key: at(pk, sk), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// add puts an item unless there is one, and reports whether it did.
func (d *dynamoRows) add(ctx context.Context, i item) (bool, error) {
	_, err := d.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: d.table, Item: i, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	return met(err)
}

// met reports whether the condition of a call was met.
func met(err error) (bool, error) {
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return false, nil
	}
	return err == nil, err
}

// update changes an item that meets a condition, and reports whether one did.
func (d *dynamoRows) update(ctx context.Context, at item, change, condition string, values item) (bool, error) {
	_, err := d.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: d.table, Key: at, UpdateExpression: aws.String(change), ConditionExpression: aws.String(condition), ExpressionAttributeValues: values,
	})
	return met(err)
}

// is is the condition that an attribute has a value, or where there is none that it is not there.
func is(attribute, name string, value []byte, values item) string {
	if value == nil {
		return "attribute_not_exists(" + attribute + ")"
	}
	values[name] = bin(value)
	return attribute + " = " + name
}

// query calls f for the items of a partition whose sort key comes after one, in order, until f returns false. filter, where
// not empty, is an expression over values.
func (d *dynamoRows) query(ctx context.Context, pk, after, filter string, values item, f func(item) bool) error {
	in := d.queryInput(pk, after, filter, values)
	for {
		out, err := d.client.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			if !f(i) {
				return nil
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			return nil
		}
	}
}

// countItems counts the items of a partition after a sort key, and those of them that pass a filter.
func (d *dynamoRows) countItems(ctx context.Context, pk, after, filter string, values item) (all, passed int64, err error) {
	in := d.queryInput(pk, after, filter, values)
	in.Select = types.SelectCount
	for {
		out, err := d.client.Query(ctx, in)
		if err != nil {
			return 0, 0, err
		}
		all, passed = all+int64(out.ScannedCount), passed+int64(out.Count)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			return all, passed, nil
		}
	}
}

func (d *dynamoRows) queryInput(pk, after, filter string, values item) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName: d.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk and sk > :after"),
		ExpressionAttributeValues: item{":pk": str(pk), ":after": str(after)},
	}
	if filter != "" {
		in.FilterExpression = aws.String(filter)
		for name, v := range values {
			in.ExpressionAttributeValues[name] = v
		}
	}
	return in
}

// remove deletes items. Harmless when repeated.
func (d *dynamoRows) remove(ctx context.Context, keys []item) error {
	for len(keys) > 0 {
		n := min(len(keys), dynamoBatch)
		var requests []types.WriteRequest
		for _, k := range keys[:n] {
			requests = append(requests, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}})
		}
		for requests != nil {
			out, err := d.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*d.table: requests}})
			if err != nil {
				return err
			}
			if requests = out.UnprocessedItems[*d.table]; len(requests) == 0 {
				break
			}
			if err := pause(ctx); err != nil {
				return err
			}
		}
		keys = keys[n:]
	}
	return nil
}

// getAll calls f for items, each read by itself and in no order; those that are not there are left out.
func (d *dynamoRows) getAll(ctx context.Context, keys []item, f func(item) error) error {
	for batch := range slices.Chunk(keys, dynamoReads) {
		var asked []map[string]types.AttributeValue
		for _, k := range batch {
			asked = append(asked, k)
		}
		for {
			out, err := d.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: map[string]types.KeysAndAttributes{*d.table: {Keys: asked, ConsistentRead: aws.Bool(true)}},
			})
			if err != nil {
				return err
			}
			for _, i := range out.Responses[*d.table] {
				if err := f(i); err != nil {
					return err
				}
			}
			if asked = out.UnprocessedKeys[*d.table].Keys; len(asked) == 0 {
				break
			}
			if err := pause(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// transact changes several items as one, and tells which of them is the first that does not meet its condition; -1 where all do.
func (d *dynamoRows) transact(ctx context.Context, parts ...types.TransactWriteItem) (unmet int, err error) {
	for {
		_, err := d.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: parts})
		cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
		if !ok {
			return -1, err
		}
		for n, reason := range cancelled.CancellationReasons {
			if aws.ToString(reason.Code) == "ConditionalCheckFailed" {
				return n, nil
			}
		}
		if err := pause(ctx); err != nil { // another transaction had one of the items
			return -1, err
		}
	}
}

// unique are ids without repetition: a batch that names an item twice is refused.
func unique[ID ~[16]byte](ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// backoff is before a call that DynamoDB has refused for now. The SDK's own begins at seconds, this at milliseconds.
func backoff(attempt int, _ error) (time.Duration, error) {
	return 5*time.Millisecond + rand.N(25*time.Millisecond<<min(attempt, 5)), nil //nolint:gosec // it only spreads the calls
}

// pause is before a call that DynamoDB, though well, did not do at once.
func pause(ctx context.Context) error {
	wait, _ := backoff(1, nil)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// each calls f for 0 to n-1, some at once, and returns what failed.
func each(n int, f func(int) error) error {
	var wg sync.WaitGroup
	errs, free := make([]error, n), make(chan struct{}, dynamoAtOnce)
	for i := range n {
		free <- struct{}{}
		wg.Go(func() {
			errs[i] = f(i)
			<-free
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
