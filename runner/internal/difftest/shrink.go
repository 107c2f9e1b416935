package difftest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/steps"
)

// Limits of the executions that make one sequence shorter. They are numbers and not times, so that the result is the same on
// each machine. A request without a response takes as long as --max-time.
const (
	maxExecutions           = 300
	maxExecutionsNoResponse = 10
	maxExecutionsOfRun      = 5_000 // after these, each cause has minExecutions
	minExecutions           = 30
)

// shrinker makes a sequence shorter that shows a difference of a cause.
type shrinker struct {
	ctx        context.Context
	session    *session
	milestone  *milestones.Milestone
	bodies     map[string][]place
	writer     *golden.Writer
	number     int
	cause      string
	executions int             // that are left
	tried      map[string]bool // sequences that were executed and do not show the difference
	best       *finding
	dead       error // why the target does not respond any more
	err        error
}

// shrink returns the shortest sequence that it finds for the cause of a finding in the sequence with the number.
func (r *runner) shrink(ctx context.Context, number int, found *finding) (*finding, error) {
	writer, err := golden.NewWriter(r.session.milestone, nil)
	if err != nil {
		return nil, err
	}
	s := &shrinker{
		ctx: ctx, session: r.session, milestone: r.grammar.milestone, bodies: r.grammar.bodies, writer: writer, number: number,
		cause: found.difference.Cause(), executions: max(minExecutions, min(maxExecutions, maxExecutionsOfRun-r.executions)), tried: map[string]bool{}, best: found,
	}
	if found.difference.Kind == NoResponse {
		s.executions = maxExecutionsNoResponse
	}
	allowed := s.executions
	// Most differences need the last call only.
	s.shows(found.sequence.with(found.sequence.Calls[len(found.sequence.Calls)-1:]))
	s.removeParts()
	if s.best.sequence.PartnerKey != "" && s.session.supports(headerMode) {
		s.shows(withHeaderIdentity(s.best.sequence))
	}
	for s.firstOf(shorterSequences(s.best.sequence)) || s.firstOf(s.replacements(s.best.sequence)) {
	}
	if s.err != nil {
		return nil, s.err
	}
	r.dead = s.dead
	r.executions += allowed - s.executions
	return s.best, ctx.Err()
}

// shows executes a sequence, and makes it the best one if it shows the difference.
func (s *shrinker) shows(seq Sequence) bool {
	text := seq.text()
	if s.tried[text] || s.executions == 0 || s.err != nil || s.ctx.Err() != nil {
		return false
	}
	s.executions--
	e, err := s.session.execute(s.ctx, s.writer, s.number, seq, nil)
	if err != nil {
		s.err = err
		return false
	}
	if last := len(e.calls) - 1; last >= 0 && hasNoResponse(e.calls[last]) && s.session.target != nil {
		if s.dead = s.session.target.Gone(s.ctx); s.dead != nil {
			s.executions = 0
		}
	}
	found := e.findingOf(s.cause)
	if found == nil {
		s.tried[text] = true
		return false
	}
	s.best = found
	return true
}

// removeParts removes calls: halves of the sequence, quarters, and so on.
func (s *shrinker) removeParts() {
	for size := len(s.best.sequence.Calls) / 2; size > 1; size /= 2 {
		for from := 0; from < len(s.best.sequence.Calls)-1; {
			calls := s.best.sequence.Calls
			to := min(from+size, len(calls)-1)
			if !s.shows(s.best.sequence.with(slices.Concat(calls[:from], calls[to:]))) {
				from += size
			}
		}
	}
}

// firstOf tries sequences until one shows the difference.
func (s *shrinker) firstOf(sequences []Sequence) bool {
	return slices.ContainsFunc(sequences, s.shows)
}

