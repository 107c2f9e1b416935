//go:build !race

package wrongservices

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// onboardNewServices continues [onboardServices].
var onboardNewServices = []wrongService{
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
