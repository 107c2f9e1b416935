//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// statusServices are about the downgrade gate.
var statusServices = []wrongService{
	{
		name:     "trust-and-safety-ignored",
		fault:    "A provider is made active although trust and safety has not passed.",
		rule:     "status-active-needs-baselines",
		fails:    []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > false | true | true"},
		behavior: openingStatus(func(q *request) bool { return onlyFails(q, "/status/", "trust_safety_baseline_passed") }),
	},
	{
		name:     "reliability-ignored",
		fault:    "A provider is made active although reliability has not passed.",
		rule:     "status-active-needs-baselines",
		fails:    []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > true | false | true"},
		behavior: openingStatus(func(q *request) bool { return onlyFails(q, "/status/", "reliability_baseline_passed") }),
	},
	{
		name:     "audit-conformance-ignored",
		fault:    "A provider is made active although audit conformance has not passed.",
		rule:     "status-active-needs-baselines",
		fails:    []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > true | true | false"},
		behavior: openingStatus(func(q *request) bool { return onlyFails(q, "/status/", "audit_conformance_passed") }),
	},
	{
		name:  "gate-bars-every-status",
		fault: "A failing baseline bars a review as well.",
		rule:  "status-active-needs-baselines",
		fails: []string{"A failing baseline does not bar <status> > pending_review | false | true | true"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			a := next(q)
			if a.at("/status/status") == "pending_review" && a.at("/status/trust_safety_baseline_passed") == false {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return a
		}),
	},
	{
		name:     "reason-opens-the-gate",
		fault:    "A reason code makes a provider active in spite of a failing baseline.",
		rule:     "status-active-needs-baselines",
		fails:    []string{"A reason code does not open the gate"},
		behavior: openingStatus(func(q *request) bool { return len(list(q.at("/status/reason_codes"))) > 0 }),
	},
	{
		name:  "old-baselines-used",
		fault: "A baseline that has passed before counts for a request in which it fails.",
		rule:  "status-active-needs-baselines",
		fails: []string{"Baselines that the provider has do not stand in for those of the request"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONFLICT" && next(q.get(q.provider)).at("/provider/governance/reliability_baseline_passed") == true {
				return statusRecorded(next, q)
			}
			return a
		}),
	},
	{
		name:   "gate-at-onboard",
		fault:  "Onboarding as active needs the baselines, too.",
		rule:   "status-active-needs-baselines",
		fails:  []string{"The gate guards status upsert alone, so an onboarding as active passes with every baseline false"},
		checks: []string{"reason-code"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.at("/provider/status") == "active" {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade,
					map[string]any{"provider_id": a.at("/provider/provider_id")})
			}
			return a
		}),
	},
	{
		name:  "refused-status-recorded",
		fault: "A status that the gate refuses is recorded all the same.",
		rule:  "status-active-needs-baselines",
		fails: []string{"Baselines that the provider has do not stand in for those of the request"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONFLICT" {
				statusRecorded(next, q)
			}
			return a
		}),
	},
	{
		name:   "wrong-status-for-the-conflict",
		fault:  "The gate refuses with the status 422.",
		rule:   "status-active-needs-baselines",
		fails:  []string{"A reason code does not open the gate"},
		checks: []string{"declared-outcome"},
		behavior: changingResponse(toStatus, func(_ *request, a *response) {
			if a.code() == "CONFLICT" {
				a.status = http.StatusUnprocessableEntity
			}
		}),
	},
	{
		name:  "violations-ignored",
		fault: "Open violations do not keep a provider from being made active.",
		rule:  "status-active-needs-no-violations",
		fails: []string{"Active is refused with <violations> unresolved critical violations > 2"},
		behavior: openingStatus(func(q *request) bool {
			return onlyFails(q, "/status/", "") && number(q.at("/status/unresolved_critical_violations")) > 0
		}),
	},
	{
		name:  "one-violation-allowed",
		fault: "One open violation does not keep a provider from being made active.",
		rule:  "status-active-needs-no-violations",
		fails: []string{"Active is refused with <violations> unresolved critical violations > 1"},
		behavior: openingStatus(func(q *request) bool {
			return q.at("/status/unresolved_critical_violations") == json.Number("1")
		}),
	},
	{
		name:  "violations-swapped-for-invalid",
		fault: "Open violations are refused as invalid.",
		rule:  "status-active-needs-no-violations",
		fails: []string{"Active is refused with <violations> unresolved critical violations > 9007199254740991"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONFLICT" {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return a
		}),
	},
	{
		name:  "restricted-without-a-reason",
		fault: "A provider is restricted without a reason.",
		rule:  "status-restriction-needs-reason",
		fails: []string{
			"<status> is refused with reason codes <reasons> > restricted | absent",
			"<status> is refused with reason codes <reasons> > restricted | []",
			"A refusal for want of a reason is stored like any answer",
		},
		behavior: withoutReason("restricted"),
	},
	{
		name:     "offboarded-without-a-reason",
		fault:    "A provider is offboarded without a reason.",
		rule:     "status-restriction-needs-reason",
		fails:    []string{"<status> is refused with reason codes <reasons> > offboarded | absent"},
		behavior: withoutReason("offboarded"),
	},
	{
		name:  "reason-needed-for-a-review",
		fault: "A review needs a reason.",
		rule:  "status-restriction-needs-reason",
		fails: []string{
			"<status> needs no reason: reason codes <reasons> are answered as an empty list > pending_review | absent",
		},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			if q.at("/status/status") == "pending_review" && len(list(q.at("/status/reason_codes"))) == 0 {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return next(q)
		}),
	},
	{
		name:  "note-absent-instead-of-null",
		fault: "The audit of a status without an operator's note has no such member.",
		rule:  "status-replaces-governance",
		fails: []string{"Without a note and reasons the audit has a note of null and an empty list"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			for _, entry := range page.entries() {
				details := child(entry, "details").(map[string]any)
				if note, has := details["operator_note"]; has && note == nil {
					delete(details, "operator_note")
				}
			}
		}}),
	},
	{
		name:     "setter-missing",
		fault:    "The answer does not name who set the status.",
		rule:     "status-replaces-governance",
		fails:    []string{"The answer is the whole status, with who set it and when"},
		checks:   []string{"schema"},
		behavior: changingResponse(toStatus, func(_ *request, a *response) { a.drop("/status/updated_by") }),
	},
	{
		name:  "tier-climbs-a-ladder",
		fault: "A status upsert may raise the tier by one only.",
		rule:  "status-replaces-governance",
		fails: []string{"The tier goes from <from> straight to <to>, for a status upsert climbs no ladder > S0 | S2"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			now := next(q.get(q.provider)).at("/provider/segment_tier")
			if rank(q.at("/status/segment_tier")) > rank(now)+1 {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return next(q)
		}),
	},
	{
		name:  "offboarded-for-good",
		fault: "Who is offboarded stays so.",
		rule:  "status-replaces-governance",
		fails: []string{"No status is final: <from> becomes <to> > offboarded | pending_review"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			if next(q.get(q.provider)).at("/provider/status") == "offboarded" {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return next(q)
		}),
	},
	{
		name:  "rollout-forgotten",
		fault: "A status upsert takes the rollout away.",
		rule:  "status-replaces-governance",
		fails: []string{"The last evaluation and the rollout stay as they are"},
		behavior: func() handle {
			gone := &notes[bool]{}
			return func(next forward, q *request) *response {
				a := next(q)
				if q.operation == toStatus {
					gone.write(q.provider, true)
				}
				if forgotten, _ := gone.read(q.provider); forgotten && q.operation == toGet {
					a.drop("/provider/rollout")
					a.drop("/provider/rollout_policy_ref")
				}
				return a
			}
		},
	},
}

