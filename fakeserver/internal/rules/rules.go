// Package rules decides. It holds the governance rules of the contract as plain
// functions of what is known to what becomes of it:
//
//	(state, command) → change, or refusal
//
// Nothing here reads a clock, speaks HTTP or keeps state; a caller hands in a
// [State], and applies the [Change] or shows the [Refusal]. Refused means that
// there is no change to apply, so a refusal cannot leave half of one behind.
//
// There is one file for each topic of the contract: onboard.go, status.go,
// eligibility.go, rollout.go. In each, the rules stand as values: the id, which is
// permanent and is the same in the milestone, in the features' tags and in the
// unit tests; one sentence; the check. A decision notes each rule that it comes to
// in the state's [ruletrace.Trace], at the place that decides it, which is the rule's
// home. To change a rule, find its id:
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

// Actor is who calls, and who owns: {type, id}.
type Actor struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// JSON gives the actor in canonical form.
func (a Actor) JSON() jcs.Value {
	return jcs.Object(jcs.Member{Name: "id", Value: jcs.String(a.ID)}, jcs.Member{Name: "type", Value: jcs.String(a.Type)})
}

// Governance is what is known of a provider's controls.
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

// Provider is a provider as all operations but get show it: the contract's View
// without its rollout. A value that has been handed on is never changed; a change
// makes a new one.
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

	// Rollout is the whole of the last recorded policy, which only [View] shows.
	Rollout *Policy `json:"-"`
}

// View is a provider as get shows it: with its policy, once it has one.
type View struct {
	Provider
	Rollout *Policy `json:"rollout,omitzero"`
}

// View gives the provider as get shows it.
func (p Provider) View() View { return View{p, p.Rollout} }

// State is all that a decision may look at.
type State struct {
	Caller   Actor
	Provider Provider             // as it stands; zero for onboard
	Now      Now                  // of this request
	Taken    func(id string) bool // whether a provider has this id
	NextID   func() string        // the id that a provider without one gets
	Trace    *ruletrace.Trace     // notes the rules that are reached; nil notes none
}

// Command is the body of one POST, read.
type Command interface {
	// Decide gives the change that the command makes to the state, or why it is
	// refused.
	Decide(State) (Change, *Refusal)
}

// Change is what an accepted command does.
type Change struct {
	Provider Provider  // as it stands from now on
	Event    Event     // what the audit trail says of it
	Answer   jcs.Value // what the answer shows: the provider, status, eligibility or policy
}

// Event is an audit entry to be: who and which provider are known to the
// caller.
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

// appendOnce appends what codes does not hold yet.
func appendOnce(codes []string, more ...Reason) []string {
	for _, code := range more {
		if !slices.Contains(codes, string(code)) {
			codes = append(codes, string(code))
		}
	}
	return codes
}

// Explained tells of each gate of this room what it looks at and what passes it.
func Explained() explain.Rules {
	all := explain.Rules{}
	for _, topic := range []explain.Rules{onboardExplained, statusExplained, eligibilityExplained, rolloutExplained, timeExplained} {
		maps.Copy(all, topic)
	}
	return all
}
