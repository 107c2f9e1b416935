package verdict

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// listing gives a run a baseline with an entry.
func listing(id, expires string) func(*Records) {
	return func(r *Records) {
		if r.Baseline == nil {
			r.Baseline = &baseline.Baseline{File: "known.yaml"}
		}
		r.Baseline.Known = append(r.Baseline.Known, baseline.Entry{
			ID: id, Reason: "It is known.", Owner: "me", Expires: expires, Line: 2 + 4*len(r.Baseline.Known),
		})
		r.Checks = []string{"content-type", "schema"}
		r.Now = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)
	}
}

// The ways in which the records of these tests go wrong. Scenario 0 is the only one of its rule's side, and the only
// one that is answered with a refusal.

func failing(places ...int) func(*Records) {
	return func(r *Records) {
		for _, place := range places {
			r.Results[place] = record.Result{Status: record.Failed, Line: r.Selection.Plan.Scenarios[place].Steps[0].Line, Message: "no"}
		}
	}
}

// unchecked fails a check on the first answer, which is to the second sentence of scenario 0.
func unchecked(check string) func(*Records) {
	return func(r *Records) {
		r.Results[0] = record.Result{Status: record.Failed, Line: 5, Message: check, Checked: true}
		r.Exchanges[0].Checks = append(r.Exchanges[0].Checks, record.CheckResult{Check: check, Status: record.CheckFailed, Message: "not well"})
	}
}

// unobserved refuses scenario 0 without the reason code of the floor.
func unobserved(r *Records) { r.Exchanges[0].Covered = []milestones.CoverageItem{{Outcome: "locked"}} }

// unreached ends scenario 0 before its request is answered. The same request is answered outside of any scenario.
func unreached(r *Records) { r.Exchanges[0].Mark = record.Mark{Scenario: -1} }

func stray(r *Records) {
	r.Exchanges[0].Undeclared = []record.Undeclared{{Status: 409, Code: "OH", ReasonCode: "what"}}
}

func leftOut(r *Records) {
	var err error
	if r.Selection, err = r.Selection.Plan.Select(plan.Filter{}, nil, func(string) bool { return false }); err != nil {
		panic(err)
	}
	delete(r.Results, 1)
}

func changed(scenario string) func(*Records) {
	return func(r *Records) {
		r.Identical = false
		r.Output.Changed = append(r.Output.Changed, golden.Change{Scenario: scenario})
	}
}

func stopping(id string) func(*Records) {
	return func(r *Records) { r.Stops = append(r.Stops, record.Reason{ID: id, Message: "x"}) }
}

const later = "2026-12-31"

// more are rules that keep these runs within the limits of what may be excused.
var more = []string{"bell-hangs", "bell-swings"}

