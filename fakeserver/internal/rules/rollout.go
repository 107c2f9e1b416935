package rules

import (
	"cmp"
	"slices"
	"strconv"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/internal/jsonvalue"
)

// The rules that this file decides.
const (
	rolloutNeedsAllowVerdict      ruletrace.Rule = "rollout-needs-allow-verdict"
	rolloutNeedsNoViolations      ruletrace.Rule = "rollout-needs-no-violations"
	rolloutNeedsProviderInService ruletrace.Rule = "rollout-needs-provider-in-service"
	rolloutClimbsOneTier          ruletrace.Rule = "rollout-climbs-one-tier"
	rolloutRowWithinTier          ruletrace.Rule = "rollout-row-within-tier"
	rolloutRowsAreUnique          ruletrace.Rule = "rollout-rows-are-unique"
	rolloutActiveUnblocked        ruletrace.Rule = "rollout-active-unblocked"
	rolloutRecordsItsReasons      ruletrace.Rule = "rollout-records-its-reasons"
	rolloutCountsVersions         ruletrace.Rule = "rollout-counts-versions"
	rolloutDerivesCapabilities    ruletrace.Rule = "rollout-derives-capabilities"
	rolloutHashesCapabilities     ruletrace.Rule = "rollout-hashes-capabilities"
	rolloutRefersToEvaluation     ruletrace.Rule = "rollout-refers-to-evaluation"
	rolloutMovesProvider          ruletrace.Rule = "rollout-moves-provider"
)

// RolloutUpsert is the body of partnerLiquidityProvider.rollout.upsert.
//
// Its reason codes and those that rolloutRules append are recorded with it; an
// active rollout among whose codes is rollout_blocked is refused instead.
// Refused, in this order: recorded-at-is-readable, now-is-readable,
// rollout-rows-are-unique, rollout-active-unblocked. Contract section 8.
type RolloutUpsert struct {
	Rollout struct {
		RolloutStatus        RolloutStatus   `json:"rollout_status"`
		EffectiveSegmentTier Tier            `json:"effective_segment_tier"`
		CapabilityMatrix     []CapabilityRow `json:"capability_matrix"`
		ReasonCodes          []string        `json:"reason_codes"`
	} `json:"rollout"`
	RecordedAt
}

// CapabilityRow is a requested row of the capability matrix.
type CapabilityRow struct {
	Capability     string `json:"capability"`
	MinSegmentTier Tier   `json:"min_segment_tier"`
	Enabled        bool   `json:"enabled"`
}

// EffectiveRow is a recorded row of the capability matrix.
type EffectiveRow struct {
	Capability       string `json:"capability"`
	MinSegmentTier   Tier   `json:"min_segment_tier"`
	RequestedEnabled bool   `json:"requested_enabled"`
	EffectiveEnabled bool   `json:"effective_enabled"`
}

// Policy is a recorded rollout: the contract's policy view, the answer's
// rollout and the details of its audit entry.
type Policy struct {
	ProviderID           string          `json:"provider_id"`
	RolloutVersion       int64           `json:"rollout_version"`
	RolloutStatus        RolloutStatus   `json:"rollout_status"`
	EffectiveSegmentTier Tier            `json:"effective_segment_tier"`
	CapabilityMatrix     []EffectiveRow  `json:"capability_matrix"`
	ReasonCodes          []string        `json:"reason_codes"`
	EligibilityRef       *EligibilityRef `json:"eligibility_ref"`
	CapabilitiesHash     string          `json:"capabilities_hash"`
	UpdatedAt            instant.Instant `json:"updated_at"`
	UpdatedBy            Actor           `json:"updated_by"`
}

// PolicyRef is what a provider's view shows of its policy.
type PolicyRef struct {
	RolloutVersion       int64         `json:"rollout_version"`
	RolloutStatus        RolloutStatus `json:"rollout_status"`
	EffectiveSegmentTier Tier          `json:"effective_segment_tier"`
	CapabilitiesHash     string        `json:"capabilities_hash"`
}

