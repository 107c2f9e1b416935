//go:build !race

package wrongservices

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"
)

// rolloutRecordServices continues [rolloutServices].
var rolloutRecordServices = []wrongService{
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
