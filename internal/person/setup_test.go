package person_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/person"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/workflows/names"
)

const (
	rita = "U0RITA" // everywhere
	alex = "U0ALEX" // the other admin
)

// temporal stands for the server: it knows which workflows run, and does what they would when they are told.
type temporal struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu      sync.Mutex
	running map[string]func(signal string, arg []byte)
	told    []string
}

func (s *temporal) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (s *temporal) SignalWorkflowExecution(_ context.Context, in *workflowservice.SignalWorkflowExecutionRequest) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := in.GetWorkflowExecution().GetWorkflowId()
	hear, ok := s.running[id]
	if !ok {
		return nil, serviceerror.ToStatus(serviceerror.NewNotFound("no such workflow")).Err()
	}
	s.told = append(s.told, in.GetSignalName())
	hear(in.GetSignalName(), in.GetInput().GetPayloads()[0].GetData())
	return &workflowservice.SignalWorkflowExecutionResponse{}, nil
}

// serve starts the stand-in and returns a client of it.
func (s *temporal) serve(t *testing.T) client.Client {
	t.Helper()
	listener := must((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c := must(client.NewLazyClient(client.Options{
		HostPort: listener.Addr().String(), Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}))(t)
	t.Cleanup(c.Close)
	return c
}

// bundle is a workspace in real databases in which Rita is everywhere, and one of another team with a Rita of its own.
type bundle struct {
	*person.Eraser
	temporal  *temporal
	admin     secret.Value
	workspace helpdesk.WorkspaceID
	other     helpdesk.WorkspaceID
	requests  map[string]helpdesk.RequestID // by what they are
	mu        sync.Mutex
	now       time.Time
	opened    time.Time
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) later(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	app, admin := postgrestest.Main(t)
	keysURL, _ := postgrestest.Keystore(t)
	store := must(postgres.Open(t.Context(), app))(t)
	t.Cleanup(store.Close)
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := must(keystore.Open(t.Context(), keysURL, must(seal.OpenLocal(file, false))(t)))(t)
	t.Cleanup(keys.Close)
	b := &bundle{
		admin: admin, temporal: &temporal{running: make(map[string]func(string, []byte))}, requests: make(map[string]helpdesk.RequestID),
		opened: time.Now().UTC().Truncate(time.Second),
	}
	b.now = b.opened
	b.Eraser = &person.Eraser{
		Store: store, Keys: keys, Temporal: b.temporal.serve(t), Signer: must(certificate.NewSigner(key))(t),
		Log: slog.New(slog.DiscardHandler), Now: b.clock,
	}
	b.other = b.install(t, "T2")
	b.fill(t, "foreign-")
	b.workspace = b.install(t, "T1")
	b.fill(t, "")
	return b
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.Store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// install makes a workspace that Rita has installed, with Alex as another admin, and makes it the bundle's.
func (b *bundle) install(t *testing.T, team string) helpdesk.WorkspaceID {
	t.Helper()
	b.workspace = helpdesk.NewWorkspaceID(b.clock())
	if err := b.Keys.CreateWorkspaceKey(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: team, BotUser: "U0BOT", Installer: rita, Scopes: []string{}, AuthorizedAt: b.clock(), Settings: helpdesk.DefaultSettings("UTC")}
		w.Settings.Labels[0].Agent, w.Settings.Labels[1].Agent = rita, alex
		if err := tx.Install(ctx, w, []byte("token"), seal.NewKey()); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, team, b.clock()); err != nil {
			return err
		}
		return tx.PutAgent(ctx, alex, helpdesk.RoleAdmin, b.clock())
	})
	return b.workspace
}

// fill puts Rita into every column that can hold her.
func (b *bundle) fill(t *testing.T, prefix string) {
	t.Helper()
	b.request(t, prefix+"open", rita, helpdesk.Progress{Status: helpdesk.InProgress})
	b.request(t, prefix+"closed", rita, helpdesk.Progress{Status: helpdesk.Closed, Assignee: alex})
	b.request(t, prefix+"resolved", rita, helpdesk.Progress{Status: helpdesk.Resolved})
	b.request(t, prefix+"lost", rita, helpdesk.Progress{Status: helpdesk.New}) // its workflow is gone
	b.request(t, prefix+"hers", "U0SAM", helpdesk.Progress{Status: helpdesk.InProgress, Assignee: rita})
	b.request(t, prefix+"hers, lost", "U0SAM", helpdesk.Progress{Status: helpdesk.Waiting, Assignee: rita})
	b.request(t, prefix+"hers, closed", "U0SAM", helpdesk.Progress{Status: helpdesk.Closed, Assignee: rita})
	for _, what := range []string{"open", "closed", "resolved", "hers"} {
		b.run(t, prefix+what)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		for _, what := range []string{"hers", "hers, closed"} {
			if _, err := tx.Hear(ctx, b.requests[prefix+what], helpdesk.Reply{At: b.opened.Add(time.Minute), User: rita}, true); err != nil {
				return err
			}
		}
		id, due := b.requests[prefix+"hers"], b.opened.Add(time.Hour)
		if err := tx.PutSLAEvent(ctx, id, helpdesk.SLAEvent{Clock: helpdesk.FirstResponse, Kind: helpdesk.Warning, Due: due, Sent: due, Recipients: 1, Outcome: helpdesk.NoticeSent}); err != nil {
			return err
		}
		if err := tx.PutNotice(ctx, id, helpdesk.FirstResponse, helpdesk.Warning, helpdesk.Notice{Recipient: rita, State: helpdesk.NoticeDelivered, Channel: "D0RITA", TS: "1700000001.000001"}); err != nil {
			return err
		}
		if err := tx.Audit(ctx, helpdesk.AuditEntry{At: b.clock(), Actor: helpdesk.SlackActor(rita), Action: helpdesk.AuditInstalled}); err != nil {
			return err
		}
		if err := tx.Audit(ctx, helpdesk.AuditEntry{At: b.clock(), Actor: "operator:root", Action: helpdesk.AuditRole, Object: rita, After: "admin"}); err != nil {
			return err
		}
		earlier := helpdesk.DataRequest{
			ID: helpdesk.NewDataRequestID(b.clock()), Kind: helpdesk.PersonExport, Law: helpdesk.CCPA, Person: rita, AskedBy: "operator:root",
			AskedAt: b.clock(), DueAt: b.clock().Add(helpdesk.CCPA.Within()), Step: helpdesk.ExportWrites,
		}
		_, _, err := tx.BeginDataRequest(ctx, earlier)
		return err
	})
	b.delivery(t, prefix+"Ev1", rita)
	b.delivery(t, prefix+"Ev2", "U0SAM")
}

