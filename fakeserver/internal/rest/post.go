package rest

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/schemas"
)

// The rules that this file decides.
const (
	idempotencyKeyIsPresent ruletrace.Rule = "idempotency-key-is-present"
)

// post serves an operation that changes something: its body is read into a new command, and
// its answer has the result as member.
func post(command func() rules.Command, member string) func(*Handler, *request) answer.Answer {
	return func(h *Handler, x *request) answer.Answer {
		key, refusal := h.idempotencyKey(x)
		if refusal != nil {
			return x.refuse(refusal)
		}
		body, refusal := h.readBody(x)
		if refusal == nil {
			refusal = h.authorize(x)
		}
		if refusal != nil {
			return x.refuse(refusal)
		}
		call := store.Call{
			Operation:      x.route.ID,
			CorrelationID:  x.correlation,
			Member:         member,
			Caller:         x.identity.actor,
			ProviderID:     x.providerID,
			IdempotencyKey: key,
			Payload:        body.Canonical,
			Clock:          x.clock,
			Invalid:        invalid(x.route.request.Validate(body.Value), h.Milestone.Limits.Violations),
			Trace:          x.trace,
			Arrived:        x.arrived,
		}
		if x.providerID != "" {
			call.Payload = jcs.Object(
				jcs.Member{Name: "provider_id", Value: jcs.String(x.providerID)},
				jcs.Member{Name: "request", Value: body.Canonical},
			)
		}
		if call.Invalid == nil {
			call.Command = command()
			// The canonical form has one spelling for a number, so 2.0 and 2e0 read as 2.
			if err := json.Unmarshal(body.Canonical, call.Command); err != nil {
				panic("reading a body that its schema allows: " + err.Error())
			}
		}
		decision := h.Store.Do(call)
		x.before, x.replayed = decision.Before, decision.Replayed
		if decision.Answer == nil {
			return x.refuse(decision.Refusal)
		}
		return *decision.Answer
	}
}

// invalid refuses a body that is not valid by its schema: one row per failing keyword, in a
// fixed order, up to a limit. It returns nil if there are no violations.
func invalid(violations []schemas.Violation, limit int) *rules.Refusal {
	if len(violations) == 0 {
		return nil
	}
	return &rules.Refusal{
		Rule: rules.RequestMatchesSchema, Outcome: rules.PayloadInvalid,
		Message: "The request is not valid by its schema: see details.violations.",
		Details: map[string]any{"violations": violations[:min(len(violations), limit)]},
	}
}

// idempotencyKey reads the key that every POST needs, 1 to 255 characters once
// trimmed. A longer one counts as none.
func (h *Handler) idempotencyKey(x *request) (string, *rules.Refusal) {
	name := h.Milestone.Transport.IdempotencyHeader
	key := value(x.Header, name)
	if x.trace.Precondition(idempotencyKeyIsPresent, key == "" || utf8.RuneCountInString(key) > h.Milestone.Limits.IdempotencyKeyLength) {
		return "", &rules.Refusal{
			Rule: idempotencyKeyIsPresent, Outcome: rules.IdempotencyKeyMissing,
			Message: "Send an " + name + " of 1 to 255 characters, a new one for each new request.",
			Details: map[string]any{"header": name},
		}
	}
	return key, nil
}

var postExplained = explain.Rules{
	idempotencyKeyIsPresent: explain.Precondition(
		explain.Inputs(explain.Header, "Idempotency-Key"),
		func(c *explain.Case) []explain.Change { return []explain.Change{c.NewKey()} }, "Send a new Idempotency-Key, of 1 to 255 characters.",
	),
}
