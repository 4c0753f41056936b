package geminisim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/geminisim"
)

const call = "/v1/projects/p/locations/eu/publishers/google/models/gemini-3.5-flash-lite:generateContent"

// modes are those of the package comment.
var modes = []string{"slow", "malformed", "wrong_label", "empty", "blocked", "max_tokens", "huge", "quota", "down", "forbidden", "echo", "obey"}

type bundle struct {
	t      *testing.T
	url    string
	record *bytes.Buffer // to be read while nobody asks
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, record: new(bytes.Buffer)}
	server := httptest.NewServer(geminisim.New(geminisim.Config{Record: b.record}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// send returns the status and the body of an answer.
func (b *bundle) send(ctx context.Context, method, path, body string) (int, string, error) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if kind := answer.Header.Get("Content-Type"); err == nil && answer.StatusCode == http.StatusOK && kind != "application/json" {
		b.t.Errorf("%s %s answers %s", method, path, kind)
	}
	return answer.StatusCode, strings.TrimSpace(string(raw)), err
}

// post is send for calls that must be answered.
func (b *bundle) post(path, body string) (int, string) {
	b.t.Helper()
	status, answer, err := b.send(b.t.Context(), http.MethodPost, path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return status, answer
}

// control calls a control that must succeed.
func (b *bundle) control(path, body string) {
	b.t.Helper()
	if status, answer := b.post(path, body); status != http.StatusOK || answer != `{"ok":true}` {
		b.t.Fatalf("%s %s = %d %s", path, body, status, answer)
	}
}

func (b *bundle) calls() int {
	b.t.Helper()
	status, answer, err := b.send(b.t.Context(), http.MethodGet, "/sim/state", "")
	var state struct {
		OK    bool
		Calls int
	}
	if err != nil || status != http.StatusOK || json.Unmarshal([]byte(answer), &state) != nil || !state.OK {
		b.t.Fatalf("state = %d %s, %v", status, answer, err)
	}
	return state.Calls
}

// ask is a call as the product makes it.
func ask(text string, labels ...string) string {
	b, err := json.Marshal(map[string]any{
		"contents": []any{map[string]any{"role": "user", "parts": []any{map[string]any{
			// Only the message counts: neither the labels nor the markers around it.
			"text": "Labels:\n- network: VPN, printers and mailboxes\nMessage:\n<XVPNMFAX>\n" + text + "\n<XVPNMFAX>\n",
		}}}},
		"generationConfig": map[string]any{"responseSchema": map[string]any{
			"properties": map[string]any{"label": map[string]any{"enum": labels}},
		}},
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// answered is what a model says in Google's words.
type answered struct {
	Candidates []struct {
		Content      struct{ Parts []struct{ Text string } }
		FinishReason string
	}
	PromptFeedback struct{ BlockReason string }
	Error          struct {
		Code   int
		Status string
	}
}

func (a answered) text() string {
	if len(a.Candidates) != 1 || len(a.Candidates[0].Content.Parts) != 1 {
		return ""
	}
	return a.Candidates[0].Content.Parts[0].Text
}

func read(t *testing.T, body string) (a answered) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	return a
}

func TestItAnswersSensibly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	starter := []string{"access", "network", "hardware", "software", "email", "printing", "security", "onboarding", "data", "other"}
	for _, tt := range []struct {
		text                     string
		labels                   []string
		label, priority, summary string
	}{
		{"VPN drops every ten minutes", starter, "network", "high", "VPN connection is unstable"},
		{"WIFI is slow", starter, "network", "medium", "Network connection problem"},
		{"my laptop was stolen", starter, "security", "critical", "Possible security incident"},
		{"locked out", starter, "access", "medium", "Help with signing in or permissions"},
		{"no toner", starter, "printing", "low", "Printing does not work"},
		{"outlook is stuck", starter, "email", "medium", "E-mail or calendar problem"},
		{"a broken screen", starter, "hardware", "medium", "Device needs attention"},
		{"please install Figma", starter, "software", "low", "Software request"},
		{"somebody joins on Monday", starter, "onboarding", "medium", "Somebody joins or leaves"},
		{"restore a backup", starter, "data", "medium", "Files or storage"},
		{"who am I", starter, "other", "medium", "General question"},
		{"VPN drops", []string{"printing", "rest"}, "rest", "medium", "General question"}, // the list is closed
		{"VPN drops", nil, "other", "medium", "General question"},
	} {
		status, body := b.post(call, ask(tt.text, tt.labels...))
		a := read(t, body)
		var got struct{ Label, Priority, Summary string }
		if err := json.Unmarshal([]byte(a.text()), &got); err != nil || status != http.StatusOK || a.Candidates[0].FinishReason != "STOP" {
			t.Errorf("%q: %d %s, %v", tt.text, status, body, err)
		}
		if got.Label != tt.label || got.Priority != tt.priority || got.Summary != tt.summary {
			t.Errorf("%q with %v: %+v", tt.text, tt.labels, got)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const text = "VPN drops"
	for mode, as := range map[string]func(status int, a answered) bool{
		"malformed":   func(s int, a answered) bool { return s == 200 && a.text() != "" && !json.Valid([]byte(a.text())) },
		"wrong_label": func(s int, a answered) bool { return s == 200 && strings.Contains(a.text(), `"label":"ceo-only"`) },
		"empty":       func(s int, a answered) bool { return s == 200 && len(a.Candidates) == 1 && a.text() == "" },
		"blocked": func(s int, a answered) bool {
			return s == 200 && len(a.Candidates) == 0 && a.PromptFeedback.BlockReason == "SAFETY"
		},
		"max_tokens": func(s int, a answered) bool {
			return s == 200 && a.Candidates[0].FinishReason == "MAX_TOKENS" && !json.Valid([]byte(a.text()))
		},
		"huge": func(s int, a answered) bool { return s == 200 && len(a.text()) > 1<<20 && json.Valid([]byte(a.text())) },
		"quota": func(s int, a answered) bool {
			return s == 429 && a.Error.Code == 429 && a.Error.Status == "RESOURCE_EXHAUSTED"
		},
		"down": func(s int, a answered) bool {
			return s == 503 && a.Error.Code == 503 && a.Error.Status == "UNAVAILABLE"
		},
		"forbidden": func(s int, a answered) bool {
			return s == 403 && a.Error.Code == 403 && a.Error.Status == "PERMISSION_DENIED"
		},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			_, sensible := b.post(call, ask(text, "network"))
			b.control("/sim/fault", `{"mode":"`+mode+`","times":2}`)
			for i := range 3 {
				status, body := b.post(call, ask(text, "network"))
				switch a := read(t, body); {
				case i < 2 && !as(status, a):
					t.Errorf("call %d of two: %d %.200s", i+1, status, body)
				case i == 2 && (status != http.StatusOK || body != sensible):
					t.Errorf("the fault outlives its two calls: %d %.200s", status, body)
				}
			}
			if n := b.calls(); n != 4 {
				t.Errorf("%d calls instead of 4", n)
			}
		})
	}
}

func TestOneCallUnlessSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, fault := range []string{`{"mode":"down"}`, `{"mode":"down","times":0}`, `{"mode":"down","times":1}`} {
		b.control("/sim/fault", fault)
		for i, want := range []int{http.StatusServiceUnavailable, http.StatusOK} {
			if status, _ := b.post(call, ask("VPN", "network")); status != want {
				t.Errorf("%s: call %d is answered %d instead of %d", fault, i+1, status, want)
			}
		}
	}
}

// Ten seconds are more than anybody waits here: whoever gives up is let go at once, and the call counts.
func TestSlowIsSlow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.control("/sim/fault", `{"mode":"slow"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if status, _, err := b.send(ctx, http.MethodPost, call, ask("VPN", "network")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered %d, %v", status, err)
	}
	if n := b.calls(); n != 1 {
		t.Errorf("%d calls instead of 1", n)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const latency = 150 * time.Millisecond
	for mode, want := range map[string]int{"slow": http.StatusOK, "quota": http.StatusTooManyRequests} {
		b.control("/sim/fault", `{"mode":"`+mode+`","latency_ms":150}`)
		started := time.Now()
		if status, body := b.post(call, ask("VPN", "network")); status != want || time.Since(started) < latency {
			t.Errorf("%s: %d %s after %s", mode, status, body, time.Since(started))
		}
	}
}

func TestANewFaultReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.control("/sim/fault", `{"mode":"down","times":100}`)
	b.control("/sim/fault", `{"mode":"quota"}`)
	for i, want := range []int{http.StatusTooManyRequests, http.StatusOK} {
		if status, _ := b.post(call, ask("VPN", "network")); status != want {
			t.Errorf("call %d: %d instead of %d", i+1, status, want)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.control("/sim/fault", `{"mode":"down","times":100}`)
	if status, _ := b.post(call, ask("VPN", "network")); status != http.StatusServiceUnavailable {
		t.Fatalf("the fault is not played: %d", status)
	}
	b.control("/sim/reset", "")
	if n := b.calls(); n != 0 {
		t.Errorf("%d calls after the reset", n)
	}
	if status, _ := b.post(call, ask("VPN", "network")); status != http.StatusOK {
		t.Errorf("the fault outlives the reset: %d", status)
	}
}

func TestBadControls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.control("/sim/fault", `{"mode":"down","times":2}`)
	const shape = "the body must be a JSON object of mode, times, latency_ms, project and retry_after"
	for body, want := range map[string]string{
		``:                                    shape,
		`slow`:                                shape,
		`[]`:                                  shape,
		`{"mode":7}`:                          shape,
		`{"mode":"slow","times":"2"}`:         shape,
		`{"mode":"slow","times":1.5}`:         shape,
		`{"mode":"slow","latency":5}`:         shape,
		`{}`:                                  "mode must be one of ",
		`null`:                                "mode must be one of ",
		`{"mode":""}`:                         "mode must be one of ",
		`{"mode":"SLOW"}`:                     "mode must be one of ",
		`{"mode":"fast"}`:                     "mode must be one of ",
		`{"mode":"slow","times":-1}`:          "times must not be negative",
		`{"mode":"slow","latency_ms":-1}`:     "latency_ms must be between 0 and 600000",
		`{"mode":"slow","latency_ms":600001}`: "latency_ms must be between 0 and 600000",
		`{"mode":"down","latency_ms":1e18}`:   shape,
	} {
		status, answer := b.post("/sim/fault", body)
		var got struct {
			OK    *bool
			Error string
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil || status != http.StatusBadRequest || got.OK == nil || *got.OK {
			t.Errorf("%s is answered %d %s", body, status, answer)
		}
		if !strings.HasPrefix(got.Error, want) {
			t.Errorf("%s is refused with %q, not %q", body, got.Error, want)
		}
	}
	for i, want := range []int{http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusOK} {
		if status, _ := b.post(call, ask("VPN", "network")); status != want {
			t.Errorf("the fault before was changed: call %d is answered %d instead of %d", i+1, status, want)
		}
	}
}

// The sentence names the modes, all of them, and each is taken.
func TestTheSentenceNamesTheModes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, answer := b.post("/sim/fault", `{"mode":"fast"}`)
	_, list, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(answer), `","ok":false}`), "one of ")
	named := strings.Split(list, ", ")
	if len(named) != len(modes) {
		t.Errorf("%d modes are named, %d documented: %s", len(named), len(modes), answer)
	}
	for _, mode := range append(named, modes...) {
		b.control("/sim/fault", `{"mode":"`+mode+`"}`)
	}
}

// What Google refuses is refused, in Google's words, takes no use of a fault and is no call.
func TestBadCalls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.control("/sim/fault", `{"mode":"quota"}`)
	good := ask("VPN", "network")
	for name, tt := range map[string]struct {
		method, path, body string
		want               int
	}{
		"no JSON":           {http.MethodPost, call, "VPN", http.StatusBadRequest},
		"nothing":           {http.MethodPost, call, "", http.StatusBadRequest},
		"another shape":     {http.MethodPost, call, `{"contents":"VPN"}`, http.StatusBadRequest},
		"no contents":       {http.MethodPost, call, `{}`, http.StatusBadRequest},
		"empty contents":    {http.MethodPost, call, `{"contents":[]}`, http.StatusBadRequest},
		"no parts":          {http.MethodPost, call, `{"contents":[{"role":"user"}]}`, http.StatusBadRequest},
		"too large":         {http.MethodPost, call, ask(strings.Repeat("x", 4<<20)), http.StatusBadRequest},
		"another method":    {http.MethodPost, strings.Replace(call, ":generate", ":streamGenerate", 1), good, http.StatusBadRequest},
		"another verb":      {http.MethodGet, call, "", http.StatusMethodNotAllowed},
		"another publisher": {http.MethodPost, strings.Replace(call, "google", "acme", 1), good, http.StatusNotFound},
		"another path":      {http.MethodPost, "/v1/models", good, http.StatusNotFound},
	} {
		status, body, err := b.send(t.Context(), tt.method, tt.path, tt.body)
		if err != nil || status != tt.want {
			t.Errorf("%s: %d instead of %d, %v", name, status, tt.want, err)
			continue
		}
		if status == http.StatusBadRequest {
			if a := read(t, body); a.Error.Code != status || a.Error.Status != "INVALID_ARGUMENT" {
				t.Errorf("%s: %s", name, body)
			}
		}
	}
	if n := b.calls(); n != 0 {
		t.Errorf("%d calls instead of none", n)
	}
	if status, _ := b.post(call, good); status != http.StatusTooManyRequests {
		t.Errorf("a refused call used up the fault: %d", status)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want strings.Builder
	for _, mode := range []string{"", "quota", "blocked"} {
		if mode != "" {
			b.control("/sim/fault", `{"mode":"`+mode+`"}`)
		}
		asked := ask("VPN "+mode, "network")
		_, answer := b.post(call, asked)
		want.WriteString(asked + "\n" + answer + "\n")
	}
	_, refused := b.post(call, `{"contents":[]}`)
	want.WriteString(`{"contents":[]}` + "\n" + refused + "\n")
	if got := b.record.String(); got != want.String() {
		t.Errorf("recorded\n%s\ninstead of\n%s", got, want.String())
	}
}

// Callers at the same time share a fault: it is played as often as said, and every call is counted.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const all, faults = 40, 13
	b.control("/sim/fault", `{"mode":"quota","times":13}`)
	statuses := make([]int, all)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			var err error
			if statuses[i], _, err = b.send(t.Context(), http.MethodPost, call, ask("VPN", "network")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	refused := 0
	for _, status := range statuses {
		if status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != faults || b.calls() != all {
		t.Errorf("%d of %d calls refused, %d counted", refused, faults, b.calls())
	}
}
