package rest

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/milestones"
)

// InjectedError is a refusal that nothing decided: somebody wants to see a client meet it.
type InjectedError struct {
	// Outcome is the operation's that it shall be; nil when the rest says what it is.
	Outcome          *milestones.Outcome
	Status           int
	Code, ReasonCode string
}

// Skipped gives the exchange of a request that is not handled and not answered: its
// answer has no status.
func (h *Handler) Skipped(r *http.Request) *Exchange {
	x := &Exchange{contentType: h.Milestone.Transport.ContentType}
	x.Operation, x.ProviderID = h.Target(r)
	return x
}

// Inject gives an exchange like e, with an arranged refusal for its answer. Who calls
// is not looked at, so that the refusal tells nothing of it.
func (h *Handler) Inject(r *http.Request, e *Exchange, a InjectedError) *Exchange {
	found, providerID, allowed := h.match(r.Method, r.URL.EscapedPath())
	x := &exchange{Request: r, Exchange: *e, route: found}
	x.ProviderID = providerID
	x.correlation = x.correlate(found)
	x.allow, x.contentType = "", h.Milestone.Transport.ContentType
	refusal := &rules.Refusal{
		Outcome: rules.Outcome{Code: rules.Code(a.Code), Reason: rules.Reason(a.ReasonCode)},
		Message: "This was arranged: the world has a fault that gives this answer.",
	}
	status := a.Status
	if a.Outcome != nil {
		status = a.Outcome.Status
		refusal.Outcome = rules.Outcome{Name: a.Outcome.Name, Code: rules.Code(a.Outcome.Code), Reason: rules.Reason(a.Outcome.ReasonCode)}
		refusal.Details = h.details(x, a.Outcome)
	}
	if refusal.Code == rules.CodeMethodNotAllowed {
		x.allow = strings.Join(allowed, ", ")
	}
	answer := x.refuse(refusal)
	answer.Status = status
	if h.SelfCheck != nil {
		answer = h.selfCheck(x, answer)
	}
	x.Answer, x.Outcome = answer, a.Outcome
	if a.Outcome == nil && answer.Refusal == refusal {
		x.Outcome = equalOutcome(x.Operation, a)
	}
	return &x.Exchange
}

// equalOutcome returns the outcome of an operation that a status and its codes are all of:
// one that requires no details. It is nil if there is none.
func equalOutcome(o *milestones.Operation, a InjectedError) *milestones.Outcome {
	for i := range o.Outcomes {
		if e := &o.Outcomes[i]; e.Status == a.Status && e.Code == a.Code && e.ReasonCode == a.ReasonCode && len(e.Details) == 0 {
			return e
		}
	}
	return nil
}

// details are those that an outcome must have, from the request's path and the
// milestone, and where they would say something of the caller, made up.
func (h *Handler) details(x *exchange, of *milestones.Outcome) map[string]any {
	caller, owner := rules.Actor{Type: "partner", ID: "caller"}, rules.Actor{Type: "partner", ID: "somebody-else"}
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	key := value(x.Header, h.Milestone.Transport.IdempotencyHeader)
	if key == "" || utf8.RuneCountInString(key) > h.Milestone.Limits.IdempotencyKeyLength {
		key = "none"
	}
	known := map[string]any{
		"provider_id":           x.ProviderID,
		"reason_codes":          of.ReasonCodes,
		"operation_id":          x.Operation.ID,
		"required_scopes":       []string{x.Operation.Scope},
		"provided_scopes":       []string{},
		"missing_scopes":        []string{x.Operation.Scope},
		"header":                h.Milestone.Transport.IdempotencyHeader,
		"actor_type":            "user",
		"allowed_actor_types":   []string{"partner"},
		"owner_actor":           owner,
		"actor":                 caller,
		"idempotency_key":       key,
		"original_payload_hash": hash("0"),
		"payload_hash":          hash("1"),
		"method":                x.Method,
		"path":                  x.URL.EscapedPath(),
	}
	details := map[string]any{}
	for _, name := range of.Details {
		details[name] = known[name]
	}
	return details
}
