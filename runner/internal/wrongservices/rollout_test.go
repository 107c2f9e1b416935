//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
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

	// ---- reason codes of the request ----
	{
		name:  "own-code-ignored",
		fault: "A rollout_blocked that the request gives does not block.",
		rule:  "rollout-active-unblocked",
		fails: []string{
			`An active rollout is refused when the caller itself gives the reason codes <own> > ["partner_liquidity_provider_rollout_blocked"]`,
		},
		behavior: openingRollout(func(q *request, _ *response) bool {
			return slices.Contains(list(q.at("/rollout/reason_codes")), any(reasonBlocked))
		}),
	},
	{
		name:  "own-code-in-any-case",
		fault: "A rollout_blocked in capitals blocks.",
		rule:  "rollout-active-unblocked",
		fails: []string{
			`An active rollout is recorded when the caller gives the reason codes <own> > ["Partner_Liquidity_Provider_Rollout_Blocked"]`,
		},
		behavior: blocking(func(q *request, _ *response) bool {
			return q.at("/rollout/reason_codes/0") == "Partner_Liquidity_Provider_Rollout_Blocked"
		}),
	},
	{
		name:  "codes-reordered",
		fault: "The rules' codes precede the request's.",
		rule:  "rollout-active-unblocked",
		fails: []string{
			`The full list of codes begins with the caller's <own>, then those of the rules, each once > ["zeal", "calm_start"] | …`,
		},
		behavior: changingResponse(toRollout, func(q *request, a *response) {
			codes := list(a.at("/error/details/reason_codes"))
			if own := len(list(q.at("/rollout/reason_codes"))); own == 2 && len(codes) > 2 {
				a.put("/error/details/reason_codes", append(codes[own:], codes[:own]...))
			}
		}),
	},
	{
		name:  "own-codes-lost",
		fault: "The conflict has only the rules' codes.",
		rule:  "rollout-active-unblocked",
		fails: []string{
			`The full list of codes begins with the caller's <own>, then those of the rules, each once > ["zeal", "calm_start"] | …`,
			`The refusal has the caller's own reason codes <own> > ["calm_start", "partner_liquidity_provider_rollout_blocked"]`,
		},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.changeList("/error/details/reason_codes", without("zeal", "calm_start"))
		}),
	},

	// ---- capabilities ----
	{
		name:  "effective-is-requested",
		fault: "What is requested is effective, whatever the tier.",
		rule:  "rollout-derives-capabilities",
		fails: []string{"At <tier> a row from <row tier> on with enabled <requested> is effective: <effective> > S1 | S2 | true | false"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.changeRows(func(rows []any) {
				for _, row := range rows {
					row.(map[string]any)["effective_enabled"] = child(row, "requested_enabled")
				}
			})
		}),
	},
	{
		name:  "effective-within-the-tier",
		fault: "Every row within the tier is effective, requested or not.",
		rule:  "rollout-derives-capabilities",
		fails: []string{"At <tier> a row from <row tier> on with enabled <requested> is effective: <effective> > S1 | S0 | false | false"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			tier := rank(a.at("/rollout/effective_segment_tier"))
			a.changeRows(func(rows []any) {
				for _, row := range rows {
					row.(map[string]any)["effective_enabled"] = rank(child(row, "min_segment_tier")) <= tier
				}
			})
		}),
	},
	{
		name:  "rows-not-sorted",
		fault: "Rows are in the order of the request.",
		rule:  "rollout-derives-capabilities",
		fails: []string{"Rows are sorted by capability and then by tier, whatever their order in the request"},
		behavior: changingResponse(toRollout, func(q *request, a *response) {
			a.changeRows(func(rows []any) { asRequested(q, rows) })
		}),
	},
	{
		name:  "rows-sorted-by-utf16",
		fault: "Capabilities are sorted by UTF-16 units.",
		rule:  "rollout-derives-capabilities",
		fails: []string{"Capabilities are sorted by code point, not by alphabet and not by UTF-16 unit"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.changeRows(func(rows []any) {
				slices.SortStableFunc(rows, func(x, y any) int {
					return slices.Compare(utf16.Encode([]rune(text(child(x, "capability")))), utf16.Encode([]rune(text(child(y, "capability")))))
				})
			})
		}),
	},
	{
		name:     "evaluation-missing",
		fault:    "The policy does not name its evaluation.",
		rule:     "rollout-derives-capabilities",
		fails:    []string{"The answer is the whole policy"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) { a.put("/rollout/eligibility_ref", nil) }),
	},
	{
		name:  "hash-of-unsorted-rows",
		fault: "The hash is that of the rows in the order of the request.",
		rule:  "rollout-hashes-capabilities",
		fails: []string{"The order of the rows in the request does not move the hash"},
		behavior: changingResponse(toRollout, func(q *request, a *response) {
			rows := list(a.at("/rollout/capability_matrix"))
			if asRequested(q, rows); len(rows) > 0 {
				a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
			}
		}),
	},
	{
		name:  "hash-of-the-request",
		fault: "The hash is that of what was requested, whatever is effective.",
		rule:  "rollout-hashes-capabilities",
		fails: []string{"The same rows at <tier> have another hash, for it covers what is effective > S1 | …"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			var rows []any
			for _, row := range list(a.at("/rollout/capability_matrix")) {
				rows = append(rows, map[string]any{
					"capability": child(row, "capability"), "min_segment_tier": child(row, "min_segment_tier"),
					"requested_enabled": child(row, "requested_enabled"), "effective_enabled": child(row, "requested_enabled"),
				})
			}
			if len(rows) > 0 {
				a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
			}
		}),
	},
	{
		name:     "hash-without-its-name",
		fault:    "The hash does not name its algorithm.",
		rule:     "rollout-hashes-capabilities",
		fails:    []string{"Anyone can recompute the hash from the rows of the answer"},
		checks:   []string{"schema"},
		failsAll: true, // each of them has a hash
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.put("/rollout/capabilities_hash", strings.TrimPrefix(text(a.at("/rollout/capabilities_hash")), "sha256:"))
		}),
	},

	// ---- versions ----
	{
		name:  "versions-skip",
		fault: "Versions count 1, 3, 5.",
		rule:  "rollout-counts-versions",
		fails: []string{"Versions count 1, 2, 3, whatever the status of the rollout"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			a.changeVersion(func(version int) int { return 2*version - 1 })
		}),
	},
	{
		name:  "refusal-uses-up-a-version",
		fault: "A refused rollout uses a version up.",
		rule:  "rollout-counts-versions",
		fails: []string{"A refused rollout uses up no version"},
		behavior: func() handle {
			refused := &counter{}
			return func(next forward, q *request) *response {
				a := next(q)
				switch {
				case q.operation == toRollout && a.status != http.StatusOK:
					refused.next(q.provider)
				case q.operation == toRollout:
					a.changeVersion(func(version int) int { return version + refused.now(q.provider) })
				}
				return a
			}
		},
	},
	{
		name:  "replay-uses-up-a-version",
		fault: "A replayed rollout uses a version up.",
		rule:  "rollout-counts-versions",
		fails: []string{"A replayed rollout uses up no version"},
		behavior: func() handle {
			replayed := &counter{}
			return replacing(toRollout, func(next forward, q *request) *response {
				a := next(q)
				if a.isReplay() {
					replayed.next(q.provider)
					return a
				}
				a.changeVersion(func(version int) int { return version + replayed.now(q.provider) })
				return a
			})()
		},
	},
	{
		name:  "versions-of-a-partner",
		fault: "All providers of a partner share one count of versions.",
		rule:  "rollout-counts-versions",
		fails: []string{"Each provider has versions of its own"},
		behavior: func() handle {
			recorded := &counter{}
			return replacing(toRollout, func(next forward, q *request) *response {
				a := next(q)
				if a.status == http.StatusOK && !a.isReplay() {
					next := recorded.next(q.header.Get("X-Actor-Id"))
					a.changeVersion(func(int) int { return next })
				}
				return a
			})()
		},
	},

	// ---- what becomes of the provider ----
	{
		name:  "paused-changes-the-status",
		fault: "A paused rollout restricts the provider.",
		rule:  "rollout-moves-provider",
		fails: []string{
			"A <rollout> rollout makes a provider that is <before> <after> > paused | active | active",
			"A <rollout> rollout makes a provider that is <before> <after> > paused | offboarded | offboarded",
		},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if a.at("/provider/rollout/rollout_status") == "paused" {
				a.put("/provider/status", "restricted")
			}
		}),
	},
	{
		name:  "blocked-does-not-restrict",
		fault: "A blocked rollout leaves the status.",
		rule:  "rollout-moves-provider",
		fails: []string{
			"A <rollout> rollout makes a provider that is <before> <after> > blocked | active | restricted",
			"A <rollout> rollout makes a provider that is <before> <after> > blocked | offboarded | restricted",
		},
		behavior: leaving("status", "blocked"),
	},
	{
		name:     "active-does-not-activate",
		fault:    "An active rollout leaves the status.",
		rule:     "rollout-moves-provider",
		fails:    []string{"A <rollout> rollout makes a provider that is <before> <after> > active | restricted | active"},
		behavior: leaving("status", "active"),
	},
	{
		name:     "active-does-not-move-the-tier",
		fault:    "An active rollout leaves the tier.",
		rule:     "rollout-moves-provider",
		fails:    []string{"A <rollout> rollout makes a provider that is <before> <after> > active | active | active"},
		behavior: leaving("segment_tier", "active"),
	},
	{
		name:  "paused-does-not-move-the-tier",
		fault: "A paused rollout leaves the tier.",
		rule:  "rollout-moves-provider",
		fails: []string{
			"A <rollout> rollout moves the provider two tiers up or three down, to <to> > paused | S0 | S2",
			"A <rollout> rollout moves the provider two tiers up or three down, to <to> > paused | S3 | S0",
		},
		behavior: leaving("segment_tier", "paused"),
	},
	{
		name:     "updated-at-not-moved",
		fault:    "A rollout does not move the provider's updated_at.",
		rule:     "rollout-moves-provider",
		fails:    []string{"What is not about tier and status stays, and updated_at moves"},
		behavior: notMovedBy(toRollout),
	},
	{
		name:     "reference-missing",
		fault:    "The provider does not refer to its rollout.",
		rule:     "rollout-moves-provider",
		fails:    []string{"Get shows the whole policy and refers to it"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.drop("/provider/rollout_policy_ref") }),
	},
	{
		name:  "denied-evaluation-not-referred-to",
		fault: "A rollout refers to an evaluation only when its verdict is allow.",
		rule:  "rollout-refers-to-evaluation",
		fails: []string{"The reference is to the evaluation, be its verdict <verdict> > deny | false"},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			if a.at("/rollout/eligibility_ref/verdict") == "deny" {
				a.put("/rollout/eligibility_ref", nil)
			}
		}),
	},
	{
		name:  "later-evaluation-referred-to",
		fault: "A rollout refers to the last evaluation, a later one too.",
		rule:  "rollout-refers-to-evaluation",
		fails: []string{"The reference is to the last evaluation before the rollout, and a later one leaves it"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if !a.has("/provider/rollout") || !a.has("/provider/last_eligibility") {
				return
			}
			ref := map[string]any{}
			for _, name := range []string{"evaluation_id", "verdict", "evaluated_at"} {
				ref[name] = a.at("/provider/last_eligibility/" + name)
			}
			a.put("/provider/rollout/eligibility_ref", ref)
		}),
	},
	{
		name:  "code-not-recorded",
		fault: "A paused rollout is recorded without the code that a rule gives it.",
		rule:  "rollout-records-its-reasons",
		fails: []string{
			"A <status> rollout at <tier> with a row enabled from <row tier> on is recorded with rollout_blocked > paused | S3 | S1",
			"A <status> rollout at <tier> with a row enabled from <row tier> on is recorded with rollout_blocked > blocked | S1 | S2",
		},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			a.changeList("/rollout/reason_codes", without(reasonBlocked))
		}),
	},
	{
		name:  "paused-requires-service",
		fault: "A paused rollout of an offboarded provider gets the code as well.",
		rule:  "rollout-records-its-reasons",
		fails: []string{"A paused rollout is not asked for a verdict, for violations or for the provider's service"},
		behavior: replacing(toRollout, func(next forward, q *request) *response {
			view := next(q.get(q.provider))
			a := next(q)
			if view.at("/provider/status") == "offboarded" {
				a.put("/rollout/reason_codes", []any{reasonBlocked})
			}
			return a
		}),
	},
	{
		name:  "own-codes-after-the-rules",
		fault: "The request's reasons come after the rules' code.",
		rule:  "rollout-records-its-reasons",
		fails: []string{
			`The request's reasons <own> come first, then rollout_blocked unless it stands there > ["zeal", "calm_start"] | …`,
		},
		behavior: changingResponse(toRollout, func(_ *request, a *response) {
			if codes := list(a.at("/rollout/reason_codes")); slices.Contains(codes, any(reasonBlocked)) {
				a.put("/rollout/reason_codes", append([]any{reasonBlocked}, without(reasonBlocked)(codes)...))
			}
		}),
	},
	{
		name:  "requests-codes-in-the-audit",
		fault: "The audit has the request's reason codes, and not the final ones.",
		rule:  "rollout-records-its-reasons",
		fails: []string{"The audit has the final reason codes, and the whole policy as its details"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			for i := range page.entries() {
				page.changeList(entryAt(i)+"/reason_codes", without(reasonBlocked))
			}
		}}),
	},
}