// Each row is a run with a baseline: what is left of the reasons against it, and what is told as known.
func TestKnownFailures(t *testing.T) {
	r := green(t, more...)
	scenarios := r.Selection.Plan.Scenarios
	scenario := func(i int) string { return scenarios[i].Ref() }
	check := func(step int, id string) string { return scenarios[0].CheckRef(step, id) }
	refused := (&CoverageItem{Operation: "ring", Outcome: "refused", ReasonCode: floor, Declared: true}).Ref()
	undeclared := (&CoverageItem{Operation: "ring", Status: 409, Code: "OH", ReasonCode: "what"}).Ref()
	allowed, row := RuleRef("bell-is-allowed"), RowRef(scenarios[2].ID)
	entries := func(ids ...string) func(*Records) {
		return func(r *Records) {
			listing("", "")(r)
			r.Baseline.Known = nil
			for _, id := range ids {
				listing(id, later)(r)
			}
		}
	}
	tests := []struct {
		name  string
		spoil []func(*Records)
		exit  int
		left  []string // kinds of reasons
		known []string // short names
		count int
	}{
		{"an empty baseline", []func(*Records){entries()}, Holds, nil, nil, 0},

		// A scenario.
		{"a scenario, and the rule that follows", []func(*Records){failing(0), entries(scenario(0))}, Holds, nil, []string{scenario(0), allowed}, 1},
		{"at whichever sentence", []func(*Records){failing(0), entries(scenario(0)), func(r *Records) {
			r.Results[0] = record.Result{Status: record.Failed, Line: 5, Message: "another"}
		}}, Holds, nil, []string{scenario(0), allowed}, 1},
		{"a new failure beside it", []func(*Records){failing(0, 2), entries(scenario(0))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{scenario(0), allowed}, 1},
		{"a new check that fails in it", []func(*Records){unchecked("schema"), entries(scenario(0))}, Fails,
			[]string{"check-failed"}, []string{scenario(0), allowed}, 1},
		{"another scenario", []func(*Records){failing(0), entries(scenario(2))}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-outdated"}, nil, 0},
		{"its row does not excuse it", []func(*Records){failing(0), entries(RowRef(scenarios[0].ID))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, nil, 0},

		// Checks.
		{"a check, with all that follows", []func(*Records){unchecked("schema"), entries(check(1, "schema"))}, Holds, nil,
			[]string{scenario(0), check(1, "schema"), allowed}, 1},
		{"another check of the same sentence", []func(*Records){unchecked("schema"), unchecked("content-type"), entries(check(1, "schema"))}, Fails,
			[]string{"scenario-failed", "check-failed", "rule-unproved"}, []string{check(1, "schema")}, 1},
		{"the same check of another sentence", []func(*Records){unchecked("schema"), entries(check(0, "schema"))}, Fails,
			[]string{"scenario-failed", "check-failed", "rule-unproved", "baseline-outdated"}, nil, 0},
		{"a check, when a sentence fails too", []func(*Records){unchecked("schema"), failing(0), entries(check(1, "schema"))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{check(1, "schema")}, 1},
		{"a check that was not reached", []func(*Records){failing(0), unreached, entries(scenario(0), check(1, "schema"))}, Holds, nil,
			[]string{scenario(0), allowed}, 1},
		{"a check that holds again", []func(*Records){failing(0), entries(scenario(0), check(1, "schema"))}, Fails,
			[]string{"baseline-outdated"}, []string{scenario(0), allowed}, 1},
		{"a check on an answer outside of any scenario", []func(*Records){func(r *Records) {
			outside := *r.Exchanges[0]
			outside.Mark, outside.Checks = record.Mark{Scenario: -1}, []record.CheckResult{{Check: "schema", Status: record.CheckFailed, Message: "not well"}}
			r.Exchanges = append(r.Exchanges, &outside)
		}, entries()}, Fails, []string{"check-failed"}, nil, 0},

		// What was not seen.
		{"what was not observed follows from nothing", []func(*Records){failing(0), unobserved, entries(scenario(0))}, Fails,
			[]string{"cell-unobserved", "floor-unobserved"}, []string{scenario(0), allowed}, 1},
		{"what was not observed, listed, but for the floor", []func(*Records){failing(0), unobserved, entries(scenario(0), refused, ReasonCodeRef(floor))}, Fails,
			[]string{"floor-unobserved"}, []string{scenario(0), refused, allowed}, 2},
		{"what was observed again", []func(*Records){entries(refused, allowed)}, Fails,
			[]string{"baseline-outdated"}, nil, 0},
		{"what is not declared", []func(*Records){stray, entries(undeclared)}, Holds, nil, []string{undeclared}, 1},
		{"what is not declared, and not seen any more", []func(*Records){entries(undeclared)}, Fails, []string{"baseline-unknown"}, nil, 0},
		{"a rule without scenarios", []func(*Records){func(r *Records) {
			r.Milestone.Rules = append(r.Milestone.Rules, milestones.Rule{ID: "bell-shines", Kind: milestones.Invariant})
		}, entries(RuleRef("bell-shines"))}, Holds, nil, []string{RuleRef("bell-shines")}, 1},
		{"a rule that lacks more than what fails", []func(*Records){failing(0), func(r *Records) {
			r.Selection.Plan.Scenarios[1].Rule = "bell-rings" // the other side has no scenario
		}, entries(scenario(0))}, Fails, []string{"rule-unproved"}, []string{scenario(0)}, 1},
		{"a rule on both sides", []func(*Records){failing(0, 1), entries(scenario(0), scenario(1))}, Holds, nil,
			[]string{scenario(0), scenario(1), allowed}, 2},
		{"a rule of which one side is known", []func(*Records){failing(0, 1), entries(scenario(0))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{scenario(0)}, 1},

		// The output.
		{"a row that differs", []func(*Records){changed(scenarios[2].ID), entries(row)}, Holds, nil, []string{row}, 1},
		{"another row that differs", []func(*Records){changed(scenarios[2].ID), changed(scenarios[0].ID), entries(row)}, Fails,
			[]string{"output-differs"}, []string{row}, 1},
		{"a row that is as it was", []func(*Records){entries(row)}, Fails, []string{"baseline-outdated"}, nil, 0},

		// What no baseline excuses.
		{"interrupted", []func(*Records){failing(0), stopping("interrupted"), entries(scenario(0))}, Interrupted,
			[]string{"interrupted"}, []string{scenario(0), allowed}, 1},
		{"broken sentences", []func(*Records){func(r *Records) { r.Results[0] = record.Result{Status: record.InvalidStep, Message: "x"} }, entries(scenario(0))}, Broken,
			[]string{"sentence-broken", "rule-unproved"}, nil, 0},
		{"an unreachable target", []func(*Records){func(r *Records) { r.Results[0] = record.Result{Status: record.Unreached, Message: "x"} }, entries(scenario(0))}, Unreachable,
			[]string{"target-unreachable", "rule-unproved"}, nil, 0},
		{"a scenario that was left out", []func(*Records){leftOut, entries(scenario(1), RuleRef("bell-is-allowed"))}, Incomplete,
			[]string{"rule-unproved", "scenario-left-out"}, nil, 0},
		{"what may be seen when all is run", []func(*Records){leftOut, entries(undeclared)}, Incomplete,
			[]string{"rule-unproved", "scenario-left-out"}, nil, 0},

		// Days.
		{"an entry that expired", []func(*Records){failing(0), listing(scenario(0), "2026-02-21")}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-expired"}, nil, 0},
		{"its last day", []func(*Records){failing(0), listing(scenario(0), "2026-02-22")}, Holds, nil, []string{scenario(0), allowed}, 1},
		{"an entry that expired and holds", []func(*Records){listing(scenario(0), "2026-02-21")}, Fails, []string{"baseline-outdated"}, nil, 0},
		{"an entry that expired and was left out", []func(*Records){leftOut, listing(scenario(1), "2026-02-21")}, Fails,
			[]string{"rule-unproved", "baseline-expired", "scenario-left-out"}, nil, 0},
		{"an entry of another kind", []func(*Records){entries("x-0123456789")}, Fails, []string{"baseline-unknown"}, nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t, more...)
			for _, spoil := range test.spoil {
				spoil(&r)
			}
			v := Decide(r)
			var left, known []string
			for _, reason := range v.Reasons {
				left = append(left, reason.ID)
			}
			left = slices.Compact(left)
			for _, k := range v.known() {
				known = append(known, k.Ref)
			}
			if diff := cmp.Diff(left, test.left); diff != "" {
				t.Errorf("reasons left (-got +want):\n%s%+v", diff, v.Reasons)
			}
			if diff := cmp.Diff(known, test.known); diff != "" {
				t.Errorf("known (-got +want):\n%s", diff)
			}
			if v.Exit != test.exit || v.Overall != (test.exit == Holds) {
				t.Errorf("exit %d, overall %v, want exit %d", v.Exit, v.Overall, test.exit)
			}
			if got, want := v.KnownFailures(), fmt.Sprintf("known failures: %d (baseline known.yaml)", test.count); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if v.Rules[0].Known != v.IsKnown(allowed) || v.Rules[0].Proved && v.Rules[0].Known {
				t.Errorf("the rule: %+v", v.Rules[0])
			}
		})
	}
}

// What is written into a baseline makes the run green, whatever failed, within the limits. A reason code of the floor is not
// written.
func TestExcusable(t *testing.T) {
	tests := []struct {
		name  string
		spoil []func(*Records)
		want  []string // kinds
	}{
		{"nothing", nil, nil},
		{"a scenario", []func(*Records){failing(0)}, []string{"scenario-failed"}},
		{"a check", []func(*Records){unchecked("schema")}, []string{"check-failed"}},
		{"much", []func(*Records){failing(0, 2), func(r *Records) { r.Exchanges = r.Exchanges[:2] }, changed("features/bell.feature > yes")},
			[]string{"scenario-failed", "scenario-failed", "cell-unobserved", "output-differs"}},
		{"what is not declared", []func(*Records){stray}, []string{"cell-undeclared"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t, more...)
			for _, spoil := range test.spoil {
				spoil(&r)
			}
			v := Decide(r)
			var got []string
			for _, reason := range v.Excusable() {
				got = append(got, reason.ID)
				listing(reason.Ref, later)(&r)
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("excusable (-got +want):\n%s", diff)
			}
			if again := Decide(r); !again.Overall {
				t.Errorf("not green with all of them listed: %+v", again.Reasons)
			}
		})
	}
	for _, spoil := range []func(*Records){leftOut, stopping("interrupted"), stopping("not-started")} {
		r := green(t, more...)
		spoil(&r)
		v := Decide(r)
		if got := v.Excusable(); len(got) > 0 {
			t.Errorf("excusable: %+v", got)
		}
	}
}

// Each limit holds up to half, and not beyond it, whichever way a failed step is excused.
func TestLimits(t *testing.T) {
	rules := []string{"bell-hangs", "bell-swings"} // and two more; seven scenarios
	excuse := func(scenarios ...int) func(*Records) {
		return func(r *Records) {
			failing(scenarios...)(r)
			for _, i := range scenarios {
				listing(r.Selection.Plan.Scenarios[i].Ref(), later)(r)
			}
		}
	}
	tests := []struct {
		name  string
		spoil []func(*Records)
		want  []string // kinds of reasons
	}{
		{"three of seven scenarios, and two of four rules", []func(*Records){excuse(0, 3, 4)}, nil},
		{"four of seven scenarios", []func(*Records){excuse(2, 3, 4, 5)}, []string{"too-many-excused"}},
		{"three of four rules", []func(*Records){excuse(0, 2, 3, 4)}, []string{"too-many-excused", "too-few-proved"}},
		{"by their checks", []func(*Records){func(r *Records) {
			for i := 2; i < 6; i++ {
				x := *r.Exchanges[1]
				x.Mark, x.Checks = record.Mark{Scenario: i}, []record.CheckResult{{Check: "schema", Status: record.CheckFailed, Message: "not well"}}
				r.Exchanges = append(r.Exchanges, &x)
				r.Results[i] = record.Result{Status: record.Failed, Line: 5, Message: "schema", Checked: true}
				listing(r.Selection.Plan.Scenarios[i].CheckRef(0, "schema"), later)(r)
			}
		}}, []string{"too-many-excused"}},
		{"of a selection", []func(*Records){func(r *Records) {
			r.Selection.Scenarios = []int{2, 3}
			for _, i := range []int{0, 1, 4, 5, 6} {
				delete(r.Results, i)
			}
			excuse(2, 3)(r)
		}}, []string{"rule-unproved", "too-many-excused", "selection-incomplete"}},
		{"nothing excused, and nothing proved", []func(*Records){func(r *Records) {
			for i := range 7 {
				failing(i)(r)
			}
		}}, []string{"scenario-failed", "rule-unproved"}}, // each is a reason of its own
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t, rules...)
			for _, spoil := range test.spoil {
				spoil(&r)
			}
			v := Decide(r)
			var got []string
			for _, reason := range v.Reasons {
				got = append(got, reason.ID)
			}
			if diff := cmp.Diff(slices.Compact(got), test.want); diff != "" || v.Overall != (test.want == nil) {
				t.Errorf("overall %t, reasons (-got +want):\n%s%+v", v.Overall, diff, v.Reasons)
			}
		})
	}
}
