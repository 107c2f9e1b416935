package rules

import (
	"cmp"
	"encoding/json"
	"slices"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	eligibilityNeedsBaselines           ruletrace.Rule = "eligibility-needs-baselines"
	eligibilityNeedsNoViolations        ruletrace.Rule = "eligibility-needs-no-violations"
	eligibilityClimbsOneTier            ruletrace.Rule = "eligibility-climbs-one-tier"
	eligibilityClimbNeedsTwoWindows     ruletrace.Rule = "eligibility-climb-needs-two-windows"
	eligibilityClimbNeedsRemediation    ruletrace.Rule = "eligibility-climb-needs-remediation"
	eligibilityHighRiskNeedsS2          ruletrace.Rule = "eligibility-high-risk-needs-s2"
	eligibilityRecommendsStatus         ruletrace.Rule = "eligibility-recommends-status"
	eligibilityHasDerivedID             ruletrace.Rule = "eligibility-has-derived-id"
	eligibilityChangesOnlyTheEvaluation ruletrace.Rule = "eligibility-changes-only-the-evaluation"
)

// Evaluate is the body of partnerLiquidityProvider.eligibility.evaluate.
//
// It never refuses for governance: eligibilityRules decide the verdict. Refused: recorded-at-is-readable, now-is-readable. Contract section 8.
type Evaluate struct {
	Eligibility struct {
		EligibilityInputs
		// RemediationClosed shadows the input: here it may be absent.
		RemediationClosed *bool `json:"remediation_closed"`
	} `json:"eligibility"`
	RecordedAt
}

// EligibilityInputs are the inputs of a verdict, with defaults filled in.
type EligibilityInputs struct {
	RequestedSegmentTier Tier `json:"requested_segment_tier"`
	Governance
	ConsecutiveCompliantWindows int64  `json:"consecutive_compliant_windows"`
	CapabilityFamily            string `json:"capability_family"`
	RemediationClosed           bool   `json:"remediation_closed"`
}

// Eligibility is an evaluation: the answer's eligibility, the provider's
// last_eligibility and the details of its audit entry, all the same.
type Eligibility struct {
	EvaluationID         string            `json:"evaluation_id"`
	Verdict              Verdict           `json:"verdict"`
	ReasonCodes          []string          `json:"reason_codes"`
	RequestedSegmentTier Tier              `json:"requested_segment_tier"`
	CurrentSegmentTier   Tier              `json:"current_segment_tier"`
	RecommendedStatus    Status            `json:"recommended_status"`
	EvaluatedAt          instant.Instant   `json:"evaluated_at"`
	Inputs               EligibilityInputs `json:"inputs"`
}

// Verdict is allow or deny.
type Verdict string

// The verdicts.
const (
	Allow Verdict = "allow"
	Deny  Verdict = "deny"
)

// compliantWindowsToClimb is how many consecutive compliant windows a provider needs to climb
// a tier.
const compliantWindowsToClimb = 2

// eligibilityRules decide the verdict, in the contract's order: each that fails adds its
// reason codes, and any code denies.
var eligibilityRules = []struct {
	id          ruletrace.Rule
	description string // the rule
	fails       func(in EligibilityInputs, current Tier) bool
	codes       []Reason
}{
	{
		eligibilityNeedsBaselines,
		"All three baseline controls have passed.",
		func(in EligibilityInputs, _ Tier) bool { return !in.BaselinesPassed() },
		[]Reason{ReasonEligibilityFailed},
	}, {
		eligibilityNeedsNoViolations,
		"No critical violation is unresolved.",
		func(in EligibilityInputs, _ Tier) bool { return in.UnresolvedCriticalViolations > 0 },
		[]Reason{ReasonEligibilityFailed, ReasonDowngradeRequired},
	}, {
		eligibilityClimbsOneTier,
		"A provider climbs one tier at a time.",
		func(in EligibilityInputs, current Tier) bool {
			return in.RequestedSegmentTier.Rank() > current.Rank()+1
		},
		[]Reason{ReasonEligibilityFailed},
	}, {
		eligibilityClimbNeedsTwoWindows,
		"To climb, a provider has had two consecutive compliant windows.",
		func(in EligibilityInputs, current Tier) bool {
			return in.climbsFrom(current) && in.ConsecutiveCompliantWindows < compliantWindowsToClimb
		},
		[]Reason{ReasonEligibilityFailed},
	}, {
		eligibilityClimbNeedsRemediation,
		"To climb, a provider has closed its remediation.",
		func(in EligibilityInputs, current Tier) bool { return in.climbsFrom(current) && !in.RemediationClosed },
		[]Reason{ReasonEligibilityFailed},
	}, {
		eligibilityHighRiskNeedsS2,
		"High-risk capabilities are for S2 and above.",
		func(in EligibilityInputs, _ Tier) bool {
			return in.CapabilityFamily == "high_risk" && in.RequestedSegmentTier.Rank() < Tier("S2").Rank()
		},
		[]Reason{ReasonEligibilityFailed},
	},
}

