//go:build !race

package wrongservices

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// onboardServices are about how a provider comes to be, how times are read, and what get shows.
var onboardServices = []wrongService{
	// ---- owners and ids ----
	{
		name:  "onboarding-for-another",
		fault: "A partner may onboard a provider for another one.",
		rule:  "onboard-owner-is-caller",
		fails: []string{"Onboarding for <whom> is refused > another partner | …"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			return onboardedBy(next, q, text(q.at("/provider/owner_actor/type")) == "partner")
		}),
	},
	{
		name:   "owner-of-another-type",
		fault:  "A partner may onboard a provider for the user that has its id.",
		rule:   "onboard-owner-is-caller",
		fails:  []string{"Onboarding for <whom> is refused > a user with the same id | …"},
		checks: []string{"schema"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			return onboardedBy(next, q, text(q.at("/provider/owner_actor/type")) == "user")
		}),
	},
	{
		name:  "refused-onboarding-recorded",
		fault: "Onboarding for another is refused, and the provider is there all the same.",
		rule:  "onboard-owner-is-caller",
		fails: []string{"Onboarding for <whom> is refused > an id that is longer | …"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "FORBIDDEN" {
				c := q.anew("recorded")
				c.put("/provider/owner_actor", a.at("/error/details/actor"))
				next(c)
			}
			return a
		}),
	},
	{
		name:  "taken-id-first",
		fault: "A taken id is reported before another owner.",
		rule:  "onboard-owner-is-caller",
		fails: []string{"Another owner is told before a taken id"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if id := text(q.at("/provider/provider_id")); a.code() == "FORBIDDEN" && id != "" && next(q.get(id)).status == http.StatusOK {
				return refusal(q, http.StatusConflict, "CONFLICT", reasonInvalid, map[string]any{"provider_id": id})
			}
			return a
		}),
	},
	{
		name:  "id-taken-by-another-accepted",
		fault: "An id is unique among the providers of one partner.",
		rule:  "onboard-id-is-free",
		fails: []string{"An id that another partner took is refused, and the partner is not named"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			id := text(q.at("/provider/provider_id"))
			if a.code() == "CONFLICT" && next(q.get(id)).code() == "FORBIDDEN" {
				return onboardedAs(next, q, id)
			}
			return a
		}),
	},
	{
		name:  "own-id-accepted-twice",
		fault: "Onboarding an id of one's own again replaces the provider.",
		rule:  "onboard-id-is-free",
		fails: []string{"An id that is taken is refused"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			id := text(q.at("/provider/provider_id"))
			if a.code() == "CONFLICT" && next(q.get(id)).status == http.StatusOK {
				return onboardedAs(next, q, id)
			}
			return a
		}),
	},
	{
		name:  "owner-of-a-taken-id-named",
		fault: "The refusal of a taken id names the owner.",
		rule:  "onboard-id-is-free",
		fails: []string{"An id that another partner took is refused, and the partner is not named"},
		behavior: func() handle {
			known := &owners{}
			return func(next forward, q *request) *response {
				a := next(q)
				known.record(q, a)
				if owner, ok := known.read(text(a.at("/error/details/provider_id"))); ok && a.code() == "CONFLICT" {
					a.put("/error/details/owner_actor", map[string]any{"type": "partner", "id": owner})
				}
				return a
			}
		},
	},
	{
		name:  "ids-in-any-case",
		fault: "An id in another case is taken.",
		rule:  "onboard-id-is-free",
		fails: []string{"An id that differs in <what> is free > its case | LP-{unique}"},
		behavior: func() handle {
			taken := &notes[bool]{}
			return replacing(toOnboard, func(next forward, q *request) *response {
				id := text(q.at("/provider/provider_id"))
				if used, _ := taken.read(strings.ToLower(id)); used {
					return refusal(q, http.StatusConflict, "CONFLICT", reasonInvalid, map[string]any{"provider_id": id})
				}
				a := next(q)
				if id != "" && a.status == http.StatusOK {
					taken.write(strings.ToLower(id), true)
				}
				return a
			})()
		},
	},
	{
		name:  "refused-id-taken",
		fault: "An id is taken by a request that was refused.",
		rule:  "onboard-id-is-free",
		fails: []string{"An id that was refused before is free"},
		behavior: func() handle {
			taken := &notes[bool]{}
			return replacing(toOnboard, func(next forward, q *request) *response {
				id := text(q.at("/provider/provider_id"))
				if used, _ := taken.read(id); used {
					return refusal(q, http.StatusConflict, "CONFLICT", reasonInvalid, map[string]any{"provider_id": id})
				}
				a := next(q)
				if id != "" && a.has("/error/details/violations") {
					taken.write(id, true)
				}
				return a
			})()
		},
	},
	{
		name:  "refusal-uses-up-an-id",
		fault: "A refused onboarding uses an id up.",
		rule:  "onboard-assigns-ids",
		fails: []string{"A refusal uses none up"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.status != http.StatusOK && !a.isReplay() {
				useUp(next, q)
			}
			return a
		}),
	},
	{
		name:  "replay-uses-up-an-id",
		fault: "A replayed onboarding uses an id up.",
		rule:  "onboard-assigns-ids",
		fails: []string{"A replay uses none up"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.isReplay() {
				useUp(next, q)
			}
			return a
		}),
	},
	{
		name:  "chosen-id-uses-one-up",
		fault: "An id of one's own choice uses an id up.",
		rule:  "onboard-assigns-ids",
		fails: []string{"An id of one's own choice uses none up"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.status == http.StatusOK && q.has("/provider/provider_id") {
				useUp(next, q)
			}
			return a
		}),
	},
	{
		name:     "ids-of-five-digits",
		fault:    "Ids count from plp_00001.",
		rule:     "onboard-assigns-ids",
		fails:    []string{"A provider without an id gets a number of at least six digits"},
		failsAll: true, // each of them looks at an id
		behavior: changingResponse(toOnboard, func(q *request, a *response) {
			if id := text(a.at("/provider/provider_id")); !q.has("/provider/provider_id") {
				a.put("/provider/provider_id", strings.Replace(id, "_0", "_", 1))
			}
		}),
	},

	// ---- a new provider ----
	{
		name:  "starts-governed",
		fault: "A new provider has its baselines passed.",
		rule:  "onboard-starts-ungoverned",
		fails: []string{"A new provider has nothing proved"},
		behavior: changingResponse(toOnboard, func(_ *request, a *response) {
			a.put("/provider/governance/audit_conformance_passed", true)
		}),
	},
	{
		name:  "starts-active",
		fault: "The default status is active.",
		rule:  "onboard-starts-ungoverned",
		fails: []string{"A new provider has nothing proved"},
		behavior: changingRequest(toOnboard, func(q *request) {
			if !q.has("/provider/status") {
				q.put("/provider/status", "active")
			}
		}),
	},
	{
		name:  "starts-with-a-rollout",
		fault: "Onboard shows a rollout, which get alone shows.",
		rule:  "onboard-starts-ungoverned",
		fails: []string{"A new provider has nothing proved"},
		behavior: changingResponse(toOnboard, func(_ *request, a *response) {
			if a.has("/provider") {
				a.put("/provider/rollout", map[string]any{
					"provider_id": a.at("/provider/provider_id"), "rollout_version": 1, "rollout_status": "paused",
					"effective_segment_tier": "S0", "reason_codes": []any{}, "eligibility_ref": nil,
					"capability_matrix": []any{map[string]any{
						"capability": "quote", "min_segment_tier": "S0", "requested_enabled": true, "effective_enabled": true,
					}},
					"capabilities_hash": "sha256:" + strings.Repeat("0", 64),
					"updated_at":        a.at("/provider/updated_at"), "updated_by": a.at("/provider/owner_actor"),
				})
			}
		}),
	},
	{
		name:   "unknown-status",
		fault:  "A new provider has a status that is none.",
		rule:   "onboard-starts-ungoverned",
		fails:  []string{"A new provider has nothing proved"},
		checks: []string{"schema"},
		behavior: changingResponse(toOnboard, func(_ *request, a *response) {
			if a.at("/provider/status") == "pending_review" {
				a.put("/provider/status", "new")
			}
		}),
	},
	{
		name:  "actor-not-in-the-audit",
		fault: "The audit has the server's operator as the actor.",
		rule:  "onboard-starts-ungoverned",
		fails: []string{"Onboarding is the first entry of the provider's audit"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			page.put("/export/entries/0/actor", map[string]any{"type": "partner", "id": "operator"})
		}}),
	},

	// ---- times ----
	{
		name:  "leap-second-accepted",
		fault: "A leap second is the second after it.",
		rule:  "recorded-at-is-readable",
		fails: []string{
			"A recorded_at of <text> is refused: <why> > 2016-12-31T23:59:60Z | a leap second",
			"<operation> refuses a leap second as well > partnerLiquidityProvider.rollout.upsert",
		},
		behavior: changingRequest(anyOperation, func(q *request) {
			if at := text(q.at("/recorded_at")); strings.Contains(at, ":60Z") {
				q.put("/recorded_at", strings.Replace(at, ":60Z", ":59Z", 1))
			}
		}),
	},
	{
		name:     "leap-second-recorded",
		fault:    "A leap second is refused, and recorded all the same.",
		rule:     "recorded-at-is-readable",
		fails:    []string{"The refusal of a leap second is stored, and changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.code() == "CONSTRAINT_VIOLATION" }),
	},
	{
		name:  "time-without-an-offset",
		fault: "A time without an offset is one in UTC.",
		rule:  "recorded-at-is-readable",
		fails: []string{"A recorded_at of <text> is refused: <why> > 2026-02-22T16:00:10 | no offset"},
		behavior: changingRequest(toOnboard, func(q *request) {
			at := text(q.at("/recorded_at"))
			if _, err := time.Parse("2006-01-02T15:04:05", at); err == nil {
				q.put("/recorded_at", at+"Z")
			}
		}),
	},
	{
		name:  "comma-in-a-time",
		fault: "A comma is allowed before the decimals of a second.",
		rule:  "recorded-at-is-readable",
		fails: []string{"A recorded_at of <text> is refused: <why> > 2026-02-22T16:00:10,5Z | a comma"},
		behavior: changingRequest(toOnboard, func(q *request) {
			if at := text(q.at("/recorded_at")); strings.Contains(at, ":10,5") {
				q.put("/recorded_at", strings.ReplaceAll(at, ",", "."))
			}
		}),
	},
	{
		name:  "year-10000-accepted",
		fault: "A time whose year in UTC is 10000 is the last one there is.",
		rule:  "recorded-at-is-readable",
		fails: []string{"A recorded_at of <text> is refused: <why> > 9999-12-31T23:59:59-00:01 | the year 10000 in UTC"},
		behavior: changingRequest(toOnboard, func(q *request) {
			if at := text(q.at("/recorded_at")); strings.HasPrefix(at, "9999-12-31T23:59:59-") {
				q.put("/recorded_at", "9999-12-31T23:59:59Z")
			}
		}),
	},
	{
		name:  "year-0-refused",
		fault: "The year 0000 is no year.",
		rule:  "recorded-at-is-readable",
		fails: []string{"A recorded_at of <text> is read: <why> > 0000-01-01T00:00:00Z | the first second | 0000-01-01T00:00:00.000Z"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			if a := next(q); a.status != http.StatusOK || !strings.HasPrefix(text(q.at("/recorded_at")), "0000-") {
				return a
			}
			return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
		}),
	},
	{
		name:  "time-rounded",
		fault: "What lies past the millisecond is rounded.",
		rule:  "recorded-at-is-normalised",
		fails: []string{"<text> comes out as <utc> > 2026-02-22T16:00:10.1239Z | 2026-02-22T16:00:10.123Z"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if at := text(q.at("/recorded_at")); moreDigits.MatchString(at) {
				if read, err := time.Parse(time.RFC3339, at); err == nil {
					q.put("/recorded_at", read.Round(time.Millisecond).UTC().Format(time.RFC3339Nano))
				}
			}
		}),
	},
	{
		name:   "offset-kept",
		fault:  "A time comes out with the offset that it came with.",
		rule:   "recorded-at-is-normalised",
		fails:  []string{"<text> comes out as <utc> > 2026-02-22T17:00:10+01:00 | 2026-02-22T16:00:10.000Z"},
		checks: []string{"schema"},
		behavior: changingResponse(toOnboard, func(q *request, a *response) {
			if at := text(q.at("/recorded_at")); strings.HasSuffix(at, "+01:00") {
				a.put("/provider/created_at", at)
			}
		}),
	},
	{
		name:  "offset-dropped",
		fault: "The offset of a time is not added.",
		rule:  "recorded-at-is-normalised",
		fails: []string{"<text> comes out as <utc> > 2026-02-22T10:30:10-05:30 | 2026-02-22T16:00:10.000Z"},
		behavior: changingRequest(toOnboard, func(q *request) {
			if at := text(q.at("/recorded_at")); strings.HasSuffix(at, "-05:30") {
				q.put("/recorded_at", strings.Replace(at, "-05:30", "Z", 1))
			}
		}),
	},
	{
		name:  "updated-at-not-moved-by-status",
		fault: "A status upsert does not move the provider's updated_at.",
		rule:  "recorded-at-is-normalised",
		fails: []string{
			"The one time of <operation> stands everywhere > partnerLiquidityProvider.status.upsert | /status/updated_at | status_upserted",
		},
		behavior: notMovedBy(toStatus),
	},
	{
		name:  "updated-at-never-goes-back",
		fault: "The provider's updated_at is the latest time of all writes, not that of the last write.",
		rule:  "recorded-at-is-normalised",
		fails: []string{"A later write may tell of an earlier time, and is the last one all the same"},
		behavior: func() handle {
			latest := &notes[string]{}
			return func(next forward, q *request) *response {
				a := next(q)
				if at := text(a.at("/status/updated_at")); at != "" {
					if before, _ := latest.read(q.provider); at > before {
						latest.write(q.provider, at)
					}
				}
				if at, ok := latest.read(q.provider); ok && q.operation == toGet {
					a.put("/provider/updated_at", at)
				}
				return a
			}
		},
	},
	{
		name:  "header-wins-over-recorded-at",
		fault: "X-Now-Iso wins over recorded_at.",
		rule:  "recorded-at-is-normalised",
		fails: []string{"recorded_at wins over X-Now-Iso"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Now-Iso") != "" {
				q.drop("/recorded_at")
			}
		}),
	},

	// ---- get ----
	{
		name:     "last-evaluation-not-shown",
		fault:    "Get does not show the last evaluation.",
		rule:     "get-shows-the-provider",
		fails:    []string{"Get shows the whole last evaluation"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.drop("/provider/last_eligibility") }),
	},
	{
		name:     "rollout-not-shown",
		fault:    "Get does not show the rollout.",
		rule:     "get-shows-the-provider",
		fails:    []string{"Get shows the whole last rollout, and a reference to it"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.drop("/provider/rollout") }),
	},
	{
		name:   "rollout-beside-the-provider",
		fault:  "Get shows the rollout beside the provider.",
		rule:   "get-shows-the-provider",
		fails:  []string{"Get shows the whole last rollout, and a reference to it"},
		checks: []string{"schema"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if a.has("/provider/rollout") {
				a.put("/rollout", a.at("/provider/rollout"))
				a.drop("/provider/rollout")
			}
		}),
	},
	{
		name:  "reference-to-the-first-rollout",
		fault: "The provider refers to its first rollout.",
		rule:  "get-shows-the-provider",
		fails: []string{"Get shows the whole last rollout, and a reference to it"},
		behavior: func() handle {
			first := &notes[any]{}
			return changingResponse(toGet, func(q *request, a *response) {
				ref := a.at("/provider/rollout_policy_ref")
				if ref == nil {
					return
				}
				if before, ok := first.read(q.provider); ok {
					ref = before
				}
				first.write(q.provider, ref)
				a.put("/provider/rollout_policy_ref", ref)
				a.put("/provider/rollout_policy_ref/rollout_version", 1)
			})()
		},
	},
	{
		name:  "governance-not-shown-anew",
		fault: "Get shows the governance that the provider began with.",
		rule:  "get-shows-the-provider",
		fails: []string{"Get shows what a status upsert left"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			a.put("/provider/governance/trust_safety_baseline_passed", false)
		}),
	},
	{
		name:  "get-touches-the-provider",
		fault: "Looking at a provider moves its updated_at.",
		rule:  "get-shows-the-provider",
		fails: []string{"Get changes nothing"},
		behavior: func() handle {
			looks := &counter{}
			return changingResponse(toGet, func(q *request, a *response) {
				a.put("/provider/updated_at", fmt.Sprintf("2026-02-22T16:00:%02d.000Z", looks.next(q.provider)-1))
			})()
		},
	},
}

