package run

import (
	"errors"
	"io"
	"net/http"
	"time"

	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Config has the options of a run.
type Config struct {
	// Milestone is the path of the milestone's file.
	Milestone string
	// Out is the folder for the artifacts; "" for artifacts/milestones/<ID>/latest of the project.
	Out string
	// Target is what is verified; the zero value is the built-in fake server.
	Target service.Options
	// Filter limits the run to some of the scenarios.
	Filter plan.Filter
	// Failed limits it to those that did not pass in the run whose artifacts this one replaces.
	Failed bool
	// Shard limits it further to one part of several; zero for all of it.
	Shard plan.Shard
	// Durations is the file with the durations of scenarios, by which shards are balanced; "" for none.
	Durations string
	// Parallel is the number of workers; 0 for the default of [execute.Executor].
	Parallel int
	// Shuffle is the random seed of the order of the scenarios; [Anew] for a new one, and "" for the order of the plan.
	Shuffle string
	// Repeat is how many times everything is run, to compare the results; 0 for once.
	Repeat int
	// Baseline is the file of the known failures; "" when there is none.
	Baseline string
	// UpdateGolden rewrites the golden output, if nothing else fails.
	UpdateGolden bool
	// CI is set for a run of a CI system, which must not rewrite what it is compared with.
	CI bool
	// Stdout gets the summary.
	Stdout io.Writer
	// Verdicts gets the line with the verdict of each run of [Watch].
	Verdicts io.Writer
	// Actions has what GitHub Actions offers; nil outside of it.
	Actions *github.Actions
	// Style colours the summary.
	Style terminal.Style
	// Progress shows the progress; the zero value shows nothing.
	Progress terminal.Stream

	// Warn receives warnings about former names in the milestone; nil discards them.
	Warn func(message string)

	// Wrap puts a handler before the built-in servers. Tests use it.
	Wrap func(http.Handler) http.Handler
	// Now is the clock by which entries of the baseline expire; nil for the time of day.
	Now func() time.Time

	// steps replaces the step definitions in tests.
	steps *steps.Set
	// disk is put before the file of the event log in tests.
	disk func(io.Writer) io.Writer
}

// DefaultMilestone is the milestone when none is named.
const DefaultMilestone = "milestones/M109.yaml"

// Anew is the value of --shuffle for a new random seed.
const Anew = "new"

// Result is how a run ended.
type Result struct {
	// Overall reports whether the contract holds.
	Overall bool
	// Exit is the exit code, as package verdict has them.
	Exit int
	// Reasons are everything that speaks against the run.
	Reasons []record.Reason
	// Verdict is what was decided; nil when the run did not come to that.
	Verdict *verdict.Verdict
	// With decides on the run again with a baseline.
	With func(*baseline.Baseline) verdict.Verdict
	// Results are how the scenarios ended, by their ids.
	Results map[string]record.Status
	// Document is verdict.json, also of a run that wrote none.
	Document []byte
}

// failed are the scenarios that ran and did not pass, by their ids.
func (r *Result) failed() []string {
	var failed []string
	for id, status := range r.Results {
		switch status {
		case record.Passed, record.SkippedByCapability, record.NotSelected, record.NotRun:
		default:
			failed = append(failed, id)
		}
	}
	return failed
}

// ErrNothing marks a selection without a scenario. Nothing is run then, and nothing is written.
var ErrNothing = errors.New("nothing to run")

// result is the result of a run, whose error is why it could not be carried out. The delivery is nil if it did not begin.
func (s *setup) result(d *delivery, err error) (Result, error) {
	switch {
	case usage.Is(err):
		return s.refused(d, "usage", err), err
	case errors.Is(err, ErrNothing):
		return s.refused(d, "nothing-ran", err), err
	case err != nil:
		return s.refused(d, "artifact-missing", err), err
	}
	result := Result{
		Overall: d.reported.Overall, Exit: d.reported.Exit, Reasons: d.reported.Reasons, Verdict: d.reported, With: d.with,
		Results: map[string]record.Status{}, Document: d.document,
	}
	for i, scenario := range d.run.Scenarios {
		if !scenario.Ended.IsZero() {
			result.Results[s.selection.Plan.Scenarios[i].ID] = scenario.Result.Status
		}
	}
	return result, nil
}

// refused is the result of a run that leaves no artifacts behind, for a reason of this kind.
func (s *setup) refused(d *delivery, id string, err error) Result {
	message := s.secrets.Scrub(err.Error())
	if d == nil || d.document == nil { // it did not come to a decision
		return Result{Exit: verdict.ExitOf(id), Document: Refusal(s.Milestone, id, message)}
	}
	d.delivered.Stops = append(d.delivered.Stops, record.Reason{ID: id, Message: message})
	reported := d.verdict.Delivered(d.delivered)
	return Result{Exit: reported.Exit, Reasons: reported.Reasons, Document: reported.Encode()}
}

// Refusal returns verdict.json of a run that never began: with the milestone as it was named, and one reason.
func Refusal(milestone, id, message string) []byte {
	now := time.Now()
	name := ""
	if p, err := project.Locate(milestone); err == nil && milestone != "" {
		name = p.Name
	}
	v := verdict.Decide(&record.Run{
		Info: record.Info{Milestone: name, Repeat: 1}, StartedAt: now, FinishedAt: now,
		End: record.End{Stops: []record.Reason{{ID: id, Message: message}}},
	}, verdict.Inputs{})
	return v.Encode()
}
