package verdict

import (
	"slices"

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
	// absence describes many reasons of the kind as one, for what may be missing only because not everything ran; "" for all other
	// kinds. listed is the artifact that has each of them.
	absence, listed string
}

// Reasons are all kinds of reasons, in the order in which they are reported.
var Reasons = []Kind{
	{ID: "interrupted", Exit: Interrupted, Description: "The run was interrupted.",
		Do: "Run it again, and let it end."},
	{ID: "usage", Exit: Broken, Description: "The command line is wrong, and nothing was run.",
		Do: "Correct what the message names; it has the nearest valid value. `runner --help` lists all flags."},
	{ID: "not-started", Exit: Broken, Description: "The run could not start: one of its input files is broken.",
		Do: "Correct the file and line that the message names. `runner lint` lists all problems without a run."},
	{ID: "sentence-undefined", Exit: Broken, Description: "A step of a feature matches no step definition.",
		Do: "Use one of the nearest step definitions, which are shown, or search with `runner steps WORD`."},
	{ID: "sentence-ambiguous", Exit: Broken, Description: "A step of a feature matches two step definitions.",
		Do: "Narrow one of the two patterns that the message names."},
	{ID: "sentence-broken", Exit: Broken, Description: "A step of a feature cannot be run as it is written.",
		Do: "Correct the arguments of the step: a value that is not JSON, a pointer to nothing, an unknown variable, fixture or operation."},
	{ID: "target-unreachable", Exit: Unreachable, Description: "The target could not be reached, or stopped answering.",
		Do: "Start the target and keep it up: it gave no answer at its base URL. A 502, 503 or 504 that is not JSON is from a gateway, which did not reach it either."},
	{ID: "target-silent", Exit: Fails, Description: "The target can be reached, and no longer answers.",
		Do: "Find out why the service does not answer in time, or closes connections. --max-time and --scenario-timeout give it more time."},
	{ID: "scenario-failed", Exit: Fails, Description: "A step of one or more scenarios failed. All failures with one cause are one reason.",
		Do: "Compare what was expected with what was observed, and fix the service, or the scenario if that is wrong. `runner explain CAUSE` shows an example, and `runner repro` repeats a scenario alone."},
	{ID: "check-failed", Exit: Fails, Description: "Answers failed a check that applies to every answer. All failures with one cause are one reason.",
		Do: "Fix the service: no answer may have this fault, whatever the scenario asserts. `runner explain CHECK` describes the check, and `runner explain CAUSE` shows an example."},
	{ID: "cell-undeclared", Exit: Fails, Description: "An outcome was observed that the milestone does not declare.",
		Do: "Fix the service; or declare the outcome for the operation in the milestone, with a scenario that shows it."},
	{ID: "cell-unobserved", Exit: Fails, Description: "An outcome that the milestone declares was not observed.",
		Do:      "Fix what failed, which may have shown it; or write a scenario that does. `runner explain o-…` with the id beside it names the outcome.",
		absence: "outcomes were not observed", listed: "coverage.json"},
	{ID: "floor-unobserved", Exit: Fails, Description: "A required reason code was not observed.",
		Do:      "Fix what failed, which may have shown it; or write a scenario that does.",
		absence: "required reason codes were not observed", listed: "verdict.json"},
	{ID: "rule-unproved", Exit: Fails, Description: "A rule of the milestone lacks a scenario that shows it.",
		Do:      "Fix what failed in its scenarios; or write one for the side that is missing. `runner explain RULE` lists them.",
		absence: "rules are not proved", listed: "verdict.json"},
	{ID: "too-many-excused", Exit: Fails, Description: "The baseline excuses a failed step of more than half of the selected scenarios.",
		Do: "Fix what fails, and remove its entries from the baseline, until at most half of the scenarios are excused. A smaller selection is no way around it."},
	{ID: "refusal-unobserved", Exit: Fails, Description: "A scenario tagged @refuses passed and observed no refusal.",
		Do: "Compare the scenario with its rule: one of the rule's operations has to refuse, or has to succeed with a reason code in its list. Fix the scenario or its tags, or the service if it should have refused."},
	{ID: "output-differs", Exit: Fails, Description: "Answers differ from the golden output.",
		Do: "If the answers are right, `make generate`, or `--update-golden` without a fake, makes them the golden output: review that change. If not, fix the service."},
	{ID: "run-differs", Exit: Fails, Description: "A scenario had other answers when the run was repeated.",
		Do: "Find what the scenario leaves to chance, to time, or to another scenario."},
	{ID: "baseline-outdated", Exit: Fails, Description: "A known failure no longer occurs.",
		Do: "Remove the entry from the baseline."},
	{ID: "baseline-expired", Exit: Fails, Description: "The last day of a known failure is over.",
		Do: "Fix what fails, or renew the date of the entry."},
	{ID: "baseline-unknown", Exit: Fails, Description: "An entry of the baseline names a scenario that does not exist.",
		Do: "Remove the entry from the baseline: the scenario was removed or renamed."},
	{ID: "output-unknown", Exit: Incomplete, Description: "There is no golden output to compare the run with.",
		Do: "Look at the answers of the run. If they are right, `--update-golden` makes them the golden output."},
	{ID: "capability-required", Exit: Incomplete, Description: "The target lacks a capability that the milestone requires, so nothing was run.",
		Do: "Name with `--capability` what the target has of those that are listed; for key mode, `--partner-keys` names its keys. Without one of them the milestone cannot be verified."},
	{ID: "too-few-proved", Exit: Incomplete, Description: "Fewer than half of the selected rules are proved: the others are excused or left out.",
		Do: "Fix what the baseline excuses, or verify a target that has what the left-out scenarios need, until at least half of the rules are proved."},
	{ID: "nothing-ran", Exit: Incomplete, Description: "No scenario ran.",
		Do: "Fix what prevented it, which another reason or the message names; or select scenarios that exist."},
	{ID: "selection-incomplete", Exit: Incomplete, Description: "The run was limited to some of the scenarios.",
		Do: "Run all scenarios: a part gives no verdict."},
	{ID: "shard-alone", Exit: Incomplete, Description: "The run was one shard of several, and only all of them together give a verdict.",
		Do: "Give the folders of all shards to `runner merge`, which gives the verdict."},
	{ID: "shard-missing", Exit: Incomplete, Description: "One of the shards to merge is missing.",
		Do: "Run the shard that is named, and merge again."},
	{ID: "shard-twice", Exit: Incomplete, Description: "One of the shards to merge was given twice.",
		Do: "Name each folder once."},
	{ID: "shard-differs", Exit: Incomplete, Description: "A shard was made from other files, or with another plan, than those that it is merged with.",
		Do: "Run all shards again from the same files and with the same flags."},
	{ID: "shard-incomplete", Exit: Incomplete, Description: "A shard did not end, or its artifacts lack something.",
		Do: "Run that shard again."},
	{ID: "scenario-left-out", Exit: Incomplete, Description: "A scenario needs a capability that the target does not have.",
		Do: "State with `--capability` or `--no-capability` whether the target has what the scenario needs."},
	{ID: "scenario-pending", Exit: Incomplete, Description: "A scenario has a step that is not implemented yet.",
		Do: "Implement the step."},
	{ID: "scenario-skipped", Exit: Incomplete, Description: "A scenario was skipped by one of its own steps.",
		Do: "Find out why the step skips: no scenario may."},
	{ID: "scenario-empty", Exit: Incomplete, Description: "A scenario has no steps.",
		Do: "Add steps to it, or remove it."},
	{ID: "scenario-not-run", Exit: Incomplete, Description: "A selected scenario did not run to its end.",
		Do: "Fix what prevented it, which another reason names, and run it again."},
	{ID: "run-broke-off", Exit: Incomplete, Description: "The run broke off: the verifier itself failed.",
		Do: "Run it again. The message has the place in the verifier; `runner report` makes the reports of a run that was killed."},
	{ID: "resources-exhausted", Exit: Incomplete, Description: "The machine that runs the verifier lacks file descriptors, memory, ports or space.",
		Do: "Raise the limit that the message names, such as `ulimit -n` for too many open files, or lower `--parallel`; then run it again."},
	{ID: "counts-disagree", Exit: Incomplete, Description: "The run and the library that ran it disagree about the result.",
		Do: "This is a fault of the verifier, and no verdict on the service. Keep the artifacts."},
	{ID: "artifact-missing", Exit: Incomplete, Description: "An artifact that the milestone requires was not written.",
		Do: "Make room on the disk and check the permissions of the folder; then run it again."},
}

// ExitOf is the exit code that a kind of reason leads to in a run in which everything ran.
func ExitOf(id string) int { return kindOf(id).Exit }

func kindOf(id string) Kind {
	return Reasons[slices.IndexFunc(Reasons, func(k Kind) bool { return k.ID == id })]
}

// IsAbsence reports whether reasons of a kind are about something that was not observed.
func IsAbsence(id string) bool { return kindOf(id).absence != "" }

// kinds are the kinds of reasons that statuses lead to.
var kinds = map[record.Status]string{
	record.Failed:       "scenario-failed",
	record.ChecksFailed: "check-failed",
	record.Undefined:    "sentence-undefined",
	record.Ambiguous:    "sentence-ambiguous",
	record.InvalidStep:  "sentence-broken",
	record.Pending:      "scenario-pending",
	record.Skipped:      "scenario-skipped",
	record.Empty:        "scenario-empty",
	record.Unreached:    "target-unreachable",
	record.NotRun:       "scenario-not-run",
}

// KindOf is the kind of reason that a status is; "" for those that speak against no run by themselves.
func KindOf(status record.Status) string { return kinds[status] }
