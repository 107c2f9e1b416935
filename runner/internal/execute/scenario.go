package execute

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// scenario is one scenario while it runs. Its suite runs in a goroutine of its own; once the scenario is closed, what an
// abandoned step still reports is ignored.
type scenario struct {
	worker  *worker
	place   int // in the plan
	planned *plan.Scenario
	first   int // its first exchange

	mu        sync.Mutex
	closed    bool
	step      int // the step that runs; -1 before the first
	passed    int // steps
	status    record.Status
	at        int // the step at which it ended
	err       error
	checks    []record.FailedCheck
	undefined []record.UndefinedStep
	before    int       // the first exchange of the step
	last      time.Time // when its last step ended
}

func (w *worker) newScenario(place int) *scenario {
	count, now := w.recorder.Count(), time.Now()
	for _, observer := range w.executor.observers {
		observer.ScenarioBegan(place, now)
	}
	return &scenario{
		worker: w, place: place, planned: &w.executor.Selection.Plan.Scenarios[place],
		step: -1, at: -1, first: count, before: count, last: now,
	}
}

// close makes the scenario ignore everything that its suite reports from now on.
func (s *scenario) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// where is the place of the step that runs.
func (s *scenario) where() string {
	if s.step < 0 || s.step >= len(s.planned.Steps) {
		return s.planned.Where()
	}
	return fmt.Sprintf("%s:%d", s.planned.URI, s.planned.Steps[s.step].Line)
}

// beforeStep marks the requests of a step as its own.
func (s *scenario) beforeStep(ctx context.Context) (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ctx, errNotRun
	}
	s.step++
	s.before = s.worker.recorder.Count()
	now := time.Now()
	for _, observer := range s.worker.executor.observers {
		observer.StepBegan(s.place, s.step, now)
	}
	return record.WithMark(ctx, record.Mark{Scenario: s.place, Step: s.step}), nil
}

// afterStep records the checks that answers of a step failed, whether the step looks at the answers or not. They do not end the
// scenario: only a failed step does.
func (s *scenario) afterStep(stepErr error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.status != "" {
		return // it failed before: the remaining steps are skipped
	}
	if stepErr != nil {
		s.err = stepErr
	}
	for _, x := range s.exchangesSince(s.before) {
		for _, failed := range x.Failures() {
			if failed.Level() == milestones.Full && s.worker.executor.Selection.Level() == milestones.Core {
				continue // core does not require it
			}
			s.checks = append(s.checks, record.FailedCheck{Result: failed, Exchange: x})
		}
	}
}

// exchangesSince returns the scenario's exchanges from the nth of the worker on. A step that was abandoned may still add
// some of another scenario.
func (s *scenario) exchangesSince(n int) []*record.Exchange {
	var own []*record.Exchange
	for _, x := range s.worker.recorder.Since(n) {
		if x.Mark.Scenario == s.place {
			own = append(own, x)
		}
	}
	return own
}

func (s *scenario) stepPassed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.last = time.Now()
	for _, observer := range s.worker.executor.observers {
		observer.StepPassed(s.place, s.passed, s.last)
	}
	s.passed++
}

// stepEnded records how a step that did not pass ended. The first one counts; the steps after it are skipped.
func (s *scenario) stepEnded(status record.Status, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.status != "" {
		return
	}
	s.status, s.at, s.last = status, s.step, time.Now()
	if s.err == nil {
		s.err = err
	}
}

// stepUndefined records a step that no definition matches. All of a scenario are recorded, also those that are skipped.
func (s *scenario) stepUndefined(text string) {
	s.stepEnded(record.Undefined, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.undefined = append(s.undefined, record.UndefinedStep{Step: s.step, Nearest: steps.Nearest(text)})
	}
}

// finish sets the status of a scenario in which every step passed, or in which godog did not run all of them.
func (s *scenario) finish() {
	switch {
	case s.status != "":
	case s.passed == len(s.planned.Steps) && len(s.checks) > 0:
		first := s.checks[0]
		s.status, s.at = record.ChecksFailed, first.Exchange.Mark.Step
		s.err = fmt.Errorf("%s: %s", first.Result.Check, first.Result.Message)
	case s.passed == len(s.planned.Steps):
		s.status = record.Passed
	default:
		s.status, s.at = record.NotRun, s.step
		s.err = fmt.Errorf("%d of its %d steps ran", s.passed, len(s.planned.Steps))
	}
}

