// Package run runs a milestone from its file to its verdict: it reads what the run is made from, starts or finds the
// target, drives every selected scenario against it, and leaves the artifacts behind.
//
// # Whatever happens
//
// A run always ends with a [Result], and its artifacts are always complete; package report says when they replace the
// ones before. An interrupt lets the sentence that is under way end, and keeps the rest from beginning. A sentence that
// hangs is given up, a panic is caught, and both are reasons against the run.
package run

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/progress"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// Config says what to run.
type Config struct {
	// Milestone is the path of the milestone's file.
	Milestone string
	// Out is the folder for the artifacts; "" for artifacts/milestones/<ID>/latest of the project.
	Out string
	// Target is what is to be verified; the zero value is the built-in fake server.
	Target service.Options
	// Filter limits the run to some of the scenarios.
	Filter plan.Filter
	// Failed limits it to those that did not pass in the run whose artifacts stand where those of this one go.
	Failed bool
	// Shard limits it further to one part of several; zero for all of it.
	Shard plan.Shard
	// Durations is the file of how long scenarios took, by which shards are made; "" when nobody knows.
	Durations string
	// Parallel is how many lanes the run has, if not the default of [execute.Executor].
	Parallel int
	// Shuffle is the word that the order of the scenarios is drawn from; [Anew] for one that nobody had before, and "" for
	// the order of the plan.
	Shuffle string
	// Repeat is how many times everything is run, to see whether it comes out the same; 0 for once.
	Repeat int
	// Baseline is the file of the known failures; "" when there is none.
	Baseline string
	// UpdateGolden rewrites the golden output, if nothing else speaks against the run.
	UpdateGolden bool
	// CI is set when the run is one of a CI system, where what a run is compared with is not rewritten.
	CI bool
	// Stdout takes the summary.
	Stdout io.Writer
	// Verdicts takes the line with the verdict of each run of [Watch].
	Verdicts io.Writer
	// Actions are what there is of GitHub Actions; nil outside of it.
	Actions *github.Actions
	// Style colours it.
	Style terminal.Style
	// Progress shows how far the run is; the zero value shows nothing.
	Progress terminal.Stream

	// Warn receives warnings about former names in the milestone; nil discards them.
	Warn func(message string)

	// Wrap changes the built-in servers. Tests tell lies with it.
	Wrap func(http.Handler) http.Handler
	// Now is the clock by which entries of the baseline expire; nil for the time of day.
	Now func() time.Time

	// steps replaces the step definitions in tests.
	steps *steps.Set
	// disk stands before the file of the event log in tests.
	disk func(io.Writer) io.Writer
}

// DefaultMilestone is what is meant when no milestone is named.
const DefaultMilestone = "milestones/M109.yaml"

// Anew is the word for drawing the order of the scenarios from chance itself.
const Anew = "new"

// Result is how a run ended.
type Result struct {
	// Overall says that the contract holds.
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
	// Document is verdict.json. There is one of a run that wrote none, too.
	Document []byte
}

// ErrNothing marks a selection that has no scenario in it. Nothing is run then, and nothing written.
var ErrNothing = errors.New("nothing to run")

// Run runs the milestone. The error is nil, or says why there is nothing but an exit code: what was asked for cannot
// be ([usage.Error]), selects nothing ([ErrNothing]), or the artifacts could not be written. The result's exit code counts
// either way.
func Run(ctx context.Context, cfg Config) (Result, error) {
	r := newRun(cfg)
	return r.result(r.do(ctx))
}

// result is how a run ended, whose error says why it could not be carried out.
func (r *run) result(err error) (Result, error) {
	switch {
	case usage.Is(err):
		return r.refused("usage", err), err
	case errors.Is(err, ErrNothing):
		return r.refused("nothing-ran", err), err
	case err != nil:
		return r.refused("artifact-missing", err), err
	}
	result := Result{
		Overall: r.reported.Overall, Exit: r.reported.Exit, Reasons: r.reported.Reasons, Verdict: r.reported, With: r.with,
		Results: map[string]record.Status{}, Document: r.document,
	}
	for i, ended := range r.seen.Results {
		result.Results[r.selection.Plan.Scenarios[i].ID] = ended.Status
	}
	return result, nil
}