// climbsFrom reports whether the requested tier is above current.
func (in EligibilityInputs) climbsFrom(current Tier) bool {
	return in.RequestedSegmentTier.Rank() > current.Rank()
}

// inputs fills in the default.
func (c *Evaluate) inputs() EligibilityInputs {
	in := c.Eligibility.EligibilityInputs
	in.RemediationClosed = c.Eligibility.RemediationClosed == nil || *c.Eligibility.RemediationClosed
	return in
}

// Decide implements Command.
func (c *Evaluate) Decide(s State) (Change, *Refusal) {
	at, refusal := c.read(s)
	if refusal != nil {
		return Change{}, refusal
	}
	in := c.inputs()

	codes := []string{}
	for _, rule := range eligibilityRules {
		if s.Trace.Precondition(rule.id, rule.fails(in, s.Provider.SegmentTier)) {
			codes = appendOnce(codes, rule.codes...)
		}
	}
	c.recordNormalised(s)
	s.Trace.Invariant(eligibilityRecommendsStatus, eligibilityHasDerivedID)
	inputs := jcs.Marshal(in)
	evaluation := &Eligibility{
		EvaluationID:         evaluationID(s.Provider.ProviderID, at, inputs),
		ReasonCodes:          codes,
		RequestedSegmentTier: in.RequestedSegmentTier,
		CurrentSegmentTier:   s.Provider.SegmentTier,
		EvaluatedAt:          at,
		Inputs:               in,
	}
	evaluation.Verdict, evaluation.RecommendedStatus = recommend(codes)

	// Tier, status and governance do not change; last_eligibility and updated_at do.
	s.Trace.Invariant(eligibilityChangesOnlyTheEvaluation)
	provider := s.Provider
	provider.LastEligibility = evaluation
	provider.UpdatedAt = at
	answer := evaluation.canonical(inputs)
	return Change{
		Provider: provider,
		Event:    Event{Type: EligibilityEvaluated, RecordedAt: at, ReasonCodes: codes, Details: answer},
		Answer:   answer,
	}, nil
}

// canonical returns the evaluation in canonical form, from the canonical form of its inputs.
func (e *Eligibility) canonical(inputs jcs.Value) jcs.Value {
	return jcs.Object(
		jcs.Member{Name: "evaluation_id", Value: jcs.String(e.EvaluationID)},
		jcs.Member{Name: "verdict", Value: jcs.String(string(e.Verdict))},
		jcs.Member{Name: "reason_codes", Value: jcs.Strings(e.ReasonCodes)},
		jcs.Member{Name: "requested_segment_tier", Value: jcs.String(string(e.RequestedSegmentTier))},
		jcs.Member{Name: "current_segment_tier", Value: jcs.String(string(e.CurrentSegmentTier))},
		jcs.Member{Name: "recommended_status", Value: jcs.String(string(e.RecommendedStatus))},
		jcs.Member{Name: "evaluated_at", Value: jcs.String(e.EvaluatedAt.String())},
		jcs.Member{Name: "inputs", Value: inputs},
	)
}

