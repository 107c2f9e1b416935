package html

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// verdictView is what the page shows of the verdict. An incomplete log has no verdict: then it has what can be counted.
type verdictView struct {
	verdict.Verdict
	Rules []ruleView
	Cells []outcomeView
	// Groups are the reasons that are no causes, by their kinds.
	Groups []reasonGroup
	// Decided reports whether there is a verdict.
	Decided bool
}

// ruleView is a rule of the verdict.
type ruleView struct{ verdict.Rule }

// outcomeView is a cell of the coverage.
type outcomeView struct{ verdict.CoverageItem }

// Value returns the name of the outcome in the filter.
func (c *outcomeView) Value() string {
	if !c.Declared {
		return outcomeValue(c.Operation, undeclared, "")
	}
	return outcomeValue(c.Operation, string(c.Outcome), string(c.ReasonCode))
}

// reasonGroup is the reasons of one kind.
type reasonGroup struct {
	ID      string
	Reasons []reason
}

// Open reports whether the reasons are shown from the start: a few always are, and many only when no scenario below has them.
func (g reasonGroup) Open() bool {
	return len(g.Reasons) <= fewReasons || !slices.ContainsFunc(g.Reasons, func(r reason) bool { return r.Scenario != "" }) && len(g.Reasons) <= mostReasons
}

// reason is a reason with a link to a scenario, or to the scenarios of a rule.
type reason struct {
	record.Reason
	Scenario, Rule string
}

// fewReasons is how many reasons of a kind are shown from the start, and mostReasons how many of those that the page shows
// nowhere else.
const (
	fewReasons  = 5
	mostReasons = 20
)

func newVerdictView(r *record.Run, v *verdict.Verdict) *verdictView {
	c := &verdictView{Verdict: *v, Decided: !v.Undecided}
	if v.Undecided {
		c.tally(r)
	}
	for _, rule := range v.Rules {
		c.Rules = append(c.Rules, ruleView{rule})
	}
	for _, cell := range v.Coverage {
		c.Cells = append(c.Cells, outcomeView{cell})
	}
	c.group(r)
	return c
}

// tally counts what can be counted without a verdict.
func (c *verdictView) tally(r *record.Run) {
	c.Overall, c.Scenarios, c.Selection.Planned, c.Reasons = r.Complete && r.Overall, map[record.Status]int{}, len(r.Scenarios), nil
	for _, s := range r.Scenarios {
		c.Scenarios[s.Result.Status]++
		if s.Selected {
			c.Selection.Selected++
		}
		for _, x := range s.Exchanges {
			c.Exchanges.Add(x)
		}
	}
}

// group groups the reasons by their kinds, and finds the targets of their links.
func (c *verdictView) group(r *record.Run) {
	refs, wheres, rules := map[string]string{}, map[string]string{}, map[string]bool{}
	for _, s := range r.Scenarios {
		refs[s.Ref()], wheres[s.Where()], rules[s.Rule] = s.Ref(), s.Ref(), true
		// A step of several scenarios leads to the first that ended in it.
		if at := fmt.Sprintf("%s:%d", s.URI, s.Result.Line); notPassed(s.Result.Status) && wheres[at] == "" {
			wheres[at] = s.Ref()
		}
	}
	for _, from := range c.Reasons {
		if from.Cause != "" {
			continue // it is shown as a cause
		}
		to := reason{Reason: from}
		switch {
		case from.Scenario != "":
			to.Scenario = from.Scenario
		case refs[from.Ref] != "":
			to.Scenario = refs[from.Ref]
		case wheres[from.Where] != "":
			to.Scenario = wheres[from.Where]
		case rules[from.Where]:
			to.Rule = from.Where
		}
		at := slices.IndexFunc(c.Groups, func(g reasonGroup) bool { return g.ID == from.ID })
		if at < 0 {
			at = len(c.Groups)
			c.Groups = append(c.Groups, reasonGroup{ID: from.ID})
		}
		c.Groups[at].Reasons = append(c.Groups[at].Reasons, to)
	}
}

// Meaning returns what the exit code means.
func (c *verdictView) Meaning() string {
	switch c.Exit {
	case 0:
		return "the contract holds"
	case 1:
		return "the contract does not hold"
	case 2:
		return "usage, or a broken milestone, feature, schema or fixture"
	case 3:
		return "the target could not be reached, or died"
	case 4:
		return "not everything ran, or the artifacts could not be written"
	case 130:
		return "interrupted"
	}
	return ""
}

// Statuses counts the scenarios by their statuses.
func (c *verdictView) Statuses() (counts []statusCount) {
	for _, status := range record.Statuses {
		if n := c.Scenarios[status]; n > 0 {
			counts = append(counts, statusCount{status, n})
		}
	}
	return counts
}

type statusCount struct {
	Status record.Status
	Count  int
}

// ProvedRules counts the rules that are proved.
func (c *verdictView) ProvedRules() int {
	proved, _, _ := c.Proved()
	return proved
}

// Unproved returns the rules that are not proved.
func (c *verdictView) Unproved() (rules []ruleView) {
	for _, rule := range c.Rules {
		if !rule.Proved {
			rules = append(rules, rule)
		}
	}
	return rules
}

// Why returns why a rule is not proved.
func (r ruleView) Why() string {
	switch {
	case r.Skipped:
		return "left out"
	case r.Known:
		return "a known failure"
	}
	var lacks []string
	if r.Kind == "precondition" {
		if len(r.Refuses) == 0 {
			lacks = append(lacks, "no scenario that it refuses passed")
		}
		if len(r.Permits) == 0 {
			lacks = append(lacks, "no scenario that it permits passed")
		}
	} else if len(r.Invariants) == 0 {
		lacks = append(lacks, "no scenario that keeps it passed")
	}
	if len(lacks) == 0 {
		return "not proved"
	}
	return strings.Join(lacks, ", and ")
}

// Unobserved returns the declared outcomes that were not observed.
func (c *verdictView) Unobserved() (cells []*outcomeView) {
	for i := range c.Cells {
		if c.Cells[i].Declared && c.Cells[i].Observed == 0 {
			cells = append(cells, &c.Cells[i])
		}
	}
	return cells
}

// Undeclared returns the outcomes that are not declared.
func (c *verdictView) Undeclared() (cells []*outcomeView) {
	for i := range c.Cells {
		if !c.Cells[i].Declared {
			cells = append(cells, &c.Cells[i])
		}
	}
	return cells
}

// Declared counts the declared outcomes.
func (c *verdictView) Declared() int { return len(c.Cells) - len(c.Undeclared()) }

// Seen counts the declared outcomes that were observed.
func (c *verdictView) Seen() int { return c.Declared() - len(c.Unobserved()) }
