//go:build !race

package wrongservices

import (
	"strings"
	"time"
)

// lettingIn serves strangers as if they were the owner.
func lettingIn(operation string) func() handle {
	return func() handle {
		known := &owners{}
		return func(next forward, q *request) *response {
			a := next(q)
			known.record(q, a)
			if owner, ok := known.read(q.provider); ok && q.operation == operation && a.code() == "FORBIDDEN" {
				return next(q.as(owner))
			}
			return a
		}
	}
}

// amber is a partner key of the fixtures.
const amber = "lpk_example_amber_2f6c1d9b7e304a58"

// withKey takes other keys for it.
func withKey(taken func(key string) bool) func() handle {
	return changingRequest(anyOperation, func(q *request) {
		if taken(q.header.Get("X-Partner-Key")) {
			q.header.Set("X-Partner-Key", amber)
		}
	})
}

// isTime reports whether time.Parse accepts a text.
func isTime(at string) bool {
	_, err := time.Parse(time.RFC3339, strings.ToUpper(at))
	return err == nil
}
