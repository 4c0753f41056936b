package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// The arguments by which a method finds something of a workspace, by their types.
func arguments(theirs possession) map[reflect.Type]reflect.Value {
	args := map[reflect.Type]reflect.Value{}
	person := "UTHEIRS"
	if theirs.name == "MISSING" {
		person += "0"
	}
	sheets := postgres.PersonSheets()
	roles := sheets[slices.IndexFunc(sheets, func(s postgres.Sheet) bool { return s.Name == "roles" })]
	for _, v := range []any{
		theirs.request, []helpdesk.RequestID{theirs.request}, theirs.channel, theirs.key, now.Add(time.Hour), time.Hour, int64(99), int(10), true, []byte("x"),
		helpdesk.Workspace{Team: "T2", Scopes: []string{"x"}, AuthorizedAt: now.Add(time.Hour), Installer: "UEVIL", Settings: helpdesk.DefaultSettings("UTC")},
		helpdesk.Request{ID: helpdesk.NewRequestID(), Channel: theirs.channel, OriginTS: "9.000009", Requester: "U1", OpenedAt: now},
		helpdesk.Progress{Version: 99, Status: helpdesk.Closed, Label: "x", Priority: helpdesk.Low},
		helpdesk.Triage{Label: "network", Priority: helpdesk.Low, Summary: "x", By: helpdesk.ByHuman},
		helpdesk.BYOM{Project: "evil", Location: "us", Model: "evil"}, helpdesk.ProviderLexical, helpdesk.Tokens{Input: 7},
		helpdesk.Deadlines{}, helpdesk.RoleAdmin, helpdesk.Posted{Channel: "CEVIL", TS: "9.000009", Version: 99},
		helpdesk.Reply{At: now.Add(time.Hour), User: "UEVIL"}, helpdesk.FirstResponse, helpdesk.Breach,
		helpdesk.SLAEvent{Clock: helpdesk.FirstResponse, Kind: helpdesk.Breach, Due: now, Outcome: helpdesk.NoticeMet},
		helpdesk.Notice{Recipient: "UEVIL", State: helpdesk.NoticeDelivered},
		helpdesk.PurgeOrdered, helpdesk.PurgeKeys, []helpdesk.InboxID{theirs.delivery}, []postgres.Run{{WorkflowID: "request/" + theirs.request.String(), RunID: "run"}},
		helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditRole}, func(helpdesk.AuditEntry) error { return nil },
		helpdesk.ScopeDeletion, theirs.erasure, theirs.certificate, postgres.Certificate{ID: helpdesk.NewCertificateID(), Number: 9, Document: []byte("x")},
		theirs.erasureOf(person), theirs.data, helpdesk.EraseNames, helpdesk.DataErased, helpdesk.PersonTally{Texts: 1}, roles, [32]byte{1},
		theirs.entry, []postgres.IndexedEntry{{Entry: helpdesk.Entry{ID: theirs.entry, Key: "KEVIL", Active: true}}}, helpdesk.Offer{Entry: theirs.entry, TS: "9.000009"}, helpdesk.Helpful,
		[]string{"x"}, []helpdesk.Label{{Key: "evil", Name: "Evil"}},
	} {
		args[reflect.TypeOf(v)] = reflect.ValueOf(v)
	}
	return args
}

// theirStrings are the strings that hit a row, by method; THEIRS stands for the name of the workspace.
var theirStrings = map[string]string{
	"Bury": "1.000001", "Role": "UTHEIRS", "HoldRole": "UTHEIRS", "Reserve": "method.THEIRS", "Block": "method.THEIRS", "Point": "TTHEIRS", "PutAgent": "UTHEIRS",
	"RemoveAgent": "UTHEIRS", "ChannelBySlackID": "CTHEIRS", "RequestByOrigin": "1.000001", "BotAllowed": "BTHEIRS",
	"BeginDataRequest": "UTHEIRS", "CensusPerson": "UTHEIRS", "DropPersonRole": "UTHEIRS", "PersonDeliveries": "UTHEIRS",
	"DropPersonDeliveries": "UTHEIRS", "DropPersonRequests": "UTHEIRS", "UntoldRequests": "UTHEIRS", "LivingOf": "UTHEIRS",
	"RenamePerson": "UTHEIRS", "FinishErasure": "UTHEIRS", "PreviewPerson": "UTHEIRS", "PersonRequests": "UTHEIRS", "RequestPage": "UTHEIRS",
	"SheetPage":   "UTHEIRS",
	"DropEntry":   "KTHEIRS",
	"JoinChannel": "CTHEIRS", "RenumberChannel": "CTHEIRS", "SetStaffChannel": "CTHEIRS",
}