// refused is how a run ends that leaves no artifacts behind, for a reason of this kind.
func (r *run) refused(id string, err error) Result {
	says := r.secrets.Scrub(err.Error())
	if r.document == nil { // it did not come to a decision
		return Result{Exit: verdict.ExitOf(id), Document: Refusal(r.Milestone, id, says)}
	}
	r.reported = r.verdict.Delivered(verdict.Delivery{Stops: append(r.delivery.Stops, record.Reason{ID: id, Message: says})})
	return Result{Exit: r.reported.Exit, Reasons: r.reported.Reasons, Document: r.reported.Encode()}
}

// Refusal is the verdict on a run that never began, in the form of verdict.json: the milestone as it was named, the kind
// of the reason, and what it says.
func Refusal(milestone, id, says string) []byte {
	now := time.Now()
	name := ""
	if p, err := project.Locate(milestone); err == nil && milestone != "" {
		name = p.Name
	}
	v := verdict.Decide(verdict.Records{
		Info: record.Info{Milestone: name}, Repeat: 1, StartedAt: now, FinishedAt: now,
		Agreed: true, Stops: []record.Reason{{ID: id, Message: says}},
	})
	return v.Encode()
}

// newRun fills in what the configuration leaves open.
func newRun(cfg Config) *run {
	r := &run{Config: cfg, secrets: new(record.Secrets), started: time.Now()}
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Shuffle == Anew {
		r.Shuffle = strings.ToLower(rand.Text()[:12])
	}
	r.Repeat = max(1, r.Repeat)
	return r
}

// run is a run under way.
type run struct {
	Config
	service   *service.Service
	project   project.Project
	in        project.Inputs
	hashes    map[string]string // of the inputs
	baseline  *baseline.Baseline
	durations plan.Durations
	selection *plan.Selection
	joined    *shard.Joined // what shards saw; nil when this run does it itself
	executor  execute.Executor
	raw       bool // exchanges keep their secrets, to be sent again
	secrets   *record.Secrets
	folder    *artifact.Folder
	journal   *artifact.File // messages.ndjson
	log       *record.Log
	summary   *summary
	record    *record.Run // what reports are made from
	started   time.Time

	seen      execute.Result
	differing []record.Differing
	output    []byte // output.json
	golden    []byte // nil when there is none
	records   verdict.Records
	verdict   *verdict.Verdict // what is decided on the run; nil before
	delivery  verdict.Delivery
	reported  *verdict.Verdict // the verdict with what was delivered
	document  []byte           // verdict.json
}

func (r *run) do(ctx context.Context) error {
	err := r.open()
	if err != nil {
		return err
	}
	if err := r.mayShard(); err != nil {
		return err
	}
	broken, err := r.read()
	if err != nil {
		return err
	}
	if broken == nil {
		if err := r.choose(); err != nil {
			return err
		}
		if err := r.deal(); err != nil {
			return err
		}
	}
	if err := r.begin(); err != nil {
		return err
	}
	defer r.end()
	if broken == nil && len(r.selection.Missing) == 0 { // else no answer of the target would count
		broken = r.drive(ctx)
		defer r.executor.Close()
	}
	if errors.Is(context.Cause(ctx), errOutdated) {
		r.folder.Withdraw()
		return errOutdated
	}
	if broken != nil {
		r.seen.Stops = append(r.seen.Stops, problems(broken)...)
	}
	return r.finish(ctx)
}

// read reads everything that the run is made from. What is broken in it ends up in a verdict; the error does not.
func (r *run) read() (broken, err error) {
	if r.project, err = project.Locate(r.Milestone); err != nil {
		return nil, usage.Errorf("%w", err)
	}
	r.project.Warn = r.Warn
	if r.Out == "" && !r.project.Known() {
		return nil, usage.Errorf("%w", project.Unreadable(r.Milestone, fs.ErrNotExist))
	}
	if err := r.mayRenew(); err != nil {
		return nil, err
	}
	if r.in, broken = r.project.Read(); broken == nil {
		r.hashes, broken = r.project.Hashes(r.in)
	}
	if r.Baseline != "" {
		var err error
		if r.baseline, err = baseline.Read(r.Baseline, verdict.LastExpiry(r.Now())); errors.Is(err, fs.ErrNotExist) {
			return nil, usage.Errorf("--baseline: there is no file %s; `runner baseline` writes one", r.Baseline)
		}
		broken = errors.Join(broken, err)
	}
	return broken, nil
}

