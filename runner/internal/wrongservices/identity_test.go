//go:build !race

package wrongservices

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// identityLies are about who calls, what it may do, and which time it is for that call.
var identityLies = []lie{
	// ---- nobody ----
	{
		name: "nobody-let-in",
		says: "Who brings no identity is taken for the owner of the provider.",
		rule: "identity-is-required",
		red:  []string{"<operation> without identity is refused > partnerLiquidityProvider.get"},
		tell: func() teller {
			known := &owners{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
				known.listen(q, a)
				if owner, ok := known.read(q.provider); ok && a.status == http.StatusUnauthorized {
					return honest(q.as(owner))
				}
				return a
			}
		},
	},
	{
		name: "nobody-forbidden",
		says: "Who brings no identity is FORBIDDEN instead of UNAUTHORIZED.",
		rule: "identity-is-required",
		red:  []string{"<operation> without identity is refused > partnerLiquidityProvider.rollout.export"},
		tell: instead(everywhere, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.status == http.StatusUnauthorized {
				return refusal(q, http.StatusForbidden, "FORBIDDEN", "",
					map[string]any{"actor_type": "nobody", "allowed_actor_types": []string{"partner"}})
			}
			return a
		}),
	},
	{
		name:   "wrong-status-for-nobody",
		says:   "UNAUTHORIZED comes with the status 403.",
		rule:   "identity-is-required",
		red:    []string{"<operation> without identity is refused > partnerLiquidityProvider.onboard"},
		checks: []string{"declared-outcome"},
		tell: answering(everywhere, func(_ *question, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.status = http.StatusForbidden
			}
		}),
	},
	{
		name: "nobody-acts-unseen",
		says: "What comes without an identity is refused, and recorded all the same.",
		rule: "identity-is-required",
		red:  []string{"What nobody sends changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.status == http.StatusUnauthorized }),
	},
	{
		name: "authorization-is-an-identity",
		says: "A bearer of a partner's id is that partner.",
		rule: "identity-is-required",
		red:  []string{"<what> names nobody > Authorization alone | absent | absent | absent | Bearer {me}"},
		tell: asking(everywhere, func(q *question) {
			if bearer, ok := strings.CutPrefix(q.header.Get("Authorization"), "Bearer "); ok && q.header.Get("X-Actor-Type") == "" {
				q.header.Set("X-Partner-Key", bearer)
			}
		}),
	},
	{
		name: "id-without-a-type",
		says: "An actor without a type is a partner.",
		rule: "identity-is-required",
		red:  []string{"<what> names nobody > An id without a type | absent | {me} | absent | absent"},
		tell: asking(everywhere, func(q *question) {
			if q.header.Get("X-Actor-Id") != "" && q.header.Get("X-Actor-Type") == "" {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name: "partner-key-stands-in-for-the-id",
		says: "A type without an id is completed by the partner key.",
		rule: "identity-is-required",
		red:  []string{"<what> names nobody > A type without an id, beside a partner key | partner | absent | {me} | absent"},
		tell: asking(everywhere, func(q *question) {
			if q.header.Get("X-Actor-Id") == "" && q.header.Get("X-Partner-Key") != "" {
				q.header.Del("X-Actor-Type")
			}
		}),
	},
	{
		name: "key-looked-for-first",
		says: "A missing idempotency key is told before a missing identity.",
		rule: "identity-is-required",
		red:  []string{"A missing identity is told before a missing idempotency key"},
		tell: instead(toOnboard, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.status == http.StatusUnauthorized && q.key() == "" {
				return honest(q.as("anybody"))
			}
			return a
		}),
	},

	// ---- types and scopes ----
	{
		name: "unknown-type-let-in",
		says: "A robot is a partner.",
		rule: "actor-is-partner",
		red:  []string{"The actor type <type> is refused, and named > robot"},
		tell: asking(everywhere, func(q *question) {
			if q.header.Get("X-Actor-Type") == "robot" {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name: "types-in-any-case",
		says: "PARTNER is a partner.",
		rule: "actor-is-partner",
		red:  []string{"The actor type <type> is refused, and named > PARTNER"},
		tell: asking(everywhere, func(q *question) {
			if actor := q.header.Get("X-Actor-Type"); actor != "" {
				q.header.Set("X-Actor-Type", strings.ToLower(actor))
			}
		}),
	},
	{
		name: "user-let-in",
		says: "A user may upsert the status of the provider that a partner of the same id owns.",
		rule: "actor-is-partner",
		red:  []string{"A user may not call <operation> > partnerLiquidityProvider.status.upsert"},
		tell: asking(toStatus, func(q *question) { q.header.Set("X-Actor-Type", "partner") }),
	},
	{
		name: "user-acts-unseen",
		says: "What a user sends is refused, and recorded all the same.",
		rule: "actor-is-partner",
		red:  []string{"What a user sends changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.has("/error/details/actor_type") }),
	},
	{
		name:   "allowed-types-not-told",
		says:   "A refused actor is not told which types are allowed.",
		rule:   "actor-is-partner",
		red:    []string{"A user may not call <operation> > partnerLiquidityProvider.get"},
		checks: []string{"details"},
		tell:   answering(everywhere, func(_ *question, a *answer) { a.drop("/error/details/allowed_actor_types") }),
	},
	{
		name: "scopes-not-looked-at",
		says: "Everybody has every scope.",
		rule: "scope-is-held",
		red: []string{
			"<operation> is refused with <held> alone > partnerLiquidityProvider.get | settlement:write | settlement:read",
			"A missing scope is told before an invalid request",
		},
		tell: instead(everywhere, func(honest ask, q *question) *answer { return honest(q.mayAll()) }),
	},
	{
		name: "reading-is-enough-to-write",
		says: "Who may read may onboard.",
		rule: "scope-is-held",
		red:  []string{"<operation> is refused with <held> alone > partnerLiquidityProvider.onboard | settlement:read | settlement:write"},
		tell: asking(toOnboard, func(q *question) {
			if strings.Contains(q.header.Get("X-Auth-Scopes"), "settlement:read") {
				q.header.Add("X-Auth-Scopes", "settlement:write")
			}
		}),
	},
	{
		name: "scopeless-acts-unseen",
		says: "What is sent without the scope is refused, and recorded all the same.",
		rule: "scope-is-held",
		red:  []string{"What is sent without the scope changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.code() == "INSUFFICIENT_SCOPE" }),
	},
	{
		name: "scopes-not-sorted",
		says: "The provided scopes are told in the order in which they came.",
		rule: "scope-is-held",
		red:  []string{`The scopes "<sent>" are told as <provided> > b,a | ["a","b"]`},
		tell: answering(everywhere, func(_ *question, a *answer) {
			if provided := list(a.at("/error/details/provided_scopes")); len(provided) > 1 {
				slices.Reverse(provided)
				a.put("/error/details/provided_scopes", provided)
			}
		}),
	},
	{
		name: "scope-checked-after-the-provider",
		says: "An unknown provider is told before a missing scope.",
		rule: "scope-is-held",
		red:  []string{"A missing scope is told before an unknown provider"},
		tell: instead(toGet, func(honest ask, q *question) *answer {
			if a := honest(q.mayAll()); a.status == http.StatusNotFound {
				return a
			}
			return honest(q)
		}),
	},

	// ---- owners ----
	{
		name: "stranger-let-in-to-get",
		says: "Any partner may see any provider.",
		rule: "provider-is-owned",
		red:  []string{"<operation> of another's provider is refused > partnerLiquidityProvider.get"},
		tell: lettingIn(toGet),
	},
	{
		name: "stranger-let-in-to-export",
		says: "Any partner may export any provider's audit.",
		rule: "provider-is-owned",
		red:  []string{"<operation> of another's provider is refused > partnerLiquidityProvider.rollout.export"},
		tell: lettingIn(toExport),
	},
	{
		name: "stranger-let-in-to-status",
		says: "Any partner may upsert any provider's status.",
		rule: "provider-is-owned",
		red:  []string{"<operation> of another's provider is refused > partnerLiquidityProvider.status.upsert"},
		tell: lettingIn(toStatus),
	},
	{
		name: "stranger-acts-unseen",
		says: "What a stranger sends is refused, and recorded all the same.",
		rule: "provider-is-owned",
		red:  []string{"What a stranger sends changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.code() == "FORBIDDEN" }),
	},
	{
		name: "owner-named",
		says: "The refusal of another's provider says whose it is.",
		rule: "provider-is-owned",
		red:  []string{"<operation> of another's provider is refused > partnerLiquidityProvider.get"},
		tell: func() teller {
			known := &owners{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
				known.listen(q, a)
				if owner, ok := known.read(q.provider); ok && a.code() == "FORBIDDEN" {
					a.put("/error/details/owner_actor", map[string]any{"type": "partner", "id": owner})
				}
				return a
			}
		},
	},
	{
		name: "anothers-provider-unknown",
		says: "Another's provider is NOT_FOUND, so that nobody learns of it.",
		rule: "provider-is-owned",
		red:  []string{"<operation> of another's provider is refused > partnerLiquidityProvider.eligibility.evaluate"},
		tell: instead(everywhere, func(honest ask, q *question) *answer {
			a := honest(q)
			if q.provider != "" && a.code() == "FORBIDDEN" {
				return refusal(q, http.StatusNotFound, "NOT_FOUND", reasonNotFound, map[string]any{"provider_id": q.provider})
			}
			return a
		}),
	},
	{
		name: "owners-in-any-case",
		says: "A partner's id in another case is the same partner.",
		rule: "provider-is-owned",
		red:  []string{"An owner's id in another case is another partner"},
		tell: func() teller {
			known := &owners{}
			return func(honest ask, q *question) *answer {
				owner, ok := known.read(q.provider)
				if ok && strings.EqualFold(owner, q.header.Get("X-Actor-Id")) {
					q = q.as(owner)
				}
				a := honest(q)
				known.listen(q, a)
				return a
			}
		},
	},

	// ---- key mode ----
	{
		name: "unknown-key-let-in",
		says: "A key that nobody has opens a provider.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode <what> is refused > a key that nobody has | …"},
		tell: withKey(func(key string) bool { return strings.HasPrefix(key, "lpk_example_amber_0000") }),
	},
	{
		name: "beginning-of-a-key-let-in",
		says: "A key is known by how it begins.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode <what> is refused > the beginning of a key | …"},
		tell: withKey(func(key string) bool { return len(key) > 4 && strings.HasPrefix(amber, key) }),
	},
	{
		name: "keys-in-any-case",
		says: "A key in another case is the same key.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode <what> is refused > a key in another case | …"},
		tell: withKey(func(key string) bool { return strings.EqualFold(key, amber) }),
	},
	{
		name: "unknown-key-acts-unseen",
		says: "What is sent with an unknown key is refused, and recorded all the same.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode what is sent with an unknown key changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.status == http.StatusUnauthorized }),
	},
	{
		name: "actor-headers-read-in-key-mode",
		says: "In key mode a caller that calls itself a user is one.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode a known key is enough, <what> > although the headers name a user | user | someone | settlement:read"},
		tell: instead(toGet, func(honest ask, q *question) *answer {
			if a := honest(q); a.status != http.StatusOK || q.header.Get("X-Actor-Type") != "user" {
				return a
			}
			return refusal(q, http.StatusForbidden, "FORBIDDEN", "",
				map[string]any{"actor_type": "user", "allowed_actor_types": []string{"partner"}})
		}),
	},
	{
		name: "scope-headers-read-in-key-mode",
		says: "In key mode the scope headers take scopes away from a key.",
		rule: "partner-key-is-known",
		red:  []string{"In key mode a known key is enough, <what> > although the headers lack a scope | partner | partner-amber | nothing"},
		tell: instead(toGet, func(honest ask, q *question) *answer {
			if a := honest(q); a.status != http.StatusOK || q.header.Get("X-Auth-Scopes") != "nothing" {
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
		name: "partner-key-wins-over-the-type",
		says: "X-Partner-Key is read before X-Actor-Type.",
		rule: "identity-headers-are-read-in-order",
		red:  []string{"I am read from <what> > the type and the id before the partner key | partner | {me} | {stranger} | absent"},
		tell: asking(everywhere, func(q *question) {
			if q.header.Get("X-Partner-Key") != "" {
				q.header.Del("X-Actor-Type")
			}
		}),
	},
	{
		name: "id-wins-over-the-partner-key",
		says: "An X-Actor-Id without a type is read before X-Partner-Key.",
		rule: "identity-headers-are-read-in-order",
		red:  []string{"I am read from <what> > the partner key before an id without a type | absent | {stranger} | {me} | absent"},
		tell: asking(everywhere, func(q *question) {
			if q.header.Get("X-Actor-Id") != "" && len(q.header["X-Actor-Type"]) == 0 {
				q.header.Set("X-Actor-Type", "partner")
			}
		}),
	},
	{
		name: "x-scopes-ignored",
		says: "X-Scopes is never read.",
		rule: "identity-headers-are-read-in-order",
		red: []string{
			"A scope is found <where> > in X-Scopes when X-Auth-Scopes is absent | absent | settlement:read",
			"Repeated lines of <header> are joined > X-Scopes",
		},
		tell: asking(everywhere, func(q *question) { q.header.Del("X-Scopes") }),
	},
	{
		name: "x-scopes-added",
		says: "X-Scopes is read beside X-Auth-Scopes.",
		rule: "identity-headers-are-read-in-order",
		red:  []string{"X-Scopes is not read beside X-Auth-Scopes"},
		tell: asking(everywhere, func(q *question) {
			for _, scopes := range q.header.Values("X-Scopes") {
				q.header.Add("X-Auth-Scopes", scopes)
			}
		}),
	},
	{
		name: "first-line-alone-read",
		says: "Of a header that comes twice the first line counts.",
		rule: "identity-headers-are-read-in-order",
		red:  []string{"Repeated lines of <header> are joined > X-Auth-Scopes"},
		tell: asking(everywhere, func(q *question) {
			if lines := q.header.Values("X-Auth-Scopes"); len(lines) > 1 {
				q.header.Set("X-Auth-Scopes", lines[0])
			}
		}),
	},
	{
		name: "scopes-not-split-at-spaces",
		says: "Only commas separate scopes.",
		rule: "identity-headers-are-read-in-order",
		red:  []string{"A scope is found <where> > behind a space | other settlement:read | absent"},
		tell: asking(toGet, func(q *question) {
			if scopes := q.header.Get("X-Auth-Scopes"); strings.Contains(scopes, "other settlement") {
				q.header.Set("X-Auth-Scopes", strings.ReplaceAll(scopes, " ", "_"))
			}
		}),
	},

	// ---- clocks ----
	{
		name: "unreadable-clock-ignored",
		says: "An X-Now-Iso that is no time is ignored.",
		rule: "now-is-readable",
		red: []string{
			"The X-Now-Iso <now> is refused > 2026-02-30T16:00:00Z",
			"<operation> without recorded_at needs a readable X-Now-Iso > partnerLiquidityProvider.rollout.export",
		},
		tell: asking(everywhere, func(q *question) {
			if !isTime(q.header.Get("X-Now-Iso")) {
				q.header.Del("X-Now-Iso")
			}
		}),
	},
	{
		name: "clock-stays-set",
		says: "X-Now-Iso sets the clock for the requests that follow, too.",
		rule: "now-is-readable",
		red:  []string{"X-Now-Iso is for one request alone"},
		tell: func() teller {
			last := &notes[string]{}
			return func(honest ask, q *question) *answer {
				if now := q.header.Get("X-Now-Iso"); isTime(now) {
					last.write("now", now)
				} else if now, ok := last.read("now"); ok && len(q.header["X-Now-Iso"]) == 0 {
					q.header.Set("X-Now-Iso", now)
				}
				return honest(q)
			}
		},
	},
	{
		name: "header-wins-over-now-iso",
		says: "On export X-Now-Iso wins over now_iso.",
		rule: "now-is-readable",
		red:  []string{"X-Now-Iso is when an export happens, and now_iso wins over it"},
		tell: asking(toExport, func(q *question) {
			if q.header.Get("X-Now-Iso") != "" {
				q.setQuery("now_iso", "")
			}
		}),
	},
	{
		name:   "unreadable-clock-refused-on-get",
		says:   "Get refuses an X-Now-Iso that is no time.",
		rule:   "now-is-readable",
		red:    []string{"An unreadable X-Now-Iso is ignored on get"},
		checks: []string{"declared-outcome"},
		tell: instead(toGet, func(honest ask, q *question) *answer {
			if now := q.header.Get("X-Now-Iso"); now != "" && !isTime(now) {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return honest(q)
		}),
	},
	{
		name: "unreadable-clock-not-stored",
		says: "The refusal of an X-Now-Iso that is no time is not kept under the idempotency key.",
		rule: "now-is-readable",
		red:  []string{"The refusal of an unreadable X-Now-Iso is stored"},
		tell: instead(toOnboard, func(honest ask, q *question) *answer {
			if now := q.header.Get("X-Now-Iso"); now != "" && !isTime(now) {
				return honest(q.anew("unreadable"))
			}
			return honest(q)
		}),
	},
	{
		name: "test-clock-not-off",
		says: "X-Now-Iso counts although the test clocks are off.",
		rule: "test-clocks-can-be-off",
		red: []string{
			"With test clocks off the X-Now-Iso <now> is ignored by <operation> > partnerLiquidityProvider.onboard | 1999-01-01T00:00:00Z | /provider/created_at",
		},
		tell: answering(toOnboard, func(q *question, a *answer) {
			if now := q.header.Get("X-Now-Iso"); isTime(now) {
				a.put("/provider/created_at", shifted(now, 0))
				a.put("/provider/updated_at", shifted(now, 0))
			}
		}),
	},
	{
		name: "exported-at-not-off",
		says: "exported_at_iso counts although the test clocks are off.",
		rule: "test-clocks-can-be-off",
		red:  []string{"With test clocks off <query> = <value> is ignored > exported_at_iso | 2999-01-01T00:00:00Z"},
		tell: forging(forgery{content: func(q *question, page *answer) {
			if at := q.query("exported_at_iso"); isTime(at) {
				page.put("/export/exported_at", shifted(at, 0))
			}
		}}),
	},
	{
		name: "unreadable-clock-refused-although-off",
		says: "A now_iso that is no time is refused although the test clocks are off.",
		rule: "test-clocks-can-be-off",
		red:  []string{"With test clocks off <query> = <value> is ignored > now_iso | yesterday"},
		tell: instead(toExport, func(honest ask, q *question) *answer {
			if now := q.query("now_iso"); now != "" && !isTime(now) {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return honest(q)
		}),
	},
}

// lettingIn serves strangers as if they were the owner.
func lettingIn(operation string) func() teller {
	return func() teller {
		known := &owners{}
		return func(honest ask, q *question) *answer {
			a := honest(q)
			known.listen(q, a)
			if owner, ok := known.read(q.provider); ok && q.operation == operation && a.code() == "FORBIDDEN" {
				return honest(q.as(owner))
			}
			return a
		}
	}
}

// amber is a partner key of the fixtures.
const amber = "lpk_example_amber_2f6c1d9b7e304a58"

// withKey takes other keys for it.
func withKey(taken func(key string) bool) func() teller {
	return asking(everywhere, func(q *question) {
		if taken(q.header.Get("X-Partner-Key")) {
			q.header.Set("X-Partner-Key", amber)
		}
	})
}

// isTime tells what time.Parse can read.
func isTime(at string) bool {
	_, err := time.Parse(time.RFC3339, strings.ToUpper(at))
	return err == nil
}
