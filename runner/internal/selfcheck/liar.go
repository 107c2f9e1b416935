package selfcheck

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
)

// before puts a liar before an honest server. It tells the lie in every answer in which it can be told; a nil lie is
// the truth.
func before(m *milestones.Milestone, routes *record.Routes, lie *Lie, honest http.Handler) http.Handler {
	var again atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		ask := func() (answer, []byte) {
			r.Body = io.NopCloser(bytes.NewReader(question))
			var k kept
			honest.ServeHTTP(&k, r)
			return newAnswer(routes.Find(r.Method, r.RequestURI), k.status, k.Header(), k.body.Bytes()), k.body.Bytes()
		}
		said, text := ask()
		if lie != nil && lie.about(said) {
			if told, ok := lie.tell(said); ok {
				said = told
			} else if lie.asksAgain(said) {
				r.Header.Set(m.Transport.IdempotencyHeader, fmt.Sprintf("sight-%d", again.Add(1)))
				said, text = ask()
			}
		}
		said.send(w, text)
	})
}

// kept is an answer that is not on its way yet.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header {
	if k.header == nil {
		k.header = http.Header{}
	}
	return k.header
}

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(text []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(text)
}
