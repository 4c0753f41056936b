package postgres_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Every method of a transaction, those of later migrations included, is called in one workspace with the ids of
// another. Nothing of the other may be seen or changed.
func TestNoMethodReachesAnotherWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, theirs := b.tenant(t, "T1", "C1"), b.tenant(t, "T2", "C2")
	before := b.picture(t, theirs)

	args := map[reflect.Type]reflect.Value{}
	for _, v := range []any{
		theirs.request, []helpdesk.RequestID{theirs.request}, theirs.channel, theirs.key, now.Add(time.Hour), time.Hour, int64(99), int(10), true, []byte("x"),
		helpdesk.Workspace{Team: "T2", Scopes: []string{"x"}, AuthorizedAt: now.Add(time.Hour), Installer: "UEVIL", Settings: helpdesk.DefaultSettings("UTC")},
		helpdesk.Request{ID: helpdesk.NewRequestID(), Channel: theirs.channel, OriginTS: "1.000001", Requester: "U1", OpenedAt: now},
		helpdesk.Progress{Version: 99, Status: helpdesk.Closed, Label: "x", Priority: helpdesk.Low},
		helpdesk.Triage{Label: "network", Priority: helpdesk.Low, Summary: "x", By: helpdesk.ByHuman},
		helpdesk.Deadlines{}, helpdesk.RoleAdmin, helpdesk.Posted{Channel: "CEVIL", TS: "9.000009", Version: 99},
		helpdesk.Reply{At: now.Add(time.Hour), User: "UEVIL"}, helpdesk.FirstResponse, helpdesk.Breach,
		helpdesk.SLAEvent{Clock: helpdesk.FirstResponse, Kind: helpdesk.Breach, Due: now, Outcome: helpdesk.NoticeSent},
		helpdesk.Notice{Recipient: "UEVIL", State: helpdesk.NoticeDelivered},
		helpdesk.PurgeOrdered, helpdesk.PurgeKeys, []helpdesk.InboxID{helpdesk.NewInboxID(now)}, []postgres.Run{{WorkflowID: "request/1"}},
		helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditRole}, func(helpdesk.AuditEntry) error { return nil },
		helpdesk.DataRequest{ID: helpdesk.NewDataRequestID(now), Kind: helpdesk.PersonErasure, Person: "U1", Pseudonym: helpdesk.NewPseudonym(), AskedAt: now, DueAt: now},
		helpdesk.DataRequestID{1}, helpdesk.EraseNames, helpdesk.DataErased, helpdesk.PersonTally{}, postgres.PersonSheets()[0], [32]byte{1},
		helpdesk.ScopeDeletion, helpdesk.ErasureID{1}, helpdesk.CertificateID{1}, postgres.Certificate{ID: helpdesk.NewCertificateID(), Number: 1},
	} {
		args[reflect.TypeOf(v)] = reflect.ValueOf(v)
	}
	theirStrings := map[string]string{ // the string that would hit a row of theirs
		"Bury": "1.000001", "ReplaceText": "9999999999.000001", "Role": "UADMIN", "Reserve": "chat.update", "Block": "chat.update", "Point": "T2", "PutAgent": "UADMIN", "RemoveAgent": "UADMIN", "ChannelBySlackID": "C2", "RequestByOrigin": "1.000001",
	}
	txType := reflect.TypeOf((*postgres.Tx)(nil))
	for i := range txType.NumMethod() {
		method := txType.Method(i)
		err := b.in(t, mine.id, func(ctx context.Context, tx *postgres.Tx) error {
			in := []reflect.Value{reflect.ValueOf(tx), reflect.ValueOf(ctx)}
			for p := 2; p < method.Type.NumIn(); p++ {
				kind := method.Type.In(p)
				if kind.Kind() == reflect.String && kind == reflect.TypeOf("") {
					text := theirStrings[method.Name]
					if text == "" {
						text = "C2"
					}
					in = append(in, reflect.ValueOf(text))
					continue
				}
				v, ok := args[kind]
				if !ok {
					t.Fatalf("%s: give this test an argument of type %s", method.Name, kind)
				}
				in = append(in, v)
			}
			call := method.Func.Call
			if method.Type.IsVariadic() {
				call = method.Func.CallSlice
			}
			out := call(in)
			if err, ok := out[len(out)-1].Interface().(error); ok {
				return err
			}
			return nil
		})
		_ = err // most refuse, some change nothing or something of mine: what counts is the picture
		if after := b.picture(t, theirs); !reflect.DeepEqual(before, after) {
			t.Fatalf("%s changed another workspace:\nbefore %+v\nafter  %+v", method.Name, before, after)
		}
	}
	for name, read := range map[string]func(context.Context, *postgres.Tx) error{
		"request": func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Request(ctx, theirs.request)
			return err
		},
		"channel": func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Channel(ctx, theirs.channel)
			return err
		},
		"summary": func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Summary(ctx, theirs.request, theirs.key)
			return err
		},
	} {
		if err := b.in(t, mine.id, read); !errors.Is(err, helpdesk.ErrNotFound) {
			t.Errorf("%s of another workspace: %v, want ErrNotFound", name, err)
		}
	}
	err := b.in(t, mine.id, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.RequestText(ctx, theirs.request, theirs.key)
		return err
	})
	if !errors.Is(err, helpdesk.ErrErased) {
		t.Errorf("text of another workspace: %v, want it to look erased", err)
	}
}

// picture is everything of a workspace that its methods show.
func (b *bundle) picture(t *testing.T, w tenant) map[string]any {
	t.Helper()
	p := map[string]any{}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) (err error) {
		for name, f := range map[string]func() (any, error){
			"workspace": func() (any, error) { return tx.Workspace(ctx) },
			"agents":    func() (any, error) { return tx.Agents(ctx) },
			"channel":   func() (any, error) { return tx.Channel(ctx, w.channel) },
			"request":   func() (any, error) { return tx.Request(ctx, w.request) },
			"text":      func() (any, error) { return tx.RequestText(ctx, w.request, w.key) },
			"token":     func() (any, error) { return tx.Token(ctx, w.key) },
			"bots":      func() (any, error) { return tx.BotAllowed(ctx, w.channel, "C2") },
			"event":     func() (any, error) { return tx.SLAEvent(ctx, w.request, helpdesk.FirstResponse, helpdesk.Breach) },
			"notices":   func() (any, error) { return tx.Notices(ctx, w.request, helpdesk.FirstResponse, helpdesk.Breach) },
			"pace":      func() (any, error) { return tx.Reserve(ctx, "chat.update", now, 0, 0) },
			"role":      func() (any, error) { return tx.Role(ctx, "UADMIN") },
			"channels":  func() (any, error) { return tx.Channels(ctx) },
			"open":      func() (any, error) { return tx.OpenRequests(ctx, w.channel, helpdesk.RequestID{}, 10) },
		} {
			if p[name], err = f(); err != nil {
				return err
			}
		}
		return nil
	})
	id, err := b.store.Installed(t.Context(), "T2")
	if err != nil {
		t.Fatal(err)
	}
	p["installation"] = id
	return p
}

func TestTextDoesNotOpenInAnotherPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.tenant(t, "T1", "C1"), b.tenant(t, "T2", "C2")
	b.must(t, two.id, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.RequestText(ctx, two.request, one.key); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("opened with the key of another request: %v", err)
		}
		return nil
	})
}
