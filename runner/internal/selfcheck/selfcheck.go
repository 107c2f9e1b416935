// Package selfcheck measures what the gate sees. A gate that is green proves something only if it would have been red, so
// here it meets liars: each tells one lie on top of an honest server, and some scenario or named check has to see it.
//
// # Where the lies come from
//
// From the contract itself. Nobody writes them, and no part of this package knows a milestone: [derive] takes each
// operation, each outcome and each place of its schema, and makes of them every untruth of the kinds that lies.go lists.
// So a new operation, outcome or member is asked for from the moment at which it stands in the milestone or a schema.
//
// Each lie has an id that stays the same as long as the contract does. It says what is untrue, and of what:
//
//	drop /provider/segment_tier of partnerLiquidityProvider.get 200
//	turn /provider/status from active of partnerLiquidityProvider.get 200
//	change /export/entries/[]/actor/id of partnerLiquidityProvider.rollout.export 200
//	pose as provider_not_owned of partnerLiquidityProvider.get provider_not_found
//	falsify Allow of unrouted method_not_allowed
//
// that is: KIND, a JSON Pointer with [] for the items of a list, or a header, status or code; "of", the operation, and
// its outcome: a refusal by its name, a success by its status.
//
// # How they are told
//
// A lie is told always: in every answer of its outcome that has the place. First the scenarios run against the truth, and
// each answer is asked which lies could be told in it. Then every lie is told to those scenarios alone, the shortest
// first, until one of them fails. What fails is a sentence or a named check; the golden output is not looked at, and so
// sees nothing. A lie that no answer has a place for was never told, which is a gap of the features too.
//
// The milestone says how many must be detected, and lists the lies that no client can see, each with its reason. A listed
// lie that is detected after all, or that nobody could tell any more, is stale, and that is a fault as well.
package selfcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// Config says what to check.
type Config struct {
	// Milestone is the path of the milestone's file.
	Milestone string
	// Out is the folder for selfcheck.json, or with Lie for the artifacts of its run; "" for
	// artifacts/milestones/<ID>/selfcheck, or …/lie, of the project.
	Out string
	// Lie is the id of one lie to tell alone; "" for all of them.
	Lie string
	// Table asks for every lie on the page, and not only for those that speak against the features.
	Table bool
	// Stdout takes the page, and Progress how far it is.
	Stdout   io.Writer
	Progress terminal.Stream

	// honest stands in for the built-in fake server in tests.
	honest http.Handler
}

