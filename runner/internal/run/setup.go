package run

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// setup is what a run is made from. Nothing of it changes once the run has begun.
type setup struct {
	Config
	secrets   *record.Secrets
	started   time.Time
	service   *service.Service
	project   project.Project
	in        project.Inputs
	hashes    map[string]string  // of the inputs
	baseline  *baseline.Baseline // nil for none
	durations plan.Durations
	selection *plan.Selection // nil when there is no plan
	info      record.Info
}

// newSetup sets the defaults of the configuration.
func newSetup(cfg Config) *setup {
	s := &setup{Config: cfg, secrets: new(record.Secrets), started: time.Now()}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Shuffle == Anew {
		s.Shuffle = strings.ToLower(rand.Text()[:12])
	}
	s.Repeat = max(1, s.Repeat)
	return s
}

// prepare reads everything and selects the scenarios. What is broken in the files ends up in a verdict; the error does not.
func (s *setup) prepare() (broken, err error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.checkShard(); err != nil {
		return nil, err
	}
	if broken, err = s.read(); err != nil || broken != nil {
		return broken, err
	}
	if err := s.choose(); err != nil {
		return nil, err
	}
	return nil, s.takeShard()
}

// open reads the options of the target.
func (s *setup) open() (err error) {
	if s.service, err = s.Target.Open(s.secrets); err != nil {
		return usage.Errorf("%w", err)
	}
	return nil
}

// read reads all files but those of the target.
func (s *setup) read() (broken, err error) {
	if s.project, err = project.Locate(s.Milestone); err != nil {
		return nil, usage.Errorf("%w", err)
	}
	s.project.Warn = s.Warn
	if s.Out == "" && !s.project.Known() {
		return nil, usage.Errorf("%w", project.Unreadable(s.Milestone, fs.ErrNotExist))
	}
	if err := s.checkUpdate(); err != nil {
		return nil, err
	}
	if s.in, broken = s.project.Read(); broken == nil {
		s.hashes, broken = s.project.Hashes(s.in)
	}
	if s.Baseline != "" {
		var err error
		if s.baseline, err = baseline.Read(s.Baseline, verdict.LastExpiry(s.Now())); errors.Is(err, fs.ErrNotExist) {
			return nil, usage.Errorf("--baseline: there is no file %s; `runner baseline` writes one", s.Baseline)
		}
		broken = errors.Join(broken, err)
	}
	return broken, nil
}

// readProject reads a project whose files have to be right.
func (s *setup) readProject() (err error) {
	if s.project, err = project.Locate(s.Milestone); err != nil {
		return usage.Errorf("%w", err)
	}
	if !s.project.Known() {
		return usage.Errorf("%w", project.Unreadable(s.Milestone, fs.ErrNotExist))
	}
	s.in, err = s.project.Read()
	return err
}

