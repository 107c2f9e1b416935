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

// Clock is the test clock that a request names. One that cannot be read matters
// only where now is needed, so it is carried until then, and so is one that the
// server ignores.
type Clock struct {
	At        instant.Instant
	Malformed error // why it cannot be read
	Off       bool  // the server's test clocks are off
}

// Now is the time of one request: the server's, unless the request names a test
// clock.
type Now struct {
	At    instant.Instant // the server's
	Clock *Clock          // the request's; nil: it names none
}

// Read gives the time, or the refusal of a test clock that cannot be read where
// now is needed.
func (n Now) Read(c *ruletrace.Trace, otherwise Outcome) (instant.Instant, *Refusal) {
	switch {
	case n.Clock == nil:
		return n.At, nil
	case n.Clock.Off:
		c.Invariant(testClocksCanBeOff)
		return n.At, nil
	case c.Precondition(nowIsReadable, n.Clock.Malformed != nil):
		return 0, invalid(nowIsReadable, otherwise, n.Clock.Malformed.Error())
	}
	return n.Clock.At, nil
}

// Yield is called instead of Read when the request says otherwise which time it
// is for: then now is not needed, and a test clock that cannot be read passes.
func (n Now) Yield(c *ruletrace.Trace) {
	if n.Clock != nil && !n.Clock.Off {
		c.Precondition(nowIsReadable, false)
	}
}

// RecordedAt is the member recorded_at, which every POST may bring.
type RecordedAt struct {
	RecordedAt *string `json:"recorded_at"`
}

// Record lets a command be recorded at another time.
func (r *RecordedAt) Record(at string) { r.RecordedAt = &at }

// read gives the one time of a POST: what it brings, else now. The schema asserts
// the format of a time; a leap second and a year beyond 0000–9999 have it and
// still cannot be recorded.
func (r RecordedAt) read(s State) (instant.Instant, *Refusal) {
	if r.RecordedAt == nil {
		return s.Now.Read(s.Trace, PayloadInvalid)
	}
	s.Now.Yield(s.Trace)
	at, err := instant.Parse(*r.RecordedAt)
	if s.Trace.Precondition(recordedAtIsReadable, err != nil) {
		return 0, invalid(recordedAtIsReadable, PayloadInvalid, "recorded_at: "+err.Error())
	}
	return at, nil
}

// shown notes that the time comes out again, which is the one form that package
// instant writes.
func (r RecordedAt) shown(s State) {
	if r.RecordedAt != nil {
		s.Trace.Invariant(recordedAtIsNormalised)
	}
}

var timeExplained = explain.Rules{
	nowIsReadable: explain.Precondition(
		explain.Inputs(explain.Header, "X-Now-Iso"), explain.Remove(explain.Header, "X-Now-Iso"), "Send an RFC 3339 time in X-Now-Iso, or leave it out.",
	),
	recordedAtIsReadable: explain.Precondition(
		explain.Inputs(explain.Body, "/recorded_at"), explain.Remove(explain.Body, "/recorded_at"), "Send an RFC 3339 time that exists in recorded_at, or leave it out.",
	),
}
