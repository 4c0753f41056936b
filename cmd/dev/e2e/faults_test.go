package e2e_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Behaviour 2: without a usable answer of the model the receipt stands in time, says so and why, and the model's
// result replaces it.
func TestTheModelFails(t *testing.T) {
	for mode, why := range map[string]string{
		"slow": "the model did not answer in time", "malformed": "made no sense", "wrong_label": "made no sense", "empty": "made no sense",
		"blocked": "the model declined to answer", "max_tokens": "made no sense", "huge": "made no sense", "quota": "quota is used up",
		"down": "the model cannot be reached", "forbidden": "our project may not use the model",
	} {
		t.Run(mode, func(t *testing.T) {
			if _, err := running.GeminiControl(t.Context(), "fault", map[string]any{"mode": mode, "times": 2}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if _, err := running.GeminiControl(context.WithoutCancel(t.Context()), "reset", nil); err != nil {
					t.Error(err)
				}
			})
			r := receipt(t, post(t, help, sam, "wifi is slow"), 5*time.Second)
			if !strings.Contains(string(r.Blocks), "triaged without AI: ") || !strings.Contains(string(r.Blocks), why) {
				t.Errorf("receipt does not say that it was triaged without AI: %s", r.Blocks)
			}
			if mode == "blocked" {
				return // that was its answer
			}
			if _, err := running.GeminiControl(t.Context(), "reset", nil); err != nil {
				t.Fatal(err)
			}
			eventually(t, 40*time.Second, "the model's result on the receipt", func() bool {
				for _, m := range state(t).messages(help) {
					if m.TS == r.TS {
						return !strings.Contains(string(m.Blocks), "triaged without AI") && strings.Contains(string(m.Blocks), "Network connection problem")
					}
				}
				return false
			})
		})
	}
}

// Slack refuses, breaks, or acts without our hearing of it: one receipt all the same.
func TestSlackFails(t *testing.T) {
	for name, fault := range map[string]map[string]any{
		"429":                {"status": 429, "times": 2},
		"5xx":                {"status": 503, "times": 2},
		"connection closed":  {"times": 2},
		"5xx after success":  {"status": 500, "after": true, "times": 1},
		"lost after success": {"after": true, "times": 1},
		"slow after success": {"after": true, "latency_ms": 12_000, "times": 1},
	} {
		t.Run(name, func(t *testing.T) {
			fault["method"] = "chat.postMessage"
			control(t, "fault", fault)
			ts := post(t, help, rita, "headset is broken")
			receipt(t, ts, 60*time.Second)
			eventually(t, 30*time.Second, "the receipt recorded", func() bool {
				return query[string](t, `select receipt_ts from tenant.request where origin_ts = $1`, ts) != ""
			})
			if n := len(receipts(t, ts)); n != 1 {
				t.Errorf("%d receipts, want 1", n)
			}
		})
	}
}

// Behaviour 8: the message is gone before its receipt: nothing of ours appears at the channel root.
func TestTheMessageIsGone(t *testing.T) {
	control(t, "fault", map[string]any{"method": "chat.postMessage", "latency_ms": 1500, "times": 1})
	ts := post(t, help, rita, "never mind")
	eventually(t, 5*time.Second, "a request", func() bool {
		return query[int](t, `select count(*) from tenant.request where origin_ts = $1`, ts) == 1
	})
	control(t, "delete", map[string]any{"channel": help, "ts": ts})
	eventually(t, 30*time.Second, "the request withdrawn", func() bool {
		return query[string](t, `select status from tenant.request where origin_ts = $1`, ts) == "withdrawn"
	})
	if n := query[int](t, `select count(*) from tenant.request_text join tenant.request using (workspace_id, request_id) where origin_ts = $1`, ts); n != 0 {
		t.Error("text of a vanished message is still stored")
	}
	for _, m := range state(t).messages(help) {
		if m.User == bot && m.ThreadTS == "" && strings.Contains(m.Text, "Request #") {
			t.Errorf("a message of ours stands at the channel root: %q", m.Text)
		}
	}
}

// Temporal is down when the message comes: it is kept, and handed over when Temporal is back.
func TestTemporalIsDownAtIntake(t *testing.T) {
	if err := running.StopTemporal(t.Context()); err != nil {
		t.Fatal(err)
	}
	ts := post(t, help, sam, "mouse is dead")
	eventually(t, 10*time.Second, "the delivery stored", func() bool {
		return query[int](t, `select count(*) from system.inbox where done_at is null`) > 0
	})
	if err := running.StartTemporal(t.Context()); err != nil {
		t.Fatal(err)
	}
	receipt(t, ts, 90*time.Second)
}
