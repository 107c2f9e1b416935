//go:build !race

package wrongservices

import (
	"net/http"
	"slices"
	"strings"
	"time"
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

	// ---- key mode ----
	{
		name:     "unknown-key-let-in",
		fault:    "An unknown key gives access to a provider.",
		rule:     "partner-key-is-known",
		fails:    []string{"In key mode <what> is refused > a key that nobody has | …"},
		behavior: withKey(func(key string) bool { return strings.HasPrefix(key, "lpk_example_amber_0000") }),
	},
	{
		name:     "beginning-of-a-key-let-in",
		fault:    "A key is known by how it begins.",
		rule:     "partner-key-is-known",
		fails:    []string{"In key mode <what> is refused > the beginning of a key | …"},
		behavior: withKey(func(key string) bool { return len(key) > 4 && strings.HasPrefix(amber, key) }),
	},
	{
		name:     "keys-in-any-case",
		fault:    "A key in another case is the same key.",
		rule:     "partner-key-is-known",
		fails:    []string{"In key mode <what> is refused > a key in another case | …"},
		behavior: withKey(func(key string) bool { return strings.EqualFold(key, amber) }),
	},
	{
		name:     "unknown-key-acts-unseen",
		fault:    "What is sent with an unknown key is refused, and recorded all the same.",
		rule:     "partner-key-is-known",
		fails:    []string{"In key mode what is sent with an unknown key changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.status == http.StatusUnauthorized }),
	},
	{
		name:  "actor-headers-read-in-key-mode",
		fault: "In key mode a caller that calls itself a user is one.",
		rule:  "partner-key-is-known",
		fails: []string{"In key mode a known key is enough, <what> > although the headers name a user | user | someone | settlement:read"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if a := next(q); a.status != http.StatusOK || q.header.Get("X-Actor-Type") != "user" {
				return a
			}
			return refusal(q, http.StatusForbidden, "FORBIDDEN", "",
				map[string]any{"actor_type": "user", "allowed_actor_types": []string{"partner"}})
		}),
	},
	{
		name:  "scope-headers-read-in-key-mode",
		fault: "In key mode the scope headers take scopes away from a key.",
		rule:  "partner-key-is-known",
		fails: []string{"In key mode a known key is enough, <what> > although the headers lack a scope | partner | partner-amber | nothing"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if a := next(q); a.status != http.StatusOK || q.header.Get("X-Auth-Scopes") != "nothing" {
				return a
			}
			needed := []string{"settlement:read"}
			return refusal(q, http.StatusForbidden, "INSUFFICIENT_SCOPE", "", map[string]any{
				"operation_id": toGet, "required_scopes": needed, "missing_scopes": needed, "provided_scopes": []string{"nothing"},
			})
		}),
	},

	// ---- the order of the headers ----
	{
		name:  "partner-key-wins-over-the-type",
		fault: "X-Partner-Key is read before X-Actor-Type.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{"I am read from <what> > the type and the id before the partner key | partner | {me} | {stranger} | absent"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Partner-Key") != "" {
				q.header.Del("X-Actor-Type")
			}
		}),
	},
	{
		name:  "id-wins-over-the-partner-key",
		fault: "An X-Actor-Id without a type is read before X-Partner-Key.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{"I am read from <what> > the partner key before an id without a type | absent | {stranger} | {me} | absent"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.header.Get("X-Actor-Id") != "" && len(q.header["X-Actor-Type"]) == 0 {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name:  "x-scopes-ignored",
		fault: "X-Scopes is never read.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{
			"A scope is found <where> > in X-Scopes when X-Auth-Scopes is absent | absent | settlement:read",
			"Repeated lines of <header> are joined > X-Scopes",
		},
		behavior: changingRequest(anyOperation, func(q *request) { q.header.Del("X-Scopes") }),
	},
	{
		name:  "x-scopes-added",
		fault: "X-Scopes is read beside X-Auth-Scopes.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{"X-Scopes is not read beside X-Auth-Scopes"},
		behavior: changingRequest(anyOperation, func(q *request) {
			for _, scopes := range q.header.Values("X-Scopes") {
				q.header.Add("X-Auth-Scopes", scopes)
			}
		}),
	},
	{
		name:  "first-line-alone-read",
		fault: "Of a header that comes twice the first line counts.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{"Repeated lines of <header> are joined > X-Auth-Scopes"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if lines := q.header.Values("X-Auth-Scopes"); len(lines) > 1 {
				q.header.Set("X-Auth-Scopes", lines[0])
			}
		}),
	},
	{
		name:  "scopes-not-split-at-spaces",
		fault: "Only commas separate scopes.",
		rule:  "identity-headers-are-read-in-order",
		fails: []string{"A scope is found <where> > behind a space | other settlement:read | absent"},
		behavior: changingRequest(toGet, func(q *request) {
			if scopes := q.header.Get("X-Auth-Scopes"); strings.Contains(scopes, "other settlement") {
				q.header.Set("X-Auth-Scopes", strings.ReplaceAll(scopes, " ", "_"))
			}
		}),
	},

	// ---- clocks ----
	{
		name:  "unreadable-clock-ignored",
		fault: "An X-Now-Iso that is no time is ignored.",
		rule:  "now-is-readable",
		fails: []string{
			"The X-Now-Iso <now> is refused > 2026-02-30T16:00:00Z",
			"<operation> without recorded_at needs a readable X-Now-Iso > partnerLiquidityProvider.rollout.export",
		},
		behavior: changingRequest(anyOperation, func(q *request) {
			if !isTime(q.header.Get("X-Now-Iso")) {
				q.header.Del("X-Now-Iso")
			}
		}),
	},
	{
		name:  "clock-stays-set",
		fault: "X-Now-Iso sets the clock for the requests that follow, too.",
		rule:  "now-is-readable",
		fails: []string{"X-Now-Iso is for one request alone"},
		behavior: func() handle {
			last := &notes[string]{}
			return func(next forward, q *request) *response {
				if now := q.header.Get("X-Now-Iso"); isTime(now) {
					last.write("now", now)
				} else if now, ok := last.read("now"); ok && len(q.header["X-Now-Iso"]) == 0 {
					q.header.Set("X-Now-Iso", now)
				}
				return next(q)
			}
		},
	},
	{
		name:  "header-wins-over-now-iso",
		fault: "On export X-Now-Iso wins over now_iso.",
		rule:  "now-is-readable",
		fails: []string{"X-Now-Iso is when an export happens, and now_iso wins over it"},
		behavior: changingRequest(toExport, func(q *request) {
			if q.header.Get("X-Now-Iso") != "" {
				q.setQuery("now_iso", "")
			}
		}),
	},
	{
		name:   "unreadable-clock-refused-on-get",
		fault:  "Get refuses an X-Now-Iso that is no time.",
		rule:   "now-is-readable",
		fails:  []string{"An unreadable X-Now-Iso is ignored on get"},
		checks: []string{"declared-outcome"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if now := q.header.Get("X-Now-Iso"); now != "" && !isTime(now) {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return next(q)
		}),
	},
	{
		name:  "unreadable-clock-not-stored",
		fault: "The refusal of an X-Now-Iso that is no time is not kept under the idempotency key.",
		rule:  "now-is-readable",
		fails: []string{"The refusal of an unreadable X-Now-Iso is stored"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			if now := q.header.Get("X-Now-Iso"); now != "" && !isTime(now) {
				return next(q.anew("unreadable"))
			}
			return next(q)
		}),
	},
	{
		name:  "test-clock-not-off",
		fault: "X-Now-Iso counts although the test clocks are off.",
		rule:  "test-clocks-can-be-off",
		fails: []string{
			"With test clocks off the X-Now-Iso <now> is ignored by <operation> > partnerLiquidityProvider.onboard | 1999-01-01T00:00:00Z | /provider/created_at",
		},
		behavior: changingResponse(toOnboard, func(q *request, a *response) {
			if now := q.header.Get("X-Now-Iso"); isTime(now) {
				a.put("/provider/created_at", shifted(now, 0))
				a.put("/provider/updated_at", shifted(now, 0))
			}
		}),
	},
	{
		name:  "exported-at-not-off",
		fault: "exported_at_iso counts although the test clocks are off.",
		rule:  "test-clocks-can-be-off",
		fails: []string{"With test clocks off <query> = <value> is ignored > exported_at_iso | 2999-01-01T00:00:00Z"},
		behavior: forging(forgery{content: func(q *request, page *response) {
			if at := q.query("exported_at_iso"); isTime(at) {
				page.put("/export/exported_at", shifted(at, 0))
			}
		}}),
	},
	{
		name:  "unreadable-clock-refused-although-off",
		fault: "A now_iso that is no time is refused although the test clocks are off.",
		rule:  "test-clocks-can-be-off",
		fails: []string{"With test clocks off <query> = <value> is ignored > now_iso | yesterday"},
		behavior: replacing(toExport, func(next forward, q *request) *response {
			if now := q.query("now_iso"); now != "" && !isTime(now) {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return next(q)
		}),
	},
}

// lettingIn serves strangers as if they were the owner.
func lettingIn(operation string) func() handle {
	return func() handle {
		known := &owners{}
		return func(next forward, q *request) *response {
			a := next(q)
			known.record(q, a)
			if owner, ok := known.read(q.provider); ok && q.operation == operation && a.code() == "FORBIDDEN" {
				return next(q.as(owner))
			}
			return a
		}
	}
}

// amber is a partner key of the fixtures.
const amber = "lpk_example_amber_2f6c1d9b7e304a58"

// withKey takes other keys for it.
func withKey(taken func(key string) bool) func() handle {
	return changingRequest(anyOperation, func(q *request) {
		if taken(q.header.Get("X-Partner-Key")) {
			q.header.Set("X-Partner-Key", amber)
		}
	})
}

// isTime reports whether time.Parse accepts a text.
func isTime(at string) bool {
	_, err := time.Parse(time.RFC3339, strings.ToUpper(at))
	return err == nil
}
