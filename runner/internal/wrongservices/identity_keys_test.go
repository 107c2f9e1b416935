//go:build !race

package wrongservices

import (
	"net/http"
	"strings"
)

// identityKeysServices continues [identityServices].
var identityKeysServices = []wrongService{
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
