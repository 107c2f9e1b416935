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
// kind that were not observed then follow from one cause: they are one [Reason], which counts them. Each is still told by
// [Verdict.Rules], [Verdict.ReasonCodes] and [Verdict.Coverage].
//
// # Known failures
//
// Reasons that the contract does not hold have a [Reason.Ref], which stays the same from run to run. One that a
// baseline lists is told as known, and does not turn the run red. It excuses what it names, and nothing beside it:
//
//	s-…  a scenario that fails, at whichever sentence
//	c-…  one check on the answers to one sentence
//	o-…  an outcome that was not observed, or that is not declared
//	r-…  a rule that is not proved
//	g-…  a row of the golden output that differs
//
// A reason code of the floor that was not observed is never excused. How much may be is limited (limits.go), so that no
// baseline makes a run green that verified nearly nothing.
//
// Two reasons follow from others, and are known when all of those are. A scenario that nothing but failed checks ended
// follows from these. A rule that lacks a side follows from the scenarios of that side, if it has any and all of them
// failed; it is not proved all the same. Which outcomes a failed scenario would have shown nobody can tell from the
// plan, so these have entries of their own.
//
// A baseline that is out of date turns the run red itself: an entry that does not fail any more, one that has expired,
// and one that names nothing.
//
// # Left out
//
// A scenario that needs what the target does not have is left out. When somebody declared that the target lacks it, that
// does not speak against the run, and neither do the rules and outcomes that only such scenarios show; but the verdict
// then lists all of them in [Verdict.Skipped], [Rule.Skipped] and [CoverageItem.Skipped], so that nobody takes it for a verdict
// about everything. The floor is never left out.
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

// The exit codes.
const (
	Holds       = 0
	Fails       = 1
	Broken      = 2
	Unreachable = 3
	Incomplete  = 4
	Interrupted = 130
)

// precedence is the order in which exit codes count.
var precedence = []int{Interrupted, Broken, Unreachable, Fails, Incomplete}

// Kind is a kind of reason.
type Kind struct {
	// ID is permanent.
	ID string
	// Exit is the exit code that it leads to.
	Exit int
	// Description is what it means, as one sentence.
	Description string
	// Do is what to do about it, as one sentence or two.
	Do string
	// absence is what many of them are together, of what may be missing only because not everything ran; "" for all
	// others. Each is then told by the artifact listed.
	absence, listed string
}

