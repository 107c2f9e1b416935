// Package record keeps what was said between the run and its target: every request, its answer, and what the checks
// found, in order.
//
// There is one way to a target, the [Recorder], and it is a http.RoundTripper. Steps are handed a client that has it
// as its transport and nothing else, so that no step can talk past it, and no answer goes unjudged because an author
// forgot to look.
//
// # One line per exchange
//
// [Exchange.AppendLine] writes an exchange as one line of JSON. Two runs write the same bytes but for the two members
// that are named as times (sent_at, took_ms): the Date header is masked, ports are not recorded, and the answers to
// requests that were sent at once are put in an order of their own, which is not that of their arrival.
//
// # A record that can be read back
//
// [Exchange.AppendRecord] writes an exchange with its judgement, and [ReadRecord] reads it: whoever has the records of a
// run can decide on it, and write its lines byte for byte, without having seen it.
//
// # Secrets
//
// The values of Authorization and X-Partner-Key are never written, nor those of the headers that are given for a target.
// They are masked in headers, and [Secrets] takes them out of every other text, since a body or a message may well quote
// them.
package record

import (
	"net/http"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Mark says on whose behalf a request is made.
type Mark struct {
	// Scenario is the scenario's place in the plan; -1 for a request outside of any scenario.
	Scenario int
	// Step is the place of the sentence in its scenario.
	Step int
	// Concurrency is not 0 for requests that are sent at once: those with the same number belong together.
	Concurrency int
}

// Exchange is one request and its answer.
type Exchange struct {
	Mark Mark
	// Operation is what the request's method and path reach; the router when they reach no operation.
	Operation *milestones.Operation
	// Request is what was sent.
	Request Request
	// Response is what came back; nil when nothing did.
	Response *Response
	// Failure says why nothing came back, in words that are the same on every machine.
	Failure string
	// Target tells targets of one run apart. It is not written: it has a port in it.
	Target string
	// KeySentBefore says that the run has sent the request's idempotency key to this operation before.
	KeySentBefore bool
	// SentAt and Took are when the request left and how long the whole answer took.
	SentAt time.Time
	Took   time.Duration

	// The rest is the judgement of package checks.

	// Outcome is the declared outcome that the answer is; nil when it is none.
	Outcome *milestones.Outcome
	// Covered are what the answer shows of its operation. They are declared exactly when Outcome is not nil.
	Covered []milestones.CoverageItem
	// Undeclared are the cells that it shows and that the milestone does not declare.
	Undeclared []Undeclared
	// Checks are what the checks found, in the order of their table.
	Checks []CheckResult
	// Message is the answer in short: status, error code and reason code.
	Message string
	// Canonical is the answer's body in the form of RFC 8785; nil when it has none that can be read. It is not recorded.
	Canonical []byte

	recorded []byte // the facts as [Exchange.AppendRecord] wrote them, of one that was read back
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
	// Cut says that the answer was longer than [BodyLimit] or [ScenarioLimit] allows, and that the rest was not read.
	Cut bool
}

// Undeclared is something observed that the milestone does not declare.
type Undeclared struct {
	Status     int
	Code       string
	ReasonCode string
}

// CheckResult is what one check found.
type CheckResult struct {
	// Check is the id of the check.
	Check string
	// Status is whether it holds.
	Status CheckStatus
	// Message is what was wrong, or why the check does not apply.
	Message string
	// Violations are the differences from a schema, when that is what was wrong.
	Violations []schemas.Violation
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