// choose selects the scenarios.
func (s *setup) choose() error {
	err := s.service.Check(s.in.Milestone)
	if err != nil {
		return usage.Errorf("%w", err)
	}
	if s.service.BuiltIn() && s.Wrap == nil {
		if err := service.Implements(s.in.Milestone); err != nil {
			return usage.Errorf("%w: name the service to verify with --target URL", err)
		}
	}
	has := s.service.HasCapability
	if s.service.BuiltIn() {
		has = nil
	}
	if s.Failed {
		if s.Filter.Failed, err = s.failedBefore(); err != nil {
			return err
		}
	}
	s.selection, err = s.in.Plan.Select(s.Filter, s.calls(), has)
	if nothing := new(plan.NothingSelected); errors.As(err, &nothing) {
		return fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if err != nil {
		return usage.Errorf("%w", err)
	}
	if err := s.checkUpdateFrom(); err != nil {
		return err
	}
	if has != nil {
		s.selection.Missing = s.service.Missing(s.in.Milestone)
	}
	for _, claim := range s.service.Absent {
		s.selection.Declared = append(s.selection.Declared, claim.Capability)
	}
	return nil
}

// calls returns which operations a scenario calls, by the texts of its steps.
func (s *setup) calls() plan.Calls {
	routes := steps.NewRoutes(s.in.Milestone)
	return func(s *plan.Scenario) []string {
		var operations []string
		for _, step := range s.Steps {
			operations = append(operations, steps.Calls(step.Text, func(method, target string) string { return routes.Find(method, target).ID })...)
		}
		return operations
	}
}

// failedBefore are the ids of the scenarios that did not pass in the last run.
func (s *setup) failedBefore() ([]string, error) {
	last, err := artifact.ReadLast(s.place())
	if err != nil {
		return nil, usage.Errorf("--failed: %w", err)
	}
	shown := artifact.DisplayPath(s.place())
	if last.Milestone != s.in.Milestone.ID {
		return nil, usage.Errorf("--failed: the last run in %s is one of %s, and this is %s", shown, last.Milestone, s.in.Milestone.ID)
	}
	failed := last.Failed()
	switch {
	case len(last.Results) == 0:
		return nil, fmt.Errorf("%w: --failed: the last run in %s came to no scenario: run everything", ErrNothing, shown)
	case len(failed) == 0:
		return nil, fmt.Errorf("%w: --failed: in the last run in %s every scenario passed that ran", ErrNothing, shown)
	}
	return failed, nil
}

// checkShard returns why a shard cannot be run with the other options.
func (s *setup) checkShard() error {
	switch {
	case s.Shard == plan.Shard{} && s.Durations != "":
		return usage.Errorf("--durations says how to deal scenarios out to shards: name one with --shard, such as --shard 1/4")
	case s.Shard == plan.Shard{}:
	case s.Failed:
		return usage.Errorf("--failed looks at the last run of each shard, and so they would not select the same: name the scenarios with --scenario")
	case s.Baseline != "":
		return usage.Errorf("--baseline is for all shards together: give it to runner merge")
	case s.UpdateGolden:
		return usage.Errorf("--update-golden is for a run of everything, without --shard")
	}
	return nil
}

// takeShard limits the selection to a shard.
func (s *setup) takeShard() (err error) {
	if s.Shard.Of == 0 {
		return nil
	}
	if s.Durations != "" {
		if s.durations, err = shard.ReadDurations(s.Durations); err != nil {
			return usage.Errorf("--durations: %w", err)
		}
	}
	s.selection = s.selection.Partition(s.Shard.Of, s.durations)[s.Shard.Index-1]
	return nil
}

// place is the folder of the artifacts. Those of shards have one each.
func (s *setup) place() string {
	suffix := ""
	if s.Shard.Of > 0 {
		suffix = fmt.Sprintf("-shard-%d-of-%d", s.Shard.Index, s.Shard.Of)
	}
	switch {
	case s.Out != "":
		return s.Out
	case s.in.Milestone != nil:
		return s.project.Artifacts(s.in.Milestone.ID) + suffix
	}
	return s.project.Artifacts(s.project.Name) + suffix
}

// describe returns what the record has of the run before it begins.
func (s *setup) describe() record.Info {
	info := record.Info{
		Milestone: s.project.Name, File: filepath.ToSlash(s.Milestone), Target: record.BuiltIn, Base: "http://" + service.FakeAddress,
		RunID: s.service.RunID, Shuffle: s.Shuffle, Repeat: s.Repeat, Repro: s.reproArguments(),
		Implementation:        s.secrets.Scrub(s.service.Implementation),
		ImplementationVersion: s.secrets.Scrub(s.service.ImplementationVersion),
	}
	if s.in.Milestone != nil {
		info.Capabilities = s.service.Capabilities(s.in.Milestone)
	}
	if !s.service.BuiltIn() {
		url := s.secrets.Scrub(s.service.URL)
		info.Target, info.Base, info.Flags, info.Proxy = url, url, s.service.Curl, s.secrets.Scrub(s.service.Proxy())
	}
	s.describePlan(&info)
	return info
}

// describePlan adds what is verified, and which scenarios are selected.
func (s *setup) describePlan(info *record.Info) {
	if s.in.Milestone != nil {
		info.Milestone, info.Title = s.in.Milestone.ID, s.in.Milestone.Title
		info.Contract = project.ContractVersion(s.hashes)
	}
	if s.selection == nil {
		return
	}
	kind := record.BuiltIn // which target it is does not count: each shard may have a server of its own
	if info.Target != record.BuiltIn {
		kind = "a service"
	}
	info.Args = s.selection.Args()
	info.Planned = shard.Planned(s.selection, s.hashes, s.durations, kind)
}

// builtIn reports whether the target is the built-in server.
func (s *setup) builtIn() bool { return s.info.Target == record.BuiltIn }

// reproArguments are what follows the id of a failure on the command line that repeats it here. A target that saw this
// run would only replay its answers, so the ids have to be new there, and no run id is among the arguments.
func (s *setup) reproArguments() string {
	arguments := ""
	if filepath.ToSlash(s.Milestone) != DefaultMilestone {
		arguments += " " + curl.Quote(filepath.ToSlash(s.Milestone))
	}
	for _, argument := range s.Target.Args() {
		arguments += " " + curl.Quote(argument)
	}
	return arguments
}

// explainArguments returns the arguments of "runner explain" that follow a cause of this run.
func (s *setup) explainArguments() string {
	arguments := ""
	if filepath.ToSlash(s.Milestone) != DefaultMilestone {
		arguments += " " + curl.Quote(filepath.ToSlash(s.Milestone))
	}
	if s.Out != "" {
		arguments += " --out " + curl.Quote(s.Out)
	}
	return arguments
}

// probe returns the command that writes a target file; "" for a run that has one, or no target, and for a merge.
func (s *setup) probe() string {
	if s.builtIn() || s.Target.File != "" || s.service == nil {
		return ""
	}
	return "runner probe" + s.info.Repro + " --out target.yaml"
}
