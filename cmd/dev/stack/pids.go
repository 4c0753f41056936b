package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// kind of process that outlives a parent that is killed, with the signals that end it in order and at once.
type kind struct {
	name        string
	ask, atOnce syscall.Signal
}

// kinds are in the order of a stop. Postgres is never killed where it can be helped: its immediate shutdown is as fast
// and leaves no shared memory behind.
func kinds() []kind {
	return []kind{
		{name: "api", ask: syscall.SIGTERM, atOnce: syscall.SIGKILL},
		{name: "worker", ask: syscall.SIGTERM, atOnce: syscall.SIGKILL},
		{name: "keystore", ask: syscall.SIGINT, atOnce: syscall.SIGQUIT},
		{name: "postgres", ask: syscall.SIGINT, atOnce: syscall.SIGQUIT},
	}
}

// Kill ends every process of the stack in dir at once, whoever started it. The caller then ends itself, or the
// supervisor would start them again.
func Kill(dir string) {
	for _, k := range kinds() {
		if pid, alive := remembered(filepath.Join(dir, "pids", k.name+".pid")); alive {
			_ = syscall.Kill(pid, k.atOnce) // gone already, or nothing can be done
		}
	}
}

// writePID remembers a process, with the time it started, so that a later start can end it.
func (s *Stack) writePID(name string, pid int) error {
	started, err := startTime(pid)
	if err != nil {
		return nil // gone already, or no /proc here: there is nothing to remember
	}
	line := fmt.Sprintf("%d %s\n", pid, started)
	if err := os.WriteFile(s.path("pids", name+".pid"), []byte(line), 0o600); err != nil {
		return fmt.Errorf("remember process %d: %w", pid, err)
	}
	return nil
}

// endLeftovers ends what a killed parent left running, in the order of a stop. A process that is not the one
// remembered is left alone.
func (s *Stack) endLeftovers(ctx context.Context) error {
	if pid, alive := remembered(s.path("pids", "dev.pid")); alive && pid != os.Getpid() {
		return fmt.Errorf("another make dev is running on %s (process %d): stop it first, or give another -dir", s.Dir, pid)
	}
	for _, k := range kinds() {
		pid, alive := remembered(s.path("pids", k.name+".pid"))
		if !alive {
			continue
		}
		s.say("ending %s of an earlier start (process %d)", k.name, pid)
		if err := end(ctx, pid, k.ask); err != nil {
			return fmt.Errorf("end %s (process %d): %w", k.name, pid, err)
		}
	}
	return s.writePID("dev", os.Getpid())
}

// remembered is the process of a pid file, if it is still the same one.
func remembered(file string) (pid int, alive bool) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	id, started, _ := strings.Cut(strings.TrimSpace(string(raw)), " ")
	if pid, err = strconv.Atoi(id); err != nil || pid <= 0 {
		return 0, false
	}
	now, err := startTime(pid)
	return pid, err == nil && now == started
}

// patience is how long a process that was asked to end may take before it is killed.
const patience = 30 * time.Second

// end asks a process that is not our child to end, waits for it, and kills it if that does not help.
func end(ctx context.Context, pid int, ask syscall.Signal) error {
	started, err := startTime(pid)
	if err != nil {
		return nil // it has ended
	}
	gone := func() error {
		if now, err := startTime(pid); err == nil && now == started {
			return errors.New("it does not end")
		}
		return nil
	}
	for _, signal := range []syscall.Signal{ask, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, patience)
		err = until(waiting, gone)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// finish is end for a child of ours: exited is closed when it has been waited for.
func finish(ctx context.Context, process *os.Process, exited <-chan struct{}, ask syscall.Signal) error {
	if err := process.Signal(ask); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-exited:
		return nil
	case <-ctx.Done():
	case <-late.C:
	}
	err := process.Kill()
	if err == nil {
		<-exited
	}
	return errors.Join(errors.New("it did not end in time and was killed"), err)
}

// startTime of a process, in the kernel's ticks: with the pid it names a process for good. A process that has ended but
// was not waited for counts as gone.
func startTime(pid int) (string, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	stat := string(raw)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // the name before it may hold spaces and brackets
	if len(fields) < 20 || fields[0] == "Z" {
		return "", errors.New("no such process")
	}
	return fields[19], nil
}
