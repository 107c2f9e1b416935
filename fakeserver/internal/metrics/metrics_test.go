package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	// The linter behind promtool's check metrics: names, units and help texts.
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/milestones"
)

// seen is a request to an operation that came to an outcome; "" is none.
func seen(operation, outcome string, answer store.Answer) *world.Event {
	o, _ := milestones.M109().Operation(operation)
	x := &rest.Exchange{Operation: o, Answer: answer}
	for i := range o.Outcomes {
		if o.Outcomes[i].Name == outcome {
			x.Outcome = &o.Outcomes[i]
		}
	}
	return &world.Event{Exchange: x, Took: 20 * time.Microsecond}
}

func faulted(s *world.Event) *world.Event {
	s.Fault = "f1"
	return s
}

func text(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestCount(t *testing.T) {
	const rollout = "partnerLiquidityProvider.rollout.upsert"
	for name, c := range map[string]struct {
		seen *world.Event
		want []string
	}{
		"a success": {seen("healthz", "success", store.Answer{Status: 200}), []string{
			`fake_requests_total{operation="healthz",outcome="success"} 1`,
			`fake_request_duration_seconds_bucket{operation="healthz",le="2.5e-05"} 1`,
			`fake_request_duration_seconds_bucket{operation="healthz",le="1e-05"} 0`,
		}},
		"a replay": {seen(rollout, "success", store.Answer{Status: 200, Replayed: true, ReasonCodes: []string{"partner_liquidity_provider_rollout_blocked", "their own"}}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="success"} 1`,
			`fake_replays_total{operation="` + rollout + `"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="success",reason_code="partner_liquidity_provider_rollout_blocked"} 1`,
		}},
		"a refusal with two reasons": {seen(rollout, "rollout_blocked", store.Answer{Status: 409, Refusal: &rules.Refusal{
			Outcome: rules.RolloutBlocked,
			Details: map[string]any{"reason_codes": []string{"partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"}},
		}}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="rollout_blocked"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="rollout_blocked",reason_code="partner_liquidity_provider_rollout_blocked"} 1`,
			`fake_reason_codes_total{operation="` + rollout + `",outcome="rollout_blocked",reason_code="partner_liquidity_provider_downgrade_required"} 1`,
		}},
		"no operation": {seen(milestones.M109().Router.ID, "route_not_found", store.Answer{Status: 404, Refusal: &rules.Refusal{}}), []string{
			`fake_requests_total{operation="` + milestones.M109().Router.ID + `",outcome="route_not_found"} 1`,
		}},
		"a defect": {seen("healthz", "", store.Answer{Status: 500, Refusal: &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeInternal}}}), []string{
			`fake_requests_total{operation="healthz",outcome="internal"} 1`,
		}},
		"no room": {seen(rollout, "", store.Answer{Status: 507, Refusal: &rules.Refusal{Outcome: rules.Outcome{Code: store.CodeFull}}}), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="full"} 1`,
		}},
		"a fault that is no outcome": {faulted(seen(rollout, "", store.Answer{})), []string{
			`fake_requests_total{operation="` + rollout + `",outcome="fault"} 1`,
			`fake_requests_total{operation="` + rollout + `",outcome="internal"} 0`,
		}},
		"a fault that is one": {faulted(seen("healthz", "success", store.Answer{Status: 200})), []string{
			`fake_requests_total{operation="healthz",outcome="success"} 1`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := New(milestones.M109())
			m.Count(c.seen)
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
	one := seen("partnerLiquidityProvider.eligibility.evaluate", "success", store.Answer{Status: 200})
	b.ReportAllocs()
	for b.Loop() {
		m.Count(one)
	}
}
