package difftest

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"example.com/lpgate/milestones"
)

// Tally counts what the fake did in the walks.
type Tally struct {
	milestone    *milestones.Milestone
	steps, walks int
	rules        map[string]*ruleCount
	cells        map[cellOf]int
}

// ruleCount counts a rule: how often it refused, and how often it did not, and the first step of each, from 1.
type ruleCount struct{ refused, kept, firstRefused, firstKept int }

// cellOf is an outcome of an operation.
type cellOf struct {
	operation string
	milestones.CoverageItem
}

func newTally(m *milestones.Milestone) *Tally {
	t := &Tally{milestone: m, rules: map[string]*ruleCount{}, cells: map[cellOf]int{}}
	for _, rule := range m.Rules {
		t.rules[rule.ID] = new(ruleCount)
	}
	return t
}

// add counts a step.
func (t *Tally) add(s step) {
	t.steps++
	for _, r := range s.reached {
		count, known := t.rules[r.rule]
		switch {
		case !known:
		case r.refused:
			count.refused++
			count.firstRefused = cmp.Or(count.firstRefused, t.steps)
		default:
			count.kept++
			count.firstKept = cmp.Or(count.firstKept, t.steps)
		}
	}
	for _, cell := range s.cells {
		t.cells[cellOf{s.operation.ID, cell}]++
	}
}

// complete says whether a rule was reached, a gate on both sides.
func (c *ruleCount) complete(kind string) bool {
	return c.kept > 0 && (kind == milestones.Invariant || c.refused > 0)
}

// reachedRules counts the rules that were reached, gates on both sides.
func (t *Tally) reachedRules() (reached, all int) {
	for _, rule := range t.milestone.Rules {
		if t.rules[rule.ID].complete(rule.Kind) {
			reached++
		}
	}
	return reached, len(t.milestone.Rules)
}

// Unreached are the rules, with the side of a gate, and the outcomes that no walk came to.
func (t *Tally) Unreached() (rules, outcomes []string) {
	for _, rule := range t.milestone.Rules {
		count := t.rules[rule.ID]
		if rule.Kind == milestones.Invariant && count.kept == 0 {
			rules = append(rules, rule.ID)
		}
		if rule.Kind == milestones.Precondition && count.refused == 0 {
			rules = append(rules, rule.ID+" (refused)")
		}
		if rule.Kind == milestones.Precondition && count.kept == 0 {
			rules = append(rules, rule.ID+" (permitted)")
		}
	}
	t.eachCell(func(o *milestones.Operation, cell milestones.CoverageItem) {
		if t.cells[cellOf{o.ID, cell}] == 0 {
			outcomes = append(outcomes, o.ID+" "+nameOf(cell))
		}
	})
	return rules, outcomes
}

func (t *Tally) eachCell(visit func(*milestones.Operation, milestones.CoverageItem)) {
	for i := range t.milestone.Operations {
		for _, cell := range t.milestone.Operations[i].CoverageItems() {
			visit(&t.milestone.Operations[i], cell)
		}
	}
	for _, cell := range t.milestone.Router.CoverageItems() {
		visit(&t.milestone.Router, cell)
	}
}

func nameOf(cell milestones.CoverageItem) string {
	return strings.TrimSpace(cell.Outcome + " " + cell.ReasonCode)
}

// print writes the tables. What was not reached is listed when the walks came to their end: before that it says nothing.
func (t *Tally) print(w io.Writer, whole bool) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "rule\trefused\tfirst\tpermitted or kept\tfirst")
	for _, rule := range t.milestone.Rules {
		count := t.rules[rule.ID]
		refused, first := "", ""
		if rule.Kind == milestones.Precondition {
			refused, first = fmt.Sprint(count.refused), at(count.firstRefused)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", rule.ID, refused, first, count.kept, at(count.firstKept))
	}
	table.Flush()
	fmt.Fprintln(w)
	fmt.Fprintln(table, "operation\toutcome\ttimes")
	all := 0
	t.eachCell(func(o *milestones.Operation, cell milestones.CoverageItem) {
		all++
		fmt.Fprintf(table, "%s\t%s\t%d\n", o.ID, nameOf(cell), t.cells[cellOf{o.ID, cell}])
	})
	table.Flush()
	rules, outcomes := t.Unreached()
	reached, known := t.reachedRules()
	fmt.Fprintf(w, "\nrules     %d of %d reached, gates on both sides\noutcomes  %d of %d reached\n", reached, known, all-len(outcomes), all)
	if !whole {
		return
	}
	for _, missing := range append(rules, outcomes...) {
		fmt.Fprintf(w, "not reached: %s\n", missing)
	}
}

func at(step int) string {
	if step == 0 {
		return "-"
	}
	return fmt.Sprint(step)
}
