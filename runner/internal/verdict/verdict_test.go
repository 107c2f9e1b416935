package verdict

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

const floor = "partner_liquidity_provider_invalid"

// tiny is a milestone with one operation that succeeds or refuses, one gate and one promise.
func tiny() *milestones.Milestone {
	return &milestones.Milestone{
		ID: "T1",
		Operations: []milestones.Operation{{ID: "ring", Method: "POST", Path: "/bell", Outcomes: []milestones.Outcome{
			{Name: milestones.Success, Status: 200, Schema: "Ring"},
			{Name: "refused", Status: 400, Code: "NO", ReasonCode: floor, Schema: "Error"},
			{Name: "locked", Status: 423, Code: "LOCKED", Schema: "Error"},
		}}},
		Router:              milestones.Operation{ID: "unrouted"},
		RequiredReasonCodes: []string{floor},
		Features:            []string{"bell.feature"},
		Rules: []milestones.Rule{
			{ID: "bell-is-allowed", Kind: milestones.Precondition, Feature: "bell.feature", Operations: []string{"ring"}},
			{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature", Operations: []string{"ring"}},
		},
		Capabilities: []milestones.Capability{{ID: "rope"}},
		Artifacts:    []string{"verdict.json", "state.json"},
	}
}

const bell = `Feature: b
@bell-is-allowed @refuses
Scenario: no
Then a
Then b
@bell-is-allowed @permits @needs:rope
Scenario: yes
Then a
@bell-rings
Scenario: sound
Then a
`

// green is everything that a run knows of itself when nothing speaks against it. Each further rule is a promise with two
// scenarios, which passed.
func green(t *testing.T, further ...string) Records {
	t.Helper()
	m, text := tiny(), bell
	for _, rule := range further {
		m.Rules = append(m.Rules, milestones.Rule{ID: rule, Kind: milestones.Invariant, Feature: "bell.feature", Operations: []string{"ring"}})
		text += fmt.Sprintf("@%[1]s\nScenario: %[1]s\nThen a\n@%[1]s\nScenario: %[1]s again\nThen a\n", rule)
	}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Select(plan.Filter{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	results := map[int]record.Result{}
	for _, i := range s.Scenarios {
		results[i] = record.Result{Status: record.Passed}
	}
	return Records{
		Milestone: m, Selection: s, Results: results,
		Exchanges: []*record.Exchange{
			{
				Mark: record.Mark{Scenario: 0, Step: 1}, Operation: m.Operations[0].ID, Response: &record.Response{Status: 400},
				Outcome: "refused", Covered: []milestones.CoverageItem{{Outcome: "refused", ReasonCode: floor}},
				Checks: []record.CheckResult{{Check: "schema"}},
			},
			{
				Mark: record.Mark{Scenario: 1}, Operation: m.Operations[0].ID, Response: &record.Response{Status: 200},
				Outcome: milestones.Success, Covered: []milestones.CoverageItem{{Outcome: milestones.Success}},
			},
			{
				Mark: record.Mark{Scenario: 2}, Operation: m.Operations[0].ID, Response: &record.Response{Status: 423},
				Outcome: "locked", Covered: []milestones.CoverageItem{{Outcome: "locked"}},
			},
		},
		Output: &golden.Difference{}, Identical: true,
	}
}

func TestGreen(t *testing.T) {
	v := decideOn(green(t))
	if v.NotVerified.Any() {
		t.Errorf("not verified: %s", v.NotVerified)
	}
	if !v.Overall || v.Exit != Holds || len(v.Reasons) > 0 {
		t.Errorf("overall %v, exit %d, reasons %+v", v.Overall, v.Exit, v.Reasons)
	}
	if diff := cmp.Diff(map[record.Status]int{record.Passed: 3}, v.Scenarios); diff != "" {
		t.Errorf("scenarios (-want +got):\n%s", diff)
	}
}

// Each row spoils one thing. Alone it turns the run red, with the exit code of its kind.
func TestEachReasonAloneTurnsRed(t *testing.T) {
	ended := func(status record.Status, says string) func(*Records) {
		return func(r *Records) { r.Results[0] = record.Result{Status: status, Line: 5, Message: says} }
	}
	stopped := func(id string) func(*Records) {
		return func(r *Records) { r.Stops = append(r.Stops, record.Reason{ID: id, Message: "shard 2 of 3"}) }
	}
	tests := []struct {
		id    string
		name  string
		spoil func(*Records)
		exit  int
		want  []record.Reason
	}{
		{"interrupted", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "interrupted", Message: "the run was interrupted"})
		}, Interrupted, []record.Reason{{ID: "interrupted", Message: "the run was interrupted", Where: ""}}},
		{"usage", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "usage", Message: "unknown flag: --taget"})
		}, Broken, []record.Reason{{ID: "usage", Message: "unknown flag: --taget", Where: ""}}},
		{"not-started", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "not-started", Message: "T1.yaml:3: unknown key"})
		}, Broken, []record.Reason{{ID: "not-started", Message: "T1.yaml:3: unknown key", Where: ""}}},
		{"run-broke-off", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "run-broke-off", Message: "a panic"})
		}, Incomplete, []record.Reason{{ID: "run-broke-off", Message: "a panic", Where: ""}}},
		{"target-silent", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "target-silent", Message: "10 scenarios"})
		}, Fails, []record.Reason{{ID: "target-silent", Message: "10 scenarios", Where: ""}}},
		{"resources-exhausted", "", func(r *Records) {
			r.Stops = append(r.Stops, record.Reason{ID: "resources-exhausted", Message: "too many open files"})
		}, Incomplete, []record.Reason{{ID: "resources-exhausted", Message: "too many open files", Where: ""}}},
		{"scenario-failed", "", failing(0, 1), Fails, []record.Reason{
			{ID: "scenario-failed", Cause: "step: a", Scenario: "s-56a5187fa9", Message: "step: a: 2 scenarios of @bell-is-allowed", Where: "features/bell.feature:4"},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed, and no scenario that it permits passed", Where: "bell-is-allowed"},
		}},
		{"scenario-failed", "without a cause", ended(record.Failed, "the answer is 200"), Fails, []record.Reason{
			{ID: "scenario-failed", Cause: "step: the answer is 200", Scenario: "s-56a5187fa9", Message: "step: the answer is 200: 1 scenario of @bell-is-allowed", Where: "features/bell.feature:5"},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
		}},
		{"sentence-undefined", "", ended(record.Undefined, "nobody knows the sentence: b"), Broken, []record.Reason{
			{ID: "sentence-undefined", Scenario: "s-56a5187fa9", Message: "features/bell.feature > no: nobody knows the sentence: b", Where: "features/bell.feature:5"},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
		}},
		{"sentence-ambiguous", "", ended(record.Ambiguous, "two"), Broken, nil},
		{"sentence-broken", "", ended(record.InvalidStep, "no pointer"), Broken, nil},
		{"target-unreachable", "", ended(record.Unreached, "connection refused"), Unreachable, nil},
		{"scenario-pending", "", ended(record.Pending, "later"), Incomplete, nil},
		{"scenario-skipped", "", ended(record.Skipped, "not today"), Incomplete, nil},
		{"scenario-empty", "", ended(record.Empty, "nothing in it"), Incomplete, nil},
		{"scenario-not-run", "without a result", func(r *Records) { delete(r.Results, 0) }, Incomplete, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
			{ID: "scenario-not-run", Message: "1 of 3 selected scenarios did not run to their end", Where: ""},
		}},
		{"scenario-not-run", "stopped", ended(record.NotRun, "stopped"), Incomplete, nil},
		{"check-failed", "", func(r *Records) {
			unchecked("schema")(r)
			onlyFull(r)
		}, Fails, []record.Reason{{
			ID: "check-failed", Cause: "schema: not well", Scenario: "s-56a5187fa9", Message: "schema: not well: 1 scenario of @bell-is-allowed", Where: "features/bell.feature:5",
		}}},
		{"check-failed", "of level core, which leaves the rule unproved", unchecked("schema"), Fails, []record.Reason{
			{ID: "check-failed", Cause: "schema: not well", Scenario: "s-56a5187fa9", Message: "schema: not well: 1 scenario of @bell-is-allowed", Where: "features/bell.feature:5"},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
		}},
		{"check-failed", "outside of any scenario", func(r *Records) {
			outside := *r.Exchanges[0]
			outside.Mark = record.Mark{Scenario: -1}
			outside.Checks = []record.CheckResult{failedCheck("schema")}
			r.Exchanges = append(r.Exchanges, &outside)
		}, Fails, []record.Reason{{ID: "check-failed", Cause: "schema: not well", Message: "schema: not well: 1 answer of ring", Where: ""}}},
		{"cell-undeclared", "", unchecked("declared-outcome"), Fails, []record.Reason{
			{
				ID: "cell-undeclared", Cause: "declared-outcome: not well", Scenario: "s-56a5187fa9",
				Message: "declared-outcome: not well: 1 scenario of @bell-is-allowed", Where: "features/bell.feature:5",
			},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
		}},
		{"cell-unobserved", "", func(r *Records) { r.Exchanges = slices.Delete(r.Exchanges, 1, 2) }, Fails, []record.Reason{
			{ID: "cell-unobserved", Message: "ring never answered 200 (success)", Where: "ring"},
		}},
		{"cell-unobserved", "no answer is no observation", func(r *Records) { r.Exchanges[1].Response = nil }, Fails, []record.Reason{
			{ID: "cell-unobserved", Message: "ring never answered 200 (success)", Where: "ring"},
		}},
		{"floor-unobserved", "", unobserved, Fails, []record.Reason{
			{ID: "cell-unobserved", Message: "ring never answered 400 NO with " + floor + " (refused)", Where: "ring"},
			{ID: "floor-unobserved", Message: floor + " was never observed", Where: floor},
		}},
		{"floor-unobserved", "of a code that no operation has", func(r *Records) {
			r.Milestone.RequiredReasonCodes = append(r.Milestone.RequiredReasonCodes, "partner_liquidity_provider_lost")
		}, Fails, []record.Reason{
			{ID: "floor-unobserved", Message: "partner_liquidity_provider_lost was never observed", Where: "partner_liquidity_provider_lost"},
		}},
		{"rule-unproved", "a promise", func(r *Records) {
			r.Milestone.Rules = append(r.Milestone.Rules, milestones.Rule{ID: "bell-shines", Kind: milestones.Invariant})
		}, Fails, []record.Reason{{ID: "rule-unproved", Message: "@bell-shines: no scenario that keeps it passed", Where: "bell-shines"}}},
		{"rule-unproved", "a gate, on both sides", func(r *Records) {
			r.Milestone.Rules = append(r.Milestone.Rules, milestones.Rule{ID: "bell-locked", Kind: milestones.Precondition})
		}, Fails, []record.Reason{{
			ID:      "rule-unproved",
			Message: "@bell-locked: no scenario that it refuses passed, and no scenario that it permits passed", Where: "bell-locked",
		}}},
		{"refusal-unobserved", "", refusing(milestones.Success, "ring", 200), Fails, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
			{ID: "refusal-unobserved", Scenario: "s-56a5187fa9", Where: "features/bell.feature:3",
				Message: "features/bell.feature > no: no refusal by an operation of @bell-is-allowed, and no reason code in the list of a success (ring)"},
		}},
		{"refusal-unobserved", "of an operation of the rule", refusing("locked", "unrouted", 423), Fails, nil},
		{"refusal-unobserved", "without a body to see it in", func(r *Records) {
			refusing("", "ring", 200)(r)
			r.Exchanges[0].Request.Method, r.Exchanges[0].Covered = "HEAD", nil
		}, Fails, nil},
		{"refusal-unobserved", "since nothing was answered", func(r *Records) {
			refusing("locked", "ring", 423)(r)
			r.Exchanges[0].Response = nil
		}, Fails, nil},
		{"output-differs", "changed", func(r *Records) {
			r.Identical = false
			changed("features/bell.feature > no")(r)
			changed("features/bell.feature > yes")(r)
		}, Fails, []record.Reason{{
			ID: "output-differs", Cause: "output: expected 200, observed 423 LOCKED", Scenario: "s-56a5187fa9",
			Message: "output: expected 200, observed 423 LOCKED: 2 scenarios of @bell-is-allowed", Where: "features/bell.feature:3",
		}}},
		{"output-differs", "added", func(r *Records) {
			r.Identical = false
			r.Output.Added = []string{"s"}
		}, Fails, []record.Reason{{ID: "output-differs", Scenario: "s-f037d55b77", Message: "s: not in the golden output", Where: "output.json"}}},
		{"output-differs", "removed", func(r *Records) {
			r.Identical = false
			r.Output.Removed = []string{"s"}
		}, Fails, []record.Reason{{ID: "output-differs", Scenario: "s-f037d55b77", Message: "s: in the golden output, and no longer a scenario", Where: "output.json"}}},
		{"output-differs", "in bytes alone", func(r *Records) { r.Identical = false }, Fails, []record.Reason{
			{ID: "output-differs", Message: "the same rows as in the golden output, in other bytes or another order", Where: "output.json"},
		}},
		{"baseline-outdated", "", listing("s-56a5187fa9", "2026-12-31"), Fails, []record.Reason{{
			ID: "baseline-outdated", Message: "s-56a5187fa9 passes now (features/bell.feature > no): remove the entry", Where: "known.yaml:2",
		}}},
		{"baseline-expired", "", func(r *Records) {
			failing(0)(r)
			listing("s-56a5187fa9", "2026-02-21")(r)
		}, Fails, []record.Reason{
			{ID: "scenario-failed", Cause: "step: a", Scenario: "s-56a5187fa9", Message: "step: a: 1 scenario of @bell-is-allowed", Where: "features/bell.feature:4"},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed", Where: "bell-is-allowed"},
			{
				ID: "baseline-expired", Where: "known.yaml:2",
				Message: "s-56a5187fa9 was to be fixed by me, and 2026-02-21 is over: fix it, or renew the date",
			},
		}},
		{"baseline-unknown", "", listing("s-56a5187fa8", "2026-12-31"), Fails, []record.Reason{{
			ID: "baseline-unknown", Where: "known.yaml:2",
			Message: "there is no scenario s-56a5187fa8 (did you mean s-56a5187fa9?): remove the entry",
		}}},
		{"output-unknown", "", func(r *Records) { r.Output = nil }, Incomplete, []record.Reason{
			{ID: "output-unknown", Message: "there is no golden output to compare the run with", Where: "output.json"},
		}},
		{"run-differs", "", func(r *Records) {
			r.Differing = []record.Differing{{Scenario: 1, Message: "it passed in run 1 and failed in run 2"}}
		}, Fails, []record.Reason{
			{ID: "run-differs", Scenario: "s-2d7e7f226f", Message: "features/bell.feature > yes: it passed in run 1 and failed in run 2", Where: "features/bell.feature:7"},
		}},
		{"too-many-excused", "", func(r *Records) {
			failing(0, 1)(r)
			listing("s-56a5187fa9", later)(r)
			listing(r.Selection.Plan.Scenarios[1].Ref(), later)(r)
		}, Fails, []record.Reason{
			{ID: "too-many-excused", Message: "2 of the 3 selected scenarios have a failed step that known.yaml excuses, and at most half may", Where: "known.yaml"},
		}},
		{"capability-required", "", func(r *Records) {
			r.Selection.Missing, r.Results, r.Exchanges = [][]string{{"rope"}, {"hand", "foot"}}, nil, nil
		}, Incomplete, []record.Reason{
			{ID: "cell-unobserved", Message: "ring never answered 200 (success)", Where: "ring"},
			{ID: "cell-unobserved", Message: "ring never answered 400 NO with " + floor + " (refused)", Where: "ring"},
			{ID: "cell-unobserved", Message: "ring never answered 423 LOCKED (locked)", Where: "ring"},
			{ID: "floor-unobserved", Message: floor + " was never observed", Where: floor},
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it refuses passed, and no scenario that it permits passed", Where: "bell-is-allowed"},
			{ID: "rule-unproved", Message: "@bell-rings: no scenario that keeps it passed", Where: "bell-rings"},
			{ID: "capability-required", Message: "the target lacks rope, which T1 requires", Where: "@needs:rope"},
			{ID: "capability-required", Message: "the target lacks hand and foot, and T1 requires one of them", Where: "@needs:hand"},
			{ID: "nothing-ran", Message: "no scenario ran"},
			{ID: "scenario-not-run", Message: "3 of 3 selected scenarios did not run to their end"},
		}},
		{"too-few-proved", "", func(r *Records) {
			failing(0, 2)(r)
			for _, i := range []int{0, 2} {
				listing(r.Selection.Plan.Scenarios[i].Ref(), later)(r)
			}
		}, Fails, []record.Reason{
			{ID: "too-many-excused", Message: "2 of the 3 selected scenarios have a failed step that known.yaml excuses, and at most half may", Where: "known.yaml"},
			{ID: "too-few-proved", Message: "0 of the 2 selected rules are proved, and at least half must be", Where: "verdict.json"},
		}},
		{"too-few-proved", "since the others are left out", func(r *Records) {
			leaveOut(r, "rope")
			failing(2)(r)
			listing(r.Selection.Plan.Scenarios[2].Ref(), later)(r)
		}, Incomplete, nil},
		{"nothing-ran", "", func(r *Records) { r.Results = nil }, Incomplete, nil},
		{"selection-incomplete", "", func(r *Records) {
			r.Selection.Filter.Tags, r.Selection.Scenarios = "@bell-is-allowed or @refuses", []int{0, 1}
			delete(r.Results, 2)
		}, Incomplete, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-rings: no scenario that keeps it passed", Where: "bell-rings"},
			{ID: "selection-incomplete", Message: "1 of 3 scenarios were not selected (--tags '@bell-is-allowed or @refuses')", Where: ""},
		}},
		{"shard-alone", "", func(r *Records) {
			r.Selection = r.Selection.Partition(2, nil)[0]
			r.Results = map[int]record.Result{0: {Status: record.Passed}}
		}, Incomplete, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it permits passed", Where: "bell-is-allowed"},
			{ID: "rule-unproved", Message: "@bell-rings: no scenario that keeps it passed", Where: "bell-rings"},
			{ID: "shard-alone", Message: "this is shard 1 of 2, and has 1 of the 3 scenarios that were selected", Where: ""},
		}},
		{"shard-alone", "though there is no other", func(r *Records) { r.Selection = r.Selection.Partition(1, nil)[0] }, Incomplete, []record.Reason{
			{ID: "shard-alone", Message: "this is shard 1 of 1, and has 3 of the 3 scenarios that were selected", Where: ""},
		}},
		{"shard-missing", "", stopped("shard-missing"), Incomplete, nil},
		{"shard-twice", "", stopped("shard-twice"), Incomplete, nil},
		{"shard-differs", "", stopped("shard-differs"), Incomplete, nil},
		{"shard-incomplete", "", stopped("shard-incomplete"), Incomplete, nil},
		{"scenario-left-out", "", func(r *Records) {
			var err error
			if r.Selection, err = r.Selection.Plan.Select(plan.Filter{}, nil, func(string) bool { return false }); err != nil {
				panic(err)
			}
			delete(r.Results, 1)
		}, Incomplete, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it permits passed", Where: "bell-is-allowed"},
			{ID: "scenario-left-out", Message: "it is not stated whether the target has rope, which 1 of the scenarios need", Where: "@needs:rope"},
		}},
		{"scenario-left-out", "beside what is declared", func(r *Records) {
			leaveOut(r, "string")
		}, Incomplete, []record.Reason{
			{ID: "rule-unproved", Message: "@bell-is-allowed: no scenario that it permits passed", Where: "bell-is-allowed"},
			{ID: "scenario-left-out", Message: "it is not stated whether the target has rope, which 1 of the scenarios need", Where: "@needs:rope"},
		}},
		{"floor-unobserved", "is never left out", func(r *Records) {
			leaveOut(r, "rope")
			unobserved(r)
		}, Incomplete, []record.Reason{{ID: "floor-unobserved", Message: floor + " was never observed", Where: floor}}},
		{"rule-unproved", "beside what is declared", func(r *Records) {
			leaveOut(r, "rope")
			r.Milestone.Rules = append(r.Milestone.Rules, milestones.Rule{ID: "bell-shines", Kind: milestones.Invariant})
		}, Incomplete, []record.Reason{{ID: "rule-unproved", Message: "@bell-shines: no scenario that keeps it passed", Where: "bell-shines"}}},
		{"scenario-failed", "and nothing is left out for it", func(r *Records) {
			leaveOut(r, "rope")
			r.Exchanges = slices.Delete(r.Exchanges, 1, 2)
			r.Results[2] = record.Result{Status: record.Failed, Message: "no sound"}
		}, Fails, nil},
		{"counts-disagree", "", stopped("counts-disagree"), Incomplete, nil},
	}
	tested := map[string]bool{"artifact-missing": true} // TestDelivery
	for _, test := range tests {
		t.Run(strings.TrimSpace(test.id+" "+test.name), func(t *testing.T) {
			r := green(t)
			test.spoil(&r)
			v := decideOn(r)
			if v.Overall || v.Exit != test.exit {
				t.Errorf("overall %v, exit %d, want %d", v.Overall, v.Exit, test.exit)
			}
			if !slices.ContainsFunc(v.Reasons, func(reason record.Reason) bool { return reason.ID == test.id }) {
				t.Errorf("no reason %s: %+v", test.id, v.Reasons)
			}
			if test.want != nil {
				if diff := cmp.Diff(test.want, v.Reasons, cmpopts.IgnoreFields(record.Reason{}, "Ref")); diff != "" {
					t.Errorf("reasons (-want +got):\n%s", diff)
				}
			}
		})
		tested[test.id] = true
	}
	for _, kind := range Reasons {
		if !tested[kind.ID] {
			t.Errorf("no row for %s", kind.ID)
		}
	}
}

