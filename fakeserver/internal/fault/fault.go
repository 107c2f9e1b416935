// Package fault injects faults into the answers of a world. A fault is added by a test, matches
// requests, and is exhausted once it was injected as often as it should be:
//
//	{"operation": "partnerLiquidityProvider.onboard", "when": "after", "drop": true}
//
// The next onboarding is done, and its answer is lost. A fault has
//
//	for which requests  operation, provider_id (both may be absent: for all)
//	which of these      nth, or probability with seed; times, which is 1 by default
//	when                before the request is handled, or after
//	what                answer, latency, drop, truncate, slow, stale
//
// At most one fault is injected into an answer: the first, in the order of adding, that matches.
// For nth and for its sequence of chances, a fault counts the requests for which it is
// considered, and it is not considered for a request into which an earlier one was injected.
//
// Only the route of a request is compared, before identity is read. So a request with an
// invalid key matches the same faults as one with a valid key, and no fault shows which it was.
//
// [Set] has the faults of a world, and [Injector] injects them.
package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
)

// When a fault is injected.
const (
	Before = "before" // the request is not handled
	After  = "after"  // the request has been handled, and what it changed stays
)

// Fault is a fault of an answer.
type Fault struct {
	// Operation is the id of the operation; "" is any.
	Operation string `json:"operation,omitzero"`
	// ProviderID is the one in the path; "" is any.
	ProviderID string `json:"provider_id,omitzero"`

	// Nth injects the fault into the answer of the nth matching request only; 0 is every one.
	Nth int `json:"nth,omitzero"`
	// Times is how often the fault is injected; 0 is once.
	Times int `json:"times,omitzero"`
	// Probability of an injection; 0 is always.
	Probability float64 `json:"probability,omitzero"`
	// Seed of the random sequence: the same seed gives the same sequence.
	Seed uint64 `json:"seed,omitzero"`

	// When is Before or After; "" is After for what can only be done to an answer, and
	// else Before.
	When string `json:"when,omitzero"`

	// Answer replaces the answer.
	Answer *Answer `json:"answer,omitzero"`
	// Latency is how long the client waits: before the request is handled, which it then
	// is, or after.
	Latency clock.Span `json:"latency,omitzero"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitzero"`
	// Truncate is how many bytes of the body are sent before the connection is closed, at most
	// all but the last, while Content-Length has all of them.
	Truncate *int `json:"truncate,omitzero"`
	// Slow sends the body in pieces.
	Slow *Slow `json:"slow,omitzero"`
	// Stale answers from the state of the world when the fault was added.
	Stale bool `json:"stale,omitzero"`
}

// Answer is a refusal: an outcome of the operation, or a status and codes.
type Answer struct {
	// Outcome is the name of a refusal of the operation; "" if Status is set.
	Outcome string `json:"outcome,omitzero"`
	Status  int    `json:"status,omitzero"`
	// Code is the error code; "" is the one of the status, see statusCode.
	Code       string `json:"code,omitzero"`
	ReasonCode string `json:"reason_code,omitzero"`
}

// Slow throttles the body.
type Slow struct {
	Bytes int        `json:"bytes"` // of one piece
	Pause clock.Span `json:"pause"` // between two
}

// internal is the error code of the contract that no refusal of the milestone has, with status
// 500.
const internal = "INTERNAL"

// statusCode returns the error code of an HTTP status from 400 to 599: the one that
// most refusals of the milestone with the status have, and INTERNAL for 500. The
// contract has no code for any other status, so the fake has codes of its own, the
// names of the statuses in HTTP: TOO_MANY_REQUESTS for 429, SERVICE_UNAVAILABLE for 503.
// ErrorResponse does not allow these. A status without a name counts as 400 or 500
// (RFC 9110, section 15).
func statusCode(m *milestones.Milestone, status int) string {
	usual, having := "", map[string]int{}
	for _, refusal := range m.Refusals {
		if refusal.Status == status {
			if having[refusal.Code]++; having[refusal.Code] > having[usual] {
				usual = refusal.Code
			}
		}
	}
	name := http.StatusText(status)
	switch {
	case usual != "":
		return usual
	case status == http.StatusInternalServerError:
		return internal
	case name == "":
		return statusCode(m, status/100*100)
	}
	return strings.NewReplacer(" ", "_", "-", "_", "'", "").Replace(strings.ToUpper(name))
}

// The statuses that an answer can have, as its schema has them.
const (
	lowestStatus  = 400
	highestStatus = 599
)

// longest is how long anything may wait.
const longest = clock.Span(time.Hour)

// onlyLatency reports whether the fault does nothing but wait.
func (f *Fault) onlyLatency() bool {
	return f.Answer == nil && !f.Drop && f.Truncate == nil && f.Slow == nil && !f.Stale
}

// Handles reports whether the world handles the request: with When After, and if the fault
// only delays it.
func (f *Fault) Handles() bool { return f.When == After || f.onlyLatency() }

