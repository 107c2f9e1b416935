package execute

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
)

// newExecutor returns an executor for the first scenarios of the features about keys.
func newExecutor(t *testing.T, count int) *Executor {
	t.Helper()
	p, err := project.Locate("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	in, err := p.Read()
	if err != nil {
		t.Fatal(err)
	}
	checker, err := checks.New(in.Milestone, in.Schemas)
	if err != nil {
		t.Fatal(err)
	}
	selection := &plan.Selection{Plan: in.Plan}
	for i := range in.Plan.Scenarios {
		if s := &in.Plan.Scenarios[i]; s.URI == "features/keys.feature" && len(s.Needs) == 0 && len(selection.Scenarios) < count {
			selection.Scenarios = append(selection.Scenarios, i)
		}
	}
	e := &Executor{Inputs: in, Fixtures: p.Fixtures(), Checker: checker, Selection: selection, Workers: 1}
	t.Cleanup(e.Close)
	return e
}

// panicking is an observer that panics in one method.
type panicking struct{ method string }

func (p panicking) in(method string) {
	if method == p.method {
		panic("oh dear")
	}
}

func (p panicking) ScenarioBegan(int, time.Time)   { p.in("ScenarioBegan") }
func (p panicking) StepBegan(int, int, time.Time)  { p.in("StepBegan") }
func (p panicking) Exchanged(*record.Exchange)     { p.in("Exchanged") }
func (p panicking) StepPassed(int, int, time.Time) { p.in("StepPassed") }
func (p panicking) ScenarioEnded(int, record.Result, *record.Failure, time.Time) {
	p.in("ScenarioEnded")
}

// A panic outside of a step does not end the process, and no scenario passes that it ended.
func TestPanicOutsideOfAStep(t *testing.T) {
	for _, method := range []string{"ScenarioBegan", "StepBegan", "Exchanged", "StepPassed", "ScenarioEnded"} {
		t.Run(method, func(t *testing.T) {
			e := newExecutor(t, 2)
			e.Observers = []Observer{panicking{method}}
			run := e.Run(t.Context())
			passed := 0
			var results []record.Result
			for _, s := range run.Scenarios {
				results = append(results, s.Result)
				if s.Result.Status == record.Passed {
					passed++
				}
			}
			if method != "ScenarioEnded" && passed > 0 || passed > 1 {
				t.Errorf("%d scenarios passed", passed)
			}
			if !strings.Contains(fmt.Sprint(run.Stops, results), "oh dear") {
				t.Errorf("nothing reports the panic: %v, %v", run.Stops, results)
			}
		})
	}
}

// The scenarios of the plan are run under their own names, and godog agrees with the results.
func TestRun(t *testing.T) {
	e := newExecutor(t, 3)
	run := e.Run(t.Context())
	for _, place := range e.Selection.Scenarios {
		s := run.Scenarios[place]
		if s.Result.Status != record.Passed {
			t.Errorf("%s: %+v", s.ID, s.Result)
		}
		if len(s.Exchanges) == 0 {
			t.Errorf("%s: no exchanges", s.ID)
		}
	}
	if len(run.Stops) > 0 || run.Workers != 1 {
		t.Errorf("stops %v, %d workers", run.Stops, run.Workers)
	}
}

// What the suite of an abandoned scenario still reports changes nothing.
func TestAbandonedScenario(t *testing.T) {
	planned := plan.Plan{Scenarios: []plan.Scenario{{URI: "features/x.feature", Line: 2, Steps: []plan.Step{{Line: 3, Text: "I am late"}}}}}
	w := &worker{
		executor: &Executor{Selection: &plan.Selection{Plan: &planned, Scenarios: []int{0}}}, recorder: new(record.Recorder),
	}
	s := w.newScenario(0)
	s.close()
	s.stepPassed()
	s.stepEnded(record.Failed, errors.New("late"))
	s.stepUndefined("I am late")
	if _, err := s.beforeStep(t.Context()); !errors.Is(err, errNotRun) {
		t.Errorf("a step of an abandoned scenario begins: %v", err)
	}
	s.afterStep(errors.New("late"))
	if s.passed != 0 || s.status != "" || s.err != nil || s.undefined != nil || s.step != -1 {
		t.Errorf("it is now %+v", s)
	}
}