// refusing answers scenario 0, which is tagged @refuses, with an outcome of an operation. Another request, outside of any
// scenario, is refused with the reason code of the floor.
func refusing(outcome, operation string, status int) func(*Records) {
	return func(r *Records) {
		outside := *r.Exchanges[0]
		outside.Mark = record.Mark{Scenario: -1}
		r.Exchanges = append(r.Exchanges, &outside)
		x := r.Exchanges[0]
		x.Outcome, x.Covered, x.Response = "", []milestones.CoverageItem{{Outcome: outcome}}, &record.Response{Status: status}
		if operation != x.Operation {
			r.Milestone.Router.Outcomes = []milestones.Outcome{{Name: outcome, Status: status}}
			x.Operation = r.Milestone.Router.ID
		}
	}
}

// What a @refuses scenario has to observe, in each form that an operation can give it.
func TestRefusalsThatCount(t *testing.T) {
	for name, refuse := range map[string]func(*Records){
		"a refusal": refusing("locked", "ring", 423),
		"a reason code in the list of a success": func(r *Records) {
			r.Milestone.Operations[0].Outcomes[0].ReasonCodes = []string{floor}
			r.Exchanges[0].Response.Status = 200
			r.Exchanges[0].Covered = []milestones.CoverageItem{{Outcome: milestones.Success}, {Outcome: milestones.Success, ReasonCode: floor}}
			outside := *r.Exchanges[0]
			outside.Mark, outside.Covered = record.Mark{Scenario: -1}, []milestones.CoverageItem{{Outcome: "refused", ReasonCode: floor}}
			r.Exchanges = append(r.Exchanges, &outside)
		},
		"the status of an answer to HEAD": func(r *Records) {
			refusing("locked", "ring", 423)(r)
			r.Exchanges[0].Request.Method, r.Exchanges[0].Covered = "HEAD", nil
		},
		"the same, read back from a record": func(r *Records) {
			refusing("locked", "ring", 423)(r)
			r.Exchanges[0].Request.Method, r.Exchanges[0].Covered = "HEAD", nil
			r.Exchanges[0].Operation = "ring"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := green(t)
			refuse(&r)
			if v := decideOn(r); !v.Overall {
				t.Errorf("exit %d: %+v", v.Exit, v.Reasons)
			}
		})
	}
}

