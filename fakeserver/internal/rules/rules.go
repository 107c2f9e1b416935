// Package rules has the governance rules of the contract as pure functions:
//
//	(state, command) → change, or refusal
//
// Nothing here reads a clock, uses HTTP or has state. A caller passes a [State], and applies
// the [Change] or writes the [Refusal]. A refusal has no change, so nothing of it is applied.
//
// There is one file for each topic of the contract: onboard.go, status.go, eligibility.go,
// rollout.go. In each, the rules are values: the id, a constant that the milestone, the tags
// of the features and the unit tests have too; one sentence; the check. A decision records
// each rule that it evaluates in the state's [ruletrace.Trace]. To change a rule, find its id:
//
//	git grep rollout-needs-allow-verdict
package rules

import (
	"maps"
	"slices"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// RequestMatchesSchema is the rule that refuses a body which is not valid by its schema.
const RequestMatchesSchema ruletrace.Rule = "request-matches-schema"

// Tier is a segment tier, S0 to S3.
type Tier string

// Tiers are the segment tiers in order of trust.
var Tiers = []Tier{"S0", "S1", "S2", "S3"}

// Rank is the tier's place in that order: 0 for S0.
func (t Tier) Rank() int { return slices.Index(Tiers, t) }

// Status is a provider's status.
type Status string

// The provider statuses.
const (
	PendingReview Status = "pending_review"
	Active        Status = "active"
	Restricted    Status = "restricted"
	Offboarded    Status = "offboarded"
)

// Actor identifies a caller or an owner.
type Actor struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// JSON returns the actor in canonical form.
func (a Actor) JSON() jcs.Value {
	return jcs.Object(jcs.Member{Name: "id", Value: jcs.String(a.ID)}, jcs.Member{Name: "type", Value: jcs.String(a.Type)})
}

// Governance is the state of a provider's controls.
type Governance struct {
	TrustSafetyBaselinePassed    bool  `json:"trust_safety_baseline_passed"`
	ReliabilityBaselinePassed    bool  `json:"reliability_baseline_passed"`
	AuditConformancePassed       bool  `json:"audit_conformance_passed"`
	UnresolvedCriticalViolations int64 `json:"unresolved_critical_violations"`
}

// BaselinesPassed reports whether all three baseline controls passed.
func (g Governance) BaselinesPassed() bool {
	return g.TrustSafetyBaselinePassed && g.ReliabilityBaselinePassed && g.AuditConformancePassed
}

// Provider is a provider in the answers of all operations but get: the contract's View without
// its rollout. It is not changed; a change makes a new one.
type Provider struct {
	ProviderID         string          `json:"provider_id"`
	OwnerActor         Actor           `json:"owner_actor"`
	ExternalProviderID string          `json:"external_provider_id"`
	LegalEntityName    string          `json:"legal_entity_name"`
	DisclosureText     string          `json:"disclosure_text"`
	TrustContactEmail  string          `json:"trust_contact_email"`
	SegmentTier        Tier            `json:"segment_tier"`
	Status             Status          `json:"status"`
	Governance         Governance      `json:"governance"`
	CreatedAt          instant.Instant `json:"created_at"`
	UpdatedAt          instant.Instant `json:"updated_at"`
	RolloutPolicyRef   *PolicyRef      `json:"rollout_policy_ref,omitzero"`
	LastEligibility    *Eligibility    `json:"last_eligibility,omitzero"`

	// Rollout is the last recorded policy, which only [View] has.
	Rollout *Policy `json:"-"`
}

// View is a provider in the answer of get: with its policy, once it has one.
type View struct {
	Provider
	Rollout *Policy `json:"rollout,omitzero"`
}

// View returns the provider for the answer of get.
func (p Provider) View() View { return View{p, p.Rollout} }

// State is all that a decision depends on.
type State struct {
	Caller   Actor
	Provider Provider             // before the command; zero for onboard
	Now      Now                  // of this request
	Taken    func(id string) bool // whether a provider has this id
	NextID   func() string        // returns the id for a provider without one
	Trace    *ruletrace.Trace     // records the rules that are reached; nil records none
}

// Command is the body of one POST, read.
type Command interface {
	// Decide returns the change that the command makes, or why it is refused.
	Decide(State) (Change, *Refusal)
}

// Change is what an accepted command does.
type Change struct {
	Provider Provider  // after the change
	Event    Event     // the audit entry
	Answer   jcs.Value // of the answer: the provider, status, eligibility or policy
}

// Event is an audit entry without its provider and actor.
type Event struct {
	Type        EventType
	RecordedAt  instant.Instant
	ReasonCodes []string
	Details     jcs.Value // in canonical form
}

// EventType is a kind of audit entry.
type EventType string

// The audit event types.
const (
	Onboarded            EventType = "onboarded"
	StatusUpserted       EventType = "status_upserted"
	EligibilityEvaluated EventType = "eligibility_evaluated"
	RolloutUpserted      EventType = "rollout_upserted"
)

// EventTypes are the audit event types in the contract's order.
var EventTypes = []EventType{Onboarded, StatusUpserted, EligibilityEvaluated, RolloutUpserted}

// appendOnce appends the codes that are missing.
func appendOnce(codes []string, more ...Reason) []string {
	for _, code := range more {
		if !slices.Contains(codes, string(code)) {
			codes = append(codes, string(code))
		}
	}
	return codes
}

// Explained returns the explanations of the preconditions of this package.
func Explained() explain.Rules {
	all := explain.Rules{}
	for _, topic := range []explain.Rules{onboardExplained, statusExplained, eligibilityExplained, rolloutExplained, timeExplained} {
		maps.Copy(all, topic)
	}
	return all
}
