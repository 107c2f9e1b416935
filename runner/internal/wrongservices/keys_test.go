//go:build !race

package wrongservices

import "net/http"

// keysServices are about what anybody may ask.
var keysServices = []wrongService{
	{
		name:  "active-key-missing",
		fault: "The key that signs is not published.",
		rule:  "keys-are-published",
		fails: []string{
			"The development key is the only one by default, and says what it is",
			"An export is signed with the active key, and verifies with it",
		},
		behavior: changingResponse(toKeys, func(_ *request, a *response) { a.put("/keys/0/key_id", "lpgate-dev-k0") }),
	},
	{
		name:  "public-key-changed",
		fault: "The published key is not the one that signs.",
		rule:  "keys-are-published",
		fails: []string{
			"The development key is the only one by default, and says what it is",
			"An export is signed with the active key, and verifies with it",
		},
		behavior: changingResponse(toKeys, func(_ *request, a *response) { a.put("/keys/0/public_key_pem", publicPEM("op-pi-k7")) }),
	},
	{
		name:     "private-key-published",
		fault:    "The private key is published in the place of the public one.",
		rule:     "keys-are-published",
		fails:    []string{"The development key is the only one by default, and says what it is"},
		checks:   []string{"schema"},
		failsAll: true, // each of them reads the keys
		behavior: changingResponse(toKeys, func(_ *request, a *response) {
			a.put("/keys/0/public_key_pem", string(fixture("keys/lpgate-dev-k1.pem")))
		}),
	},
	{
		name:   "keys-for-partners-only",
		fault:  "Who brings no identity may not read the keys.",
		rule:   "keys-are-published",
		fails:  []string{"The keys are public"},
		checks: []string{"declared-outcome"},
		behavior: replacing(toKeys, func(next forward, q *request) *response {
			if q.header.Get("X-Actor-Id") == "" {
				return refusal(q, http.StatusUnauthorized, "UNAUTHORIZED", "", nil)
			}
			return next(q)
		}),
	},
	{
		name:  "development-key-beside-the-operators",
		fault: "The development key is listed beside the operator's.",
		rule:  "operator-key-replaces-dev-key",
		fails: []string{"With an operator's key the development key is not listed"},
		behavior: changingResponse(toKeys, func(_ *request, a *response) {
			a.put("/keys", append(list(a.at("/keys")), map[string]any{
				"key_id": "lpgate-dev-k1", "alg": "ed25519", "public_key_pem": publicPEM("lpgate-dev-k1"), "status": "verify_only",
			}))
		}),
	},
	{
		name:     "both-keys-active",
		fault:    "The key before the operator's is active, too.",
		rule:     "operator-key-replaces-dev-key",
		fails:    []string{"The operator's key is active, and the one before it verifies only"},
		behavior: changingResponse(toKeys, func(_ *request, a *response) { a.put("/keys/1/status", "active") }),
	},
	{
		name:     "signed-with-the-development-key",
		fault:    "Exports are signed with the development key, although there is an operator's.",
		rule:     "operator-key-replaces-dev-key",
		fails:    []string{"With an operator's key exports are signed with it"},
		behavior: forging(forgery{signature: func(_ *request, page *response) { page.sign("lpgate-dev-k1") }}),
	},
	{
		name:     "health-for-partners-only",
		fault:    "Health requires an identity.",
		rule:     "health-is-public",
		fails:    []string{"Health is ok"},
		checks:   []string{"declared-outcome"},
		failsAll: true, // each of them asks for health
		behavior: replacing(toHealth, func(next forward, q *request) *response {
			if q.header.Get("X-Actor-Id") == "" {
				return refusal(q, http.StatusUnauthorized, "UNAUTHORIZED", "", nil)
			}
			return next(q)
		}),
	},
	{
		name:     "not-healthy",
		fault:    "The server answers that it is not well.",
		rule:     "health-is-public",
		fails:    []string{"Health is ok"},
		checks:   []string{"schema"},
		failsAll: true, // each of them asks for health
		behavior: changingResponse(toHealth, func(_ *request, a *response) { a.put("/ok", false) }),
	},
	{
		name:     "member-twice-in-an-answer",
		fault:    "An answer has a member twice.",
		rule:     "health-is-public",
		fails:    []string{"Health is ok"},
		checks:   []string{"answer-is-i-json"},
		failsAll: true, // each of them asks for health
		behavior: changingResponse(toHealth, func(q *request, a *response) {
			a.body = body{text: []byte(`{"ok":false,"correlation_id":"` + q.correlation() + `","ok":true}`)}
		}),
	},
}
