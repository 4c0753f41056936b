// Package e2e tells the product's stories over the same stack as make dev: real Postgres, a real Temporal server, the
// product's own processes, and simulators that speak the vendors' HTTP. One file per story.
package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/cmd/dev/stack"
)

// The people and places of the simulated workspace.
const (
	help  = "C0ITHELP"
	staff = "C0ITSTAFF"
	alex  = "U0ALEX"
	dana  = "U0DANA"
	rita  = "U0RITA"
	sam   = "U0SAM"
	bot   = "U0ECHOBOT"
)

// running is the stack that all stories share; recorded is what passed through the simulated Slack; living is the workspace
// that lives beside all stories.
var (
	running  *stack.Stack
	recorded recording
	living   *canary
)

type recording struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *recording) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Split(r.buf.String(), "\n")
}

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("/var/tmp", "echosynch-e2e-")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // the database user must get through
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	running, err = stack.Start(ctx, stack.Options{
		Dir: dir, Out: os.Stderr, Record: &recorded, Failpoints: true, RetryDelays: []time.Duration{0, time.Second, 150 * time.Second},
		Env: map[string]string{"PURGE_GRACE": purgeGrace.String()},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if living, err = hatch(ctx); err != nil {
		fmt.Fprintln(os.Stderr, errors.Join(err, running.Stop(ctx)))
		return 1
	}
	code := m.Run()
	for _, problem := range living.problems(ctx) {
		fmt.Fprintln(os.Stderr, problem)
		code = 1
	}
	if *recordTo != "" {
		if err := recordHistories(ctx, *recordTo); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := running.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// eventually waits until cond reports true, for at most within. It is the one place that waits.
func eventually(t *testing.T, within time.Duration, what string, cond func() bool) {
	t.Helper()
	if !until(within, cond) {
		t.Fatalf("not within %v: %s", within, what)
	}
}

func until(within time.Duration, cond func() bool) bool {
	late := time.NewTimer(within)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-late.C:
			return false
		case <-tick.C:
		}
	}
	return true
}

func control(t *testing.T, name string, args map[string]any) map[string]any {
	t.Helper()
	answer, err := running.Control(t.Context(), name, args)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// post writes a message as a person and returns its ts.
func post(t *testing.T, channel, user, text string, more ...any) string {
	t.Helper()
	args := map[string]any{"channel": channel, "user": user, "text": text}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i].(string)] = more[i+1]
	}
	return control(t, "post", args)["ts"].(string)
}

type message struct {
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts"`
	User     string          `json:"user"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks"`
}

type world struct {
	Channels []struct {
		ID       string    `json:"id"`
		Messages []message `json:"messages"`
	} `json:"channels"`
	DMs []struct {
		User     string    `json:"user"`
		Messages []message `json:"messages"`
	} `json:"dms"`
	Ephemerals []struct {
		User    string `json:"user"`
		Channel string `json:"channel"`
		Text    string `json:"text"`
	} `json:"ephemerals"`
}

func state(t *testing.T) world {
	t.Helper()
	response, err := http.Get(running.Info.Slack + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var w world
	if err := json.NewDecoder(response.Body).Decode(&w); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) messages(channel string) []message {
	for _, c := range w.Channels {
		if c.ID == channel {
			return c.Messages
		}
	}
	return nil
}

// receipts are the app's messages in the thread of ts.
func receipts(t *testing.T, ts string) []message {
	t.Helper()
	var out []message
	for _, m := range state(t).messages(help) {
		if m.User == bot && m.ThreadTS == ts {
			out = append(out, m)
		}
	}
	return out
}

// receipt waits for the one receipt of a message.
func receipt(t *testing.T, ts string, within time.Duration) message {
	t.Helper()
	var found []message
	eventually(t, within, "a receipt", func() bool {
		found = receipts(t, ts)
		return len(found) > 0
	})
	if len(found) != 1 {
		t.Fatalf("%d receipts, want one", len(found))
	}
	return found[0]
}

// query reads one value from the main database as the administrator.
func query[T any](t *testing.T, sql string, args ...any) T {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // cleanups ask, too
	conn, err := pgx.Connect(ctx, running.Info.DatabaseAdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var v T
	if err := conn.QueryRow(ctx, sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// settled waits until nothing is left in the inbox.
func settled(t *testing.T) {
	t.Helper()
	eventually(t, 60*time.Second, "an empty inbox", func() bool {
		return query[int](t, `select count(*) from system.inbox where done_at is null`) == 0
	})
}

// deliver sends a signed body to an address of the api and returns the status.
func deliver(t *testing.T, path string, body []byte, secret string) int {
	t.Helper()
	status, err := running.Deliver(t.Context(), path, body, secret)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// opening is the envelope of a message as Slack delivers it.
func opening(team, eventID, ts, text string) []byte {
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "event_id": eventID, "team_id": team, "api_app_id": "A0ECHO", "event_time": time.Now().Unix(),
		"authorizations": []any{map[string]any{"team_id": team, "user_id": bot, "is_bot": true}},
		"event": map[string]any{
			"type": "message", "channel": help, "channel_type": "channel", "user": rita, "text": text, "ts": ts, "event_ts": ts,
		},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// logs are everything that the product and its surroundings wrote.
func logs(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(running.Dir, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("logs: %v, %v", files, err)
	}
	out := make(map[string][]byte)
	for _, f := range files {
		if out[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
