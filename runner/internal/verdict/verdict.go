// Package verdict decides, out of a plan and the records of a run, whether the contract holds. It reads no clock and
// no file, so that every way in which a run can be red is a row of a table test.
//
// A run is green when nothing speaks against it. Everything that does is a [Reason], and [Reasons] is the list of all
// kinds of them: whatever is not listed there cannot turn a run red, and whatever is listed there turns it red alone.
//
// # Exit codes
//
// Each kind of reason has an exit code. When several apply, the first of this order counts:
//
//	130  the run was interrupted
//	2    the milestone, a feature, a schema or a fixture is broken, so that the run says nothing about the target
//	3    the target could not be reached, or died
//	1    the contract does not hold
//	4    nothing ran, or not everything did
//
// So a scenario that fails in an incomplete run makes it 1: that the contract does not hold is known already. What
// was not observed is no fault of the target while not everything ran, and then counts as 4, not as 1. Many things of one
// kind that were not observed then follow from one cause: they are one [Reason], which counts them. Each is still listed by
// [Verdict.Rules], [Verdict.ReasonCodes] and [Verdict.Coverage].
//
// # Causes
//
// Failures with one cause (package cause) are one [Cause] and one reason, however many scenarios it concerns. A failed check does
// not end a scenario, so one scenario may have several causes; a failed step ends it. A scenario proves its rule when its steps
// passed and no check of level core failed on its answers.
//
// # Levels
//
// At level core, scenarios, rules, outcomes and checks of level full are not required: they are neither run nor counted. A verdict
// at level full has the one at level core beside it ([Verdict.Core]).
//
// # Known failures
//
// A baseline excuses causes and scenarios, with the number of scenarios in which a cause may occur. What was not observed only
// because of excused failures is excused with them: a rule whose scenarios of the missing side failed with known causes, and an
// outcome that excused scenarios have in the golden output. A required reason code that was not observed is never excused. How
// much may be excused is limited (limits.go), so that no baseline makes a run green that verified nearly nothing.
//
// A baseline that is out of date turns the run red itself: an entry whose cause does not occur in a complete run, one that occurs
// in more scenarios than it expects, one that has expired, and one for a scenario that does not exist.
//
// # Left out
//
// A scenario that needs what the target does not have is left out. When the target is declared to lack it, that does not speak
// against the run, and neither do the rules and outcomes that only such scenarios show; the verdict lists all of them in
// [Verdict.Skipped], [Rule.Skipped] and [CoverageItem.Skipped]. Required reason codes are never left out.
package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Inputs are what a run is decided by, beside its record.
type Inputs struct {
	// Milestone is nil when it could not be read.
	Milestone *milestones.Milestone
	// Selection is nil when there is no plan.
	Selection *plan.Selection
	// Output compares the output of the run with the golden one.
	Output golden.Comparison
	// Baseline are the known failures; nil when there is no baseline.
	Baseline *baseline.Baseline
	// Now is when it is decided whether an entry of the baseline has expired.
	Now time.Time
	// Secrets are removed from the texts of the baseline; nil for none.
	Secrets *record.Secrets
	// Curl returns the lines that send the request of an exchange again; nil for none.
	Curl func(*record.Exchange) []string
}

// input is what a run is decided on.
type input struct {
	Inputs
	run       *record.Run
	exchanges []*record.Exchange // in order
}

// NotVerified counts what a run did not verify, because it failed, was left out, or did not run.
type NotVerified struct {
	// Scenarios are those of the plan that did not pass.
	Scenarios int `json:"scenarios"`
	// Rules are those of the milestone that are not proved.
	Rules int `json:"rules"`
	// Outcomes are the declared ones that were not observed, with each of their reason codes.
	Outcomes int `json:"outcomes"`
}

// Any reports whether there is something that was not verified.
func (n NotVerified) Any() bool { return n != NotVerified{} }

func (n NotVerified) String() string {
	counted := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	return fmt.Sprintf("%s, %s and %s", counted(n.Scenarios, "scenario"), counted(n.Rules, "rule"), counted(n.Outcomes, "outcome"))
}