// leaveOut runs the records without a rope, when somebody declared that the target lacks a capability.
func leaveOut(r *Records, declared string) {
	var err error
	if r.Selection, err = r.Selection.Plan.Select(plan.Filter{}, nil, func(string) bool { return false }); err != nil {
		panic(err)
	}
	r.Selection.Declared = []string{declared}
	delete(r.Results, 1)
}

// What is left out as was declared does not speak against the run, and is listed.
func TestDeclaredGapsAreListed(t *testing.T) {
	r := green(t)
	leaveOut(&r, "rope")
	r.Exchanges = slices.Delete(r.Exchanges, 1, 2)
	v := decideOn(r)
	if want := (NotVerified{1, 1, 1}); v.NotVerified != want {
		t.Errorf("not verified: %s, want %s", v.NotVerified, want)
	}
	if !v.Overall || v.Exit != Holds || v.Complete {
		t.Errorf("overall %v, exit %d, complete %v, want true, 0 and false: %+v", v.Overall, v.Exit, v.Complete, v.Reasons)
	}
	if diff := cmp.Diff([]Gap{{"rope", true, []string{"features/bell.feature > yes"}}}, v.Skipped); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	var rules, cells []string
	for _, rule := range v.Rules {
		if rule.Skipped {
			rules = append(rules, rule.ID)
		}
	}
	for _, cell := range v.Coverage {
		if cell.Skipped {
			cells = append(cells, cell.Operation+" "+string(cell.Outcome))
		}
	}
	if diff := cmp.Diff([][]string{{"bell-is-allowed"}, {"ring success"}}, [][]string{rules, cells}); diff != "" {
		t.Errorf("rules and cells that are left out (-want +got):\n%s", diff)
	}
}

