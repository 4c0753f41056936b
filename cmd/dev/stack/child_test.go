package stack

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"
)

// supervised is a stack whose product is a script that does nothing until it is ended.
func supervised(t *testing.T) *Stack {
	t.Helper()
	s := setup(t)
	s.binary = s.path("product")
	if err := os.WriteFile(s.binary, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil { //nolint:gosec // a script
		t.Fatal(err)
	}
	env := map[string]string{"PATH": os.Getenv("PATH")}
	s.api, s.worker = newChild(s, "api", env), newChild(s, "worker", env)
	for _, c := range []*child{s.api, s.worker} {
		if err := c.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	s.infoMu.Lock()
	s.Info.API = "http://api"
	s.infoMu.Unlock()
	return s
}

func recordedPIDs(t *testing.T, s *Stack) (api, worker int) {
	t.Helper()
	raw, err := os.ReadFile(s.path("stack.json"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0
	}
	var info Info
	if err == nil {
		err = json.Unmarshal(raw, &info)
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.APIPID, info.WorkerPID
}

func TestKilledChildIsStartedAgainAndRecorded(t *testing.T) {
	t.Parallel()
	s := supervised(t)
	before, worker := s.api.pid(), s.worker.pid()
	if err := s.KillAPI(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := until(ctx, func() error {
		if api, w := recordedPIDs(t, s); api == 0 || api == before || w != worker {
			return errors.New("stack.json does not name another api beside the same worker")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStoppedChildStaysStopped(t *testing.T) {
	t.Parallel()
	s := supervised(t)
	before := s.worker.pid()
	if err := s.StopWorker(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.worker.again(s.worker.exited, nil); err != nil {
		t.Fatal(err)
	}
	if s.worker.pid() != before {
		t.Error("a stopped worker was started again")
	}
}

func TestChildStartedByHandIsNotStartedTwice(t *testing.T) {
	t.Parallel()
	s := supervised(t)
	first := s.worker.exited
	if err := s.StopWorker(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.StartWorker(); err != nil {
		t.Fatal(err)
	}
	second := s.worker.pid()
	if err := s.worker.again(first, nil); err != nil { // what the watch of the first one does 300 ms later
		t.Fatal(err)
	}
	if s.worker.pid() != second {
		t.Error("a second worker was started beside the first")
	}
	if _, recorded := recordedPIDs(t, s); recorded != second {
		t.Errorf("stack.json names worker %d, not %d", recorded, second)
	}
}
