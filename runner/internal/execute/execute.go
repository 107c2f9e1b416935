// Package execute runs scenarios against a service and returns what happened. It reads no files, writes no artifacts, and
// decides nothing: its inputs were read before, and package verdict decides on the result.
//
// This is the only package of the runner that uses godog, which matches the steps of a scenario and calls them. What is run
// comes from the plan, results come from the events that are counted here, and godog's exit code is only compared with them.
// Each scenario is a suite of its own, with its own deadline: one that does not end is abandoned alone.
package execute

import (
	"context"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// Executor runs the scenarios of a selection. Executors may share their inputs and their checker, as those of package
// selfcheck do.
type Executor struct {
	// Inputs are the milestone, the plan and the schemas.
	Inputs project.Inputs
	// Fixtures has the folders requests and keys.
	Fixtures fs.FS
	// Checker checks every answer.
	Checker *checks.Checker
	// Selection has the scenarios that are run.
	Selection *plan.Selection
	// Service is what the scenarios run against; nil for built-in fake servers, which [Executor.Close] stops.
	Service *service.Service
	// Wrap puts a handler before the built-in servers, such as one that mutates their answers; nil for none.
	Wrap func(http.Handler) http.Handler
	// Workers is how many workers there are; 0 for the number that fits the service.
	Workers int
	// Shuffle is the random seed for the order of the scenarios; "" for the order of the plan.
	Shuffle string
	// FirstFailure ends the run at the first scenario that fails. The rest is not run.
	FirstFailure bool
	// RunID makes the ids of the run differ from those of other runs; "" for [service.DefaultRunID].
	RunID string
	// Timeout is how long one scenario may take; 0 for [service.DefaultTimeout].
	Timeout time.Duration
	// Log records what happens; nil for a log of its own, which is not written.
	Log *record.Log
	// Observers are notified of what happens too, as it happens.
	Observers []Observer
	// Secrets are the values that must not be reported; nil for those that the requests reveal.
	Secrets *record.Secrets
	// KeepSecrets leaves the secrets in the exchanges, for what sends them again; nothing of them may be written then.
	KeepSecrets bool
	// Steps are the step definitions; nil for [steps.All].
	Steps *steps.Set

	observers []Observer // the log first
	workers   []*worker
}

// Observer is notified of what happens while it happens. Scenarios are named by their place in the plan, steps by their
// place in the scenario. Workers call at the same time, each for its own scenarios.
type Observer interface {
	ScenarioBegan(place int, at time.Time)
	StepBegan(place, step int, at time.Time)
	Exchanged(x *record.Exchange)
	StepPassed(place, step int, at time.Time)
	// ScenarioEnded has the scenario's result, and what explains it if it did not pass; nil otherwise.
	ScenarioEnded(place int, result record.Result, failure *record.Failure, at time.Time)
}

// Against the built-in server there are two workers by default, each with servers and connections of its own. The
// scenarios of one worker run one after the other, so everything that servers count (ids, audit entries) is the same in
// every run; and since the plan deals the scenarios out, not the number of processors, it is the same on every machine.
// godog's own concurrency would run scenarios in the order of their completion, which no run repeats.
//
// Any other service is one server and gets one worker. If there are more, they share the service: ids belong to one
// scenario, and the requests that a scenario sends at once are sent by its own worker.
const (
	workersOfBuiltIn = 2
	workersOfService = 1
)

// prepare sets the defaults.
func (e *Executor) prepare() {
	if e.RunID == "" {
		e.RunID = service.DefaultRunID
	}
	if e.Timeout == 0 {
		e.Timeout = service.DefaultTimeout
	}
	if e.Steps == nil {
		e.Steps = steps.All()
	}
	if e.Secrets == nil {
		e.Secrets = new(record.Secrets)
	}
	if e.Service == nil {
		e.Service = &service.Service{ScenarioTimeout: e.Timeout}
	}
	if e.Log == nil {
		e.Log = record.NewLog(nil, e.Secrets)
		e.Log.Begin(record.Info{Milestone: e.Inputs.Milestone.ID, RunID: e.RunID}, e.Selection, time.Now())
	}
	e.observers = append([]Observer{e.Log}, e.Observers...)
	switch {
	case e.Workers > 0:
	case e.Service.BuiltIn():
		e.Workers = workersOfBuiltIn
	default:
		e.Workers = workersOfService
	}
}

// Run runs the scenarios and returns the record of the run. Built-in servers keep running until [Executor.Close], so that their state can be read.
//
// When ctx is canceled, the steps that are running get some seconds to end, and nothing else is run.
func (e *Executor) Run(ctx context.Context) *record.Run {
	e.prepare()
	for _, queue := range e.Selection.Queues(e.Workers, e.Shuffle) {
		e.workers = append(e.workers, e.newWorker(queue))
	}
	if !e.Service.BuiltIn() {
		first := e.workers[0]
		if err := first.transport.Probe(ctx); err != nil && ctx.Err() == nil {
			first.stop(record.Reason{ID: "target-unreachable", Where: e.Secrets.Scrub(e.Service.URL), Message: err.Error()})
			return e.end()
		}
	}
	var group sync.WaitGroup
	for _, w := range e.workers {
		group.Go(func() { w.run(ctx) })
	}
	group.Wait()
	return e.end()
}

// end returns the record of the run.
func (e *Executor) end() *record.Run {
	run := e.Log.End()
	run.Workers = len(e.workers)
	for _, w := range e.workers {
		for _, stop := range w.stops {
			if !slices.Contains(run.Stops, stop) {
				run.Stops = append(run.Stops, stop)
			}
		}
	}
	return run
}

// Close stops the built-in servers and closes the connections.
func (e *Executor) Close() {
	for _, w := range e.workers {
		w.servers.Close()
		w.transport.Close()
	}
}

// AppendState appends the state of the built-in servers as JSON objects, worker by worker, each worker's in the order in
// which they were started.
func (e *Executor) AppendState(b []byte) []byte {
	for _, w := range e.workers {
		b = w.servers.AppendState(b)
	}
	return b
}

// Endpoint returns where the requests of a scenario with these needs can be sent again, and the command that starts a
// built-in server there; "" for any other service.
func (e *Executor) Endpoint(needs []string) (base, start string) {
	if e.Service.BuiltIn() {
		return "http://" + service.FakeAddress, service.StartCommand(needs)
	}
	return e.Service.URL, ""
}
