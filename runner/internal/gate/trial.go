package gate

import (
	"cmp"
	"context"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Trial drives scenarios against a target, and gives back what happened: nothing else. It reads nothing, for its inputs
// were read before; it writes no artifact, asks for no golden output, and decides nothing. [Run] is one trial with all
// of that around it. Whoever makes thousands of them, as package sight does, shares their inputs and their judge.
type Trial struct {
	// Inputs are the milestone, the plan and the schemas.
	Inputs project.Inputs
	// Fixtures has the folders requests and keys.
	Fixtures fs.FS
	// Judge judges every answer.
	Judge *checks.Checker
	// Selection says which scenarios are driven.
	Selection *plan.Selection
	// Target is what is driven against; nil for built-in fake servers, which stop with the trial.
	Target *service.Service
	// Wrap changes the built-in servers. Liars are made with it.
	Wrap func(http.Handler) http.Handler
	// Lanes is how many lanes there are; 0 for as many as [Run] has.
	Lanes int
	// Shuffle is the word that the order of the scenarios is drawn from; "" for the order of the plan.
	Shuffle string
	// FirstFailure ends the trial at the first scenario that fails. The rest is not run.
	FirstFailure bool
	// Seed makes the ids of the trial its own; "" for [service.DefaultSeed].
	Seed string
	// Timeout is how long one scenario may take; 0 for [service.DefaultTimeout].
	Timeout time.Duration
	// Listeners are told what happens as it happens.
	Listeners []Observer

	// register stands in for the vocabulary in tests.
	register func(*godog.ScenarioContext, steps.Config)
	secrets  *exchange.Secrets
	lanes    []*lane
}

// Observer is told what happens in a trial, as it happens: each scenario by its place in the plan, and each sentence by
// its place in the scenario. Lanes tell at the same time, each its own scenarios.
//
// godog does not tell that a scenario is over, so that is told when the next one begins. The time is right all the same.
type Observer interface {
	ScenarioBegan(place int, at time.Time)
	StepBegan(place, step int, at time.Time)
	Exchanged(x *exchange.Exchange)
	StepPassed(place, step int, at time.Time)
	// ScenarioEnded tells how it ended, with what explains it when it did not pass, and nil otherwise.
	ScenarioEnded(place int, result verdict.Result, failure *report.Failure, at time.Time)
}

// Seen is what happened in a trial.
type Seen struct {
	// Results are how the scenarios ended, by their place in the plan. A selected one without a result did not run.
	Results map[int]verdict.Result
	// Failures explain the ones that did not pass.
	Failures map[int]report.Failure
	// Exchanges are all exchanges, in the order of the plan.
	Exchanges []*exchange.Exchange
	// Stops are what kept the trial from going on, if anything did.
	Stops []verdict.Reason
	// Agreed says whether godog's own exit code is what the results lead to; Godog is that code.
	Agreed bool
	Godog  int
}

// Records are what was seen, as package verdict decides on it. It says nothing of artifacts and of the golden output.
func (t *Trial) Records(seen Seen) verdict.Records {
	return verdict.Records{
		Milestone: t.Inputs.Milestone, Selection: t.Selection, Results: seen.Results, Exchanges: seen.Exchanges,
		Agreed: seen.Results == nil || seen.Agreed, Godog: seen.Godog, Stops: seen.Stops,
	}
}

// Run drives the scenarios, and stops the servers that it started.
func (t *Trial) Run(ctx context.Context) Seen {
	defer t.close()
	return t.drive(ctx)
}

// A trial against the built-in server has two lanes, unless it is told another number: every other scenario in one of
// them and the rest in the other, side by side, each with servers, connections and a godog of its own. Within a lane one
// scenario follows the other, so everything that servers count (ids, audit entries) comes out the same in every run; and
// since the plan deals the scenarios out and not the number of processors, it does so on every machine.
//
// godog's own concurrency would be the shorter way, and not a reproducible one: it runs scenarios against each other in
// whatever order they happen to come.
//
// A target of somebody's own is one server, and gets one lane. More of them share it: ids are a scenario's own, and what
// a scenario sends at once is sent by its own lane.
const (
	lanesOfBuiltIn = 2
	lanesOfTarget  = 1
)

// lane is one of them.
type lane struct {
	drive   *drive
	servers *service.Fakes
	way     *service.Transport
}

// prepare fills in what the trial leaves open.
func (t *Trial) prepare() {
	if t.Seed == "" {
		t.Seed = service.DefaultSeed
	}
	if t.Timeout == 0 {
		t.Timeout = service.DefaultTimeout
	}
	if t.register == nil {
		t.register = steps.Register
	}
	if t.secrets == nil {
		t.secrets = new(exchange.Secrets)
	}
	if t.Target == nil {
		t.Target = &service.Service{ScenarioTimeout: t.Timeout}
	}
	switch {
	case t.Lanes > 0:
	case t.Target.BuiltIn():
		t.Lanes = lanesOfBuiltIn
	default:
		t.Lanes = lanesOfTarget
	}
}

// drive runs the scenarios. The servers stay.
func (t *Trial) drive(ctx context.Context) Seen {
	t.prepare()
	for _, part := range t.Selection.Lanes(t.Lanes, t.Shuffle) {
		t.lanes = append(t.lanes, t.lane(part))
	}
	if !t.Target.BuiltIn() {
		if err := t.lanes[0].way.Probe(ctx); err != nil && ctx.Err() == nil {
			t.lanes[0].drive.stop("target-unreachable", t.secrets.Scrub(t.Target.URL), "%v", err)
			return t.gather()
		}
	}
	var group sync.WaitGroup
	for _, l := range t.lanes {
		group.Go(func() {
			var err error
			defer func() {
				if err != nil {
					l.drive.stop("run-broke-off", "", "the run broke off: %v", err)
				}
			}()
			defer caught(&err)
			l.drive.run(ctx)
		})
	}
	group.Wait()
	return t.gather()
}

// lane prepares a lane for some scenarios.
func (t *Trial) lane(part *plan.Selection) *lane {
	l := &lane{servers: service.NewFakes(t.Fixtures, t.Wrap, t.secrets), way: t.Target.Transport()}
	recorder := &exchange.Recorder{
		Base:              l.way,
		Routes:            exchange.NewRoutes(t.Inputs.Milestone),
		Prefix:            t.Target.Prefix(),
		Check:             t.Judge.Check,
		IdempotencyHeader: t.Inputs.Milestone.Transport.IdempotencyHeader,
		Secrets:           t.secrets,
		Share:             t.Lanes,
		Concurrency: func(ctx context.Context) int {
			number, _ := steps.Concurrency(ctx)
			return number
		},
		OnExchange: func(x *exchange.Exchange) {
			for _, listener := range t.Listeners {
				listener.Exchanged(x)
			}
		},
	}
	vocabulary := steps.Config{
		Milestone: t.Inputs.Milestone,
		Fixtures:  t.Fixtures,
		Client:    l.way.Client(recorder),
		Target:    l.servers.URL,
		Seed:      t.Seed,
	}
	l.drive = &drive{
		selection: part, recorder: recorder, secrets: t.secrets, timeout: t.Timeout,
		firstFailure: t.FirstFailure, listeners: t.Listeners,
		base: func(needs []string) (string, string) {
			return "http://" + service.FakeAddress, service.StartCommand(needs)
		},
		lacks:   l.servers.Err,
		results: map[int]verdict.Result{}, failures: map[int]report.Failure{},
	}
	if !t.Target.BuiltIn() {
		vocabulary.PartnerKeys = t.Target.PartnerKeys
		vocabulary.KeyMode = t.Target.KeyMode()
		vocabulary.Target = func(context.Context, []string) (string, error) { return t.Target.URL, nil }
		l.drive.base, l.drive.flags = func([]string) (string, string) { return t.Target.URL, "" }, t.Target.Curl
		l.drive.gone = l.way.Gone
	}
	l.drive.register = func(sc *godog.ScenarioContext) { t.register(sc, vocabulary) }
	return l
}

// gather puts what the lanes have together, in the order of the plan.
func (t *Trial) gather() Seen {
	seen := Seen{Results: map[int]verdict.Result{}, Failures: map[int]report.Failure{}, Agreed: true}
	for _, l := range t.lanes {
		part := l.drive.end()
		maps.Copy(seen.Results, part.Results)
		maps.Copy(seen.Failures, part.Failures)
		for _, stop := range part.Stops {
			if !slices.Contains(seen.Stops, stop) {
				seen.Stops = append(seen.Stops, stop)
			}
		}
		seen.Agreed = seen.Agreed && part.Agreed
		seen.Godog = max(seen.Godog, part.Godog)
		seen.Exchanges = append(seen.Exchanges, l.drive.recorder.Exchanges()...)
	}
	slices.SortStableFunc(seen.Exchanges, func(a, b *exchange.Exchange) int {
		return cmp.Compare(a.Mark.Scenario, b.Mark.Scenario)
	})
	return seen
}

// close stops the servers of all lanes.
func (t *Trial) close() {
	for _, l := range t.lanes {
		l.servers.Close()
		l.way.Close()
	}
}
