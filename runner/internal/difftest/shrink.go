package difftest

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/steps"
)

// maxExecutions bounds how often a walk is played to make it shorter. It is a number and no time, so that every machine comes
// to the same end.
const maxExecutions = 4000

// shrinker makes a walk that shows a difference shorter.
type shrinker struct {
	ctx        context.Context
	room       *session
	writer     *golden.Writer
	number     int
	want       string // the signature of the difference
	executions int
	known      map[string]bool // sequences that were played, and whether they show it
	best       *execution
	err        error
}

// shrink finds a shorter walk that shows the difference that was found. rapid draws the walk again from less and less;
// then what it could not take out because of how walks are drawn is tried row by row.
func (r *run) shrink(ctx context.Context, number int, found *execution) (*execution, error) {
	writer, err := golden.NewWriter(r.room.milestone, nil)
	if err != nil {
		return nil, err
	}
	s := &shrinker{
		ctx: ctx, room: r.room, writer: writer, number: number, want: found.signature(), known: map[string]bool{}, best: found,
	}
	s.draw(r.grammar, seed(r.room.service.RunID, number))
	if s.best.signature() == s.want {
		s.reduce(r.grammar)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.best, ctx.Err()
}

// signature tells what a walk shows from what another one shows.
func (p *execution) signature() string {
	if p == nil || p.difference == nil {
		return ""
	}
	return p.difference.signature()
}

// shows plays a walk, unless it was played before, and says whether it shows the difference.
func (s *shrinker) shows(w Sequence) bool {
	text := w.text()
	if shows, known := s.known[text]; known {
		return shows
	}
	if s.executions == maxExecutions || s.err != nil || s.ctx.Err() != nil {
		return false
	}
	s.executions++
	p, err := s.room.execute(s.ctx, s.writer, s.number, w)
	if err != nil {
		s.err = err
		return false
	}
	shows := p.signature() == s.want
	s.known[text] = shows
	if shows && (s.best == nil || len(p.walk.text()) <= len(s.best.walk.text())) {
		s.best = p
	}
	return shows
}

// rapidFlags are rapid's, which belong to the process: there is no other way to set them. One walk is shrunk at a time.
var rapidFlags sync.Mutex

// draw has rapid draw the walk from its seed, and then from less.
func (s *shrinker) draw(g *grammar, seed int) {
	rapidFlags.Lock()
	defer rapidFlags.Unlock()
	if flag.Lookup("test.short") == nil {
		testing.Init() // rapid asks whether a test is to be short
	}
	if !flag.Parsed() {
		if err := flag.CommandLine.Parse(nil); err != nil {
			panic(err) // there is nothing in it
		}
	}
	for name, value := range map[string]string{
		"seed": strconv.Itoa(seed), "checks": "5", // of which the first fails; a short test makes a fifth of it
		"nofailfile": "true", "failfile": "", "shrinktime": "23h", "log": "false", "v": "false", "debug": "false", "debugvis": "false",
	} {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(fmt.Sprintf("rapid has no flag %s any more: %v", name, err))
		}
	}
	defer func() {
		if p := recover(); p != nil && p != any(ended) {
			panic(p)
		}
	}()
	rapid.Check(observer{}, func(t *rapid.T) {
		if s.shows(g.sequences.Draw(t, "walk")) {
			t.FailNow()
		}
	})
}

// observer is what rapid reports to: nobody. It is told that the check failed, and ends it.
type observer struct{}

type end string

const ended end = "the check is over"

func (observer) Helper()               {}
func (observer) Name() string          { return "a walk of package drift" }
func (observer) Logf(string, ...any)   {}
func (observer) Log(...any)            {}
func (observer) Skipf(string, ...any)  {}
func (observer) Skip(...any)           {}
func (observer) SkipNow()              {}
func (observer) Errorf(string, ...any) {}
func (observer) Error(...any)          {}
func (observer) Fatalf(string, ...any) { panic(ended) }
func (observer) Fatal(...any)          { panic(ended) }
func (observer) FailNow()              { panic(ended) }
func (observer) Fail()                 {}
func (observer) Failed() bool          { return false }

// reduce takes out whatever the difference can do without: calls, then what is in a call, then what the servers are.
func (s *shrinker) reduce(g *grammar) {
	for again := true; again; {
		again = s.first(shorterSequences(s.best.walk)) || s.first(g.replacements(s.best.walk))
	}
}

// first takes the first of some walks that shows the difference.
func (s *shrinker) first(walks []Sequence) bool {
	for _, w := range walks {
		before := s.best
		if s.best = nil; s.shows(w) && s.best != nil {
			return true
		}
		s.best = before
	}
	return false
}

// replacements are the walks that lack a call of a walk, and say something else in its last one: what a call brought about may
// be had without it.
func (g *grammar) replacements(w Sequence) (all []Sequence) {
	last := len(w.Calls) - 1
	if last == 0 {
		return nil
	}
	call := w.Calls[last]
	headers := !slices.ContainsFunc(call.Rows, func(row [2]string) bool { return !strings.HasPrefix(row[0], "header ") })
	if call.Operation != "" && headers && call.Text == nil && call.Hex == "" && call.Length == 0 {
		for _, o := range g.milestone.Operations { // which operation it is may be no matter
			if !strings.Contains(o.Path, "{") {
				other := call
				other.Operation = o.ID
				c := w
				c.Calls = []steps.Call{other}
				all = append(all, c)
			}
		}
	}
	for i := range last {
		for _, p := range g.bodies[call.Operation] {
			values := slices.Compact(slices.Sorted(slices.Values(p.right)))
			if len(values) > 8 || call.Text != nil || call.Hex != "" || call.Length > 0 {
				continue
			}
			for _, value := range values {
				c := w
				c.Calls = slices.Delete(slices.Clone(w.Calls), i, i+1)
				c.Calls[last-1].Rows = append(slices.Clone(call.Rows), [2]string{p.pointer, value})
				all = append(all, c)
			}
		}
	}
	return all
}

// shorterSequences are the walks that lack one thing of a walk, those that lack most first.
func shorterSequences(w Sequence) (all []Sequence) {
	for i := range w.Calls {
		c := w
		c.Calls = slices.Delete(slices.Clone(w.Calls), i, i+1)
		if len(c.Calls) > 0 {
			all = append(all, c)
		}
	}
	if len(w.Needs) > 0 && w.PartnerKey == "" {
		c := w
		c.Needs = nil
		all = append(all, c)
	}
	if w.Clocked {
		c := w
		c.Clocked = false
		all = append(all, c)
	}
	with := func(i int, change func(*steps.Call)) {
		c := w
		c.Calls = slices.Clone(w.Calls)
		c.Calls[i].Rows = slices.Clone(c.Calls[i].Rows)
		change(&c.Calls[i])
		all = append(all, c)
	}
	for i, call := range w.Calls {
		for j := range call.Rows {
			with(i, func(c *steps.Call) { c.Rows = slices.Delete(c.Rows, j, j+1) })
		}
		if call.Hold != "" {
			with(i, func(c *steps.Call) { c.Hold = "" })
		}
		if call.Times > 2 {
			with(i, func(c *steps.Call) { c.Times = 2 })
		}
		if call.Times > 1 {
			with(i, func(c *steps.Call) { c.Times = 0 })
		}
	}
	return all
}