// Whatever else is said: with any reason at all, overall is false.
func TestNoReasonIsHarmless(t *testing.T) {
	for _, kind := range Reasons {
		r := green(t)
		r.Stops = []record.Reason{{ID: kind.ID, Message: "x"}}
		if v := decideOn(r); v.Overall || v.Exit == Holds {
			t.Errorf("%s: overall %v, exit %d", kind.ID, v.Overall, v.Exit)
		}
	}
}

func TestPrecedence(t *testing.T) {
	tests := []struct {
		name string
		ids  []string
		want int
	}{
		{"interrupted before all", []string{"scenario-failed", "sentence-broken", "target-unreachable", "interrupted", "nothing-ran"}, Interrupted},
		{"broken before unreachable", []string{"target-unreachable", "sentence-broken"}, Broken},
		{"unreachable before failed", []string{"scenario-failed", "target-unreachable"}, Unreachable},
		{"failed before incomplete", []string{"selection-incomplete", "scenario-failed"}, Fails},
		{"incomplete", []string{"selection-incomplete"}, Incomplete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t)
			for _, id := range test.ids {
				r.Stops = append(r.Stops, record.Reason{ID: id, Message: "x"})
			}
			if v := decideOn(r); v.Exit != test.want {
				t.Errorf("exit %d, want %d", v.Exit, test.want)
			}
		})
	}
}

