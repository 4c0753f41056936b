// Package stack runs the whole product on one machine: two Postgres clusters, a Temporal server with its UI, the
// simulators, and the product's own api and worker as child processes. It is what `make dev` starts and what the
// end-to-end tests stand on. It is no way to run the product for anybody: see docker-compose.yml for that.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// Options of a stack.
type Options struct {
	// Dir keeps everything: data, logs, secrets, process ids.
	Dir string
	// Ports that are zero are chosen.
	Ports Ports
	// Out is told what happens.
	Out io.Writer
	// Env is added to the environment of the product's processes.
	Env map[string]string
	// RetryDelays of the simulated Slack's events; nil: Slack's own.
	RetryDelays []time.Duration
	// Volatile: the simulated Slack keeps nothing over a restart, and is faster for it.
	Volatile bool
	// SlackTransport carries the deliveries of the simulated Slack; nil: the usual one.
	SlackTransport http.RoundTripper
	// Unfair: Temporal's queues take no turns between workspaces; to measure what turns are worth.
	Unfair bool
	// Failpoints lets files in [Stack.FailpointDir] end api and worker at the steps they are named after.
	Failpoints bool
	// Record, where set, gets everything that passes through the simulators.
	Record io.Writer
	// DatabaseAdminURL and KeystoreAdminURL are clusters to use instead of own ones; both or none.
	DatabaseAdminURL, KeystoreAdminURL string
}

// Stack is a running product.
type Stack struct {
	Info   Info
	Slack  *slacksim.Server
	Gemini *geminisim.Server
	// Dir is where data and logs are; DataDirs are the clusters' own directories.
	Dir      string
	DataDirs []string

	opt       Options
	binary    string
	secrets   secrets
	main      *pgCluster
	keys      *pgCluster
	temporal  *temporalServer
	servers   []*http.Server
	api       *child
	worker    *child
	infoMu    sync.Mutex
	sayMu     sync.Mutex
	stopSteps []step
}

// step undoes one step of the start.
type step struct {
	name string
	stop func(context.Context) error
}

