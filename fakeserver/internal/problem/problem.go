// Package problem has the errors of the fake itself, of its admin API or of a world that is
// not available. They are not of the contract, so they have another form: RFC 9457,
// application/problem+json.
//
//	{"title": "Not Found", "status": 404, "detail": "There is no world \"chekout\" (did you mean \"checkout\"?).", "nearest": "checkout"}
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

// Problem is why a request was not done. It changed nothing.
type Problem struct {
	// Title is the text of the status, the same for all problems of one status.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail is what is wrong, where, and what was expected.
	Detail string `json:"detail"`
	// Nearest is the known name that is most like the unknown one; "" if none is.
	Nearest string `json:"nearest,omitzero"`
	// Violations are those of the request body by its schema.
	Violations []schemas.Violation `json:"violations,omitzero"`
}

// New returns a problem. The detail is formatted as by fmt.Sprintf.
func New(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Unknown returns the problem of a name that is not among the known ones.
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

// JSON returns the body of that answer.
func (p *Problem) JSON() []byte { return jcs.Encode(p) }
