package run

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Repeat runs the scenario of one failure alone, and says whether it still fails. The failure is known by its short
// name: s-… is a scenario, and c-… a check on the answers to one sentence. What they name is found in the plan and in
// the table of checks, and in no artifact. Nothing is written.
//
// The error is of the one who asked ([usage.Error]), or of what the run is made from.
func Repeat(ctx context.Context, cfg Config, id string) (*repro.Run, error) {
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
	place, alone, err := r.named(id)
	if err != nil {
		return nil, err
	}
	r.Filter.Refs = []string{alone.Scenario.Ref()}
	if err := r.choose(); err != nil {
		return nil, err
	}
	if lacks := r.selection.Lacks(place); len(lacks) > 0 {
		alone.Result = verdict.StatusOf(r.selection, nil, place)
		return alone, nil
	}
	r.raw = true
	if err := r.drive(ctx); err != nil {
		return nil, err
	}
	defer r.executor.Close()
	r.tell(place, alone)
	return alone, nil
}

// tell fills in what was seen of a scenario.
func (r *run) tell(place int, alone *repro.Run) {
	alone.Result, alone.Stops = verdict.StatusOf(r.selection, r.seen.Results, place), r.seen.Stops
	if failure, failed := r.seen.Failures[place]; failed {
		alone.Failure = &failure
	}
	for _, x := range r.seen.Exchanges {
		if x.Mark.Scenario == place {
			alone.Exchanges = append(alone.Exchanges, x)
		}
	}
	alone.Base, alone.Start = r.executor.Endpoint(alone.Scenario.Needs)
	alone.Flags = r.service.Curl
	if prefix := steps.IDPrefix(r.service.RunID, alone.Scenario.Pickle); sends(alone.Exchanges, prefix) {
		alone.IDPrefix = prefix
	}
}

// named finds what a short name names.
func (r *run) named(id string) (place int, alone *repro.Run, err error) {
	alone = &repro.Run{ID: id, Target: record.BuiltIn, Secrets: r.secrets}
	if !r.service.BuiltIn() {
		alone.Target = record.Through(r.shownTarget(), r.proxy())
	}
	var ids []string
	for i := range r.in.Plan.Scenarios {
		alone.Scenario = &r.in.Plan.Scenarios[i]
		if alone.Scenario.Ref() == id {
			return i, alone, nil
		}
		ids = append(ids, alone.Scenario.Ref())
	}
	return 0, nil, usage.Errorf("no scenario is called %s%s", id, suggest.DidYouMean(id, ids))
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
