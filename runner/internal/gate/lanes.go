package gate

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"

	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/target"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// A run against the built-in server has two lanes: every other scenario in one of them and the rest in the other, side
// by side, each with servers, connections and a godog of its own. Within a lane one scenario follows the other, so
// everything that servers count (ids, audit entries) comes out the same in every run; and since the plan deals the
// scenarios out and not the number of processors, it does so on every machine.
//
// godog's own concurrency would be the shorter way, and not a reproducible one: it runs scenarios against each other in
// whatever order they happen to come.
//
// A target of somebody's own is one server, and gets one lane.
const lanesOfBuiltIn = 2

// lane is one of them.
type lane struct {
	drive   *drive
	servers *target.Fakes
	client  *http.Transport
}

// drive runs the selected scenarios.
func (r *run) drive(ctx context.Context, base *url.URL) error {
	judge, err := checks.New(r.in.Milestone, r.in.Schemas)
	if err != nil {
		return err
	}
	n := lanesOfBuiltIn
	if r.Target != "" {
		n = 1
	}
	for _, part := range r.selection.Split(n) {
		r.lanes = append(r.lanes, r.lane(part, judge, base))
	}
	if r.Target != "" {
		if err := dial(r.Target); err != nil {
			r.lanes[0].drive.stop("target-unreachable", r.Target, "nobody listens there: %v", err)
			r.gather()
			return nil
		}
	}
	var group sync.WaitGroup
	for _, l := range r.lanes {
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
	r.gather()
	return nil
}

// lane prepares a lane for some scenarios.
func (r *run) lane(part *plan.Selection, judge *checks.Judge, base *url.URL) *lane {
	l := &lane{
		servers: target.NewFakes(r.project.Fixtures(), r.Wrap, r.secrets),
		client: &http.Transport{
			MaxIdleConnsPerHost:   64, // as many as are ever sent at once
			DisableCompression:    true,
			ResponseHeaderTimeout: r.Timeout,
		},
	}
	recorder := &exchange.Recorder{
		Base:              l.client,
		Routes:            exchange.NewRoutes(r.in.Milestone),
		Prefix:            strings.TrimSuffix(base.EscapedPath(), "/"),
		Judge:             judge.Judge,
		IdempotencyHeader: r.in.Milestone.Transport.IdempotencyHeader,
		Secrets:           r.secrets,
		Burst: func(ctx context.Context) int {
			number, _ := steps.Burst(ctx)
			return number
		},
	}
	vocabulary := steps.Config{
		Milestone: r.in.Milestone,
		Fixtures:  r.project.Fixtures(),
		Client: &http.Client{
			Transport:     recorder,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Target: l.servers.URL,
		Seed:   r.Seed,
	}
	l.drive = &drive{
		selection: part, recorder: recorder, secrets: r.secrets, timeout: r.Timeout, target: r.Target,
		base: func(needs []string) (string, string) {
			return "http://" + target.FakeAddress, target.StartCommand(needs)
		},
		results: map[int]verdict.Result{}, failures: map[int]report.Failure{},
	}
	if r.Target != "" {
		vocabulary.Target = func(context.Context, []string) (string, error) { return r.Target, nil }
		l.drive.base = func([]string) (string, string) { return strings.TrimSuffix(r.Target, "/"), "" }
	}
	l.drive.register = func(sc *godog.ScenarioContext) { r.register(sc, vocabulary) }
	return l
}

// gather puts what the lanes have together, in the order of the plan.
func (r *run) gather() {
	r.ended = ended{results: map[int]verdict.Result{}, failures: map[int]report.Failure{}, agreed: true}
	for _, l := range r.lanes {
		part := l.drive.end()
		maps.Copy(r.ended.results, part.results)
		maps.Copy(r.ended.failures, part.failures)
		for _, stop := range part.stops {
			if !slices.Contains(r.ended.stops, stop) {
				r.ended.stops = append(r.ended.stops, stop)
			}
		}
		r.ended.agreed = r.ended.agreed && part.agreed
		r.ended.code = max(r.ended.code, part.code)
		r.exchanges = append(r.exchanges, l.drive.recorder.Exchanges()...)
	}
	slices.SortStableFunc(r.exchanges, func(a, b *exchange.Exchange) int {
		return cmp.Compare(a.Mark.Scenario, b.Mark.Scenario)
	})
}

// close stops the servers of all lanes.
func (r *run) close() {
	for _, l := range r.lanes {
		l.servers.Close()
		l.client.CloseIdleConnections()
	}
}
