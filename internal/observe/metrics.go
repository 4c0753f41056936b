package observe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the figures of one process. Labels hold enums only, never an id.
type Metrics struct {
	// Registry holds all of them; whoever has more may register them here.
	Registry *prometheus.Registry
	// Events counts what Slack delivered, by outcome.
	Events *prometheus.CounterVec
	// AckSeconds is the time from a delivery's last byte to our answer.
	AckSeconds prometheus.Histogram
	// RelayLag is the age of the oldest inbox row that is due, in seconds; 0 when none is.
	RelayLag prometheus.Gauge
	// HandedOver counts inbox rows that the relay has handed over.
	HandedOver prometheus.Counter
	// ModelCalls counts the calls of models, by whose project it was and outcome; ModelTokens what they were billed for, and
	// ModelCost what that costs where the prices are known.
	ModelCalls  *prometheus.CounterVec
	ModelTokens *prometheus.CounterVec
	ModelCost   *prometheus.CounterVec
	// Swept counts what outlived its time and was destroyed by the sweeper, by kind; in good health it stands still.
	Swept *prometheus.CounterVec
	// SweptAt is when the sweeper last found nothing left that had outlived its time, in Unix seconds.
	SweptAt prometheus.Gauge
	// Overdue counts what has outlived its time and could not be destroyed in the last round, by kind.
	Overdue *prometheus.GaugeVec
	// Purges counts the workspaces that are being destroyed, by step.
	Purges *prometheus.GaugeVec
	// PurgeLeft is the time to the earliest deadline of a purge, in seconds: an hour when none is under way, negative when
	// one is late.
	PurgeLeft prometheus.Gauge
	// DataRequests counts the data requests that are not answered yet, by kind.
	DataRequests *prometheus.GaugeVec
	// DataRequestLeft is the time to the earliest deadline that the law gives one of them, in seconds: thirty days when there
	// is none, negative when one is late.
	DataRequestLeft prometheus.Gauge
}

// NewMetrics returns metrics on a registry of their own, with those of the Go runtime and the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		Events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "echosynch_events_total", Help: "Deliveries from Slack by outcome.",
		}, []string{"outcome"}),
		AckSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "echosynch_ack_seconds", Help: "Time to answer a delivery from Slack.",
			// Slack gives up after 3 s; our own target is 0.1 s.
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}),
		RelayLag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "echosynch_relay_lag_seconds", Help: "Age of the oldest inbox row that is due.",
		}),
		HandedOver: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "echosynch_handed_over_total", Help: "Inbox rows handed over to a workflow.",
		}),
		ModelCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "echosynch_model_calls_total", Help: "Calls of models by whose project it was, and outcome.",
		}, []string{"project", "outcome"}),
		ModelTokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "echosynch_model_tokens_total", Help: "Tokens that calls of models were billed for.",
		}, []string{"project", "direction"}),
		ModelCost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "echosynch_model_cost_total", Help: "Cost of tokens in the currency of GEMINI_INPUT_PRICE and GEMINI_OUTPUT_PRICE; stands still where they are not set.",
		}, []string{"project"}),
		Swept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "echosynch_swept_total", Help: "What outlived its time and was destroyed by the sweeper.",
		}, []string{"kind"}),
		SweptAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "echosynch_swept_timestamp_seconds", Help: "When the sweeper last left nothing that had outlived its time.",
		}),
		Overdue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "echosynch_erasures_overdue", Help: "What has outlived its time and could not be destroyed in the last round.",
		}, []string{"kind"}),
		Purges: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "echosynch_purges", Help: "Workspaces that are being destroyed, by step.",
		}, []string{"step"}),
		PurgeLeft: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "echosynch_purge_seconds_left", Help: "Time to the earliest deadline of a purge; negative when one is late.",
		}),
		DataRequests: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "echosynch_data_requests", Help: "Data requests of persons and workspaces that are not answered yet.",
		}, []string{"kind"}),
		DataRequestLeft: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "echosynch_data_request_seconds_left", Help: "Time to the earliest legal deadline of a data request; negative when one is late.",
		}),
	}
	m.Registry.MustRegister(m.Events, m.AckSeconds, m.RelayLag, m.HandedOver, m.ModelCalls, m.ModelTokens, m.ModelCost, m.Swept, m.SweptAt, m.Overdue, m.Purges, m.PurgeLeft,
		m.DataRequests, m.DataRequestLeft,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Prices are what a million tokens cost; zero where they are not known.
type Prices struct{ Input, Output float64 }

// Model counts one call of a model: project says whose it was, outcome what came of it.
func (m *Metrics) Model(project, outcome string, input, output int64, p Prices) {
	m.ModelCalls.WithLabelValues(project, outcome).Inc()
	m.ModelTokens.WithLabelValues(project, "input").Add(float64(input))
	m.ModelTokens.WithLabelValues(project, "output").Add(float64(output))
	m.ModelCost.WithLabelValues(project).Add((float64(input)*p.Input + float64(output)*p.Output) / 1e6)
}
