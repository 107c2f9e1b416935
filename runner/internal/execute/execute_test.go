package execute

import (
	"errors"
	"testing"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

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
	if err := s.afterStep(errors.New("late")); err != nil {
		t.Errorf("after the step: %v", err)
	}
	if s.passed != 0 || s.status != "" || s.err != nil || s.undefined != nil || s.step != -1 {
		t.Errorf("it is now %+v", s)
	}
}
