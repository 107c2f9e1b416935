package run

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Repeat runs the scenario of one failure alone, and says whether it still fails. The failure is known by its short
// name: s-… is a scenario, and c-… a check on the answers to one sentence. What they name is found in the plan and in
// the table of checks, and in no artifact. Nothing is written.
//
// The error is of the one who asked ([usage.Error]), or of what the run is made from.
func Repeat(ctx context.Context, cfg Config, id string) (*report.Repro, error) {
	r := newRun(cfg)
	err := r.open()
	if err != nil {
		return nil, err
	}
	if r.project, err = project.Locate(r.Milestone); err != nil {
		return nil, usage.Errorf("%w", err)
	}
	if !r.project.Known() {
		return nil, usage.Errorf("%w", project.Unreadable(r.Milestone, fs.ErrNotExist))
	}
	if r.in, err = r.project.Read(); err != nil {
		return nil, err
	}
	place, repro, err := r.named(id)
	if err != nil {
		return nil, err
	}
	r.Filter.Refs = []string{repro.Scenario.Ref()}
	if err := r.choose(); err != nil {
		return nil, err
	}
	if lacks := r.selection.Lacks(place); len(lacks) > 0 {
		repro.Result = verdict.StatusOf(r.selection, nil, place)
		return repro, nil
	}
	if err := r.drive(ctx); err != nil {
		return nil, err
	}
	defer r.executor.Close()
	r.tell(place, repro)
	return repro, nil
}

// tell fills in what was seen of a scenario.
func (r *run) tell(place int, repro *report.Repro) {
	repro.Result, repro.Stops = verdict.StatusOf(r.selection, r.seen.Results, place), r.seen.Stops
	if failure, failed := r.seen.Failures[place]; failed {
		repro.Failure = &failure
	}
	for _, x := range r.seen.Exchanges {
		if x.Mark.Scenario == place {
			repro.Exchanges = append(repro.Exchanges, x)
		}
	}
	repro.Base, repro.Start = r.executor.Endpoint(repro.Scenario.Needs)
	repro.Flags = r.service.Curl
	if prefix := steps.IDPrefix(r.service.RunID, repro.Scenario.Pickle); sends(repro.Exchanges, prefix) {
		repro.Word = prefix
	}
}

// named finds what a short name names.
func (r *run) named(id string) (place int, repro *report.Repro, err error) {
	repro = &report.Repro{ID: id, Target: report.BuiltIn, Secrets: r.secrets}
	if !r.service.BuiltIn() {
		repro.Target = report.Through(r.shownTarget(), r.proxy())
	}
	var ids []string
	for i := range r.in.Plan.Scenarios {
		scenario := &r.in.Plan.Scenarios[i]
		repro.Scenario = scenario
		if strings.HasPrefix(id, "s-") {
			if scenario.Ref() == id {
				return i, repro, nil
			}
			ids = append(ids, scenario.Ref())
			continue
		}
		for step := range scenario.Steps {
			for _, check := range checks.Table {
				ref := scenario.CheckRef(step, check.ID)
				if ref == id {
					repro.Step, repro.Check = step, check.ID
					return i, repro, nil
				}
				ids = append(ids, ref)
			}
		}
	}
	return 0, nil, usage.Errorf("nothing is called %s%s", id, suggest.DidYouMean(id, ids))
}

// sends reports whether a text is in a target, a header or a body that the scenario sent.
func sends(exchanges []*record.Exchange, text string) bool {
	in := func(value string) bool { return strings.Contains(value, text) }
	return slices.ContainsFunc(exchanges, func(x *record.Exchange) bool {
		for _, values := range x.Request.Header {
			if slices.ContainsFunc(values, in) {
				return true
			}
		}
		return in(x.Request.Target) || in(string(x.Request.Body))
	})
}
