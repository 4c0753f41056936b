package dynamosim

import (
	"encoding/json"
	"maps"
	"runtime"
)

// DynamoDB's limits on one call.
const (
	maxWrites = 25
	maxReads  = 100
)

// request holds the fields of all operations.
type request struct {
	write
	KeyConditionExpression string
	FilterExpression       string
	ReturnValues           string
	ExclusiveStartKey      item
	Select                 string
	RequestItems           map[string]json.RawMessage
	TransactItems          []map[string]write // by what it is to do
}

// write is one change of one item, if it meets a condition.
type write struct {
	TableName                 string
	Key                       item
	Item                      item
	ConditionExpression       string
	UpdateExpression          string
	ExpressionAttributeValues map[string]value
}

func (s *Server) do(operation string, in request) (any, error) {
	name := in.TableName
	for table := range in.RequestItems {
		name = table
	}
	for _, part := range in.TransactItems {
		for _, w := range part {
			name = w.TableName
		}
	}
	s.mu.Lock()
	t := s.tables[name]
	s.mu.Unlock()
	if t == nil {
		return nil, errNoTable
	}
	if t.Overtake != nil {
		t.Overtake(operation)
	}
	switch operation {
	case "DescribeTable":
		return t.describe(name), nil
	case "DescribeContinuousBackups":
		return t.describeBackups(), nil
	case "ListBackups":
		return map[string]any{"BackupSummaries": make([]map[string]any, t.Backups)}, nil
	case "BatchGetItem":
		return t.batchGet(name, in.RequestItems[name])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	disturbed := t.disturbed()
	switch operation {
	case "BatchWriteItem":
		return t.batchWrite(name, in.RequestItems[name], disturbed)
	case "TransactWriteItems":
		return t.transact(in.TransactItems, disturbed)
	}
	switch {
	case disturbed && operation == "UpdateItem":
		return nil, errConflict
	case disturbed:
		return nil, errThrottled
	}
	switch operation {
	case "GetItem":
		if i, ok := t.items[in.Key.place()]; ok {
			return map[string]any{"Item": i}, nil
		}
		return map[string]any{}, nil
	case "Query":
		return t.query(in)
	case "PutItem", "UpdateItem", "DeleteItem":
		return t.one(operation, in)
	}
	return nil, fault{kind: "UnknownOperationException"}
}

// disturbed reports whether this call is one to disturb.
func (t *Table) disturbed() bool {
	t.calls++
	return t.Disturb > 0 && t.calls%t.Disturb == 0
}

func (t *Table) describe(name string) any {
	table := map[string]any{
		"TableName": name, "TableStatus": "ACTIVE", "TableArn": "arn:aws:dynamodb:eu-central-1:111122223333:table/" + name,
		"Replicas": make([]map[string]any, t.Replicas),
	}
	if t.Stream {
		table["StreamSpecification"] = map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}
	}
	return map[string]any{"Table": table}
}

func (t *Table) describeBackups() any {
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}[t.Recovery]
	return map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": map[string]any{"PointInTimeRecoveryStatus": status},
	}}
}

// one changes one item.
func (t *Table) one(operation string, in request) (any, error) {
	key := in.Key
	if operation == "PutItem" {
		key = in.Item
	}
	at, used := key.place(), map[string]bool{}
	before, there := t.items[at]
	met, ok := holds(in.ConditionExpression, in.ExpressionAttributeValues, used, before)
	after := in.Item
	if operation == "UpdateItem" {
		after = updated(before, key)
		ok = change(in.UpdateExpression, in.ExpressionAttributeValues, used, after) && ok
	}
	switch {
	case !ok || at.pk == "" || at.sk == "" || len(used) != len(in.ExpressionAttributeValues):
		return nil, errValidation
	case !met:
		return nil, errCondition
	case operation == "DeleteItem":
		delete(t.items, at)
	default:
		t.items[at] = after
	}
	if in.ReturnValues == "ALL_OLD" && there {
		return map[string]any{"Attributes": before}, nil
	}
	return map[string]any{}, nil
}