// recovered turns a panic into an error. One that leaves a hook or a goroutine would end the process without a report.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// conclude records the result of a scenario that has ended.
func (w *worker) conclude(ctx context.Context, s *scenario) {
	switch s.status {
	case record.Failed:
		w.classify(ctx, s)
	case record.Passed, record.ChecksFailed:
		w.unanswered = 0
	}
	result := record.Result{Status: s.status, Message: w.executor.Secrets.Clean(firstLine(s.err))}
	if s.status == record.Failed {
		result.Cause = s.cause()
	}
	if s.at >= 0 && s.at < len(s.planned.Steps) {
		result.Line = s.planned.Steps[s.at].Line
	}
	if s.status == record.Undefined {
		result.Message = "undefined step: " + s.planned.Steps[s.at].Text
	}
	if w.executor.FirstFailure && (s.status == record.Failed || s.status == record.ChecksFailed) {
		w.stopped = true
	}
	var failure *record.Failure
	if s.status != record.Passed && !errors.As(s.err, new(notRunError)) && !errors.Is(s.err, context.Canceled) {
		failure = s.explain()
	}
	for _, observer := range w.executor.observers {
		observer.ScenarioEnded(s.place, result, failure, s.last)
	}
}

// classify gives a failed scenario the status that its error leads to: only a service can fail a scenario.
func (w *worker) classify(ctx context.Context, s *scenario) {
	var unreachable *steps.Unreachable
	unanswered := errors.As(s.err, &unreachable)
	lack := record.Exhausted(s.err)
	if unanswered && lack == "" && w.executor.Service.BuiltIn() {
		lack = record.Exhausted(w.servers.Err())
	}
	switch {
	case lack != "": // reported once, and neither a fault of the scenario nor of the service
		s.status, s.err, w.stopped = record.NotRun, errNotRun, true
		w.stop(Exhausted(lack))
	case errors.As(s.err, new(notRunError)), errors.Is(s.err, context.Canceled):
		s.status = record.NotRun
	case errors.As(s.err, new(*steps.InvalidStep)):
		s.status = record.InvalidStep
	case unanswered:
		w.noAnswer(ctx, s, record.Cause(unreachable.Err))
	default:
		w.unanswered = 0
	}
}

// maxUnanswered is how many scenarios in a row may get no answer before the rest is not run: each of them may take as long
// as its time limit.
const maxUnanswered = 10

// unansweredError is why a request got no answer.
type unansweredError string

func (e unansweredError) Error() string { return "a request got no answer: " + string(e) }

// noAnswer ends a scenario that got no answer. It fails like any other, unless the service is gone: then there is no
// verdict on the scenario, and nothing else is run.
func (w *worker) noAnswer(ctx context.Context, s *scenario, cause string) {
	s.err = unansweredError(cause)
	if w.executor.Service.BuiltIn() {
		return
	}
	switch err := w.transport.Gone(ctx); {
	case ctx.Err() != nil:
		s.status = record.NotRun
	case err != nil:
		s.status, s.err, w.stopped = record.Unreached, fmt.Errorf("the target cannot be reached: %s", cause), true
	default:
		if w.unanswered++; w.unanswered == maxUnanswered {
			w.stopped = true
			w.stop(record.Reason{
				ID: "target-silent", Where: s.where(),
				Message: fmt.Sprintf("%d scenarios in a row got no answer, the last one because of: %s", w.unanswered, cause),
			})
		}
	}
}

// firstLine returns the first line of an error's text.
func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Interrupted is the reason against a run that was interrupted.
var Interrupted = record.Reason{ID: "interrupted", Message: "the run was interrupted"}

// Exhausted is the reason against a run for which this machine lacks a resource.
func Exhausted(lack string) record.Reason {
	return record.Reason{ID: "resources-exhausted", Message: "the run could not go on: " + lack}
}
