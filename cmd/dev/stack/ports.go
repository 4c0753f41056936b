package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Ports are those of a stack, all on the loopback address. Zero means that a free one is chosen.
type Ports struct {
	API, APIAdmin, WorkerAdmin                     int
	Slack, Gemini                                  int
	Postgres, Keystore                             int
	Temporal, TemporalUI, TemporalHTTP             int
	TemporalHistory, TemporalMatching, TemporalJob int
	TemporalMetrics                                int
}

// DefaultPorts are those of make dev.
func DefaultPorts() Ports {
	return Ports{
		API: 8080, APIAdmin: 8081, WorkerAdmin: 8082, Slack: 8090, Gemini: 8091, Postgres: 54320, Keystore: 54321,
		Temporal: 7233, TemporalUI: 8233, TemporalHTTP: 7243, TemporalHistory: 7234, TemporalMatching: 7235,
		TemporalJob: 7239, TemporalMetrics: 7299,
	}
}

// Names are what ports are called on the command line.
func (p *Ports) Names() map[string]*int {
	return map[string]*int{
		"api": &p.API, "api-admin": &p.APIAdmin, "worker-admin": &p.WorkerAdmin, "slack": &p.Slack, "gemini": &p.Gemini,
		"postgres": &p.Postgres, "keystore": &p.Keystore, "temporal": &p.Temporal, "temporal-ui": &p.TemporalUI,
		"temporal-http": &p.TemporalHTTP, "temporal-history": &p.TemporalHistory, "temporal-matching": &p.TemporalMatching,
		"temporal-worker": &p.TemporalJob, "temporal-metrics": &p.TemporalMetrics,
	}
}

// settle says which port is taken, and chooses free ones for those that are zero. Those in except are not looked at.
func (p Ports) settle(except ...string) (Ports, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close() // its number is all that was wanted
		}
	}()
	named := p.Names()
	names := slices.DeleteFunc(slices.Collect(maps.Keys(named)), func(name string) bool { return slices.Contains(except, name) })
	// The given ones first, or a chosen one could take the place of a given one.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(*named[b], *named[a]), cmp.Compare(a, b)) })
	for _, name := range names {
		l, err := net.Listen("tcp", local(*named[name])) //nolint:noctx // local and at once
		if errors.Is(err, syscall.EADDRINUSE) {
			return p, fmt.Errorf("port %d for %s is taken: stop what uses it, or choose another with -port %s=NUMBER", *named[name], name, name)
		}
		if err != nil {
			return p, fmt.Errorf("port %d for %s cannot be used: %w; choose another with -port %s=NUMBER", *named[name], name, err, name)
		}
		held = append(held, l)
		*named[name] = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func origin(port int) string { return "http://" + local(port) }

// answers waits until url answers 200.
func answers(ctx context.Context, url string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return until(ctx, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close() // only its status was wanted
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %d", url, response.StatusCode)
		}
		return nil
	})
}

// until tries f every 100 ms until it succeeds or ctx ends; then it returns f's last error.
func until(ctx context.Context, f func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
