package difftest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
)

// Divergence is a sequence that shows a difference, as it is written to a file for runner repro. It has no values of the run,
// so that the same sequence has the same id everywhere.
type Divergence struct {
	// ID is "d-" and ten hexadecimal digits, made from the rest.
	ID string `json:"id"`
	// Milestone is the id of the milestone.
	Milestone string `json:"milestone"`
	// Cause is the cause of the difference.
	Cause string `json:"cause"`
	// Operation is the operation of the last call.
	Operation string `json:"operation"`
	// Rule is the rule that decided the response of the fake to the last call, and Side what the scenario shows of it.
	Rule string    `json:"rule"`
	Side plan.Side `json:"side,omitempty"`
	// Difference is what differs in the responses to the last call.
	Difference Difference `json:"difference"`
	// Sequence is the calls.
	Sequence Sequence `json:"sequence"`
}

// finding is an execution whose last call has a difference.
type finding struct {
	*execution
	difference Difference
}

// findingsAt returns a finding for each difference of a call.
func (e *execution) findingsAt(i int) (all []*finding) {
	for _, d := range e.calls[i].differences {
		until := *e
		until.calls = e.calls[:i+1]
		until.sequence = e.sequence.with(e.sequence.Calls[:i+1])
		all = append(all, &finding{&until, d})
	}
	return all
}

// findingOf returns the first difference of a cause, "" for any cause; nil if there is none.
func (e *execution) findingOf(cause string) *finding {
	for i := range e.calls {
		for _, f := range e.findingsAt(i) {
			if cause == "" || f.difference.Cause() == cause {
				return f
			}
		}
	}
	return nil
}

// last returns the call that has the difference.
func (f *finding) last() *comparedCall { return &f.calls[len(f.calls)-1] }

// divergence returns the finding for a file.
func (s *session) divergence(f *finding) *Divergence {
	d := &Divergence{
		Milestone: s.milestone.ID, Cause: s.secrets.Scrub(f.difference.Cause()), Operation: f.last().fake.operation.ID,
		Difference: f.difference, Sequence: f.sequence,
	}
	for _, text := range []*string{&d.Difference.At, &d.Difference.Fake, &d.Difference.Target} {
		*text = s.secrets.Scrub(f.withoutIDs(*text))
	}
	d.Rule, d.Side = s.decidingRule(f.last().reached, &f.difference)
	d.ID = plan.Ref("d", string(d.content()))
	return d
}

// content returns what the id is made from.
func (d *Divergence) content() []byte {
	c := *d
	c.ID = ""
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and lists of strings always have a form
	}
	return text
}

// decidingRule returns the rule that decided the response of the fake: the one that refused the request. If none did, it is
// the last precondition for a status, and else the invariant that fits the difference best: the one with the most words of its
// place in id and description, and of those the one with the fewest operations.
func (s *session) decidingRule(call reached, d *Difference) (rule string, side plan.Side) {
	words := nameWords.FindAllString(strings.ToLower(d.At), -1)
	var precondition string
	best := [2]int{-1}
	for _, result := range call.rules {
		if result.refused {
			return result.rule, plan.Refuses
		}
		at := slices.IndexFunc(s.milestone.Rules, func(known milestones.Rule) bool { return known.ID == result.rule })
		if at < 0 {
			continue
		}
		known := s.milestone.Rules[at]
		if known.Kind == milestones.Precondition {
			precondition = known.ID
			continue
		}
		fit := [2]int{0, -len(known.Operations)}
		for _, word := range words {
			for _, text := range []string{known.ID, strings.ToLower(known.Description)} {
				if strings.Contains(text, word) {
					fit[0]++
				}
			}
		}
		if slices.Compare(fit[:], best[:]) >= 0 || rule == "" {
			rule, best = known.ID, fit
		}
	}
	if precondition != "" && (d.Kind == Status || rule == "") {
		return precondition, plan.Permits
	}
	return rule, plan.Neither
}

// nameWords matches the words in names of members and headers.
var nameWords = regexp.MustCompile(`[a-z]{2,}`)

// withoutIDs replaces the ids of this execution by their variables.
func (e *execution) withoutIDs(text string) string {
	for _, name := range []string{"me", "stranger", "unique"} {
		if value, ok := e.sessions[0].Variable(name); ok {
			text = strings.ReplaceAll(text, value, "{"+name+"}")
		}
	}
	return text
}

// encoded returns a value as indented JSON.
func encoded(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		panic(err) // strings and lists of strings always have a form
	}
	return b.Bytes()
}