// baselines are the three controls.
var baselines = []string{"trust_safety_baseline_passed", "reliability_baseline_passed", "audit_conformance_passed"}

// onlyFails reports whether of the three baselines only this one fails; "" for none.
func onlyFails(q *request, at, baseline string) bool {
	for _, name := range baselines {
		if (q.at(at+name) == false) != (name == baseline) {
			return false
		}
	}
	return true
}

// openingStatus lets pass what the downgrade gate refuses.
func openingStatus(opens func(q *request) bool) func() handle {
	return replacing(toStatus, func(next forward, q *request) *response {
		a := next(q)
		if a.code() == "CONFLICT" && opens(q) {
			return statusRecorded(next, q)
		}
		return a
	})
}

// statusRecorded records a status as a review, which no gate refuses, and returns it as the requested one.
func statusRecorded(next forward, q *request) *response {
	c := q.anew("recorded")
	c.put("/status/status", "pending_review")
	a := next(c)
	a.put("/status/status", q.at("/status/status"))
	return a
}

// withoutReason gives a reason where there is none, and does not show it.
func withoutReason(status string) func() handle {
	return replacing(toStatus, func(next forward, q *request) *response {
		if q.at("/status/status") != status || len(list(q.at("/status/reason_codes"))) > 0 {
			return next(q)
		}
		c := q.copy()
		c.put("/status/reason_codes", []any{"none"})
		a := next(c)
		if a.status == http.StatusOK {
			a.put("/status/reason_codes", []any{})
		}
		return a
	})
}

// recordedAllTheSame records something, in the name of the provider's owner, when a request about that provider is
// refused: the refusal itself is as it should be, and the state alone shows what became of it.
func recordedAllTheSame(refused func(q *request, a *response) bool) func() handle {
	return func() handle {
		known, times := &owners{}, &counter{}
		return func(next forward, q *request) *response {
			a := next(q)
			known.record(q, a)
			segments := strings.Split(q.url.EscapedPath(), "/")
			if a.code() == "" || len(segments) < 3 || !refused(q, a) {
				return a
			}
			id, _ := url.PathUnescape(segments[2])
			if owner, ok := known.read(id); ok {
				c := q.as(owner)
				if q.header.Get("X-Partner-Key") != "" {
					c.header.Set("X-Partner-Key", amber)
				}
				c.header.Set("Idempotency-Key", fmt.Sprintf("all-the-same-%d", times.next("")))
				c.header.Del("X-Now-Iso")
				next(c.post("/partner-liquidity-providers/"+segments[2]+"/status", `{"status": {
					"status": "pending_review", "segment_tier": "S0", "trust_safety_baseline_passed": true,
					"reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0}}`))
			}
			return a
		}
	}
}
