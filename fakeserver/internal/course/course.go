// Package course follows one request through the rules of the milestone: which of
// them it reached, in which order, and how each came out.
//
//	c := course.New()
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
// Nobody listens to most servers. Their courses are nil, and a nil Course notes
// nothing, at the cost of a comparison.
package course

// Reached is a rule that a request reached.
type Reached struct {
	Rule string // its id
	// Refused tells that a gate refused the request. Of a gate whose rule is about a
	// verdict or a rollout, that it gave its reason codes. A promise never refuses.
	Refused bool
}

// Course is the course of one request. It is not safe for concurrent use: it
// belongs to the goroutine that answers the request.
type Course struct {
	reached []Reached
	room    [24]Reached // for as many as most requests reach, in one piece of memory
}

// New gives a course on which nothing was reached yet.
func New() *Course {
	c := new(Course)
	c.reached = c.room[:0]
	return c
}

// Gate notes that the request came to a gate. It gives refused back, so that it
// stands in the condition that decides.
func (c *Course) Gate(rule string, refused bool) bool {
	if c != nil {
		c.reached = append(c.reached, Reached{rule, refused})
	}
	return refused
}

// Promise notes promises that the request gave something to keep.
func (c *Course) Promise(rules ...string) {
	if c == nil {
		return
	}
	for _, rule := range rules {
		c.reached = append(c.reached, Reached{Rule: rule})
	}
}

// Join appends what was noted apart, because it was looked at before it was
// known to count.
func (c *Course) Join(apart *Course) {
	if c != nil && apart != nil {
		c.reached = append(c.reached, apart.reached...)
	}
}

// Reached are the rules noted so far, in the order of noting. A promise that was
// kept twice stands twice.
func (c *Course) Reached() []Reached {
	if c == nil {
		return nil
	}
	return c.reached
}
