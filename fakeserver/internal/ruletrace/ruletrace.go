// Package ruletrace records which rules of the milestone a request reached, in which
// order, and how each came out. A rule is declared once, as a constant beside the code
// that decides it:
//
//	const teaIsHot ruletrace.Rule = "tea-is-hot"
//
//	trace := new(ruletrace.Trace)
//	if trace.Precondition(teaIsHot, degrees < 80) {
//		return refusal
//	}
//
// A request reaches a rule if it would have shown that the server breaks the rule. So a
// precondition is recorded each time that it is evaluated, whichever way it decides. An
// invariant is recorded when the request puts it to the test: the one about event types,
// when the query has a type.
package ruletrace

// Rule is the id of a rule of the milestone.
type Rule string

// Reached is a rule that a request reached.
type Reached struct {
	Rule Rule
	// Refused reports whether a precondition refused the request or, if its rule is about
	// a verdict or a rollout, added its reason codes. It is false for an invariant.
	Refused bool
}

// Trace has the rules that one request reached. A nil Trace records nothing, at the cost
// of a comparison. It is not safe for concurrent use.
type Trace struct{ reached []Reached }

// usual is how many rules most requests reach.
const usual = 16

func (t *Trace) append(reached ...Reached) {
	if t.reached == nil {
		t.reached = make([]Reached, 0, usual)
	}
	t.reached = append(t.reached, reached...)
}

// Precondition records that a precondition was evaluated. It returns refused, so that it
// can be part of the condition that decides.
func (t *Trace) Precondition(rule Rule, refused bool) bool {
	if t != nil {
		t.append(Reached{rule, refused})
	}
	return refused
}

// Invariant records invariants that the request put to the test.
func (t *Trace) Invariant(rules ...Rule) {
	if t == nil {
		return
	}
	for _, rule := range rules {
		t.append(Reached{Rule: rule})
	}
}

// Fork returns an empty trace for what is evaluated before it is known to count; nil if t
// is nil.
func (t *Trace) Fork() *Trace {
	if t == nil {
		return nil
	}
	return new(Trace)
}

// Append adds what a fork recorded.
func (t *Trace) Append(fork *Trace) {
	if t != nil && fork != nil {
		t.append(fork.reached...)
	}
}

// Reached returns the rules recorded so far, in order. An invariant that was tested twice
// is in it twice.
func (t *Trace) Reached() []Reached {
	if t == nil {
		return nil
	}
	return t.reached
}
