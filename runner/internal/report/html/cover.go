package html

import (
	"fmt"
	"strings"

	"example.com/lpgate/runner/internal/record"
)

// A map shows what is not proved and what was not observed: rules with the scenarios that prove them, and operations with their
// outcomes. Each cell has a symbol and a text beside its colour.

// ruleTable has the rules of a feature.
type ruleTable struct {
	Feature string
	Rows    []ruleRow
	// Preconditions and Promises say which columns there are.
	Preconditions, Invariants bool
}

type ruleRow struct {
	ruleView
	Cells []ruleCell
}

// ruleCell counts the scenarios of one side of a rule.
type ruleCell struct {
	Side string
	// Applies is false for a side that the rule does not have.
	Applies bool
	// Shown counts the scenarios that prove the side, and Planned those that could.
	Shown, Planned int
	LeftOut        bool
}

// Class returns the CSS class of the cell.
func (c ruleCell) Class() string {
	switch {
	case !c.Applies:
		return "none"
	case c.Shown == 0 && c.LeftOut:
		return "left"
	case c.Shown == 0:
		return "miss"
	case c.Shown < c.Planned:
		return "part"
	}
	return heat(c.Shown)
}

// heat returns the CSS class of one of five shades.
func heat(n int) string {
	shade := 1
	for _, from := range []int{3, 8, 20, 80} {
		if n >= from {
			shade++
		}
	}
	return fmt.Sprintf("h%d", shade)
}

// ruleTables returns the rules by features, in the order of the milestone.
func ruleTables(c *verdictView, r *record.Run) (tables []ruleTable) {
	type key struct{ rule, side string }
	planned, features := map[key]int{}, map[string]string{}
	names := map[string]string{}
	for _, f := range r.Features {
		names[f.URI] = f.Name
	}
	for _, s := range r.Scenarios {
		if s.Result.Status != record.NotAtLevel {
			planned[key{s.Rule, string(s.Side)}]++
		}
		if features[s.Rule] == "" {
			features[s.Rule] = s.URI
			if names[s.URI] != "" {
				features[s.Rule] = names[s.URI]
			}
		}
	}
	for _, rule := range c.Rules {
		feature := features[rule.ID]
		if feature == "" { // a rule without scenarios is shown with the one before it
			feature = "Rules without scenarios"
			if len(tables) > 0 {
				feature = tables[len(tables)-1].Feature
			}
		}
		if len(tables) == 0 || tables[len(tables)-1].Feature != feature {
			tables = append(tables, ruleTable{Feature: feature})
		}
		t := &tables[len(tables)-1]
		gate := rule.Kind == "precondition"
		cell := func(side, in string, applies bool, shown []string) ruleCell {
			return ruleCell{Side: side, Applies: applies, Shown: len(shown), Planned: planned[key{rule.ID, in}], LeftOut: rule.Skipped}
		}
		t.Preconditions, t.Invariants = t.Preconditions || gate, t.Invariants || !gate
		t.Rows = append(t.Rows, ruleRow{rule, []ruleCell{
			cell("refuses", "refuses", gate, rule.Refuses),
			cell("permits", "permits", gate, rule.Permits),
			cell("keeps", "", !gate, rule.Invariants),
		}})
	}
	return tables
}

// outcomeTable has operations as columns and outcomes as rows.
type outcomeTable struct {
	Operations []operation
	Rows       []outcomeRow
}

// operation is a column.
type operation struct {
	ID    string
	Parts []string // add its name, between which it may be broken
}

type outcomeRow struct {
	Outcome, ReasonCode, Code string
	Status                    int
	Declared                  bool
	Cells                     []*outcomeView // nil where the operation does not have the outcome
}

// Class returns the CSS class of the cell.
func (c *outcomeView) Class() string {
	switch {
	case !c.Declared:
		return "stray"
	case c.Observed == 0 && c.Skipped:
		return "left"
	case c.Observed == 0:
		return "miss"
	}
	return heat(c.Observed)
}

func outcomesOf(c *verdictView) (t outcomeTable) {
	columns, rows := map[string]int{}, map[string]int{}
	var ids []string
	for _, cell := range c.Cells {
		if _, known := columns[cell.Operation]; !known {
			columns[cell.Operation] = len(ids)
			ids = append(ids, cell.Operation)
		}
	}
	for _, id := range ids {
		t.Operations = append(t.Operations, operation{id, strings.SplitAfter(strings.TrimPrefix(id, commonPrefix(ids)), ".")})
	}
	for i := range c.Cells {
		cell := &c.Cells[i]
		key := fmt.Sprintf("%t %s %s %d %s", cell.Declared, cell.Outcome, cell.ReasonCode, cell.Status, cell.Code)
		at, known := rows[key]
		if !known {
			at = len(t.Rows)
			rows[key] = at
			t.Rows = append(t.Rows, outcomeRow{string(cell.Outcome), string(cell.ReasonCode), string(cell.Code), cell.Status, cell.Declared, make([]*outcomeView, len(ids))})
		}
		t.Rows[at].Cells[columns[cell.Operation]] = cell
	}
	return t
}

// commonPrefix returns how most names begin, up to the first dot; "" when most begin differently.
func commonPrefix(ids []string) string {
	counts := map[string]int{}
	for _, id := range ids {
		if first, _, ok := strings.Cut(id, "."); ok {
			counts[first+"."]++
		}
	}
	for first, n := range counts {
		if 2*n > len(ids) {
			return first
		}
	}
	return ""
}

// notPassed reports whether a status speaks against the run.
func notPassed(s record.Status) bool {
	return s != record.Passed && !s.Excluded()
}
