//go:build !race

package wrongservices

import "net/http"

// keysLies are about what anybody may ask.
var keysLies = []lie{
	{
		name: "active-key-missing",
		says: "The key that signs is not published.",
		rule: "keys-are-published",
		red: []string{
			"The development key is the only one by default, and says what it is",
			"An export is signed with the active key, and verifies with it",
		},
		tell: answering(toKeys, func(_ *question, a *answer) { a.put("/keys/0/key_id", "lpgate-dev-k0") }),
	},
	{
		name: "public-key-changed",
		says: "The published key is not the one that signs.",
		rule: "keys-are-published",
		red: []string{
			"The development key is the only one by default, and says what it is",
			"An export is signed with the active key, and verifies with it",
		},
		tell: answering(toKeys, func(_ *question, a *answer) { a.put("/keys/0/public_key_pem", publicPEM("op-pi-k7")) }),
	},
	{
		name:       "private-key-published",
		says:       "The private key is published in the place of the public one.",
		rule:       "keys-are-published",
		red:        []string{"The development key is the only one by default, and says what it is"},
		checks:     []string{"schema"},
		sparesNone: true, // each of them reads the keys
		tell: answering(toKeys, func(_ *question, a *answer) {
			a.put("/keys/0/public_key_pem", string(fixture("keys/lpgate-dev-k1.pem")))
		}),
	},
	{
		name:   "keys-for-partners-only",
		says:   "Who brings no identity may not read the keys.",
		rule:   "keys-are-published",
		red:    []string{"The keys are public"},
		checks: []string{"declared-outcome"},
		tell: instead(toKeys, func(honest ask, q *question) *answer {
			if q.header.Get("X-Actor-Id") == "" {
				return refusal(q, http.StatusUnauthorized, "UNAUTHORIZED", "", nil)
			}
			return honest(q)
		}),
	},
	{
		name: "development-key-beside-the-operators",
		says: "The development key is listed beside the operator's.",
		rule: "operator-key-replaces-dev-key",
		red:  []string{"With an operator's key the development key is not listed"},
		tell: answering(toKeys, func(_ *question, a *answer) {
			a.put("/keys", append(list(a.at("/keys")), map[string]any{
				"key_id": "lpgate-dev-k1", "alg": "ed25519", "public_key_pem": publicPEM("lpgate-dev-k1"), "status": "verify_only",
			}))
		}),
	},
	{
		name: "both-keys-active",
		says: "The key before the operator's is active, too.",
		rule: "operator-key-replaces-dev-key",
		red:  []string{"The operator's key is active, and the one before it verifies only"},
		tell: answering(toKeys, func(_ *question, a *answer) { a.put("/keys/1/status", "active") }),
	},
	{
		name: "signed-with-the-development-key",
		says: "Exports are signed with the development key, although there is an operator's.",
		rule: "operator-key-replaces-dev-key",
		red:  []string{"With an operator's key exports are signed with it"},
		tell: forging(forgery{signature: func(_ *question, page *answer) { page.sign("lpgate-dev-k1") }}),
	},
	{
		name:       "health-for-partners-only",
		says:       "Health is told to who brings an identity.",
		rule:       "health-is-public",
		red:        []string{"Health is ok"},
		checks:     []string{"declared-outcome"},
		sparesNone: true, // each of them asks for health
		tell: instead(toHealth, func(honest ask, q *question) *answer {
			if q.header.Get("X-Actor-Id") == "" {
				return refusal(q, http.StatusUnauthorized, "UNAUTHORIZED", "", nil)
			}
			return honest(q)
		}),
	},
	{
		name:       "not-healthy",
		says:       "The server answers that it is not well.",
		rule:       "health-is-public",
		red:        []string{"Health is ok"},
		checks:     []string{"schema"},
		sparesNone: true, // each of them asks for health
		tell:       answering(toHealth, func(_ *question, a *answer) { a.put("/ok", false) }),
	},
	{
		name:       "member-twice-in-an-answer",
		says:       "An answer has a member twice.",
		rule:       "health-is-public",
		red:        []string{"Health is ok"},
		checks:     []string{"answer-is-i-json"},
		sparesNone: true, // each of them asks for health
		tell: answering(toHealth, func(q *question, a *answer) {
			a.body = body{text: []byte(`{"ok":false,"correlation_id":"` + q.correlation() + `","ok":true}`)}
		}),
	},
}
