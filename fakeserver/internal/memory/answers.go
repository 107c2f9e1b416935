package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"example.com/lpgate/fakeserver/internal/rules"
)

// answersKept is how long an answer is kept for its key: contract section 5
// promises at least this, by the server's clock.
const answersKept = 24 * time.Hour

// answers are those kept for idempotency. The store's lock guards them.
type answers struct {
	kept map[answerKey]*keptAnswer
	// queue holds them in the order of keeping, so that what has expired is
	// dropped from its head as new answers come in, never all at once.
	queue []*keptAnswer
}

// answerKey is the scope of an idempotency key.
//
// Rule idempotency-is-scoped: actor type and id, operation and provider; the same
// key elsewhere is another key.
type answerKey struct {
	caller     rules.Actor
	operation  string
	providerID string
	key        string
}

// keptAnswer is an answer and the hash of the payload that it answered.
//
// Rule idempotency-keeps-refusals: success and refusal alike, from the schema
// check onward.
type keptAnswer struct {
	key     answerKey
	payload [sha256.Size]byte
	answer  Answer
	at      time.Time
}

func hash(payload []byte) [sha256.Size]byte { return sha256.Sum256(payload) }

// find gives the answer kept for key.
//
// Rule idempotency-runs-once: the store looks here and keeps the answer under one
// lock, so that of any number of equal requests at once one runs.
func (a *answers) find(key answerKey, now time.Time) (*keptAnswer, bool) {
	a.expire(now)
	kept, ok := a.kept[key]
	return kept, ok
}

func (a *answers) keep(kept *keptAnswer) {
	a.kept[kept.key] = kept
	a.queue = append(a.queue, kept)
}

// expire drops what was kept for longer than promised.
func (a *answers) expire(now time.Time) {
	for len(a.queue) > 0 && now.Sub(a.queue[0].at) > answersKept {
		delete(a.kept, a.queue[0].key)
		a.queue[0] = nil
		a.queue = a.queue[1:]
	}
}

// mismatch refuses a key that comes back with another payload.
func (k *keptAnswer) mismatch(payload [sha256.Size]byte) *rules.Refusal {
	if k.payload == payload {
		return nil
	}
	return &rules.Refusal{
		Rule: "idempotency-payload-matches", Code: rules.PayloadMismatch,
		Message: "This Idempotency-Key was used with another payload: use a new key for a new request.",
		Details: map[string]any{
			"operation_id":          k.key.operation,
			"idempotency_key":       k.key.key,
			"original_payload_hash": hex.EncodeToString(k.payload[:]),
			"payload_hash":          hex.EncodeToString(payload[:]),
		},
	}
}

// replay gives the kept answer again.
//
// Rule idempotency-replays-the-answer: byte for byte, its correlation id with it,
// and marked as replayed.
func (k *keptAnswer) replay() Answer {
	answer := k.answer
	answer.Replayed = true
	return answer
}
