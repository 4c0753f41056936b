package failpoint_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/echo-synch/echo-synch/internal/failpoint"
)

// The test binary runs itself and dies at an armed step, once.
func TestAnArmedStepKillsOnce(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("FAILPOINT_TEST_DIR"); dir != "" {
		failpoint.In(dir).Pass(failpoint.Heard)
		return
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, string(failpoint.Heard)), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func() error {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAnArmedStepKillsOnce$")
		c.Env = append(os.Environ(), "FAILPOINT_TEST_DIR="+dir)
		return c.Run()
	}
	var died *exec.ExitError
	if err := run(); !errors.As(err, &died) || died.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("armed: %v, want it killed", err)
	}
	if err := run(); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	failpoint.Points{}.Pass(failpoint.Heard) // never armed
	failpoint.In(dir).Pass("")               // no step
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the directory is gone: %v", err)
	}
}