// Run makes the selfcheck, and returns the exit code, as package verdict has them.
func Run(ctx context.Context, cfg Config) (int, error) {
	s := &selfcheck{Config: cfg, started: time.Now(), samples: samples{}}
	exit, err := s.run(ctx)
	if errors.Is(err, gate.ErrUsage) {
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
	judge     *checks.Checker
	routes    *record.Routes
	samples   samples
	lies      []*Lie
	found     []finding // of the lies, in their order
	progress  progress
	exchanges []int // of each scenario in the truthful run
}

// finding is what became of a lie.
type finding struct {
	lie    *Lie
	status status
	// listed is the milestone's entry that says why it need not be detected; nil for none.
	listed *milestones.Unobservable
	// spared says that it does not exist: all that its place ever has is the implementation's own.
	spared bool
	// told are the scenarios that it can be told to, the most promising first.
	told []int
	// by is who detected it.
	by detection
}

// open says whether it speaks against the features.
func (f *finding) open() bool { return f.status != detected && f.listed == nil }

// status is how it went with a lie.
type status string

const (
	detected  status = "detected"
	missed    status = "missed"
	neverTold status = "never_told"
)

// detection is a scenario that failed because of a lie.
type detection struct {
	Scenario string
	Ref      string
	Where    string
	Check    string // the named check that failed; "" when it was the sentence itself
}

func (s *selfcheck) run(ctx context.Context) (int, error) {
	var err error
	if s.project, err = project.Locate(s.Milestone); err != nil {
		return 0, fmt.Errorf("%w: %w", gate.ErrUsage, err)
	}
	if s.in, err = s.project.Read(); err != nil {
		return verdict.Broken, err
	}
	m := s.in.Milestone
	if s.honest == nil {
		if err := service.Implements(m); err != nil {
			return 0, fmt.Errorf("%w: %w, so there is no correct response to mutate", gate.ErrUsage, err)
		}
	}
	if m.Selfcheck == nil && s.Lie == "" {
		return 0, fmt.Errorf("%w: %s has no section selfcheck, which says how many lies must be detected", gate.ErrUsage, s.Milestone)
	}
	if s.judge, err = checks.New(m, s.in.Schemas); err != nil {
		return verdict.Broken, err
	}
	s.fixtures, s.routes = s.project.Fixtures(), record.NewRoutes(m)
	if s.lies, err = derive(s.in, s.samples); err != nil {
		return verdict.Broken, err
	}
	if exit, err := s.listen(ctx); err != nil || exit != verdict.Holds {
		return exit, err
	}
	if s.Lie != "" {
		return s.alone(ctx)
	}
	s.list()
	s.look(ctx)
	if ctx.Err() != nil {
		return verdict.Interrupted, errors.New("interrupted: nothing was written")
	}
	return s.conclude()
}

// executor runs some scenarios against mutating servers, with one worker.
func (s *selfcheck) executor(lie *Lie, scenarios []int) *execute.Executor {
	return &execute.Executor{
		Inputs: s.in, Fixtures: s.fixtures, Checker: s.judge, Workers: 1, FirstFailure: true,
		Selection: &plan.Selection{Plan: s.in.Plan, Scenarios: scenarios}, Wrap: s.wrap(lie),
	}
}

// wrap puts a liar before the honest server.
func (s *selfcheck) wrap(lie *Lie) func(http.Handler) http.Handler {
	return func(honest http.Handler) http.Handler {
		if s.honest != nil {
			honest = s.honest
		}
		return before(s.in.Milestone, s.routes, lie, honest)
	}
}

// listen runs everything against the truth, and notes which lie could be told to whom. The exit code is Incomplete when
// the truthful run is not green: of lies told on top of it nothing could be said.
func (s *selfcheck) listen(ctx context.Context) (int, error) {
	var all []int
	for i := range s.in.Plan.Scenarios {
		all = append(all, i)
	}
	truth := s.executor(nil, all)
	truth.Workers, truth.FirstFailure = 0, false
	defer truth.Close()
	seen := truth.Run(ctx)
	if ctx.Err() != nil {
		return verdict.Interrupted, errors.New("interrupted: nothing was written")
	}
	records := truth.Records(seen)
	records.Output, records.Identical = new(golden.Difference), true // no output is compared here
	if decision := verdict.Decide(records); !decision.Overall {
		fmt.Fprintf(s.Stdout, "the truth is not green, so nothing can be said of lies:\n")
		for _, reason := range decision.Reasons {
			fmt.Fprintf(s.Stdout, "  %-20s  %s\n", reason.ID, strings.TrimPrefix(reason.Where+": "+reason.Message, ": "))
		}
		fmt.Fprintf(s.Stdout, "\nNext: runner %s\n", s.Milestone)
		return verdict.Incomplete, nil
	}
	s.exchanges = make([]int, len(all))
	said := make([]answer, len(seen.Exchanges))
	for i, x := range seen.Exchanges {
		s.exchanges[x.Mark.Scenario]++
		said[i] = newAnswer(x.Operation, x.Response.Status, x.Response.Header, x.Canonical)
		if a := said[i]; a.readable && a.outcome != nil {
			if _, sampled := s.samples[a.outcome]; !sampled {
				s.samples[a.outcome] = a.body
			}
		}
	}
	s.note(seen.Exchanges, said)
	return verdict.Holds, nil
}

// note finds out which lies could be told to which scenarios.
func (s *selfcheck) note(exchanges []*record.Exchange, said []answer) {
	about := map[*milestones.Outcome][]int{} // the answers that show it, by their places
	for i, a := range said {
		if a.outcome != nil {
			about[a.outcome] = append(about[a.outcome], i)
		}
	}
	found := make([]finding, len(s.lies))
	var group sync.WaitGroup
	for part := range slices.Chunk(indexes(len(s.lies)), 1+len(s.lies)/runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for _, i := range part {
				found[i] = s.places(s.lies[i], about[s.lies[i].Outcome], exchanges, said)
			}
		})
	}
	group.Wait()
	s.found = families(found)
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// places looks for the answers in which a lie could be told.
func (s *selfcheck) places(l *Lie, about []int, exchanges []*record.Exchange, said []answer) finding {
	f := finding{lie: l, status: neverTold}
	spared := false
	for _, i := range about {
		if scenario := exchanges[i].Mark.Scenario; !slices.Contains(f.told, scenario) && l.about(said[i]) {
			if _, ok := l.tell(said[i]); ok || l.asksAgain(said[i]) {
				f.told = append(f.told, scenario)
			} else if l.spares != nil && l.spares(said[i]) {
				spared = true
			}
		}
	}
	f.spared = f.told == nil && spared
	slices.SortFunc(f.told, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.exchanges[a], s.exchanges[b]), cmp.Compare(a, b))
	})
	return f
}

// families takes out the lies that do not exist: those about what is an implementation's own, and those that need not be
// told because another one of their family was. Of a family that nobody was told, one stays, under the family's name.
func families(found []finding) []finding {
	told := map[string]bool{}
	for _, f := range found {
		if f.told != nil || f.spared {
			told[f.lie.family] = true
		}
	}
	return slices.DeleteFunc(found, func(f finding) bool {
		switch {
		case f.spared:
			return true
		case !f.lie.lax || f.told != nil:
			return false
		case told[f.lie.family]:
			return true
		}
		told[f.lie.family] = true
		f.lie.ID = f.lie.family
		return false
	})
}

// look tells every lie that can be told, on all processors.
func (s *selfcheck) look(ctx context.Context) {
	s.progress = progress{line: s.Progress.Line(time.Now()), all: len(s.found)}
	next := make(chan int)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				s.tell(ctx, &s.found[i])
				s.progress.step(s.found[i].open(), time.Now())
			}
		})
	}
	for i := range s.found {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	s.progress.line.End()
}

