// Package problem says what is wrong with a request to the fake itself: to its
// admin API, or for a world that cannot be had. It is not of the contract, so it
// looks otherwise than the contract's refusals: RFC 9457, application/problem+json.
//
//	{"title": "There is no such world.", "status": 404, "detail": "No world is named …", "nearest": "checkout"}
package problem

import (
	"fmt"
	"net/http"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/schemas"
)

// ContentType is that of a problem (RFC 9457, section 3).
const ContentType = "application/problem+json"

// Problem is why a request was not done. Nothing was changed by it.
type Problem struct {
	// Title is the status in words, the same for all problems of one status.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says what is wrong, where, and what would be right.
	Detail string `json:"detail"`
	// Nearest is the known name that is most like the unknown one; "" when none is.
	Nearest string `json:"nearest,omitzero"`
	// Violations are what the schema of the request's body forbids in it.
	Violations []schemas.Violation `json:"violations,omitzero"`
}

// New gives a problem. The detail is formatted as by fmt.Sprintf.
func New(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Unknown gives the problem of a name that is not among the known ones.
func Unknown(status int, what, name string, known []string) *Problem {
	p := New(status, "There is no %s %q%s.", what, name, suggest.DidYouMean(name, known))
	p.Nearest = suggest.Nearest(name, known)
	return p
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// ServeHTTP implements http.Handler: it answers with the problem.
func (p *Problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	w.Write(p.JSON())
}

// JSON is the body of that answer.
func (p *Problem) JSON() []byte { return jcs.Encode(p) }