// replacements returns the sequences that lack one call, and have another value in the last one: the value may have the effect
// of the call.
func (s *shrinker) replacements(seq Sequence) (all []Sequence) {
	last := len(seq.Calls) - 1
	call := seq.Calls[last]
	if call.Method != "" {
		return s.shorterPaths(seq)
	}
	if last == 0 {
		return nil
	}
	hasOwnBody := call.Text != nil || call.Hex != "" || call.Length > 0
	onlyHeaders := !slices.ContainsFunc(call.Rows, func(row [2]string) bool { return !strings.HasPrefix(row[0], "header ") })
	if call.Operation != "" && onlyHeaders && !hasOwnBody {
		for _, o := range s.milestone.Operations { // the operation may not matter
			if !strings.Contains(o.Path, "{") {
				other := call
				other.Operation = o.ID
				all = append(all, seq.with([]steps.Call{other}))
			}
		}
	}
	if hasOwnBody {
		return all
	}
	for i := range last {
		for _, p := range s.bodies[call.Operation] {
			values := slices.Compact(slices.Sorted(slices.Values(p.valid)))
			if len(values) > 8 {
				continue
			}
			for _, value := range values {
				shorter := seq.without(i)
				shorter.Calls[last-1].Rows = append(slices.Clone(call.Rows), [2]string{p.pointer, value})
				all = append(all, shorter)
			}
		}
	}
	return all
}

// withHeaderIdentity returns a sequence in header mode: most differences do not depend on how callers are identified.
func withHeaderIdentity(seq Sequence) Sequence {
	calls := slices.Clone(seq.Calls)
	for i := range calls {
		calls[i].Hold = ""
	}
	seq.Needs = slices.DeleteFunc(slices.Clone(seq.Needs), func(need string) bool { return need == keyMode })
	seq.PartnerKey = ""
	return seq.with(calls)
}

// shorterPaths returns sequences of one call, to a shorter path than that of the last call, or with a method whose response has a
// body.
func (s *shrinker) shorterPaths(seq Sequence) (all []Sequence) {
	call := seq.Calls[len(seq.Calls)-1]
	for _, o := range s.milestone.Operations {
		if !strings.Contains(o.Path, "{") && len(o.Path) < len(call.Path) {
			for _, method := range []string{http.MethodDelete, call.Method} {
				shorter := call
				shorter.Method, shorter.Path = method, o.Path
				all = append(all, seq.with([]steps.Call{shorter}))
			}
		}
	}
	if call.Method == http.MethodHead {
		call.Method = http.MethodDelete
		all = append(all, seq.with(append(slices.Clone(seq.Calls[:len(seq.Calls)-1]), call)))
	}
	return all
}

// shorterSequences returns the sequences that lack one part: first those that lack a call.
func shorterSequences(seq Sequence) (all []Sequence) {
	if len(seq.Calls) > 1 {
		for i := range seq.Calls {
			all = append(all, seq.without(i))
		}
	}
	if len(seq.Needs) > 0 && seq.PartnerKey == "" {
		shorter := seq
		shorter.Needs = nil
		all = append(all, shorter)
	}
	if seq.Clocked {
		shorter := seq
		shorter.Clocked = false
		all = append(all, shorter)
	}
	for i, call := range seq.Calls {
		for _, simpler := range simplerCalls(call) {
			shorter := seq.with(slices.Clone(seq.Calls))
			shorter.Calls[i] = simpler
			all = append(all, shorter)
		}
	}
	return all
}

// simplerCalls returns the calls that lack one part of a call.
func simplerCalls(call steps.Call) (all []steps.Call) {
	with := func(change func(*steps.Call)) {
		simpler := call
		change(&simpler)
		all = append(all, simpler)
	}
	for i := range call.Rows {
		with(func(c *steps.Call) { c.Rows = slices.Delete(slices.Clone(c.Rows), i, i+1) })
	}
	if call.Hold != "" {
		with(func(c *steps.Call) { c.Hold = "" })
	}
	if call.Times > 2 {
		with(func(c *steps.Call) { c.Times = 2 })
	}
	if call.Times > 1 {
		with(func(c *steps.Call) { c.Times = 0 })
	}
	return all
}

// callText returns a call as one line of JSON, without the key that the caller has from then on.
func callText(call steps.Call) string {
	call.Hold = ""
	text, err := json.Marshal(call)
	if err != nil {
		panic(err) // strings and lists of strings always have a form
	}
	return string(text)
}