// EligibilityRef refers to the last evaluation before a rollout was recorded.
type EligibilityRef struct {
	EvaluationID string          `json:"evaluation_id"`
	Verdict      Verdict         `json:"verdict"`
	EvaluatedAt  instant.Instant `json:"evaluated_at"`
}

// RolloutStatus is active, paused or blocked.
type RolloutStatus string

// The rollout statuses.
const (
	RolloutActive    RolloutStatus = "active"
	RolloutPaused    RolloutStatus = "paused"
	RolloutIsBlocked RolloutStatus = "blocked"
)

// rolloutRules append their reason codes to the request's own, in the
// contract's order, each code once.
var rolloutRules = []struct {
	id          ruletrace.Rule
	description string // the rule
	fails       func(*RolloutUpsert, Provider) bool
	codes       []Reason
}{
	{
		rolloutNeedsAllowVerdict,
		"An active rollout needs a last evaluation that allows it.",
		func(c *RolloutUpsert, p Provider) bool {
			return c.active() && (p.LastEligibility == nil || p.LastEligibility.Verdict != Allow)
		},
		[]Reason{ReasonRolloutBlocked},
	}, {
		rolloutNeedsNoViolations,
		"An active rollout needs a provider without unresolved critical violations.",
		func(c *RolloutUpsert, p Provider) bool {
			return c.active() && p.Governance.UnresolvedCriticalViolations > 0
		},
		[]Reason{ReasonRolloutBlocked, ReasonDowngradeRequired},
	}, {
		rolloutNeedsProviderInService,
		"An active rollout needs a provider that is not offboarded.",
		func(c *RolloutUpsert, p Provider) bool { return c.active() && p.Status == Offboarded },
		[]Reason{ReasonRolloutBlocked},
	}, {
		rolloutClimbsOneTier,
		"A rollout climbs one tier at a time.",
		climbsTooFar,
		[]Reason{ReasonRolloutBlocked},
	}, {
		rolloutRowWithinTier,
		"A capability is enabled at the tier that it asks for, or above.",
		func(c *RolloutUpsert, _ Provider) bool {
			return slices.ContainsFunc(c.Rollout.CapabilityMatrix, func(row CapabilityRow) bool { return row.above(c.Rollout.EffectiveSegmentTier) })
		},
		[]Reason{ReasonRolloutBlocked},
	},
}

func climbsTooFar(c *RolloutUpsert, p Provider) bool {
	return c.Rollout.EffectiveSegmentTier.Rank() > p.SegmentTier.Rank()+1
}

// above reports whether the row is enabled, and asks for a higher tier than that.
func (r CapabilityRow) above(tier Tier) bool {
	return r.Enabled && r.MinSegmentTier.Rank() > tier.Rank()
}

// active reports whether the rollout is to be active.
func (c *RolloutUpsert) active() bool { return c.Rollout.RolloutStatus == RolloutActive }