// transact makes all changes, or none where one does not meet its condition.
func (t *Table) transact(parts []map[string]write, disturbed bool) (any, error) {
	reasons, failed, after := make([]string, len(parts)), false, map[place]item{}
	for n, part := range parts {
		reasons[n] = "None"
		for kind, w := range part {
			key, used := w.Key, map[string]bool{}
			if kind == "Put" {
				key = w.Item
			}
			before := t.items[key.place()]
			met, ok := holds(w.ConditionExpression, w.ExpressionAttributeValues, used, before)
			_, twice := after[key.place()]
			switch kind {
			case "Put":
				after[key.place()] = w.Item
			case "ConditionCheck":
				after[key.place()] = before
			case "Update":
				i := updated(before, key)
				ok = change(w.UpdateExpression, w.ExpressionAttributeValues, used, i) && ok
				after[key.place()] = i
			default:
				ok = false
			}
			switch {
			case !ok || twice || len(used) != len(w.ExpressionAttributeValues):
				return nil, errValidation
			case disturbed:
				reasons[n], failed = "TransactionConflict", true
			case !met:
				reasons[n], failed = "ConditionalCheckFailed", true
			}
		}
	}
	if failed {
		return nil, fault{"TransactionCanceledException", reasons}
	}
	for at, i := range after {
		if i != nil { // a check of what is not there
			t.items[at] = i
		}
	}
	return map[string]any{}, nil
}

// updated is an item to be changed, a new one where there is none.
func updated(before, key item) item {
	if before == nil {
		return maps.Clone(key)
	}
	return maps.Clone(before)
}

// batchGet reads one item after the other, each as it is at that moment.
func (t *Table) batchGet(name string, raw json.RawMessage) (any, error) {
	var in struct {
		Keys           []item
		ConsistentRead bool
	}
	if json.Unmarshal(raw, &in) != nil || len(in.Keys) == 0 || len(in.Keys) > maxReads || !in.ConsistentRead {
		return nil, errValidation
	}
	seen := map[place]bool{}
	for _, key := range in.Keys {
		if seen[key.place()] {
			return nil, errValidation
		}
		seen[key.place()] = true
	}
	found, left := []item{}, map[string]any{}
	for n, key := range in.Keys {
		t.mu.Lock()
		i, ok := t.items[key.place()]
		disturbed := t.disturbed()
		t.mu.Unlock()
		switch {
		case disturbed:
			left[name] = map[string]any{"Keys": in.Keys[n:], "ConsistentRead": true}
			return map[string]any{"Responses": map[string]any{name: found}, "UnprocessedKeys": left}, nil
		case ok:
			found = append(found, i)
		}
		runtime.Gosched() // lets others in between
	}
	return map[string]any{"Responses": map[string]any{name: found}, "UnprocessedKeys": left}, nil
}

// batchWrite deletes items.
func (t *Table) batchWrite(name string, raw json.RawMessage, disturbed bool) (any, error) {
	var in []struct{ DeleteRequest *struct{ Key item } }
	if json.Unmarshal(raw, &in) != nil || len(in) == 0 || len(in) > maxWrites {
		return nil, errValidation
	}
	seen := map[place]bool{}
	for _, w := range in {
		if w.DeleteRequest == nil || seen[w.DeleteRequest.Key.place()] {
			return nil, errValidation
		}
		seen[w.DeleteRequest.Key.place()] = true
	}
	left := map[string]any{}
	if disturbed {
		left[name] = in[len(in)/2:]
		in = in[:len(in)/2]
	}
	for _, w := range in {
		delete(t.items, w.DeleteRequest.Key.place())
	}
	return map[string]any{"UnprocessedItems": left}, nil
}

// query goes through a page of a partition.
func (t *Table) query(in request) (any, error) {
	used, found, scanned := map[string]bool{}, []item{}, 0
	out := map[string]any{}
	start := in.ExclusiveStartKey.place()
	for _, at := range t.sorted() {
		i := t.items[at]
		met, ok := holds(in.KeyConditionExpression, in.ExpressionAttributeValues, used, i)
		passed, fine := holds(in.FilterExpression, in.ExpressionAttributeValues, used, i)
		if !ok || !fine || in.KeyConditionExpression == "" {
			return nil, errValidation
		}
		if !met || in.ExclusiveStartKey != nil && at.sk <= start.sk {
			continue
		}
		scanned++
		if passed {
			found = append(found, i)
		}
		if scanned == t.Page {
			out["LastEvaluatedKey"] = item{"pk": i["pk"], "sk": i["sk"]}
			break
		}
	}
	out["Count"], out["ScannedCount"] = len(found), scanned
	if in.Select != "COUNT" {
		out["Items"] = found
	}
	return out, nil
}
