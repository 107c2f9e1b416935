// Package answer writes answers to the contract. Its functions are pure: equal arguments
// give equal bytes.
package answer

import (
	"maps"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
)

// Answer is what a client receives. It is never changed.
type Answer struct {
	Status        int // HTTP
	CorrelationID string
	Body          []byte
	ReasonCodes   []string       // all that the body has, in its order
	Refusal       *rules.Refusal // why the request was refused; nil for a success
}

// statuses are the HTTP statuses of the error codes, contract section 3.
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
}

// Status returns the HTTP status of an error code; 0 if the contract has no such code.
func Status(code rules.Code) int { return statuses[code] }

// Success returns the answer of an operation that succeeded: status 200 and an object of
// correlation_id and members. The reason codes are those among the members.
func Success(correlationID string, reasonCodes []string, members ...jcs.Member) Answer {
	members = append(members, jcs.Member{Name: "correlation_id", Value: jcs.String(correlationID)})
	return Answer{Status: 200, CorrelationID: correlationID, Body: jcs.Object(members...), ReasonCodes: reasonCodes}
}

// Refused returns the answer to a request that was refused:
//
//	{correlation_id, error: {code, message, details}}
func Refused(correlationID string, refusal *rules.Refusal) Answer {
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
	return Answer{
		Status:        statuses[refusal.Code],
		CorrelationID: correlationID,
		Body: jcs.Encode(struct {
			CorrelationID string `json:"correlation_id"`
			Error         body   `json:"error"`
		}{correlationID, body{refusal.Code, refusal.Message, details}}),
		ReasonCodes: refusal.ReasonCodes(),
		Refusal:     refusal,
	}
}