// Reasons are all kinds of reasons, in the order in which they are told.
var Reasons = []Kind{
	{ID: "interrupted", Exit: Interrupted, Description: "The run was interrupted.",
		Do: "Run it again, and let it end."},
	{ID: "usage", Exit: Broken, Description: "What was asked for cannot be, and nothing was run.",
		Do: "Read what it says, and the nearest right thing in it; `runner --help` has all flags."},
	{ID: "not-started", Exit: Broken, Description: "The run could not start: something that it is made from is broken.",
		Do: "Mend what is named, with file and line. `runner lint` says all that is wrong without a run."},
	{ID: "sentence-undefined", Exit: Broken, Description: "A sentence of a feature is none that the vocabulary has.",
		Do: "Take one of the nearest sentences, which are shown, or look for one with `runner steps WORD`."},
	{ID: "sentence-ambiguous", Exit: Broken, Description: "A sentence of a feature is two in the vocabulary.",
		Do: "Narrow one of the two patterns in the vocabulary, which are named."},
	{ID: "sentence-broken", Exit: Broken, Description: "A sentence of a feature cannot be carried out as it is written.",
		Do: "Mend what the sentence was given: a value that is no JSON, a pointer to nothing, an unknown variable, fixture or operation."},
	{ID: "target-unreachable", Exit: Unreachable, Description: "The target could not be reached, or died.",
		Do: "See that the target is up and stays up: it gave no answer at its base URL. A 502, 503 or 504 that is no JSON is a gateway's, which did not reach it either."},
	{ID: "target-silent", Exit: Fails, Description: "The target is there, and gave no answers any more.",
		Do: "See why the service does not answer in time, or breaks connections. What it can do in more time, --max-time and --scenario-timeout allow."},
	{ID: "scenario-failed", Exit: Fails, Description: "A scenario failed.",
		Do: "Compare what was expected with what came, and mend the service, or the scenario if that is wrong. The command beside `repro` repeats it alone."},
	{ID: "check-failed", Exit: Fails, Description: "An answer failed a check that every answer must pass.",
		Do: "Mend the service: no answer may be so, whatever the scenario asserts. `runner explain CHECK` says what the check demands."},
	{ID: "cell-undeclared", Exit: Fails, Description: "Something was observed that the milestone does not declare.",
		Do: "Mend the service; or declare the outcome for the operation in the milestone, with a scenario that shows it."},
	{ID: "cell-unobserved", Exit: Fails, Description: "An outcome that the milestone declares was not observed.",
		Do: "Mend what did not pass, which may have shown it; or write a scenario that does. `runner explain o-…` with the id beside it says which.", absence: "outcomes were not observed", listed: "coverage.json"},
	{ID: "floor-unobserved", Exit: Fails, Description: "A reason code of the floor was not observed.",
		Do: "Mend what did not pass, which may have shown it; or write a scenario that does.", absence: "reason codes of the floor were not observed", listed: "verdict.json"},
	{ID: "rule-unproved", Exit: Fails, Description: "A rule of the milestone lacks a scenario that shows it.",
		Do: "Mend its scenarios that did not pass; or write one for the side that is lacking. `runner explain RULE` lists them.", absence: "rules are not proved", listed: "verdict.json"},
	{ID: "too-many-excused", Exit: Fails, Description: "The baseline excuses a failed step of more than half of the selected scenarios.",
		Do: "Fix what fails, and remove its entries from the baseline, until at most half of the scenarios are excused. A smaller selection is no way around it."},
	{ID: "refusal-unobserved", Exit: Fails, Description: "A scenario tagged @refuses passed and observed no refusal.",
		Do: "Compare the scenario with its rule: one of the rule's operations has to refuse, or has to succeed with a reason code in its list. Fix the scenario or its tags, or the service if it should have refused."},
	{ID: "output-differs", Exit: Fails, Description: "The run saw something else than the golden output has.",
		Do: "If what it saw is as it should be, `make generate`, or `--update-golden` without a fake, makes it the golden output: review that change. If not, mend the service."},
	{ID: "run-differs", Exit: Fails, Description: "A scenario saw something else when the run was repeated.",
		Do: "Find what the scenario leaves to chance, to time, or to another scenario."},
	{ID: "baseline-outdated", Exit: Fails, Description: "A known failure does not fail any more.",
		Do: "Remove the entry from the baseline."},
	{ID: "baseline-expired", Exit: Fails, Description: "A known failure should have been mended by now.",
		Do: "Mend what fails, or renew the date of the entry."},
	{ID: "baseline-unknown", Exit: Fails, Description: "A known failure is nothing that there is.",
		Do: "Remove the entry from the baseline: what it named is gone, or called otherwise."},
	{ID: "output-unknown", Exit: Incomplete, Description: "There is no golden output to compare the run with.",
		Do: "Look at what the run saw. If it is as it should be, `--update-golden` makes it the golden output."},
	{ID: "capability-required", Exit: Incomplete, Description: "The target lacks a capability that the milestone requires, so nothing was run.",
		Do: "Name with `--capability` what the target has of those that are listed; for key mode, `--partner-keys` names its keys. Without one of them the milestone cannot be verified."},
	{ID: "too-few-proved", Exit: Incomplete, Description: "Fewer than half of the selected rules are proved: the others are excused or left out.",
		Do: "Fix what the baseline excuses, or verify a target that has what the left-out scenarios need, until at least half of the rules are proved."},
	{ID: "nothing-ran", Exit: Incomplete, Description: "No scenario ran.",
		Do: "Mend what kept it from running, which another reason or the message says; or select something that there is."},
	{ID: "selection-incomplete", Exit: Incomplete, Description: "The run was limited to some of the scenarios.",
		Do: "Run all of the scenarios: a part is no verdict."},
	{ID: "shard-alone", Exit: Incomplete, Description: "The run was one shard of several, and only all of them together are a verdict.",
		Do: "Give the folders of all shards to `runner merge`, which gives the verdict."},
	{ID: "shard-missing", Exit: Incomplete, Description: "Of the shards that were merged one is missing.",
		Do: "Run the shard that is named, and merge again."},
	{ID: "shard-twice", Exit: Incomplete, Description: "Of the shards that were merged one was given twice.",
		Do: "Name each folder once."},
	{ID: "shard-differs", Exit: Incomplete, Description: "A shard was made from something else, or planned in another way, than what it was merged with.",
		Do: "Run all shards again from the same files and with the same flags."},
	{ID: "shard-incomplete", Exit: Incomplete, Description: "A shard did not come to its end, or does not say all that it saw.",
		Do: "Run that shard again."},
	{ID: "scenario-left-out", Exit: Incomplete, Description: "A scenario needs what the target does not have.",
		Do: "Say with `--capability` or `--no-capability` whether the target has what the scenario needs."},
	{ID: "scenario-pending", Exit: Incomplete, Description: "A scenario has a sentence that is not implemented yet.",
		Do: "Implement the sentence."},
	{ID: "scenario-skipped", Exit: Incomplete, Description: "A scenario was skipped by one of its own sentences.",
		Do: "Look at why the sentence skips: no scenario may."},
	{ID: "scenario-empty", Exit: Incomplete, Description: "A scenario has no sentences.",
		Do: "Give it sentences, or remove it."},
	{ID: "scenario-not-run", Exit: Incomplete, Description: "A scenario that was selected did not run to its end.",
		Do: "Mend what kept it from running, which another reason says, and run it again."},
	{ID: "run-broke-off", Exit: Incomplete, Description: "The run broke off: the verifier itself failed.",
		Do: "Run it again. The message says where the verifier failed; `runner report` tells what a run saw that was killed."},
	{ID: "resources-exhausted", Exit: Incomplete, Description: "The machine that runs the verifier lacks file descriptors, memory, ports or space.",
		Do: "Raise the limit that the message names, such as `ulimit -n` for too many open files, or lower `--parallel`; then run it again."},
	{ID: "counts-disagree", Exit: Incomplete, Description: "The run and the library that ran it disagree about the result.",
		Do: "Nothing can be said of the service: this is a fault of the verifier. Keep the artifacts."},
	{ID: "artifact-missing", Exit: Incomplete, Description: "An artifact that the milestone requires was not written.",
		Do: "See that there is room, and that the folder may be written to; then run it again."},
}

