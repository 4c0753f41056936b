package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// fairly gives every workflow that is started, and with it all its steps, its place where there are more tasks than workers:
// workspaces take turns, whatever each of them has waiting, and what a person waits for goes before what nobody waits for.
type fairly struct {
	interceptor.ClientInterceptorBase
}

// InterceptClient implements [interceptor.ClientInterceptor].
func (*fairly) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &fairStarts{interceptor.ClientOutboundInterceptorBase{Next: next}}
}

type fairStarts struct {
	interceptor.ClientOutboundInterceptorBase
}

// ExecuteWorkflow implements [interceptor.ClientOutboundInterceptor].
func (f *fairStarts) ExecuteWorkflow(ctx context.Context, in *interceptor.ClientExecuteWorkflowInput) (client.WorkflowRun, error) {
	in.Options.Priority = place(in.WorkflowType, in.Options.TypedSearchAttributes)
	return f.Next.ExecuteWorkflow(ctx, in)
}

// ordinary is the place of what is not in a hurry and need not wait either; 1 is first, 5 last.
const ordinary = 3

// places are those of other workflows than requests. What must end by a deadline is never last: a flood of what is before
// it would hold it up.
var places = map[string]int{
	names.WorkflowWhisper:       1, // an answer to a press
	names.WorkflowWelcome:       2,
	names.WorkflowChannelJoined: 2,
	names.WorkflowCompare:       5,
	names.WorkflowProbe:         5,
}

// place is the priority of a workflow. The workspace stands in it as a hash: the server keeps keys longer than histories.
func place(workflow string, a temporal.SearchAttributes) temporal.Priority {
	p := temporal.Priority{PriorityKey: cmp.Or(places[workflow], ordinary)}
	if workspace, ok := a.GetKeyword(temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID)); ok {
		hash := sha256.Sum256([]byte("fairness " + workspace))
		p.FairnessKey = hex.EncodeToString(hash[:8])
	}
	return p
}
