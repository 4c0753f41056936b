// Package dynamosim is a stand-in for DynamoDB that speaks its HTTP protocol: items, conditional writes, transactions,
// batches and queries in pages, of tables with string keys pk and sk, in memory. It holds to DynamoDB's limits, checks no
// signature, and can be told to disturb.
package dynamosim

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Server is a running DynamoDB.
type Server struct {
	mu     sync.Mutex
	tables map[string]*Table
}

// Table is a table with what can be set from outside. Set it before it is used.
type Table struct {
	Recovery bool // point-in-time recovery is on
	Backups  int  // that somebody has made
	Stream   bool
	Replicas int

	Page    int // how many items a query goes through at most; 0 is all
	Disturb int // every so many calls one is throttled, overtaken by a transaction or done in part; 0 is none

	Overtake func(operation string) // happens before each call, where set

	mu    sync.Mutex
	items map[place]item
	calls int
}

// place is an item's primary key.
type place struct{ pk, sk string }

// New makes a DynamoDB without tables.
func New() *Server { return &Server{tables: make(map[string]*Table)} }

// Create adds a table.
func (s *Server) Create(name string, t *Table) {
	t.items = make(map[place]item)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[name] = t
}

// Edit changes an item, as somebody with access to the table might. f gets attributes in base64, and may delete some.
func (t *Table) Edit(pk, sk string, f func(binary map[string]string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := maps.Clone(t.items[place{pk, sk}])
	binary := map[string]string{}
	for name, v := range i {
		if b, ok := v["B"]; ok {
			binary[name] = b
			delete(i, name)
		}
	}
	f(binary)
	for name, b := range binary {
		i[name] = value{"B": b}
	}
	t.items[place{pk, sk}] = i
}

// Move gives an item another key.
func (t *Table) Move(fromPK, fromSK, toPK, toSK string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := maps.Clone(t.items[place{fromPK, fromSK}])
	i["pk"], i["sk"] = value{"S": toPK}, value{"S": toSK}
	delete(t.items, place{fromPK, fromSK})
	t.items[place{toPK, toSK}] = i
}

// item is what is stored under a key, by name of attribute. It is replaced, never changed.
type item map[string]value

// value is an attribute as in the protocol: one of S, N and B, the last in base64.
type value map[string]string

func (i item) place() place { return place{i["pk"]["S"], i["sk"]["S"]} }

// sorted are the keys in order.
func (t *Table) sorted() []place {
	return slices.SortedFunc(maps.Keys(t.items), func(a, b place) int { return cmp.Or(strings.Compare(a.pk, b.pk), strings.Compare(a.sk, b.sk)) })
}

// fault is an answer that is none.
type fault struct {
	kind    string
	reasons []string // why each part of a transaction failed
}

func (f fault) Error() string { return f.kind }

var (
	errCondition  = fault{kind: "ConditionalCheckFailedException"}
	errThrottled  = fault{kind: "ProvisionedThroughputExceededException"}
	errConflict   = fault{kind: "TransactionConflictException"}
	errValidation = fault{kind: "ValidationException"}
	errNoTable    = fault{kind: "ResourceNotFoundException"}
)

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
	var in request
	out, err := any(nil), error(fault{kind: "SerializationException"})
	if json.NewDecoder(r.Body).Decode(&in) == nil {
		out, err = s.do(operation, in)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err == nil {
		_ = json.NewEncoder(w).Encode(out) // the client may be gone
		return
	}
	body := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + err.Error(), "message": "refused"}
	if f, ok := err.(fault); ok && f.reasons != nil { //nolint:errorlint // our own, never wrapped
		var reasons []map[string]string
		for _, code := range f.reasons {
			reasons = append(reasons, map[string]string{"Code": code})
		}
		body["CancellationReasons"] = reasons
	}
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
