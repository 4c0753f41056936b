package stack

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// setup is a stack of which nothing runs, in a directory that the database user can reach.
func setup(t *testing.T) *Stack {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "echosynch-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a leftover is only disk space
	for _, d := range []string{dir, filepath.Join(dir, "pids")} {
		if err := os.MkdirAll(d, 0o755); err != nil { //nolint:gosec // the database user must get through
			t.Fatal(err)
		}
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // the database user must get through
			t.Fatal(err)
		}
	}
	return &Stack{Dir: dir, opt: Options{Out: io.Discard}}
}

// idle starts a process that does nothing; ended is closed when it is over.
func idle(t *testing.T) (process *os.Process, ended <-chan struct{}) {
	t.Helper()
	command := exec.Command("sleep", "600") //nolint:noctx // killed below
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		_ = command.Wait() // it is always killed
		close(over)
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill() // over already where the test ended it
		<-over
	})
	return command.Process, over
}

func alive(p *os.Process) bool {
	_, err := startTime(p.Pid)
	return err == nil
}

func TestLeftoverIsEnded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	process, ended := idle(t)
	if err := s.writePID("api", process.Pid); err != nil {
		t.Fatal(err)
	}
	if err := s.endLeftovers(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ended
}

func TestStrangerWithTheSameNumberIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	process, _ := idle(t)
	line := fmt.Sprintf("%d 1\n", process.Pid) // started at another time
	if err := os.WriteFile(s.path("pids", "api.pid"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.endLeftovers(t.Context()); err != nil {
		t.Fatal(err)
	}
	Kill(s.Dir)
	if !alive(process) {
		t.Error("a process that is not ours was ended")
	}
}

func TestSecondStartOnALiveStackIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	parent, _ := idle(t)
	child, _ := idle(t)
	for name, p := range map[string]*os.Process{"dev": parent, "api": child} {
		if err := s.writePID(name, p.Pid); err != nil {
			t.Fatal(err)
		}
	}
	err := s.endLeftovers(t.Context())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", parent.Pid)) {
		t.Errorf("error is %v, want one that names process %d", err, parent.Pid)
	}
	if !alive(child) {
		t.Error("the live stack lost its api")
	}
}

func TestKillEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	process, ended := idle(t)
	if err := s.writePID("worker", process.Pid); err != nil {
		t.Fatal(err)
	}
	Kill(s.Dir)
	<-ended
}

func TestPIDFilesThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty": "", "words": "no number", "negative": "-1 1", "zero": "0 1", "without a time": fmt.Sprint(os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "api.pid")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if pid, alive := remembered(file); alive {
				t.Errorf("process %d is believed to be ours", pid)
			}
		})
	}
}
