//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// idempotencyLies are about sending a request again.
var idempotencyLies = []lie{
	// ---- the key ----
	{
		name: "key-not-needed",
		says: "A POST without an idempotency key is done.",
		rule: "idempotency-key-is-present",
		red: []string{
			"<operation> without an Idempotency-Key is refused > partnerLiquidityProvider.onboard",
			"What is sent without an Idempotency-Key changes nothing",
		},
		tell: func() teller {
			made := &counter{}
			return asking(everywhere, func(q *question) {
				if q.method == http.MethodPost && len(q.header["Idempotency-Key"]) == 0 {
					q.header.Set("Idempotency-Key", fmt.Sprintf("made-up-%d", made.next("")))
				}
			})()
		},
	},
	{
		name: "keyless-request-recorded",
		says: "What is sent without an idempotency key is refused, and recorded all the same.",
		rule: "idempotency-key-is-present",
		red:  []string{"What is sent without an Idempotency-Key changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.has("/error/details/header") }),
	},
	{
		name: "key-of-255-refused",
		says: "A key of 255 characters is too long.",
		rule: "idempotency-key-is-present",
		red:  []string{"An Idempotency-Key of <what> is taken > 255 characters | …"},
		tell: asking(everywhere, func(q *question) {
			if len(q.key()) == 255 {
				q.header.Del("Idempotency-Key")
			}
		}),
	},
	{
		name: "key-of-256-accepted",
		says: "A key of 256 characters is cut, and used.",
		rule: "idempotency-key-is-present",
		red:  []string{"An Idempotency-Key of <what> is refused > 256 characters | …"},
		tell: asking(everywhere, func(q *question) {
			if len(q.key()) == 256 {
				q.header.Set("Idempotency-Key", q.key()[:250])
			}
		}),
	},
	{
		name:   "key-needed-to-read",
		says:   "A get needs an idempotency key.",
		rule:   "idempotency-key-is-present",
		red:    []string{"<operation> needs no Idempotency-Key > partnerLiquidityProvider.get"},
		checks: []string{"declared-outcome"},
		tell: instead(toGet, func(honest ask, q *question) *answer {
			if q.key() == "" {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", "", map[string]any{"header": "Idempotency-Key"})
			}
			return honest(q)
		}),
	},
	{
		name: "missing-key-with-a-reason-code",
		says: "A missing key is refused with a reason code.",
		rule: "idempotency-key-is-present",
		red:  []string{"<operation> without an Idempotency-Key is refused > partnerLiquidityProvider.onboard"},
		tell: answering(everywhere, func(_ *question, a *answer) {
			if a.has("/error/details/header") {
				a.put("/error/details/reason_code", reasonInvalid)
			}
		}),
	},
	{
		name: "missing-key-told-after-the-provider",
		says: "An unknown provider is told before a missing key.",
		rule: "idempotency-key-is-present",
		red:  []string{"A missing Idempotency-Key is told before an unknown provider"},
		tell: instead(toStatus, func(honest ask, q *question) *answer {
			if a := honest(q.get(q.provider)); q.key() == "" && a.status == http.StatusNotFound {
				a.correlate(q.correlation())
				return a
			}
			return honest(q)
		}),
	},

	// ---- another payload ----
	{
		name: "mismatch-replayed",
		says: "Another payload under the same key gets the first one's answer.",
		rule: "idempotency-payload-matches",
		red:  []string{"The key of another <operation> is refused > partnerLiquidityProvider.status.upsert"},
		tell: func() teller {
			first := &notes[*answer]{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
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
		name: "mismatch-runs",
		says: "Another payload under the same key is a new request.",
		rule: "idempotency-payload-matches",
		red:  []string{"The key of another <operation> is refused > partnerLiquidityProvider.eligibility.evaluate"},
		tell: instead(everywhere, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH" {
				return honest(q.anew(hashOf(string(q.bytes()))))
			}
			return a
		}),
	},
	{
		name: "mismatch-recorded",
		says: "Another payload under the same key is refused, and recorded all the same.",
		rule: "idempotency-payload-matches",
		red:  []string{"What is sent with another payload changes nothing"},
		tell: recordedAllTheSame(func(_ *question, a *answer) bool { return a.has("/error/details/payload_hash") }),
	},
	{
		name: "hashes-swapped",
		says: "The original payload's hash and the other one's are swapped.",
		rule: "idempotency-payload-matches",
		red:  []string{"The payload of onboard is its body"},
		tell: answering(everywhere, func(_ *question, a *answer) {
			if a.has("/error/details/payload_hash") {
				original, other := a.at("/error/details/original_payload_hash"), a.at("/error/details/payload_hash")
				a.put("/error/details/original_payload_hash", other)
				a.put("/error/details/payload_hash", original)
			}
		}),
	},
	{
		name: "hash-of-the-bytes",
		says: "The hash told is that of the body's bytes, without the provider.",
		rule: "idempotency-payload-matches",
		red:  []string{"The payload of <operation> is its provider and its body > partnerLiquidityProvider.status.upsert"},
		tell: answering(everywhere, func(q *question, a *answer) {
			if q.provider != "" && a.has("/error/details/payload_hash") {
				a.put("/error/details/payload_hash", hashOf(json.RawMessage(q.bytes())))
			}
		}),
	},
	{
		name:   "mismatch-with-a-reason-code",
		says:   "A mismatch is refused as invalid.",
		rule:   "idempotency-payload-matches",
		red:    []string{"A default that is spelled out is another payload"},
		checks: []string{"reason-code"},
		tell: answering(everywhere, func(_ *question, a *answer) {
			if a.has("/error/details/payload_hash") {
				a.put("/error/details/reason_code", reasonInvalid)
			}
		}),
	},
	{
		name: "schema-told-before-the-mismatch",
		says: "An invalid request is told before another payload.",
		rule: "idempotency-payload-matches",
		red:  []string{"Another payload is told before an invalid request"},
		tell: instead(toOnboard, func(honest ask, q *question) *answer {
			if q.has("/provider") {
				return honest(q)
			}
			return honest(q.anew("invalid"))
		}),
	},

	// ---- replays ----
	{
		name: "replay-runs-again",
		says: "A request that comes again runs again, and is called a replay.",
		rule: "idempotency-replays-the-answer",
		red: []string{
			"<operation> is answered byte for byte as before > partnerLiquidityProvider.rollout.upsert",
			"A replay does not bring back what was replaced since", // the answer is the same, and the state shows it
		},
		tell: func() teller {
			runs := &counter{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
				if a.isReplay() {
					return honest(q.anew(fmt.Sprint(runs.next("")))).asReplay()
				}
				return a
			}
		},
	},
	{
		name:       "replay-unmarked",
		says:       "A replay does not say that it is one.",
		rule:       "idempotency-replays-the-answer",
		red:        []string{"<operation> is answered byte for byte as before > partnerLiquidityProvider.onboard"},
		checks:     []string{"correlation-id"}, // which may be another only on a replay
		tell:       answering(everywhere, func(_ *question, a *answer) { a.header.Del("Idempotent-Replayed") }),
		sparesNone: true, // each of them has a replay
	},
	{
		name:   "first-answer-marked",
		says:   "A first answer says that it is a replay.",
		rule:   "idempotency-replays-the-answer",
		red:    []string{"<operation> is answered byte for byte as before > partnerLiquidityProvider.eligibility.evaluate"},
		checks: []string{"replay-header"},
		tell:   answering(toEvaluate, func(_ *question, a *answer) { a.header.Set("Idempotent-Replayed", "true") }),
	},
	{
		name: "replay-with-a-new-correlation-id",
		says: "A replay has the correlation id of the request that repeats.",
		rule: "idempotency-replays-the-answer",
		red:  []string{"A replay keeps the first correlation id, <first>, when it brings <second> > one | two | one"},
		tell: answering(everywhere, func(q *question, a *answer) {
			if a.isReplay() && q.header.Get("X-Correlation-Id") != "" {
				a.correlate(q.correlation())
			}
		}),
	},
	{
		name: "replay-with-its-own-default",
		says: "A replay to a request without a correlation id has the default one.",
		rule: "idempotency-replays-the-answer",
		red:  []string{"A replay keeps the first correlation id, <first>, when it brings <second> > one | absent | one"},
		tell: answering(everywhere, func(q *question, a *answer) {
			if a.isReplay() && q.header.Get("X-Correlation-Id") == "" {
				a.correlate(q.correlation())
			}
		}),
	},
	{
		name: "number-spelled-otherwise",
		says: "20.0 is another payload than 20.",
		rule: "idempotency-replays-the-answer",
		red: []string{
			"<what> spells the same payload > a fraction of zero | …",
			"<what> spells the same payload > an exponent | …",
		},
		tell: comparing(func(q *question) string {
			return string(canonicalText(q)) + fmt.Sprint(q.at("/status/unresolved_critical_violations"))
		}),
	},
	{
		name: "bytes-compared",
		says: "The same payload is the same bytes.",
		rule: "idempotency-replays-the-answer",
		red: []string{
			"<what> spells the same payload > another member order | …",
			"<what> spells the same payload > other white space | …",
		},
		tell: comparing(func(q *question) string { return string(q.bytes()) }),
	},
	{
		name: "headers-compared",
		says: "The Content-Type is part of the payload.",
		rule: "idempotency-replays-the-answer",
		red:  []string{"Headers are no part of the payload: <header> <value> > Content-Type | text/plain"},
		tell: comparing(func(q *question) string { return string(canonicalText(q)) + q.header.Get("Content-Type") }),
	},

	// ---- refusals ----
	{
		name: "refusal-not-stored",
		says: "A refusal is not kept: the request runs again.",
		rule: "idempotency-keeps-refusals",
		red: []string{
			"A refusal by the schema of <operation> is replayed > partnerLiquidityProvider.onboard | /provider",
			"A refusal by a rule is replayed, even when the rule would let it pass by then",
		},
		tell: func() teller {
			runs := &counter{}
			return func(honest ask, q *question) *answer {
				a := honest(q)
				if a.isReplay() && a.status != http.StatusOK {
					return honest(q.anew(fmt.Sprint(runs.next(""))))
				}
				return a
			}
		},
	},
	{
		name: "malformed-json-stored",
		says: "The refusal of malformed JSON is kept under its key.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"Malformed JSON is not kept"},
		tell: keeping(func(q *question, a *answer) bool {
			return a.code() == "CONSTRAINT_VIOLATION" && !json.Valid(q.bytes())
		}),
	},
	{
		name: "too-large-a-body-stored",
		says: "The refusal of too large a body is kept under its key.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"A body that is too large is not kept"},
		tell: keeping(func(_ *question, a *answer) bool { return a.status == http.StatusRequestEntityTooLarge }),
	},
	{
		name: "missing-scope-stored",
		says: "The refusal of a missing scope is kept under its key.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"<what> is not kept > A missing scope | X-Auth-Scopes | settlement:read | 403 INSUFFICIENT_SCOPE | settlement:write"},
		tell: keeping(func(_ *question, a *answer) bool { return a.code() == "INSUFFICIENT_SCOPE" }),
	},
	{
		name: "unknown-provider-stored",
		says: "The refusal of an unknown provider is kept under its key.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"An unknown provider is not kept"},
		tell: keeping(func(_ *question, a *answer) bool { return a.status == http.StatusNotFound }),
	},
	{
		name: "mismatch-stored",
		says: "A mismatch takes the place of the first answer.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"Another payload is refused anew each time"},
		tell: keeping(func(_ *question, a *answer) bool { return a.has("/error/details/payload_hash") }),
	},
	{
		name: "replayed-without-the-scope",
		says: "A stored answer is replayed to who has lost the scope for it.",
		rule: "idempotency-keeps-refusals",
		red:  []string{"A refusal with a missing scope comes even for an answer that is kept"},
		tell: instead(everywhere, func(honest ask, q *question) *answer {
			a := honest(q)
			if a.code() == "INSUFFICIENT_SCOPE" {
				if stored := honest(q.mayAll()); stored.isReplay() {
					return stored
				}
			}
			return a
		}),
	},

	// ---- the scope of a key ----
	{
		name: "key-shared-by-providers",
		says: "A key is one key for all providers of a partner.",
		rule: "idempotency-is-scoped",
		red:  []string{"<operation> may use the same key for another provider > partnerLiquidityProvider.status.upsert"},
		tell: sharing(func(q *question) string { return q.header.Get("X-Actor-Id") + q.operation + q.key() }),
	},
	{
		name: "key-shared-by-partners",
		says: "A key is one key for all partners.",
		rule: "idempotency-is-scoped",
		red:  []string{"Another partner may use the same key"},
		tell: sharing(func(q *question) string { return q.operation + q.provider + q.key() }),
	},
	{
		name:   "key-shared-by-operations",
		says:   "A key is one key for all operations.",
		rule:   "idempotency-is-scoped",
		red:    []string{"Every operation may use the same key"},
		checks: []string{"replay-header", "schema"},
		tell:   sharing(func(q *question) string { return q.header.Get("X-Actor-Id") + q.key() }),
	},
	{
		name:   "keys-in-any-case",
		says:   "A key in another case is the same key.",
		rule:   "idempotency-is-scoped",
		red:    []string{"A key in another case is another key"},
		checks: []string{"replay-header"},
		tell: asking(everywhere, func(q *question) {
			if q.key() != "" {
				q.header.Set("Idempotency-Key", strings.ToLower(q.key()))
			}
		}),
	},
	{
		name: "key-bound-to-how-a-partner-is-named",
		says: "A partner that names itself by X-Partner-Key has keys of its own.",
		rule: "idempotency-is-scoped",
		red:  []string{"A partner is the same one however it is named"},
		tell: instead(everywhere, func(honest ask, q *question) *answer {
			if q.header.Get("X-Partner-Key") != "" && q.key() != "" {
				return honest(q.anew("named"))
			}
			return honest(q)
		}),
	},

	// ---- at once ----
	{
		name: "two-at-once-run-twice",
		says: "Of the requests that come at the same time two run.",
		rule: "idempotency-runs-once",
		red: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.rollout.upsert | rollout_upserted | 1",
		},
		tell: func() teller {
			together := &meetings{}
			return instead(toRollout, func(honest ask, q *question) *answer {
				if together.arriveSecond(q.scope() + q.key()) {
					return honest(q.anew("second"))
				}
				return honest(q)
			})()
		},
	},
	{
		name: "second-run-unseen",
		says: "Of the requests that come at the same time two run, and the second has the answer of the first.",
		rule: "idempotency-runs-once",
		red: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.status.upsert | status_upserted | 1", // the audit alone shows it
		},
		tell: func() teller {
			together := &meetings{}
			return instead(toStatus, func(honest ask, q *question) *answer {
				if together.arriveSecond(q.scope() + q.key()) {
					honest(q.anew("second"))
				}
				return honest(q)
			})()
		},
	},
	{
		name: "second-turned-away",
		says: "Of the requests that come at the same time the second is a conflict.",
		rule: "idempotency-runs-once",
		red: []string{
			"Of 16 requests at once <operation> runs one > partnerLiquidityProvider.rollout.upsert | rollout_upserted | 1",
		},
		tell: func() teller {
			together := &meetings{}
			return instead(toRollout, func(honest ask, q *question) *answer {
				if together.arriveSecond(q.scope() + q.key()) {
					return refusal(q, http.StatusConflict, "CONFLICT", reasonBlocked, map[string]any{
						"provider_id": q.provider, "reason_codes": []string{reasonBlocked},
					})
				}
				return honest(q)
			})()
		},
	},
}