// Complete returns the fault with defaults filled in, or the problem of an invalid one.
func (f Fault) Complete(m *milestones.Milestone) (Fault, *problem.Problem) {
	var of *milestones.Operation
	if f.Operation != "" {
		known := false
		if of, known = m.Operation(f.Operation); !known {
			ids := []string{m.Router.ID}
			for _, o := range m.Operations {
				ids = append(ids, o.ID)
			}
			return f, problem.Unknown(http.StatusBadRequest, "operation", f.Operation, ids)
		}
	}
	if f.When == "" {
		f.When = Before
		if (f.Truncate != nil || f.Slow != nil) && f.Answer == nil && !f.Drop && !f.Stale {
			f.When = After
		}
	}
	if message := f.contradiction(of); message != "" {
		return f, problem.New(http.StatusBadRequest, "The fault: %s.", message)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Answer != nil {
		answer, wrong := f.Answer.complete(m, of)
		if wrong != nil {
			return f, wrong
		}
		f.Answer = &answer
	}
	return f, nil
}

// contradiction returns which members cannot be combined, and why; "" if all can.
func (f *Fault) contradiction(of *milestones.Operation) string {
	answerless := f.When == Before && f.Answer == nil && !f.Stale
	for _, row := range []struct {
		is      bool
		message string
	}{
		{f.onlyLatency() && f.Latency == 0, "it has none of answer, latency, drop, truncate, slow and stale, so that nothing would go wrong"},
		{f.Nth > 0 && f.Times > 1, fmt.Sprintf("nth with times %d: one request is the nth, and it comes once", f.Times)},
		{f.Nth > 0 && f.Probability > 0, "nth with probability: each of them selects the request, so give one"},
		{f.Seed > 0 && f.Probability == 0, "seed without probability: there is nothing to be left to chance"},
		{f.ProviderID != "" && of != nil && !strings.Contains(of.Path, "{"), "provider_id with operation " + f.Operation + ": its path has no provider"},
		{f.Drop && f.Answer != nil, "drop with answer: nothing is answered when the connection is dropped"},
		{f.Drop && f.Truncate != nil, "drop with truncate: nothing is answered that could be cut"},
		{f.Drop && f.Slow != nil, "drop with slow: nothing is answered that could be slow"},
		{f.Drop && f.Stale, "drop with stale: nothing is answered that could be stale"},
		{f.Answer != nil && f.Stale, "answer with stale: one request gets one answer"},
		{f.Stale && of == nil, "stale without operation: name the GET operation that gives old answers"},
		{f.Stale && of != nil && of.Method != http.MethodGet, "stale with operation " + f.Operation + ": only a GET operation can give an old answer"},
		{f.Stale && f.When == After, "stale with when after: what answers is the old state, and the world itself handles nothing"},
		{f.Truncate != nil && answerless, "truncate with when before: there is no answer to cut, so give one, or set when to after"},
		{f.Slow != nil && answerless, "slow with when before: there is no answer to be slow, so give one, or set when to after"},
		{f.Latency < 0 || f.Latency > longest, "latency is more than 0s, and 1h at most"},
		{f.Slow != nil && (f.Slow.Pause <= 0 || f.Slow.Pause > longest), "slow's pause is more than 0s, and 1h at most"},
	} {
		if row.is {
			return row.message
		}
	}
	return ""
}

// complete returns the answer with status and codes filled in, or the problem of an invalid
// one.
func (a Answer) complete(m *milestones.Milestone, of *milestones.Operation) (Answer, *problem.Problem) {
	wrong := func(format string, args ...any) (Answer, *problem.Problem) {
		return a, problem.New(http.StatusBadRequest, "The fault: "+format+".", args...)
	}
	if a.Outcome != "" {
		switch {
		case of == nil:
			return wrong("answer.outcome without operation: an outcome is one of an operation's")
		case a.Status != 0 || a.Code != "" || a.ReasonCode != "":
			return wrong("answer.outcome with answer.status, code or reason_code: the outcome determines them")
		}
		if a.refusal(of) != nil {
			return a, nil
		}
		var names []string
		for _, o := range of.Outcomes {
			if o.Code != "" {
				names = append(names, o.Name)
			}
		}
		return a, problem.Unknown(http.StatusBadRequest, "refusal of "+of.ID, a.Outcome, names)
	}
	if a.Status == 0 {
		return wrong("answer has neither outcome nor status")
	}
	if a.Code == "" {
		a.Code = statusCode(m, a.Status)
	}
	var codes []string
	for _, refusal := range m.Refusals {
		codes = append(codes, refusal.Code)
	}
	for status := lowestStatus; status <= highestStatus; status++ {
		codes = append(codes, statusCode(m, status))
	}
	if !slices.Contains(codes, a.Code) {
		return a, problem.Unknown(http.StatusBadRequest, "error code", a.Code, codes)
	}
	if a.ReasonCode != "" && !slices.Contains(m.RequiredReasonCodes, a.ReasonCode) {
		return a, problem.Unknown(http.StatusBadRequest, "reason code", a.ReasonCode, m.RequiredReasonCodes)
	}
	return a, nil
}

// refusal returns the refusal of an operation that the answer names; nil if it names none.
func (a Answer) refusal(of *milestones.Operation) *milestones.Outcome {
	for i := range of.Outcomes {
		if o := &of.Outcomes[i]; o.Name == a.Outcome && o.Code != "" {
			return o
		}
	}
	return nil
}
