//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// idempotencyServices are about sending a request again.
var idempotencyServices = []wrongService{
	// ---- the key ----
	{
		name:  "key-not-needed",
		fault: "A POST without an idempotency key is done.",
		rule:  "idempotency-key-is-present",
		fails: []string{
			"<operation> without an Idempotency-Key is refused > partnerLiquidityProvider.onboard",
			"What is sent without an Idempotency-Key changes nothing",
		},
		behavior: func() handle {
			made := &counter{}
			return changingRequest(anyOperation, func(q *request) {
				if q.method == http.MethodPost && len(q.header["Idempotency-Key"]) == 0 {
					q.header.Set("Idempotency-Key", fmt.Sprintf("made-up-%d", made.next("")))
				}
			})()
		},
	},
	{
		name:     "keyless-request-recorded",
		fault:    "What is sent without an idempotency key is refused, and recorded all the same.",
		rule:     "idempotency-key-is-present",
		fails:    []string{"What is sent without an Idempotency-Key changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.has("/error/details/header") }),
	},
	{
		name:  "key-of-255-refused",
		fault: "A key of 255 characters is too long.",
		rule:  "idempotency-key-is-present",
		fails: []string{"An Idempotency-Key of <what> is taken > 255 characters | …"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if len(q.key()) == 255 {
				q.header.Del("Idempotency-Key")
			}
		}),
	},
	{
		name:  "key-of-256-accepted",
		fault: "A key of 256 characters is cut, and used.",
		rule:  "idempotency-key-is-present",
		fails: []string{"An Idempotency-Key of <what> is refused > 256 characters | …"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if len(q.key()) == 256 {
				q.header.Set("Idempotency-Key", q.key()[:250])
			}
		}),
	},
	{
		name:   "key-needed-to-read",
		fault:  "A get needs an idempotency key.",
		rule:   "idempotency-key-is-present",
		fails:  []string{"<operation> needs no Idempotency-Key > partnerLiquidityProvider.get"},
		checks: []string{"declared-outcome"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if q.key() == "" {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", "", map[string]any{"header": "Idempotency-Key"})
			}
			return next(q)
		}),
	},
	{
		name:  "missing-key-with-a-reason-code",
		fault: "A missing key is refused with a reason code.",
		rule:  "idempotency-key-is-present",
		fails: []string{"<operation> without an Idempotency-Key names the header > partnerLiquidityProvider.onboard"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.has("/error/details/header") {
				a.put("/error/details/reason_code", reasonInvalid)
			}
		}),
	},
	{
		name:  "missing-key-after-unknown-provider",
		fault: "An unknown provider is reported before a missing key.",
		rule:  "idempotency-key-is-present",
		fails: []string{"A missing Idempotency-Key is told before an unknown provider"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			if a := next(q.get(q.provider)); q.key() == "" && a.status == http.StatusNotFound {
				a.correlate(q.correlation())
				return a
			}
			return next(q)
		}),
	},

	// ---- another payload ----
	{
		name:  "mismatch-replayed",
		fault: "Another payload under the same key gets the first one's answer.",
		rule:  "idempotency-payload-matches",
		fails: []string{"The key of another <operation> is refused > partnerLiquidityProvider.status.upsert"},
		behavior: func() handle {
			first := &notes[*response]{}
			return func(next forward, q *request) *response {
				a := next(q)
				if stored, ok := first.read(q.scope() + q.key()); ok && a.code() == "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH" {
					return stored.asReplay()
				}
				if q.method == http.MethodPost && !a.isReplay() {
					first.write(q.scope()+q.key(), a.copy())
				}
				return a
			}
		},
	},
	{
		name:  "mismatch-runs",
		fault: "Another payload under the same key is a new request.",
		rule:  "idempotency-payload-matches",
		fails: []string{"The key of another <operation> is refused > partnerLiquidityProvider.eligibility.evaluate"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH" {
				return next(q.anew(hashOf(string(q.bytes()))))
			}
			return a
		}),
	},
	{
		name:     "mismatch-recorded",
		fault:    "Another payload under the same key is refused, and recorded all the same.",
		rule:     "idempotency-payload-matches",
		fails:    []string{"What is sent with another payload changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.has("/error/details/payload_hash") }),
	},
	{
		name:  "hashes-swapped",
		fault: "The original payload's hash and the other one's are swapped.",
		rule:  "idempotency-payload-matches",
		fails: []string{"The payload of onboard is its body"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.has("/error/details/payload_hash") {
				original, other := a.at("/error/details/original_payload_hash"), a.at("/error/details/payload_hash")
				a.put("/error/details/original_payload_hash", other)
				a.put("/error/details/payload_hash", original)
			}
		}),
	},
	{
		name:  "hash-of-the-bytes",
		fault: "The hash is that of the body's bytes, without the provider.",
		rule:  "idempotency-payload-matches",
		fails: []string{"The payload of <operation> is its provider and its body > partnerLiquidityProvider.status.upsert"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if q.provider != "" && a.has("/error/details/payload_hash") {
				a.put("/error/details/payload_hash", hashOf(json.RawMessage(q.bytes())))
			}
		}),
	},
	{
		name:   "mismatch-with-a-reason-code",
		fault:  "A mismatch is refused as invalid.",
		rule:   "idempotency-payload-matches",
		fails:  []string{"A default that is spelled out is another payload"},
		checks: []string{"reason-code"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.has("/error/details/payload_hash") {
				a.put("/error/details/reason_code", reasonInvalid)
			}
		}),
	},
	{
		name:  "schema-before-mismatch",
		fault: "An invalid request is reported before another payload.",
		rule:  "idempotency-payload-matches",
		fails: []string{"Another payload is told before an invalid request"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			if q.has("/provider") {
				return next(q)
			}
			return next(q.anew("invalid"))
		}),
	},

	// ---- replays ----
	{
		name:  "replay-runs-again",
		fault: "A request that comes again runs again, and is called a replay.",
		rule:  "idempotency-replays-the-answer",
		fails: []string{
			"<operation> is answered byte for byte as before > partnerLiquidityProvider.rollout.upsert",
			"A replay does not bring back what was replaced since", // the answer is the same, and the state shows it
		},
		behavior: func() handle {
			runs := &counter{}
			return func(next forward, q *request) *response {
				a := next(q)
				if a.isReplay() {
					return next(q.anew(fmt.Sprint(runs.next("")))).asReplay()
				}
				return a
			}
		},
	},
	{
		name:     "replay-unmarked",
		fault:    "A replay is not marked.",
		rule:     "idempotency-replays-the-answer",
		fails:    []string{"<operation> is answered byte for byte as before > partnerLiquidityProvider.onboard"},
		checks:   []string{"correlation-id"}, // which may be another only on a replay
		behavior: changingResponse(anyOperation, func(_ *request, a *response) { a.header.Del("Idempotent-Replayed") }),
	},
	{
		name:     "first-answer-marked",
		fault:    "A first answer is marked as a replay.",
		rule:     "idempotency-replays-the-answer",
		fails:    []string{"<operation> is answered byte for byte as before > partnerLiquidityProvider.eligibility.evaluate"},
		checks:   []string{"replay-header"},
		behavior: changingResponse(toEvaluate, func(_ *request, a *response) { a.header.Set("Idempotent-Replayed", "true") }),
	},
	{
		name:  "replay-with-a-new-correlation-id",
		fault: "A replay has the correlation id of the request that repeats.",
		rule:  "idempotency-replays-the-answer",
		fails: []string{"A replay keeps the first correlation id, <first>, when it brings <second> > one | two | one"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if a.isReplay() && q.header.Get("X-Correlation-Id") != "" {
				a.correlate(q.correlation())
			}
		}),
	},
	{
		name:  "replay-with-its-own-default",
		fault: "A replay to a request without a correlation id has the default one.",
		rule:  "idempotency-replays-the-answer",
		fails: []string{"A replay keeps the first correlation id, <first>, when it brings <second> > one | absent | one"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if a.isReplay() && q.header.Get("X-Correlation-Id") == "" {
				a.correlate(q.correlation())
			}
		}),
	},
	{
		name:  "number-spelled-otherwise",
		fault: "20.0 is another payload than 20.",
		rule:  "idempotency-replays-the-answer",
		fails: []string{
			"<what> spells the same payload > a fraction of zero | …",
			"<what> spells the same payload > an exponent | …",
		},
		behavior: comparing(func(q *request) string {
			return string(canonicalText(q)) + fmt.Sprint(q.at("/status/unresolved_critical_violations"))
		}),
	},
	{
		name:  "bytes-compared",
		fault: "The same payload is the same bytes.",
		rule:  "idempotency-replays-the-answer",
		fails: []string{
			"<what> spells the same payload > another member order | …",
			"<what> spells the same payload > other white space | …",
		},
		behavior: comparing(func(q *request) string { return string(q.bytes()) }),
	},
	{
		name:     "headers-compared",
		fault:    "The Content-Type is part of the payload.",
		rule:     "idempotency-replays-the-answer",
		fails:    []string{"Headers are no part of the payload: <header> <value> > Content-Type | text/plain"},
		behavior: comparing(func(q *request) string { return string(canonicalText(q)) + q.header.Get("Content-Type") }),
	},

	// ---- refusals ----
	{
		name:  "refusal-not-stored",
		fault: "A refusal is not kept: the request runs again.",
		rule:  "idempotency-keeps-refusals",
		fails: []string{
			"A refusal by the schema of <operation> is replayed > partnerLiquidityProvider.onboard | /provider",
			"A refusal by a rule is replayed, even when the rule would let it pass by then",
		},
		behavior: func() handle {
			runs := &counter{}
			return func(next forward, q *request) *response {
				a := next(q)
				if a.isReplay() && a.status != http.StatusOK {
					return next(q.anew(fmt.Sprint(runs.next(""))))
				}
				return a
			}
		},
	},
	{
		name:  "malformed-json-stored",
		fault: "The refusal of malformed JSON is kept under its key.",
		rule:  "idempotency-keeps-refusals",
		fails: []string{"Malformed JSON is not kept"},
		behavior: keeping(func(q *request, a *response) bool {
			return a.code() == "CONSTRAINT_VIOLATION" && !json.Valid(q.bytes())
		}),
	},
	{
		name:     "too-large-a-body-stored",
		fault:    "The refusal of too large a body is kept under its key.",
		rule:     "idempotency-keeps-refusals",
		fails:    []string{"A body that is too large is not kept"},
		behavior: keeping(func(_ *request, a *response) bool { return a.status == http.StatusRequestEntityTooLarge }),
	},
	{
		name:     "missing-scope-stored",
		fault:    "The refusal of a missing scope is kept under its key.",
		rule:     "idempotency-keeps-refusals",
		fails:    []string{"<what> is not kept > A missing scope | X-Auth-Scopes | settlement:read | 403 INSUFFICIENT_SCOPE | settlement:write"},
		behavior: keeping(func(_ *request, a *response) bool { return a.code() == "INSUFFICIENT_SCOPE" }),
	},
	{
		name:     "unknown-provider-stored",
		fault:    "The refusal of an unknown provider is kept under its key.",
		rule:     "idempotency-keeps-refusals",
		fails:    []string{"An unknown provider is not kept"},
		behavior: keeping(func(_ *request, a *response) bool { return a.status == http.StatusNotFound }),
	},
	{
		name:     "mismatch-stored",
		fault:    "A mismatch takes the place of the first answer.",
		rule:     "idempotency-keeps-refusals",
		fails:    []string{"Another payload is refused anew each time"},
		behavior: keeping(func(_ *request, a *response) bool { return a.has("/error/details/payload_hash") }),
	},
	{
		name:  "replayed-without-the-scope",
		fault: "A stored answer is replayed to who has lost the scope for it.",
		rule:  "idempotency-keeps-refusals",
		fails: []string{"A refusal with a missing scope comes even for an answer that is kept"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "INSUFFICIENT_SCOPE" {
				if stored := next(q.mayAll()); stored.isReplay() {
					return stored
				}
			}
			return a
		}),
	},

	// ---- the scope of a key ----
	{
		name:     "key-shared-by-providers",
		fault:    "A key is one key for all providers of a partner.",
		rule:     "idempotency-is-scoped",
		fails:    []string{"<operation> may use the same key for another provider > partnerLiquidityProvider.status.upsert"},
		behavior: sharing(func(q *request) string { return q.header.Get("X-Actor-Id") + q.operation + q.key() }),
	},
	{
		name:     "key-shared-by-partners",
		fault:    "A key is one key for all partners.",
		rule:     "idempotency-is-scoped",
		fails:    []string{"Another partner may use the same key"},
		behavior: sharing(func(q *request) string { return q.operation + q.provider + q.key() }),
	},
	{
		name:     "key-shared-by-operations",
		fault:    "A key is one key for all operations.",
		rule:     "idempotency-is-scoped",
		fails:    []string{"Every operation may use the same key"},
		checks:   []string{"replay-header", "schema"},
		behavior: sharing(func(q *request) string { return q.header.Get("X-Actor-Id") + q.key() }),
	},
	{
		name:   "keys-in-any-case",
		fault:  "A key in another case is the same key.",
		rule:   "idempotency-is-scoped",
		fails:  []string{"A key in another case is another key"},
		checks: []string{"replay-header"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.key() != "" {
				q.header.Set("Idempotency-Key", strings.ToLower(q.key()))
			}
		}),
	},
	{
		name:  "key-bound-to-how-a-partner-is-named",
		fault: "A partner that names itself by X-Partner-Key has keys of its own.",
		rule:  "idempotency-is-scoped",
		fails: []string{"A partner is the same one however it is named"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			if q.header.Get("X-Partner-Key") != "" && q.key() != "" {
				return next(q.anew("named"))
			}
			return next(q)
		}),
	},

	// ---- at once ----
	{
		name:  "two-at-once-run-twice",
		fault: "Of the requests that come at the same time two run.",
		rule:  "idempotency-runs-once",
		fails: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.rollout.upsert | rollout_upserted | 1",
		},
		behavior: func() handle {
			together := &meetings{}
			return replacing(toRollout, func(next forward, q *request) *response {
				if together.arriveSecond(q.scope() + q.key()) {
					return next(q.anew("second"))
				}
				return next(q)
			})()
		},
	},
	{
		name:  "second-run-unseen",
		fault: "Of the requests that come at the same time two run, and the second has the answer of the first.",
		rule:  "idempotency-runs-once",
		fails: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.status.upsert | status_upserted | 1", // the audit alone shows it
		},
		behavior: func() handle {
			together := &meetings{}
			return replacing(toStatus, func(next forward, q *request) *response {
				if together.arriveSecond(q.scope() + q.key()) {
					next(q.anew("second"))
				}
				return next(q)
			})()
		},
	},
	{
		name:  "second-turned-away",
		fault: "Of the requests that come at the same time the second is a conflict.",
		rule:  "idempotency-runs-once",
		fails: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.rollout.upsert | rollout_upserted | 1",
		},
		behavior: func() handle {
			together := &meetings{}
			return replacing(toRollout, func(next forward, q *request) *response {
				if together.arriveSecond(q.scope() + q.key()) {
					return refusal(q, http.StatusConflict, "CONFLICT", reasonBlocked, map[string]any{
						"provider_id": q.provider, "reason_codes": []string{reasonBlocked},
					})
				}
				return next(q)
			})()
		},
	},
}
