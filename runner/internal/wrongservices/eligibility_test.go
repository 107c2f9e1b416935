//go:build !race

package wrongservices

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// eligibilityServices have faults in the verdict on a tier. Nearly all of them are in well-formed answers.
var eligibilityServices = []wrongService{
	{
		name:  "trust-and-safety-ignored",
		fault: "The verdict is allow although trust and safety has not passed.",
		rule:  "eligibility-needs-baselines",
		fails: []string{
			"With baselines trust <trust>, reliability <reliability>, audit <audit> the verdict is <verdict> > false | true | true | deny | …",
		},
		behavior: seeing("trust_safety_baseline_passed", false, true),
	},
	{
		name:  "reliability-ignored",
		fault: "The verdict is allow although reliability has not passed.",
		rule:  "eligibility-needs-baselines",
		fails: []string{
			"With baselines trust <trust>, reliability <reliability>, audit <audit> the verdict is <verdict> > true | false | true | deny | …",
			"A failing baseline denies a provider that does not climb, too",
		},
		behavior: seeing("reliability_baseline_passed", false, true),
	},
	{
		name:  "audit-conformance-ignored",
		fault: "The verdict is allow although audit conformance has not passed.",
		rule:  "eligibility-needs-baselines",
		fails: []string{
			"With baselines trust <trust>, reliability <reliability>, audit <audit> the verdict is <verdict> > true | true | false | deny | …",
		},
		behavior: seeing("audit_conformance_passed", false, true),
	},
	{
		name:  "providers-baselines-read",
		fault: "The baselines that count are those that the provider has.",
		rule:  "eligibility-needs-baselines",
		fails: []string{"Baselines that the provider has do not stand in for those of the request"},
		behavior: replacing(toEvaluate, func(next forward, q *request) *response {
			if next(q.get(q.provider)).at("/provider/governance/audit_conformance_passed") == true {
				return seeingOther(next, q, "audit_conformance_passed", true)
			}
			return next(q)
		}),
	},
	{
		name:  "a-code-for-each-baseline",
		fault: "Each failing baseline gives the code again.",
		rule:  "eligibility-needs-baselines",
		fails: []string{
			"With baselines trust <trust>, reliability <reliability>, audit <audit> the verdict is <verdict> > false | false | false | deny | …",
		},
		checks: []string{"schema"},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if onlyFails(q, "/eligibility/", "") || onlyFails(q, "/eligibility/", "audit_conformance_passed") {
				return
			}
			a.put("/eligibility/reason_codes", []any{reasonFailed, reasonFailed})
		}),
	},
	{
		name:  "violations-ignored",
		fault: "The verdict is allow in spite of violations.",
		rule:  "eligibility-needs-no-violations",
		fails: []string{
			"With <violations> unresolved critical violations the verdict is <verdict> > 2 | deny | …",
			"With <violations> unresolved critical violations the verdict is <verdict> > 9007199254740991 | deny | …",
		},
		behavior: seeing("unresolved_critical_violations", nil, json.Number("0")),
	},
	{
		name:     "one-violation-allowed",
		fault:    "The verdict is allow with one violation.",
		rule:     "eligibility-needs-no-violations",
		fails:    []string{"With <violations> unresolved critical violations the verdict is <verdict> > 1 | deny | …"},
		behavior: seeing("unresolved_critical_violations", json.Number("1"), json.Number("0")),
	},
	{
		name:  "providers-violations-read",
		fault: "The violations that the provider has count.",
		rule:  "eligibility-needs-no-violations",
		fails: []string{"Violations that the provider has do not count, only those of the request"},
		behavior: replacing(toEvaluate, func(next forward, q *request) *response {
			own := next(q.get(q.provider)).at("/provider/governance/unresolved_critical_violations")
			if number(own) > 0 {
				return seeingOther(next, q, "unresolved_critical_violations", own)
			}
			return next(q)
		}),
	},
	{
		name:  "downgrade-not-demanded",
		fault: "Violations give no downgrade_required.",
		rule:  "eligibility-needs-no-violations",
		fails: []string{"With <violations> unresolved critical violations the verdict is <verdict> > 1 | deny | …"},
		behavior: changingResponse(toEvaluate, func(_ *request, a *response) {
			a.changeList("/eligibility/reason_codes", without(reasonDowngrade))
		}),
	},
	{
		name:  "codes-in-another-order",
		fault: "The codes of a verdict are sorted.",
		rule:  "eligibility-recommends-status",
		fails: []string{"A deny with a violation recommends restricting: <case> > after a baseline | S2 | false | 2 | true | core"},
		behavior: changingResponse(toEvaluate, func(_ *request, a *response) {
			a.changeList("/eligibility/reason_codes", func(codes []any) []any {
				slices.SortFunc(codes, func(x, y any) int { return strings.Compare(text(x), text(y)) })
				return codes
			})
		}),
	},
	{
		name:  "two-tiers-up-allowed",
		fault: "The verdict is allow for two tiers up.",
		rule:  "eligibility-climbs-one-tier",
		fails: []string{
			"From <from> to <to> the verdict is <verdict> > S0 | S2 | deny | …",
			"From <from> to <to> the verdict is <verdict> > S1 | S3 | deny | …",
			"A tier that was only allowed is not yet the current tier",
		},
		behavior: climbing(2, func(next forward, q *request, now int) *response {
			a := seeingOther(next, q, "requested_segment_tier", tiers[now+1])
			a.put("/eligibility/requested_segment_tier", q.at("/eligibility/requested_segment_tier"))
			return a
		}),
	},
	{
		name:     "one-tier-up-denied",
		fault:    "The verdict is deny for one tier up.",
		rule:     "eligibility-climbs-one-tier",
		fails:    []string{"From <from> to <to> the verdict is <verdict> > S0 | S1 | allow | []"},
		behavior: climbing(1, func(next forward, q *request, _ int) *response { return denied(next(q)) }),
	},
	{
		name:     "down-denied",
		fault:    "The verdict is deny for three tiers down.",
		rule:     "eligibility-climbs-one-tier",
		fails:    []string{"From <from> to <to> the verdict is <verdict> > S3 | S0 | allow | []"},
		behavior: climbing(-3, func(next forward, q *request, _ int) *response { return denied(next(q)) }),
	},
	{
		name:  "current-tier-of-the-onboarding",
		fault: "The current tier is the one that the provider was onboarded with.",
		rule:  "eligibility-climbs-one-tier",
		fails: []string{"The current tier is the one that the provider has by now"},
		behavior: func() handle {
			first := &notes[any]{}
			return func(next forward, q *request) *response {
				a := next(q)
				if q.operation == toOnboard {
					first.write(text(a.at("/provider/provider_id")), a.at("/provider/segment_tier"))
				}
				if tier, ok := first.read(q.provider); ok && q.operation == toEvaluate {
					a.put("/eligibility/current_segment_tier", tier)
				}
				return a
			}
		},
	},
	{
		name:  "one-window-enough",
		fault: "One compliant window is enough to climb.",
		rule:  "eligibility-climb-needs-two-windows",
		fails: []string{
			"From S1 to <to> with <windows> compliant windows the verdict is <verdict> > S2 | 1 | deny | …",
		},
		behavior: seeing("consecutive_compliant_windows", json.Number("1"), json.Number("2")),
	},
	{
		name:     "three-windows-needed",
		fault:    "Two compliant windows are not enough to climb.",
		rule:     "eligibility-climb-needs-two-windows",
		fails:    []string{"From S1 to <to> with <windows> compliant windows the verdict is <verdict> > S2 | 2 | allow | []"},
		behavior: seeing("consecutive_compliant_windows", json.Number("2"), json.Number("1")),
	},
	{
		name:  "windows-needed-to-stay",
		fault: "Who does not climb needs two windows as well.",
		rule:  "eligibility-climb-needs-two-windows",
		fails: []string{"From S1 to <to> with <windows> compliant windows the verdict is <verdict> > S1 | 1 | allow | []"},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if windows := number(q.at("/eligibility/consecutive_compliant_windows")); windows >= 0 && windows < 2 {
				denied(a)
			}
		}),
	},
	{
		name:     "remediation-ignored",
		fault:    "The verdict is allow although remediation is open.",
		rule:     "eligibility-climb-needs-remediation",
		fails:    []string{"From S1 to <to> with remediation_closed <closed> the verdict is <verdict> > S2 | false | false | deny | …"},
		behavior: seeing("remediation_closed", false, true),
	},
	{
		name:  "remediation-open-by-default",
		fault: "Remediation is open when the request has no value.",
		rule:  "eligibility-climb-needs-remediation",
		fails: []string{"From S1 to <to> with remediation_closed <closed> the verdict is <verdict> > S2 | absent | true | allow | []"},
		behavior: changingRequest(toEvaluate, func(q *request) {
			if !q.has("/eligibility/remediation_closed") {
				q.put("/eligibility/remediation_closed", false)
			}
		}),
	},
	{
		name:  "remediation-needed-to-stay",
		fault: "Who does not climb needs remediation closed as well.",
		rule:  "eligibility-climb-needs-remediation",
		fails: []string{"From S1 to <to> with remediation_closed <closed> the verdict is <verdict> > S1 | false | false | allow | []"},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if q.at("/eligibility/remediation_closed") == false {
				denied(a)
			}
		}),
	},
	{
		name:  "high-risk-at-s1",
		fault: "The family high_risk is allowed at S1.",
		rule:  "eligibility-high-risk-needs-s2",
		fails: []string{"Family <family> from <from> to <to> gets the verdict <verdict> > high_risk | S1 | S1 | deny | …"},
		behavior: replacing(toEvaluate, func(next forward, q *request) *response {
			if q.at("/eligibility/requested_segment_tier") == "S1" && q.at("/eligibility/capability_family") == "high_risk" {
				return seeingOther(next, q, "capability_family", "core")
			}
			return next(q)
		}),
	},
	{
		name:  "high-risk-by-the-current-tier",
		fault: "The family high_risk is denied to a provider below S2, whatever tier it asks for.",
		rule:  "eligibility-high-risk-needs-s2",
		fails: []string{"Family <family> from <from> to <to> gets the verdict <verdict> > high_risk | S1 | S2 | allow | []"},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if now := a.at("/eligibility/current_segment_tier"); now == "S1" && q.at("/eligibility/capability_family") == "high_risk" {
				denied(a)
			}
		}),
	},
	{
		name:  "advanced-is-high-risk",
		fault: "The family advanced is denied below S2, too.",
		rule:  "eligibility-high-risk-needs-s2",
		fails: []string{"Family <family> from <from> to <to> gets the verdict <verdict> > advanced | S1 | S1 | allow | []"},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if rank(q.at("/eligibility/requested_segment_tier")) < 2 && q.at("/eligibility/capability_family") == "advanced" {
				denied(a)
			}
		}),
	},
	{
		name:  "review-recommended-in-spite-of-violations",
		fault: "A deny recommends a review, violations or not.",
		rule:  "eligibility-recommends-status",
		fails: []string{"A deny with a violation recommends restricting: <case> > the violation alone | S2 | true | 2 | true | core"},
		behavior: changingResponse(toEvaluate, func(_ *request, a *response) {
			if a.at("/eligibility/recommended_status") == "restricted" {
				a.put("/eligibility/recommended_status", "pending_review")
			}
		}),
	},
	{
		name:  "restriction-recommended-without-violations",
		fault: "Every deny recommends restricting.",
		rule:  "eligibility-recommends-status",
		fails: []string{"A deny without a violation recommends a review: <case> > too few windows | S2 | true | 1 | true | core"},
		behavior: changingResponse(toEvaluate, func(_ *request, a *response) {
			if a.at("/eligibility/verdict") == "deny" {
				a.put("/eligibility/recommended_status", "restricted")
			}
		}),
	},
	{
		name:  "present-status-recommended",
		fault: "An allow recommends the status that the provider has.",
		rule:  "eligibility-recommends-status",
		fails: []string{"The recommendation for a <status> provider comes from the verdict alone > restricted"},
		behavior: replacing(toEvaluate, func(next forward, q *request) *response {
			a := next(q)
			if now := next(q.get(q.provider)).at("/provider/status"); a.at("/eligibility/verdict") == "allow" && now == "restricted" {
				a.put("/eligibility/recommended_status", now)
			}
			return a
		}),
	},
	{
		name:  "id-without-the-default",
		fault: "The evaluation's id is derived from the inputs without the default.",
		rule:  "eligibility-has-derived-id",
		fails: []string{
			`The id of <what> is <id> > remediation not said | …`,
			"Equal evaluations have equal ids, whatever became of the provider between them",
		},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if a.status == http.StatusOK {
				at := q.provider + "|" + text(a.at("/eligibility/evaluated_at")) + "|" + hashOf(q.at("/eligibility"))
				a.put("/eligibility/evaluation_id", "plpelig_"+hashOfText(at)[:16])
			}
		}),
	},
	{
		name:  "id-without-the-time",
		fault: "The evaluation's id is derived from the inputs alone.",
		rule:  "eligibility-has-derived-id",
		fails: []string{`Another <what> gives another id > time by 1 ms | /recorded_at | "2026-02-22T16:20:00.001Z"`},
		behavior: changingResponse(toEvaluate, func(q *request, a *response) {
			if a.status == http.StatusOK {
				a.put("/eligibility/evaluation_id", "plpelig_"+hashOf(a.at("/eligibility/inputs"))[:16])
			}
		}),
	},
	{
		name:  "allowed-tier-taken",
		fault: "An allow moves the provider to the requested tier.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{"An allow changes neither status, tier nor governance, and moves updated_at"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if a.at("/provider/last_eligibility/verdict") == "allow" {
				a.put("/provider/segment_tier", a.at("/provider/last_eligibility/requested_segment_tier"))
			}
		}),
	},
	{
		name:  "recommended-status-taken",
		fault: "An evaluation gives the provider the status that it recommends.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{"A deny that recommends restricting restricts nobody"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if a.has("/provider/last_eligibility") {
				a.put("/provider/status", a.at("/provider/last_eligibility/recommended_status"))
			}
		}),
	},
	{
		name:  "inputs-become-governance",
		fault: "The inputs of an evaluation become the provider's governance.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{"A deny that recommends restricting restricts nobody"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			for _, name := range append([]string{"unresolved_critical_violations"}, baselines...) {
				if a.has("/provider/last_eligibility") {
					a.put("/provider/governance/"+name, a.at("/provider/last_eligibility/inputs/"+name))
				}
			}
		}),
	},
	{
		name:     "last-evaluation-missing",
		fault:    "Get does not show the last evaluation.",
		rule:     "eligibility-changes-only-the-evaluation",
		fails:    []string{"The answer is the whole evaluation, and get shows it as the last one"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.drop("/provider/last_eligibility") }),
	},
	{
		name:  "updated-at-not-moved",
		fault: "An evaluation does not move the provider's updated_at.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{
			"An allow changes neither status, tier nor governance, and moves updated_at",
			"The last evaluation is the last to arrive, although its time is earlier",
		},
		behavior: notMovedBy(toEvaluate),
	},
	{
		name:  "last-by-its-time",
		fault: "The last evaluation is the one with the latest time.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{"The last evaluation is the last to arrive, although its time is earlier"},
		behavior: func() handle {
			latest := &notes[any]{}
			return func(next forward, q *request) *response {
				a := next(q)
				if now := a.at("/eligibility"); now != nil {
					before, _ := latest.read(q.provider)
					if text(child(now, "evaluated_at")) >= text(child(before, "evaluated_at")) {
						latest.write(q.provider, now)
					}
				}
				if last, ok := latest.read(q.provider); ok && q.operation == toGet {
					a.put("/provider/last_eligibility", last)
				}
				return a
			}
		},
	},
	{
		name:  "codes-not-in-the-audit",
		fault: "The audit of a deny has no reason codes.",
		rule:  "eligibility-changes-only-the-evaluation",
		fails: []string{"The audit has the whole evaluation as its details, and the reason codes of a <verdict> > deny | 1 | …"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			for i := range page.entries() {
				page.put(entryAt(i)+"/reason_codes", []any{})
			}
		}}),
	},
}