// request opens one, with text and summary, in a state.
func (b *bundle) request(t *testing.T, what, requester string, p helpdesk.Progress) {
	t.Helper()
	id, text := helpdesk.NewRequestID(), seal.NewKey()
	b.requests[what] = id
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, id, text); err != nil {
		t.Fatal(err)
	}
	keys := must(b.Keys.RequestKeys(t.Context(), b.workspace, id))(t)
	p.Version, p.Priority, p.TriagedBy, p.Label = 2, helpdesk.High, helpdesk.ByLexical, "network"
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.JoinChannel(ctx, "C1", b.opened)
		if err != nil {
			return err
		}
		if _, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: id, Channel: c.ID, OriginTS: "1700000000." + strings.Repeat("0", 4) + time.Now().Format("05") + what, Requester: requester, OpenedAt: b.opened,
		}, []byte("the text of "+what), text); err != nil {
			return err
		}
		if err := tx.SaveSummary(ctx, id, "the summary of "+what, keys.Summary); err != nil {
			return err
		}
		_, err = tx.Project(ctx, id, p)
		return err
	})
}

// run has a workflow of the request run, which does what it is told at once.
func (b *bundle) run(t *testing.T, what string) {
	t.Helper()
	id, workspace := b.requests[what], b.workspace
	b.temporal.running[names.RequestID(id)] = func(signal string, arg []byte) {
		err := b.Store.InWorkspace(context.Background(), workspace, func(tx *postgres.Tx) error {
			r, err := tx.Request(context.Background(), id)
			if err != nil {
				return err
			}
			var u names.Unassign
			switch {
			case signal == names.SignalErased && r.Status.Open():
				r.Status, r.ClocksOff = helpdesk.Withdrawn, helpdesk.StopErased
			case signal == names.SignalUnassign && json.Unmarshal(arg, &u) == nil && u.Version == r.Version:
				r.Assignee = ""
			default:
				return nil
			}
			r.Version++
			_, err = tx.Project(context.Background(), id, r.Progress)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// delivery puts one with a body into the inbox.
func (b *bundle) delivery(t *testing.T, id, user string) {
	t.Helper()
	key := seal.NewKey()
	d := postgres.Delivery{
		ID: helpdesk.NewInboxID(b.clock()), DeliveryID: id, Workspace: b.workspace, Kind: "message", ReceivedAt: b.clock(),
		Refs: []byte(`{"kind": "message", "user": "` + user + `", "channel": "C1", "ts": "1700000009.000001"}`),
	}
	if err := b.Keys.PutInboxKey(t.Context(), d.ID, key); err != nil {
		t.Fatal(err)
	}
	d.Seal([]byte("waiting"), key)
	if stored, err := b.Store.PutDelivery(t.Context(), d); err != nil || !stored {
		t.Fatalf("delivery: %v, %v", stored, err)
	}
}

// begin orders the erasure of Rita.
func (b *bundle) begin(t *testing.T) (d helpdesk.DataRequest) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
		d, _, err = tx.BeginDataRequest(ctx, helpdesk.DataRequest{
			ID: helpdesk.NewDataRequestID(b.clock()), Kind: helpdesk.PersonErasure, Law: helpdesk.GDPR, Person: rita,
			Pseudonym: helpdesk.NewPseudonym(), AskedBy: "operator:root", AskedAt: b.clock(), DueAt: b.clock().Add(helpdesk.GDPR.Within()),
			Step: helpdesk.EraseRoles,
		})
		return err
	})
	return d
}

// finish goes on until the erasure has ended, and says how long it had to wait.
func (b *bundle) finish(t *testing.T, d helpdesk.DataRequest) (helpdesk.DataRequest, time.Duration) {
	t.Helper()
	waited := time.Duration(0)
	for range 20 {
		now, wait, err := b.Next(t.Context(), b.workspace, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.Ended() {
			return now, waited
		}
		waited += wait
		b.later(wait)
	}
	t.Fatal("the erasure does not end")
	return d, waited
}

// traces counts the rows of a workspace, by table, that hold a word anywhere.
func (b *bundle) traces(t *testing.T, workspace helpdesk.WorkspaceID, word string) map[string]int64 {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), b.admin.Reveal()))(t)
	defer conn.Close(t.Context())
	rows := must(conn.Query(t.Context(), `
		select table_schema || '.' || table_name from information_schema.columns
		where table_schema in ('tenant', 'system') and column_name = 'workspace_id' order by 1`))(t)
	tables := must(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
	found := make(map[string]int64)
	for _, table := range tables {
		var n int64
		err := conn.QueryRow(t.Context(), `select count(*) from `+table+` t where workspace_id = $1 and position($2 in t::text) > 0`, workspace, word).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			found[table] = n
		}
	}
	return found
}
