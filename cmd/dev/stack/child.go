package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// child is one process of the product. One that ends unasked is started again.
type child struct {
	stack *Stack
	name  string
	env   map[string]string

	mu      sync.Mutex
	process *os.Process
	exited  chan struct{}
	stopped bool
}

func newChild(s *Stack, name string, env map[string]string) *child {
	return &child{stack: s, name: name, env: env}
}

func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = false
	return c.spawn()
}

// spawn starts the process; the caller holds the lock.
func (c *child) spawn() error {
	log, err := os.OpenFile(c.stack.path(c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	command := exec.Command(c.stack.binary, c.name) //nolint:noctx // stopped in order, not killed
	command.Env = environ(c.env)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to pass on, in order
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	c.process = command.Process
	c.exited = make(chan struct{})
	go c.watch(command, c.exited)
	return c.stack.writePID(c.name, c.process.Pid)
}

// watch waits for the process and starts another one unless it was told to stop.
func (c *child) watch(command *exec.Cmd, exited chan struct{}) {
	err := command.Wait()
	close(exited)
	pause := time.NewTimer(300 * time.Millisecond)
	defer pause.Stop()
	<-pause.C
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.stack.say("%s ended (%v); starting it again", c.name, err)
	if err := c.spawn(); err != nil {
		c.stack.say("%v", err)
		return
	}
	if err := c.stack.refreshInfo(c.name, c.process.Pid); err != nil {
		c.stack.say("%v", err)
	}
}

func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process.Pid
}

func (c *child) kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", c.name, err)
	}
	return nil
}

// stop asks the process to end and waits for it.
func (c *child) stop(ctx context.Context) error {
	c.mu.Lock()
	c.stopped = true
	process, exited := c.process, c.exited
	c.mu.Unlock()
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	select {
	case <-exited:
		return nil
	case <-ctx.Done():
	case <-late.C:
	}
	return errors.Join(fmt.Errorf("%s did not stop in time; killing it", c.name), process.Kill())
}

func environ(env map[string]string) []string {
	var out []string
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}
