//go:build !race

package gate_test

// # The gate is proved on liars
//
// A gate that is green proves something only if it would have been red. So here it meets servers that lie: the honest
// fake stands behind a handler that tells exactly one lie on top of it, and the gate has to see it.
//
// One lie is one row ([lie]): a name, one sentence that says what is untrue, the rule of the milestone that it breaks,
// the scenarios of that rule that must turn red, the named checks that must fail, and the liar itself. For each row the
// gate runs the scenarios of that rule against the liar, as `runner --rule RULE` would, and the test demands that
//
//   - every scenario that the row names is red, overall is false, and the exit code is 1;
//   - the checks that failed are exactly those that the row names. A row that names none claims that every answer was
//     well-formed, so that nothing but the scenario can have seen the lie;
//   - some other scenario of the rule stays green, unless the row says that the lie spares none. A liar that breaks
//     everything shows only that broken servers are noticed.
//
// [TestTruth] is the other half. The same machinery, which takes every question and every answer apart and hashes and
// signs every export anew, tells no lie there, and all scenarios of the milestone are green. So it is the lie that turns
// a row red, and not the liar's tools.
//
// Two more tests hold the table to the milestone: every rule has a lie that breaks it, and every check has a lie that
// fails it. A new rule needs a new row.
//
// Some hundreds of runs take minutes under the race detector, and would find no race that one run does not, so these
// files are built without it, and `make test` runs them by themselves.
//
// # Where things are
//
//	lies_test.go             what a lie is, and the four tests
//	lies_tell_test.go        the words that liars are made of: questions, answers, JSON Pointers, memory
//	lies_forge_test.go       the same for exports, which are hashed, chained and signed again
//	lies_TOPIC_test.go       the rows, by the feature that sees them
//
// # How to add a lie
//
// Add a row to the list of its topic. Name the rule whose scenarios shall see it, and the scenario by its id without
// the feature, as verdict.json has it: the name as the feature writes it, and for an outline the values of the row, as in
//
//	"An active rollout from <from> to <to> is blocked > S1 | S3"
//
// A long one may end in "…", as long as only one scenario begins so. Leave checks out, and run
//
//	go test ./runner/internal/gate -run 'TestLies/rollout/NAME'
//
// When it says that a check failed too, look whether the lie can be told in a well-formed answer, so that only the
// scenario sees it; otherwise name the check. When it says that the scenario stays green, the row is right, and a
// feature has a gap: write the scenario. Never weaken the row.

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/verdict"
)

// lie is one untruth and those who must notice it.
type lie struct {
	// name is its name within its topic, and that of its test.
	name string
	// says is what is untrue, as one sentence.
	says string
	// rule is the rule of the milestone that it breaks. Its scenarios are run.
	rule string
	// red are the scenarios of the rule that must turn red.
	red []string
	// checks are the named checks that fail on the liar's answers, all of them.
	checks []string
	// sparesNone says that every scenario of the rule must turn red.
	sparesNone bool
	// tell makes a liar. Each server of a run has its own, with a memory of its own.
	tell func() teller
}

// topics are all lies, in the order of the features.
var topics = []struct {
	name string
	lies []lie
}{
	{"transport", transportLies},
	{"identity", identityLies},
	{"idempotency", idempotencyLies},
	{"onboard", onboardLies},
	{"status", statusLies},
	{"eligibility", eligibilityLies},
	{"rollout", rolloutLies},
	{"export", exportLies},
	{"keys", keysLies},
}

// theMilestone is the file, as this folder sees it.
const theMilestone = "../../../milestones/M109.yaml"

// heard is what the gate made of a server.
type heard struct {
	gate.Result
	printed string
	failed  []string // checks that failed on any answer, sorted, each once
}

// listen runs the scenarios of the rules, or all of them when there are none, against servers that stand behind a teller.
func listen(t *testing.T, milestone string, rules []string, tell func() teller) heard {
	t.Helper()
	out := filepath.Join(t.TempDir(), "artifacts")
	var printed strings.Builder
	result, err := gate.Run(t.Context(), gate.Config{
		Milestone: milestone, Out: out, Filter: plan.Filter{Rules: rules}, Stdout: &printed, Wrap: standsBefore(tell),
	})
	if err != nil {
		t.Fatalf("the gate gave up: %v", err)
	}
	return heard{result, printed.String(), failedChecks(t, filepath.Join(out, report.Exchanges))}
}

// failedChecks reads from the artifact which checks failed.
func failedChecks(t *testing.T, name string) []string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var failed []string
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 {
			return failed
		}
		var exchange struct {
			Checks struct{ Failed []struct{ Check string } }
		}
		if err := json.Unmarshal(line, &exchange); err != nil {
			t.Fatalf("reading %s: %v", name, err)
		}
		for _, found := range exchange.Checks.Failed {
			if at, known := slices.BinarySearch(failed, found.Check); !known {
				failed = slices.Insert(failed, at, found.Check)
			}
		}
		if err != nil {
			return failed
		}
	}
}

