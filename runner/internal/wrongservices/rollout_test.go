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

// rolloutLies are about segment gating: what blocks an active rollout, and what a recorded one makes of the provider.
var rolloutLies = []lie{
	// ---- rows ----
	{
		name: "row-twice-accepted",
		says: "Of a row that stands twice the first one counts.",
		rule: "rollout-rows-are-unique",
		red: []string{
			`A row that stands twice is refused, <case> > the very same | active | "b" | true`,
			`A row that stands twice is refused, <case> > in a paused rollout | paused | "b" | true`,
		},
		tell: instead(toRollout, func(honest ask, q *question) *answer { return honest(onceEach(q)) }),
	},
	{
		name: "capability-once-only",
		says: "A capability may stand once, whatever its tier.",
		rule: "rollout-rows-are-unique",
		red:  []string{`Two rows are recorded when they differ in <what> > their tier | "b" | "b" | S2`},
		tell: instead(toRollout, func(honest ask, q *question) *answer {
			seen := map[any]bool{}
			for _, row := range list(q.at("/rollout/capability_matrix")) {
				capability := child(row, "capability")
				if seen[capability] {
					return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
				}
				seen[capability] = true
			}
			return honest(q)
		}),
	},
	{
		name: "block-told-before-the-row",
		says: "That a rollout is blocked is told before a row that stands twice.",
		rule: "rollout-rows-are-unique",
		red:  []string{"A row that stands twice is refused before any rule blocks the rollout"},
		tell: instead(toRollout, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "CONSTRAINT_VIOLATION" && !a.isReplay() {
				if blocked := honest(onceEach(q).anew("once")); blocked.code() == "CONFLICT" {
					return blocked
				}
			}
			return a
		}),
	},

	// ---- the verdict ----
	{
		name: "no-verdict-accepted",
		says: "A rollout is active although the provider was never evaluated.",
		rule: "rollout-needs-allow-verdict",
		red:  []string{"An active rollout is blocked when the provider was never evaluated"},
		tell: openingRollout(func(_ *question, view *answer) bool { return !view.has("/provider/last_eligibility") }),
	},
	{
		name: "deny-accepted",
		says: "A rollout is active although the last verdict is deny.",
		rule: "rollout-needs-allow-verdict",
		red:  []string{"An active rollout is blocked when the last verdict is deny"},
		tell: openingRollout(func(_ *question, view *answer) bool {
			return view.at("/provider/last_eligibility/verdict") == "deny"
		}),
	},
	{
		name: "latest-verdict-by-its-time",
		says: "The verdict that counts is the one with the latest time.",
		rule: "rollout-needs-allow-verdict",
		red: []string{
			"Of two evaluations the last to arrive counts: <first>, then a <time> <last> > allow | deny | earlier | …",
		},
		tell: func() teller {
			latest := &notes[any]{}
			open := openingRollout(func(q *question, _ *answer) bool {
				last, _ := latest.read(q.provider)
				return child(last, "verdict") == "allow"
			})()
			return func(honest ask, q *question) *answer {
				a := open(honest, q)
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
		name: "verdict-needed-to-pause",
		says: "A paused rollout needs an allow, too.",
		rule: "rollout-needs-allow-verdict",
		red:  []string{"A <status> rollout needs no verdict > paused"},
		tell: blocking(func(q *question, view *answer) bool {
			return q.at("/rollout/rollout_status") == "paused" && !view.has("/provider/last_eligibility")
		}),
	},
	{
		name: "verdict-bound-to-its-tier",
		says: "An allow counts for the tier that it is about.",
		rule: "rollout-needs-allow-verdict",
		red:  []string{"Only the verdict is read, not the tier that it is about"},
		tell: blocking(func(q *question, view *answer) bool {
			return rank(q.at("/rollout/effective_segment_tier")) > rank(view.at("/provider/last_eligibility/requested_segment_tier")) &&
				view.has("/provider/last_eligibility") && q.at("/rollout/rollout_status") == "active"
		}),
	},
	{
		name:   "reason-code-swapped",
		says:   "A blocked rollout is refused because a downgrade is required.",
		rule:   "rollout-needs-allow-verdict",
		red:    []string{"An active rollout is blocked when the provider was never evaluated"},
		checks: []string{"reason-code"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			if a.code() == "CONFLICT" {
				a.put("/error/details/reason_code", reasonDowngrade)
			}
		}),
	},
	{
		name: "refused-rollout-recorded",
		says: "A rollout that is refused is recorded all the same.",
		rule: "rollout-needs-allow-verdict",
		red:  []string{"An active rollout is blocked when the last verdict is deny"},
		tell: instead(toRollout, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "CONFLICT" {
				rolloutRecorded(honest, q)
			}
			return a
		}),
	},

	// ---- violations, service, tiers, rows ----
	{
		name: "violations-ignored",
		says: "A rollout is active in spite of violations.",
		rule: "rollout-needs-no-violations",
		red:  []string{"An active rollout is blocked while the provider has 1 unresolved critical violation"},
		tell: openingRollout(func(_ *question, view *answer) bool {
			return number(view.at("/provider/governance/unresolved_critical_violations")) == 1
		}),
	},
	{
		name: "downgrade-not-told",
		says: "Violations block a rollout, and no downgrade is demanded.",
		rule: "rollout-needs-no-violations",
		red:  []string{"An active rollout is blocked while the provider has 1 unresolved critical violation"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.changeList("/error/details/reason_codes", without(reasonDowngrade))
		}),
	},
	{
		name:   "codes-repeated",
		says:   "Each rule gives its code, whether it is there or not.",
		rule:   "rollout-needs-no-violations",
		red:    []string{"Without an evaluation and with violations each code comes once"},
		checks: []string{"schema"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			if codes := list(a.at("/error/details/reason_codes")); len(codes) > 1 {
				a.put("/error/details/reason_codes", append([]any{reasonBlocked}, codes...))
			}
		}),
	},
	{
		name: "baselines-asked-for",
		says: "An active rollout needs the baselines.",
		rule: "rollout-needs-no-violations",
		red:  []string{"Baselines are no matter of a rollout, so one passes with all three false"},
		tell: blocking(func(q *question, view *answer) bool {
			return q.at("/rollout/rollout_status") == "active" && view.at("/provider/governance/audit_conformance_passed") == false
		}),
	},
	{
		name: "offboarded-accepted",
		says: "The rollout of an offboarded provider is active.",
		rule: "rollout-needs-provider-in-service",
		red: []string{
			"An active rollout is blocked while the provider is offboarded",
			"A provider that a status upsert made <status> has its active rollout <outcome> > offboarded | …",
		},
		tell: openingRollout(func(_ *question, view *answer) bool { return view.at("/provider/status") == "offboarded" }),
	},
	{
		name: "restricted-blocked",
		says: "A restricted provider cannot have an active rollout.",
		rule: "rollout-needs-provider-in-service",
		red:  []string{"An active rollout is recorded while the provider is <status> > restricted"},
		tell: blocking(func(_ *question, view *answer) bool { return view.at("/provider/status") == "restricted" }),
	},
	{
		name: "two-tiers-up-accepted",
		says: "An active rollout may climb two tiers.",
		rule: "rollout-climbs-one-tier",
		red: []string{
			"An active rollout from <from> to <to> is blocked > S0 | S2",
			"An active rollout from <from> to <to> is blocked > S1 | S3",
		},
		tell: openingRollout(func(q *question, view *answer) bool { return climb(q, view) == 2 }),
	},
	{
		name: "one-tier-up-blocked",
		says: "An active rollout may not climb.",
		rule: "rollout-climbs-one-tier",
		red:  []string{"An active rollout from <from> to <to> is recorded > S1 | S2"},
		tell: blocking(func(q *question, view *answer) bool { return climb(q, view) == 1 }),
	},
	{
		name: "row-above-the-tier-accepted",
		says: "A row that is enabled above the effective tier blocks nothing.",
		rule: "rollout-row-within-tier",
		red: []string{
			"An active rollout at <tier> is blocked by a row that is enabled from <row tier> on > S2 | S3",
		},
		tell: openingRollout(func(q *question, _ *answer) bool {
			return q.at("/rollout/effective_segment_tier") == "S2"
		}),
	},
	{
		name: "row-at-the-tier-blocked",
		says: "A row that is enabled at the effective tier blocks.",
		rule: "rollout-row-within-tier",
		red: []string{
			"An active rollout at <tier> is recorded with a row from <row tier> on, enabled <enabled> > S1 | S1 | true",
		},
		tell: blocking(func(q *question, _ *answer) bool {
			return q.at("/rollout/effective_segment_tier") == "S1"
		}),
	},
	{
		name: "disabled-row-blocks",
		says: "A row above the effective tier blocks although it is not enabled.",
		rule: "rollout-row-within-tier",
		red: []string{
			"An active rollout at <tier> is recorded with a row from <row tier> on, enabled <enabled> > S2 | S3 | false",
		},
		tell: blocking(func(q *question, _ *answer) bool {
			return q.at("/rollout/capability_matrix/1/min_segment_tier") == "S3"
		}),
	},

	// ---- reason codes of the request ----
	{
		name: "own-code-ignored",
		says: "A rollout_blocked that the request gives does not block.",
		rule: "rollout-active-unblocked",
		red: []string{
			`An active rollout is refused when the caller itself gives the reason codes <own> > ["partner_liquidity_provider_rollout_blocked"]`,
		},
		tell: openingRollout(func(q *question, _ *answer) bool {
			return slices.Contains(list(q.at("/rollout/reason_codes")), any(reasonBlocked))
		}),
	},
	{
		name: "own-code-in-any-case",
		says: "A rollout_blocked in capitals blocks.",
		rule: "rollout-active-unblocked",
		red: []string{
			`An active rollout is recorded when the caller gives the reason codes <own> > ["Partner_Liquidity_Provider_Rollout_Blocked"]`,
		},
		tell: blocking(func(q *question, _ *answer) bool {
			return q.at("/rollout/reason_codes/0") == "Partner_Liquidity_Provider_Rollout_Blocked"
		}),
	},
	{
		name: "codes-reordered",
		says: "The rules' codes stand before the request's.",
		rule: "rollout-active-unblocked",
		red: []string{
			`The full list of codes begins with the caller's <own>, then those of the rules, each once > ["zeal", "calm_start"] | …`,
		},
		tell: answering(toRollout, func(q *question, a *answer) {
			codes := list(a.at("/error/details/reason_codes"))
			if own := len(list(q.at("/rollout/reason_codes"))); own == 2 && len(codes) > 2 {
				a.put("/error/details/reason_codes", append(codes[own:], codes[:own]...))
			}
		}),
	},
	{
		name: "own-codes-lost",
		says: "The conflict tells the rules' codes alone.",
		rule: "rollout-active-unblocked",
		red: []string{
			`The full list of codes begins with the caller's <own>, then those of the rules, each once > ["zeal", "calm_start"] | …`,
			`An active rollout is refused when the caller itself gives the reason codes <own> > ["calm_start", "partner_liquidity_provider_rollout_blocked"]`,
		},
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.changeList("/error/details/reason_codes", without("zeal", "calm_start"))
		}),
	},

	// ---- capabilities ----
	{
		name: "effective-is-requested",
		says: "What is requested is effective, whatever the tier.",
		rule: "rollout-derives-capabilities",
		red:  []string{"At <tier> a row from <row tier> on with enabled <requested> is effective: <effective> > S1 | S2 | true | false"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.changeRows(func(rows []any) {
				for _, row := range rows {
					row.(map[string]any)["effective_enabled"] = child(row, "requested_enabled")
				}
			})
		}),
	},
	{
		name: "effective-within-the-tier",
		says: "Every row within the tier is effective, requested or not.",
		rule: "rollout-derives-capabilities",
		red:  []string{"At <tier> a row from <row tier> on with enabled <requested> is effective: <effective> > S1 | S0 | false | false"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			tier := rank(a.at("/rollout/effective_segment_tier"))
			a.changeRows(func(rows []any) {
				for _, row := range rows {
					row.(map[string]any)["effective_enabled"] = rank(child(row, "min_segment_tier")) <= tier
				}
			})
		}),
	},
	{
		name: "rows-not-sorted",
		says: "Rows stand as they stood in the request.",
		rule: "rollout-derives-capabilities",
		red:  []string{"Rows are sorted by capability and then by tier, whatever their order in the request"},
		tell: answering(toRollout, func(q *question, a *answer) {
			a.changeRows(func(rows []any) { asRequested(q, rows) })
		}),
	},
	{
		name: "rows-sorted-by-utf16",
		says: "Capabilities are sorted by UTF-16 units.",
		rule: "rollout-derives-capabilities",
		red:  []string{"Capabilities are sorted by code point, not by alphabet and not by UTF-16 unit"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.changeRows(func(rows []any) {
				slices.SortStableFunc(rows, func(x, y any) int {
					return slices.Compare(utf16.Encode([]rune(text(child(x, "capability")))), utf16.Encode([]rune(text(child(y, "capability")))))
				})
			})
		}),
	},
	{
		name: "evaluation-missing",
		says: "The policy does not say which evaluation it rests on.",
		rule: "rollout-derives-capabilities",
		red:  []string{"The answer is the whole policy"},
		tell: answering(toRollout, func(_ *question, a *answer) { a.put("/rollout/eligibility_ref", nil) }),
	},
	{
		name: "hash-of-unsorted-rows",
		says: "The hash is that of the rows in the order of the request.",
		rule: "rollout-hashes-capabilities",
		red:  []string{"The order of the rows in the request does not move the hash"},
		tell: answering(toRollout, func(q *question, a *answer) {
			rows := list(a.at("/rollout/capability_matrix"))
			if asRequested(q, rows); len(rows) > 0 {
				a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
			}
		}),
	},
	{
		name: "hash-of-the-request",
		says: "The hash is that of what was requested, whatever is effective.",
		rule: "rollout-hashes-capabilities",
		red:  []string{"The same rows at <tier> have another hash, for it covers what is effective > S1 | …"},
		tell: answering(toRollout, func(_ *question, a *answer) {
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
		name:       "hash-without-its-name",
		says:       "The hash does not say which hash it is.",
		rule:       "rollout-hashes-capabilities",
		red:        []string{"Anyone can recompute the hash from the rows of the answer"},
		checks:     []string{"schema"},
		sparesNone: true, // each of them has a hash
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.put("/rollout/capabilities_hash", strings.TrimPrefix(text(a.at("/rollout/capabilities_hash")), "sha256:"))
		}),
	},

	// ---- versions ----
	{
		name: "versions-skip",
		says: "Versions count 1, 3, 5.",
		rule: "rollout-counts-versions",
		red:  []string{"Versions count 1, 2, 3, whatever the status of the rollout"},
		tell: answering(everywhere, func(_ *question, a *answer) {
			a.changeVersion(func(version int) int { return 2*version - 1 })
		}),
	},
	{
		name: "refusal-uses-up-a-version",
		says: "A refused rollout uses a version up.",
		rule: "rollout-counts-versions",
		red:  []string{"A refused rollout uses up no version"},
		tell: func() teller {
			refused := &counter{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
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
		name: "replay-uses-up-a-version",
		says: "A replayed rollout uses a version up.",
		rule: "rollout-counts-versions",
		red:  []string{"A replayed rollout uses up no version"},
		tell: func() teller {
			replayed := &counter{}
			return instead(toRollout, func(honest ask, q *question) *answer {
				a := honest(q)
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
		name: "versions-of-a-partner",
		says: "All providers of a partner share one count of versions.",
		rule: "rollout-counts-versions",
		red:  []string{"Each provider has versions of its own"},
		tell: func() teller {
			recorded := &counter{}
			return instead(toRollout, func(honest ask, q *question) *answer {
				a := honest(q)
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
		name: "paused-changes-the-status",
		says: "A paused rollout restricts the provider.",
		rule: "rollout-moves-provider",
		red: []string{
			"A <rollout> rollout makes a provider that is <before> <after> > paused | active | active",
			"A <rollout> rollout makes a provider that is <before> <after> > paused | offboarded | offboarded",
		},
		tell: answering(toGet, func(_ *question, a *answer) {
			if a.at("/provider/rollout/rollout_status") == "paused" {
				a.put("/provider/status", "restricted")
			}
		}),
	},
	{
		name: "blocked-does-not-restrict",
		says: "A blocked rollout leaves the status.",
		rule: "rollout-moves-provider",
		red: []string{
			"A <rollout> rollout makes a provider that is <before> <after> > blocked | active | restricted",
			"A <rollout> rollout makes a provider that is <before> <after> > blocked | offboarded | restricted",
		},
		tell: leaving("status", "blocked"),
	},
	{
		name: "active-does-not-activate",
		says: "An active rollout leaves the status.",
		rule: "rollout-moves-provider",
		red:  []string{"A <rollout> rollout makes a provider that is <before> <after> > active | restricted | active"},
		tell: leaving("status", "active"),
	},
	{
		name: "active-does-not-move-the-tier",
		says: "An active rollout leaves the tier.",
		rule: "rollout-moves-provider",
		red:  []string{"A <rollout> rollout makes a provider that is <before> <after> > active | active | active"},
		tell: leaving("segment_tier", "active"),
	},
	{
		name: "paused-does-not-move-the-tier",
		says: "A paused rollout leaves the tier.",
		rule: "rollout-moves-provider",
		red: []string{
			"A <rollout> rollout moves the provider two tiers up or three down, to <to> > paused | S0 | S2",
			"A <rollout> rollout moves the provider two tiers up or three down, to <to> > paused | S3 | S0",
		},
		tell: leaving("segment_tier", "paused"),
	},
	{
		name: "updated-at-not-moved",
		says: "A rollout does not move the provider's updated_at.",
		rule: "rollout-moves-provider",
		red:  []string{"What is not about tier and status stays, and updated_at moves"},
		tell: notMovedBy(toRollout),
	},
	{
		name: "reference-missing",
		says: "The provider does not refer to its rollout.",
		rule: "rollout-moves-provider",
		red:  []string{"Get shows the whole policy and refers to it"},
		tell: answering(toGet, func(_ *question, a *answer) { a.drop("/provider/rollout_policy_ref") }),
	},
	{
		name: "denied-evaluation-not-referred-to",
		says: "A rollout refers to an evaluation only when its verdict is allow.",
		rule: "rollout-refers-to-evaluation",
		red:  []string{"The reference is to the evaluation, be its verdict <verdict> > deny | false"},
		tell: answering(toRollout, func(_ *question, a *answer) {
			if a.at("/rollout/eligibility_ref/verdict") == "deny" {
				a.put("/rollout/eligibility_ref", nil)
			}
		}),
	},
	{
		name: "later-evaluation-referred-to",
		says: "A rollout refers to the last evaluation, a later one too.",
		rule: "rollout-refers-to-evaluation",
		red:  []string{"The reference is to the last evaluation before the rollout, and a later one leaves it"},
		tell: answering(toGet, func(_ *question, a *answer) {
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
		name: "code-not-recorded",
		says: "A paused rollout is recorded without the code that a rule gives it.",
		rule: "rollout-records-its-reasons",
		red: []string{
			"A <status> rollout at <tier> with a row enabled from <row tier> on is recorded with rollout_blocked > paused | S3 | S1",
			"A <status> rollout at <tier> with a row enabled from <row tier> on is recorded with rollout_blocked > blocked | S1 | S2",
		},
		tell: answering(toRollout, func(_ *question, a *answer) {
			a.changeList("/rollout/reason_codes", without(reasonBlocked))
		}),
	},
	{
		name: "paused-asked-for-its-service",
		says: "A paused rollout of an offboarded provider gets the code as well.",
		rule: "rollout-records-its-reasons",
		red:  []string{"A paused rollout is not asked for a verdict, for violations or for the provider's service"},
		tell: instead(toRollout, func(honest ask, q *question) *answer {
			view := honest(q.get(q.provider))
			a := honest(q)
			if view.at("/provider/status") == "offboarded" {
				a.put("/rollout/reason_codes", []any{reasonBlocked})
			}
			return a
		}),
	},
	{
		name: "own-codes-after-the-rules",
		says: "The request's reasons come after the rules' code.",
		rule: "rollout-records-its-reasons",
		red: []string{
			`The request's reasons <own> come first, then rollout_blocked unless it stands there > ["zeal", "calm_start"] | …`,
		},
		tell: answering(toRollout, func(_ *question, a *answer) {
			if codes := list(a.at("/rollout/reason_codes")); slices.Contains(codes, any(reasonBlocked)) {
				a.put("/rollout/reason_codes", append([]any{reasonBlocked}, without(reasonBlocked)(codes)...))
			}
		}),
	},
	{
		name: "requests-codes-in-the-audit",
		says: "The audit has the request's reason codes, and not the final ones.",
		rule: "rollout-records-its-reasons",
		red:  []string{"The audit has the final reason codes, and the whole policy as its details"},
		tell: forging(forgery{content: func(_ *question, page *answer) {
			for i := range page.entries() {
				page.changeList(entryAt(i)+"/reason_codes", without(reasonBlocked))
			}
		}}),
	},
}

// openingRollout lets pass what blocks an active rollout.
func openingRollout(opens func(q *question, view *answer) bool) func() teller {
	return instead(toRollout, func(honest ask, q *question) *answer {
		a := honest(q)
		if a.code() == "CONFLICT" && opens(q, honest(q.get(q.provider))) {
			return rolloutRecorded(honest, q)
		}
		return a
	})
}

// rolloutRecorded records a rollout as a paused one, which nothing blocks, and says that it is the active one that was
// asked for.
func rolloutRecorded(honest ask, q *question) *answer {
	c := q.anew("recorded")
	c.put("/rollout/rollout_status", "paused")
	a := honest(c)
	a.put("/rollout/rollout_status", q.at("/rollout/rollout_status"))
	a.changeList("/rollout/reason_codes", without(reasonBlocked))
	return a
}

// blocking refuses rollouts that nothing blocks.
func blocking(blocks func(q *question, view *answer) bool) func() teller {
	return instead(toRollout, func(honest ask, q *question) *answer {
		if !blocks(q, honest(q.get(q.provider))) {
			return honest(q)
		}
		return refusal(q, http.StatusConflict, "CONFLICT", reasonBlocked, map[string]any{
			"provider_id": q.provider, "reason_codes": []string{reasonBlocked},
		})
	})
}

// climb is how many tiers a rollout is above the provider's.
func climb(q *question, view *answer) int {
	return rank(q.at("/rollout/effective_segment_tier")) - rank(view.at("/provider/segment_tier"))
}

// onceEach is the question without rows that stood there before.
func onceEach(q *question) *question {
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
func (a *answer) changeRows(change func(rows []any)) {
	rows := list(a.at("/rollout/capability_matrix"))
	if len(rows) == 0 {
		return
	}
	change(rows)
	a.put("/rollout/capability_matrix", rows)
	a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
}

// asRequested puts rows into the order of the request.
func asRequested(q *question, rows []any) {
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
func (a *answer) changeVersion(change func(version int) int) {
	for _, policy := range []string{"/rollout", "/provider/rollout", "/provider/rollout_policy_ref"} {
		if at := policy + "/rollout_version"; a.has(at) {
			a.put(at, json.Number(strconv.Itoa(change(number(a.at(at))))))
		}
	}
}

// leaving lets get show a member of the provider as it was before a rollout of that status.
func leaving(member, status string) func() teller {
	return func() teller {
		before := &notes[any]{}
		return func(honest ask, q *question) *answer {
			if q.operation == toRollout {
				before.write(q.provider, honest(q.get(q.provider)).at("/provider/"+member))
			}
			a := honest(q)
			if was, ok := before.read(q.provider); ok && q.operation == toGet && a.at("/provider/rollout/rollout_status") == status {
				a.put("/provider/"+member, was)
			}
			return a
		}
	}
}
