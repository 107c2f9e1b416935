// Package run runs a milestone from its file to its verdict: it reads what the run is made from, starts or finds the target,
// runs the selected scenarios against it, decides, and writes the artifacts.
//
// A run is a line of steps. A [setup] is read from files and flags; [setup.observe] makes the record of it, or [setup.merge]
// makes one of the records of shards; package verdict decides on a record; and a [delivery] writes the artifacts.
//
// A run always ends with a [Result], and its artifacts are always complete; package artifact documents when they replace those
// of an earlier run. An interrupt lets the running step end, and nothing else begins. A step that hangs is abandoned, a panic is
// caught, and both are reasons against the run.
package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/progress"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Run runs the milestone. The error is nil, or why there is nothing but an exit code: an option is wrong ([usage.Error]),
// nothing is selected ([ErrNothing]), or the artifacts could not be written. The result's exit code counts either way.
func Run(ctx context.Context, cfg Config) (Result, error) {
	s := newSetup(cfg)
	d, err := s.run(ctx)
	return s.result(d, err)
}

func (s *setup) run(ctx context.Context) (*delivery, error) {
	broken, err := s.prepare()
	if err != nil {
		return nil, err
	}
	s.info = s.describe()
	d, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer d.close()
	seen := s.observe(ctx, d.log, broken)
	if errors.Is(context.Cause(ctx), errOutdated) {
		d.folder.Withdraw()
		return d, errOutdated
	}
	return d, s.conclude(ctx, d, seen)
}

// observation is what a run saw.
type observation struct {
	run    *record.Run
	output *golden.Document
	state  []byte
	ended  time.Time // zero for now
}

// observe runs the selected scenarios, unless something is broken or a required capability is missing: then no answer of the
// target would count.
func (s *setup) observe(ctx context.Context, log *record.Log, broken error) observation {
	seen := observation{output: &golden.Document{Milestone: s.info.Milestone}, state: serversOf(nil)}
	if broken == nil && len(s.selection.Missing) == 0 {
		broken = s.execute(ctx, log, &seen)
	}
	if seen.run == nil {
		seen.run = log.End()
	}
	if broken != nil {
		seen.run.Stops = append(seen.run.Stops, problems(broken)...)
	}
	return seen
}

// execute runs the selected scenarios as often as the run is repeated.
func (s *setup) execute(ctx context.Context, log *record.Log, seen *observation) error {
	executor, err := s.executor()
	if err != nil {
		return err
	}
	writer, err := golden.NewWriter(s.in.Milestone, steps.OwnPatterns)
	if err != nil {
		return err
	}
	if s.Progress.Writer != nil {
		shown := progress.Start(s.Progress, s.selection, s.Repeat, s.secrets)
		defer shown.Stop()
		executor.Observers = []execute.Observer{shown}
	}
	first := *executor
	first.Log = log
	defer first.Close()
	seen.run = first.Run(ctx)
	s.repeat(ctx, *executor, writer, seen.run)
	seen.output.Scenarios = rowsOf(writer, s.selection, seen.run)
	seen.state = s.stateOf(&first)
	return nil
}

// executor returns what runs the selected scenarios.
func (s *setup) executor() (*execute.Executor, error) {
	checker, err := checks.New(s.in.Milestone, s.in.Schemas)
	if err != nil {
		return nil, err
	}
	return &execute.Executor{
		Inputs: s.in, Fixtures: s.project.Fixtures(), Checker: checker, Selection: s.selection,
		Service: s.service, Wrap: s.Wrap, RunID: s.service.RunID, Timeout: s.service.ScenarioTimeout, Steps: s.steps, Secrets: s.secrets,
		Workers: s.Parallel, Shuffle: s.Shuffle,
	}, nil
}

// stateOf is state.json: all servers, worker by worker, each worker's in the order in which they were started. It is empty for
// any other target.
func (s *setup) stateOf(e *execute.Executor) []byte {
	b := append(e.AppendState([]byte(`{"servers":[`)), "]}"...)
	// In header mode X-Partner-Key alone is a partner's id, and ids are state.
	return []byte(s.secrets.Scrub(string(b)))
}

// conclude decides on what was seen, and writes everything.
func (s *setup) conclude(ctx context.Context, d *delivery, seen observation) error {
	d.run = seen.run
	output := seen.output.Encode()
	comparison, err := s.compare(seen.output, output, seen.run)
	if err != nil {
		seen.run.Stops = append(seen.run.Stops, problems(err)...)
	}
	if ctx.Err() != nil && !slices.Contains(seen.run.Stops, execute.Interrupted) {
		seen.run.Stops = append(seen.run.Stops, execute.Interrupted)
	}
	if seen.ended.IsZero() {
		seen.ended = time.Now()
	}
	seen.run.FinishedAt = seen.ended
	d.inputs = s.inputs(comparison)
	v := verdict.Decide(seen.run, d.inputs)
	d.verdict = &v
	d.reported = d.verdict
	updated, err := s.updateGolden(d, seen.output, output)
	if err == nil {
		err = d.deliver(ctx, map[string][]byte{artifact.Output: output, artifact.State: seen.state})
	}
	if err != nil {
		err = errors.Join(err, d.log.Err())
		s.summarize(d, "", "") // what was seen is reported, even if it cannot be written
		return err
	}
	s.summarize(d, artifact.DisplayPath(s.place()), s.hint(d, comparison.Difference, updated))
	return nil
}

// inputs are what the record of the run is decided by.
func (s *setup) inputs(output golden.Comparison) verdict.Inputs {
	return verdict.Inputs{
		Milestone: s.in.Milestone, Selection: s.selection, Output: output, Baseline: s.baseline, Now: s.Now(), Secrets: s.secrets,
		Curl: func(x *record.Exchange) []string {
			return []string{repro.Curl(s.info.Base, s.info.Flags, &x.Request, s.secrets)}
		},
	}
}

// summarize writes the page for the terminal, and the annotations of GitHub Actions.
func (s *setup) summarize(d *delivery, folder, hint string) {
	console.Summary(s.Stdout, d.run, d.reported, console.Options{Style: s.Style, Folder: folder, Hint: hint, Explain: s.explainArguments(), Probe: s.probe()})
	s.annotate(d)
}

// problems makes a reason of each line of an error.
func problems(err error) []record.Reason {
	if lack := record.Exhausted(err); lack != "" {
		return []record.Reason{execute.Exhausted(lack)}
	}
	var reasons []record.Reason
	for line := range strings.SplitSeq(err.Error(), "\n") {
		reasons = append(reasons, record.Reason{ID: "not-started", Message: line})
	}
	return reasons
}
