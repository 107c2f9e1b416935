// Package selfcheck measures which faults of a service the features detect, by mutation testing: a proxy in front of the fake
// server changes its responses, and a scenario or a named check must fail.
//
// # Mutations
//
// Mutations are derived from the contract, not written by hand: [derive] makes all kinds of mutations.go for each operation,
// outcome and place of a response schema. So a new operation, outcome or member is covered as soon as the milestone or a
// schema has it. An id depends on the contract alone:
//
//	drop /provider/segment_tier of partnerLiquidityProvider.get 200
//	turn /provider/status from active of partnerLiquidityProvider.get 200
//	change /export/entries/[]/actor/id of partnerLiquidityProvider.rollout.export 200
//	pose as provider_not_owned of partnerLiquidityProvider.get provider_not_found
//	falsify Allow of unrouted method_not_allowed
//
// that is: the kind, a JSON Pointer with [] for the items of a list, or a header, status or code; "of", the operation, and the
// outcome: a refusal by its name, success by its status.
//
// # How they are applied
//
// A baseline run without a mutation must pass, and shows which mutations fit the responses of which scenarios. Then each
// mutation is applied to all responses of its outcome that it fits, in these scenarios, the shortest first, until one fails. The
// golden output is not compared. A mutation that fits no response is a gap of the features too.
//
// The milestone has the required percentage of detected mutations, and lists those that no client can observe, with reasons. A
// listed mutation that is detected, or does not exist, is stale, which fails the selfcheck as well.
package selfcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Config configures a selfcheck.
type Config struct {
	// Milestone is the path of the milestone's file.
	Milestone string
	// Out is the folder for selfcheck.json, or with Mutation for the artifacts of its run; "" for
	// artifacts/milestones/<ID>/selfcheck, or …/mutation, of the project.
	Out string
	// Mutation is the id of the only mutation to apply; "" for all.
	Mutation string
	// Table lists all mutations, not only those that fail the selfcheck.
	Table bool
	// Stdout takes the page, and Progress how far it is.
	Stdout   io.Writer
	Progress terminal.Stream

	// handler replaces the built-in fake server in tests.
	handler http.Handler
}

// Run makes the selfcheck, and returns the exit code, as package verdict has them.
func Run(ctx context.Context, cfg Config) (int, error) {
	s := &selfcheck{Config: cfg, started: time.Now(), samples: samples{}}
	exit, err := s.run(ctx)
	if usage.Is(err) {
		return verdict.Broken, err
	}
	return exit, err
}

// selfcheck is one under way.
type selfcheck struct {
	Config
	started   time.Time
	project   project.Project
	in        project.Inputs
	fixtures  fs.FS
	checker   *checks.Checker
	routes    *steps.Routes
	samples   samples
	mutations []*Mutation
	findings  []finding // of mutations, in their order
	progress  progress
	exchanges []int // of each scenario in the baseline run
}

// finding is the result of a mutation.
type finding struct {
	mutation *Mutation
	status   status
	// listed is the milestone's entry for an unobservable mutation; nil for none.
	listed *milestones.Unobservable
	// exempt is set if all values at its place are chosen by the implementation, so that the mutation does not exist.
	exempt bool
	// scenarios have a response that it fits, in the order in which they are tried.
	scenarios []int
	// by is who detected it.
	by detection
}

// isUndetected reports whether it fails the selfcheck.
func (f *finding) isUndetected() bool { return f.status != detected && f.listed == nil }

// status is the result of a mutation.
type status string

const (
	detected   status = "detected"
	missed     status = "missed"
	notApplied status = "not_applied"
)

// detection is a scenario that failed because of a mutation.
type detection struct {
	Scenario string
	Ref      string
	Where    string
	Check    string // the named check that failed; "" if the step itself failed
}