// ExitOf is the exit code that a kind of reason leads to in a run in which everything ran.
func ExitOf(id string) int { return kindOf(id).Exit }

func kindOf(id string) Kind {
	return Reasons[slices.IndexFunc(Reasons, func(k Kind) bool { return k.ID == id })]
}

// IsAbsence says whether reasons of a kind tell that something was not observed.
func IsAbsence(id string) bool { return kindOf(id).absence != "" }

// kinds says which reason a status is.
var kinds = map[record.Status]string{
	record.Failed:      "scenario-failed",
	record.Undefined:   "sentence-undefined",
	record.Ambiguous:   "sentence-ambiguous",
	record.InvalidStep: "sentence-broken",
	record.Pending:     "scenario-pending",
	record.Skipped:     "scenario-skipped",
	record.Empty:       "scenario-empty",
	record.Unreached:   "target-unreachable",
	record.NotRun:      "scenario-not-run",
}

// KindOf is the kind of reason that a status is; "" for those that speak against no run by themselves.
func KindOf(status record.Status) string { return kinds[status] }

// Records is everything that a run knows of itself.
type Records struct {
	// Info, Lanes, Shuffle, Repeat and the times are what verdict.json has of the run beside what decides.
	Info record.Info
	// Lanes is how many scenarios were run side by side, Shuffle the random seed of their order, and Repeat how many times
	// everything was run.
	Lanes   int
	Shuffle string
	Repeat  int
	// StartedAt and FinishedAt are the only times in the verdict.
	StartedAt, FinishedAt time.Time
	// OutputSHA256 and GoldenSHA256 are the hashes of the two outputs; the golden one is "" when there is none.
	OutputSHA256, GoldenSHA256 string
	// Secrets are what must not be written; nil for none.
	Secrets *record.Secrets
	// Milestone is nil when it could not be read.
	Milestone *milestones.Milestone
	// Selection is nil when there is no plan.
	Selection *plan.Selection
	// Results are how the scenarios ended, by their place in the plan. A selected one without a result did not run.
	Results map[int]record.Result
	// Exchanges are all exchanges in order.
	Exchanges []*record.Exchange
	// Agreed says whether godog's own exit code is what the results lead to.
	Agreed bool
	// Godog is that exit code.
	Godog int
	// Output is how the run compares with the golden one; nil when there is no golden one.
	Output *golden.Difference
	// Identical says that the output is the golden one, byte for byte.
	Identical bool
	// Stops are what kept the run from going on, if anything did: why it did not start, was interrupted, or broke off.
	Stops []record.Reason
	// Differing are the scenarios that saw something else when the run was repeated, each once.
	Differing []record.Differing
	// Baseline are the known failures; nil when there is no baseline.
	Baseline *baseline.Baseline
	// Checks are the ids of all checks.
	Checks []string
	// Now is when it is decided whether an entry of the baseline has expired.
	Now time.Time
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
		if status != record.Passed {
			v.NotVerified.Scenarios += n
		}
	}
	for _, rule := range v.Rules {
		if !rule.Proved {
			v.NotVerified.Rules++
		}
	}
	for _, cell := range v.Coverage {
		if cell.Declared && cell.Observed == 0 {
			v.NotVerified.Outcomes++
		}
	}
}

