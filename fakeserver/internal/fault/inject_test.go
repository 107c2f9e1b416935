package fault

import (
	"context"
	"crypto/ed25519"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// newInjector returns an injector of an empty world. Violations are counted.
func newInjector(t *testing.T, violations *int) Injector {
	t.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	h, err := rest.New(rest.Options{
		Milestone: milestones.M109(), Schemas: schemas.Embedded(),
		Store: store.New(store.Options{Clock: time.Now, Signer: audit.Signer{KeyID: "test", Key: private}}),
		Keys:  rest.KeySet{Active: rest.PublicKey{ID: "test", Key: private.Public().(ed25519.PublicKey)}},
		SelfCheck: func(_ string, found []schemas.Violation) {
			*violations++
			t.Logf("self-check: %+v", found)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return Injector{Handler: h, Wait: func(context.Context, time.Duration) {}}
}

// inject returns the exchange of a request into whose answer a fault is injected.
func inject(t *testing.T, in Injector, method, path string, a Answer) *exchange.Exchange {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("X-Correlation-Id", "its-own")
	w := httptest.NewRecorder()
	i := in.Inject(w, r, &Match{ID: "f7", Fault: Fault{When: Before, Answer: &a}})
	i.Write()
	if w.Code != i.Exchange.Status || w.Body.String() != string(i.Exchange.Answer) || w.Header().Get(Header) != "f7" || i.Exchange.Fault != "f7" {
		t.Errorf("%s %s: wrote %d %v %s, recorded %+v", method, path, w.Code, w.Header(), w.Body, i.Exchange)
	}
	return i.Exchange
}

// Every refusal of the milestone can be injected: its exchange has the outcome, and its
// answer is valid by its schema, whoever calls.
func TestInjectOutcomes(t *testing.T) {
	violations := 0
	in := newInjector(t, &violations)
	m := in.Handler.Milestone
	for _, o := range append(slices.Clip(m.Operations), m.Router) {
		method, path := o.Method, strings.ReplaceAll(o.Path, "{provider_id}", "amber-1")
		if o.Path == "" {
			method, path = "PUT", "/nowhere"
		}
		for _, want := range o.Outcomes {
			if want.Code == "" {
				continue
			}
			x := inject(t, in, method, path, Answer{Outcome: want.Name})
			if x.Outcome != want.Name || x.Code != want.Code || x.Status != want.Status || x.CorrelationID != "its-own" || x.Operation != o.ID {
				t.Errorf("%s of %s: got %+v", want.Name, o.ID, x)
			}
			if want.ReasonCode != "" && !slices.Contains(x.ReasonCodes, want.ReasonCode) {
				t.Errorf("%s of %s: got the reason codes %v", want.Name, o.ID, x.ReasonCodes)
			}
			for _, detail := range want.Details {
				if !strings.Contains(string(x.Answer), `"`+detail+`":`) {
					t.Errorf("%s of %s: the details lack %s: %s", want.Name, o.ID, detail, x.Answer)
				}
			}
		}
	}
	if violations > 0 {
		t.Errorf("%d answers are not valid by their schemas", violations)
	}
}

// An answer with a status and codes of its own has an outcome of the milestone only if it
// has all of the outcome.
func TestInjectStatuses(t *testing.T) {
	violations := 0
	in := newInjector(t, &violations)
	for name, c := range map[string]struct {
		answer  Answer
		outcome string
		body    string
	}{
		"a code of the fake":  {Answer{Status: 503, Code: "SERVICE_UNAVAILABLE"}, "", `{"correlation_id":"its-own","error":{"code":"SERVICE_UNAVAILABLE","message":"This answer is a fault that was added to the world.","details":{}}}`},
		"another status":      {Answer{Status: 503, Code: "UNAUTHORIZED"}, "", `"code":"UNAUTHORIZED"`},
		"one of the contract": {Answer{Status: 401, Code: "UNAUTHORIZED"}, "unauthenticated", `"code":"UNAUTHORIZED"`},
		"without its details": {Answer{Status: 409, Code: "CONFLICT", ReasonCode: "partner_liquidity_provider_rollout_blocked"}, "", `"code":"CONFLICT"`},
		"with a reason":       {Answer{Status: 400, Code: "CONSTRAINT_VIOLATION", ReasonCode: "partner_liquidity_provider_invalid"}, "payload_invalid", `"reason_code":"partner_liquidity_provider_invalid"`},
	} {
		t.Run(name, func(t *testing.T) {
			x := inject(t, in, "POST", "/partner-liquidity-providers/amber-1/rollout", c.answer)
			if x.Outcome != c.outcome || x.Status != c.answer.Status || !strings.Contains(string(x.Answer), c.body) {
				t.Errorf("got %q, %d %s, want %q, %d %s", x.Outcome, x.Status, x.Answer, c.outcome, c.answer.Status, c.body)
			}
		})
	}
	if violations > 0 {
		t.Errorf("self-check refused %d answers whose codes alone are not the contract's, want 0", violations)
	}
	x := inject(t, in, "GET", "/healthz", Answer{Status: 429, Code: "TOO_MANY_REQUESTS", ReasonCode: "unknown_reason"})
	if violations != 1 || x.Code != "INTERNAL" {
		t.Errorf("an unknown reason code: self-check refused %d answers, want 1; got %+v", violations, x)
	}
}
