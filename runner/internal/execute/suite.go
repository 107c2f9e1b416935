package execute

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	_ "example.com/lpgate/internal/godoginit" // godog starts no process while the program initializes
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// This file is the adapter to godog 0.15.1: one suite for each scenario.
//
// godog takes features as text only. The plan has parsed them already, so every suite gets the same three lines as its text,
// and the scenario of the plan takes the place of theirs in [formatter.Pickle], before its first step. If a later godog
// ran its own copy instead, the placeholder would be an undefined step, and every scenario red.
//
// Run sets two variables of the environment, GODOG_SEED and GODOG_TESTED_PACKAGE, always to the same values. Nothing here
// reads them, and setting them is safe in suites that run at the same time.

// placeholder is the text of every suite.
const placeholder = "Feature: placeholder\nScenario: placeholder\n* placeholder\n"

// formatterName is the name under which godog finds the formatter.
const formatterName = "lpgate"

// suites has the scenarios that run, by the names of their suites: a name is all that godog passes to the constructor of a
// formatter.
var suites sync.Map

// suiteCount numbers the suites.
var suiteCount atomic.Int64

func init() {
	godog.Format(formatterName, "passes events to the executor", func(suite string, _ io.Writer) godog.Formatter {
		s, _ := suites.Load(suite)
		return formatter{s.(*scenario)}
	})
}

// runSuite runs the steps of a scenario, and returns godog's exit code. The error is a panic outside of a step.
func runSuite(ctx context.Context, s *scenario) (code int, err error) {
	defer recovered(&err)
	name := strconv.FormatInt(suiteCount.Add(1), 10)
	suites.Store(name, s)
	defer suites.Delete(name)
	suite := godog.TestSuite{
		Name:                name,
		ScenarioInitializer: s.initialize,
		Options: &godog.Options{
			Format:          formatterName,
			Output:          io.Discard,
			Strict:          true, // else undefined and ambiguous steps pass
			Concurrency:     1,
			FeatureContents: []godog.Feature{{Name: s.planned.URI, Contents: []byte(placeholder)}},
			DefaultContext:  ctx,
		},
	}
	return suite.Run(), nil
}

// initialize adds the hooks, and the definitions that match one of the steps: of those, godog finds the one that it calls, or
// that there is none or more than one.
func (s *scenario) initialize(sc *godog.ScenarioContext) {
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (_ context.Context, err error) {
		defer recovered(&err)
		return steps.Begin(ctx, &s.worker.steps, pickle)
	})
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (_ context.Context, err error) {
		defer recovered(&err)
		if ctx, err = s.beforeStep(ctx); err != nil {
			return ctx, err
		}
		return ctx, steps.CheckArgument(step)
	})
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, stepErr error) (_ context.Context, err error) {
		defer recovered(&err)
		s.afterStep(stepErr)
		return ctx, nil
	})
	added := map[*steps.Definition]bool{}
	for _, step := range s.planned.Steps {
		for _, definition := range s.worker.executor.Steps.Match(step.Text) {
			if !added[definition] {
				added[definition] = true
				sc.Step(definition.Regexp(), recovering(definition.Handler))
			}
		}
	}
}

// panicError is a panic of a step.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string {
	return fmt.Sprintf("the step panicked: %v\n%s", e.value, e.stack)
}

// recovering returns a handler that returns a [*panicError] where the given one panics.
func recovering(handler any) any {
	value := reflect.ValueOf(handler)
	return reflect.MakeFunc(value.Type(), func(arguments []reflect.Value) (results []reflect.Value) {
		defer func() {
			if p := recover(); p != nil {
				var err error = &panicError{p, debug.Stack()}
				results = []reflect.Value{reflect.ValueOf(&err).Elem()}
			}
		}()
		return value.Call(arguments)
	}).Interface()
}

// formatter receives the events of one suite, in the goroutine that runs it.
type formatter struct{ scenario *scenario }

func (f formatter) TestRunStarted() {}

func (f formatter) Feature(*messages.GherkinDocument, string, []byte) {}

// Pickle replaces the placeholder by the scenario of the plan.
func (f formatter) Pickle(p *messages.Pickle) { *p = *f.scenario.planned.Pickle }

func (f formatter) Defined(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {}

func (f formatter) Passed(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	f.scenario.stepPassed()
}

func (f formatter) Failed(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, err error) {
	f.scenario.stepEnded(record.Failed, err)
}

func (f formatter) Skipped(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	f.scenario.stepEnded(record.Skipped, errors.New("one of its steps was skipped"))
}

func (f formatter) Undefined(_ *messages.Pickle, step *messages.PickleStep, _ *godog.StepDefinition) {
	f.scenario.stepUndefined(step.Text)
}

func (f formatter) Pending(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	f.scenario.stepEnded(record.Pending, errors.New("one of its steps is not implemented yet"))
}

func (f formatter) Ambiguous(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, err error) {
	f.scenario.stepEnded(record.Ambiguous, err)
}

func (f formatter) Summary() {}