// recommend returns the verdict and the recommended status (eligibility-recommends-status):
// restricted if a downgrade is required, else active for allow and pending_review for deny.
func recommend(codes []string) (Verdict, Status) {
	downgrade := false
	for _, code := range codes {
		downgrade = downgrade || code == string(ReasonDowngradeRequired)
	}
	switch {
	case downgrade:
		return Deny, Restricted
	case len(codes) > 0:
		return Deny, PendingReview
	}
	return Allow, Active
}

// evaluationID returns the id of an evaluation (eligibility-has-derived-id): plpelig_ and 16
// hex digits of the SHA-256 over provider_id|evaluated_at|H, H being the SHA-256 of the
// canonical inputs.
func evaluationID(provider string, at instant.Instant, inputs jcs.Value) string {
	return "plpelig_" + jcs.Sum([]byte(provider + "|" + at.String() + "|" + jcs.Sum(inputs)))[:16]
}

var eligibilityExplained = explain.Nearest(explain.Rules{
	eligibilityNeedsBaselines: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/"+baselines[0], "/eligibility/"+baselines[1], "/eligibility/"+baselines[2]),
		Advice: "Set the baselines to true.",
	},
	eligibilityNeedsNoViolations: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/unresolved_critical_violations"),
		Advice: "Set unresolved_critical_violations to 0.",
	},
	eligibilityClimbsOneTier: {
		Inputs: climbInputs,
		Advice: "Request the next tier above the provider's.",
	},
	eligibilityClimbNeedsTwoWindows: {
		Inputs: append(slices.Clone(climbInputs), explain.Input{Where: explain.Body, At: "/eligibility/consecutive_compliant_windows"}),
		Advice: "Set consecutive_compliant_windows to 2, or request no higher tier.",
	},
	eligibilityClimbNeedsRemediation: {
		Inputs: append(slices.Clone(climbInputs), explain.Input{Where: explain.Body, At: "/eligibility/remediation_closed"}),
		Advice: "Set remediation_closed to true, or request no higher tier.",
	},
	eligibilityHighRiskNeedsS2: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/capability_family", "/eligibility/requested_segment_tier"),
		Advice: "Request S2, or another family.",
	},
}, eligibilityCandidates, deniedBy)

var climbInputs = []explain.Input{{Where: explain.Body, At: "/eligibility/requested_segment_tier"}, {Where: explain.Provider, At: "/segment_tier"}}

// eligibilityCandidates returns the changes that may make the verdict allow.
func eligibilityCandidates(c *explain.Case) (changes []explain.Change) {
	at := func(name string, to any) {
		changes = append(changes, explain.Change{Where: explain.Body, At: "/eligibility/" + name, To: to})
	}
	for _, name := range baselines {
		at(name, true)
	}
	at("unresolved_critical_violations", 0)
	at("consecutive_compliant_windows", compliantWindowsToClimb)
	at("remediation_closed", true)
	for _, tier := range nearestTiers(Tier(explain.Text(c.Document, "/eligibility/requested_segment_tier"))) {
		at("requested_segment_tier", string(tier))
	}
	at("capability_family", "core")
	return changes
}

// nearestTiers returns the tiers by their distance from one, of two the lower first.
func nearestTiers(tier Tier) []Tier {
	away := func(other Tier) int { return max(tier.Rank()-other.Rank(), other.Rank()-tier.Rank()) }
	near := slices.Clone(Tiers)
	slices.SortStableFunc(near, func(a, b Tier) int { return cmp.Compare(away(a), away(b)) })
	return near
}

// deniedBy returns the rules that deny an evaluation.
func deniedBy(c *explain.Case) (ids []ruletrace.Rule) {
	var evaluate Evaluate
	decode(c.Document, &evaluate)
	for _, rule := range eligibilityRules {
		if rule.fails(evaluate.inputs(), Tier(explain.Text(c.Provider, "/segment_tier"))) {
			ids = append(ids, rule.id)
		}
	}
	return ids
}

// decode reads a command from the body of a case that its schema allows.
func decode(body, command any) {
	text, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(text, command)
	}
	if err != nil {
		panic(err) // it was read before
	}
}
