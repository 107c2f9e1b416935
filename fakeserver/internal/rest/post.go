package rest

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
)

// The rules that this file decides.
const (
	idempotencyKeyIsPresent ruletrace.Rule = "idempotency-key-is-present"
)

// post serves an operation that changes something: command gives what its body
// is read into, member is the name under which its answer shows the result.
func post(command func() rules.Command, member string) func(*Handler, *exchange) store.Answer {
	return func(h *Handler, x *exchange) store.Answer {
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
			Caller:         x.identity.actor,
			ProviderID:     x.ProviderID,
			IdempotencyKey: key,
			Payload:        body.Canonical,
			Clock:          x.clock,
			Trace:          x.trace,
			Arrived:        x.arrived,
			Encode: func(change rules.Change, refusal *rules.Refusal) store.Answer {
				if refusal != nil {
					return x.refuse(refusal)
				}
				members := append(make([]jcs.Member, 0, 3), jcs.Member{Name: member, Value: change.Answer}) // succeed adds one
				if x.ProviderID != "" {
					members = append(members, jcs.Member{Name: "provider_id", Value: jcs.String(x.ProviderID)})
				}
				return x.succeed(change.Event.ReasonCodes, members...)
			},
		}
		if x.ProviderID != "" {
			call.Payload = jcs.Object(
				jcs.Member{Name: "provider_id", Value: jcs.String(x.ProviderID)},
				jcs.Member{Name: "request", Value: body.Canonical},
			)
		}
		checked := checked{x: x, refusal: violated(x.route.request.Validate(body.Value), h.Milestone.Limits.Violations)}
		if checked.refusal == nil {
			checked.Command = command()
			// The canonical form has one spelling for a number, so 2.0 and 2e0 read as 2.
			if err := json.Unmarshal(body.Canonical, checked.Command); err != nil {
				panic("reading a body that its schema allows: " + err.Error())
			}
		}
		call.Command = checked
		return h.Store.Do(call)
	}
}

// checked is a body that was held against its schema, outside the store's lock.
// What came of it counts once the key is known to be new.
type checked struct {
	rules.Command
	refusal *rules.Refusal // nil: the schema allows it
	x       *exchange
}

// Decide implements rules.Command.
func (c checked) Decide(s rules.State) (rules.Change, *rules.Refusal) {
	if s.Trace != nil && s.Provider.ProviderID != "" {
		before := s.Provider
		c.x.Before = &before
	}
	if s.Trace.Precondition(requestMatchesSchema, c.refusal != nil) {
		return rules.Change{}, c.refusal
	}
	return c.Command.Decide(s)
}

// idempotencyKey reads the key that every POST needs, 1 to 255 characters once
// trimmed. A longer one counts as none.
func (h *Handler) idempotencyKey(x *exchange) (string, *rules.Refusal) {
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
