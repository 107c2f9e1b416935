package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// worker runs scenarios one after the other.
type worker struct {
	executor  *Executor
	scenarios []int // places in the plan
	servers   *service.Fakes
	transport *service.Transport
	recorder  *record.Recorder
	steps     steps.Config

	stops      []record.Reason // what kept scenarios from being run to their end
	unanswered int             // scenarios in a row that got no answer
	stopped    bool            // nothing else is run
}

func (e *Executor) newWorker(scenarios []int) *worker {
	w := &worker{
		executor: e, scenarios: scenarios,
		servers: service.NewFakes(e.Fixtures, e.Wrap, e.Secrets), transport: e.Service.Transport(),
	}
	w.recorder = &record.Recorder{
		Base:              w.transport,
		Routes:            steps.NewRoutes(e.Inputs.Milestone),
		Prefix:            e.Service.BasePath(),
		Check:             e.Checker.Check,
		IdempotencyHeader: e.Inputs.Milestone.Transport.IdempotencyHeader,
		Secrets:           e.Secrets,
		KeepSecrets:       e.KeepSecrets,
		Share:             e.Workers,
		Concurrency: func(ctx context.Context) int {
			number, _ := steps.Concurrency(ctx)
			return number
		},
		OnExchange: func(x *record.Exchange) {
			for _, observer := range e.observers {
				observer.Exchanged(x)
			}
		},
	}
	w.steps = steps.Config{
		Milestone: e.Inputs.Milestone,
		Fixtures:  e.Fixtures,
		Client:    w.transport.Client(w.recorder),
		Target:    w.servers.URL,
		RunID:     e.RunID,
	}
	if !e.Service.BuiltIn() {
		w.steps.PartnerKeys = e.Service.PartnerKeys
		w.steps.KeyMode = e.Service.KeyMode()
		w.steps.Target = func(context.Context, []string) (string, error) { return e.Service.URL, nil }
	}
	return w
}

// stop adds a reason against the run.
func (w *worker) stop(reason record.Reason) {
	if !slices.Contains(w.stops, reason) {
		w.stops = append(w.stops, reason)
	}
}

// notRunError is why a scenario was not run to its end, when that is not due to the scenario itself.
type notRunError string

func (e notRunError) Error() string { return string(e) }

const (
	errNotRun    = notRunError("not run: the run was stopped before")
	errStepHangs = notRunError("a step did not end, and could not be stopped")
	errBrokeOff  = notRunError("the run broke off in it")
)

// run runs the scenarios. Those after the one at which the worker stops get a result too.
func (w *worker) run(ctx context.Context) {
	var err error
	defer func() {
		if err != nil {
			w.brokeOff(err)
		}
	}()
	defer recovered(&err)
	for _, place := range w.scenarios {
		s := w.newScenario(place)
		if ctx.Err() != nil || w.stopped {
			s.status, s.err = record.NotRun, errNotRun
		} else {
			w.runScenario(ctx, s)
		}
		w.conclude(ctx, s)
	}
	if ctx.Err() != nil {
		w.stop(Interrupted)
	}
}

// gracePeriod is how long a step may take to end once its context is done.
const gracePeriod = 3 * time.Second

// runScenario runs one scenario until it ends or its time is over. A step that does not end even then cannot be stopped: it
// is abandoned, and whatever it still does is ignored.
func (w *worker) runScenario(ctx context.Context, s *scenario) {
	if len(s.planned.Steps) == 0 {
		s.status, s.err = record.Empty, errors.New("it has no steps")
		return
	}
	limit := &record.TimeLimit{Of: "scenario", Flag: "--scenario-timeout", Limit: w.executor.Timeout}
	ctx, cancel := context.WithTimeoutCause(ctx, w.executor.Timeout, limit)
	defer cancel()
	type end struct {
		code int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		code, err := runSuite(ctx, s)
		ended <- end{code, err}
	}()
	var e end
	select {
	case e = <-ended:
	case <-ctx.Done():
		select {
		case e = <-ended:
		case <-time.After(gracePeriod):
			e.err = errStepHangs
		}
	}
	s.close()
	switch {
	case errors.Is(e.err, errStepHangs):
		w.stop(record.Reason{ID: "run-broke-off", Where: s.where(), Message: e.err.Error()})
		s.status, s.at, s.err = record.NotRun, -1, e.err
	case e.err != nil:
		w.brokeOff(e.err)
		s.status, s.at, s.err = record.NotRun, -1, errBrokeOff
	default:
		s.finish()
		w.compare(s, e.code)
	}
}

// brokeOff stops the worker after a panic outside of a step.
func (w *worker) brokeOff(err error) {
	w.stop(record.Reason{ID: "run-broke-off", Message: fmt.Sprintf("the run broke off: %v", err)})
	w.stopped = true
}

// compare compares godog's exit code with the status of a scenario. A skipped scenario is the one case in which godog
// passes what the gate does not.
func (w *worker) compare(s *scenario, code int) {
	good := s.status == record.Passed || s.status == record.ChecksFailed || s.status == record.Skipped
	if good != (code == 0) {
		w.stop(record.Reason{ID: "counts-disagree", Where: s.planned.Where(), Message: fmt.Sprintf("godog's exit code is %d, and the scenario is %s", code, s.status.Text())})
	}
}