// notVerified counts what was not verified.
func (v *Verdict) notVerified() {
	for status, n := range v.Scenarios {
		if status != record.Passed && status != record.NotAtLevel {
			v.NotVerified.Scenarios += n
		}
	}
	for _, rule := range v.Rules {
		if !rule.Proved && v.requires(rule.Level) {
			v.NotVerified.Rules++
		}
	}
	for _, cell := range v.Coverage {
		if cell.Declared && cell.Observed == 0 && v.requires(cell.Level) {
			v.NotVerified.Outcomes++
		}
	}
}

// Decide decides whether the contract holds in a run, at the level of the selection.
func Decide(run *record.Run, in Inputs) Verdict {
	r := &input{in, run, run.Exchanges()}
	level := milestones.Full
	if r.Selection != nil {
		level = r.Selection.Level()
	}
	v := decide(r, level)
	if level == milestones.Full && r.Milestone != nil && r.Selection != nil {
		core := decide(r, milestones.Core)
		v.core = &core
		v.Core = core.summaryOfCore()
	}
	v.describe(r)
	return v
}

// decide decides at a level. A run at level full has what a verdict at level core needs.
func decide(r *input, level milestones.Level) Verdict {
	v := Verdict{Level: level, Scenarios: map[record.Status]int{}, Causes: []Cause{}, follows: map[string][]int{}, selected: map[string]int{}}
	v.Reasons = append(v.Reasons, r.run.Stops...)
	v.coreFailed = r.coreFailures()
	if r.Selection != nil {
		for _, i := range r.Selection.Scenarios {
			if scenario := &r.Selection.Plan.Scenarios[i]; v.requires(scenario.Level) {
				v.selected[scenario.Rule]++
			}
		}
	}
	all := v.gather(r)
	exceeded := v.excuse(r, all)
	v.summarize(r, all, exceeded)
	v.reasonsOfCauses()
	if r.Milestone != nil {
		v.observe(r)
	}
	if r.Selection != nil {
		v.scenarios(r)
		v.rules(r)
	}
	v.output(r)
	for _, differing := range r.run.Differing {
		scenario := &r.Selection.Plan.Scenarios[differing.Scenario]
		v.addFor(scenario.Ref(), "run-differs", "", scenario.Where(), "%s: %s", scenario.ID, differing.Message)
	}
	v.Complete = r.Selection != nil && v.ranEverything(r)
	v.excuseAbsent(r, all)
	v.checkBaseline(r, all)
	if r.Selection != nil {
		v.limit(r, all)
	}
	v.notVerified()
	v.conclude()
	return v
}

func (v *Verdict) add(id, where, format string, args ...any) {
	v.named(id, "", where, format, args...)
}

// named adds a reason with a short name.
func (v *Verdict) named(id, ref, where, format string, args ...any) {
	v.addFor("", id, ref, where, format, args...)
}

// addFor adds a reason that is about one scenario, by its short name.
func (v *Verdict) addFor(scenario, id, ref, where, format string, args ...any) {
	v.Reasons = append(v.Reasons, record.Reason{ID: id, Scenario: scenario, Message: fmt.Sprintf(format, args...), Where: where, Ref: ref})
}

// scenarios looks at how each scenario ended.
func (v *Verdict) scenarios(r *input) {
	ran, notRun := 0, 0
	left := map[string]*Gap{}
	for i := range r.Selection.Plan.Scenarios {
		result := v.statusOf(r, i)
		v.Scenarios[result.Status]++
		scenario := &r.Selection.Plan.Scenarios[i]
		switch result.Status {
		case record.Passed, record.Failed, record.ChecksFailed: // causes are the reasons
			ran++
		case record.NotSelected, record.NotAtLevel:
		case record.NotRun:
			notRun++ // one reason for all of them: what stopped the run has one too
		case record.SkippedByCapability:
			capability, declared := r.Selection.SkippedFor(i)
			if left[capability] == nil {
				left[capability] = &Gap{Capability: capability, Declared: declared}
			}
			left[capability].Scenarios = append(left[capability].Scenarios, scenario.ID)
		default:
			ran++
			where := scenario.Where()
			if result.Line > 0 {
				where = fmt.Sprintf("%s:%d", scenario.URI, result.Line)
			}
			v.addFor(scenario.Ref(), kinds[result.Status], "", where, "%s: %s", scenario.ID, result.Message)
		}
	}
	for _, capability := range slices.Sorted(maps.Keys(left)) {
		v.Skipped = append(v.Skipped, *left[capability])
		if !left[capability].Declared {
			v.add("scenario-left-out", plan.NeedsPrefix+capability, "it is not stated whether the target has %s, which %d of the scenarios need",
				capability, len(left[capability].Scenarios))
		}
	}
	if notRun > 0 {
		v.add("scenario-not-run", "", "%d of %d selected scenarios did not run to their end", notRun, len(r.Selection.Scenarios))
	}
	for _, group := range r.Selection.Missing {
		required := "which " + r.Milestone.ID + " requires"
		if len(group) > 1 {
			required = "and " + r.Milestone.ID + " requires one of them"
		}
		v.add("capability-required", plan.NeedsPrefix+group[0], "the target lacks %s, %s", strings.Join(group, " and "), required)
	}
	if ran == 0 {
		v.add("nothing-ran", "", "no scenario ran")
	}
	if shard := r.Selection.Shard; shard.Of > 0 {
		v.add("shard-alone", "", "this is %s, and has %d of the %d scenarios that were selected", shard,
			len(r.Selection.Scenarios), len(r.Selection.Scenarios)+len(r.Selection.InOtherShards))
	}
	if n := v.Scenarios[record.NotSelected] - len(r.Selection.InOtherShards); n > 0 {
		v.add("selection-incomplete", "", "%d of %d scenarios were not selected (%s)", n,
			len(r.Selection.Plan.Scenarios), r.Selection.Args())
	}
}

