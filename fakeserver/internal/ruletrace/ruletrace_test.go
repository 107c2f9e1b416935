package ruletrace

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

func TestCoursesOfOneTree(t *testing.T) {
	tree := new(Tree)
	rows := []struct {
		name string
		take func(*Trace)
		want []Reached
	}{
		{"nothing reached", func(*Trace) {}, []Reached{}},
		{"a gate passed", func(c *Trace) { c.Precondition("a", false) }, []Reached{{"a", false}}},
		{"the same gate, refusing", func(c *Trace) { c.Precondition("a", true) }, []Reached{{"a", true}}},
		{"beyond another's end", func(c *Trace) { c.Precondition("a", false); c.Invariant("b", "c") }, []Reached{{"a", false}, {"b", false}, {"c", false}}},
		{"another way from there", func(c *Trace) { c.Precondition("a", false); c.Invariant("c", "b") }, []Reached{{"a", false}, {"c", false}, {"b", false}}},
		{"a promise twice", func(c *Trace) { c.Invariant("b"); c.Invariant("b") }, []Reached{{"b", false}, {"b", false}}},
		{"joined", func(c *Trace) {
			apart := c.Fork()
			apart.Precondition("b", true)
			c.Invariant("a")
			c.Append(apart)
		}, []Reached{{"a", false}, {"b", true}}},
		{"apart, and never joined", func(c *Trace) { c.Fork().Invariant("b") }, []Reached{}},
	}
	for range 2 { // the second time all courses are known
		for _, row := range rows {
			c := tree.Begin()
			row.take(c)
			if got := c.Reached(); !slices.Equal(got, row.want) {
				t.Errorf("%s: %v, want %v", row.name, got, row.want)
			}
		}
	}
}

func TestGateGivesItsDecisionBack(t *testing.T) {
	for _, tree := range []*Tree{nil, new(Tree)} {
		for _, refused := range []bool{false, true} {
			if got := tree.Begin().Precondition("a", refused); got != refused {
				t.Errorf("%v: %t, want %t", tree, got, refused)
			}
		}
	}
}

func TestNoTreeNotesNothing(t *testing.T) {
	c := (*Tree)(nil).Begin()
	c.Invariant("a")
	c.Append(c.Fork())
	if got := c.Reached(); c != nil || got != nil {
		t.Errorf("%v noted %v, want nothing", c, got)
	}
}

// Requests that take one course at the same time share it, whoever came first.
func TestCoursesAtOnce(t *testing.T) {
	const requests, ways = 64, 8
	tree := new(Tree)
	courses := make([]*Trace, requests)
	var group sync.WaitGroup
	for n := range requests {
		group.Go(func() {
			c := tree.Begin()
			for step := range 20 {
				c.Precondition(fmt.Sprint("rule-", step), n%ways == step)
			}
			c.Reached()
			courses[n] = c
		})
	}
	group.Wait()
	for n, c := range courses {
		if c.at != courses[n%ways].at {
			t.Errorf("request %d took a course of its own", n)
		}
		for step, got := range c.Reached() {
			if want := (Reached{fmt.Sprint("rule-", step), n%ways == step}); got != want {
				t.Errorf("request %d, step %d: %v, want %v", n, step, got, want)
			}
		}
	}
}

func TestAKnownCourseTakesNoMemory(t *testing.T) {
	tree := new(Tree)
	take := func() {
		c := tree.Begin()
		c.Precondition("a", false)
		c.Invariant("b", "c")
		c.Reached()
	}
	if got := testing.AllocsPerRun(100, take); got > 1 { // the Course
		t.Errorf("%v allocations, want 1 at most", got)
	}
}