// seeing evaluates as if a member of the request were another: from anything when from is nil, else from that alone.
func seeing(member string, from, to any) func() handle {
	return replacing(toEvaluate, func(next forward, q *request) *response {
		if own := q.at("/eligibility/" + member); own == nil || from != nil && own != from {
			return next(q)
		}
		return seeingOther(next, q, member, to)
	})
}

// seeingOther evaluates as if a member of the request were another, and shows the request's own among the inputs.
func seeingOther(next forward, q *request, member string, other any) *response {
	c := q.copy()
	c.put("/eligibility/"+member, other)
	a := next(c)
	a.put("/eligibility/inputs/"+member, q.at("/eligibility/"+member))
	return a
}

// climbing answers requests for a tier that is so many above the current one.
func climbing(by int, change func(next forward, q *request, now int) *response) func() handle {
	return replacing(toEvaluate, func(next forward, q *request) *response {
		now := rank(next(q.get(q.provider)).at("/provider/segment_tier"))
		if wanted := rank(q.at("/eligibility/requested_segment_tier")); now >= 0 && wanted >= 0 && wanted-now == by {
			return change(next, q, now)
		}
		return next(q)
	})
}

// denied makes an allow a deny.
func denied(a *response) *response {
	if a.at("/eligibility/verdict") == "allow" {
		a.put("/eligibility/verdict", "deny")
		a.put("/eligibility/reason_codes", []any{reasonFailed})
		a.put("/eligibility/recommended_status", "pending_review")
	}
	return a
}