// Alone is the exit code of one scenario that is run for itself: how it ended, or what kept it from ending.
func Alone(result record.Result, stops []record.Reason) int {
	v := Verdict{Reasons: slices.Clone(stops), Complete: true}
	if result.Status != record.Passed {
		kind, ended := kinds[result.Status]
		if !ended {
			kind = "scenario-not-run" // it was left out
		}
		v.add(kind, "", "%s", result.Message)
	}
	v.conclude()
	return v.Exit
}

// statusOf is how a scenario ended at the level of the verdict: what this level does not require did not fail.
func (v *Verdict) statusOf(r *input, i int) record.Result {
	result := r.run.Scenarios[i].Result
	switch {
	case !v.requires(r.Selection.Plan.Scenarios[i].Level) && result.Status != record.NotSelected:
		return record.Result{Status: record.NotAtLevel}
	case v.Level == milestones.Core && result.Status == record.ChecksFailed && !v.coreFailed[i]:
		return record.Result{Status: record.Passed}
	}
	return result
}

// proves reports whether a scenario proves its rule: its steps passed, and no check of level core failed on its answers.
func (v *Verdict) proves(r *input, i int) bool {
	switch v.statusOf(r, i).Status {
	case record.Passed:
		return true
	case record.ChecksFailed:
		return !v.coreFailed[i]
	}
	return false
}

// ranEverything says whether every scenario of the plan ran to an end of its own.
func (v *Verdict) ranEverything(r *input) bool {
	if !r.Selection.Complete() {
		return false
	}
	for _, i := range r.Selection.Scenarios {
		switch v.statusOf(r, i).Status {
		case record.Passed, record.Failed, record.ChecksFailed, record.NotAtLevel:
		default:
			return false
		}
	}
	return true
}