// What was not seen counts as incomplete only while not everything ran.
func TestAbsenceInAnIncompleteRun(t *testing.T) {
	r := green(t)
	r.Exchanges = nil
	r.Selection.Scenarios, r.Selection.Filter.Tags = []int{2}, "@bell-rings"
	r.Results = map[int]record.Result{2: {Status: record.Passed}}
	if v := decideOn(r); v.Exit != Incomplete {
		t.Errorf("exit %d, want %d: %+v", v.Exit, Incomplete, v.Reasons)
	}
	r.Results[2] = record.Result{Status: record.Failed, Message: "no sound"}
	if v := decideOn(r); v.Exit != Fails {
		t.Errorf("with a failure: exit %d, want %d", v.Exit, Fails)
	}
}

// Many things that were not observed for one cause are one reason, which names none of them; while everything ran, each
// is one that a baseline may list.
func TestManyAbsencesAreCounted(t *testing.T) {
	many := func(n int) Records {
		r := green(t)
		r.Milestone.RequiredReasonCodes = nil
		for i := range n {
			r.Milestone.RequiredReasonCodes = append(r.Milestone.RequiredReasonCodes, fmt.Sprintf("%s_%d", floor, i))
		}
		return r
	}
	absent := func(r Records) (reasons []record.Reason) {
		for _, reason := range decideOn(r).Reasons {
			if reason.ID == "floor-unobserved" {
				reasons = append(reasons, reason)
			}
		}
		return reasons
	}
	interrupted := func(r Records) Records {
		r.Stops, r.Results = []record.Reason{{ID: "interrupted", Message: "x"}}, map[int]record.Result{}
		return r
	}
	if got := absent(many(mostAbsent + 1)); len(got) != mostAbsent+1 {
		t.Errorf("everything ran: %+v", got)
	}
	if got := absent(interrupted(many(mostAbsent))); len(got) != mostAbsent {
		t.Errorf("few, interrupted: %+v", got)
	}
	want := []record.Reason{{ID: "floor-unobserved", Message: "11 required reason codes were not observed, and not everything ran", Where: "verdict.json"}}
	r := interrupted(many(mostAbsent + 1))
	if diff := cmp.Diff(want, absent(r)); diff != "" {
		t.Errorf("many, interrupted (-want +got):\n%s", diff)
	}
	if v := decideOn(r); len(v.ReasonCodes) != mostAbsent+1 || v.Exit != Interrupted {
		t.Errorf("%d codes, exit %d", len(v.ReasonCodes), v.Exit)
	}
}