// canonicalText is the body in its canonical form, or as it is when it has none.
func canonicalText(q *question) []byte {
	if !json.Valid(q.bytes()) {
		return q.bytes()
	}
	return canonical(json.RawMessage(q.bytes()))
}

// comparing has its own notion of what the same payload is.
func comparing(payload func(q *question) string) func() teller {
	return func() teller {
		first := &notes[string]{}
		return func(honest ask, q *question) *answer {
			a := honest(q)
			if q.method != http.MethodPost {
				return a
			}
			was, ok := first.read(q.scope() + q.key())
			if now := payload(q); !ok {
				first.write(q.scope()+q.key(), now)
			} else if was != now && a.isReplay() {
				return refusal(q, http.StatusConflict, "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH", "", map[string]any{
					"operation_id": q.operation, "idempotency_key": q.key(),
					"original_payload_hash": hashOf(was), "payload_hash": hashOf(now),
				})
			}
			return a
		}
	}
}

// keeping stores refusals that are not to be kept.
func keeping(kept func(q *question, a *answer) bool) func() teller {
	return func() teller {
		stored := &notes[*answer]{}
		return func(honest ask, q *question) *answer {
			if a, ok := stored.read(q.scope() + q.key()); ok {
				return a.asReplay()
			}
			a := honest(q)
			if q.key() != "" && kept(q, a) {
				stored.write(q.scope()+q.key(), a.copy())
			}
			return a
		}
	}
}

