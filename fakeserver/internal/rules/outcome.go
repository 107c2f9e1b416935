package rules

import "example.com/lpgate/fakeserver/internal/ruletrace"

// Code is an error code of contract section 3. Package answer has the HTTP status of each.
type Code string

// The codes, as contract section 3 lists them.
const (
	CodeUnauthorized        Code = "UNAUTHORIZED"
	CodeForbidden           Code = "FORBIDDEN"
	CodeInsufficientScope   Code = "INSUFFICIENT_SCOPE"
	CodeConstraintViolation Code = "CONSTRAINT_VIOLATION"
	CodeNotFound            Code = "NOT_FOUND"
	CodeConflict            Code = "CONFLICT"
	CodePayloadMismatch     Code = "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH"
	CodeMethodNotAllowed    Code = "METHOD_NOT_ALLOWED"
	CodePayloadTooLarge     Code = "PAYLOAD_TOO_LARGE"
	CodeInternal            Code = "INTERNAL"
)

// Reason is a reason code of the milestone, contract section 2.
type Reason string

// The reason codes.
const (
	ReasonInvalid           Reason = "partner_liquidity_provider_invalid"
	ReasonProviderNotFound  Reason = "partner_liquidity_provider_not_found"
	ReasonEligibilityFailed Reason = "partner_liquidity_provider_eligibility_failed"
	ReasonRolloutBlocked    Reason = "partner_liquidity_provider_rollout_blocked"
	ReasonDowngradeRequired Reason = "partner_liquidity_provider_downgrade_required"
)

// Outcome is a way in which requests are refused: a refusal of the milestone.
type Outcome struct {
	Name   string // in the milestone; "" if the milestone has no such refusal
	Code   Code   // error.code
	Reason Reason // error.details.reason_code, or none
}

// The refusals of the milestone, in the order in which a request meets them.
var (
	RouteNotFound              = Outcome{"route_not_found", CodeNotFound, ""}
	MethodNotAllowed           = Outcome{"method_not_allowed", CodeMethodNotAllowed, ""}
	Unauthenticated            = Outcome{"unauthenticated", CodeUnauthorized, ""}
	IdempotencyKeyMissing      = Outcome{"idempotency_key_missing", CodeConstraintViolation, ""}
	PayloadTooLarge            = Outcome{"payload_too_large", CodePayloadTooLarge, ""}
	ActorTypeRefused           = Outcome{"actor_type_refused", CodeForbidden, ""}
	ScopeMissing               = Outcome{"scope_missing", CodeInsufficientScope, ""}
	ProviderNotFound           = Outcome{"provider_not_found", CodeNotFound, ReasonProviderNotFound}
	ProviderNotOwned           = Outcome{"provider_not_owned", CodeForbidden, ReasonInvalid}
	IdempotencyPayloadMismatch = Outcome{"idempotency_payload_mismatch", CodePayloadMismatch, ""}
	PayloadInvalid             = Outcome{"payload_invalid", CodeConstraintViolation, ReasonInvalid}
	QueryInvalid               = Outcome{"query_invalid", CodeConstraintViolation, ReasonInvalid}
	OwnerNotCaller             = Outcome{"owner_not_caller", CodeForbidden, ReasonInvalid}
	ProviderIDTaken            = Outcome{"provider_id_taken", CodeConflict, ReasonInvalid}
	DowngradeRequired          = Outcome{"downgrade_required", CodeConflict, ReasonDowngradeRequired}
	RolloutBlocked             = Outcome{"rollout_blocked", CodeConflict, ReasonRolloutBlocked}
)

// Outcomes are all of these.
var Outcomes = []Outcome{
	RouteNotFound, MethodNotAllowed, Unauthenticated, IdempotencyKeyMissing, PayloadTooLarge, ActorTypeRefused,
	ScopeMissing, ProviderNotFound, ProviderNotOwned, IdempotencyPayloadMismatch, PayloadInvalid, QueryInvalid,
	OwnerNotCaller, ProviderIDTaken, DowngradeRequired, RolloutBlocked,
}

// Refusal is why a request was refused, and by which rule. Its message is safe to show
// and has no secret.
type Refusal struct {
	Rule ruletrace.Rule // "" if no rule of the milestone refused
	Outcome
	Message string         // error.message
	Details map[string]any // further members of error.details
}

// ReasonCodes returns all reason codes that an answer with the refusal has.
func (r *Refusal) ReasonCodes() []string {
	if listed, ok := r.Details["reason_codes"].([]string); ok {
		return listed
	}
	if r.Reason == "" {
		return nil
	}
	return []string{string(r.Reason)}
}

// invalid refuses a request that is well-formed and cannot be accepted.
func invalid(rule ruletrace.Rule, outcome Outcome, message string) *Refusal {
	return &Refusal{Rule: rule, Outcome: outcome, Message: message}
}
