package app

import (
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// Every workspace has a key of its own, the same for all that it starts, which does not name it.
func TestPlace(t *testing.T) {
	t.Parallel()
	of := func(workspace string) temporal.SearchAttributes {
		return temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID).ValueSet(workspace))
	}
	const one, other = "01a207a2-3280-70f0-bd5f-79bf7f3f8534", "01a207a2-3280-70f0-bd5f-79bf7f3f8535"
	request, whisper, purge := place(names.WorkflowRequest, of(one)), place(names.WorkflowWhisper, of(one)), place(names.WorkflowPurge, temporal.SearchAttributes{})
	if request.FairnessKey == "" || request.FairnessKey != whisper.FairnessKey || request.FairnessKey == place(names.WorkflowRequest, of(other)).FairnessKey {
		t.Errorf("keys %q, %q", request.FairnessKey, whisper.FairnessKey)
	}
	if request.FairnessKey == one || len(request.FairnessKey) != 16 {
		t.Errorf("the key %q is no hash", request.FairnessKey)
	}
	if request.PriorityKey != ordinary || whisper.PriorityKey >= ordinary || purge.PriorityKey > ordinary || purge.FairnessKey != "" {
		t.Errorf("request %+v, whisper %+v, purge %+v", request, whisper, purge)
	}
}
