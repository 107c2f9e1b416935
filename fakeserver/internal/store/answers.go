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

// answers are those kept for idempotency. The store's lock guards them.
type answers struct {
	cached map[answerKey]*cachedAnswer
	// queue holds them in the order of keeping, so that what has expired is
	// dropped from its head as new answers come in, never all at once.
	queue []*cachedAnswer
	// scopes counts the answers kept under one key, whatever their scope: only
	// a course asks that, so it is nil until one does.
	scopes map[keyHash]int
}

// answerKey is the scope of an idempotency key: actor type and id, operation and
// provider. The same key elsewhere is another key.
type answerKey struct {
	caller     rules.Actor
	operation  string
	providerID string
	key        keyHash
}

// keyHash is the SHA-256 of an idempotency key. The key itself is not kept: clients have
// used secrets as keys, and what is kept goes into snapshots.
type keyHash [sha256.Size]byte

func hashKey(key string) keyHash { return sha256.Sum256([]byte(key)) }

// cachedAnswer is an answer, success and refusal alike from the schema check onward,
// and the hash of the payload that it answered.
type cachedAnswer struct {
	key     answerKey
	payload [sha256.Size]byte
	answer  answer.Answer
	at      instant.Instant // as the store's lapse counts
	number  uint64          // how many were kept by then, this one included
}

func hash(payload []byte) [sha256.Size]byte { return sha256.Sum256(payload) }

// find gives the answer kept for key. The store looks here and keeps the answer
// under one lock, so that of any number of equal requests at once one runs.
func (a *answers) find(c *ruletrace.Trace, key answerKey) (*cachedAnswer, bool) {
	kept, ok := a.cached[key]
	if c != nil {
		own := 0
		if ok {
			own = 1
		}
		if a.elsewhere(key.key) > own {
			c.Invariant(idempotencyIsScoped)
		}
	}
	return kept, ok
}

// elsewhere counts the answers that are kept under a key.
func (a *answers) elsewhere(key keyHash) int {
	if a.scopes == nil {
		a.scopes = map[keyHash]int{}
		for kept := range a.cached {
			a.scopes[kept.key]++
		}
	}
	return a.scopes[key]
}

func (a *answers) add(kept *cachedAnswer) {
	a.cached[kept.key] = kept
	a.queue = append(a.queue, kept)
	if a.scopes != nil {
		a.scopes[kept.key.key]++
	}
}

// expire drops what was kept before a moment, and tells how much that was.
func (a *answers) expire(before instant.Instant) (dropped int) {
	for ; len(a.queue) > 0 && a.queue[0].at < before; dropped++ {
		gone := a.queue[0].key
		delete(a.cached, gone)
		if a.scopes != nil {
			if a.scopes[gone.key]--; a.scopes[gone.key] == 0 {
				delete(a.scopes, gone.key)
			}
		}
		a.queue[0] = nil
		a.queue = a.queue[1:]
	}
	if dropped > 0 && len(a.queue) == 0 {
		*a = noAnswers() // a map from which all was deleted is as large as before
	}
	return dropped
}

func noAnswers() answers { return answers{cached: map[answerKey]*cachedAnswer{}} }

// mismatch refuses a key that comes back with another payload.
func (k *cachedAnswer) mismatch(c *ruletrace.Trace, key string, payload [sha256.Size]byte) *rules.Refusal {
	if k.answer.Refusal != nil {
		c.Invariant(idempotencyKeepsRefusals) // had it not, the key would be new
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

// replay gives the kept answer again, byte for byte, its correlation id with it,
// and marked as replayed. arrived is how many answers were kept when the request
// came: if this one was not yet, the two were under way at the same time.
func (k *cachedAnswer) replay(c *ruletrace.Trace, arrived uint64) Decision {
	c.Invariant(idempotencyReplaysTheAnswer)
	if k.number > arrived {
		c.Invariant(idempotencyRunsOnce)
	}
	return Decision{Refusal: k.answer.Refusal, Answer: &k.answer, Replayed: true}
}

var answersExplained = explain.Rules{
	idempotencyPayloadMatches: explain.Precondition(
		[]explain.Input{{Where: explain.Header, At: "Idempotency-Key"}, {Where: explain.Server, At: "the payload that came with the key before"}},
		func(c *explain.Case) []explain.Change { return []explain.Change{c.NewKey()} }, "Send a new key with a new payload.",
	),
}