// openingRollout lets pass what blocks an active rollout.
func openingRollout(opens func(q *request, view *response) bool) func() handle {
	return replacing(toRollout, func(next forward, q *request) *response {
		a := next(q)
		if a.code() == "CONFLICT" && opens(q, next(q.get(q.provider))) {
			return rolloutRecorded(next, q)
		}
		return a
	})
}

// rolloutRecorded records a rollout as paused, which nothing blocks, and returns it as the active one of the request.
func rolloutRecorded(next forward, q *request) *response {
	c := q.anew("recorded")
	c.put("/rollout/rollout_status", "paused")
	a := next(c)
	a.put("/rollout/rollout_status", q.at("/rollout/rollout_status"))
	a.changeList("/rollout/reason_codes", without(reasonBlocked))
	return a
}

// blocking refuses rollouts that nothing blocks.
func blocking(blocks func(q *request, view *response) bool) func() handle {
	return replacing(toRollout, func(next forward, q *request) *response {
		if !blocks(q, next(q.get(q.provider))) {
			return next(q)
		}
		return refusal(q, http.StatusConflict, "CONFLICT", reasonBlocked, map[string]any{
			"provider_id": q.provider, "reason_codes": []string{reasonBlocked},
		})
	})
}

// climb is how many tiers a rollout is above the provider's.
func climb(q *request, view *response) int {
	return rank(q.at("/rollout/effective_segment_tier")) - rank(view.at("/provider/segment_tier"))
}