// begin opens the folder for the artifacts, and begins the event log.
func (r *run) begin() (err error) {
	if r.folder, err = artifact.Open(r.place()); err != nil {
		if errors.Is(err, artifact.ErrForeign) || errors.Is(err, artifact.ErrInUse) {
			return usage.Errorf("%w", err)
		}
		return err
	}
	if r.journal, err = r.folder.Create(artifact.Messages); err != nil {
		r.folder.Abandon()
		return err
	}
	killed := artifact.Killed(r.place())
	if err := r.mark(); err != nil {
		r.end()
		return err
	}
	r.openSummary()
	r.tellKilled(killed)
	journal := io.Writer(r.journal)
	if r.disk != nil {
		journal = r.disk(journal)
	}
	r.log = record.NewLog(journal, r.secrets)
	r.log.Begin(r.about(), r.selection, r.started)
	return nil
}

// end lets go of what begin opened.
func (r *run) end() {
	r.closeSummary()
	_ = r.journal.File.Close() // it may be closed by then
	r.folder.Abandon()
}

// open reads what is said of the target.
func (r *run) open() (err error) {
	if r.service, err = r.Target.Open(r.secrets); err != nil {
		return usage.Errorf("%w", err)
	}
	return nil
}

// drive tries the selected scenarios.
func (r *run) drive(ctx context.Context) error {
	judge, err := checks.New(r.in.Milestone, r.in.Schemas)
	if err != nil {
		return err
	}
	if r.log == nil {
		r.log = record.NewLog(nil, r.secrets)
		r.log.Begin(record.Info{}, r.selection, r.started)
	}
	r.executor = execute.Executor{
		Inputs: r.in, Fixtures: r.project.Fixtures(), Checker: judge, Selection: r.selection,
		Service: r.service, Wrap: r.Wrap, RunID: r.service.RunID, Timeout: r.service.ScenarioTimeout, Steps: r.steps, Secrets: r.secrets,
		Observers: []execute.Observer{r.log},
		Workers:   r.Parallel, Shuffle: r.Shuffle, KeepSecrets: r.raw,
	}
	again := r.executor
	again.Observers = nil // what is written as it happens is of the first run
	if r.Progress.Writer != nil {
		shown := progress.Start(r.Progress, r.selection, max(1, r.Repeat), r.secrets)
		defer shown.Stop()
		r.executor.Observers = append(r.executor.Observers, shown)
		again.Observers = []execute.Observer{shown}
	}
	r.seen = r.executor.Run(ctx)
	return r.repeat(ctx, again)
}

