package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// marker stands for what a person wrote.
const marker = "VPN-DROPS-EVERY-TEN-MINUTES"

// stripped converts err as the workers do, and fails where anything of the marker is left.
func stripped(t *testing.T, err error) *failurepb.Failure {
	t.Helper()
	f := typeOnly{temporal.GetDefaultFailureConverter()}.ErrorToFailure(err)
	wire, marshalErr := proto.Marshal(f)
	if marshalErr != nil {
		t.Fatal(marshalErr)
	}
	if strings.Contains(string(wire), marker) {
		t.Errorf("text enters the history: %v", f)
	}
	return f
}

// busyTemporal takes the orders for schedules, the first time badly.
type busyTemporal struct {
	client.ScheduleClient
	asked map[string]int
}

func (b *busyTemporal) Create(_ context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	b.asked[o.ID]++
	switch {
	case o.ID == schedules[0].id && b.asked[o.ID] < 3:
		return nil, errors.New("busy")
	case o.ID == schedules[0].id: // the order had arrived after all
		return nil, temporal.ErrScheduleAlreadyRunning
	}
	return nil, nil
}

// One schedule that cannot be made keeps no other from being made, and is tried until it is.
func TestSchedulesAreTriedUntilTheyAreMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := &busyTemporal{asked: make(map[string]int)}
		keepScheduled(t.Context(), c, slog.New(slog.DiscardHandler))
		if took := time.Since(began); took != 2*scheduleAgain {
			t.Errorf("took %v", took)
		}
		for i, s := range schedules {
			if want := map[bool]int{true: 3, false: 1}[i == 0]; c.asked[s.id] != want {
				t.Errorf("%s asked for %d times, want %d", s.id, c.asked[s.id], want)
			}
		}
	})
}

func TestFailuresKeepTheirTypeAndNoWord(t *testing.T) {
	t.Parallel()
	plain := errors.New("read " + marker)
	for _, test := range []struct {
		name  string
		err   error
		types []string // down the chain of causes; the SDK gives the plainest Go errors none
	}{
		{"a Go error", plain, []string{""}},
		{"a wrapped one", fmt.Errorf("load %s: %w", marker, plain), []string{"wrapError", ""}},
		{"a named failure", temporal.NewNonRetryableApplicationError(marker, "workspace_gone", plain, marker, []byte(marker)),
			[]string{"workspace_gone", ""}},
		{"named failures below each other",
			temporal.NewApplicationErrorWithCause(marker, "outer",
				temporal.NewApplicationErrorWithCause(marker, "inner", fmt.Errorf("%s: %w", marker, context.Canceled), marker), marker),
			[]string{"outer", "inner", "wrapError", ""}},
		{"a cancellation", temporal.NewCanceledErrorWithOptions(temporal.CanceledErrorOptions{
			Message: marker, Details: []any{marker},
			Cause: temporal.NewApplicationError(marker, "inner", marker)}), []string{"", "inner"}},
		{"a time-out", temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, temporal.NewApplicationError(marker, "inner", marker), marker),
			[]string{"", "inner"}},
		{"a heartbeat's time-out", temporal.NewHeartbeatTimeoutError(marker), []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := stripped(t, test.err)
			for i, want := range test.types {
				if f == nil {
					t.Fatalf("the chain ends before its link %d, %q", i, want)
				}
				if got := f.GetApplicationFailureInfo().GetType(); got != want || f.GetMessage() != want {
					t.Errorf("link %d: type %q, message %q, want %q", i, got, f.GetMessage(), want)
				}
				f = f.GetCause()
			}
			if f != nil {
				t.Errorf("more in the chain: %v", f)
			}
		})
	}
}

func TestFailuresStillSayWhetherToRetry(t *testing.T) {
	t.Parallel()
	f := stripped(t, temporal.NewNonRetryableApplicationError(marker, "workspace_gone", nil))
	if !f.GetApplicationFailureInfo().GetNonRetryable() {
		t.Error("a failure that retrying cannot fix is retried")
	}
	back := typeOnly{temporal.GetDefaultFailureConverter()}.FailureToError(f)
	var named *temporal.ApplicationError
	if !errors.As(back, &named) || named.Type() != "workspace_gone" || !named.NonRetryable() {
		t.Errorf("read back: %#v", back)
	}
}

func TestFailureOfAPanicHasNoStack(t *testing.T) {
	t.Parallel()
	// The SDK alone makes such errors; they come back out of a history as they went in.
	recorded := &failurepb.Failure{Message: marker, StackTrace: marker, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "PanicError"}}}
	f := stripped(t, temporal.GetDefaultFailureConverter().FailureToError(recorded))
	if f.GetApplicationFailureInfo().GetType() != "PanicError" || f.GetStackTrace() != "" {
		t.Errorf("a panic became %v", f)
	}
}

// Every kind of failure that Temporal knows, those of later versions included, with all it could carry.
func TestEveryKindOfFailureIsStripped(t *testing.T) {
	t.Parallel()
	kinds := (&failurepb.Failure{}).ProtoReflect().Descriptor().Oneofs().ByName("failure_info").Fields()
	for i := range kinds.Len() {
		kind := kinds.Get(i)
		t.Run(string(kind.Name()), func(t *testing.T) {
			t.Parallel()
			f := &failurepb.Failure{Message: marker, StackTrace: marker, EncodedAttributes: payload()}
			info := f.ProtoReflect().Mutable(kind).Message()
			fields := info.Descriptor().Fields()
			for j := range fields.Len() {
				fill(info, fields.Get(j))
			}
			outer := temporal.NewApplicationErrorWithCause(marker, "outer", temporal.GetDefaultFailureConverter().FailureToError(f))
			if stripped(t, outer).GetCause().ProtoReflect().WhichOneof(kind.ContainingOneof()) != kind {
				t.Error("the kind got lost")
			}
		})
	}
}

func payload() *commonpb.Payload { return &commonpb.Payload{Data: []byte(marker)} }

// fill sets a field that holds what a program hands over; names and ids are ours.
func fill(m protoreflect.Message, field protoreflect.FieldDescriptor) {
	if field.Message() == nil {
		return
	}
	switch field.Message().Name() {
	case "Payloads":
		m.Set(field, protoreflect.ValueOfMessage((&commonpb.Payloads{Payloads: []*commonpb.Payload{payload()}}).ProtoReflect()))
	case "Payload":
		m.Set(field, protoreflect.ValueOfMessage(payload().ProtoReflect()))
	}
}