// onceEach removes duplicate rows from the request.
func onceEach(q *request) *request {
	c := q.copy()
	seen := map[string]bool{}
	var rows []any
	for _, row := range list(c.at("/rollout/capability_matrix")) {
		pair := fmt.Sprint(child(row, "capability"), child(row, "min_segment_tier"))
		if !seen[pair] {
			rows = append(rows, row)
		}
		seen[pair] = true
	}
	if len(rows) > 0 {
		c.put("/rollout/capability_matrix", rows)
	}
	return c
}

// changeRows changes the rows of a policy, and hashes them again.
func (a *response) changeRows(change func(rows []any)) {
	rows := list(a.at("/rollout/capability_matrix"))
	if len(rows) == 0 {
		return
	}
	change(rows)
	a.put("/rollout/capability_matrix", rows)
	a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
}

// asRequested puts rows into the order of the request.
func asRequested(q *request, rows []any) {
	place := map[string]int{}
	for i, row := range list(q.at("/rollout/capability_matrix")) {
		place[fmt.Sprint(child(row, "capability"), child(row, "min_segment_tier"))] = i
	}
	slices.SortFunc(rows, func(x, y any) int {
		return place[fmt.Sprint(child(x, "capability"), child(x, "min_segment_tier"))] -
			place[fmt.Sprint(child(y, "capability"), child(y, "min_segment_tier"))]
	})
}

// changeVersion changes the version of the rollout wherever an answer has it.
func (a *response) changeVersion(change func(version int) int) {
	for _, policy := range []string{"/rollout", "/provider/rollout", "/provider/rollout_policy_ref"} {
		if at := policy + "/rollout_version"; a.has(at) {
			a.put(at, json.Number(strconv.Itoa(change(number(a.at(at))))))
		}
	}
}

// leaving lets get show a member of the provider as it was before a rollout of that status.
func leaving(member, status string) func() handle {
	return func() handle {
		before := &notes[any]{}
		return func(next forward, q *request) *response {
			if q.operation == toRollout {
				before.write(q.provider, next(q.get(q.provider)).at("/provider/"+member))
			}
			a := next(q)
			if was, ok := before.read(q.provider); ok && q.operation == toGet && a.at("/provider/rollout/rollout_status") == status {
				a.put("/provider/"+member, was)
			}
			return a
		}
	}
}