// rules gathers the evidence for each rule.
func (v *Verdict) rules(r *input) {
	place := map[string]int{}
	for i := range r.Milestone.Rules {
		place[r.Milestone.Rules[i].ID] = i
		rule := &r.Milestone.Rules[i]
		v.Rules = append(v.Rules, Rule{ID: rule.ID, Kind: rule.Kind, Level: cmp.Or(rule.Level, milestones.Core), Section: rule.Section, Description: rule.Description})
	}
	refused := r.refusals()
	for i := range r.Selection.Plan.Scenarios {
		scenario := &r.Selection.Plan.Scenarios[i]
		if !v.proves(r, i) {
			continue
		}
		rule := &v.Rules[place[scenario.Rule]]
		switch scenario.Side {
		case plan.Refuses:
			if !refused[i] {
				v.addFor(scenario.Ref(), "refusal-unobserved", "", scenario.Where(), "%s: no refusal by an operation of @%s, and no reason code in the list of a success (%s)",
					scenario.ID, scenario.Rule, strings.Join(r.Milestone.Rules[place[scenario.Rule]].Operations, ", "))
				continue
			}
			rule.Refuses = append(rule.Refuses, scenario.ID)
		case plan.Permits:
			rule.Permits = append(rule.Permits, scenario.ID)
		default:
			rule.Invariants = append(rule.Invariants, scenario.ID)
		}
	}
	declared := map[string]map[plan.Side]bool{} // the sides of a rule that scenarios would show that were left out as declared
	for _, i := range r.Selection.Skipped {
		scenario := &r.Selection.Plan.Scenarios[i]
		if _, ok := r.Selection.SkippedFor(i); ok {
			if declared[scenario.Rule] == nil {
				declared[scenario.Rule] = map[plan.Side]bool{}
			}
			declared[scenario.Rule][scenario.Side] = true
		}
	}
	for i := range v.Rules {
		rule := &v.Rules[i]
		if !v.requires(rule.Level) {
			continue
		}
		var lacks []string
		var sides []plan.Side
		leftOut := true
		missing := func(side plan.Side, message string) {
			lacks, sides = append(lacks, message), append(sides, side)
			leftOut = leftOut && declared[rule.ID][side]
		}
		switch {
		case rule.Kind != milestones.Precondition:
			if len(rule.Invariants) == 0 {
				missing(plan.Neither, "no scenario that keeps it passed")
			}
		default:
			if len(rule.Refuses) == 0 {
				missing(plan.Refuses, "no scenario that it refuses passed")
			}
			if len(rule.Permits) == 0 {
				missing(plan.Permits, "no scenario that it permits passed")
			}
		}
		rule.Proved = len(lacks) == 0
		rule.Skipped = !rule.Proved && leftOut
		if !rule.Proved && !rule.Skipped {
			v.follows[rule.ID] = v.failedOf(r, rule.ID, sides)
			v.named("rule-unproved", "", rule.ID, "@%s: %s", rule.ID, strings.Join(lacks, ", and "))
		}
	}
}

// output looks at how the run compares with the golden one.
func (v *Verdict) output(r *input) {
	if r.Selection == nil {
		return // there was nothing to see
	}
	difference := r.Output.Difference
	if difference == nil {
		v.add("output-unknown", "output.json", "there is no golden output to compare the run with")
		return
	}
	for _, id := range difference.Added {
		v.addFor(plan.ScenarioRef(id), "output-differs", "", "output.json", "%s: not in the golden output", id)
	}
	for _, id := range difference.Removed {
		v.addFor(plan.ScenarioRef(id), "output-differs", "", "output.json", "%s: in the golden output, and no longer a scenario", id)
	}
	if difference.Empty() && !r.Output.Identical && v.Scenarios[record.Passed] == len(r.Selection.Plan.Scenarios) {
		v.add("output-differs", "output.json", "the same rows as in the golden output, in other bytes or another order")
	}
}

// mostAbsent is how many things of a kind that were not observed are told one by one while not everything ran.
const mostAbsent = 10

// count makes one reason of those of a kind that say what was not observed, if they are many and not everything ran.
func (v *Verdict) count() {
	if v.Complete {
		return
	}
	for _, kind := range Reasons {
		of := func(reason record.Reason) bool { return reason.ID == kind.ID }
		n := 0
		for _, reason := range v.Reasons {
			if of(reason) {
				n++
			}
		}
		if kind.absence == "" || n <= mostAbsent {
			continue
		}
		v.Reasons = slices.DeleteFunc(v.Reasons, of)
		v.add(kind.ID, kind.listed, "%d %s, and not everything ran", n, kind.absence)
	}
}

// conclude counts what was not observed, and finds the exit code.
func (v *Verdict) conclude() {
	v.count()
	v.sortReasons()
}

// sortReasons puts the reasons in the order of [Reasons], and finds the exit code.
func (v *Verdict) sortReasons() {
	place := map[string]int{}
	for i, kind := range Reasons {
		place[kind.ID] = i
	}
	slices.SortStableFunc(v.Reasons, func(a, b record.Reason) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	exits := map[int]bool{}
	for _, reason := range v.Reasons {
		exits[v.exitOf(reason)] = true
	}
	v.Exit = Holds
	for _, exit := range precedence {
		if exits[exit] {
			v.Exit = exit
			break
		}
	}
	v.Overall = v.Exit == Holds && len(v.Reasons) == 0
}

// exitOf is the exit code that a reason leads to in this run.
func (v *Verdict) exitOf(reason record.Reason) int {
	if IsAbsence(reason.ID) && !v.Complete {
		return Incomplete
	}
	return ExitOf(reason.ID)
}
