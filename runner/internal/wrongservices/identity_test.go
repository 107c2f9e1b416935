//go:build !race

package wrongservices

import (
	"net/http"
	"slices"
	"strings"
)

// identityServices are about who calls, what it may do, and which time it is for that call.
var identityServices = []wrongService{
	// ---- no identity ----
	{
		name:  "anonymous-accepted",
		fault: "Who brings no identity is taken for the owner of the provider.",
		rule:  "identity-is-required",
		fails: []string{"<operation> without identity is refused > partnerLiquidityProvider.get"},
		behavior: func() handle {
			known := &owners{}
			return func(next forward, q *request) *response {
				a := next(q)
				known.record(q, a)
				if owner, ok := known.read(q.provider); ok && a.status == http.StatusUnauthorized {
					return next(q.as(owner))
				}
				return a
			}
		},
	},
	{
		name:  "anonymous-forbidden",
		fault: "Who brings no identity is FORBIDDEN instead of UNAUTHORIZED.",
		rule:  "identity-is-required",
		fails: []string{"<operation> without identity is refused > partnerLiquidityProvider.rollout.export"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if a.status == http.StatusUnauthorized {
				return refusal(q, http.StatusForbidden, "FORBIDDEN", "",
					map[string]any{"actor_type": "nobody", "allowed_actor_types": []string{"partner"}})
			}
			return a
		}),
	},
	{
		name:   "wrong-status-for-anonymous",
		fault:  "UNAUTHORIZED comes with the status 403.",
		rule:   "identity-is-required",
		fails:  []string{"<operation> without identity is refused > partnerLiquidityProvider.onboard"},
		checks: []string{"declared-outcome"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.status == http.StatusUnauthorized {
				a.status = http.StatusForbidden
			}
		}),
	},
	{
		name:     "anonymous-writes",
		fault:    "What comes without an identity is refused, and recorded all the same.",
		rule:     "identity-is-required",
		fails:    []string{"What nobody sends changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.status == http.StatusUnauthorized }),
	},
	{
		name:  "authorization-is-an-identity",
		fault: "A bearer of a partner's id is that partner.",
		rule:  "identity-is-required",
		fails: []string{"<what> names nobody > Authorization alone | absent | absent | absent | Bearer {me}"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if bearer, ok := strings.CutPrefix(q.header.Get("Authorization"), "Bearer "); ok && q.header.Get("X-Actor-Type") == "" {
				q.header.Set("X-Partner-Key", bearer)
			}
		}),
	},
	{
		name:  "id-without-a-type",
		fault: "An actor without a type is a partner.",
		rule:  "identity-is-required",
		fails: []string{"<what> names nobody > An id without a type | absent | {me} | absent | absent"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Actor-Id") != "" && q.header.Get("X-Actor-Type") == "" {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name:  "partner-key-replaces-the-id",
		fault: "A type without an id is completed by the partner key.",
		rule:  "identity-is-required",
		fails: []string{"<what> names nobody > A type without an id, beside a partner key | partner | absent | {me} | absent"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Actor-Id") == "" && q.header.Get("X-Partner-Key") != "" {
				q.header.Del("X-Actor-Type")
			}
		}),
	},
	{
		name:  "key-looked-for-first",
		fault: "A missing idempotency key is reported before a missing identity.",
		rule:  "identity-is-required",
		fails: []string{"A missing identity is told before a missing idempotency key"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			a := next(q)
			if a.status == http.StatusUnauthorized && q.key() == "" {
				return next(q.as("anybody"))
			}
			return a
		}),
	},

	// ---- types and scopes ----
	{
		name:  "unknown-type-let-in",
		fault: "A robot is a partner.",
		rule:  "actor-is-partner",
		fails: []string{"The actor type <type> is refused, and named > robot"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Actor-Type") == "robot" {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name:  "types-in-any-case",
		fault: "PARTNER is a partner.",
		rule:  "actor-is-partner",
		fails: []string{"The actor type <type> is refused, and named > PARTNER"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if actor := q.header.Get("X-Actor-Type"); actor != "" {
				q.header.Set("X-Actor-Type", strings.ToLower(actor))
			}
		}),
	},
	{
		name:     "user-let-in",
		fault:    "A user may upsert the status of the provider that a partner of the same id owns.",
		rule:     "actor-is-partner",
		fails:    []string{"A user may not call <operation> > partnerLiquidityProvider.status.upsert"},
		behavior: changingRequest(toStatus, func(q *request) { q.header.Set("X-Actor-Type", "partner") }),
	},
	{
		name:     "user-acts-unseen",
		fault:    "What a user sends is refused, and recorded all the same.",
		rule:     "actor-is-partner",
		fails:    []string{"What a user sends changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.has("/error/details/actor_type") }),
	},
	{
		name:     "allowed-types-missing",
		fault:    "The refusal of an actor lacks the allowed types.",
		rule:     "actor-is-partner",
		fails:    []string{"A user may not call <operation> > partnerLiquidityProvider.get"},
		checks:   []string{"details"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) { a.drop("/error/details/allowed_actor_types") }),
	},
	{
		name:  "scopes-not-looked-at",
		fault: "Everybody has every scope.",
		rule:  "scope-is-held",
		fails: []string{
			"<operation> is refused with <held> alone > partnerLiquidityProvider.get | settlement:write",
			"A missing scope is told before an invalid request",
		},
		behavior: replacing(anyOperation, func(next forward, q *request) *response { return next(q.mayAll()) }),
	},
	{
		name:  "reading-is-enough-to-write",
		fault: "Who may read may onboard.",
		rule:  "scope-is-held",
		fails: []string{"<operation> is refused with <held> alone > partnerLiquidityProvider.onboard | settlement:read"},
		behavior: changingRequest(toOnboard, func(q *request) {
			if strings.Contains(q.header.Get("X-Auth-Scopes"), "settlement:read") {
				q.header.Add("X-Auth-Scopes", "settlement:write")
			}
		}),
	},
	{
		name:     "scopeless-acts-unseen",
		fault:    "What is sent without the scope is refused, and recorded all the same.",
		rule:     "scope-is-held",
		fails:    []string{"What is sent without the scope changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.code() == "INSUFFICIENT_SCOPE" }),
	},
	{
		name:  "scopes-not-sorted",
		fault: "The provided scopes are in the order in which they were sent.",
		rule:  "scope-is-held",
		fails: []string{`The scopes "<sent>" are told as <provided> > b,a | ["a","b"]`},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if provided := list(a.at("/error/details/provided_scopes")); len(provided) > 1 {
				slices.Reverse(provided)
				a.put("/error/details/provided_scopes", provided)
			}
		}),
	},
	{
		name:  "scope-checked-after-the-provider",
		fault: "An unknown provider is reported before a missing scope.",
		rule:  "scope-is-held",
		fails: []string{"A missing scope is told before an unknown provider"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if a := next(q.mayAll()); a.status == http.StatusNotFound {
				return a
			}
			return next(q)
		}),
	},

	// ---- owners ----
	{
		name:     "stranger-let-in-to-get",
		fault:    "Any partner may see any provider.",
		rule:     "provider-is-owned",
		fails:    []string{"<operation> of another's provider is refused > partnerLiquidityProvider.get"},
		behavior: lettingIn(toGet),
	},
	{
		name:     "stranger-let-in-to-export",
		fault:    "Any partner may export any provider's audit.",
		rule:     "provider-is-owned",
		fails:    []string{"<operation> of another's provider is refused > partnerLiquidityProvider.rollout.export"},
		behavior: lettingIn(toExport),
	},
	{
		name:     "stranger-let-in-to-status",
		fault:    "Any partner may upsert any provider's status.",
		rule:     "provider-is-owned",
		fails:    []string{"<operation> of another's provider is refused > partnerLiquidityProvider.status.upsert"},
		behavior: lettingIn(toStatus),
	},
	{
		name:     "stranger-acts-unseen",
		fault:    "What a stranger sends is refused, and recorded all the same.",
		rule:     "provider-is-owned",
		fails:    []string{"What a stranger sends changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.code() == "FORBIDDEN" }),
	},
	{
		name:  "owner-named",
		fault: "The refusal of another's provider names the owner.",
		rule:  "provider-is-owned",
		fails: []string{"<operation> of another's provider names the provider and never its owner > partnerLiquidityProvider.get"},
		behavior: func() handle {
			known := &owners{}
			return func(next forward, q *request) *response {
				a := next(q)
				known.record(q, a)
				if owner, ok := known.read(q.provider); ok && a.code() == "FORBIDDEN" {
					a.put("/error/details/owner_actor", map[string]any{"type": "partner", "id": owner})
				}
				return a
			}
		},
	},
	{
		name:  "anothers-provider-unknown",
		fault: "Another's provider is NOT_FOUND.",
		rule:  "provider-is-owned",
		fails: []string{"<operation> of another's provider is refused > partnerLiquidityProvider.eligibility.evaluate"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if q.provider != "" && a.code() == "FORBIDDEN" {
				return refusal(q, http.StatusNotFound, "NOT_FOUND", reasonNotFound, map[string]any{"provider_id": q.provider})
			}
			return a
		}),
	},
	{
		name:  "owners-in-any-case",
		fault: "A partner's id in another case is the same partner.",
		rule:  "provider-is-owned",
		fails: []string{"An owner's id in another case is another partner"},
		behavior: func() handle {
			known := &owners{}
			return func(next forward, q *request) *response {
				owner, ok := known.read(q.provider)
				if ok && strings.EqualFold(owner, q.header.Get("X-Actor-Id")) {
					q = q.as(owner)
				}
				a := next(q)
				known.record(q, a)
				return a
			}
		},
	},
}
