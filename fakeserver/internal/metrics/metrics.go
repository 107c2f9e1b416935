// Package metrics counts what a server does, for Prometheus:
//
//	fake_requests_total{operation="partnerLiquidityProvider.get",outcome="success"} 17
//	fake_reason_codes_total{operation="…onboard",outcome="owner_not_caller",reason_code="partner_liquidity_provider_invalid"} 2
//	fake_request_duration_seconds_bucket{operation="partnerLiquidityProvider.get",le="1e-05"} 12
//	fake_worlds 3
//	fake_build_info{version="v1.4.0",commit="…",date="…",goversion="go1.26.0"} 1
//
// The values of labels come from the milestone and the build alone, so that clients cannot add series:
// operation ids, the router's among them, names of outcomes, reason codes of the milestone.
// Three outcomes are not in the milestone: see [exchange.Exchange.Label]. Worlds have no
// label, for clients name them.
package metrics

import (
	"net/http"
	"slices"
	"time"

	// client_golang is the Prometheus project's own: the text format, its negotiation
	// and the histograms are theirs, and so are the metrics of the Go runtime.
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/internal/buildinfo"
	"example.com/lpgate/milestones"
)

// buckets are the upper bounds of the histogram, in seconds. Most requests take
// some ten microseconds; one with an injected delay may take a minute.
var buckets = []float64{10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 25e-3, 100e-3, 1, 10, 60}

// Metrics are those of one server. They are safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	operations map[string]*operation // by id
}

// operation has the counters of one operation. All are looked up when the server starts,
// so that a request only adds.
type operation struct {
	outcomes map[string]outcome // by exchange.Label
	replays  prometheus.Counter
	took     prometheus.Observer
}

// outcome counts one outcome, and the reason codes that were given with it.
type outcome struct {
	requests prometheus.Counter
	codes    []code
}

type code struct {
	name  string
	given prometheus.Counter
}

// New returns metrics that are 0.
func New(m *milestones.Milestone) *Metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fake_requests_total", Help: "Requests to the contract, by operation and outcome.",
	}, []string{"operation", "outcome"})
	codes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fake_reason_codes_total", Help: "Answers with a reason code of the milestone, by operation, outcome and code.",
	}, []string{"operation", "outcome", "reason_code"})
	replays := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fake_replays_total", Help: "Answers replayed for their idempotency key, by operation.",
	}, []string{"operation"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fake_request_duration_seconds", Help: "Time until the answer was ready to be written, by operation.", Buckets: buckets,
	}, []string{"operation"})
	all := &Metrics{registry: prometheus.NewRegistry(), operations: map[string]*operation{}}
	all.registry.MustRegister(requests, codes, replays, took,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := buildinfo.Read()
	all.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "fake_build_info", Help: "Always 1; the labels are the build of the server.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "date": build.Date, "goversion": build.Go},
	}, func() float64 { return 1 }))
	add := func(o *milestones.Operation) {
		of := &operation{outcomes: map[string]outcome{}, replays: replays.WithLabelValues(o.ID), took: took.WithLabelValues(o.ID)}
		for _, label := range []string{exchange.LabelInternal, exchange.LabelFull, exchange.LabelFault} {
			of.outcomes[label] = outcome{requests: requests.WithLabelValues(o.ID, label)}
		}
		cells := o.CoverageItems()
		for _, declared := range o.Outcomes {
			counted := outcome{requests: requests.WithLabelValues(o.ID, declared.Name)}
			for _, cell := range cells {
				if cell.Outcome == declared.Name && cell.ReasonCode != "" {
					counted.codes = append(counted.codes, code{cell.ReasonCode, codes.WithLabelValues(o.ID, cell.Outcome, cell.ReasonCode)})
				}
			}
			of.outcomes[declared.Name] = counted
		}
		all.operations[o.ID] = of
	}
	for i := range m.Operations {
		add(&m.Operations[i])
	}
	add(&m.Router)
	return all
}

// Count counts a request and its answer.
func (m *Metrics) Count(x *exchange.Exchange) {
	of := m.operations[x.Operation]
	of.took.Observe(time.Duration(x.Took).Seconds())
	if x.Replayed {
		of.replays.Inc()
	}
	counted := of.outcomes[x.Label()]
	counted.requests.Inc()
	for _, code := range counted.codes {
		if slices.Contains(x.ReasonCodes, code.name) {
			code.given.Inc()
		}
	}
}

// Watch adds gauges of what the worlds have.
func (m *Metrics) Watch(worlds *world.Worlds, budget *store.Budget) {
	m.registry.MustRegister(holdings{worlds})
	gauge := func(name, help string, value func() int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	gauge("fake_records", "Audit entries, cached answers and checkpoints in all worlds.", budget.Used)
	gauge("fake_records_limit", "Maximum number of records.", budget.Max)
}

// Handler serves the metrics as text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// holdings collects the gauges.
type holdings struct{ worlds *world.Worlds }

var gauges = []struct {
	*prometheus.Desc
	of func(store.Counts) int
}{
	{gauge("fake_worlds", "Number of worlds."), func(store.Counts) int { return 1 }},
	{gauge("fake_providers", "Providers in all worlds."), func(c store.Counts) int { return c.Providers }},
	{gauge("fake_audit_entries", "Audit entries in all worlds."), func(c store.Counts) int { return c.AuditEntries }},
	{gauge("fake_kept_answers", "Answers cached for their idempotency keys, in all worlds."), func(c store.Counts) int { return c.Answers }},
	{gauge("fake_checkpoints", "Checkpoints of exports in all worlds."), func(c store.Counts) int { return c.Checkpoints }},
}

func gauge(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

// Describe implements prometheus.Collector.
func (holdings) Describe(to chan<- *prometheus.Desc) {
	for _, h := range gauges {
		to <- h.Desc
	}
}

// Collect implements prometheus.Collector.
func (h holdings) Collect(to chan<- prometheus.Metric) {
	sums := make([]int, len(gauges))
	for _, w := range h.worlds.All() {
		counts := w.Store.Counts()
		for i := range gauges {
			sums[i] += gauges[i].of(counts)
		}
	}
	for i, sum := range sums {
		to <- prometheus.MustNewConstMetric(gauges[i].Desc, prometheus.GaugeValue, float64(sum))
	}
}
