// Package ruletrace follows one request through the rules of the milestone: which of
// them it reached, in which order, and how each came out.
//
//	c := new(course.Tree).Begin()
//	if c.Gate(rule, broken) {
//		return refusal
//	}
//	c.Promise(another)
//
// A rule is noted where it is decided, under its id, and only there. What counts
// as reaching one is this: had the server broken the rule, this request could
// have shown it. So a gate is noted each time a request comes to it, whichever way
// it decides. A promise is noted when the request gives it something to keep: the
// one about event types, when the query names a type.
//
// Of all the requests that a server answers, most take a course that another one took
// before. So a server has one [Tree] of them, and the course of a request is a place
// in it: it takes no memory of its own, neither while the request is answered nor for
// as long as it is remembered. The tree grows when a request goes where none went. It
// stays small, for the rules decide what can follow what, whatever clients send.
//
// Where nobody listens there is no tree. Its courses are nil, and a nil Course notes
// nothing, at the cost of a comparison.
package ruletrace

import (
	"slices"
	"sync/atomic"
)

// Reached is a rule that a request reached.
type Reached struct {
	Rule string // its id
	// Refused tells that a gate refused the request. Of a gate whose rule is about a
	// verdict or a rollout, that it gave its reason codes. A promise never refuses.
	Refused bool
}

// Tree is all the courses that requests took. The zero value is one that none took
// yet; nil notes nothing. It is safe for concurrent use.
type Tree struct{ root place }

// place is where a request is on its course: the rule that it reached last, and
// behind it the ones before.
type place struct {
	Reached
	before *place
	number int                       // of the rules up to here
	next   atomic.Pointer[place]     // the one that was added last of those that follow
	beside *place                    // the one that was added before this one
	listed atomic.Pointer[[]Reached] // all rules up to here; nil: nobody has asked yet
}

// then gives the place at which another rule is reached from here.
func (p *place) then(reached Reached) *place {
	for {
		last := p.next.Load()
		for next := last; next != nil; next = next.beside {
			if next.Reached == reached {
				return next
			}
		}
		added := &place{Reached: reached, before: p, number: p.number + 1, beside: last}
		if p.next.CompareAndSwap(last, added) {
			return added
		} // else another request added one, which may be this
	}
}

// list gives all rules up to here.
func (p *place) list() []Reached {
	if listed := p.listed.Load(); listed != nil {
		return *listed
	}
	list := make([]Reached, 0, p.number)
	for at := p; at.before != nil; at = at.before {
		list = append(list, at.Reached)
	}
	slices.Reverse(list)
	p.listed.Store(&list)
	return list
}

// Trace is the course of one request. It is not safe for concurrent use: it
// belongs to the goroutine that answers the request.
type Trace struct{ from, at *place }

// Begin gives a course on which nothing was reached yet.
func (t *Tree) Begin() *Trace {
	if t == nil {
		return nil
	}
	return &Trace{&t.root, &t.root}
}

// Precondition notes that the request came to a gate. It gives refused back, so that it
// stands in the condition that decides.
func (c *Trace) Precondition(rule string, refused bool) bool {
	if c != nil {
		c.at = c.at.then(Reached{rule, refused})
	}
	return refused
}

// Invariant notes promises that the request gave something to keep.
func (c *Trace) Invariant(rules ...string) {
	if c == nil {
		return
	}
	for _, rule := range rules {
		c.at = c.at.then(Reached{Rule: rule})
	}
}

// Fork gives a course of its own for what is looked at before it is known to count.
func (c *Trace) Fork() *Trace {
	if c == nil {
		return nil
	}
	return &Trace{c.from, c.from}
}

// Append appends what was noted apart.
func (c *Trace) Append(apart *Trace) {
	if c == nil || apart == nil {
		return
	}
	for _, reached := range apart.at.list() {
		c.at = c.at.then(reached)
	}
}

// Reached are the rules noted so far, in the order of noting. A promise that was
// kept twice stands twice. The list is that of all requests which took this course:
// it must not be changed.
func (c *Trace) Reached() []Reached {
	if c == nil {
		return nil
	}
	return c.at.list()
}
