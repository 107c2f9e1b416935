package selfcheck

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"example.com/lpgate/internal/inprocess"
	"example.com/lpgate/milestones"
	"example.com/lpgate/steps"
)

// newProxy returns a handler that applies a mutation to each response of next that it fits. A nil mutation changes nothing.
func newProxy(m *milestones.Milestone, routes *steps.Routes, mutation *Mutation, next http.Handler) http.Handler {
	var executions atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		forward := func() (answer, []byte) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			w := inprocess.Serve(next, r)
			text := w.Body.Bytes()
			return newAnswer(routes.Find(r.Method, r.RequestURI), w.Status, w.Header(), text), text
		}
		response, text := forward()
		if mutation != nil && mutation.matches(response) {
			if mutated, ok := mutation.apply(response); ok {
				response = mutated
			} else if mutation.requiresReplay(response) {
				r.Header.Set(m.Transport.IdempotencyHeader, fmt.Sprintf("selfcheck-%d", executions.Add(1)))
				response, text = forward()
			}
		}
		response.send(w, text)
	})
}
