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
// It never refuses for governance: the rules of eligibilityRules make the
// verdict. Refused: recorded-at-is-readable, now-is-readable. Contract section 8.
type Evaluate struct {
	Eligibility struct {
		EligibilityInputs
		// RemediationClosed shadows the input: here it may be absent.
		RemediationClosed *bool `json:"remediation_closed"`
	} `json:"eligibility"`
	RecordedAt
}

// EligibilityInputs are what a verdict was made from, defaults filled in.
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

// compliantWindowsToClimb is how many compliant windows in a row a provider
// needs before it may climb a tier.
const compliantWindowsToClimb = 2

// eligibilityRules make the verdict, in the contract's order: each that fails
// gives its reason codes, and any code at all denies.
var eligibilityRules = []struct {
	id    ruletrace.Rule
	says  string
	fails func(in EligibilityInputs, current Tier) bool
	gives []Reason
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
		"To climb, a provider has two compliant windows behind it, in a row.",
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
		"Capabilities of high risk are for S2 and above.",
		func(in EligibilityInputs, _ Tier) bool {
			return in.CapabilityFamily == "high_risk" && in.RequestedSegmentTier.Rank() < Tier("S2").Rank()
		},
		[]Reason{ReasonEligibilityFailed},
	},
}

// climbsFrom reports whether a tier above current is asked for.
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
			codes = appendOnce(codes, rule.gives...)
		}
	}
	c.shown(s)
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

	// Tier, status and governance stay as they are; the evaluation becomes the last
	// one, and updated_at moves.
	s.Trace.Invariant(eligibilityChangesOnlyTheEvaluation)
	provider := s.Provider
	provider.LastEligibility = evaluation
	provider.UpdatedAt = at
	shown := evaluation.show(inputs)
	return Change{
		Provider: provider,
		Event:    Event{Type: EligibilityEvaluated, RecordedAt: at, ReasonCodes: codes, Details: shown},
		Answer:   shown,
	}, nil
}

// show gives the evaluation in canonical form, from the canonical form of its
// inputs, which is the larger half and is there already.
func (e *Eligibility) show(inputs jcs.Value) jcs.Value {
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

// recommend draws the verdict from the reason codes, and from both the status
// that an operator should consider (eligibility-recommends-status): restricted when
// a downgrade is required, else active for allow and pending_review for deny.
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

// evaluationID names an evaluation after what it was made from
// (eligibility-has-derived-id): plpelig_ and 16 hex digits of the SHA-256 over
// provider_id|evaluated_at|H, H being the SHA-256 of the canonical inputs.
func evaluationID(provider string, at instant.Instant, inputs jcs.Value) string {
	return "plpelig_" + jcs.Sum([]byte(provider + "|" + at.String() + "|" + jcs.Sum(inputs)))[:16]
}

var eligibilityExplained = explain.Nearest(explain.Rules{
	eligibilityNeedsBaselines: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/"+baselines[0], "/eligibility/"+baselines[1], "/eligibility/"+baselines[2]),
		Advice: "Say that the baselines passed.",
	},
	eligibilityNeedsNoViolations: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/unresolved_critical_violations"),
		Advice: "Count no unresolved critical violations.",
	},
	eligibilityClimbsOneTier: {
		Inputs: climbLooks,
		Advice: "Ask for the next tier above the provider's.",
	},
	eligibilityClimbNeedsTwoWindows: {
		Inputs: append(slices.Clone(climbLooks), explain.Input{Where: explain.Body, At: "/eligibility/consecutive_compliant_windows"}),
		Advice: "Have two compliant windows, or ask for no higher tier.",
	},
	eligibilityClimbNeedsRemediation: {
		Inputs: append(slices.Clone(climbLooks), explain.Input{Where: explain.Body, At: "/eligibility/remediation_closed"}),
		Advice: "Close remediation, or ask for no higher tier.",
	},
	eligibilityHighRiskNeedsS2: {
		Inputs: explain.Inputs(explain.Body, "/eligibility/capability_family", "/eligibility/requested_segment_tier"),
		Advice: "Ask for S2, or for another family.",
	},
}, otherEvaluations, deniedBy)

var climbLooks = []explain.Input{{Where: explain.Body, At: "/eligibility/requested_segment_tier"}, {Where: explain.Provider, At: "/segment_tier"}}

// otherEvaluations are the changes that may make an evaluation allow.
func otherEvaluations(c *explain.Case) (changes []explain.Change) {
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

// nearestTiers are the tiers by how far they are from one, the lower first of two.
func nearestTiers(tier Tier) []Tier {
	away := func(other Tier) int { return max(tier.Rank()-other.Rank(), other.Rank()-tier.Rank()) }
	near := slices.Clone(Tiers)
	slices.SortStableFunc(near, func(a, b Tier) int { return cmp.Compare(away(a), away(b)) })
	return near
}

// deniedBy gives the rules that deny an evaluation.
func deniedBy(c *explain.Case) (ids []ruletrace.Rule) {
	var evaluate Evaluate
	read(c.Document, &evaluate)
	for _, rule := range eligibilityRules {
		if rule.fails(evaluate.inputs(), Tier(explain.Text(c.Provider, "/segment_tier"))) {
			ids = append(ids, rule.id)
		}
	}
	return ids
}

// read reads the body of a case that the schema allows.
func read(body, command any) {
	text, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(text, command)
	}
	if err != nil {
		panic(err) // it was read before
	}
}
