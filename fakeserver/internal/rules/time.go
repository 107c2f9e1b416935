package rules

import (
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	testClocksCanBeOff     ruletrace.Rule = "test-clocks-can-be-off"
	nowIsReadable          ruletrace.Rule = "now-is-readable"
	recordedAtIsReadable   ruletrace.Rule = "recorded-at-is-readable"
	recordedAtIsNormalised ruletrace.Rule = "recorded-at-is-normalised"
)

// Clock is the test clock of a request. One that is malformed is refused where now is
// needed, and no earlier.
type Clock struct {
	At        instant.Instant
	Malformed error // nil if At was read
	Off       bool  // the server's test clocks are off
}

// Now is the time of one request: the server's, unless the request has a test clock.
type Now struct {
	At    instant.Instant // the server's
	Clock *Clock          // the request's; nil if it has none
}

// Read returns the time, or the refusal of a malformed test clock, with the outcome
// malformed.
func (n Now) Read(c *ruletrace.Trace, malformed Outcome) (instant.Instant, *Refusal) {
	switch {
	case n.Clock == nil:
		return n.At, nil
	case n.Clock.Off:
		c.Invariant(testClocksCanBeOff)
		return n.At, nil
	case c.Precondition(nowIsReadable, n.Clock.Malformed != nil):
		return 0, invalid(nowIsReadable, malformed, n.Clock.Malformed.Error())
	}
	return n.Clock.At, nil
}

// Unused is called instead of Read if the request has its time elsewhere: a malformed test
// clock is not refused.
func (n Now) Unused(c *ruletrace.Trace) {
	if n.Clock != nil && !n.Clock.Off {
		c.Precondition(nowIsReadable, false)
	}
}

// RecordedAt is the member recorded_at, which every POST may have.
type RecordedAt struct {
	RecordedAt *string `json:"recorded_at"`
}

// SetRecordedAt makes a command be recorded at another time.
func (r *RecordedAt) SetRecordedAt(at string) { r.RecordedAt = &at }

// read returns the time of a POST: recorded_at, or else now. The schema asserts the format of
// a time; a leap second and a year beyond 0000–9999 have it and are refused here.
func (r RecordedAt) read(s State) (instant.Instant, *Refusal) {
	if r.RecordedAt == nil {
		return s.Now.Read(s.Trace, PayloadInvalid)
	}
	s.Now.Unused(s.Trace)
	at, err := instant.Parse(*r.RecordedAt)
	if s.Trace.Precondition(recordedAtIsReadable, err != nil) {
		return 0, invalid(recordedAtIsReadable, PayloadInvalid, "recorded_at: "+err.Error())
	}
	return at, nil
}

// recordNormalised records that the answer has the time, in the form that package instant
// writes.
func (r RecordedAt) recordNormalised(s State) {
	if r.RecordedAt != nil {
		s.Trace.Invariant(recordedAtIsNormalised)
	}
}

var timeExplained = explain.Rules{
	nowIsReadable: explain.Precondition(
		explain.Inputs(explain.Header, "X-Now-Iso"), explain.Remove(explain.Header, "X-Now-Iso"), "Send an RFC 3339 time in X-Now-Iso, or omit it.",
	),
	recordedAtIsReadable: explain.Precondition(
		explain.Inputs(explain.Body, "/recorded_at"), explain.Remove(explain.Body, "/recorded_at"), "Send an RFC 3339 time that exists in recorded_at, or omit it.",
	),
}
