// Command dev is the product on one machine, with simulators instead of Slack and Gemini: `make dev`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/echo-synch/echo-synch/cmd/dev/stack"
)

const usage = `dev runs Echo-Synch on this machine, with simulators instead of Slack and Gemini.

  dev [-dir DIR] [-port NAME=NUMBER ...]     start, and stop on Ctrl-C
  dev [-dir DIR] reset                       delete the data, then start

Set DATABASE_ADMIN_URL and KEYSTORE_ADMIN_URL to use Postgres clusters of your own.
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errUsage) {
			fmt.Fprint(os.Stderr, usage)
			os.Exit(2)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("bad usage")

func run(args []string) error {
	o := stack.Options{
		Dir: "../../.dev", Ports: stack.DefaultPorts(), Out: os.Stdout,
		DatabaseAdminURL: os.Getenv("DATABASE_ADMIN_URL"), KeystoreAdminURL: os.Getenv("KEYSTORE_ADMIN_URL"),
	}
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main says what is wrong, once
	flags.StringVar(&o.Dir, "dir", o.Dir, "where data, logs and secrets go")
	flags.Func("port", "NAME=NUMBER", func(v string) error { return setPort(&o.Ports, v) })
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return nil
	} else if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if (o.DatabaseAdminURL == "") != (o.KeystoreAdminURL == "") {
		return errors.New("set both DATABASE_ADMIN_URL and KEYSTORE_ADMIN_URL, or none")
	}
	if flags.NArg() > 1 {
		return fmt.Errorf("%w: unknown argument %q", errUsage, flags.Arg(1))
	}
	ctx := interrupted(o.Dir)
	switch flags.Arg(0) {
	case "":
	case "reset":
		if err := stack.Reset(ctx, o); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: unknown argument %q", errUsage, flags.Arg(0))
	}
	return serve(ctx, o)
}

// setPort reads NAME=NUMBER.
func setPort(p *stack.Ports, v string) error {
	name, number, _ := strings.Cut(v, "=")
	port, err := strconv.ParseUint(number, 10, 16)
	known, ok := p.Names()[name]
	if err != nil || !ok {
		return fmt.Errorf("want NAME=NUMBER, such as api=9080; %q is not", v)
	}
	*known = int(port)
	return nil
}

// serve runs until the first Ctrl-C, then stops in order; the second one ends everything at once.
func serve(ctx context.Context, o stack.Options) error {
	s, err := stack.Start(ctx, o)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped before it was ready: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf(`
  Slack, simulated   %s     post something in #it-help
  Temporal UI        %s
  api                %s
  logs, stack.json   %s

ready
`, s.Info.Slack, s.Info.TemporalUI, s.Info.API, filepath.Clean(s.Dir))
	<-ctx.Done()
	return s.Stop(context.WithoutCancel(ctx))
}

// interrupted returns a context that the first Ctrl-C ends. The second one kills whatever runs in dir, and us.
func interrupted(dir string) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "killing everything")
		stack.Kill(dir)
		os.Exit(1)
	}()
	return ctx
}