func (s *selfcheck) run(ctx context.Context) (int, error) {
	var err error
	if s.project, err = project.Locate(s.Milestone); err != nil {
		return 0, usage.Errorf("%w", err)
	}
	if s.in, err = s.project.Read(); err != nil {
		return verdict.Broken, err
	}
	m := s.in.Milestone
	if s.handler == nil {
		if err := service.Implements(m); err != nil {
			return 0, usage.Errorf("%w, so there is no correct response to mutate", err)
		}
	}
	if m.Selfcheck == nil && s.Mutation == "" {
		return 0, usage.Errorf("%s has no section selfcheck with the required percentage of detected mutations", s.Milestone)
	}
	if s.checker, err = checks.New(m, s.in.Schemas); err != nil {
		return verdict.Broken, err
	}
	s.fixtures, s.routes = s.project.Fixtures(), steps.NewRoutes(m)
	if s.mutations, err = derive(s.in, s.samples); err != nil {
		return verdict.Broken, err
	}
	if exit, err := s.baselineRun(ctx); err != nil || exit != verdict.Holds {
		return exit, err
	}
	if s.Mutation != "" {
		return s.runOne(ctx)
	}
	s.matchEntries()
	s.runAll(ctx)
	if ctx.Err() != nil {
		return verdict.Interrupted, errors.New("interrupted: nothing was written")
	}
	return s.conclude()
}

// executor runs some scenarios against mutating servers, with one worker.
func (s *selfcheck) executor(m *Mutation, scenarios []int) *execute.Executor {
	return &execute.Executor{
		Inputs: s.in, Fixtures: s.fixtures, Checker: s.checker, Workers: 1, FirstFailure: true, KeepSecrets: true,
		Selection: &plan.Selection{Plan: s.in.Plan, Scenarios: scenarios}, Wrap: s.wrap(m),
	}
}

// wrap puts a mutating proxy before the fake server.
func (s *selfcheck) wrap(m *Mutation) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if s.handler != nil {
			next = s.handler
		}
		return newProxy(s.in.Milestone, s.routes, m, next)
	}
}

// baselineRun runs all scenarios without a mutation, and finds the scenarios for each mutation. The exit code is Incomplete if
// this run fails, as nothing follows from mutations then.
func (s *selfcheck) baselineRun(ctx context.Context) (int, error) {
	var all []int
	for i := range s.in.Plan.Scenarios {
		all = append(all, i)
	}
	baseline := s.executor(nil, all)
	baseline.Workers, baseline.FirstFailure = 0, false
	defer baseline.Close()
	run := baseline.Run(ctx)
	if ctx.Err() != nil {
		return verdict.Interrupted, errors.New("interrupted: nothing was written")
	}
	inputs := verdict.Inputs{
		Milestone: s.in.Milestone, Selection: baseline.Selection,
		Output: golden.Comparison{Difference: new(golden.Difference), Identical: true}, // no output is compared
	}
	if decision := verdict.Decide(run, inputs); !decision.Overall {
		fmt.Fprintf(s.Stdout, "the features fail without a mutation, so mutations cannot be checked:\n")
		for _, reason := range decision.Reasons {
			fmt.Fprintf(s.Stdout, "  %-20s  %s\n", reason.ID, strings.TrimPrefix(reason.Where+": "+reason.Message, ": "))
		}
		fmt.Fprintf(s.Stdout, "\nNext: runner %s\n", s.Milestone)
		return verdict.Incomplete, nil
	}
	s.exchanges = make([]int, len(all))
	exchanges := run.Exchanges()
	responses := make([]answer, len(exchanges))
	for i, x := range exchanges {
		s.exchanges[x.Mark.Scenario]++
		operation, _ := s.in.Milestone.Operation(x.Operation)
		responses[i] = newAnswer(operation, x.Response.Status, x.Response.Header, x.Canonical)
		if a := responses[i]; a.readable && a.outcome != nil {
			if _, sampled := s.samples[a.outcome]; !sampled {
				s.samples[a.outcome] = a.body
			}
		}
	}
	s.findResponses(exchanges, responses)
	return verdict.Holds, nil
}