// The machinery tells no lie by itself: with nothing to tell, everything is green.
func TestTruth(t *testing.T) {
	truth := listen(t, theMilestone, nil, forging(forgery{}))
	if !truth.Overall || truth.Exit != verdict.Holds {
		t.Errorf("got overall=%t and exit code %d from an honest server, want true and %d\n%s",
			truth.Overall, truth.Exit, verdict.Holds, truth.printed)
	}
	for id, status := range truth.Results {
		if status != record.Passed {
			t.Errorf("%s: got %s from an honest server, want %s", id, status, record.Passed)
		}
	}
}

// Every lie is seen, by the scenarios and the checks that it names.
//
// There are many, so the time counts: the milestone stands in a project of its own here, which lacks everything else,
// and so the gate takes features and schemas from inside of the program, where the schemas are compiled once. And as
// in the command, there is less to collect than time to do it.
func TestLies(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	alone := filepath.Join(t.TempDir(), "milestones", filepath.Base(theMilestone))
	text, err := os.ReadFile(theMilestone)
	if err == nil {
		err = os.Mkdir(filepath.Dir(alone), 0o777)
	}
	if err == nil {
		err = os.WriteFile(alone, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			for _, l := range topic.lies {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					l.mustBeSeen(t, alone)
				})
			}
		})
	}
}

func (l lie) mustBeSeen(t *testing.T, milestone string) {
	got := listen(t, milestone, []string{l.rule}, l.tell)
	if got.Overall || got.Exit != verdict.Fails {
		t.Errorf("got overall=%t and exit code %d, want false and %d", got.Overall, got.Exit, verdict.Fails)
	}
	for _, name := range l.red {
		id, err := l.find(name, got.Results)
		if err != nil {
			t.Error(err)
			continue
		}
		if status := got.Results[id]; status != record.Failed {
			t.Errorf("%s: got %s, want %s: nobody sees that it is untrue. %s", id, status, record.Failed, l.says)
		}
	}
	if !slices.Equal(got.failed, l.checks) {
		t.Errorf("got these checks failing: %q, want %q", got.failed, l.checks)
	}
	green := 0
	for id, status := range got.Results {
		switch status {
		case record.Passed:
			green++
		case record.Failed:
		default:
			t.Errorf("%s: got %s, want it to pass or to fail", id, status)
		}
	}
	if (green == 0) != l.sparesNone {
		t.Errorf("got %d green scenarios of %d; want none only from a lie that says so", green, len(got.Results))
	}
	if t.Failed() {
		t.Log(got.printed)
	}
}

// find gives the id of the one scenario with that name, wherever in the feature it stands: a Gherkin rule around it is
// part of its id, and no matter here.
func (l lie) find(name string, results map[string]record.Status) (string, error) {
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
		len(found), l.rule, name, strings.Join(append(found, near...), "\n"))
}

// ruleOf looks a rule of the milestone up.
func ruleOf(id string) milestones.Rule {
	for _, rule := range milestones.M109().Rules {
		if rule.ID == id {
			return rule
		}
	}
	return milestones.Rule{}
}

// Every rule of the milestone has a lie that breaks it, so that no scenario of it is there for nothing.
func TestEveryRuleSeesALie(t *testing.T) {
	told := map[string]bool{}
	for _, topic := range topics {
		for _, l := range topic.lies {
			told[l.rule] = true
			if feature, want := ruleOf(l.rule).Feature, topic.name+".feature"; feature != want {
				t.Errorf("%s/%s: got a rule of %q (@%s), want one of %q", topic.name, l.name, feature, l.rule, want)
			}
			if len(l.red) == 0 || l.says == "" || !strings.HasSuffix(l.says, ".") {
				t.Errorf("%s/%s: a lie says in one sentence what is untrue, and names a scenario that sees it", topic.name, l.name)
			}
		}
	}
	for _, rule := range milestones.M109().Rules {
		if !told[rule.ID] {
			t.Errorf("no lie breaks @%s: add one, for nothing shows that its scenarios can fail", rule.ID)
		}
	}
}

// Every named check has a lie that fails it.
func TestEveryCheckSeesALie(t *testing.T) {
	var told []string
	for _, topic := range topics {
		for _, l := range topic.lies {
			told = append(told, l.checks...)
			if !slices.IsSorted(l.checks) {
				t.Errorf("%s/%s: got the checks %q, want them sorted", topic.name, l.name, l.checks)
			}
		}
	}
	for _, check := range checks.Table {
		if !slices.Contains(told, check.ID) {
			t.Errorf("no lie fails the check %s: add one", check.ID)
		}
	}
}
