package run

import (
	"context"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/progress"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/usage"
)

// Repeat runs the scenario of one failure alone, to see whether it still fails. The scenario is given by its short
// name, such as s-0123456789, and looked up in the plan. Nothing is written.
//
// The error is one of usage ([usage.Error]), or of a file that the run is made from.
func Repeat(ctx context.Context, cfg Config, id string) (*repro.Run, error) {
	s := newSetup(cfg)
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.readProject(); err != nil {
		return nil, err
	}
	place, alone, err := s.find(id)
	if err != nil {
		return nil, err
	}
	s.Filter.Refs = []string{alone.Scenario.Ref()}
	if err := s.choose(); err != nil {
		return nil, err
	}
	executor, err := s.executor()
	if err != nil {
		return nil, err
	}
	defer executor.Close()
	executor.KeepSecrets = true // the script of the failure sends them again
	if s.Progress.Writer != nil {
		shown := progress.Start(s.Progress, s.selection, 1, s.secrets)
		defer shown.Stop()
		executor.Observers = []execute.Observer{shown}
	}
	if lacks := s.selection.Lacks(place); len(lacks) > 0 {
		alone.Result = record.Result{Status: record.SkippedByCapability, Message: record.Lacking(lacks)}
		return alone, nil
	}
	run := executor.Run(ctx)
	alone.Stops = run.Stops
	describe(alone, executor, run.Scenarios[place])
	return alone, nil
}

// describe adds what was recorded of a scenario.
func describe(alone *repro.Run, executor *execute.Executor, s *record.Scenario) {
	alone.Result, alone.Failure, alone.Exchanges = s.Result, s.Failure, s.Exchanges
	alone.Base, alone.Start = executor.Endpoint(alone.Scenario.Needs)
	alone.Flags = executor.Service.Curl
	if sends(alone.Exchanges, s.IDPrefix) {
		alone.IDPrefix = s.IDPrefix
	}
}

// find finds what a short name names.
func (s *setup) find(id string) (place int, alone *repro.Run, err error) {
	alone = &repro.Run{ID: id, Target: record.BuiltIn, Secrets: s.secrets}
	if !s.service.BuiltIn() {
		alone.Target = record.Through(s.secrets.Scrub(s.service.URL), s.secrets.Scrub(s.service.Proxy()))
	}
	var ids []string
	for i := range s.in.Plan.Scenarios {
		alone.Scenario = &s.in.Plan.Scenarios[i]
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
