package rules

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/milestones"
)

var (
	amber  = Actor{"partner", "amber"}
	cobalt = Actor{"partner", "cobalt"}
	good   = Governance{true, true, true, 0}
)

const noon instant.Instant = 1771761600000 // 2026-02-22T12:00:00.000Z

// provider is a provider of amber's at a tier, as onboard leaves it.
func provider(tier Tier, change ...func(*Provider)) Provider {
	p := Provider{ProviderID: "plp_000001", OwnerActor: amber, SegmentTier: tier, Status: PendingReview, CreatedAt: noon, UpdatedAt: noon}
	for _, f := range change {
		f(&p)
	}
	return p
}

// state is amber asking about p at noon.
func state(p Provider) State {
	return State{
		Caller:   amber,
		Provider: p,
		Now:      Now{At: noon},
		Taken:    func(id string) bool { return id == "taken" },
		NextID:   func() string { return "plp_000007" },
	}
}

// decide reads a body into c and decides it.
func decide(t *testing.T, c Command, body string, s State) (Change, *Refusal) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), c); err != nil {
		t.Fatalf("reading %s: %v", body, err)
	}
	return c.Decide(s)
}

// The outcomes are the refusals of the milestone, in its order.
func TestOutcomes(t *testing.T) {
	var want []Outcome
	for _, refusal := range milestones.M109().Refusals {
		want = append(want, Outcome{refusal.Name, Code(refusal.Code), Reason(refusal.ReasonCode)})
	}
	if diff := cmp.Diff(want, Outcomes); diff != "" {
		t.Errorf("outcomes (-milestone +rules):\n%s", diff)
	}
}

// ruleOf names a decision in short: the rule that refused, or "permitted".
func ruleOf(refusal *Refusal) string {
	if refusal == nil {
		return "permitted"
	}
	return fmt.Sprint(refusal.Rule, " ", refusal.Code, " ", refusal.Reason)
}

