// Package record has the record of a run: what was sent and answered, what the checks found, and how each scenario ended.
//
// There is one way to a service, the [Recorder], which is a http.RoundTripper. Steps get a client that has it as its transport
// and nothing else, so no request bypasses it, and every answer is checked, whether a step looks at it or not.
//
// # JSON
//
// An [Exchange] has one JSON form, in the event log and in exchanges.ndjson. Two runs write the same bytes but for sent_at and
// took_ms: the Date header is masked, ports are not recorded, and the answers to requests that were sent at once are put in an
// order of their own, which is not that of their arrival.
//
// # Secrets
//
// The values of Authorization and X-Partner-Key are secrets, and those of the headers that are given for a service. The recorder
// replaces them in each exchange, in headers and in all other texts ([Secrets]), before it is recorded: whatever is made of a
// record has none of them.
package record

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/schemas"
)

// Mark is the step that sent a request.
type Mark struct {
	// Scenario is the scenario's place in the plan; -1 for a request outside of any scenario.
	Scenario int `json:"-"`
	// Step is the place of the step in its scenario.
	Step int `json:"-"`
	// Concurrency is not 0 for requests that are sent at once: those with the same number belong together.
	Concurrency int `json:"concurrency,omitzero"`
}

// Exchange is one request and its answer.
type Exchange struct {
	// Operation is the id of the operation that the request's method and path reach, or of the router.
	Operation string `json:"operation"`
	// Request is what was sent.
	Request Request `json:"request"`
	// Response is what came back; nil when nothing did.
	Response *Response `json:"response"`
	// Failure is why nothing came back, in a text that is the same on every machine.
	Failure string `json:"failure,omitzero"`
	// Outcome is the name of the declared outcome that the answer is; "" when it is none.
	Outcome Optional `json:"outcome"`
	// Checks are what the checks found.
	Checks Checks `json:"checks"`
	// Message is the answer in short: status, error code and reason code.
	Message string `json:"message"`
	// Covered are the coverage items that the answer shows. They are declared exactly when there is an outcome.
	Covered []milestones.CoverageItem `json:"covered,omitempty"`
	// Undeclared are what the answer shows and the milestone does not declare.
	Undeclared []Undeclared `json:"undeclared,omitempty"`
	// KeySentBefore reports whether the run has sent the request's idempotency key to this operation before.
	KeySentBefore bool `json:"key_sent_before,omitzero"`
	Mark          Mark `json:",embed"`
	// SentAt is when the request left, in milliseconds, and TookMS how many of them the whole answer took.
	SentAt time.Time `json:"sent_at"`
	TookMS float64   `json:"took_ms"`

	// Canonical is the answer's body in the form of RFC 8785, secrets included, from which a row of the output is made; nil
	// when it has none that can be read. It is not recorded.
	Canonical []byte `json:"-"`
}

// Line is a line of exchanges.ndjson.
type Line struct {
	// Number is that of the line.
	Number int `json:"number"`
	// Scenario is the id of the scenario, and Where its place.
	Scenario string `json:"scenario"`
	Where    string `json:"where"`
	Step     struct {
		Line int    `json:"line"`
		Text string `json:"text"`
	} `json:"step"`
	*Exchange
}

// Append appends the line, with its line end.
func (l *Line) Append(b []byte) []byte { return append(append(b, encode(l)...), '\n') }

// Optional is a text that JSON has as null when it is empty.
type Optional string

// MarshalJSONTo writes the text, or null.
func (o Optional) MarshalJSONTo(e *jsontext.Encoder) error {
	if o == "" {
		return e.WriteToken(jsontext.Null)
	}
	return e.WriteToken(jsontext.String(string(o)))
}

// Request is what was sent.
type Request struct {
	Method string
	// Target is the path and query as they are on the wire.
	Target string
	Header http.Header
	Body   []byte
	// Length and SHA256 are those of the whole body when Body is only its beginning; 0 and "" otherwise.
	Length int
	SHA256 string
	// Fields is how many header fields there were when Header does not have all of them; 0 otherwise.
	Fields int
}

// Response is what came back.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Length, SHA256 and Fields are those of [Request]. Of an answer that was cut they are those of what was read.
	Length int
	SHA256 string
	Fields int
	// Cut reports whether the answer was longer than [BodyLimit] or [ScenarioLimit] allows, so that the rest was not read.
	Cut bool
}

// Undeclared is something observed that the milestone does not declare.
type Undeclared struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	ReasonCode string `json:"reason_code"`
}

// CheckResult is what one check found.
type CheckResult struct {
	// Check is the id of the check.
	Check string `json:"check"`
	// Status is whether it holds.
	Status CheckStatus `json:"-"`
	// Message is what was wrong, or why the check does not apply.
	Message string `json:"message"`
	// Violations are the differences from a schema, when that is what was wrong.
	Violations []schemas.Violation `json:"violations,omitempty"`
	// Causes are those of a failed check, each key once.
	Causes []cause.Cause `json:"causes,omitempty"`
}

// Level is core if one of the causes is, and otherwise full.
func (r *CheckResult) Level() milestones.Level {
	if slices.ContainsFunc(r.Causes, func(c cause.Cause) bool { return c.Level == milestones.Core }) {
		return milestones.Core
	}
	return milestones.Full
}

// CheckStatus is the outcome of a check.
type CheckStatus int

// The outcomes of a check.
const (
	// Passed: the check was made, and it holds.
	CheckPassed CheckStatus = iota
	// Failed: it does not.
	CheckFailed
	// NotApplicable: there was nothing to check. That is said rather than counted as passed.
	CheckNotApplicable
)

// Took is how long the whole answer took.
func (x *Exchange) Took() time.Duration {
	return time.Duration(x.TookMS * float64(time.Millisecond)).Round(time.Microsecond)
}

// InPart reports whether the body of the answer is recorded by its beginning alone.
func (x *Exchange) InPart() bool { return x.Response != nil && x.Response.Length > 0 }

// Failures are the results that failed.
func (x *Exchange) Failures() []CheckResult {
	var failures []CheckResult
	for _, r := range x.Checks {
		if r.Status == CheckFailed {
			failures = append(failures, r)
		}
	}
	return failures
}

// Size is about how many bytes of a report the exchange takes: enough that little more has to be copied.
func (x *Exchange) Size() int {
	size := 2<<10 + len(x.Request.Body)*5/4 // quotes are escaped
	if x.Response != nil {
		size += len(x.Response.Body) * 5 / 4
	}
	return size
}
