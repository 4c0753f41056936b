// Command echosynch is the product: the api, the worker, the migrations and the operator's sub-commands in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/observe"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a call whose words are off.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// flushTime is how long a process that ends waits for the error tracker at most.
const flushTime = 2 * time.Second

// run executes one command and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) (code int) {
	s := &surroundings{out: out, errOut: errOut}
	defer func() {
		if recover() != nil { // its value may hold anything, so nothing prints it
			observe.LogPanic(ctx, s.logger(s.cfg).With("layer", observe.Command))
			code = exitFailed
		}
		s.tracker.Flush(flushTime)
	}()
	s.load = func(need config.Need) (config.Config, error) { return s.settings(ctx, getenv, need) }
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(errOut, "%s: %v; see '%s --help'\n", cmd.CommandPath(), err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(errOut, "%s: %v\n", cmd.CommandPath(), err)
	return exitFailed
}

// surroundings are what a command may touch.
type surroundings struct {
	load        func(config.Need) (config.Config, error) // the configuration that a command needs
	out, errOut io.Writer
	cfg         config.Config // once it is loaded
	tracker     *observe.Tracker
}

// settings reads the configuration, and logs what looks like a mistake in it.
func (s *surroundings) settings(ctx context.Context, getenv func(string) string, need config.Need) (config.Config, error) {
	cfg, remarks, err := config.LoadStored(ctx, getenv, need)
	if err != nil {
		return cfg, fmt.Errorf("these settings are missing or wrong:\n%w", err)
	}
	if s.tracker, err = observe.NewTracker(cfg.SentryDSN.Reveal(), string(cfg.Env)); err != nil {
		return cfg, err
	}
	s.cfg = cfg
	for _, r := range remarks {
		s.logger(cfg).WarnContext(ctx, "setting looks like a mistake", "name", r.Name, "what", r.What, "remedy", r.Remedy)
	}
	return cfg, nil
}

func (s *surroundings) logger(cfg config.Config) *slog.Logger {
	return slog.New(s.tracker.Handler(observe.Logger(s.errOut, cfg.LogLevel, cfg.Env != config.Dev).Handler()))
}

func rootCommand(s *surroundings) *cobra.Command {
	root := &cobra.Command{
		Use:           "echosynch",
		Short:         "A help desk for internal IT that lives in Slack",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(
		apiCommand(s), workerCommand(s), migrateCommand(s), manifestCommand(s),
		workspaceCommand(s), agentCommand(s), channelCommand(s), retentionCommand(s), labelsCommand(s),
		requestCommand(s), certificateCommand(s), auditCommand(s), keysCommand(s), byomCommand(s), personCommand(s), evalCommand(s),
		restoreCommand(s), drillCommand(s), knowledgeCommand(s),
	)
	return root
}

// helpCommand replaces cobra's, which takes an unknown command for success.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Say what a command does and reads",
		Long:  "Say what a command does and reads. All commands: echosynch --help.",
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err == nil {
				err = onlyCommands(about, rest)
			}
			if err != nil {
				return err
			}
			return about.Help()
		},
	}
}

// arguments refuses a wrong number of arguments as bad usage, naming what is expected.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return usageError{fmt.Errorf("takes no arguments, not %d", len(args))}
		}
		return usageError{fmt.Errorf("takes the arguments %s, not %d", strings.Join(names, " "), len(args))}
	}
}

// onlyCommands refuses what is no command of a group as bad usage.
func onlyCommands(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("has no command %q", args[0])}
	}
	return nil
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	g.AddCommand(commands...)
	return g
}

// environment is the part of a command's --help that lists what it reads.
func environment(need config.Need) string {
	var b strings.Builder
	b.WriteString("Environment:\n")
	_ = config.WriteHelp(&b, need) // a strings.Builder does not fail
	return b.String()
}
