package verdict

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
)

// observe goes through all exchanges once for cells and required reason codes. Nothing is missing in a run that did not start.
func (v *Verdict) observe(r *input) {
	seen := newObservations(r)
	for _, x := range r.exchanges {
		if x.Response == nil {
			continue
		}
		seen.add(x)
	}
	v.Coverage = seen.cells()
	leftOut, skipped := v.onlyDeclaredLeftOut(r), r.skippedAsDeclared()
	for i := range v.Coverage {
		cell := &v.Coverage[i]
		name := strings.TrimSpace(fmt.Sprintf("%d %s", cell.Status, cell.Code))
		if cell.ReasonCode != "" {
			name += " with " + string(cell.ReasonCode)
		}
		switch {
		case !cell.Declared, !v.requires(cell.Level):
		case cell.Observed == 0 && (leftOut || r.shownBy(cell, skipped)):
			cell.Skipped = true
		case cell.Observed == 0 && r.Selection != nil:
			v.named("cell-unobserved", cell.Ref(), cell.Operation, "%s never answered %s (%s)", cell.Operation, name, cell.Outcome)
		}
	}
	for _, code := range r.Milestone.RequiredReasonCodes {
		floor := ReasonCode{ReasonCode: code}
		for _, cell := range v.Coverage {
			if cell.Declared && string(cell.ReasonCode) == code {
				floor.Observed += cell.Observed
				floor.Scenarios = append(floor.Scenarios, cell.Scenarios...)
			}
		}
		slices.Sort(floor.Scenarios)
		floor.Scenarios = slices.Compact(floor.Scenarios)
		if floor.Observed == 0 && r.Selection != nil {
			v.named("floor-unobserved", "", code, "%s was never observed", code)
		}
		v.ReasonCodes = append(v.ReasonCodes, floor)
	}
}

