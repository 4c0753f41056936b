package observe

import (
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"
)

const (
	trackerQueue = 100             // events that wait; more are dropped
	trackerTime  = 5 * time.Second // for one call
)

// Layer is where in the product something went wrong. As the attribute "layer" of a logger it is reported.
type Layer string

// The layers.
const (
	HTTP     Layer = "http"
	Relay    Layer = "relay"
	Activity Layer = "activity"
	Workflow Layer = "workflow"
	Sweeper  Layer = "sweeper"
	Command  Layer = "command"
)

// Tracker tells Sentry where in the code panics and unexpected errors happened: types of errors, functions, lines, the layer
// and ids of ours; never a message, a value or anything of the request. It is told by [Tracker.Handler], never waits, drops
// what Sentry does not take, and reports the same place once a minute. The nil Tracker reports nothing.
type Tracker struct {
	client *sentry.Client

	mu   sync.Mutex
	last map[uintptr]time.Time // by place; the code has finitely many
}

// ErrDSN does not quote the address: it holds a key.
var ErrDSN = errors.New("SENTRY_DSN is no address of a Sentry project")

// NewTracker reports to the project that dsn names; "" is nobody.
func NewTracker(dsn, environment string) (*Tracker, error) {
	if dsn == "" {
		return nil, nil
	}
	if environment == "" {
		environment = "unknown"
	}
	transport := sentry.NewHTTPTransport()
	transport.BufferSize, transport.Timeout = trackerQueue, trackerTime
	nothing := &sentry.KeyValueCollectionBehavior{Mode: sentry.CollectionOff}
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: dsn, Environment: environment, Release: release(), ServerName: "echosynch", Transport: transport,
		// Integrations would add the machine, the modules and variables of the environment.
		Integrations:         func([]sentry.Integration) []sentry.Integration { return nil },
		DisableClientReports: true,
		MaxBreadcrumbs:       -1,
		DataCollection: &sentry.DataCollection{
			UserInfo: sentry.Set(false), Cookies: nothing, HTTPBodies: []sentry.BodyType{}, QueryParams: nothing,
			HTTPHeaders: &sentry.HeaderCollectionConfig{Request: nothing, Response: nothing},
		},
		BeforeSend:            func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event { return allowed(e) },
		BeforeSendTransaction: func(*sentry.Event, *sentry.EventHint) *sentry.Event { return nil },
		BeforeSendLog:         func(*sentry.Log) *sentry.Log { return nil },
		BeforeSendMetric:      func(*sentry.Metric) *sentry.Metric { return nil },
		BeforeBreadcrumb:      func(*sentry.Breadcrumb, *sentry.BreadcrumbHint) *sentry.Breadcrumb { return nil },
	})
	if err != nil {
		return nil, ErrDSN
	}
	return &Tracker{client: client, last: make(map[uintptr]time.Time)}, nil
}

// release is the version of this binary, or the commit it was built from.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = s.Value
		}
	}
	if version == "" {
		return "unknown"
	}
	return version
}

// Flush waits for what is on its way, for at most the given time.
func (t *Tracker) Flush(within time.Duration) {
	if t != nil {
		t.client.Flush(within)
	}
}
