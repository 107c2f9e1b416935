//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// statusLies are about the downgrade gate.
var statusLies = []lie{
	{
		name: "trust-and-safety-ignored",
		says: "A provider is made active although trust and safety has not passed.",
		rule: "status-active-needs-baselines",
		red:  []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > false | true | true"},
		tell: openingStatus(func(q *question) bool { return onlyFails(q, "/status/", "trust_safety_baseline_passed") }),
	},
	{
		name: "reliability-ignored",
		says: "A provider is made active although reliability has not passed.",
		rule: "status-active-needs-baselines",
		red:  []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > true | false | true"},
		tell: openingStatus(func(q *question) bool { return onlyFails(q, "/status/", "reliability_baseline_passed") }),
	},
	{
		name: "audit-conformance-ignored",
		says: "A provider is made active although audit conformance has not passed.",
		rule: "status-active-needs-baselines",
		red:  []string{"Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit> > true | true | false"},
		tell: openingStatus(func(q *question) bool { return onlyFails(q, "/status/", "audit_conformance_passed") }),
	},
	{
		name: "gate-bars-every-status",
		says: "A failing baseline bars a review as well.",
		rule: "status-active-needs-baselines",
		red:  []string{"A failing baseline does not bar <status> > pending_review | false | true | true"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.at("/status/status") == "pending_review" && a.at("/status/trust_safety_baseline_passed") == false {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return a
		}),
	},
	{
		name: "reason-opens-the-gate",
		says: "A reason code makes a provider active in spite of a failing baseline.",
		rule: "status-active-needs-baselines",
		red:  []string{"A reason code does not open the gate"},
		tell: openingStatus(func(q *question) bool { return len(list(q.at("/status/reason_codes"))) > 0 }),
	},
	{
		name: "old-baselines-stand-in",
		says: "A baseline that has passed before counts for a request in which it fails.",
		rule: "status-active-needs-baselines",
		red:  []string{"Baselines that the provider has do not stand in for those of the request"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "CONFLICT" && honest(q.get(q.provider)).at("/provider/governance/reliability_baseline_passed") == true {
				return statusRecorded(honest, q)
			}
			return a
		}),
	},
	{
		name:   "gate-at-onboard",
		says:   "Onboarding as active needs the baselines, too.",
		rule:   "status-active-needs-baselines",
		red:    []string{"The gate guards status upsert alone, so an onboarding as active passes with every baseline false"},
		checks: []string{"reason-code"},
		tell: instead(toOnboard, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.at("/provider/status") == "active" {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade,
					map[string]any{"provider_id": a.at("/provider/provider_id")})
			}
			return a
		}),
	},
	{
		name: "refused-status-recorded",
		says: "A status that the gate refuses is recorded all the same.",
		rule: "status-active-needs-baselines",
		red:  []string{"Baselines that the provider has do not stand in for those of the request"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "CONFLICT" {
				statusRecorded(honest, q)
			}
			return a
		}),
	},
	{
		name:   "wrong-status-for-the-conflict",
		says:   "The gate refuses with the status 422.",
		rule:   "status-active-needs-baselines",
		red:    []string{"A reason code does not open the gate"},
		checks: []string{"declared-outcome"},
		tell: answering(toStatus, func(_ *question, a *answer) {
			if a.code() == "CONFLICT" {
				a.status = http.StatusUnprocessableEntity
			}
		}),
	},
	{
		name: "violations-ignored",
		says: "Open violations do not keep a provider from being made active.",
		rule: "status-active-needs-no-violations",
		red:  []string{"Active is refused with <violations> unresolved critical violations > 2"},
		tell: openingStatus(func(q *question) bool {
			return onlyFails(q, "/status/", "") && number(q.at("/status/unresolved_critical_violations")) > 0
		}),
	},
	{
		name: "one-violation-allowed",
		says: "One open violation does not keep a provider from being made active.",
		rule: "status-active-needs-no-violations",
		red:  []string{"Active is refused with <violations> unresolved critical violations > 1"},
		tell: openingStatus(func(q *question) bool {
			return q.at("/status/unresolved_critical_violations") == json.Number("1")
		}),
	},
	{
		name: "violations-swapped-for-invalid",
		says: "Open violations are refused as invalid.",
		rule: "status-active-needs-no-violations",
		red:  []string{"Active is refused with <violations> unresolved critical violations > 9007199254740991"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "CONFLICT" {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return a
		}),
	},
	{
		name: "restricted-without-a-reason",
		says: "A provider is restricted without a reason.",
		rule: "status-restriction-needs-reason",
		red: []string{
			"<status> is refused with reason codes <reasons> > restricted | absent",
			"<status> is refused with reason codes <reasons> > restricted | []",
			"A refusal for want of a reason is stored like any answer",
		},
		tell: withoutReason("restricted"),
	},
	{
		name: "offboarded-without-a-reason",
		says: "A provider is offboarded without a reason.",
		rule: "status-restriction-needs-reason",
		red:  []string{"<status> is refused with reason codes <reasons> > offboarded | absent"},
		tell: withoutReason("offboarded"),
	},
	{
		name: "reason-needed-for-a-review",
		says: "A review needs a reason.",
		rule: "status-restriction-needs-reason",
		red: []string{
			"<status> needs no reason: reason codes <reasons> are answered as an empty list > pending_review | absent",
		},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			if q.at("/status/status") == "pending_review" && len(list(q.at("/status/reason_codes"))) == 0 {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return honest(q)
		}),
	},
	{
		name: "note-absent-instead-of-null",
		says: "The audit of a status without an operator's note has no such member.",
		rule: "status-replaces-governance",
		red:  []string{"Without a note and reasons the audit has a note of null and an empty list"},
		tell: forging(forgery{content: func(_ *question, page *answer) {
			for _, entry := range page.entries() {
				details := child(entry, "details").(map[string]any)
				if note, has := details["operator_note"]; has && note == nil {
					delete(details, "operator_note")
				}
			}
		}}),
	},
	{
		name:   "who-set-it-not-told",
		says:   "The answer does not say who set the status.",
		rule:   "status-replaces-governance",
		red:    []string{"The answer is the whole status, with who set it and when"},
		checks: []string{"schema"},
		tell:   answering(toStatus, func(_ *question, a *answer) { a.drop("/status/updated_by") }),
	},
	{
		name: "tier-climbs-a-ladder",
		says: "A status upsert may raise the tier by one only.",
		rule: "status-replaces-governance",
		red:  []string{"The tier goes from <from> straight to <to>, for a status upsert climbs no ladder > S0 | S2"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			now := honest(q.get(q.provider)).at("/provider/segment_tier")
			if rank(q.at("/status/segment_tier")) > rank(now)+1 {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return honest(q)
		}),
	},
	{
		name: "offboarded-for-good",
		says: "Who is offboarded stays so.",
		rule: "status-replaces-governance",
		red:  []string{"No status is final: <from> becomes <to> > offboarded | pending_review"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			if honest(q.get(q.provider)).at("/provider/status") == "offboarded" {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonDowngrade, map[string]any{"provider_id": q.provider})
			}
			return honest(q)
		}),
	},
	{
		name: "rollout-forgotten",
		says: "A status upsert takes the rollout away.",
		rule: "status-replaces-governance",
		red:  []string{"The last evaluation and the rollout stay as they are"},
		tell: func() teller {
			gone := &notes[bool]{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
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

// onlyFails says whether of the three baselines just this one fails; "" for none.
func onlyFails(q *question, at, baseline string) bool {
	for _, name := range baselines {
		if (q.at(at+name) == false) != (name == baseline) {
			return false
		}
	}
	return true
}

// openingStatus lets pass what the downgrade gate refuses.
func openingStatus(opens func(q *question) bool) func() teller {
	return instead(toStatus, func(honest ask, q *question) *answer {
		a := honest(q)
		if a.code() == "CONFLICT" && opens(q) {
			return statusRecorded(honest, q)
		}
		return a
	})
}

// statusRecorded records a status as a review, which the gate lets pass, and says that it is what was asked for.
func statusRecorded(honest ask, q *question) *answer {
	c := q.anew("recorded")
	c.put("/status/status", "pending_review")
	a := honest(c)
	a.put("/status/status", q.at("/status/status"))
	return a
}

// withoutReason gives a reason where there is none, and does not show it.
func withoutReason(status string) func() teller {
	return instead(toStatus, func(honest ask, q *question) *answer {
		if q.at("/status/status") != status || len(list(q.at("/status/reason_codes"))) > 0 {
			return honest(q)
		}
		c := q.copy()
		c.put("/status/reason_codes", []any{"none"})
		a := honest(c)
		if a.status == http.StatusOK {
			a.put("/status/reason_codes", []any{})
		}
		return a
	})
}

// recordedAllTheSame records something, in the name of the provider's owner, when a request about that provider is
// refused: the refusal itself is as it should be, and the state alone shows what became of it.
func recordedAllTheSame(refused func(q *question, a *answer) bool) func() teller {
	return func() teller {
		known, times := &owners{}, &counter{}
		return func(honest ask, q *question) *answer {
			a := honest(q)
			known.listen(q, a)
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
				honest(c.post("/partner-liquidity-providers/"+segments[2]+"/status", `{"status": {
					"status": "pending_review", "segment_tier": "S0", "trust_safety_baseline_passed": true,
					"reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0}}`))
			}
			return a
		}
	}
}
