package rest

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Every refusal of the milestone can be arranged: it is the outcome that it shall be,
// and its schema allows it, whoever calls.
func TestArrange(t *testing.T) {
	h := newHandler(t)
	for _, o := range append(h.Milestone.Operations[:len(h.Milestone.Operations):len(h.Milestone.Operations)], h.Milestone.Router) {
		r := httptest.NewRequest("PUT", "/nowhere", nil)
		if o.Path != "" {
			r = httptest.NewRequest(o.Method, strings.ReplaceAll(o.Path, "{provider_id}", "amber-1"), nil)
		}
		r.Header.Set("X-Correlation-Id", "its-own")
		for i := range o.Outcomes {
			wanted := &o.Outcomes[i]
			if wanted.Code == "" {
				continue
			}
			x := h.Arrange(r, h.Unhandled(r), Arranged{Outcome: wanted})
			if x.Outcome != wanted || outcome(x.Operation, x.Answer).Code != wanted.Code || x.Answer.Status != wanted.Status || x.Answer.CorrelationID != "its-own" || x.Operation.ID != o.ID {
				t.Errorf("%s of %s: got %+v", wanted.Name, o.ID, x)
			}
			if found := outcome(x.Operation, x.Answer); found.Name != wanted.Name && (found.Status != wanted.Status || found.ReasonCode != wanted.ReasonCode) {
				t.Errorf("%s of %s is found to be %s", wanted.Name, o.ID, found.Name)
			}
		}
	}
}

// A status of one's own is an outcome of the milestone only if all of it is.
func TestArrangeAStatus(t *testing.T) {
	h := newHandler(t)
	r := httptest.NewRequest("POST", amber+"/rollout", nil)
	for name, c := range map[string]struct {
		arranged Arranged
		outcome  string
		body     string
	}{
		"none of the contract": {Arranged{Status: 503, Code: "INTERNAL"}, "", `{"correlation_id":"corr_partnerliquidityprovider_rollout_upsert","error":{"code":"INTERNAL","message":"This was arranged: the world has a fault that gives this answer.","details":{}}}`},
		"a code elsewhere":     {Arranged{Status: 503, Code: "UNAUTHORIZED"}, "", `"code":"UNAUTHORIZED"`},
		"one of the contract":  {Arranged{Status: 401, Code: "UNAUTHORIZED"}, "unauthenticated", `"code":"UNAUTHORIZED"`},
		"with a reason":        {Arranged{Status: 400, Code: "CONSTRAINT_VIOLATION", ReasonCode: "partner_liquidity_provider_invalid"}, "payload_invalid", `"reason_code":"partner_liquidity_provider_invalid"`},
	} {
		t.Run(name, func(t *testing.T) {
			x := h.Arrange(r, h.Unhandled(r), c.arranged)
			got := ""
			if x.Outcome != nil {
				got = x.Outcome.Name
			}
			if got != c.outcome || x.Answer.Status != c.arranged.Status || !strings.Contains(string(x.Answer.Body), c.body) {
				t.Errorf("got %q, %d %s, want %q, %d %s", got, x.Answer.Status, x.Answer.Body, c.outcome, c.arranged.Status, c.body)
			}
		})
	}
}
