package purge_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// laggard speaks Temporal's protocol and is as slow as the real one can be, which nobody can order from the real one: what
// it has deleted it goes on showing, and takes a second order for.
type laggard struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu      sync.Mutex
	there   map[string]int // how often a run can still be asked for
	shown   map[string]int // how often a run is still shown
	looks   int
	deleted int
}

func (l *laggard) ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	for id, times := range l.shown {
		if times > 0 {
			l.shown[id]--
			answer.Executions = append(answer.Executions, &workflowpb.WorkflowExecutionInfo{
				Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run of " + id},
			})
		}
	}
	return answer, nil
}

func (l *laggard) DeleteWorkflowExecution(_ context.Context, in *workflowservice.DeleteWorkflowExecutionRequest) (*workflowservice.DeleteWorkflowExecutionResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := in.GetWorkflowExecution().GetWorkflowId()
	if l.there[id] == 0 {
		return nil, serviceerror.ToStatus(serviceerror.NewNotFound("no such run")).Err()
	}
	l.there[id]--
	l.deleted++
	return &workflowservice.DeleteWorkflowExecutionResponse{}, nil
}

// serve gives the purger this Temporal.
func (l *laggard) serve(t *testing.T, b *bundle) {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t) //nolint:noctx // local
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, l)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	b.Temporal = must(client.NewLazyClient(client.Options{
		HostPort: listener.Addr().String(), Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}))(t)
	t.Cleanup(b.Temporal.Close)
}

// toTheEnd goes on with the purge, waiting as long as it says, and returns where it has ended and how long it has waited.
func (b *bundle) toTheEnd(t *testing.T) (now helpdesk.Purge, waited time.Duration) {
	t.Helper()
	for range 100 {
		var wait time.Duration
		var err error
		if now, wait, err = b.Next(t.Context(), b.workspace); err != nil {
			t.Fatal(err)
		}
		if now.Ended() {
			return now, waited
		}
		b.later(wait)
		waited += wait
	}
	t.Fatalf("not over: %+v", now)
	return now, waited
}

// The certificate counts the histories that were deleted for this purge: not those that Temporal had dropped before, and none
// twice because it is shown late. The end waits until nothing is shown.
func TestHistoriesAreCountedWhenTheyAreDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, slow, late := names.RequestID(b.requests[0]), names.RequestID(b.requests[1]), "whisper/late"
	l := &laggard{there: map[string]int{late: 1}, shown: map[string]int{slow: 4, late: 1}}
	for _, id := range b.requests {
		l.there[names.RequestID(id)] = 1
	}
	l.there[old], l.there[slow] = 0, 3
	l.serve(t, b)
	b.uninstall(t, 0)
	now, waited := b.toTheEnd(t)
	if now.Histories != 5 { // of six workflows one had been dropped
		t.Errorf("counted %d histories, want 5", now.Histories)
	}
	if n := time.Duration(l.looks); waited < 5*5*time.Second || n > waited/time.Second {
		t.Errorf("%d looks in %v, want some seconds between any two", n, waited)
	}
	document := must(b.Store.Certificate(t.Context(), now.Certificate))(t)
	if c := must(certificate.Verify(document, b.Signer.Public()))(t); c.Counts["histories"] != 5 || c.Counts["keys"] != 6 {
		t.Errorf("certified %v", c.Counts)
	}
}

// A run that comes to light after the end is deleted as well.
func TestAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := &laggard{there: map[string]int{"channel-joined/1": 1}, shown: map[string]int{"channel-joined/1": 2}}
	l.serve(t, b)
	for _, want := range []int{1, 0, 0} { // deleted, shown late, gone
		if n, err := b.Again(t.Context(), b.workspace); err != nil || n != want {
			t.Errorf("deleted %d, %v, want %d", n, err, want)
		}
	}
}
