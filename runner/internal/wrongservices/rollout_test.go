//go:build !race

package wrongservices

import (
	"net/http"
)

// rolloutServices are about segment gating: what blocks an active rollout, and what a recorded one makes of the provider.
var rolloutServices = []wrongService{
	// ---- rows ----
	{
		name:  "row-twice-accepted",
		fault: "Of a duplicate row the first one counts.",
		rule:  "rollout-rows-are-unique",
		fails: []string{
			`A row that stands twice is refused, <case> > the very same | active | "b" | true`,
			`A row that stands twice is refused, <case> > in a paused rollout | paused | "b" | true`,
		},
		behavior: replacing(toRollout, func(next forward, q *request) *response { return next(onceEach(q)) }),
	},
	{
		name:  "capability-once-only",
		fault: "A capability may be there once, whatever its tier.",
		rule:  "rollout-rows-are-unique",
		fails: []string{`Two rows are recorded when they differ in <what> > their tier | "b" | "b" | S2`},
		behavior: replacing(toRollout, func(next forward, q *request) *response {
			seen := map[any]bool{}
			for _, row := range list(q.at("/rollout/capability_matrix")) {
				capability := child(row, "capability")
				if seen[capability] {
					return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
				}
				seen[capability] = true
			}
			return next(q)
		}),
	},
	{
		name:  "block-before-the-row",
		fault: "A blocked rollout is reported before a duplicate row.",
		rule:  "rollout-rows-are-unique",
		fails: []string{"A row that stands twice is refused before any rule blocks the rollout"},
		behavior: replacing(toRollout, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONSTRAINT_VIOLATION" && !a.isReplay() {
				if blocked := next(onceEach(q).anew("once")); blocked.code() == "CONFLICT" {
					return blocked
				}
			}
			return a
		}),
	},

	// ---- the verdict ----
	{
		name:     "no-verdict-accepted",
		fault:    "A rollout is active although the provider was never evaluated.",
		rule:     "rollout-needs-allow-verdict",
		fails:    []string{"An active rollout is blocked when the provider was never evaluated"},
		behavior: openingRollout(func(_ *request, view *response) bool { return !view.has("/provider/last_eligibility") }),
	},
	{
		name:  "deny-accepted",
		fault: "A rollout is active although the last verdict is deny.",
		rule:  "rollout-needs-allow-verdict",
		fails: []string{"An active rollout is blocked when the last verdict is deny"},
		behavior: openingRollout(func(_ *request, view *response) bool {
			return view.at("/provider/last_eligibility/verdict") == "deny"
		}),
	},
	{
		name:  "latest-verdict-by-its-time",
		fault: "The verdict that counts is the one with the latest time.",
		rule:  "rollout-needs-allow-verdict",
		fails: []string{
			"Of two evaluations the last to arrive counts: <first>, then a <time> <last> > allow | deny | earlier | …",
		},
		behavior: func() handle {
			latest := &notes[any]{}
			open := openingRollout(func(q *request, _ *response) bool {
				last, _ := latest.read(q.provider)
				return child(last, "verdict") == "allow"
			})()
			return func(next forward, q *request) *response {
				a := open(next, q)
				if now := a.at("/eligibility"); now != nil {
					before, _ := latest.read(q.provider)
					if text(child(now, "evaluated_at")) >= text(child(before, "evaluated_at")) {
						latest.write(q.provider, now)
					}
				}
				return a
			}
		},
	},
	{
		name:  "verdict-needed-to-pause",
		fault: "A paused rollout needs an allow, too.",
		rule:  "rollout-needs-allow-verdict",
		fails: []string{"A <status> rollout needs no verdict > paused"},
		behavior: blocking(func(q *request, view *response) bool {
			return q.at("/rollout/rollout_status") == "paused" && !view.has("/provider/last_eligibility")
		}),
	},
	{
		name:  "verdict-bound-to-its-tier",
		fault: "An allow counts for the tier that it is about.",
		rule:  "rollout-needs-allow-verdict",
		fails: []string{"Only the verdict is read, not the tier that it is about"},
		behavior: blocking(func(q *request, view *response) bool {
			return rank(q.at("/rollout/effective_segment_tier")) > rank(view.at("/provider/last_eligibility/requested_segment_tier")) &&
				view.has("/provider/last_eligibility") && q.at("/rollout/rollout_status") == "active"
		}),
	},
	{
		name:   "reason-code-swapped",
		fault:  "A blocked rollout is refused because a downgrade is required.",
		rule:   "rollout-needs-allow-verdict",
		fails:  []string{"An active rollout is blocked when the provider was never evaluated"},
		checks: []string{"reason-code"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			if a.code() == "CONFLICT" {
				a.put("/error/details/reason_code", reasonDowngrade)
			}
		}),
	},
	{
		name:  "refused-rollout-recorded",
		fault: "A rollout that is refused is recorded all the same.",
		rule:  "rollout-needs-allow-verdict",
		fails: []string{"An active rollout is blocked when the last verdict is deny"},
		behavior: replacing(toRollout, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONFLICT" {
				rolloutRecorded(next, q)
			}
			return a
		}),
	},

	// ---- violations, service, tiers, rows ----
	{
		name:  "violations-ignored",
		fault: "A rollout is active in spite of violations.",
		rule:  "rollout-needs-no-violations",
		fails: []string{"An active rollout is blocked while the provider has 1 unresolved critical violation"},
		behavior: openingRollout(func(_ *request, view *response) bool {
			return number(view.at("/provider/governance/unresolved_critical_violations")) == 1
		}),
	},
	{
		name:  "downgrade-missing",
		fault: "Violations block a rollout, and no downgrade is demanded.",
		rule:  "rollout-needs-no-violations",
		fails: []string{"The block by a violation has both reason codes"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.changeList("/error/details/reason_codes", without(reasonDowngrade))
		}),
	},
	{
		name:   "codes-repeated",
		fault:  "Each rule gives its code, whether it is there or not.",
		rule:   "rollout-needs-no-violations",
		fails:  []string{"Without an evaluation and with violations each code comes once"},
		checks: []string{"schema"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			if codes := list(a.at("/error/details/reason_codes")); len(codes) > 1 {
				a.put("/error/details/reason_codes", append([]any{reasonBlocked}, codes...))
			}
		}),
	},
	{
		name:  "baselines-required",
		fault: "An active rollout needs the baselines.",
		rule:  "rollout-needs-no-violations",
		fails: []string{"Baselines are no matter of a rollout, so one passes with all three false"},
		behavior: blocking(func(q *request, view *response) bool {
			return q.at("/rollout/rollout_status") == "active" && view.at("/provider/governance/audit_conformance_passed") == false
		}),
	},
	{
		name:  "offboarded-accepted",
		fault: "The rollout of an offboarded provider is active.",
		rule:  "rollout-needs-provider-in-service",
		fails: []string{
			"An active rollout is blocked while the provider is offboarded",
			"A provider that a status upsert made <status> has its active rollout <outcome> > offboarded | …",
		},
		behavior: openingRollout(func(_ *request, view *response) bool { return view.at("/provider/status") == "offboarded" }),
	},
	{
		name:     "restricted-blocked",
		fault:    "A restricted provider cannot have an active rollout.",
		rule:     "rollout-needs-provider-in-service",
		fails:    []string{"An active rollout is recorded while the provider is <status> > restricted"},
		behavior: blocking(func(_ *request, view *response) bool { return view.at("/provider/status") == "restricted" }),
	},
	{
		name:  "two-tiers-up-accepted",
		fault: "An active rollout may climb two tiers.",
		rule:  "rollout-climbs-one-tier",
		fails: []string{
			"An active rollout from <from> to <to> is blocked > S0 | S2",
			"An active rollout from <from> to <to> is blocked > S1 | S3",
		},
		behavior: openingRollout(func(q *request, view *response) bool { return climb(q, view) == 2 }),
	},
	{
		name:     "one-tier-up-blocked",
		fault:    "An active rollout may not climb.",
		rule:     "rollout-climbs-one-tier",
		fails:    []string{"An active rollout from <from> to <to> is recorded > S1 | S2"},
		behavior: blocking(func(q *request, view *response) bool { return climb(q, view) == 1 }),
	},
	{
		name:  "row-above-the-tier-accepted",
		fault: "A row that is enabled above the effective tier blocks nothing.",
		rule:  "rollout-row-within-tier",
		fails: []string{
			"An active rollout at <tier> is blocked by a row that is enabled from <row tier> on > S2 | S3",
		},
		behavior: openingRollout(func(q *request, _ *response) bool {
			return q.at("/rollout/effective_segment_tier") == "S2"
		}),
	},
	{
		name:  "row-at-the-tier-blocked",
		fault: "A row that is enabled at the effective tier blocks.",
		rule:  "rollout-row-within-tier",
		fails: []string{
			"An active rollout at <tier> is recorded with a row from <row tier> on, enabled <enabled> > S1 | S1 | true",
		},
		behavior: blocking(func(q *request, _ *response) bool {
			return q.at("/rollout/effective_segment_tier") == "S1"
		}),
	},
	{
		name:  "disabled-row-blocks",
		fault: "A row above the effective tier blocks although it is not enabled.",
		rule:  "rollout-row-within-tier",
		fails: []string{
			"An active rollout at <tier> is recorded with a row from <row tier> on, enabled <enabled> > S2 | S3 | false",
		},
		behavior: blocking(func(q *request, _ *response) bool {
			return q.at("/rollout/capability_matrix/1/min_segment_tier") == "S3"
		}),
	},
}
