package rest

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/memory"
	"example.com/lpgate/fakeserver/internal/rules"
)

// post serves an operation that changes something: command gives what its body
// is read into, member is the name under which its answer shows the result.
func post(command func() rules.Command, member string) func(*Handler, *exchange) memory.Answer {
	return func(h *Handler, x *exchange) memory.Answer {
		key, refusal := h.idempotencyKey(x)
		if refusal != nil {
			return x.refuse(refusal)
		}
		body, refusal := h.readBody(x.Request)
		if refusal == nil {
			refusal = x.authorize()
		}
		if refusal != nil {
			return x.refuse(refusal)
		}
		call := memory.Call{
			Operation:      x.route.ID,
			Caller:         x.identity.actor,
			ProviderID:     x.providerID,
			IdempotencyKey: key,
			Payload:        body.Canonical,
			Now:            x.now,
			Encode: func(change rules.Change, refusal *rules.Refusal) memory.Answer {
				if refusal != nil {
					return x.refuse(refusal)
				}
				members := []jcs.Member{{Name: member, Value: change.Answer}}
				if x.providerID != "" {
					members = append(members, jcs.Member{Name: "provider_id", Value: jcs.String(x.providerID)})
				}
				return x.succeed(members...)
			},
		}
		if x.providerID != "" {
			call.Payload = jcs.Object(
				jcs.Member{Name: "provider_id", Value: jcs.String(x.providerID)},
				jcs.Member{Name: "request", Value: body.Canonical},
			)
		}
		if violations := x.route.request.Validate(body.Value); len(violations) > 0 {
			call.Refusal = violated(violations, h.Milestone.Limits.Violations)
		} else {
			call.Command = command()
			// The canonical form has one spelling for a number, so 2.0 and 2e0 read as 2.
			if err := json.Unmarshal(body.Canonical, call.Command); err != nil {
				panic("reading a body that its schema allows: " + err.Error())
			}
		}
		return h.Store.Do(call)
	}
}

// idempotencyKey reads the key that every POST needs.
//
// Rule idempotency-key-is-present: 1 to 255 characters once trimmed; a longer one
// counts as none.
func (h *Handler) idempotencyKey(x *exchange) (string, *rules.Refusal) {
	name := h.Milestone.Transport.IdempotencyHeader
	key := value(x.Header, name)
	if key == "" || utf8.RuneCountInString(key) > h.Milestone.Limits.IdempotencyKeyLength {
		return "", &rules.Refusal{
			Rule: "idempotency-key-is-present", Code: rules.ConstraintViolation,
			Message: "Send an " + name + " of 1 to 255 characters, a new one for each new request.",
			Details: map[string]any{"header": name},
		}
	}
	return key, nil
}
