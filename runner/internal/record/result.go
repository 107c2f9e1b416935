package record

import (
	"strings"

	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/plan"
)

// Reason is one thing that speaks against a run.
type Reason struct {
	// ID is the id of its kind.
	ID string `json:"id"`
	// Scenario is the short name of the scenario that it is about; "" when it is about none, or about several.
	Scenario string `json:"scenario,omitempty"`
	// Cause is the key of the cause that it is; "" for none.
	Cause string `json:"cause,omitempty"`
	// Message is what was wrong in this run.
	Message string `json:"message"`
	// Where is a place to look at: FILE:LINE, an operation, a rule, an artifact.
	Where string `json:"where"`
	// Ref is the short id of what it is about, for `runner explain`; "" for none.
	Ref string `json:"ref,omitempty"`
}

// Status is how a scenario ended.
type Status string

// The ways in which a scenario ends.
const (
	Passed              Status = "passed"
	Failed              Status = "failed"
	ChecksFailed        Status = "checks_failed" // its steps passed, and an answer failed a check
	Undefined           Status = "undefined"
	Ambiguous           Status = "ambiguous"
	InvalidStep         Status = "broken" // a step cannot be carried out as it is written
	Pending             Status = "pending"
	Skipped             Status = "skipped"
	Empty               Status = "empty"
	Unreached           Status = "unreachable" // the service gave no answer
	NotRun              Status = "not_run"
	NotSelected         Status = "not_selected"
	NotAtLevel          Status = "not_at_level" // the level of the run does not require it
	SkippedByCapability Status = "left_out"
)

// Excluded reports whether the scenario was not to run: it was not selected, the target lacks what it needs, or the level of the run
// does not require it.
func (s Status) Excluded() bool { return s == SkippedByCapability || s.Unselected() }

// Unselected reports whether the run does not have the scenario: it was not selected, or its level does not require it.
func (s Status) Unselected() bool { return s == NotSelected || s == NotAtLevel }

// Statuses are all of them, in the order in which they are counted out.
var Statuses = []Status{
	Passed, Failed, ChecksFailed, Undefined, Ambiguous, InvalidStep, Pending, Skipped, Empty, Unreached, NotRun, SkippedByCapability, NotAtLevel,
	NotSelected,
}

// Result is how one scenario ended.
type Result struct {
	Status Status `json:"status"`
	// Line is the line of the step at which it ended, when it did not pass; 0 when there is none.
	Line int `json:"line,omitempty"`
	// Message is why it did not pass, as one line.
	Message string `json:"message,omitempty"`
	// Cause is why a step of it failed; nil when none did. The causes of failed checks are in the exchanges.
	Cause *cause.Cause `json:"cause,omitempty"`
}

// Differing is a scenario with other results when the run was repeated.
type Differing struct {
	// Scenario is its place in the plan.
	Scenario int `json:"scenario"`
	// Message is what differed, and between which runs.
	Message string `json:"message"`
}

// Failure explains a scenario that did not pass.
type Failure struct {
	Scenario *plan.Scenario `json:"-"`
	// Status is how it ended.
	Status Status `json:"status"`
	// Step is the index of the step at which it ended; -1 when there is none.
	Step int `json:"step"`
	// Explanation is what was wrong with it, in one line or more.
	Message string `json:"message,omitempty"`
	// Expected, Got and Diff are what an assertion compared; "" when there was none.
	Expected string `json:"expected,omitempty"`
	Got      string `json:"got,omitempty"`
	Diff     string `json:"diff,omitempty"`
	// Text is the whole explanation, as a terminal shows it.
	Text string `json:"text"`
	// Undefined are the undefined steps, with the nearest step definitions.
	Undefined []UndefinedStep `json:"undefined,omitempty"`
	// Checks are the checks that failed in that step.
	Checks []FailedCheck `json:"checks,omitempty"`
	// Exchange is the exchange that it is about; nil when there was none. The event log has its number among the answers
	// of the scenario, from 1; 0 for none.
	Exchange *Exchange `json:"-"`
	Number   int       `json:"exchange"`
	// Base is where a request is to be repeated, and Start how to start what answers there; "" when it is running.
	Base  string `json:"base,omitempty"`
	Start string `json:"start,omitempty"`
	// Flags are what curl needs to reach it.
	Flags []string `json:"flags,omitempty"`
}

// UndefinedStep is a step that no step definition matches, by its index in the scenario.
type UndefinedStep struct {
	Step    int      `json:"step"`
	Nearest []string `json:"nearest"`
}

// FailedCheck is a failed check and the exchange that failed it. The event log has the id of the check, and the number of
// the exchange among the answers of the scenario.
type FailedCheck struct {
	Result   CheckResult `json:"-"`
	Exchange *Exchange   `json:"-"`
	Check    string      `json:"check"`
	Number   int         `json:"exchange"`
}

// Text returns the status as people write it.
func (s Status) Text() string { return strings.ReplaceAll(string(s), "_", " ") }