// Start brings everything up, in order, and returns when all of it answers and the workspace Acme is installed.
func Start(ctx context.Context, o Options) (s *Stack, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find directory: %w", err)
	}
	s = &Stack{opt: o, Dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
		}
	}()
	for _, do := range []func(context.Context) error{
		s.prepare, s.build, s.startPostgres, s.startTemporal, s.migrate, s.startSimulators, s.startProduct, s.seed, s.writeInfo,
	} {
		if err := do(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Stop ends everything in order: api, worker, simulators, Temporal, Postgres.
func (s *Stack) Stop(ctx context.Context) error {
	var problems []error
	for i := len(s.stopSteps) - 1; i >= 0; i-- {
		step := s.stopSteps[i]
		s.say("stopping %s", step.name)
		if err := step.stop(ctx); err != nil {
			problems = append(problems, fmt.Errorf("stop %s: %w", step.name, err))
		}
	}
	s.stopSteps = nil
	return errors.Join(problems...)
}

func (s *Stack) onStop(name string, stop func(context.Context) error) {
	s.stopSteps = append(s.stopSteps, step{name, stop})
}

func (s *Stack) say(format string, args ...any) {
	s.sayMu.Lock()
	defer s.sayMu.Unlock()
	fmt.Fprintf(s.opt.Out, format+"\n", args...)
}

// prepare makes the directory, ends what a killed parent left over, and checks the ports.
func (s *Stack) prepare(ctx context.Context) error {
	if err := os.MkdirAll(s.path("pids"), 0o755); err != nil { //nolint:gosec // the database user must get through
		return fmt.Errorf("make %s: %w", s.Dir, err)
	}
	if err := os.MkdirAll(s.FailpointDir(), 0o700); err != nil {
		return fmt.Errorf("make %s: %w", s.FailpointDir(), err)
	}
	if err := s.endLeftovers(ctx); err != nil {
		return err
	}
	if err := os.Remove(s.path("stack.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget the earlier start: %w", err)
	}
	var given []string
	if s.opt.DatabaseAdminURL != "" {
		given = []string{"postgres", "keystore"}
	}
	ports, err := s.opt.Ports.settle(given...)
	if err != nil {
		return err
	}
	s.opt.Ports = ports
	s.secrets, err = loadSecrets(s.path("secrets.json"), s.path("kms.key"))
	return err
}

func (s *Stack) path(parts ...string) string {
	return filepath.Join(append([]string{s.Dir}, parts...)...)
}

// startProduct starts api and worker and waits until both answer.
func (s *Stack) startProduct(ctx context.Context) error {
	p := s.opt.Ports
	apiEnv, workerEnv := s.environment(), s.environment()
	apiEnv["LISTEN_ADDR"], apiEnv["ADMIN_LISTEN_ADDR"] = local(p.API), local(p.APIAdmin)
	workerEnv["ADMIN_LISTEN_ADDR"] = local(p.WorkerAdmin)
	s.worker = newChild(s, "worker", workerEnv)
	s.api = newChild(s, "api", apiEnv)
	for _, c := range []*child{s.worker, s.api} {
		s.say("starting %s", c.name)
		s.onStop(c.name, c.stop)
		if err := c.start(); err != nil {
			return err
		}
	}
	for name, url := range map[string]string{"api": origin(p.API) + "/health", "worker": origin(p.WorkerAdmin) + "/health"} {
		if err := answers(ctx, url, 30*time.Second); err != nil {
			return fmt.Errorf("%s does not answer; its log is %s: %w", name, s.path(name+".log"), err)
		}
	}
	return nil
}

// environment is what every process of the product gets: the application's role, never the administrator's.
func (s *Stack) environment() map[string]string {
	p := s.opt.Ports
	env := map[string]string{
		"ECHO_ENV": "dev", "LOG_LEVEL": "info",
		"PUBLIC_URL":   origin(p.API),
		"DATABASE_URL": s.main.appURL, "KEYSTORE_URL": s.keys.appURL,
		"TEMPORAL_ADDRESS": local(p.Temporal), "TEMPORAL_NAMESPACE": namespace,
		"SLACK_CLIENT_ID": "1000.2000", "SLACK_CLIENT_SECRET": s.secrets.ClientSecret,
		"SLACK_SIGNING_SECRET": s.secrets.SigningSecret, "SLACK_API_URL": origin(p.Slack) + "/api/",
		"GEMINI_PROJECT": "acme-dev", "GEMINI_BASE_URL": origin(p.Gemini) + "/",
		"LOCAL_KMS_KEY_FILE": s.path("kms.key"), "CERTIFICATE_SIGNING_KEY": s.secrets.CertificateSeed,
		"HOME": os.Getenv("HOME"), "PATH": os.Getenv("PATH"),
	}
	if s.opt.Failpoints {
		env["FAILPOINT_DIR"] = s.FailpointDir()
	}
	maps.Copy(env, s.opt.Env)
	return env
}

// FailpointDir is where failpoints are armed, where [Options] let them be.
func (s *Stack) FailpointDir() string { return s.path("failpoints") }

// KillAPI ends the api without warning; it is started again.
func (s *Stack) KillAPI() error { return s.api.kill() }

// KillWorker ends the worker without warning; it is started again.
func (s *Stack) KillWorker() error { return s.worker.kill() }

// StopWorker ends the worker in order; StartWorker starts it again.
func (s *Stack) StopWorker(ctx context.Context) error { return s.worker.stop(ctx) }

// StartWorker starts a stopped worker.
func (s *Stack) StartWorker() error { return s.worker.start() }

// StopTemporal ends the Temporal server; its data stays.
func (s *Stack) StopTemporal(context.Context) error { return s.temporal.stop() }

// StartTemporal starts a stopped Temporal server on the same data.
func (s *Stack) StartTemporal(ctx context.Context) error { return s.temporal.start(ctx) }

// Reset deletes what earlier starts in o.Dir made, their clusters included. It refuses while one is running, and where
// the clusters are given, because those are not ours to delete.
func Reset(ctx context.Context, o Options) error {
	if o.DatabaseAdminURL != "" {
		return errors.New("reset deletes only clusters that were made here: drop the databases of yours, delete the directory and start again")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("find directory: %w", err)
	}
	s := &Stack{opt: o, Dir: dir}
	if _, err := os.Stat(s.path("pids")); errors.Is(err, os.ErrNotExist) {
		return nil // nothing of ours is there
	}
	if err := s.endLeftovers(ctx); err != nil {
		return err
	}
	who, err := unprivileged()
	if err != nil {
		return err
	}
	base, err := s.dataDir(who)
	if err != nil {
		return err
	}
	s.say("deleting %s", s.Dir)
	logs, err := filepath.Glob(s.path("*.log"))
	if err != nil {
		return fmt.Errorf("find logs: %w", err)
	}
	for _, path := range append(logs,
		filepath.Join(base, "postgres"), filepath.Join(base, "keystore"), s.path("pids"), s.path("bin"),
		s.path("slack.json"), s.path("secrets.json"), s.path("kms.key"), s.path("stack.json"),
	) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("delete %s: %w", path, err)
		}
	}
	return nil
}