// beforehand brings a database to where a method has something to do.
var beforehand = map[string]string{
	"PauseBYOM":       `update tenant.byom set version = 99`,
	"ResumeBYOM":      `update tenant.byom set version = 99, paused_at = now()`,
	"MarkPauseTold":   `update tenant.byom set version = 99, paused_at = now()`,
	"BeginPurge":      `delete from system.purge`,
	"AddRuns":         `delete from system.purge_run`,
	"FinishPurgeStep": `update system.purge set committed_at = now()`,
	"DeleteRows":      `update system.purge set committed_at = now()`,
	"DueScrubs":       `update tenant.request set scrub_at = opened_at`,
	"ReplaceText":     `update tenant.request set edited_ts = '9999999999.000001'`,
	"LivingOf":        `update tenant.request set assignee = requester`,
	"UntoldRequests":  `update tenant.request set requester = 'erased-0123456789abcdef'`,
	"Neighbours":      `insert into tenant.request_text select workspace_id, request_id, 'x', 'x' from tenant.request on conflict do nothing`,
	"RecordOffer":     `delete from tenant.kb_offer`,
	"OfferAnswers":    `update tenant.channel set offer_answers = false`,
	"CarriedLabels":   `update tenant.request set label = requester`,
	"Verdicts":        `update tenant.request set machine_label = requester, opened_at = 'infinity'`,
	"UnderWay":        `update system.inbox set next_at = 'infinity'`,
}

// outside is what a method may tell of other workspaces, and why.
var outside = map[string]string{
	"Point": "a Slack team means one workspace: whoever installs it a second time must hear that it is taken, not by whom",
}

// asking are the arguments of a method that ask for what a possession has.
func asking(t *testing.T, method reflect.Method, p possession) (in []reflect.Value, text string) {
	t.Helper()
	args := arguments(p)
	text, named := theirStrings[method.Name]
	if !named {
		text = "9999999999.000001" // neither name nor id: the same for all
	} else if p.name == "MISSING" {
		text += "0"
	}
	for n := 2; n < method.Type.NumIn(); n++ {
		switch kind := method.Type.In(n); {
		case method.Name == "SheetPage" && n == 4, method.Name == "RequestPage" && n == 3, method.Name == "Entries" && n == 3, method.Name == "Sealed" && n == 2: // from the beginning
			in = append(in, reflect.Zero(kind))
		case kind == reflect.TypeFor[string]():
			in = append(in, reflect.ValueOf(text))
		case kind == reflect.TypeFor[int64]() && method.Name == "RequestByNumber":
			in, text = append(in, reflect.ValueOf(p.number)), fmt.Sprintf("#%d", p.number)
		default:
			v, ok := args[kind]
			if !ok {
				t.Fatalf("%s: give this test an argument of type %s", method.Name, kind)
			}
			in = append(in, v)
		}
	}
	return in, text
}

// Every method of a transaction, those of later issues included, is called in one workspace with the ids of another. It
// shows nothing of the other and changes nothing of it; and it does and says what it would if there were no such ids.
func TestNoMethodReachesAnotherWorkspace(t *testing.T) {
	t.Parallel()
	for _, complaint := range isolate(t).methods(t) {
		t.Error(complaint)
	}
}

// methods calls every method, and tells which of them reach another workspace.
func (i *isolation) methods(t *testing.T) (complaints []string) {
	t.Helper()
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	txType := reflect.TypeFor[*postgres.Tx]()
	for n := range txType.NumMethod() {
		method := txType.Method(n)
		theirs, name := asking(t, method, i.theirs)
		missing, noName := asking(t, method, i.missing)
		before := beforehand[method.Name]

		// In their own workspace these arguments must hit, or the test would show nothing.
		own := i.call(t, i.theirs.workspace, method, theirs, before)
		none := i.call(t, i.nobody.workspace, method, theirs, before)
		if len(own.changed) == 0 && own.alike(i.theirs.workspace, theirs) == none.alike(i.nobody.workspace, theirs) {
			complain("%s: give this test arguments that find or change something where they belong; it shows %q", method.Name, own.shown)
		}
		for _, row := range own.changed {
			if strings.Contains(row, i.mine.workspace.String()) {
				complain("%s in their workspace changes mine: %s", method.Name, row)
			}
		}

		foreign := i.call(t, i.mine.workspace, method, theirs, before)
		unknown := i.call(t, i.mine.workspace, method, missing, before)
		asked := ids.FindAllString(strings.Join(show(theirs), " "), -1)
		for _, line := range append(foreign.shown, foreign.changed...) {
			for _, id := range append(i.theirIDs, "THEIRS") {
				if strings.Contains(strings.ReplaceAll(line, name, ""), id) && !slices.Contains(asked, id) {
					complain("%s reaches %s of another workspace: %s", method.Name, id, line)
					break
				}
			}
		}
		if got, want := foreign.alike(i.mine.workspace, theirs, name), unknown.alike(i.mine.workspace, missing, noName); got != want && outside[method.Name] == "" {
			complain("%s tells what is foreign from what is missing:\n%s\nand\n%s", method.Name, got, want)
		}
	}
	return complaints
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

func isNotFound(err error) bool { return errors.Is(err, helpdesk.ErrNotFound) }