// findResponses finds the scenarios with responses that each mutation fits.
func (s *selfcheck) findResponses(exchanges []*record.Exchange, responses []answer) {
	about := map[*milestones.Outcome][]int{} // the answers that show it, by their places
	for i, a := range responses {
		if a.outcome != nil {
			about[a.outcome] = append(about[a.outcome], i)
		}
	}
	found := make([]finding, len(s.mutations))
	var group sync.WaitGroup
	for part := range slices.Chunk(indexes(len(s.mutations)), 1+len(s.mutations)/runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for _, i := range part {
				found[i] = s.findScenarios(s.mutations[i], about[s.mutations[i].Outcome], exchanges, responses)
			}
		})
	}
	group.Wait()
	s.findings = mergeFamilies(found)
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// findScenarios finds the scenarios with responses that a mutation fits.
func (s *selfcheck) findScenarios(l *Mutation, about []int, exchanges []*record.Exchange, responses []answer) finding {
	f := finding{mutation: l, status: notApplied}
	spared := false
	for _, i := range about {
		if scenario := exchanges[i].Mark.Scenario; !slices.Contains(f.scenarios, scenario) && l.matches(responses[i]) {
			if _, ok := l.apply(responses[i]); ok || l.requiresReplay(responses[i]) {
				f.scenarios = append(f.scenarios, scenario)
			} else if l.isExempt != nil && l.isExempt(responses[i]) {
				spared = true
			}
		}
	}
	f.exempt = f.scenarios == nil && spared
	slices.SortFunc(f.scenarios, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.exchanges[a], s.exchanges[b]), cmp.Compare(a, b))
	})
	return f
}

// mergeFamilies removes the mutations that do not exist: those at places of the implementation alone, and those of a family of
// which another one fits. Of a family of which none fits, one stays, with the id of the family.
func mergeFamilies(found []finding) []finding {
	fits := map[string]bool{}
	for _, f := range found {
		if f.scenarios != nil || f.exempt {
			fits[f.mutation.family] = true
		}
	}
	return slices.DeleteFunc(found, func(f finding) bool {
		switch {
		case f.exempt:
			return true
		case !f.mutation.optional || f.scenarios != nil:
			return false
		case fits[f.mutation.family]:
			return true
		}
		fits[f.mutation.family] = true
		f.mutation.ID = f.mutation.family
		return false
	})
}

// runAll runs all mutations that fit a response, in parallel.
func (s *selfcheck) runAll(ctx context.Context) {
	s.progress = progress{line: s.Progress.Line(time.Now()), all: len(s.findings)}
	next := make(chan int)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				s.runMutation(ctx, &s.findings[i])
				s.progress.step(s.findings[i].isUndetected(), time.Now())
			}
		})
	}
	for i := range s.findings {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	s.progress.line.End()
}

// runMutation applies a mutation until a scenario fails: in one scenario, then in the next two, four, and so on, since starting
// servers takes longer than most scenarios.
func (s *selfcheck) runMutation(ctx context.Context, f *finding) {
	rest := f.scenarios
	for n := 1; len(rest) > 0 && ctx.Err() == nil; n *= 2 {
		some := slices.Sorted(slices.Values(rest[:min(n, len(rest))]))
		rest = rest[len(some):]
		executor := s.executor(f.mutation, some)
		run := executor.Run(ctx)
		executor.Close()
		for _, place := range some {
			scenario := run.Scenarios[place]
			result := scenario.Result
			if result.Status != record.Failed && result.Status != record.ChecksFailed {
				continue // an invalid step detects nothing
			}
			f.status = detected
			f.by = detection{Scenario: scenario.ID, Ref: scenario.Ref(), Where: scenario.Where()}
			line := result.Line
			if failed := scenario.Failure.Checks; len(failed) > 0 { // it was detected there, whatever failed later
				f.by.Check, line = failed[0].Result.Check, scenario.Steps[failed[0].Exchange.Mark.Step].Line
			}
			if line > 0 {
				f.by.Where = fmt.Sprintf("%s:%d", scenario.URI, line)
			}
			return
		}
	}
	if f.scenarios != nil {
		f.status = missed
	}
}