func TestOnboard(t *testing.T) {
	body := func(members string) string {
		return `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"segment_tier":"S1"` + members + `}}`
	}
	for _, test := range []struct {
		name, body string
		caller     Actor
		now        Now
		want       string
	}{
		{"onboard-owner-is-caller: permits the caller", body(""), amber, Now{At: noon}, "permitted"},
		{"onboard-owner-is-caller: refuses another partner", body(""), cobalt, Now{At: noon}, "onboard-owner-is-caller FORBIDDEN partner_liquidity_provider_invalid"},
		{"onboard-owner-is-caller: refuses another type", body(""), Actor{"agent", "amber"}, Now{At: noon}, "onboard-owner-is-caller FORBIDDEN partner_liquidity_provider_invalid"},
		{"onboard-owner-is-caller: comes first", `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"provider_id":"taken"},"recorded_at":"2016-12-31T23:59:60Z"}`, cobalt, Now{At: noon}, "onboard-owner-is-caller FORBIDDEN partner_liquidity_provider_invalid"},
		{"onboard-id-is-free: permits a free id", body(`,"provider_id":"free"`), amber, Now{At: noon}, "permitted"},
		{"onboard-id-is-free: refuses a taken id", body(`,"provider_id":"taken"`), amber, Now{At: noon}, "onboard-id-is-free CONFLICT partner_liquidity_provider_invalid"},
		{"recorded-at-is-readable: refuses a leap second", `{"provider":{"owner_actor":{"type":"partner","id":"amber"}},"recorded_at":"2016-12-31T23:59:60Z"}`, amber, Now{At: noon}, "recorded-at-is-readable CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
		{"now-is-readable: refuses when now is needed", body(""), amber, Now{Clock: &Clock{Malformed: fmt.Errorf("X-Now-Iso: no")}}, "now-is-readable CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
		{"now-is-readable: permits when it is not", `{"provider":{"owner_actor":{"type":"partner","id":"amber"}},"recorded_at":"2016-12-31T23:59:59Z"}`, amber, Now{Clock: &Clock{Malformed: fmt.Errorf("X-Now-Iso: no")}}, "permitted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := state(Provider{})
			s.Caller, s.Now = test.caller, test.now
			_, refusal := decide(t, new(Onboard), test.body, s)
			if got := ruleOf(refusal); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("onboard-starts-ungoverned: and onboard-assigns-ids", func(t *testing.T) {
		change, _ := decide(t, new(Onboard), `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"segment_tier":"S2"},"recorded_at":"2026-02-22T13:00:00+01:00"}`, state(Provider{}))
		want := provider("S2", func(p *Provider) { p.ProviderID = "plp_000007" })
		if diff := cmp.Diff(want, change.Provider); diff != "" {
			t.Errorf("provider, -want +got:\n%s", diff)
		}
		if change.Event.Type != Onboarded || change.Event.RecordedAt != noon || len(change.Event.ReasonCodes) != 0 {
			t.Errorf("event %+v", change.Event)
		}
	})
	t.Run("onboard-starts-ungoverned: any status may be the first", func(t *testing.T) {
		change, refusal := decide(t, new(Onboard), body(`,"status":"offboarded"`), state(Provider{}))
		if refusal != nil || change.Provider.Status != Offboarded {
			t.Errorf("got %s, %s", ruleOf(refusal), change.Provider.Status)
		}
	})
}

func TestStatus(t *testing.T) {
	body := func(status string, trust, reliability, audit bool, violations int, codes string) string {
		return fmt.Sprintf(`{"status":{"status":%q,"segment_tier":"S2","trust_safety_baseline_passed":%v,"reliability_baseline_passed":%v,"audit_conformance_passed":%v,"unresolved_critical_violations":%d%s}}`,
			status, trust, reliability, audit, violations, codes)
	}
	const because = `,"reason_codes":["under_review"]`
	const downgrade = " CONFLICT partner_liquidity_provider_downgrade_required"
	for _, test := range []struct{ name, body, want string }{
		{"status-active-needs-baselines: permits all three", body("active", true, true, true, 0, ""), "permitted"},
		{"status-active-needs-baselines: refuses without trust and safety", body("active", false, true, true, 0, ""), "status-active-needs-baselines" + downgrade},
		{"status-active-needs-baselines: refuses without reliability", body("active", true, false, true, 0, ""), "status-active-needs-baselines" + downgrade},
		{"status-active-needs-baselines: refuses without audit conformance", body("active", true, true, false, 0, ""), "status-active-needs-baselines" + downgrade},
		{"status-active-needs-baselines: permits pending review without any", body("pending_review", false, false, false, 9, ""), "permitted"},
		{"status-active-needs-no-violations: permits none", body("active", true, true, true, 0, because), "permitted"},
		{"status-active-needs-no-violations: refuses one", body("active", true, true, true, 1, because), "status-active-needs-no-violations" + downgrade},
		{"status-restriction-needs-reason: permits restricted with one", body("restricted", false, true, true, 1, because), "permitted"},
		{"status-restriction-needs-reason: refuses restricted without", body("restricted", true, true, true, 0, ""), "status-restriction-needs-reason CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
		{"status-restriction-needs-reason: refuses restricted with an empty list", body("restricted", true, true, true, 0, `,"reason_codes":[]`), "status-restriction-needs-reason CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
		{"status-restriction-needs-reason: permits offboarded with one", body("offboarded", false, false, false, 0, because), "permitted"},
		{"status-restriction-needs-reason: refuses offboarded without", body("offboarded", true, true, true, 0, ""), "status-restriction-needs-reason CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, refusal := decide(t, new(StatusUpsert), test.body, state(provider("S1")))
			if got := ruleOf(refusal); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("status-replaces-governance: everything at once", func(t *testing.T) {
		before := provider("S3", func(p *Provider) { p.Governance = good; p.Status = Offboarded })
		change, _ := decide(t, new(StatusUpsert), `{"status":{"status":"restricted","segment_tier":"S0","trust_safety_baseline_passed":false,"reliability_baseline_passed":true,"audit_conformance_passed":false,"unresolved_critical_violations":9007199254740991,"reason_codes":["b","a"],"operator_note":"why"},"recorded_at":"2026-02-22T11:00:00Z"}`, state(before))
		want := provider("S0", func(p *Provider) {
			p.Status, p.Governance = Restricted, Governance{false, true, false, 9007199254740991}
			p.UpdatedAt = noon - 3600000
		})
		if diff := cmp.Diff(want, change.Provider); diff != "" {
			t.Errorf("provider, -want +got:\n%s", diff)
		}
		if got, want := change.Event.ReasonCodes, []string{"b", "a"}; !slices.Equal(got, want) {
			t.Errorf("event's reason codes %v, want %v", got, want)
		}
	})
}

// asks is an eligibility that every rule allows at S1, changed by members.
func asks(members map[string]any) string {
	eligibility := map[string]any{
		"requested_segment_tier": "S2", "trust_safety_baseline_passed": true, "reliability_baseline_passed": true,
		"audit_conformance_passed": true, "unresolved_critical_violations": 0, "consecutive_compliant_windows": 2,
		"capability_family": "advanced",
	}
	for name, value := range members {
		eligibility[name] = value
	}
	text, _ := json.Marshal(map[string]any{"eligibility": eligibility, "recorded_at": "2026-02-22T16:20:00.000Z"})
	return string(text)
}

func TestEligibility(t *testing.T) {
	failed := []Reason{ReasonEligibilityFailed}
	for _, test := range []struct {
		name      string
		current   Tier
		asks      map[string]any
		want      []Reason
		recommend Status
	}{
		{"eligibility-needs-baselines: permits all three", "S1", nil, nil, Active},
		{"eligibility-needs-baselines: denies without trust and safety", "S1", map[string]any{"trust_safety_baseline_passed": false}, failed, PendingReview},
		{"eligibility-needs-baselines: denies without reliability", "S1", map[string]any{"reliability_baseline_passed": false}, failed, PendingReview},
		{"eligibility-needs-baselines: denies without audit conformance", "S1", map[string]any{"audit_conformance_passed": false}, failed, PendingReview},
		{"eligibility-needs-no-violations: permits none", "S1", map[string]any{"unresolved_critical_violations": 0}, nil, Active},
		{"eligibility-needs-no-violations: denies one", "S1", map[string]any{"unresolved_critical_violations": 1}, []Reason{ReasonEligibilityFailed, ReasonDowngradeRequired}, Restricted},
		{"eligibility-recommends-status: a failure before a downgrade is there once", "S1", map[string]any{"audit_conformance_passed": false, "unresolved_critical_violations": 3}, []Reason{ReasonEligibilityFailed, ReasonDowngradeRequired}, Restricted},
		{"eligibility-climbs-one-tier: permits one up", "S1", map[string]any{"requested_segment_tier": "S2"}, nil, Active},
		{"eligibility-climbs-one-tier: denies two up", "S1", map[string]any{"requested_segment_tier": "S3"}, failed, PendingReview},
		{"eligibility-climb-needs-two-windows: permits two", "S0", map[string]any{"requested_segment_tier": "S1"}, nil, Active},
		{"eligibility-climb-needs-two-windows: denies one", "S0", map[string]any{"requested_segment_tier": "S1", "consecutive_compliant_windows": 1}, failed, PendingReview},
		{"eligibility-climb-needs-two-windows: permits none to who stays", "S2", map[string]any{"consecutive_compliant_windows": 0}, nil, Active},
		{"eligibility-climb-needs-two-windows: permits none to who descends", "S3", map[string]any{"consecutive_compliant_windows": 0}, nil, Active},
		{"eligibility-climb-needs-remediation: permits closed", "S1", map[string]any{"remediation_closed": true}, nil, Active},
		{"eligibility-climb-needs-remediation: denies open", "S1", map[string]any{"remediation_closed": false}, failed, PendingReview},
		{"eligibility-climb-needs-remediation: permits open to who stays", "S2", map[string]any{"remediation_closed": false}, nil, Active},
		{"eligibility-high-risk-needs-s2: permits S2", "S2", map[string]any{"capability_family": "high_risk"}, nil, Active},
		{"eligibility-high-risk-needs-s2: denies S1", "S1", map[string]any{"capability_family": "high_risk", "requested_segment_tier": "S1"}, failed, PendingReview},
		{"eligibility-high-risk-needs-s2: permits advanced at S1", "S1", map[string]any{"capability_family": "advanced", "requested_segment_tier": "S1"}, nil, Active},
	} {
		t.Run(test.name, func(t *testing.T) {
			change, refusal := decide(t, new(Evaluate), asks(test.asks), state(provider(test.current)))
			if refusal != nil {
				t.Fatalf("refused by %s", ruleOf(refusal))
			}
			got := change.Provider.LastEligibility
			codes := []string{}
			for _, code := range test.want {
				codes = append(codes, string(code))
			}
			if diff := cmp.Diff(codes, got.ReasonCodes); diff != "" {
				t.Errorf("reason codes, -want +got:\n%s", diff)
			}
			verdict := Allow
			if len(codes) > 0 {
				verdict = Deny
			}
			if got.Verdict != verdict || got.RecommendedStatus != test.recommend {
				t.Errorf("got %s and %s, want %s and %s", got.Verdict, got.RecommendedStatus, verdict, test.recommend)
			}
		})
	}
	t.Run("eligibility-has-derived-id: the contract's check value", func(t *testing.T) {
		change, _ := decide(t, new(Evaluate), asks(nil), state(provider("S1")))
		if got, want := change.Provider.LastEligibility.EvaluationID, "plpelig_a95776d6e33c15cf"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("eligibility-changes-only-the-evaluation: and updated_at", func(t *testing.T) {
		before := provider("S1", func(p *Provider) { p.Governance = Governance{true, false, true, 4}; p.Status = Restricted })
		change, _ := decide(t, new(Evaluate), asks(map[string]any{"requested_segment_tier": "S3"}), state(before))
		after := change.Provider
		after.LastEligibility, after.UpdatedAt = nil, before.UpdatedAt
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("provider, -before +after:\n%s", diff)
		}
		if got, want := string(change.Event.Details), string(jcs.Marshal(change.Provider.LastEligibility)); got != want {
			t.Errorf("the audit entry shows %s, the provider %s", got, want)
		}
	})
}

const checkRows = `[{"capability":"settlement_execute","min_segment_tier":"S3","enabled":false},` +
	`{"capability":"proposal_auto_accept","min_segment_tier":"S2","enabled":true},` +
	`{"capability":"listing_publish","min_segment_tier":"S1","enabled":true}]`

func TestRollout(t *testing.T) {
	allowed := func(p *Provider) {
		p.LastEligibility = &Eligibility{EvaluationID: "plpelig_1", Verdict: Allow, EvaluatedAt: noon}
	}
	denied := func(p *Provider) {
		p.LastEligibility = &Eligibility{EvaluationID: "plpelig_2", Verdict: Deny, EvaluatedAt: noon}
	}
	violating := func(p *Provider) { p.Governance.UnresolvedCriticalViolations = 1 }
	offboarded := func(p *Provider) { p.Status = Offboarded }
	body := func(status, tier, rows, codes string) string {
		return fmt.Sprintf(`{"rollout":{"rollout_status":%q,"effective_segment_tier":%q,"capability_matrix":%s%s}}`, status, tier, rows, codes)
	}
	const row, own = `[{"capability":"c","min_segment_tier":"S1","enabled":true}]`, `,"reason_codes":["own"]`
	blocked, downgrade := string(ReasonRolloutBlocked), string(ReasonDowngradeRequired)

	for _, test := range []struct {
		name     string
		provider Provider
		body     string
		refused  bool
		want     []string // reason codes, of the policy or of the refusal
	}{
		{"rollout-needs-allow-verdict: permits allow", provider("S1", allowed), body("active", "S1", row, ""), false, nil},
		{"rollout-needs-allow-verdict: refuses deny", provider("S1", denied), body("active", "S1", row, ""), true, []string{blocked}},
		{"rollout-needs-allow-verdict: refuses none", provider("S1"), body("active", "S1", row, ""), true, []string{blocked}},
		{"rollout-needs-allow-verdict: permits none when paused", provider("S1"), body("paused", "S1", row, ""), false, nil},
		{"rollout-needs-allow-verdict: permits deny when blocked", provider("S1", denied), body("blocked", "S1", row, ""), false, nil},
		{"rollout-needs-no-violations: refuses one", provider("S1", allowed, violating), body("active", "S1", row, ""), true, []string{blocked, downgrade}},
		{"rollout-needs-no-violations: permits one when paused", provider("S1", violating), body("paused", "S1", row, ""), false, nil},
		{"rollout-needs-provider-in-service: refuses an offboarded one", provider("S1", allowed, offboarded), body("active", "S1", row, ""), true, []string{blocked}},
		{"rollout-needs-provider-in-service: permits one when paused", provider("S1", offboarded), body("paused", "S1", row, ""), false, nil},
		{"rollout-climbs-one-tier: permits one up", provider("S1", allowed), body("active", "S2", row, ""), false, nil},
		{"rollout-climbs-one-tier: refuses two up", provider("S1", allowed), body("active", "S3", row, ""), true, []string{blocked}},
		{"rollout-climbs-one-tier: permits any down", provider("S3", allowed), body("active", "S1", row, ""), false, nil},
		{"rollout-row-within-tier: permits at the tier", provider("S1", allowed), body("active", "S1", row, ""), false, nil},
		{"rollout-row-within-tier: refuses above", provider("S1", allowed), body("active", "S0", row, ""), true, []string{blocked}},
		{"rollout-row-within-tier: permits above when not enabled", provider("S1", allowed), body("active", "S0", `[{"capability":"c","min_segment_tier":"S1","enabled":false}]`, ""), false, nil},
		{"rollout-active-unblocked: refuses the caller's own code", provider("S1", allowed), body("active", "S1", row, `,"reason_codes":["`+blocked+`"]`), true, []string{blocked}},
		{"rollout-active-unblocked: permits the caller's other codes", provider("S1", allowed), body("active", "S1", row, `,"reason_codes":["`+downgrade+`"]`), false, []string{downgrade}},
		{"rollout-active-unblocked: permits the caller's own code when paused", provider("S1"), body("paused", "S1", row, `,"reason_codes":["`+blocked+`"]`), false, []string{blocked}},
		{"rollout-records-its-reasons: the caller's first, each once", provider("S0", violating), body("active", "S3", row, own), true, []string{"own", blocked, downgrade}},
		{"rollout-records-its-reasons: paused two up and above", provider("S0"), body("paused", "S2", `[{"capability":"c","min_segment_tier":"S3","enabled":true}]`, own), false, []string{"own", blocked}},
	} {
		t.Run(test.name, func(t *testing.T) {
			change, refusal := decide(t, new(RolloutUpsert), test.body, state(test.provider))
			if (refusal != nil) != test.refused {
				t.Fatalf("got %s, want refused = %v", ruleOf(refusal), test.refused)
			}
			var got []string
			if refusal != nil {
				if ruleOf(refusal) != "rollout-active-unblocked CONFLICT partner_liquidity_provider_rollout_blocked" {
					t.Errorf("got %s", ruleOf(refusal))
				}
				got = refusal.Details["reason_codes"].([]string)
			} else {
				got = change.Provider.Rollout.ReasonCodes
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("reason codes %v, want %v", got, test.want)
			}
		})
	}

	for _, test := range []struct{ name, rows, want string }{
		{"rollout-rows-are-unique: permits a capability at two tiers", `[{"capability":"c","min_segment_tier":"S1","enabled":true},{"capability":"c","min_segment_tier":"S0","enabled":true}]`, "permitted"},
		{"rollout-rows-are-unique: refuses a pair twice", `[{"capability":"c","min_segment_tier":"S1","enabled":true},{"capability":"d","min_segment_tier":"S1","enabled":true},{"capability":"c","min_segment_tier":"S1","enabled":false}]`, "rollout-rows-are-unique CONSTRAINT_VIOLATION partner_liquidity_provider_invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, refusal := decide(t, new(RolloutUpsert), body("paused", "S1", test.rows, ""), state(provider("S1")))
			if got := ruleOf(refusal); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}

	t.Run("rollout-hashes-capabilities: the contract's check value", func(t *testing.T) {
		change, _ := decide(t, new(RolloutUpsert), body("active", "S2", checkRows, ""), state(provider("S1", allowed)))
		if got, want := change.Provider.Rollout.CapabilitiesHash, "sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("rollout-derives-capabilities: sorted, and effective at the tier", func(t *testing.T) {
		rows := `[{"capability":"b","min_segment_tier":"S2","enabled":true},{"capability":"b","min_segment_tier":"S0","enabled":true},{"capability":"\ud83d\ude00","min_segment_tier":"S0","enabled":false},{"capability":"\uffee","min_segment_tier":"S0","enabled":true}]`
		change, _ := decide(t, new(RolloutUpsert), body("paused", "S1", rows, ""), state(provider("S1")))
		want := []EffectiveRow{{"b", "S0", true, true}, {"b", "S2", true, false}, {"\uffee", "S0", true, true}, {"😀", "S0", false, false}}
		if diff := cmp.Diff(want, change.Provider.Rollout.CapabilityMatrix); diff != "" {
			t.Errorf("rows, -want +got:\n%s", diff)
		}
	})
	t.Run("rollout-counts-versions: from 1, one by one", func(t *testing.T) {
		p := provider("S1")
		for want := int64(1); want <= 3; want++ {
			change, _ := decide(t, new(RolloutUpsert), body("paused", "S1", row, ""), state(p))
			if p = change.Provider; p.Rollout.RolloutVersion != want || p.RolloutPolicyRef.RolloutVersion != want {
				t.Errorf("got %d, want %d", p.Rollout.RolloutVersion, want)
			}
		}
	})
	t.Run("rollout-refers-to-evaluation: or to none", func(t *testing.T) {
		change, _ := decide(t, new(RolloutUpsert), body("paused", "S1", row, ""), state(provider("S1", denied)))
		if diff := cmp.Diff(&EligibilityRef{"plpelig_2", Deny, noon}, change.Provider.Rollout.EligibilityRef); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		change, _ = decide(t, new(RolloutUpsert), body("paused", "S1", row, ""), state(provider("S1")))
		if change.Provider.Rollout.EligibilityRef != nil {
			t.Errorf("got %+v, want none", change.Provider.Rollout.EligibilityRef)
		}
	})
	for _, test := range []struct {
		status string
		want   Status
	}{{"active", Active}, {"paused", PendingReview}, {"blocked", Restricted}} {
		t.Run("rollout-moves-provider: "+test.status, func(t *testing.T) {
			change, _ := decide(t, new(RolloutUpsert), body(test.status, "S2", row, ""), state(provider("S1", allowed)))
			if got := change.Provider; got.Status != test.want || got.SegmentTier != "S2" {
				t.Errorf("got %s at %s, want %s at S2", got.Status, got.SegmentTier, test.want)
			}
		})
	}
}