// Decide implements Command.
func (c *RolloutUpsert) Decide(s State) (Change, *Refusal) {
	at, refusal := c.read(s)
	if refusal != nil {
		return Change{}, refusal
	}
	rows, unique := effectiveRows(c.Rollout.CapabilityMatrix, c.Rollout.EffectiveSegmentTier)
	if s.Trace.Precondition(rolloutRowsAreUnique, !unique) {
		return Change{}, invalid(rolloutRowsAreUnique, PayloadInvalid,
			"A pair of capability and tier is twice in rollout.capability_matrix: remove the second row.")
	}
	codes := slices.Clone(c.Rollout.ReasonCodes)
	for _, rule := range rolloutRules {
		if s.Trace.Precondition(rule.id, rule.fails(c, s.Provider)) {
			codes = appendOnce(codes, rule.codes...)
		}
	}
	if s.Trace.Precondition(rolloutActiveUnblocked, c.active() && slices.Contains(codes, string(ReasonRolloutBlocked))) {
		return Change{}, &Refusal{
			Rule: rolloutActiveUnblocked, Outcome: RolloutBlocked,
			Message: "The rollout is blocked and cannot be active: see details.reason_codes, or record it as paused.",
			Details: map[string]any{"provider_id": s.Provider.ProviderID, "reason_codes": codes},
		}
	}
	c.recordNormalised(s)
	// Versions count the recorded rollouts of a provider: 1, 2, 3 …
	s.Trace.Invariant(rolloutRecordsItsReasons, rolloutCountsVersions, rolloutDerivesCapabilities,
		rolloutHashesCapabilities, rolloutRefersToEvaluation, rolloutMovesProvider)
	policy := &Policy{
		ProviderID:           s.Provider.ProviderID,
		RolloutVersion:       1,
		RolloutStatus:        c.Rollout.RolloutStatus,
		EffectiveSegmentTier: c.Rollout.EffectiveSegmentTier,
		CapabilityMatrix:     rows,
		ReasonCodes:          codes,
		EligibilityRef:       eligibilityRef(s.Provider.LastEligibility),
		CapabilitiesHash:     capabilitiesHash(rows),
		UpdatedAt:            at,
		UpdatedBy:            s.Caller,
	}
	if before := s.Provider.Rollout; before != nil {
		policy.RolloutVersion = before.RolloutVersion + 1
	}
	answer := jcs.Marshal(policy)
	return Change{
		Provider: rolledOut(s.Provider, policy),
		Event:    Event{Type: RolloutUpserted, RecordedAt: at, ReasonCodes: codes, Details: answer},
		Answer:   answer,
	}, nil
}

// rolledOut returns the provider after a policy was recorded (rollout-moves-provider): its
// tier is the effective tier, whatever the rollout's status; active makes it active, blocked
// restricts it, paused does not change its status.
func rolledOut(provider Provider, policy *Policy) Provider {
	provider.Rollout = policy
	provider.RolloutPolicyRef = &PolicyRef{
		policy.RolloutVersion, policy.RolloutStatus, policy.EffectiveSegmentTier, policy.CapabilitiesHash,
	}
	provider.SegmentTier = policy.EffectiveSegmentTier
	provider.UpdatedAt = policy.UpdatedAt
	switch policy.RolloutStatus {
	case RolloutActive:
		provider.Status = Active
	case RolloutIsBlocked:
		provider.Status = Restricted
	}
	return provider
}

// eligibilityRef returns a reference to the last evaluation, whatever its verdict; nil if the
// provider was never evaluated (rollout-refers-to-evaluation).
func eligibilityRef(last *Eligibility) *EligibilityRef {
	if last == nil {
		return nil
	}
	return &EligibilityRef{last.EvaluationID, last.Verdict, last.EvaluatedAt}
}

// effectiveRows returns the recorded rows at a tier (rollout-derives-capabilities), and
// whether each pair of capability and tier is unique. A row is effective if it is requested
// at its tier or above. Rows are sorted by capability in code point order, then by tier.
func effectiveRows(requested []CapabilityRow, effective Tier) (rows []EffectiveRow, unique bool) {
	rows = make([]EffectiveRow, len(requested))
	for i, row := range requested {
		rows[i] = EffectiveRow{
			row.Capability, row.MinSegmentTier, row.Enabled,
			row.Enabled && effective.Rank() >= row.MinSegmentTier.Rank(),
		}
	}
	order := func(a, b EffectiveRow) int {
		// The byte order of UTF-8 is code point order.
		return cmp.Or(cmp.Compare(a.Capability, b.Capability), cmp.Compare(a.MinSegmentTier.Rank(), b.MinSegmentTier.Rank()))
	}
	slices.SortFunc(rows, order)
	for i := 1; i < len(rows); i++ {
		if order(rows[i-1], rows[i]) == 0 {
			return nil, false
		}
	}
	return rows, true
}

// capabilitiesHash returns sha256: and the SHA-256 of the canonical rows
// (rollout-hashes-capabilities).
func capabilitiesHash(rows []EffectiveRow) string { return "sha256:" + jcs.Hash(rows) }

// pause returns the change to a paused rollout.
var pause = explain.Set(explain.Body, "/rollout/rollout_status", string(RolloutPaused))

