package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Only this package knows godog, and nearly all of it is in this file. It takes from godog what that is good at, matching
// sentences and calling them, and nothing that decides: scenarios come from the plan, results from the events that are
// counted here, and godog's exit code is only compared with them.

// drive runs the selected scenarios and keeps what happens.
type drive struct {
	selection *plan.Selection
	recorder  *exchange.Recorder
	secrets   *exchange.Secrets
	register  func(*godog.ScenarioContext)
	timeout   time.Duration
	gone      func(context.Context) error // says why the target is gone; nil for the built-in one
	lacks     func() error                // what the built-in servers lacked; nil for a target
	base      func(needs []string) (base, start string)
	flags     []string // of curl, to reach it
	// firstFailure says that nothing is run any more once a scenario has failed.
	firstFailure bool
	listeners    []Observer

	ctx      context.Context // of the run
	mu       sync.Mutex
	next     int // how many scenarios have begun
	now      *running
	results  map[int]verdict.Result
	failures map[int]report.Failure
	stops    []verdict.Reason
	lost     int  // scenarios in a row that got no answer
	dead     bool // nothing more is run: the target is not there any more, or the first failure was all to be seen
	code     int
	returned bool

	// overdue is when the scenario that runs now should long have ended; 0 when none runs.
	overdue atomic.Int64
}

// running is the scenario that runs now.
type running struct {
	place    int // in the plan
	scenario *plan.Scenario
	cancel   context.CancelFunc
	step     int // of the sentence; -1 before the first
	passed   int // sentences
	status   verdict.Status
	at       int // the sentence at which it ended
	err      error
	checks   []report.Check
	unknown  []report.Undefined
	first    int       // its first exchange
	before   int       // the first exchange of the sentence
	last     time.Time // when its last sentence came to an end
}

// formatter is the name under which godog knows the drives.
const formatter = "lpgate"

// opening hands a drive to godog: it makes its formatters by their names alone, the moment a suite is run.
var opening = make(chan *drive, 1)

func init() {
	godog.Format(formatter, "hands events to the gate", func(string, io.Writer) godog.Formatter {
		return events{<-opening}
	})
}

// run runs everything, and returns when all is done or when nothing more is to be waited for.
func (d *drive) run(ctx context.Context) {
	d.ctx = ctx
	var contents []godog.Feature
	for _, source := range d.selection.Sources() {
		contents = append(contents, godog.Feature{Name: source.Name, Contents: source.Text})
	}
	if len(contents) == 0 {
		return // given no contents, godog would look for some by itself
	}
	suite := godog.TestSuite{
		Name:                "gate",
		ScenarioInitializer: d.initialize,
		Options: &godog.Options{
			Format:          formatter,
			Output:          io.Discard,
			Strict:          true,
			Concurrency:     1, // the audit counts over all providers, so the order is part of what is seen
			FeatureContents: contents,
			DefaultContext:  ctx,
		},
	}
	done := make(chan struct{})
	go func() {
		defer func() {
			if p := recover(); p != nil {
				d.stop("run-broke-off", "", "the run broke off: %v\n%s", p, debug.Stack())
				d.mu.Lock()
				d.giveUp("the run broke off in it")
				d.mu.Unlock()
			}
			close(done)
		}()
		opening <- d
		code := suite.Run()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.code, d.returned = code, true
	}()
	d.wait(ctx, done)
	if ctx.Err() != nil {
		d.stop(interrupted.ID, "", "%s", interrupted.Message)
	}
}

// end takes a copy of what there is: a sentence that was left behind may still come to an end, and is too late.
func (d *drive) end() Seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Seen{
		Results: maps.Clone(d.results), Failures: maps.Clone(d.failures), Stops: slices.Clone(d.stops),
		Agreed: d.agreed(), Godog: d.code,
	}
}

// patience is how long a sentence may take to notice that its time is over.
const patience = 3 * time.Second

