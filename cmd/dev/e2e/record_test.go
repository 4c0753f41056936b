package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
)

// recordTo makes a run leave the histories of its workflows for the replay test: `make record-histories`.
var recordTo = flag.String("record", "", "directory for the histories of this run's workflows, one of each path")

// seen counts the histories of each workflow type that were written, paths says of which paths.
var (
	seen  = make(map[string]int)
	paths = make(map[string]bool)
)

// recordHistories writes one history of each path that the workflows of this run have taken. They hold ids, enums and
// times only, so they may be kept.
func recordHistories(ctx context.Context, dir string) error {
	c, err := client.Dial(client.Options{HostPort: running.Info.Temporal, Namespace: running.Info.TemporalNamespace})
	if err != nil {
		return fmt.Errorf("dial temporal: %w", err)
	}
	defer c.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // part of the repository
		return fmt.Errorf("make %s: %w", dir, err)
	}
	var page []byte
	for {
		r, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: running.Info.TemporalNamespace, Query: "WorkflowType != 'temporal-sys-scheduler-workflow'", NextPageToken: page,
		})
		if err != nil {
			return fmt.Errorf("list workflows: %w", err)
		}
		for _, e := range r.GetExecutions() {
			h, err := history(ctx, c, e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
			if err != nil {
				return err
			}
			kind := e.GetType().GetName()
			if path := kind + path(h); paths[path] || strings.HasPrefix(kind, "temporal-sys") {
				continue
			} else {
				paths[path] = true
			}
			seen[kind]++
			raw, err := protojson.Marshal(h)
			if err != nil {
				return fmt.Errorf("encode history: %w", err)
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%02d.json", kind, seen[kind]))
			if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // part of the repository
				return fmt.Errorf("write history: %w", err)
			}
		}
		if page = r.GetNextPageToken(); len(page) == 0 {
			return nil
		}
	}
}

func history(ctx context.Context, c client.Client, id, run string) (*historypb.History, error) {
	h := &historypb.History{}
	events := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("read history of %s: %w", id, err)
		}
		h.Events = append(h.Events, e)
	}
	return h, nil
}

// path is what a workflow did and heard, in any order: two histories that differ in nothing else teach nothing new.
func path(h *historypb.History) string {
	steps := make(map[string]bool)
	for _, e := range h.GetEvents() {
		step := e.GetEventType().String()
		switch {
		case strings.HasPrefix(step, "WorkflowTask"):
			continue
		case e.GetActivityTaskScheduledEventAttributes() != nil:
			step += " " + e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
		case e.GetWorkflowExecutionSignaledEventAttributes() != nil:
			step += " " + e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName()
		case e.GetTimerStartedEventAttributes() != nil:
			step += " " + string(e.GetUserMetadata().GetSummary().GetData())
		case e.GetWorkflowExecutionUpdateAcceptedEventAttributes() != nil:
			step += " " + string(e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetArgs().GetPayloads()[0].GetData())
			if _, action, ok := strings.Cut(step, `"action":"`); ok {
				step, _, _ = strings.Cut(action, `"`)
			}
		}
		steps[step] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(steps)), ",")
}
