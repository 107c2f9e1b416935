package ruletrace

import (
	"slices"
	"testing"
)

func TestTrace(t *testing.T) {
	rows := []struct {
		name   string
		record func(*Trace)
		want   []Reached
	}{
		{"nothing reached", func(*Trace) {}, nil},
		{"a precondition that holds", func(c *Trace) { c.Precondition("a", false) }, []Reached{{"a", false}}},
		{"a precondition that refuses", func(c *Trace) { c.Precondition("a", true) }, []Reached{{"a", true}}},
		{"invariants in order", func(c *Trace) { c.Precondition("a", false); c.Invariant("b", "c") }, []Reached{{"a", false}, {"b", false}, {"c", false}}},
		{"an invariant twice", func(c *Trace) { c.Invariant("b"); c.Invariant("b") }, []Reached{{"b", false}, {"b", false}}},
		{"a fork that is appended", func(c *Trace) {
			fork := c.Fork()
			fork.Precondition("b", true)
			c.Invariant("a")
			c.Append(fork)
		}, []Reached{{"a", false}, {"b", true}}},
		{"a fork that is not appended", func(c *Trace) { c.Fork().Invariant("b") }, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			trace := new(Trace)
			row.record(trace)
			if got := trace.Reached(); !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
			var none *Trace
			row.record(none)
			if got := none.Reached(); got != nil {
				t.Errorf("a nil trace recorded %v, want nothing", got)
			}
		})
	}
}

func TestPreconditionReturnsItsDecision(t *testing.T) {
	for _, trace := range []*Trace{nil, new(Trace)} {
		for _, refused := range []bool{false, true} {
			if got := trace.Precondition("a", refused); got != refused {
				t.Errorf("%v: got %t, want %t", trace, got, refused)
			}
		}
	}
}
