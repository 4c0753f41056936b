package keystore_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/dynamosim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// dynamo is the stand-in of all tests; each has a table of its own.
var dynamo = dynamosim.New()

// TestMain gives AWS's libraries what they look for: the stand-in checks no signature.
func TestMain(m *testing.M) {
	server := httptest.NewServer(dynamo)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_ENDPOINT_URL_DYNAMODB": server.URL,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// freshTable is a bundle in DynamoDB, in short pages and with every seventh call disturbed.
func freshTable(t *testing.T) *bundle {
	t.Helper()
	name := "keys-" + helpdesk.NewRequestID().String()
	b := &bundle{wrapper: wrapper(t), url: secret.New("dynamodb://" + name), table: &dynamosim.Table{Page: 50, Disturb: 7}}
	dynamo.Create(name, b.table)
	return b
}

// A table that would bring back what was destroyed is refused.
func TestTableThatKeepsWhatIsDeletedIsRefused(t *testing.T) {
	t.Parallel()
	for says, table := range map[string]*dynamosim.Table{
		"point-in-time recovery is not disabled": {Recovery: true}, "it has backups": {Backups: 1}, "it has a stream": {Stream: true}, "it has replicas": {Replicas: 1},
	} {
		name := "keys-" + helpdesk.NewRequestID().String()
		dynamo.Create(name, table)
		_, err := keystore.Open(t.Context(), secret.New("dynamodb://"+name), wrapper(t))
		if !errors.Is(err, keystore.ErrBackups) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	if _, err := keystore.Open(t.Context(), secret.New("dynamodb://no-such-table"), wrapper(t)); err == nil || errors.Is(err, keystore.ErrBackups) {
		t.Errorf("no table: %v", err)
	}
}

// Wrapped keys do not travel in clear, either.
func TestEndpointInClearIsRefused(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://dynamodb.example.com")
	if _, err := keystore.Open(t.Context(), secret.New("dynamodb://keys"), wrapper(t)); err == nil || !strings.Contains(err.Error(), "neither https nor on this machine") {
		t.Errorf("got %v", err)
	}
}

// A wrapped key that somebody moves in the table opens nowhere else.
func TestMovedItemsDoNotOpen(t *testing.T) {
	t.Parallel()
	b := freshTable(t).fill(t)
	ctx, other, sibling := t.Context(), helpdesk.NewWorkspaceID(time.Now()), helpdesk.NewRequestID()
	must(t, b.CreateWorkspaceKey(ctx, other))
	must(t, b.CreateRequestKeys(ctx, b.workspace, sibling, seal.NewKey()))
	from, to := helpdesk.NewInboxID(time.Now()), helpdesk.NewInboxID(time.Now())
	must(t, b.PutInboxKey(ctx, from, seal.NewKey()))
	here := "workspace/" + b.workspace.String()

	b.table.Edit(here, "request/"+sibling.String(), func(keys map[string]string) { keys["summary_key"] = keys["text_key"] })
	_, column := b.RequestKeys(ctx, b.workspace, sibling)
	b.table.Move(here, "request/"+b.request.String(), "workspace/"+other.String(), "request/"+b.request.String())
	_, workspace := b.RequestKeys(ctx, other, b.request)
	b.table.Move("deliveries", from.String(), "deliveries", to.String())
	_, delivery := b.InboxKey(ctx, to)
	b.table.Move(here, "key", "workspace/"+other.String(), "key")
	_, key := b.open(t).WorkspaceKey(ctx, other)
	for what, err := range map[string]error{"to another column": column, "to another workspace": workspace, "to another delivery": delivery, "workspace key": key} {
		if !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: got %v, want %v", what, err, seal.ErrOpen)
		}
	}
}

func TestOldKeysAreListedInPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		want := len(b.requests(t, 119)) + 1
		var deliveries []helpdesk.InboxID
		for range 60 {
			deliveries = append(deliveries, helpdesk.NewInboxID(time.Now()))
			must(t, b.PutInboxKey(ctx, deliveries[len(deliveries)-1], seal.NewKey()))
		}
		requests, inbox := 0, 0
		var last helpdesk.RequestID
		for {
			ids := must1(b.OldRequestKeys(ctx, b.workspace, time.Now().Add(time.Hour), last, 50))(t)
			if len(ids) == 0 {
				break
			}
			for _, id := range ids {
				if id.String() <= last.String() {
					t.Errorf("%s after %s", id, last)
				}
				last = id
			}
			requests += len(ids)
		}
		var after helpdesk.InboxID
		for {
			ids := must1(b.OldInboxKeys(ctx, time.Now().Add(time.Hour), after, 25))(t)
			if len(ids) == 0 {
				break
			}
			after, inbox = ids[len(ids)-1], inbox+len(ids)
		}
		if requests != want || inbox != 60 {
			t.Errorf("listed %d requests and %d deliveries, want %d and 60", requests, inbox, want)
		}
		past := time.Now().Add(-time.Hour)
		if ids := must1(b.OldRequestKeys(ctx, b.workspace, past, helpdesk.RequestID{}, 50))(t); len(ids) != 0 {
			t.Errorf("%d requests are older than they are", len(ids))
		}
		if ids := must1(b.OldInboxKeys(ctx, past, helpdesk.InboxID{}, 50))(t); len(ids) != 0 {
			t.Errorf("%d deliveries are older than they are", len(ids))
		}
		must(t, b.DestroyInboxKeys(ctx, append(deliveries, deliveries...)...))
		if ids := must1(b.OldInboxKeys(ctx, time.Now().Add(time.Hour), helpdesk.InboxID{}, 50))(t); len(ids) != 0 {
			t.Errorf("%d deliveries are left", len(ids))
		}
	})
}