// choose selects the scenarios.
func (r *run) choose() error {
	err := r.service.Check(r.in.Milestone)
	if err != nil {
		return usage.Errorf("%w", err)
	}
	if r.service.BuiltIn() && r.Wrap == nil {
		if err := service.Implements(r.in.Milestone); err != nil {
			return usage.Errorf("%w: name the service to verify with --target URL", err)
		}
	}
	can := r.service.HasCapability
	if r.service.BuiltIn() {
		can = nil
	}
	if r.Failed {
		if r.Filter.Failed, err = r.failedBefore(); err != nil {
			return err
		}
	}
	r.selection, err = r.in.Plan.Select(r.Filter, r.calls(), can)
	if nothing := new(plan.NothingSelected); errors.As(err, &nothing) {
		return fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if err != nil {
		return usage.Errorf("%w", err)
	}
	if err := r.mayRenewFrom(); err != nil {
		return err
	}
	if can != nil {
		r.selection.Missing = r.service.Missing(r.in.Milestone)
	}
	for _, claim := range r.service.Absent {
		r.selection.Declared = append(r.selection.Declared, claim.Capability)
	}
	return nil
}

// calls reads in the sentences of a scenario which operations it calls.
func (r *run) calls() plan.Calls {
	routes := steps.NewRoutes(r.in.Milestone)
	return func(s *plan.Scenario) []string {
		var operations []string
		for _, step := range s.Steps {
			operations = append(operations, steps.Calls(step.Text, func(method, target string) string { return routes.Find(method, target).ID })...)
		}
		return operations
	}
}

// failedBefore are the ids of the scenarios that did not pass in the last run.
func (r *run) failedBefore() ([]string, error) {
	last, err := artifact.ReadLast(r.place())
	if err != nil {
		return nil, usage.Errorf("--failed: %w", err)
	}
	shown := artifact.DisplayPath(r.place())
	if last.Milestone != r.in.Milestone.ID {
		return nil, usage.Errorf("--failed: the last run in %s is one of %s, and this is %s", shown, last.Milestone, r.in.Milestone.ID)
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

// place is where the artifacts go.
func (r *run) place() string {
	switch {
	case r.Out != "":
		return r.Out
	case r.in.Milestone != nil:
		return r.project.Artifacts(r.in.Milestone.ID) + r.shardSuffix()
	}
	return r.project.Artifacts(r.project.Name) + r.shardSuffix()
}

// shardSuffix keeps the artifacts of shards apart.
func (r *run) shardSuffix() string {
	if r.Shard.Of == 0 {
		return ""
	}
	return fmt.Sprintf("-shard-%d-of-%d", r.Shard.Index, r.Shard.Of)
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

// finish decides, and writes everything.
func (r *run) finish(ctx context.Context) error {
	r.record = r.log.End()
	r.records = r.executor.Records(r.seen)
	r.records.Milestone, r.records.Selection = r.in.Milestone, r.selection // of a run that did not come to a trial too
	r.records.Baseline, r.records.Now, r.records.Differing = r.baseline, r.Now(), r.differing
	document, err := r.rows()
	if err != nil {
		return err
	}
	r.output = document.Encode()
	for _, x := range r.seen.Exchanges {
		x.Canonical = nil // the output has what is needed of it
	}
	difference, err := r.compare(document)
	if err != nil {
		r.records.Stops = append(r.records.Stops, problems(err)...)
	}
	if ctx.Err() != nil && !slices.Contains(r.records.Stops, execute.Interrupted) {
		r.records.Stops = append(r.records.Stops, execute.Interrupted)
	}
	r.decide(&r.records, r.now())
	renewed, err := r.renew(document)
	if err == nil {
		err = r.deliver(ctx)
	}
	if err != nil {
		err = errors.Join(err, r.log.Err())
		r.summarize("", "") // what was seen is reported, even if it cannot be written
		r.annotate()
		return err
	}
	r.summarize(artifact.DisplayPath(r.place()), r.hint(renewed, difference))
	r.annotate()
	return nil
}

// decide decides on the run, which ended at a time.
func (r *run) decide(records *verdict.Records, at time.Time) {
	records.Info, records.Secrets = r.about(), r.secrets
	records.Lanes, records.Shuffle, records.Repeat = r.executor.WorkerCount(), r.Shuffle, r.Repeat
	records.StartedAt, records.FinishedAt = r.started, at
	if r.output != nil {
		records.OutputSHA256 = golden.SHA256(r.output)
	}
	if r.golden != nil {
		records.GoldenSHA256 = golden.SHA256(r.golden)
	}
	if r.joined != nil {
		records.Lanes = r.joined.Lanes
	}
	records.Curl = func(x *record.Exchange) []string {
		return []string{repro.Curl(records.Info.Base, records.Info.Flags, &x.Request, r.secrets)}
	}
	v := verdict.Decide(*records)
	r.verdict = &v
	if r.in.Milestone != nil {
		r.delivery.Required = r.in.Milestone.Artifacts
	}
	r.reported = r.verdict
}

// with decides on the run again with a baseline.
func (r *run) with(known *baseline.Baseline) verdict.Verdict {
	records := r.records
	records.Baseline = known
	return verdict.Decide(records)
}

// failures are the scenarios that did not pass, in the order of the plan, but for those of which all is known.
func (r *run) failures() []record.Failure {
	var failures []record.Failure
	for _, place := range slices.Sorted(maps.Keys(r.seen.Failures)) {
		failure := r.seen.Failures[place]
		if !r.reported.Excuses(failure.Scenario.Ref()) {
			failures = append(failures, failure)
		}
	}
	return failures
}

// reproArguments are what follows the id of a failure on the command line that repeats it here. A target that saw this
// run would only replay its answers, so there the ids are to be new, and no seed is among them.
func (r *run) reproArguments() string {
	if r.joined != nil {
		return r.joined.Repro
	}
	words := ""
	if filepath.ToSlash(r.Milestone) != DefaultMilestone {
		words += " " + curl.Quote(filepath.ToSlash(r.Milestone))
	}
	for _, word := range r.Target.Args() {
		words += " " + curl.Quote(word)
	}
	return words
}

// summarize prints the page of the run.
func (r *run) summarize(folder, hint string) {
	seen := r.record
	if seen == nil {
		seen = &record.Run{Info: r.about()}
	}
	console.Summary(r.Stdout, seen, r.reported, console.Options{Style: r.Style, Folder: folder, Hint: hint, Probe: r.probe()})
}

// probe returns the command that writes a target file; "" if the run has one, or no target.
func (r *run) probe() string {
	if r.joined != nil || r.service.BuiltIn() || r.Target.File != "" {
		return ""
	}
	return "runner probe" + r.reproArguments() + " --out target.yaml"
}

// now is the time of day, or when the last shard ended.
func (r *run) now() time.Time {
	if r.joined != nil {
		return r.joined.FinishedAt
	}
	return time.Now()
}

// shownTarget is the URL of the target as it may be written.
func (r *run) shownTarget() string { return r.secrets.Scrub(r.service.URL) }

// proxy is the proxy before the target as it may be written: that of this run, or those of its shards.
func (r *run) proxy() string {
	if r.joined != nil {
		return r.joined.Proxy
	}
	return r.secrets.Scrub(r.service.Proxy())
}

// state is state.json: all servers, lane by lane, each lane's in the order in which they were started. It is empty when
// the target was somebody else's.
func (r *run) state() []byte {
	if r.joined != nil {
		return serversOf(r.joined)
	}
	b := []byte(`{"servers":[`)
	b = append(r.executor.AppendState(b), "]}"...)
	// In header mode X-Partner-Key alone is a partner's id, and ids are state.
	return []byte(r.secrets.Scrub(string(b)))
}

// hint is what to do next.
func (r *run) hint(renewed bool, difference *golden.Difference) string {
	has := func(id string) bool {
		return slices.ContainsFunc(r.reported.Reasons, func(reason record.Reason) bool { return reason.ID == id })
	}
	switch {
	case renewed:
		return "The golden output was renewed: fixtures/" + project.Golden(r.in.Milestone.ID) + ". Review it like code."
	case r.reported.Overall && r.reported.KnownCount() > 0:
		return "The contract holds but for what " + r.Baseline + " lists."
	case r.reported.Overall:
		return ""
	case r.replayed() > 0:
		return fmt.Sprintf("Next: %d first answers say that they are replays. Has the target seen the seed %s before? Each run needs its own: without --run-id it gets one.",
			r.replayed(), r.service.RunID)
	case has("interrupted"):
		return "Next: run it again, and let it end."
	case has("not-started"):
		return "Next: mend what is broken in the files above; nothing was run."
	case has("sentence-undefined"), has("sentence-broken"), has("sentence-ambiguous"):
		return "Next: mend the sentences above. `go doc ./steps` explains the vocabulary."
	case has("target-unreachable"):
		return "Next: see that the target is up, and stays up."
	case r.UpdateGolden && (has("scenario-failed") || has("check-failed")):
		return "The golden output was not renewed: first make everything else hold."
	case has("run-differs"):
		return "Next: find what the scenarios above leave to chance, to time, or to each other."
	case r.Shuffle != "" && (len(r.failures()) > 0 || has("output-differs")):
		return "Next: run it again without --shuffle. A scenario that then sees something else depends on others; --shuffle=" + r.Shuffle + " gives this order again."
	case len(r.failures()) > 0:
		return "Next: begin with the first cause above, which is in the most scenarios."
	case has("baseline-outdated"), has("baseline-expired"), has("baseline-unknown"):
		return "Next: bring " + r.Baseline + " up to date, as it says above."
	case slices.ContainsFunc(r.reported.Reasons, ofShards):
		return "Next: do what is said of the shards above, and merge again."
	case has("shard-alone"):
		return fmt.Sprintf("Next: a shard is no verdict. `runner merge %s FOLDER…` with the folders of all %d gives it.", filepath.ToSlash(r.Milestone), r.Shard.Of)
	case has("selection-incomplete"):
		return "Next: a part of the scenarios is no verdict. Run all of them, without " + r.selection.Args() + "."
	case has("scenario-left-out"):
		return "Next: say with --capability what the target has, and with --no-capability what it is known to lack."
	case difference != nil && !difference.Empty(), has("output-unknown"), has("output-differs"):
		how := "--update-golden"
		if r.hasFake() {
			how = "`make generate`"
		}
		return "Next: if the output above is as it should be, " + how + " makes it the golden one; review that change."
	}
	return ""
}

// replayed counts the first answers of a target of somebody's own that say that they are replays.
func (r *run) replayed() int {
	n := 0
	for _, x := range r.seen.Exchanges {
		if !r.service.BuiltIn() && x.Response != nil && x.Request.Method == http.MethodPost && !x.KeySentBefore &&
			x.Response.Header.Get(r.in.Milestone.Transport.ReplayHeader) == "true" {
			n++
		}
	}
	return n
}

// equal says whether the output is the golden one, byte for byte.
func (r *run) equal() bool { return r.golden != nil && bytes.Equal(r.golden, r.output) }