// moreDigits writes times with digits past the millisecond.
var moreDigits = regexp.MustCompile(`\.\d{4,9}[Z+-]`)

// onboardedBy onboards for the caller what was requested for another owner, and returns it as the other's.
func onboardedBy(next forward, q *request, when bool) *response {
	a := next(q)
	if !when || a.code() != "FORBIDDEN" {
		return a
	}
	c := q.anew("for-another")
	c.put("/provider/owner_actor", a.at("/error/details/actor"))
	a = next(c)
	a.put("/provider/owner_actor", q.at("/provider/owner_actor"))
	return a
}

// onboardedAs onboards a provider under another id, and returns it with this one.
func onboardedAs(next forward, q *request, id string) *response {
	c := q.anew("again")
	c.put("/provider/provider_id", id+"-again")
	a := next(c)
	a.put("/provider/provider_id", id)
	return a
}

// useUp onboards a provider of no name, so that the next id is used.
func useUp(next forward, q *request) {
	next(q.as("nobody").mayAll().post("/partner-liquidity-providers", `{"provider": {
		"owner_actor": {"type": "partner", "id": "nobody"}, "external_provider_id": "x", "legal_entity_name": "x",
		"trust_contact_email": "a@b", "segment_tier": "S0", "disclosure_text": "x"}}`))
}

// notMovedBy lets get show the updated_at that the provider had before a write of one operation.
func notMovedBy(operation string) func() handle {
	return func() handle {
		before := &notes[string]{}
		return func(next forward, q *request) *response {
			if q.operation == operation {
				before.write(q.provider, text(next(q.get(q.provider)).at("/provider/updated_at")))
			}
			a := next(q)
			if at, ok := before.read(q.provider); ok && q.operation == toGet {
				a.put("/provider/updated_at", at)
			}
			return a
		}
	}
}