func TestReasonsAreInTheOrderOfTheirKinds(t *testing.T) {
	r := green(t)
	r.Results = map[int]record.Result{}
	r.Stops = []record.Reason{{ID: "run-broke-off", Message: "x"}, {ID: "interrupted", Message: "x"}}
	var got []int
	v := decideOn(r)
	for _, reason := range v.Delivered(Delivery{Required: r.Milestone.Artifacts}).Reasons {
		got = append(got, slices.IndexFunc(Reasons, func(k Kind) bool { return k.ID == reason.ID }))
	}
	if !slices.IsSorted(got) {
		t.Errorf("order of kinds: %v", got)
	}
}

func TestEvidence(t *testing.T) {
	r := green(t)
	r.Exchanges = append(r.Exchanges, r.Exchanges[0], r.Exchanges[0])
	r.Exchanges[2], r.Exchanges[1] = r.Exchanges[1], r.Exchanges[2]
	v := decideOn(r)
	id := func(name string) string { return "features/bell.feature > " + name }
	wantRules := []Rule{
		{ID: r.Milestone.Rules[0].ID, Kind: r.Milestone.Rules[0].Kind, Level: milestones.Core, Proved: true, Refuses: []string{id("no")}, Permits: []string{id("yes")}},
		{ID: r.Milestone.Rules[1].ID, Kind: r.Milestone.Rules[1].Kind, Level: milestones.Core, Proved: true, Invariants: []string{id("sound")}},
	}
	if diff := cmp.Diff(wantRules, v.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	wantFloor := []ReasonCode{{ReasonCode: floor, Observed: 3, Scenarios: []string{id("no")}}}
	if diff := cmp.Diff(wantFloor, v.ReasonCodes); diff != "" {
		t.Errorf("floor (-want +got):\n%s", diff)
	}
	var cells []string
	for _, c := range v.Coverage {
		cells = append(cells, fmt.Sprint(c.Operation, " ", c.Outcome, " ", c.ReasonCode, " ", c.Schema, " ", c.Observed, " ", len(c.Scenarios)))
	}
	want := []string{"ring success  Ring 1 1", "ring refused " + floor + " Error 3 1", "ring locked  Error 1 1"}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func TestWithoutAMilestone(t *testing.T) {
	v := decideOn(Records{Stops: []record.Reason{{ID: "not-started", Message: "x"}}})
	if v.Overall || v.Exit != Broken {
		t.Errorf("overall %v, exit %d", v.Overall, v.Exit)
	}
}

// That an artifact was not written is no part of the decision, and is reported with it: the exit code is the worse of both.
func TestDelivery(t *testing.T) {
	r := green(t)
	v := decideOn(r)
	written := []string{"state.json", "verdict.json"}
	if got := v.Delivered(Delivery{Required: written, Written: written}); !got.Overall || len(got.Artifacts) != 2 {
		t.Errorf("all written: overall %v, artifacts %v, reasons %v", got.Overall, got.Artifacts, got.Reasons)
	}
	delivery := Delivery{Required: written, Written: written[1:]}
	want := []record.Reason{{ID: "artifact-missing", Message: "state.json was not written", Where: "state.json"}}
	got := v.Delivered(delivery)
	if diff := cmp.Diff(want, got.Reasons); diff != "" || got.Overall || got.Exit != Incomplete {
		t.Errorf("one missing: overall %v, exit %d, reasons (-want +got):\n%s", got.Overall, got.Exit, diff)
	}
	delivery.Failed = map[string]string{"state.json": "no room"}
	if got := v.Delivered(delivery); len(got.Reasons) != 1 || got.Reasons[0].Message != "state.json was not written: no room" {
		t.Errorf("one failed: %v", got.Reasons)
	}
	if !v.Overall || len(v.Reasons) != 0 {
		t.Errorf("the decision changed: %v", v.Reasons)
	}
	r.Results[0] = record.Result{Status: record.Failed, Message: "no sound"}
	failed := decideOn(r)
	if got := failed.Delivered(delivery); got.Exit != Fails || len(got.Reasons) != len(failed.Reasons)+1 {
		t.Errorf("a failed run: exit %d, reasons %v", got.Exit, got.Reasons)
	}
}

// An output that becomes the golden one is no reason any more, and only when it was the only one.
func TestRenewed(t *testing.T) {
	r := green(t)
	r.Output, r.OutputSHA256 = nil, "a"
	v := decideOn(r)
	if v.Overall || !v.MayRenew() {
		t.Fatalf("overall %v, may renew %v: %v", v.Overall, v.MayRenew(), v.Reasons)
	}
	if got := v.Renewed("a"); !got.Overall || got.Exit != Holds || !got.Output.Identical {
		t.Errorf("overall %v, exit %d, output %+v", got.Overall, got.Exit, got.Output)
	}
	r.Results[0] = record.Result{Status: record.Failed, Message: "no sound"}
	if v := decideOn(r); v.MayRenew() {
		t.Errorf("a failed run may renew: %v", v.Reasons)
	}
}
