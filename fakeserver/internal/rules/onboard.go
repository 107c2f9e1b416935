package rules

import (
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	onboardOwnerIsCaller    ruletrace.Rule = "onboard-owner-is-caller"
	onboardIDIsFree         ruletrace.Rule = "onboard-id-is-free"
	onboardStartsUngoverned ruletrace.Rule = "onboard-starts-ungoverned"
)

// Onboard is the body of partnerLiquidityProvider.onboard.
//
// It creates a provider without governance: all baselines false, no violations, no rollout
// and no eligibility. Its status may be any. Refused:
// onboard-owner-is-caller, recorded-at-is-readable, now-is-readable,
// onboard-id-is-free, in this order. Contract section 6.
type Onboard struct {
	Provider struct {
		ProviderID         *string `json:"provider_id"`
		OwnerActor         Actor   `json:"owner_actor"`
		ExternalProviderID string  `json:"external_provider_id"`
		LegalEntityName    string  `json:"legal_entity_name"`
		DisclosureText     string  `json:"disclosure_text"`
		TrustContactEmail  string  `json:"trust_contact_email"`
		SegmentTier        Tier    `json:"segment_tier"`
		Status             Status  `json:"status"`
	} `json:"provider"`
	RecordedAt
}

// Decide implements Command.
func (c *Onboard) Decide(s State) (Change, *Refusal) {
	if s.Trace.Precondition(onboardOwnerIsCaller, c.Provider.OwnerActor != s.Caller) {
		return Change{}, &Refusal{
			Rule: onboardOwnerIsCaller, Outcome: OwnerNotCaller,
			Message: "A partner onboards its own providers only: owner_actor must be the calling partner.",
			Details: map[string]any{"owner_actor": c.Provider.OwnerActor, "actor": s.Caller},
		}
	}
	at, refusal := c.read(s)
	if refusal != nil {
		return Change{}, refusal
	}
	var id string
	if c.Provider.ProviderID == nil {
		id = s.NextID()
	} else if id = *c.Provider.ProviderID; s.Trace.Precondition(onboardIDIsFree, s.Taken(id)) {
		return Change{}, &Refusal{
			Rule: onboardIDIsFree, Outcome: ProviderIDTaken,
			Message: "This provider_id is taken: omit it for a generated one, or choose another.",
			Details: map[string]any{"provider_id": id},
		}
	}
	c.recordNormalised(s)
	s.Trace.Invariant(onboardStartsUngoverned)
	provider := Provider{
		ProviderID:         id,
		OwnerActor:         c.Provider.OwnerActor,
		ExternalProviderID: c.Provider.ExternalProviderID,
		LegalEntityName:    c.Provider.LegalEntityName,
		DisclosureText:     c.Provider.DisclosureText,
		TrustContactEmail:  c.Provider.TrustContactEmail,
		SegmentTier:        c.Provider.SegmentTier,
		Status:             c.Provider.Status,
		CreatedAt:          at,
		UpdatedAt:          at,
	}
	if provider.Status == "" {
		provider.Status = PendingReview
	}
	return Change{
		Provider: provider,
		Event: Event{Type: Onboarded, RecordedAt: at, Details: jcs.Marshal(struct {
			SegmentTier Tier   `json:"segment_tier"`
			Status      Status `json:"status"`
		}{provider.SegmentTier, provider.Status})},
		Answer: jcs.Encode(provider),
	}, nil
}

var onboardExplained = explain.Rules{
	onboardOwnerIsCaller: explain.Precondition(
		explain.Inputs(explain.Body, "/provider/owner_actor"),
		func(c *explain.Case) []explain.Change {
			return []explain.Change{{Where: explain.Body, At: "/provider/owner_actor", To: Actor{c.ActorType, c.ActorID}}}
		}, "Name the calling partner as the owner.",
	),
	onboardIDIsFree: explain.Precondition(
		[]explain.Input{{Where: explain.Body, At: "/provider/provider_id"}, {Where: explain.Server, At: "the ids of all providers"}},
		explain.Remove(explain.Body, "/provider/provider_id"), "Omit provider_id for a generated one.",
	),
}
