package rules

import (
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	statusActiveNeedsBaselines    ruletrace.Rule = "status-active-needs-baselines"
	statusActiveNeedsNoViolations ruletrace.Rule = "status-active-needs-no-violations"
	statusRestrictionNeedsReason  ruletrace.Rule = "status-restriction-needs-reason"
	statusReplacesGovernance      ruletrace.Rule = "status-replaces-governance"
)

// StatusUpsert is the body of partnerLiquidityProvider.status.upsert.
//
// It replaces status, tier and governance. Refused: recorded-at-is-readable,
// now-is-readable, then statusRules. They apply to the status upsert alone, and no status is
// final. Contract section 7.
type StatusUpsert struct {
	Status struct {
		Status      Status `json:"status"`
		SegmentTier Tier   `json:"segment_tier"`
		Governance
		ReasonCodes  []string `json:"reason_codes"`
		OperatorNote *string  `json:"operator_note"`
	} `json:"status"`
	RecordedAt
}

// StatusView is the answer's status.
type StatusView struct {
	Status      Status `json:"status"`
	SegmentTier Tier   `json:"segment_tier"`
	Governance
	ReasonCodes []string        `json:"reason_codes"`
	UpdatedAt   instant.Instant `json:"updated_at"`
	UpdatedBy   Actor           `json:"updated_by"`
}

// statusRules are the rules that refuse a status, in the contract's order.
var statusRules = []struct {
	id      ruletrace.Rule
	message string
	broken  func(*StatusUpsert) bool
	outcome Outcome
}{
	{
		statusActiveNeedsBaselines,
		"An active provider has passed all three baseline controls: restrict it until they pass.",
		func(c *StatusUpsert) bool { return c.Status.Status == Active && !c.Status.BaselinesPassed() },
		DowngradeRequired,
	}, {
		statusActiveNeedsNoViolations,
		"An active provider has no unresolved critical violations: restrict it until they are resolved.",
		func(c *StatusUpsert) bool {
			return c.Status.Status == Active && c.Status.UnresolvedCriticalViolations > 0
		},
		DowngradeRequired,
	}, {
		statusRestrictionNeedsReason,
		"A provider is restricted or offboarded for a reason: name at least one in status.reason_codes.",
		func(c *StatusUpsert) bool {
			return (c.Status.Status == Restricted || c.Status.Status == Offboarded) && len(c.Status.ReasonCodes) == 0
		},
		PayloadInvalid,
	},
}

// Decide implements Command.
func (c *StatusUpsert) Decide(s State) (Change, *Refusal) {
	at, refusal := c.read(s)
	if refusal != nil {
		return Change{}, refusal
	}
	for _, rule := range statusRules {
		if s.Trace.Precondition(rule.id, rule.broken(c)) {
			refusal := &Refusal{Rule: rule.id, Outcome: rule.outcome, Message: rule.message}
			if rule.outcome == DowngradeRequired {
				refusal.Details = map[string]any{"provider_id": s.Provider.ProviderID}
			}
			return Change{}, refusal
		}
	}
	c.recordNormalised(s)
	// Nothing of the governance recorded before is left.
	s.Trace.Invariant(statusReplacesGovernance)
	provider := s.Provider
	provider.Status = c.Status.Status
	provider.SegmentTier = c.Status.SegmentTier
	provider.Governance = c.Status.Governance
	provider.UpdatedAt = at
	return Change{
		Provider: provider,
		Event: Event{Type: StatusUpserted, RecordedAt: at, ReasonCodes: c.Status.ReasonCodes, Details: jcs.Marshal(struct {
			Status       Status     `json:"status"`
			SegmentTier  Tier       `json:"segment_tier"`
			Governance   Governance `json:"governance"`
			OperatorNote *string    `json:"operator_note"`
		}{provider.Status, provider.SegmentTier, provider.Governance, c.Status.OperatorNote})},
		Answer: jcs.Encode(StatusView{provider.Status, provider.SegmentTier, provider.Governance, c.Status.ReasonCodes, at, s.Caller}),
	}, nil
}

// baselines are the members of the three baseline controls.
var baselines = []string{"trust_safety_baseline_passed", "reliability_baseline_passed", "audit_conformance_passed"}

var statusExplained = explain.Nearest(explain.Rules{
	statusActiveNeedsBaselines: {
		Inputs: explain.Inputs(explain.Body, "/status/status", "/status/"+baselines[0], "/status/"+baselines[1], "/status/"+baselines[2]),
		Advice: "Set the baselines to true, or choose a status other than active.",
	},
	statusActiveNeedsNoViolations: {
		Inputs: explain.Inputs(explain.Body, "/status/status", "/status/unresolved_critical_violations"),
		Advice: "Set unresolved_critical_violations to 0, or choose a status other than active.",
	},
	statusRestrictionNeedsReason: {
		Inputs: explain.Inputs(explain.Body, "/status/status", "/status/reason_codes"),
		Advice: "Name at least one reason code.",
	},
}, statusCandidates, statusRefusedBy)

// statusCandidates returns the changes that may make a status acceptable.
func statusCandidates(*explain.Case) (changes []explain.Change) {
	at := func(name string, to any) {
		changes = append(changes, explain.Change{Where: explain.Body, At: "/status/" + name, To: to})
	}
	for _, name := range baselines {
		at(name, true)
	}
	at("unresolved_critical_violations", 0)
	at("reason_codes", []string{string(ReasonDowngradeRequired)})
	at("status", string(PendingReview)) // needs none of them
	return changes
}

// statusRefusedBy returns the rule that refuses a status: the first.
func statusRefusedBy(c *explain.Case) []ruletrace.Rule {
	var upsert StatusUpsert
	decode(c.Document, &upsert)
	for _, rule := range statusRules {
		if rule.broken(&upsert) {
			return []ruletrace.Rule{rule.id}
		}
	}
	return nil
}