// requires explains a rule about the provider of an active rollout.
func requires(at, advice string) explain.Rule {
	return explain.Rule{
		Inputs: []explain.Input{{Where: explain.Body, At: "/rollout/rollout_status"}, {Where: explain.Provider, At: at}},
		Change: pause, Advice: advice + ", or record the rollout as paused.",
	}
}

// fit returns the smallest change after which the effective tier is in reach of the
// provider's, and no row is enabled above it: to the requested tier or to the nearest other.
func fit(c *explain.Case) (least []explain.Change) {
	var upsert RolloutUpsert
	decode(c.Document, &upsert)
	var provider Provider
	provider.SegmentTier = Tier(explain.Text(c.Provider, "/segment_tier"))
	requested := upsert.Rollout.EffectiveSegmentTier
	for i, tier := range nearestTiers(requested) {
		upsert.Rollout.EffectiveSegmentTier = tier
		if climbsTooFar(&upsert, provider) {
			continue
		}
		changes := []explain.Change{}
		if i > 0 {
			changes = append(changes, explain.Change{Where: explain.Body, At: "/rollout/effective_segment_tier", To: string(tier)})
		}
		for n, row := range upsert.Rollout.CapabilityMatrix {
			if row.above(tier) {
				changes = append(changes, explain.Change{Where: explain.Body, At: "/rollout/capability_matrix/" + strconv.Itoa(n) + "/enabled", To: false})
			}
		}
		if least == nil || len(changes) < len(least) {
			least = changes
		}
	}
	return least
}

// unblock returns the change to paused, unless another rule that refused has one.
func unblock(c *explain.Case) []explain.Change {
	own, _ := jsonvalue.At(c.Document, "/rollout/reason_codes").([]any)
	for _, rule := range rolloutRules {
		if slices.Contains(c.Refused, rule.id) && !slices.Contains(own, any(string(ReasonRolloutBlocked))) {
			return nil
		}
	}
	return pause(c)
}

var rolloutExplained = explain.Rules{
	rolloutNeedsAllowVerdict:      requires("/last_eligibility/verdict", "Have the provider evaluated and allowed first"),
	rolloutNeedsNoViolations:      requires("/governance/unresolved_critical_violations", "Upsert a status without unresolved critical violations first"),
	rolloutNeedsProviderInService: requires("/status", "Upsert a status other than offboarded first"),
	rolloutClimbsOneTier: explain.Precondition(
		[]explain.Input{{Where: explain.Body, At: "/rollout/effective_segment_tier"}, {Where: explain.Provider, At: "/segment_tier"}},
		fit, "Roll out the next tier above the provider's, and enable no capability that asks for a higher one.",
	),
	rolloutRowWithinTier: explain.Precondition(
		explain.Inputs(explain.Body, "/rollout/effective_segment_tier", "/rollout/capability_matrix"),
		func(c *explain.Case) []explain.Change {
			if slices.Contains(c.Refused, rolloutClimbsOneTier) {
				return nil // its changes pass this rule too
			}
			return fit(c)
		}, "Enable no capability that asks for a higher tier.",
	),
	rolloutRowsAreUnique: explain.Precondition(
		explain.Inputs(explain.Body, "/rollout/capability_matrix"),
		func(c *explain.Case) (changes []explain.Change) {
			rows, _ := jsonvalue.At(c.Document, "/rollout/capability_matrix").([]any)
			seen := map[[2]string]bool{}
			for i, row := range rows {
				pair := [2]string{explain.Text(row, "/capability"), explain.Text(row, "/min_segment_tier")}
				if seen[pair] {
					changes = append(changes, explain.Change{Where: explain.Body, At: "/rollout/capability_matrix/" + strconv.Itoa(i), Remove: true})
				}
				seen[pair] = true
			}
			slices.Reverse(changes) // so that the other pointers stay valid
			return changes
		}, "Remove the duplicate rows.",
	),
	rolloutActiveUnblocked: explain.Precondition(
		explain.Inputs(explain.Body, "/rollout/rollout_status", "/rollout/reason_codes"),
		unblock, "Follow the advice of the rules that blocked it, remove the code from reason_codes, or record the rollout as paused.",
	),
}
