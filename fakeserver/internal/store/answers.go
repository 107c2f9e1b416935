package store

import (
	"crypto/sha256"
	"encoding/hex"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	idempotencyIsScoped         ruletrace.Rule = "idempotency-is-scoped"
	idempotencyKeepsRefusals    ruletrace.Rule = "idempotency-keeps-refusals"
	idempotencyPayloadMatches   ruletrace.Rule = "idempotency-payload-matches"
	idempotencyReplaysTheAnswer ruletrace.Rule = "idempotency-replays-the-answer"
	idempotencyRunsOnce         ruletrace.Rule = "idempotency-runs-once"
)

// answers are those cached for idempotency. The store's lock guards them.
type answers struct {
	cached map[answerKey]*cachedAnswer
	// queue has them in the order of caching, so that what has expired is removed from its
	// head as new answers come in, never all at once.
	queue []*cachedAnswer
	// scopes counts the answers cached for one key, whatever their scope. It is nil until a
	// trace needs it.
	scopes map[keyHash]int
}

// answerKey is an idempotency key in its scope: caller, operation and provider.
type answerKey struct {
	caller     rules.Actor
	operation  string
	providerID string
	key        keyHash
}

// keyHash is the SHA-256 of an idempotency key. The key itself is not stored: clients have
// used secrets as keys, and snapshots have what is stored.
type keyHash [sha256.Size]byte

func hashKey(key string) keyHash { return sha256.Sum256([]byte(key)) }

// cachedAnswer is an answer, success or refusal from the schema check on, and the hash of the
// payload that it answers.
type cachedAnswer struct {
	key     answerKey
	payload [sha256.Size]byte
	answer  answer.Answer
	at      instant.Instant // elapsed time
	number  uint64          // of answers cached by then, this one included
}

func hash(payload []byte) [sha256.Size]byte { return sha256.Sum256(payload) }

// find returns the answer cached for a key.
func (a *answers) find(c *ruletrace.Trace, key answerKey) (*cachedAnswer, bool) {
	cached, ok := a.cached[key]
	if c != nil {
		own := 0
		if ok {
			own = 1
		}
		if a.count(key.key) > own {
			c.Invariant(idempotencyIsScoped)
		}
	}
	return cached, ok
}

// count returns the number of answers cached for a key in any scope.
func (a *answers) count(key keyHash) int {
	if a.scopes == nil {
		a.scopes = map[keyHash]int{}
		for cached := range a.cached {
			a.scopes[cached.key]++
		}
	}
	return a.scopes[key]
}

func (a *answers) add(cached *cachedAnswer) {
	a.cached[cached.key] = cached
	a.queue = append(a.queue, cached)
	if a.scopes != nil {
		a.scopes[cached.key.key]++
	}
}

// expire removes the answers cached before a time. It returns their number.
func (a *answers) expire(before instant.Instant) (dropped int) {
	for ; len(a.queue) > 0 && a.queue[0].at < before; dropped++ {
		key := a.queue[0].key
		delete(a.cached, key)
		if a.scopes != nil {
			if a.scopes[key.key]--; a.scopes[key.key] == 0 {
				delete(a.scopes, key.key)
			}
		}
		a.queue[0] = nil
		a.queue = a.queue[1:]
	}
	if dropped > 0 && len(a.queue) == 0 {
		*a = noAnswers() // an emptied map would keep its size
	}
	return dropped
}

func noAnswers() answers { return answers{cached: map[answerKey]*cachedAnswer{}} }

// mismatch refuses a key that is used again with another payload.
func (k *cachedAnswer) mismatch(c *ruletrace.Trace, key string, payload [sha256.Size]byte) *rules.Refusal {
	if k.answer.Refusal != nil {
		c.Invariant(idempotencyKeepsRefusals) // else the key would be new
	}
	if !c.Precondition(idempotencyPayloadMatches, k.payload != payload) {
		return nil
	}
	return &rules.Refusal{
		Rule: idempotencyPayloadMatches, Outcome: rules.IdempotencyPayloadMismatch,
		Message: "This Idempotency-Key was used with another payload: use a new key for a new request.",
		Details: map[string]any{
			"operation_id":          k.key.operation,
			"idempotency_key":       key,
			"original_payload_hash": hex.EncodeToString(k.payload[:]),
			"payload_hash":          hex.EncodeToString(payload[:]),
		},
	}
}

// replay returns the cached answer. Arrived is how many answers were cached when the request
// came: if this one was not, the two requests were concurrent.
func (k *cachedAnswer) replay(c *ruletrace.Trace, arrived uint64) Decision {
	c.Invariant(idempotencyReplaysTheAnswer)
	if k.number > arrived {
		c.Invariant(idempotencyRunsOnce)
	}
	return Decision{Refusal: k.answer.Refusal, Answer: &k.answer, Replayed: true}
}

var answersExplained = explain.Rules{
	idempotencyPayloadMatches: explain.Precondition(
		[]explain.Input{{Where: explain.Header, At: "Idempotency-Key"}, {Where: explain.Server, At: "the payload that the key was used with before"}},
		func(c *explain.Case) []explain.Change { return []explain.Change{c.NewKey()} }, "Send a new key with a new payload.",
	),
}
