package lint

import (
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"sync"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// result is what the dry run of one scenario found.
type result struct {
	faults     []steps.Fault // of the dry run itself
	misspelt   []steps.Fault // names and values that no request or answer has
	unasserted string        // the refusal that the scenario does not assert; "" when it asserts one
}

// dryRun runs every scenario without a target. Scenarios are independent, so each processor takes a share.
func (l *linter) dryRun() {
	scenarios := l.in.Plan.Scenarios
	shares := make([]*steps.DryRun, runtime.GOMAXPROCS(0))
	results := make([]result, len(scenarios))
	l.unfitBodies()
	var group sync.WaitGroup
	for share := range shares {
		dry := steps.NewDryRun(l.in.Milestone, l.fixtures)
		dry.Unfit = l.unfit
		shares[share] = dry
		group.Go(func() {
			check := l.scenarioCheck(dry)
			for i := share; i < len(scenarios); i += len(shares) {
				if !l.empty[line{scenarios[i].URI, scenarios[i].Line}] {
					results[i] = check(&scenarios[i])
				}
			}
		})
	}
	group.Wait()

	for i := range scenarios {
		l.addResult(&scenarios[i], results[i])
	}
	l.unusedSteps()
	called, opened, waits := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, dry := range shares {
		maps.Copy(called, dry.Called)
		maps.Copy(opened, dry.Opened)
		maps.Copy(waits, dry.Waiting)
	}
	l.requests(shares[0], called, opened, waits)
	l.wait(waits)
}

// scenarioCheck returns a function that runs a scenario dry and checks it. It is not safe for concurrent use.
func (l *linter) scenarioCheck(dry *steps.DryRun) func(*plan.Scenario) result {
	refusals, levels, names := newRefusals(l.in.Milestone), hasLevels(l.in.Milestone), namesOf(l.in.Milestone)
	errorSchema := l.in.Milestone.Transport.ErrorSchema
	var known *members
	if l.in.Schemas != nil {
		known = newMembers(l.in.Schemas)
	}
	return func(s *plan.Scenario) result {
		r := result{faults: runDry(dry, s)}
		r.misspelt = append(undeclaredAnswers(l.in.Milestone, s, dry), names.misspelt(s, dry)...)
		if len(r.faults) == 0 && !dry.Ended() { // else the rest of the scenario may assert it
			r.unasserted = refusals.missing(s, dry)
		}
		if levels {
			r.misspelt = append(r.misspelt, overstated(l.in.Milestone, s, dry)...)
		}
		if known != nil {
			r.misspelt = append(r.misspelt, known.misspelt(s, dry, errorSchema)...)
			r.misspelt = append(r.misspelt, known.impossible(s, dry, errorSchema)...)
		}
		return r
	}
}

// runDry runs one scenario dry. A panic is reported as a fault, so that the other scenarios are still checked.
func runDry(dry *steps.DryRun, scenario *plan.Scenario) (faults []steps.Fault) {
	defer func() {
		if p := recover(); p != nil {
			faults = append(faults, steps.Fault{Message: fmt.Sprintf("dry run of the scenario: panic: %v", p)})
		}
	}()
	dry.Step(scenario.Pickle)
	return dry.Faults
}

// addResult reports the problems of a scenario, one for each step or row.
func (l *linter) addResult(s *plan.Scenario, r result) {
	if r.unasserted != "" {
		l.found(s.URI, s.Line, "%s", r.unasserted)
	}
	duplicate := func(fault steps.Fault) bool {
		return slices.ContainsFunc(r.faults, func(f steps.Fault) bool { return f.Step == fault.Step && f.Row == fault.Row })
	}
	for _, fault := range append(slices.DeleteFunc(r.misspelt, duplicate), r.faults...) {
		step := s.Steps[fault.Step]
		at := line{s.URI, step.Line}
		if fault.Row > 0 && fault.Row <= len(step.Rows) {
			at.number = step.Rows[fault.Row-1]
		}
		if !l.wrong[at] {
			l.found(at.uri, at.number, "%s", fault.Message)
		}
	}
}

// unusedSteps counts the step definitions that no scenario uses.
func (l *linter) unusedSteps() {
	used := map[string]bool{}
	for i := range l.in.Plan.Scenarios {
		for _, step := range l.in.Plan.Scenarios[i].Steps {
			if definition, ok := steps.Find(step.Text); ok {
				used[definition.Pattern] = true
			}
		}
	}
	for _, definition := range steps.Definitions() {
		if used[definition.Pattern] {
			l.report.used++
		} else {
			l.report.unused = append(l.report.unused, definition)
		}
	}
}

// whole reports whether every feature could be read and every outline has rows, so that unused definitions can be found.
func (l *linter) whole() bool {
	return len(l.in.Milestone.Features) == len(l.features()) && len(l.empty) == 0
}

// features are those with scenarios.
func (l *linter) features() map[string]bool {
	features := map[string]bool{}
	for i := range l.in.Plan.Scenarios {
		features[path.Base(l.in.Plan.Scenarios[i].URI)] = true
	}
	return features
}