// sharing has its own notion of whose a key is.
func sharing(scope func(q *question) string) func() teller {
	return func() teller {
		stored := &notes[*answer]{}
		return func(honest ask, q *question) *answer {
			if q.method != http.MethodPost || q.key() == "" {
				return honest(q)
			}
			if a, ok := stored.read(scope(q)); ok {
				return a.asReplay()
			}
			a := honest(q)
			stored.write(scope(q), a.copy())
			return a
		}
	}
}

// counter counts from 1, for each name.
type counter struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counter) next(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
	return c.of[name]
}

// now is where the count stands.
func (c *counter) now(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[name]
}

// meetings lets the first request with a key wait for a second one, as on a server that looks a key up, runs, and writes
// it down only then.
type meetings struct {
	mu sync.Mutex
	of map[string]*meeting
}

type meeting struct {
	came   int
	second chan struct{}
}

// longEnough is how long the first one waits. Nearly every request that a liar makes wait is sent together with others,
// so it may be long: a busy machine must not turn a lie into the truth.
const longEnough = 3 * time.Second

// arriveSecond says whether the request is the second to come while the first one waits.
func (m *meetings) arriveSecond(key string) bool {
	m.mu.Lock()
	if m.of == nil {
		m.of = map[string]*meeting{}
	}
	met := m.of[key]
	if met == nil {
		met = &meeting{second: make(chan struct{})}
		m.of[key] = met
	}
	met.came++
	came := met.came
	m.mu.Unlock()
	switch came {
	case 1:
		select {
		case <-met.second:
		case <-time.After(longEnough):
			m.mu.Lock()
			met.came = max(met.came, 2) // from now on it is too late for a second one
			m.mu.Unlock()
		}
	case 2:
		close(met.second)
		return true
	}
	return false
}
