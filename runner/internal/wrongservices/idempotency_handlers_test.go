//go:build !race

package wrongservices

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// canonicalText is the body in its canonical form, or as it is when it has none.
func canonicalText(q *request) []byte {
	if !json.Valid(q.bytes()) {
		return q.bytes()
	}
	return canonical(json.RawMessage(q.bytes()))
}

// comparing has its own notion of what the same payload is.
func comparing(payload func(q *request) string) func() handle {
	return func() handle {
		first := &notes[string]{}
		return func(next forward, q *request) *response {
			a := next(q)
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
func keeping(kept func(q *request, a *response) bool) func() handle {
	return func() handle {
		stored := &notes[*response]{}
		return func(next forward, q *request) *response {
			if a, ok := stored.read(q.scope() + q.key()); ok {
				return a.asReplay()
			}
			a := next(q)
			if q.key() != "" && kept(q, a) {
				stored.write(q.scope()+q.key(), a.copy())
			}
			return a
		}
	}
}

// sharing has its own notion of whose a key is.
func sharing(scope func(q *request) string) func() handle {
	return func() handle {
		stored := &notes[*response]{}
		return func(next forward, q *request) *response {
			if q.method != http.MethodPost || q.key() == "" {
				return next(q)
			}
			if a, ok := stored.read(scope(q)); ok {
				return a.asReplay()
			}
			a := next(q)
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

// now is the current count.
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

// longEnough is how long the first one waits. Nearly every request that waits is sent together with others, so it may be
// long: a busy machine must not hide the fault.
const longEnough = 3 * time.Second

// arriveSecond reports whether the request is the second to arrive while the first one waits.
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
