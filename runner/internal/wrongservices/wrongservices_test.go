//go:build !race

package wrongservices

// A gate must fail for wrong services. Here the features run against the fake behind a handler with exactly one fault, and
// scenarios must fail.
//
// One wrong service is one row ([wrongService]): a name, a description of the fault, the rule of the milestone
// that it breaks, the scenarios of that rule that must fail, the named checks that must fail, and the handler. For each row
// the scenarios of that rule are run, as by `runner --rule RULE`, and the test checks that
//
//   - every scenario that the row names fails, and the verdict has exit code 1;
//   - the checks that failed are exactly those that the row names. A row that names none claims that every answer was
//     well-formed, so that only the scenario can have found the fault;
//   - some other scenario of the rule passes, unless the row has failsAll. A service that breaks everything shows only that
//     broken services are noticed.
//
// [TestCorrectService] runs all scenarios with the same machinery and no fault: every request and answer is decoded and
// encoded, every export hashed and signed again, and all scenarios pass. So only faults fail scenarios.
//
// Two more tests compare the rows with the milestone: every rule has a service that breaks it, and every check has a
// service that fails it. A new rule needs a new row.
//
// Hundreds of runs take minutes under the race detector, and would find no race that one run does not, so these files are
// built without it.
//
// # Files
//
//	wrongservices_test.go    the rows' type, and the four tests
//	service_test.go          the parts of handlers: requests, answers, JSON Pointers, state
//	forge_test.go            the same for exports, which are hashed, chained and signed again
//	TOPIC_test.go            the rows, by the feature whose scenarios fail; long topics have TOPIC_PART_test.go
//	TOPIC_handlers_test.go   handlers of several rows
//
// # How to add a row
//
// Add it to the list of its topic. Name the rule whose scenarios shall fail, and the scenarios by their ids without the
// feature, as in verdict.json: the name as the feature has it, and for an outline the values of the row, as in
//
//	"An active rollout from <from> to <to> is blocked > S1 | S3"
//
// A long one may end in "…", if only one scenario begins so. Leave checks out, and run
//
//	go test ./runner/internal/wrongservices -run 'TestWrongServices/rollout/NAME'
//
// When a check failed too, see whether the fault can be in a well-formed answer, so that only the scenario finds it; otherwise
// name the check. When the scenario passes, the row is right, and a feature has a gap: write the scenario. Never weaken the
// row.

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// wrongService is a service with one fault.
type wrongService struct {
	// name is its name within its topic, and that of its test.
	name string
	// fault describes the fault.
	fault string
	// rule is the rule of the milestone that it breaks. The scenarios of the rule are run.
	rule string
	// fails are the scenarios of the rule that must fail.
	fails []string
	// checks are the named checks that fail on the answers, all of them.
	checks []string
	// failsAll is set if every scenario of the rule must fail.
	failsAll bool
	// behavior makes the service's behavior. Each server of a run has its own, with a memory of its own.
	behavior func() handle
}

// topics are all wrong services, in the order of the features.
var topics = []struct {
	name     string
	services []wrongService
}{
	{"transport", slices.Concat(transportServices, transportBodyServices)},
	{"identity", slices.Concat(identityServices, identityKeysServices)},
	{"idempotency", idempotencyServices},
	{"onboard", slices.Concat(onboardServices, onboardNewServices)},
	{"status", statusServices},
	{"eligibility", eligibilityServices},
	{"rollout", slices.Concat(rolloutServices, rolloutRecordServices)},
	{"export", slices.Concat(exportServices, exportPagesServices, exportProofServices)},
	{"keys", keysServices},
}

// milestoneFile is the file of the milestone, relative to this package.
const milestoneFile = "../../../milestones/M109.yaml"

// contract is what all runs share.
type contract struct {
	project project.Project
	inputs  project.Inputs
	checker *checks.Checker
}

// readContract reads the milestone, the features and the schemas once.
var readContract = sync.OnceValues(func() (c contract, err error) {
	if c.project, err = project.Locate(milestoneFile); err != nil {
		return c, err
	}
	if c.inputs, err = c.project.Read(); err != nil {
		return c, err
	}
	c.checker, err = checks.New(c.inputs.Milestone, c.inputs.Schemas)
	return c, err
})

// outcome is how a run ended.
type outcome struct {
	verdict  verdict.Verdict
	statuses map[string]record.Status // by the ids of the scenarios
	failed   []string                 // checks that failed on any answer, sorted, each once
}