// wait waits for the run. A sentence that hangs in spite of its context cannot be stopped, only left behind.
func (d *drive) wait(ctx context.Context, done <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var giveUp time.Time
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			if ctx.Err() != nil && giveUp.IsZero() {
				giveUp = now.Add(patience)
			}
			overdue := d.overdue.Load()
			if late := overdue != 0 && now.UnixNano() > overdue; late || !giveUp.IsZero() && now.After(giveUp) {
				d.leave()
				return
			}
		}
	}
}

// leave gives up on a sentence that does not come to an end.
func (d *drive) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	where := ""
	if r := d.now; r != nil {
		where = r.where()
	}
	d.giveUp("a sentence of it did not come to an end")
	d.dead = true
	d.stops = append(d.stops, verdict.Reason{
		ID: "run-broke-off", Message: "a sentence did not come to an end, and could not be stopped", Where: where,
	})
}

// giveUp ends the scenario that runs now, if any does, as one that did not run to its end.
func (d *drive) giveUp(says string) {
	if r := d.now; r != nil {
		d.now = nil
		d.results[r.place] = verdict.Result{Status: verdict.NotRun, Message: says}
		d.ended(r, nil, time.Now())
	}
}

func (d *drive) stop(id, where, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stops = append(d.stops, verdict.Reason{ID: id, Message: fmt.Sprintf(format, args...), Where: where})
}

// where is the place of the sentence that runs now.
func (r *running) where() string {
	if r.step < 0 || r.step >= len(r.scenario.Steps) {
		return r.scenario.Where()
	}
	return fmt.Sprintf("%s:%d", r.scenario.URI, r.scenario.Steps[r.step].Line)
}

// errNotRun ends a scenario that is not to be run any more.
var errNotRun = errors.New("not run: the run was stopped before")

// initialize is called by godog for every scenario.
func (d *drive) initialize(sc *godog.ScenarioContext) {
	sc.Before(func(ctx context.Context, _ *godog.Scenario) (_ context.Context, err error) {
		defer caught(&err)
		if ctx.Err() != nil || d.isDead() {
			return ctx, errNotRun
		}
		return d.withTimeout(ctx), nil
	})
	sc.StepContext().Before(func(ctx context.Context, _ *godog.Step) (_ context.Context, err error) {
		defer caught(&err)
		return d.beforeStep(ctx), nil
	})
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, stepErr error) (_ context.Context, err error) {
		defer caught(&err)
		return ctx, d.afterStep(stepErr)
	})
	d.register(sc)
}

// caught turns a panic into an error. One that escapes a hook or a goroutine would end the process, and the report with
// it.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

func (d *drive) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

func (d *drive) withTimeout(ctx context.Context) context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		return ctx // the scenario was given up
	}
	d.overdue.Store(time.Now().Add(d.timeout + patience).UnixNano())
	limit := &exchange.TimeLimit{Of: "scenario", Flag: "--scenario-timeout", Limit: d.timeout}
	ctx, d.now.cancel = context.WithTimeoutCause(ctx, d.timeout, limit)
	return ctx
}

// beforeStep marks the requests of a sentence as its own.
func (d *drive) beforeStep(ctx context.Context) context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		return ctx
	}
	d.now.step++
	d.now.before = d.recorder.Count()
	now := time.Now()
	for _, listener := range d.listeners {
		listener.StepBegan(d.now.place, d.now.step, now)
	}
	return exchange.WithMark(ctx, exchange.Mark{Scenario: d.now.place, Step: d.now.step})
}

// errCheck is a sentence in which an answer failed a check.
type errCheck struct{ checks []report.Check }

func (e *errCheck) Error() string {
	var ids []string
	for _, check := range e.checks {
		ids = append(ids, check.Result.Check+": "+check.Result.Message)
	}
	return strings.Join(ids, "; ")
}

