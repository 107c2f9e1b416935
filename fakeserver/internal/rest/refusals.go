package rest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/memory"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rules"
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
	memory.Full:               507,
}

// refuse writes a refusal. One that the contract does not know is a problem.
func (x *exchange) refuse(refusal *rules.Refusal) memory.Answer {
	if refusal.Code == memory.Full {
		x.contentType = problem.ContentType
		told := problem.New(statuses[refusal.Code], "%s", refusal.Message)
		return memory.Answer{Status: told.Status, CorrelationID: x.correlation, Body: told.JSON(), Refusal: refusal}
	}
	return memory.Answer{
		Status:        statuses[refusal.Code],
		CorrelationID: x.correlation,
		Body:          errorBody(x.correlation, refusal),
		Refusal:       refusal,
	}
}

// outcome finds the outcome that an answer is of its operation: the one whose code, reason code and
// details the refusal has. Of several, the one that asks for the most details.
func outcome(o *milestones.Operation, answer memory.Answer) (found *milestones.Outcome) {
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

var schemaExplained = explain.Rules{
	schemaRule: {
		Looks:  explain.Looks(explain.Body, ""),
		Change: allowed,
		Says:   "Change the body where details.violations of the answer point: each says what would be right.",
	},
}

// allowed changes what the violations in the answer point at: unknown members are
// left out, and the rest becomes what it is in a body that is allowed.
func allowed(c *explain.Case) (changes []explain.Change) {
	change := func(change explain.Change) {
		change.Where = explain.Body
		if !slices.ContainsFunc(changes, func(earlier explain.Change) bool { return earlier.At == change.At && earlier.Remove == change.Remove }) {
			changes = append(changes, change)
		}
	}
	sampled := func(at string) {
		for at != "" && explain.At(c.Sample, at) == nil {
			at = at[:strings.LastIndexByte(at, '/')]
		}
		change(explain.Change{At: at, To: explain.At(c.Sample, at)})
	}
	violations, _ := explain.At(c.Answer, "/error/details/violations").([]any)
	for _, v := range violations {
		at := explain.Text(v, "/instance_path")
		switch explain.Text(v, "/keyword") {
		case "additionalProperties":
			for _, member := range members(explain.Text(v, "/message")) {
				change(explain.Change{At: at + member, Remove: true})
			}
		case "required":
			for _, member := range members(explain.Text(v, "/message")) {
				sampled(at + member)
			}
		default:
			sampled(at)
		}
	}
	return changes
}

// quoted finds the names in the message of a violation.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// members gives the members that the message of a violation names, as JSON pointers.
func members(message string) (pointers []string) {
	for _, text := range quoted.FindAllString(message, -1) {
		if name, err := strconv.Unquote(text); err == nil {
			pointers = append(pointers, "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
		}
	}
	return pointers
}

// Explained tells of each gate of the fake what it looks at and what passes it.
func Explained() explain.Rules {
	all := explain.Rules{}
	for _, room := range []explain.Rules{
		routesExplained, identityExplained, bodyExplained, postExplained, queryExplained, schemaExplained,
		memory.Explained(), audit.Explained(), rules.Explained(),
	} {
		maps.Copy(all, room)
	}
	return all
}