// runAgainst runs the scenarios of the rules, or all of them when there are none, against servers with a behavior.
func runAgainst(t *testing.T, rules []string, behavior func() handle) outcome {
	t.Helper()
	c, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	selection, err := c.inputs.Plan.Select(plan.Filter{Rules: rules}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := &execute.Executor{
		Inputs: c.inputs, Fixtures: c.project.Fixtures(), Checker: c.checker, Selection: selection, Wrap: wrapWith(behavior),
	}
	defer e.Close()
	run := e.Run(t.Context())
	o := outcome{statuses: map[string]record.Status{}, verdict: verdict.Decide(run, verdict.Inputs{
		Milestone: c.inputs.Milestone, Selection: selection,
		Output: golden.Comparison{Difference: new(golden.Difference), Identical: true}, // no output is compared
	})}
	for _, place := range selection.Scenarios {
		o.statuses[c.inputs.Plan.Scenarios[place].ID] = run.Scenarios[place].Result.Status
	}
	for _, x := range run.Exchanges() {
		for _, check := range x.Failures() {
			o.failed = append(o.failed, check.Check)
		}
	}
	slices.Sort(o.failed)
	o.failed = slices.Compact(o.failed)
	return o
}

// reasons are the reasons of a verdict as text.
func (o outcome) reasons() string {
	var b strings.Builder
	for _, reason := range o.verdict.Reasons {
		fmt.Fprintf(&b, "%s  %s: %s\n", reason.ID, reason.Where, reason.Message)
	}
	return b.String()
}

// The machinery makes no fault by itself.
func TestCorrectService(t *testing.T) {
	got := runAgainst(t, nil, forging(forgery{}))
	if !got.verdict.Overall || got.verdict.Exit != verdict.Holds {
		t.Errorf("got overall=%t and exit code %d from a correct service, want true and %d\n%s",
			got.verdict.Overall, got.verdict.Exit, verdict.Holds, got.reasons())
	}
	for id, status := range got.statuses {
		if status != record.Passed {
			t.Errorf("%s: got %s from a correct service, want %s", id, status, record.Passed)
		}
	}
}

// Every fault is found by the scenarios and the checks that its row names.
func TestWrongServices(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as in the command
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			for _, w := range topic.services {
				t.Run(w.name, func(t *testing.T) {
					t.Parallel()
					w.mustFail(t)
				})
			}
		})
	}
}

func (w wrongService) mustFail(t *testing.T) {
	got := runAgainst(t, []string{w.rule}, w.behavior)
	if got.verdict.Overall || got.verdict.Exit != verdict.Fails {
		t.Errorf("got overall=%t and exit code %d, want false and %d", got.verdict.Overall, got.verdict.Exit, verdict.Fails)
	}
	for _, name := range w.fails {
		id, err := w.find(name, got.statuses)
		if err != nil {
			t.Error(err)
			continue
		}
		if status := got.statuses[id]; status != record.Failed && status != record.ChecksFailed {
			t.Errorf("%s: got %s, want %s or %s. The fault: %s", id, status, record.Failed, record.ChecksFailed, w.fault)
		}
	}
	if !slices.Equal(got.failed, w.checks) {
		t.Errorf("got these checks failing: %q, want %q", got.failed, w.checks)
	}
	passed := 0
	for id, status := range got.statuses {
		switch status {
		case record.Passed:
			passed++
		case record.Failed, record.ChecksFailed:
		default:
			t.Errorf("%s: got %s, want it to pass or to fail", id, status)
		}
	}
	if (passed == 0) != w.failsAll {
		t.Errorf("%d scenarios of %d passed; want none only for a row with failsAll", passed, len(got.statuses))
	}
	if t.Failed() {
		t.Log(got.reasons())
	}
}

// find returns the id of the one scenario with that name. A Gherkin rule around it is part of its id, and may be left out.
func (w wrongService) find(name string, results map[string]record.Status) (string, error) {
	begins, long := strings.CutSuffix(name, "…")
	var found, near []string
	for id := range results {
		_, within, _ := strings.Cut(id, " > ")
		_, inRule, _ := strings.Cut(within, " > ")
		fits := func(name string) bool { return name == begins || long && strings.HasPrefix(name, begins) }
		title, _, _ := strings.Cut(begins, " > ")
		switch {
		case fits(within), fits(inRule):
			found = append(found, id)
		case strings.Contains(id, title):
			near = append(near, id)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	slices.Sort(near)
	return "", fmt.Errorf("%d scenarios of @%s are called %q, want one; there are\n%s",
		len(found), w.rule, name, strings.Join(append(found, near...), "\n"))
}

// ruleOf returns a rule of the milestone.
func ruleOf(id string) milestones.Rule {
	for _, rule := range milestones.M109().Rules {
		if rule.ID == id {
			return rule
		}
	}
	return milestones.Rule{}
}

// Every rule of the milestone has a service that breaks it.
func TestEveryRuleHasAWrongService(t *testing.T) {
	covered := map[string]bool{}
	for _, topic := range topics {
		for _, w := range topic.services {
			covered[w.rule] = true
			if feature, want := ruleOf(w.rule).Feature, topic.name+".feature"; feature != want {
				t.Errorf("%s/%s: got a rule of %q (@%s), want one of %q", topic.name, w.name, feature, w.rule, want)
			}
			if len(w.fails) == 0 || w.fault == "" || !strings.HasSuffix(w.fault, ".") {
				t.Errorf("%s/%s: a row describes the fault, and has a scenario that fails", topic.name, w.name)
			}
		}
	}
	for _, rule := range milestones.M109().Rules {
		if !covered[rule.ID] {
			t.Errorf("no wrong service breaks @%s: add one to show that its scenarios can fail", rule.ID)
		}
	}
}

// Every named check has a service that fails it.
func TestEveryCheckHasAWrongService(t *testing.T) {
	var covered []string
	for _, topic := range topics {
		for _, w := range topic.services {
			covered = append(covered, w.checks...)
			if !slices.IsSorted(w.checks) {
				t.Errorf("%s/%s: got the checks %q, want them sorted", topic.name, w.name, w.checks)
			}
		}
	}
	for _, check := range checks.Table {
		if !slices.Contains(covered, check.ID) {
			t.Errorf("no wrong service fails the check %s: add one", check.ID)
		}
	}
}