// afterStep fails a sentence when one of its answers failed a check, whether the sentence minds or not.
func (d *drive) afterStep(stepErr error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.now
	if r == nil || r.status != "" {
		return nil // it failed before; what follows is skipped
	}
	if stepErr != nil {
		r.err = stepErr
	}
	for _, x := range d.recorder.Since(r.before) {
		for _, failed := range x.Failures() {
			r.checks = append(r.checks, report.Check{Result: failed, Exchange: x})
		}
	}
	if len(r.checks) > 0 {
		return &errCheck{r.checks}
	}
	return nil
}

// finish closes the record of the scenario that ran. godog calls its own hook for that already at the first failing
// sentence, so it is done when the next scenario begins, and at the end.
func (d *drive) finish() {
	r := d.now
	if r == nil {
		return
	}
	d.now = nil
	d.overdue.Store(0)
	if r.cancel != nil {
		r.cancel()
	}
	if r.status == "" {
		switch {
		case len(r.scenario.Steps) == 0:
			r.status, r.err = verdict.Empty, errors.New("it has no sentences")
		case r.passed == len(r.scenario.Steps):
			d.lost = 0
			d.results[r.place] = verdict.Result{Status: verdict.Passed}
			d.ended(r, nil, r.last)
			return
		default:
			r.status, r.at = verdict.NotRun, r.step
			r.err = fmt.Errorf("%d of its %d sentences ran", r.passed, len(r.scenario.Steps))
		}
	}
	d.conclude(r)
}

// conclude records a scenario that did not pass.
func (d *drive) conclude(r *running) {
	var misworded *steps.InvalidStep
	var unreachable *steps.Unreachable
	lack := exchange.Exhausted(r.err)
	if errors.As(r.err, &unreachable) && d.lacks != nil && lack == "" {
		lack = exchange.Exhausted(d.lacks())
	}
	switch {
	case r.status != verdict.Failed:
	case lack != "": // which is told once, and neither of the scenario nor of the target
		r.status, r.err, d.dead = verdict.NotRun, errNotRun, true
		if reason := exhausted(lack); !slices.Contains(d.stops, reason) {
			d.stops = append(d.stops, reason)
		}
	case errors.Is(r.err, errNotRun), errors.Is(r.err, context.Canceled):
		r.status = verdict.NotRun
	case errors.As(r.err, &misworded):
		r.status = verdict.InvalidStep
	case errors.As(r.err, &unreachable):
		d.lose(r, exchange.Cause(unreachable.Err))
	default:
		d.lost = 0
	}
	result := verdict.Result{Status: r.status, Message: d.secrets.Scrub(firstLine(r.err))}
	var check *errCheck
	result.Checked = r.status == verdict.Failed && errors.As(r.err, &check)
	if r.at >= 0 && r.at < len(r.scenario.Steps) {
		result.Line = r.scenario.Steps[r.at].Line
	}
	if r.status == verdict.Undefined {
		result.Message = "nobody knows the sentence: " + r.scenario.Steps[r.at].Text
	}
	d.results[r.place] = result
	if d.firstFailure && r.status == verdict.Failed {
		d.dead = true
	}
	var failure *report.Failure
	if !errors.Is(r.err, errNotRun) && !errors.Is(r.err, context.Canceled) {
		explained := d.explain(r)
		d.failures[r.place], failure = explained, &explained
	}
	d.ended(r, failure, r.last)
}

// ended tells how a scenario ended.
func (d *drive) ended(r *running, failure *report.Failure, at time.Time) {
	for _, listener := range d.listeners {
		listener.ScenarioEnded(r.place, d.results[r.place], failure, at)
	}
}

// firstLine is an error as one line.
func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// mostUnanswered is how many scenarios in a row may get no answer before the rest is not run: each of them may take as long
// as its time limit.
const mostUnanswered = 10

