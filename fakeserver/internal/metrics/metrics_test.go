package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	// The linter behind promtool's check metrics: names, units and help texts.
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/milestones"
)

// counted returns an exchange of an operation with an outcome; "" for none.
func counted(operation, outcome string, x exchange.Exchange) *exchange.Exchange {
	x.Operation, x.Outcome, x.Took = operation, outcome, exchange.Micros(20*time.Microsecond)
	return &x
}

func text(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestCount(t *testing.T) {
	const rollout = "partnerLiquidityProvider.rollout.upsert"
	for name, c := range map[string]struct {
		exchange *exchange.Exchange
		want     []string
	}{
		"a success": {counted("healthz", "success", exchange.Exchange{Status: 200}), []string{
			`fake_requests_total{operation="healthz",outcome="success"} 1`,
			`fake_request_duration_seconds_bucket{operation="healthz",le="2.5e-05"} 1`,
			`fake_request_duration_seconds_bucket{operation="healthz",le="1e-05"} 0`,
		}},
		"a replay": {counted(rollout, "success", exchange.Exchange{Status: 200, Replayed: true, ReasonCodes: []string{"partner_liquidity_provider_rollout_blocked", "their own"}}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="success"} 1`,
			`fake_replays_total{operation="` + rollout + `"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="success",reason_code="partner_liquidity_provider_rollout_blocked"} 1`,
		}},
		"a refusal with two reasons": {counted(rollout, "rollout_blocked", exchange.Exchange{Status: 409, ReasonCodes: []string{"partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"}}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="rollout_blocked"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="rollout_blocked",reason_code="partner_liquidity_provider_rollout_blocked"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="rollout_blocked",reason_code="partner_liquidity_provider_downgrade_required"} 1`,
		}},
		"no operation": {counted(milestones.M109().Router.ID, "route_not_found", exchange.Exchange{Status: 404}), []string{
			`fake_requests_total{operation="` + milestones.M109().Router.ID + `",outcome="route_not_found"} 1`,
		}},
		"a defect": {counted("healthz", "", exchange.Exchange{Status: 500}), []string{
			`fake_requests_total{operation="healthz",outcome="internal"} 1`,
		}},
		"no room": {counted(rollout, "", exchange.Exchange{Status: 507, Full: true}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="full"} 1`,
		}},
		"a fault that is no outcome": {counted(rollout, "", exchange.Exchange{Fault: "f1"}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="fault"} 1`,
			`fake_requests_total{operation="` + rollout + `",outcome="internal"} 0`,
		}},
		"a fault that is one": {counted("healthz", "success", exchange.Exchange{Status: 200, Fault: "f1"}), []string{
			`fake_requests_total{operation="healthz",outcome="success"} 1`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := New(milestones.M109())
			m.Count(c.exchange)
			got := text(m)
			for _, line := range c.want {
				if !strings.Contains(got, line+"\n") {
					t.Errorf("missing: %s", line)
				}
			}
			if strings.Contains(got, "their own") {
				t.Error("a caller's own code became a label")
			}
		})
	}
}

func TestLint(t *testing.T) {
	m := New(milestones.M109())
	got := text(m)
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, want := range []string{"go_goroutines ", "process_cpu_seconds_total "} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	m := New(milestones.M109())
	one := counted("partnerLiquidityProvider.eligibility.evaluate", "success", exchange.Exchange{Status: 200})
	b.ReportAllocs()
	for b.Loop() {
		m.Count(one)
	}
}
