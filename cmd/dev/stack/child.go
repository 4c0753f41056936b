package stack

import (
	"bytes"
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
	err := c.spawn()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.stack.refreshInfo()
}

// spawn starts the process; the caller holds the lock.
func (c *child) spawn() error {
	log, err := os.OpenFile(c.stack.path(c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close()                               // the process has its own copy
	command := exec.Command(c.stack.binary, c.name) //nolint:noctx // stopped in order, not killed
	command.Env = environ(c.env)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to pass on, in order
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	c.process, c.exited, c.stopped = command.Process, make(chan struct{}), false
	go c.watch(command, c.exited)
	return c.stack.writePID(c.name, c.process.Pid)
}

// watch waits for the process and starts another one unless it was told to stop.
func (c *child) watch(command *exec.Cmd, exited chan struct{}) {
	why := command.Wait()
	close(exited)
	for {
		pause := time.NewTimer(300 * time.Millisecond)
		<-pause.C
		err := c.again(exited, why)
		if err == nil {
			return
		}
		c.stack.say("%v", err)
	}
}

// again starts the process anew, unless it was told to stop or somebody started it in the meantime.
func (c *child) again(exited chan struct{}, why error) error {
	c.mu.Lock()
	if c.stopped || c.exited != exited {
		c.mu.Unlock()
		return nil
	}
	c.stack.say("%s ended (%v); starting it again", c.name, why)
	err := c.spawn()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.stack.refreshInfo()
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
	if process == nil {
		return nil // it never started
	}
	return finish(ctx, process, exited, syscall.SIGTERM)
}

func environ(env map[string]string) []string {
	var out []string
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// Run runs a command of the product, as the operator would, and returns what it prints.
func (s *Stack) Run(ctx context.Context, args ...string) ([]byte, error) {
	return s.runWith(ctx, s.environment(), args...)
}

func (s *Stack) runWith(ctx context.Context, env map[string]string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, s.binary, args...)
	command.Env = environ(env)
	var errOut bytes.Buffer
	command.Stderr = &errOut
	out, err := command.Output()
	if err != nil {
		return out, fmt.Errorf("echosynch %s: %w: %s", args[0], err, bytes.TrimSpace(errOut.Bytes()))
	}
	return out, nil
}