// onlyDeclaredLeftOut says whether scenarios were left out as was declared, and all the others passed. What was not
// observed then is what those would have shown: the golden output has it that the others saw what they always see.
func (v *Verdict) onlyDeclaredLeftOut(r *input) bool {
	if r.Selection == nil || len(r.Selection.Skipped) == 0 {
		return false
	}
	for i := range r.Selection.Plan.Scenarios {
		switch v.statusOf(r, i).Status {
		case record.Passed, record.NotAtLevel:
		case record.SkippedByCapability:
			if _, declared := r.Selection.SkippedFor(i); !declared {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// skippedAsDeclared are the scenarios that were left out because the target is declared to lack something.
func (r *input) skippedAsDeclared() map[int]bool {
	skipped := map[int]bool{}
	if r.Selection == nil {
		return skipped
	}
	for _, place := range r.Selection.Skipped {
		if _, declared := r.Selection.SkippedFor(place); declared {
			skipped[place] = true
		}
	}
	return skipped
}

// refusals are the places of the scenarios in which an operation of the scenario's own rule refused something.
func (r *input) refusals() map[int]bool {
	operations := map[string][]string{}
	for i := range r.Milestone.Rules {
		operations[r.Milestone.Rules[i].ID] = r.Milestone.Rules[i].Operations
	}
	refused := map[int]bool{}
	for _, x := range r.exchanges {
		if x.Mark.Scenario < 0 || x.Response == nil {
			continue
		}
		rule := r.Selection.Plan.Scenarios[x.Mark.Scenario].Rule
		if slices.Contains(operations[rule], x.Operation) && r.refuses(x) {
			refused[x.Mark.Scenario] = true
		}
	}
	return refused
}

// refuses reports whether an answer is a declared refusal, or a success that has a declared reason code in its list, such as
// a denying verdict or a blocked rollout. An answer to HEAD has no body, so its status decides, by the milestone: an exchange
// that was read back has its operation by name alone.
func (r *input) refuses(x *record.Exchange) bool {
	if operation, known := r.Milestone.Operation(x.Operation); known && x.Request.Method == http.MethodHead {
		return !operation.Succeeds(x.Response.Status) && slices.ContainsFunc(operation.Outcomes, func(o milestones.Outcome) bool {
			return o.Status == x.Response.Status
		})
	}
	return slices.ContainsFunc(x.Covered, func(cell milestones.CoverageItem) bool {
		return cell.Outcome != milestones.Success || cell.ReasonCode != ""
	})
}

// where is the place of a step.
func (r *input) where(m record.Mark) string {
	if r.Selection == nil || m.Scenario < 0 {
		return ""
	}
	scenario := &r.Selection.Plan.Scenarios[m.Scenario]
	if m.Step < 0 || m.Step >= len(scenario.Steps) {
		return scenario.Where()
	}
	return fmt.Sprintf("%s:%d", scenario.URI, scenario.Steps[m.Step].Line)
}

// scenario is the id of the scenario of an exchange.
func (r *input) scenario(m record.Mark) string {
	if r.Selection == nil || m.Scenario < 0 {
		return "outside of any scenario"
	}
	return r.Selection.Plan.Scenarios[m.Scenario].ID
}

// observations count cells.
type observations struct {
	records  *input
	declared []CoverageItem
	place    map[cellKey]int
	others   map[strayKey]*CoverageItem
}

type cellKey struct{ operation, outcome, reasonCode string }

type strayKey struct {
	operation string
	stray     record.Undeclared
}

func newObservations(r *input) *observations {
	o := &observations{records: r, place: map[cellKey]int{}, others: map[strayKey]*CoverageItem{}}
	for i := range r.Milestone.Operations {
		o.declare(&r.Milestone.Operations[i])
	}
	o.declare(&r.Milestone.Router)
	return o
}

func (o *observations) declare(operation *milestones.Operation) {
	for _, cell := range operation.CoverageItems() {
		for _, outcome := range operation.Outcomes {
			if outcome.Name != cell.Outcome {
				continue
			}
			level := cmp.Or(outcome.Level, milestones.Core)
			if cell.ReasonCode != outcome.ReasonCode && strings.HasPrefix(outcome.ReasonCodesAt, "/error/details/") {
				level = milestones.Full // core requires no other details than the reason code
			}
			o.place[cellKey{operation.ID, cell.Outcome, cell.ReasonCode}] = len(o.declared)
			o.declared = append(o.declared, CoverageItem{
				Operation: operation.ID, Outcome: Optional(outcome.Name), Status: outcome.Status, Code: Optional(outcome.Code),
				ReasonCode: Optional(cell.ReasonCode), Schema: Optional(outcome.Schema), Level: level, Declared: true,
			})
		}
	}
}

func (o *observations) add(x *record.Exchange) {
	scenario := o.records.scenario(x.Mark)
	for _, cell := range x.Covered {
		o.declared[o.place[cellKey{x.Operation, cell.Outcome, cell.ReasonCode}]].count(scenario)
	}
	for _, stray := range x.Undeclared {
		key := strayKey{x.Operation, stray}
		if o.others[key] == nil {
			o.others[key] = &CoverageItem{
				Operation: x.Operation, Status: stray.Status, Code: Optional(stray.Code), ReasonCode: Optional(stray.ReasonCode),
			}
		}
		o.others[key].count(scenario)
	}
}

// count adds an observation. Exchanges come in the order of scenarios, so only the last one can be the same.
func (c *CoverageItem) count(scenario string) {
	c.Observed++
	if n := len(c.Scenarios); n == 0 || c.Scenarios[n-1] != scenario {
		c.Scenarios = append(c.Scenarios, scenario)
	}
}

// cells are the declared cells, then the others, sorted.
func (o *observations) cells() []CoverageItem {
	cells := o.declared
	var others []CoverageItem
	for _, cell := range o.others {
		others = append(others, *cell)
	}
	slices.SortFunc(others, func(a, b CoverageItem) int {
		return cmp.Or(
			cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(a.Status, b.Status),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.ReasonCode, b.ReasonCode),
		)
	})
	return append(cells, others...)
}