// Decide decides.
func Decide(r Records) Verdict {
	v := Verdict{Scenarios: map[record.Status]int{}, follows: map[string][]string{}}
	v.Reasons = append(v.Reasons, r.Stops...)
	if r.Milestone != nil {
		v.observe(&r)
	}
	if r.Selection != nil {
		v.scenarios(&r)
		v.rules(&r)
	}
	v.output(&r)
	for _, differing := range r.Differing {
		scenario := &r.Selection.Plan.Scenarios[differing.Scenario]
		v.addFor(scenario.Ref(), "run-differs", "", scenario.Where(), "%s: %s", scenario.ID, differing.Message)
	}
	if !r.Agreed {
		v.add("counts-disagree", "", "godog's exit code is %d, which does not fit how the scenarios ended", r.Godog)
	}
	v.Complete = r.Selection != nil && v.ranEverything(&r)
	if r.Baseline != nil {
		v.excuse(&r)
	}
	if r.Selection != nil {
		v.limit(&r)
	}
	v.notVerified()
	v.conclude()
	v.describe(&r)
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
func (v *Verdict) scenarios(r *Records) {
	ran, notRun := 0, 0
	left := map[string]*Gap{}
	for i := range r.Selection.Plan.Scenarios {
		result := StatusOf(r.Selection, r.Results, i)
		v.Scenarios[result.Status]++
		scenario := &r.Selection.Plan.Scenarios[i]
		switch result.Status {
		case record.Passed:
			ran++
		case record.NotSelected:
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
			ref := ""
			if result.Status == record.Failed {
				ref = scenario.Ref()
				if result.Checked {
					v.follows[ref] = v.failedChecks(r, i)
				}
			}
			v.addFor(scenario.Ref(), kinds[result.Status], ref, where, "%s: %s", scenario.ID, result.Message)
		}
	}
	for _, capability := range slices.Sorted(maps.Keys(left)) {
		v.Skipped = append(v.Skipped, *left[capability])
		if !left[capability].Declared {
			v.add("scenario-left-out", plan.NeedsPrefix+capability, "nobody said whether the target has %s, which %d of the scenarios need",
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

// StatusOf is how a scenario of the plan ended, those that never began included.
func StatusOf(selection *plan.Selection, results map[int]record.Result, i int) record.Result {
	if result, ended := results[i]; ended {
		return result
	}
	if _, selected := slices.BinarySearch(selection.Scenarios, i); selected {
		return record.Result{Status: record.NotRun}
	}
	if _, leftOut := slices.BinarySearch(selection.Skipped, i); leftOut {
		return record.Result{Status: record.SkippedByCapability, Message: "the target lacks " + strings.Join(selection.Lacks(i), ", ")}
	}
	return record.Result{Status: record.NotSelected}
}

// ranEverything says whether every scenario of the plan ran to an end of its own.
func (v *Verdict) ranEverything(r *Records) bool {
	if !r.Selection.Complete() {
		return false
	}
	for _, i := range r.Selection.Scenarios {
		switch r.Results[i].Status {
		case record.Passed, record.Failed:
		default:
			return false
		}
	}
	return true
}

// rules gathers the evidence for each rule.
func (v *Verdict) rules(r *Records) {
	place := map[string]int{}
	for i := range r.Milestone.Rules {
		place[r.Milestone.Rules[i].ID] = i
		rule := &r.Milestone.Rules[i]
		v.Rules = append(v.Rules, Rule{ID: rule.ID, Kind: rule.Kind, Section: rule.Section, Description: rule.Description})
	}
	refused := r.refusals()
	for i := range r.Selection.Plan.Scenarios {
		scenario := &r.Selection.Plan.Scenarios[i]
		if r.Results[i].Status != record.Passed {
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
		var lacks []string
		var sides []plan.Side
		leftOut := true
		missing := func(side plan.Side, says string) {
			lacks, sides = append(lacks, says), append(sides, side)
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
			ref := RuleRef(rule.ID)
			v.follows[ref] = failedOf(r, rule.ID, sides)
			v.named("rule-unproved", ref, rule.ID, "@%s: %s", rule.ID, strings.Join(lacks, ", and "))
		}
	}
}

// output looks at how the run compares with the golden one.
func (v *Verdict) output(r *Records) {
	if r.Selection == nil {
		return // there was nothing to see
	}
	if r.Output == nil {
		v.add("output-unknown", "output.json", "there is no golden output to compare the run with")
		return
	}
	for _, id := range r.Output.Added {
		v.addFor(plan.ScenarioRef(id), "output-differs", RowRef(id), "output.json", "%s: not in the golden output", id)
	}
	for _, id := range r.Output.Removed {
		v.addFor(plan.ScenarioRef(id), "output-differs", RowRef(id), "output.json", "%s: in the golden output, and no longer a scenario", id)
	}
	for _, change := range r.Output.Changed {
		v.addFor(plan.ScenarioRef(change.Scenario), "output-differs", RowRef(change.Scenario), "output.json", "%s", change)
	}
	if r.Output.Empty() && !r.Identical && v.Scenarios[record.Passed] == len(r.Selection.Plan.Scenarios) {
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
	if v.Known != nil {
		slices.SortStableFunc(v.Known.Failures, func(a, b Known) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	}
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