// lose ends a scenario that got no answer. That is a red scenario like any other, unless the target is gone: then it is
// no verdict on the scenario, and nothing more is run.
func (d *drive) lose(r *running, cause string) {
	r.err = fmt.Errorf("a request got no answer: %s", cause)
	if d.gone == nil {
		return
	}
	switch err := d.gone(d.ctx); {
	case d.ctx.Err() != nil:
		r.status = verdict.NotRun
	case err != nil:
		r.status, r.err, d.dead = verdict.Unreached, fmt.Errorf("the target cannot be reached: %s", cause), true
	default:
		if d.lost++; d.lost == mostUnanswered {
			d.dead = true
			d.stops = append(d.stops, verdict.Reason{
				ID: "target-silent", Where: r.where(),
				Message: fmt.Sprintf("%d scenarios in a row got no answer, the last one because of: %s", d.lost, cause),
			})
		}
	}
}

// agreed says whether godog's exit code is what the results lead to. A scenario that a sentence skipped is the one
// case in which godog is content and the gate is not.
func (d *drive) agreed() bool {
	if !d.returned {
		return true // it did not get to say anything
	}
	bad := false
	for _, result := range d.results {
		if result.Status != verdict.Passed && result.Status != verdict.Skipped {
			bad = true
		}
	}
	return bad == (d.code != 0)
}

// events is what godog tells. It is told in one goroutine.
type events struct{ *drive }

func (e events) TestRunStarted() {}

func (e events) Feature(*messages.GherkinDocument, string, []byte) {}

// Pickle begins a scenario. They come in the order of the selection, and nothing else comes.
func (e events) Pickle(p *messages.Pickle) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finish()
	if e.next >= len(e.selection.Scenarios) {
		panic(fmt.Sprintf("godog runs %q, which was not selected", p.Name))
	}
	place := e.selection.Scenarios[e.next]
	scenario := &e.selection.Plan.Scenarios[place]
	p.Uri, _, _ = strings.Cut(p.Uri, "#") // as [plan.Source] has it; ids are made of it
	if p.Uri != scenario.URI || p.Name != scenario.Name || len(p.Steps) != len(scenario.Steps) {
		panic(fmt.Sprintf("godog runs %q of %s, and it was the turn of %s", p.Name, p.Uri, scenario.ID))
	}
	e.next++
	count := e.recorder.Count()
	now := time.Now()
	e.now = &running{place: place, scenario: scenario, step: -1, at: -1, first: count, before: count, last: now}
	for _, listener := range e.listeners {
		listener.ScenarioBegan(place, now)
	}
}

func (e events) Defined(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {}

func (e events) Passed(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.now
	if r == nil {
		return // the scenario was given up
	}
	r.last = time.Now()
	for _, listener := range e.listeners {
		listener.StepPassed(r.place, r.passed, r.last)
	}
	r.passed++
}

func (e events) Failed(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, err error) {
	e.ends(verdict.Failed, err)
}

func (e events) Skipped(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	e.ends(verdict.Skipped, errors.New("a sentence of it said that it is to be skipped"))
}

func (e events) Undefined(_ *messages.Pickle, step *messages.PickleStep, _ *godog.StepDefinition) {
	e.ends(verdict.Undefined, nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.now == nil {
		return
	}
	e.now.unknown = append(e.now.unknown, report.Undefined{Step: e.now.step, Nearest: steps.Nearest(step.Text)})
}

func (e events) Pending(*messages.Pickle, *messages.PickleStep, *godog.StepDefinition) {
	e.ends(verdict.Pending, errors.New("a sentence of it is not implemented yet"))
}

func (e events) Ambiguous(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, err error) {
	e.ends(verdict.Ambiguous, err)
}

// ends notes how a scenario ended. The first that is not well counts; what comes after it is skipped for it.
func (e events) ends(status verdict.Status, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.now == nil || e.now.status != "" {
		return // a scenario that was given up has ended by then
	}
	e.now.status, e.now.at, e.now.last = status, e.now.step, time.Now()
	if e.now.err == nil {
		e.now.err = err
	}
}

func (e events) Summary() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finish()
}
