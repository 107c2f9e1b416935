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

// The rules that this file decides.
const (
	requestMatchesSchema ruletrace.Rule = "request-matches-schema"
)

// statuses says which HTTP status tells an error code: contract section 3. It
// is the only place where a refusal gets one.
var statuses = map[rules.Code]int{
	rules.CodeUnauthorized:        401,
	rules.CodeForbidden:           403,
	rules.CodeInsufficientScope:   403,
	rules.CodeConstraintViolation: 400,
	rules.CodeNotFound:            404,
	rules.CodeConflict:            409,
	rules.CodePayloadMismatch:     409,
	rules.CodeMethodNotAllowed:    405,
	rules.CodePayloadTooLarge:     413,
	rules.CodeInternal:            500,
	store.CodeFull:                507,
}

// refuse writes a refusal. One that the contract does not know is a problem.
func (x *exchange) refuse(refusal *rules.Refusal) store.Answer {
	if refusal.Code == store.CodeFull {
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

// outcome returns the outcome of an answer among those of its operation; nil if it is of the milestone's none.
func outcome(o *milestones.Operation, answer store.Answer) *milestones.Outcome {
	name := milestones.Success
	if answer.Refusal != nil {
		name = answer.Refusal.Outcome.Name
	}
	i := slices.IndexFunc(o.Outcomes, func(declared milestones.Outcome) bool { return declared.Name == name })
	if i < 0 {
		return nil
	}
	return &o.Outcomes[i]
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

// violated refuses a body that its schema forbids: one row per failing keyword,
// in a fixed order, then cut, so that a developer sees which field is wrong.
func violated(violations []schemas.Violation, limit int) *rules.Refusal {
	if len(violations) == 0 {
		return nil
	}
	return &rules.Refusal{
		Rule: requestMatchesSchema, Outcome: rules.PayloadInvalid,
		Message: "The request is not valid by its schema: see details.violations.",
		Details: map[string]any{"violations": violations[:min(len(violations), limit)]},
	}
}

// Kept tells whether an answer to a POST that reached these rules is kept for its key:
// from the schema check on, all are.
func Kept(reached []ruletrace.Reached) bool {
	return slices.ContainsFunc(reached, func(r ruletrace.Reached) bool { return r.Rule == requestMatchesSchema })
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