// tell tells a lie until somebody notices: to one scenario, then to the next two, four, and so on, for starting servers
// takes longer than most scenarios.
func (s *selfcheck) tell(ctx context.Context, f *finding) {
	rest := f.told
	for n := 1; len(rest) > 0 && ctx.Err() == nil; n *= 2 {
		some := slices.Sorted(slices.Values(rest[:min(n, len(rest))]))
		rest = rest[len(some):]
		executor := s.executor(f.lie, some)
		seen := executor.Run(ctx)
		executor.Close()
		for _, place := range slices.Sorted(maps.Keys(seen.Failures)) {
			result := seen.Results[place]
			if result.Status != record.Failed {
				continue // a sentence that cannot be carried out has seen nothing
			}
			scenario := &s.in.Plan.Scenarios[place]
			f.status = detected
			f.by = detection{Scenario: scenario.ID, Ref: scenario.Ref(), Where: scenario.Where()}
			if result.Line > 0 {
				f.by.Where = fmt.Sprintf("%s:%d", scenario.URI, result.Line)
			}
			if failed := seen.Failures[place].Checks; len(failed) > 0 {
				f.by.Check = failed[0].Result.Check
			}
			return
		}
	}
	if f.told != nil {
		f.status = missed
	}
}

// alone tells one lie to everybody who could see it, and shows all of that run.
func (s *selfcheck) alone(ctx context.Context) (int, error) {
	for i := range s.found {
		f := &s.found[i]
		if f.lie.ID != s.Lie {
			continue
		}
		if f.told == nil {
			fmt.Fprintf(s.Stdout, "%s\nwas never told: no answer of the features has a place for it.\n", s.Lie)
			return verdict.Fails, nil
		}
		return s.show(ctx, f)
	}
	return 0, fmt.Errorf("%w: --lie: there is no lie %q%s", gate.ErrUsage, s.Lie, s.nearest(s.Lie))
}

func (s *selfcheck) show(ctx context.Context, f *finding) (int, error) {
	cfg := gate.Config{
		Milestone: s.Milestone, Out: s.Out, Stdout: s.Stdout, Wrap: s.wrap(f.lie),
	}
	if cfg.Out == "" {
		cfg.Out = filepath.Join(filepath.Dir(s.project.Artifacts(s.in.Milestone.ID)), "lie")
	}
	for _, place := range f.told {
		cfg.Filter.Refs = append(cfg.Filter.Refs, s.in.Plan.Scenarios[place].Ref())
	}
	result, err := gate.Run(ctx, cfg)
	if err != nil || result.Exit == verdict.Interrupted {
		return result.Exit, err
	}
	failed := 0
	for _, ended := range result.Results {
		if ended == record.Failed {
			failed++
		}
	}
	fmt.Fprintf(s.Stdout, "%s\nwas told to %s, and %d of them failed.\n", f.lie.ID, counted(len(f.told), "scenario"), failed)
	if failed == 0 {
		return verdict.Fails, nil
	}
	return verdict.Holds, nil
}

// list finds the milestone's entry for each lie that has one.
func (s *selfcheck) list() {
	if s.in.Milestone.Selfcheck == nil {
		return
	}
	for i := range s.in.Milestone.Selfcheck.Unobservable {
		entry := &s.in.Milestone.Selfcheck.Unobservable[i]
		for _, f := range s.entryOf(entry) {
			if f.listed == nil {
				f.listed = entry
			}
		}
	}
}

// entryOf are the findings that an entry is about.
func (s *selfcheck) entryOf(entry *milestones.Unobservable) (about []*finding) {
	pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(entry.Mutation), `\*`, ".*") + "$")
	for i := range s.found {
		if pattern.MatchString(s.found[i].lie.ID) {
			about = append(about, &s.found[i])
		}
	}
	return about
}

// stale are the entries of the milestone that are not true any more.
func (s *selfcheck) stale() []staleEntry {
	stale := []staleEntry{}
	for i := range s.in.Milestone.Selfcheck.Unobservable {
		entry := &s.in.Milestone.Selfcheck.Unobservable[i]
		where := fmt.Sprintf("%s:%d", filepath.ToSlash(s.Milestone), entry.Line)
		about := s.entryOf(entry)
		if len(about) == 0 {
			stale = append(stale, staleEntry{where, entry.Mutation, "there is no such lie" + s.nearest(entry.Mutation)})
		}
		for _, f := range about {
			if f.status == detected {
				stale = append(stale, staleEntry{where, entry.Mutation, "detected after all: " + f.lie.ID})
			}
		}
	}
	return stale
}

func (s *selfcheck) nearest(id string) string {
	var ids []string
	for _, f := range s.found {
		ids = append(ids, f.lie.ID)
	}
	if nearest := suggest.Nearest(id, ids); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return ""
}

// staleEntry is an entry of the milestone's list that is not true any more.
type staleEntry struct {
	Where string `json:"where"`
	Lie   string `json:"lie"`
	Says  string `json:"says"`
}
