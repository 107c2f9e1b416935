package rest

import (
	"maps"
	"slices"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// statuses says which HTTP status tells an error code: contract section 3. It
// is the only place where a refusal gets one.
var statuses = map[rules.Code]int{
	rules.Unauthorized:        401,
	rules.Forbidden:           403,
	rules.InsufficientScope:   403,
	rules.ConstraintViolation: 400,
	rules.NotFound:            404,
	rules.Conflict:            409,
	rules.PayloadMismatch:     409,
	rules.MethodNotAllowed:    405,
	rules.PayloadTooLarge:     413,
	rules.Internal:            500,
	store.Full:                507,
}

// refuse writes a refusal. One that the contract does not know is a problem.
func (x *exchange) refuse(refusal *rules.Refusal) store.Answer {
	if refusal.Code == store.Full {
		x.contentType = problem.ContentType
		told := problem.New(statuses[refusal.Code], "%s", refusal.Message)
		return store.Answer{Status: told.Status, CorrelationID: x.correlation, Body: told.JSON(), Refusal: refusal}
	}
	return store.Answer{
		Status:        statuses[refusal.Code],
		CorrelationID: x.correlation,
		Body:          errorBody(x.correlation, refusal),
		Refusal:       refusal,
	}
}

// outcome finds the outcome that an answer is of its operation: the one whose code, reason code and
// details the refusal has. Of several, the one that asks for the most details.
func outcome(o *milestones.Operation, answer store.Answer) (found *milestones.Outcome) {
	for i := range o.Outcomes {
		candidate := &o.Outcomes[i]
		if answer.Refusal == nil {
			if candidate.Code == "" {
				return candidate
			}
			continue
		}
		if candidate.Code == string(answer.Refusal.Code) && candidate.ReasonCode == string(answer.Refusal.Reason) &&
			!slices.ContainsFunc(candidate.Details, func(name string) bool { return answer.Refusal.Details[name] == nil }) &&
			(found == nil || len(candidate.Details) > len(found.Details)) {
			found = candidate
		}
	}
	return found
}

// errorBody is the body of every refusal: {correlation_id, error: {code, message, details}}.
func errorBody(correlation string, refusal *rules.Refusal) []byte {
	details := map[string]any{}
	maps.Copy(details, refusal.Details)
	if refusal.Reason != "" {
		details["reason_code"] = refusal.Reason
	}
	type body struct {
		Code    rules.Code     `json:"code"`
		Message string         `json:"message"`
		Details map[string]any `json:"details"`
	}
	return jcs.Encode(struct {
		CorrelationID string `json:"correlation_id"`
		Error         body   `json:"error"`
	}{correlation, body{refusal.Code, refusal.Message, details}})
}

// schemaRule is the gate of a body that its schema forbids.
const schemaRule = "request-matches-schema"

// violated refuses a body that its schema forbids: one row per failing keyword,
// in a fixed order, then cut, so that a developer sees which field is wrong.
func violated(violations []schemas.Violation, limit int) *rules.Refusal {
	if len(violations) == 0 {
		return nil
	}
	return &rules.Refusal{
		Rule: schemaRule, Code: rules.ConstraintViolation, Reason: rules.Invalid,
		Message: "The request is not valid by its schema: see details.violations.",
		Details: map[string]any{"violations": violations[:min(len(violations), limit)]},
	}
}

// Kept tells whether an answer to a POST that reached these rules is kept for its key:
// from the schema check on, all are.
func Kept(reached []ruletrace.Reached) bool {
	return slices.ContainsFunc(reached, func(r ruletrace.Reached) bool { return r.Rule == schemaRule })
}

// Explained tells of each gate of the fake what it looks at and what passes it.
func Explained() explain.Rules {
	all := explain.Rules{}
	for _, room := range []explain.Rules{
		routesExplained, identityExplained, bodyExplained, postExplained, queryExplained, schemaExplained,
		store.Explained(), audit.Explained(), rules.Explained(),
	} {
		maps.Copy(all, room)
	}
	return all
}
