package rules

import (
	"slices"
	"strings"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
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
	id, says string
	fails    func(in EligibilityInputs, current Tier) bool
	gives    []Reason
}{
	{
		"eligibility-needs-baselines",
		"All three baseline controls have passed.",
		func(in EligibilityInputs, _ Tier) bool { return !in.BaselinesPassed() },
		[]Reason{EligibilityFailed},
	}, {
		"eligibility-needs-no-violations",
		"No critical violation is unresolved.",
		func(in EligibilityInputs, _ Tier) bool { return in.UnresolvedCriticalViolations > 0 },
		[]Reason{EligibilityFailed, DowngradeRequired},
	}, {
		"eligibility-climbs-one-tier",
		"A provider climbs one tier at a time.",
		func(in EligibilityInputs, current Tier) bool {
			return in.RequestedSegmentTier.Rank() > current.Rank()+1
		},
		[]Reason{EligibilityFailed},
	}, {
		"eligibility-climb-needs-two-windows",
		"To climb, a provider has two compliant windows behind it, in a row.",
		func(in EligibilityInputs, current Tier) bool {
			return in.climbsFrom(current) && in.ConsecutiveCompliantWindows < compliantWindowsToClimb
		},
		[]Reason{EligibilityFailed},
	}, {
		"eligibility-climb-needs-remediation",
		"To climb, a provider has closed its remediation.",
		func(in EligibilityInputs, current Tier) bool { return in.climbsFrom(current) && !in.RemediationClosed },
		[]Reason{EligibilityFailed},
	}, {
		"eligibility-high-risk-needs-s2",
		"Capabilities of high risk are for S2 and above.",
		func(in EligibilityInputs, _ Tier) bool {
			return in.CapabilityFamily == "high_risk" && in.RequestedSegmentTier.Rank() < Tier("S2").Rank()
		},
		[]Reason{EligibilityFailed},
	},
}

// climbsFrom reports whether a tier above current is asked for.
func (in EligibilityInputs) climbsFrom(current Tier) bool {
	return in.RequestedSegmentTier.Rank() > current.Rank()
}

// Decide implements Command.
func (c *Evaluate) Decide(s State) (Change, *Refusal) {
	at, refusal := c.read(s)
	if refusal != nil {
		return Change{}, refusal
	}
	in := c.Eligibility.EligibilityInputs
	in.RemediationClosed = c.Eligibility.RemediationClosed == nil || *c.Eligibility.RemediationClosed

	codes := []string{}
	for _, rule := range eligibilityRules {
		if s.Course.Gate(rule.id, rule.fails(in, s.Provider.SegmentTier)) {
			codes = appendOnce(codes, rule.gives...)
		}
	}
	c.shown(s)
	s.Course.Promise("eligibility-recommends-status", "eligibility-has-derived-id")
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
	s.Course.Promise("eligibility-changes-only-the-evaluation")
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
		downgrade = downgrade || code == string(DowngradeRequired)
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

var eligibilityExplained = explain.Rules{
	"eligibility-needs-baselines": explain.Gate(
		explain.Looks(explain.Body, "/eligibility/"+baselines[0], "/eligibility/"+baselines[1], "/eligibility/"+baselines[2]),
		passBaselines("/eligibility/"), "Say that the baselines passed.",
	),
	"eligibility-needs-no-violations": explain.Gate(
		explain.Looks(explain.Body, "/eligibility/unresolved_critical_violations"),
		explain.Set(explain.Body, "/eligibility/unresolved_critical_violations", 0), "Count no unresolved critical violations.",
	),
	"eligibility-climbs-one-tier": explain.Gate(
		climbLooks, climb(func(c *explain.Case) explain.Change {
			return explain.Change{Where: explain.Body, At: requestedTier, To: nextTier(c)}
		}), "Ask for the next tier above the provider's.",
	),
	"eligibility-climb-needs-two-windows": explain.Gate(
		append(slices.Clone(climbLooks), explain.Input{Where: explain.Body, At: "/eligibility/consecutive_compliant_windows"}),
		climb(func(*explain.Case) explain.Change {
			return explain.Change{Where: explain.Body, At: "/eligibility/consecutive_compliant_windows", To: compliantWindowsToClimb}
		}), "Have two compliant windows, or ask for no higher tier.",
	),
	"eligibility-climb-needs-remediation": explain.Gate(
		append(slices.Clone(climbLooks), explain.Input{Where: explain.Body, At: "/eligibility/remediation_closed"}),
		climb(func(*explain.Case) explain.Change {
			return explain.Change{Where: explain.Body, At: "/eligibility/remediation_closed", To: true}
		}), "Close remediation, or ask for no higher tier.",
	),
	"eligibility-high-risk-needs-s2": explain.Gate(
		explain.Looks(explain.Body, "/eligibility/capability_family", "/eligibility/requested_segment_tier"),
		func(c *explain.Case) []explain.Change {
			if Tier(explain.Text(c.Provider, "/segment_tier")).Rank() < Tier("S2").Rank() { // S2 would be a climb, with needs of its own
				return []explain.Change{{Where: explain.Body, At: "/eligibility/capability_family", To: "core"}}
			}
			return []explain.Change{{Where: explain.Body, At: requestedTier, To: "S2"}}
		}, "Ask for S2, or for another family.",
	),
}

const requestedTier = "/eligibility/requested_segment_tier"

// climb is the change of a gate for those who climb. To climb no higher passes all of
// these gates at once. Where that changes less than each of them alone, it is the change
// of the first one that refuses, and the others have none. High risk needs its tier, and
// goes where that goes.
func climb(alone func(*explain.Case) explain.Change) func(*explain.Case) []explain.Change {
	return func(c *explain.Case) []explain.Change {
		at := func(name string) any { return explain.At(c.Body, "/eligibility/"+name) }
		current, asked, high := Tier(explain.Text(c.Provider, "/segment_tier")), Tier(explain.Text(c.Body, requestedTier)), Tier("S2").Rank()
		windows, _ := at("consecutive_compliant_windows").(float64)
		each := 0
		for _, refuses := range []bool{asked.Rank() > current.Rank()+1, windows < compliantWindowsToClimb, at("remediation_closed") == false} {
			if refuses {
				each++
			}
		}
		core := explain.Change{Where: explain.Body, At: "/eligibility/capability_family", To: "core"}
		risky := at("capability_family") == "high_risk" && asked.Rank() >= high // else its own gate sees to it
		change := alone(c)
		lowers := change.At == requestedTier && risky && Tier(nextTier(c)).Rank() < high
		stays := []explain.Change{{Where: explain.Body, At: requestedTier, To: string(current)}}
		if risky && current.Rank() < high {
			stays = append(stays, core)
		}
		if asked.Rank() > current.Rank()+1 && risky && Tier(nextTier(c)).Rank() < high {
			each++
		}
		switch {
		case len(stays) < each && slices.ContainsFunc(c.Refused, func(id string) bool { return strings.HasPrefix(id, "eligibility-climb") }):
			return nil
		case len(stays) < each:
			return stays
		case lowers:
			return []explain.Change{change, core}
		}
		return []explain.Change{change}
	}
}

var climbLooks = []explain.Input{{Where: explain.Body, At: requestedTier}, {Where: explain.Provider, At: "/segment_tier"}}

// nextTier is the tier above the provider's.
func nextTier(c *explain.Case) string {
	return string(Tiers[min(Tier(explain.Text(c.Provider, "/segment_tier")).Rank()+1, len(Tiers)-1)])
}
