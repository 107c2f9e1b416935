package verdict

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// failedOf are the scenarios for these sides of a rule. Unless each side has some and all of them failed, there are none: then
// something else is missing too.
func (v *Verdict) failedOf(r *input, rule string, sides []plan.Side) []int {
	var places []int
	for _, side := range sides {
		some := false
		for i := range r.Selection.Plan.Scenarios {
			scenario := &r.Selection.Plan.Scenarios[i]
			if scenario.Rule != rule || scenario.Side != side || !v.requires(scenario.Level) {
				continue
			}
			if status := v.statusOf(r, i).Status; status != record.Failed && status != record.ChecksFailed {
				return nil
			}
			some, places = true, append(places, i)
		}
		if !some {
			return nil
		}
	}
	return places
}

// excuseAbsent removes the reasons for what was not observed only because of excused failures: a rule for which all scenarios of
// the missing side are excused, and an outcome that an excused scenario shows.
func (v *Verdict) excuseAbsent(r *input, all []occurrence) {
	excused := excusedScenarios(all)
	if len(excused) == 0 {
		return
	}
	v.Reasons = slices.DeleteFunc(v.Reasons, func(reason record.Reason) bool {
		switch reason.ID {
		case "rule-unproved":
			from := v.follows[reason.Where]
			if len(from) == 0 || slices.ContainsFunc(from, func(place int) bool { return !excused[place] }) {
				return false
			}
			at := slices.IndexFunc(v.Rules, func(rule Rule) bool { return rule.ID == reason.Where })
			v.Rules[at].Known = true
			return true
		case "cell-unobserved":
			at := slices.IndexFunc(v.Coverage, func(c CoverageItem) bool { return c.Declared && c.Ref() == reason.Ref })
			return r.shownBy(&v.Coverage[at], excused)
		}
		return false
	})
}

// excusedScenarios are the scenarios with failures that are all excused, by their places.
func excusedScenarios(all []occurrence) map[int]bool {
	excused := map[int]bool{}
	for _, o := range all {
		if o.scenario < 0 {
			continue
		}
		before, seen := excused[o.scenario]
		excused[o.scenario] = o.entry != nil && (before || !seen)
	}
	for place, is := range excused {
		if !is {
			delete(excused, place)
		}
	}
	return excused
}

// shownBy reports whether one of the scenarios shows an outcome: by its row of the golden output, or without one by calling the
// operation.
func (r *input) shownBy(cell *CoverageItem, scenarios map[int]bool) bool {
	answer := strings.TrimSpace(fmt.Sprintf("%s %d %s", cell.Operation, cell.Status, cell.Code))
	rows := map[string][]string{}
	if r.Output.Golden != nil {
		for _, row := range r.Output.Golden.Scenarios {
			rows[row.Scenario] = row.Answers
		}
	}
	for place := range scenarios {
		answers, golden := rows[r.Selection.Plan.Scenarios[place].ID]
		if slices.ContainsFunc(answers, func(line string) bool { return line == answer || strings.HasPrefix(line, answer+" ") }) {
			return true
		}
		if !golden && slices.ContainsFunc(r.exchanges, func(x *record.Exchange) bool {
			return x.Mark.Scenario == place && x.Operation == cell.Operation
		}) {
			return true
		}
	}
	return false
}
