package rest

import (
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/lpgate/schemas"
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
			x := h.Inject(r, h.Skipped(r), InjectedError{Outcome: wanted})
			if x.Outcome != wanted || outcome(x.Operation, x.Answer) != wanted || x.Answer.Status != wanted.Status || x.Answer.CorrelationID != "its-own" || x.Operation.ID != o.ID {
				t.Errorf("%s of %s: got %+v", wanted.Name, o.ID, x)
			}
		}
	}
}

// A status of one's own is an outcome of the milestone only if all of it is.
func TestArrangeAStatus(t *testing.T) {
	h := newHandler(t)
	r := httptest.NewRequest("POST", amber+"/rollout", nil)
	for name, c := range map[string]struct {
		arranged InjectedError
		outcome  string
		body     string
	}{
		"a code of the fake":  {InjectedError{Status: 503, Code: "SERVICE_UNAVAILABLE"}, "", `{"correlation_id":"corr_partnerliquidityprovider_rollout_upsert","error":{"code":"SERVICE_UNAVAILABLE","message":"This was arranged: the world has a fault that gives this answer.","details":{}}}`},
		"a code elsewhere":    {InjectedError{Status: 503, Code: "UNAUTHORIZED"}, "", `"code":"UNAUTHORIZED"`},
		"one of the contract": {InjectedError{Status: 401, Code: "UNAUTHORIZED"}, "unauthenticated", `"code":"UNAUTHORIZED"`},
		"with a reason":       {InjectedError{Status: 400, Code: "CONSTRAINT_VIOLATION", ReasonCode: "partner_liquidity_provider_invalid"}, "payload_invalid", `"reason_code":"partner_liquidity_provider_invalid"`},
	} {
		t.Run(name, func(t *testing.T) {
			x := h.Inject(r, h.Skipped(r), c.arranged)
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

// An answer with a code of the fake has the contract's form but for the code, and the
// self-check refuses anything else about it.
func TestArrangeACodeOfTheFake(t *testing.T) {
	found := 0
	h := newHandler(t, func(o *Options) {
		o.SelfCheck = func(string, []schemas.Violation) { found++ }
	})
	r := httptest.NewRequest("GET", "/healthz", nil)
	body := h.Inject(r, h.Skipped(r), InjectedError{Status: 429, Code: "TOO_MANY_REQUESTS"}).Answer.Body
	document, err := schemas.Read(body)
	if err != nil {
		t.Fatal(err)
	}
	schema, _ := h.Schemas.Lookup(h.Milestone.Transport.ErrorSchema)
	if violations := schema.Validate(document.Value); len(violations) != 1 || violations[0].InstancePath != "/error/code" || found != 0 {
		t.Errorf("%s: got %+v by the contract, and %d answers by the self-check", body, violations, found)
	}
	h.Inject(r, h.Skipped(r), InjectedError{Status: 429, Code: "TOO_MANY_REQUESTS", ReasonCode: "none_of_the_floor"})
	if found != 1 {
		t.Errorf("the self-check refused %d answers with an unknown reason code, want 1", found)
	}
}