// runOne applies one mutation in all its scenarios, and shows the run.
func (s *selfcheck) runOne(ctx context.Context) (int, error) {
	for i := range s.findings {
		f := &s.findings[i]
		if f.mutation.ID != s.Mutation {
			continue
		}
		if f.scenarios == nil {
			fmt.Fprintf(s.Stdout, "%s\nwas not applied: it fits no response.\n", s.Mutation)
			return verdict.Fails, nil
		}
		return s.show(ctx, f)
	}
	return 0, usage.Errorf("--mutation: unknown mutation %q%s", s.Mutation, s.nearest(s.Mutation))
}

func (s *selfcheck) show(ctx context.Context, f *finding) (int, error) {
	cfg := run.Config{
		Milestone: s.Milestone, Out: s.Out, Stdout: s.Stdout, Wrap: s.wrap(f.mutation),
	}
	if cfg.Out == "" {
		cfg.Out = filepath.Join(filepath.Dir(s.project.Artifacts(s.in.Milestone.ID)), "mutation")
	}
	for _, place := range f.scenarios {
		cfg.Filter.Refs = append(cfg.Filter.Refs, s.in.Plan.Scenarios[place].Ref())
	}
	result, err := run.Run(ctx, cfg)
	if err != nil || result.Exit == verdict.Interrupted {
		return result.Exit, err
	}
	failed := 0
	for _, ended := range result.Results {
		if ended == record.Failed || ended == record.ChecksFailed {
			failed++
		}
	}
	fmt.Fprintf(s.Stdout, "%s\nwas applied in %s, and %d of them failed.\n", f.mutation.ID, plural.Count(len(f.scenarios), "scenario"), failed)
	if failed == 0 {
		return verdict.Fails, nil
	}
	return verdict.Holds, nil
}

// matchEntries finds the milestone's entry for each mutation that has one.
func (s *selfcheck) matchEntries() {
	if s.in.Milestone.Selfcheck == nil {
		return
	}
	for i := range s.in.Milestone.Selfcheck.Unobservable {
		entry := &s.in.Milestone.Selfcheck.Unobservable[i]
		for _, f := range s.findingsOf(entry) {
			if f.listed == nil {
				f.listed = entry
			}
		}
	}
}

// findingsOf are the findings that an entry is about.
func (s *selfcheck) findingsOf(entry *milestones.Unobservable) (about []*finding) {
	pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(entry.Mutation), `\*`, ".*") + "$")
	for i := range s.findings {
		if pattern.MatchString(s.findings[i].mutation.ID) {
			about = append(about, &s.findings[i])
		}
	}
	return about
}

// staleEntries are the entries of the milestone that are not true any more.
func (s *selfcheck) staleEntries() []staleEntry {
	stale := []staleEntry{}
	for i := range s.in.Milestone.Selfcheck.Unobservable {
		entry := &s.in.Milestone.Selfcheck.Unobservable[i]
		where := fmt.Sprintf("%s:%d", filepath.ToSlash(s.Milestone), entry.Line)
		about := s.findingsOf(entry)
		if len(about) == 0 {
			stale = append(stale, staleEntry{where, entry.Mutation, "no such mutation" + s.nearest(entry.Mutation)})
		}
		for _, f := range about {
			if f.status == detected {
				stale = append(stale, staleEntry{where, entry.Mutation, "detected after all: " + f.mutation.ID})
			}
		}
	}
	return stale
}

func (s *selfcheck) nearest(id string) string {
	var ids []string
	for _, f := range s.findings {
		ids = append(ids, f.mutation.ID)
	}
	if nearest := suggest.Nearest(id, ids); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return ""
}

// staleEntry is an entry of the milestone's list that is not true any more.
type staleEntry struct {
	Where       string `json:"where"`
	Mutation    string `json:"mutation"`
	Description string `json:"description"`
}
