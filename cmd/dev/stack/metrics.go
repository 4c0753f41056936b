package stack

// Metrics are the addresses of what Prometheus reads of api, worker and Temporal.
func (s *Stack) Metrics() []string {
	return []string{origin(s.opt.Ports.APIAdmin) + "/metrics", origin(s.opt.Ports.WorkerAdmin) + "/metrics", origin(s.opt.Ports.TemporalMetrics) + "/metrics"}
}
