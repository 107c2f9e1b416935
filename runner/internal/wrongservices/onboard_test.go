//go:build !race

package wrongservices

import (
	"net/http"
	"strings"
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
}
