package verdict

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// listing gives a run a baseline with an entry.
func listing(name, expires string) func(*Records) {
	return listed(entry(name), expires)
}

// entry is for a scenario, or for a cause in one scenario.
func entry(name string) baseline.Entry {
	if strings.HasPrefix(name, "s-") {
		return baseline.Entry{Scenario: name}
	}
	return baseline.Entry{Cause: name, Count: 1}
}

func listed(e baseline.Entry, expires string) func(*Records) {
	return func(r *Records) {
		if r.Baseline == nil {
			r.Baseline = &baseline.Baseline{File: "known.yaml"}
		}
		e.Reason, e.Owner, e.Expires, e.Line = "It is known.", "me", expires, 2+4*len(r.Baseline.Known)
		r.Baseline.Known = append(r.Baseline.Known, e)
		r.Now = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)
	}
}

// The ways in which the records of these tests go wrong. Scenario 0 is the only one of its rule's side, and the only one whose
// request is refused.

func failing(places ...int) func(*Records) { return failingBy("step: a", places...) }

func failingBy(key string, places ...int) func(*Records) {
	return func(r *Records) {
		for _, place := range places {
			r.Results[place] = record.Result{
				Status: record.Failed, Line: r.Selection.Plan.Scenarios[place].Steps[0].Line, Message: "no", Cause: &cause.Cause{Key: key, Level: milestones.Core},
			}
		}
	}
}

// failedCheck is a check that failed, with one cause at level core.
func failedCheck(check string) record.CheckResult {
	return record.CheckResult{
		Check: check, Status: record.CheckFailed, Message: "not well", Causes: []cause.Cause{{Key: check + ": not well", Level: milestones.Core}},
	}
}

// unchecked fails a check on the first answer, which is to the second step of scenario 0.
func unchecked(check string) func(*Records) {
	return func(r *Records) {
		r.Results[0] = record.Result{Status: record.ChecksFailed, Line: 5, Message: check}
		r.Exchanges[0].Checks = append(r.Exchanges[0].Checks, failedCheck(check))
	}
}

// onlyFull makes the checks that failed ones of level full.
func onlyFull(r *Records) {
	for _, x := range r.Exchanges {
		for i := range x.Checks {
			for j := range x.Checks[i].Causes {
				x.Checks[i].Causes[j].Level = milestones.Full
			}
		}
	}
}

// atCore runs the records at level core.
func atCore(r *Records) { r.Selection.Filter.Level = milestones.Core }

// unobserved refuses scenario 0 without the required reason code.
func unobserved(r *Records) { r.Exchanges[0].Covered = []milestones.CoverageItem{{Outcome: "locked"}} }

// unlocked leaves the outcome locked, which scenario 2 shows, unobserved.
func unlocked(r *Records) { r.Exchanges[2].Covered = nil }

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
		r.Output.Changed = append(r.Output.Changed, golden.Change{Scenario: scenario, Line: 1, Want: "ring 200", Got: "ring 423 LOCKED"})
	}
}

func stopping(id string) func(*Records) {
	return func(r *Records) { r.Stops = append(r.Stops, record.Reason{ID: id, Message: "x"}) }
}

const later = "2026-12-31"

// more are rules that keep these runs within the limits of what may be excused.
var more = []string{"bell-hangs", "bell-swings"}

// Each row is a run with a baseline: what is left of the reasons against it, and which entries occur.
func TestKnownFailures(t *testing.T) {
	r := green(t, more...)
	scenarios := r.Selection.Plan.Scenarios
	scenario := func(i int) string { return scenarios[i].Ref() }
	const step, row = "step: a", "output: expected 200, observed 423 LOCKED"
	const schema, contentType = "schema: not well", "content-type: not well"
	entries := func(names ...string) func(*Records) {
		return func(r *Records) {
			listing("", "")(r)
			r.Baseline.Known = nil
			for _, name := range names {
				listing(name, later)(r)
			}
		}
	}
	tests := []struct {
		name  string
		spoil []func(*Records)
		exit  int
		left  []string // kinds of reasons
		known []string // entries that occur
	}{
		{"an empty baseline", []func(*Records){entries()}, Holds, nil, nil},

		// A scenario.
		{"a scenario, and the rule that follows", []func(*Records){failing(0), entries(scenario(0))}, Holds, nil, []string{scenario(0)}},
		{"with whichever cause", []func(*Records){failingBy("step: b", 0), entries(scenario(0))}, Holds, nil, []string{scenario(0)}},
		{"with several causes", []func(*Records){unchecked("schema"), unchecked("content-type"), failing(0), entries(scenario(0))}, Holds, nil, []string{scenario(0)}},
		{"a new failure beside it", []func(*Records){failing(0, 2), entries(scenario(0))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{scenario(0)}},
		{"another scenario", []func(*Records){failing(0), entries(scenario(2))}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-outdated"}, nil},

		// Causes.
		{"the cause of a step", []func(*Records){failing(0), entries(step)}, Holds, nil, []string{step}},
		{"another cause", []func(*Records){failingBy("step: b", 0), entries(step)}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-outdated"}, nil},
		{"in more scenarios than expected", []func(*Records){failing(0, 2), entries(step)}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{step}},
		{"in fewer scenarios than expected", []func(*Records){failing(0), listed(baseline.Entry{Cause: step, Count: 5}, later)}, Holds, nil, []string{step}},
		{"on another operation", []func(*Records){unchecked("schema"), listed(baseline.Entry{Cause: schema, Count: 1, Operations: []string{"unrouted"}}, later)}, Fails,
			[]string{"check-failed", "rule-unproved", "baseline-outdated"}, nil},
		{"on an operation that does not exist", []func(*Records){unchecked("schema"), listed(baseline.Entry{Cause: schema, Count: 1, Operations: []string{"rings"}}, later)}, Fails,
			[]string{"check-failed", "rule-unproved", "baseline-unknown"}, nil},
		{"with a rule that does not exist", []func(*Records){failing(0), listed(baseline.Entry{Cause: step, Count: 1, Rules: []string{"bell-sings"}}, later)}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-unknown"}, nil},
		{"a cause that does not occur, beside what was left out as declared", []func(*Records){leftOut, func(r *Records) { r.Selection.Declared = []string{"rope"} }, entries(schema)}, Fails,
			[]string{"baseline-outdated"}, nil},
		{"on this operation", []func(*Records){unchecked("schema"), listed(baseline.Entry{Cause: schema, Count: 1, Operations: []string{"unrouted", "ring"}}, later)}, Holds,
			nil, []string{schema}},
		{"in a scenario of another rule", []func(*Records){failing(0, 2), listed(baseline.Entry{Cause: step, Count: 2, Rules: []string{"bell-is-allowed"}}, later)}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{step}},
		{"a check, and the rule that follows", []func(*Records){unchecked("schema"), entries(schema)}, Holds, nil, []string{schema}},
		{"another check", []func(*Records){unchecked("schema"), unchecked("content-type"), entries(schema)}, Fails,
			[]string{"check-failed", "rule-unproved"}, []string{schema}},
		{"two checks", []func(*Records){unchecked("schema"), unchecked("content-type"), entries(schema, contentType)}, Holds, nil, []string{schema, contentType}},
		{"a check, when a step fails too", []func(*Records){unchecked("schema"), failing(0), entries(schema)}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{schema}},
		{"a check that passes again", []func(*Records){failing(0), entries(scenario(0), schema)}, Fails, []string{"baseline-outdated"}, []string{scenario(0)}},
		{"a check on an answer outside of any scenario", []func(*Records){func(r *Records) {
			outside := *r.Exchanges[0]
			outside.Mark, outside.Checks = record.Mark{Scenario: -1}, []record.CheckResult{failedCheck("schema")}
			r.Exchanges = append(r.Exchanges, &outside)
		}, entries()}, Fails, []string{"check-failed"}, nil},

		// Levels.
		{"a check of level full, which proves the rule", []func(*Records){unchecked("schema"), onlyFull, entries()}, Fails, []string{"check-failed"}, nil},
		{"a check of level full, at core", []func(*Records){unchecked("schema"), onlyFull, atCore, entries()}, Holds, nil, nil},
		{"an entry of level full, at core", []func(*Records){listed(baseline.Entry{Cause: schema, Count: 1, Level: milestones.Full}, later), atCore}, Holds, nil, nil},
		{"an entry of level full, at full", []func(*Records){listed(baseline.Entry{Cause: schema, Count: 1, Level: milestones.Full}, later)}, Fails, []string{"baseline-outdated"}, nil},

		// What was not observed.
		{"an outcome that no excused scenario shows", []func(*Records){failing(0), unlocked, entries(scenario(0)), func(r *Records) {
			r.Golden = &golden.Document{Scenarios: []golden.Row{{Scenario: scenarios[0].ID, Answers: []string{"ring 400 NO " + floor}}}}
		}}, Fails, []string{"cell-unobserved"}, []string{scenario(0)}},
		{"an outcome that an excused scenario shows", []func(*Records){failing(2), unlocked, entries(scenario(2)), func(r *Records) {
			r.Golden = &golden.Document{Scenarios: []golden.Row{{Scenario: scenarios[2].ID, Answers: []string{"ring 423 LOCKED"}}}}
		}}, Holds, nil, []string{scenario(2)}},
		{"a required reason code", []func(*Records){failing(0), unobserved, entries(scenario(0))}, Fails, []string{"floor-unobserved"}, []string{scenario(0)}},
		{"a rule without scenarios", []func(*Records){func(r *Records) {
			r.Milestone.Rules = append(r.Milestone.Rules, milestones.Rule{ID: "bell-shines", Kind: milestones.Invariant})
		}, failing(0), entries(scenario(0))}, Fails, []string{"rule-unproved"}, []string{scenario(0)}},
		{"a rule that lacks more than what fails", []func(*Records){failing(0), func(r *Records) {
			r.Selection.Plan.Scenarios[1].Rule = "bell-rings" // the other side has no scenario
		}, entries(scenario(0))}, Fails, []string{"rule-unproved"}, []string{scenario(0)}},
		{"a rule on both sides", []func(*Records){failing(0, 1), entries(scenario(0), scenario(1))}, Holds, nil, []string{scenario(0), scenario(1)}},
		{"a rule of which one side is known", []func(*Records){failing(0, 1), entries(scenario(0))}, Fails,
			[]string{"scenario-failed", "rule-unproved"}, []string{scenario(0)}},

		// The output.
		{"a row that differs", []func(*Records){changed(scenarios[2].ID), entries(row)}, Holds, nil, []string{row}},
		{"two rows that differ", []func(*Records){changed(scenarios[2].ID), changed(scenarios[0].ID), entries(row)}, Fails,
			[]string{"output-differs"}, []string{row}},
		{"a row of a scenario with a failed check", []func(*Records){unchecked("schema"), changed(scenarios[0].ID), entries(schema)}, Holds, nil, []string{schema}},
		{"a row that is as it was", []func(*Records){entries(row)}, Fails, []string{"baseline-outdated"}, nil},

		// What no baseline excuses.
		{"interrupted", []func(*Records){failing(0), stopping("interrupted"), entries(scenario(0))}, Interrupted,
			[]string{"interrupted"}, []string{scenario(0)}},
		{"invalid steps", []func(*Records){func(r *Records) { r.Results[0] = record.Result{Status: record.InvalidStep, Message: "x"} }, entries(scenario(0))}, Broken,
			[]string{"sentence-broken", "rule-unproved"}, nil},
		{"an unreachable target", []func(*Records){func(r *Records) { r.Results[0] = record.Result{Status: record.Unreached, Message: "x"} }, entries(scenario(0))}, Unreachable,
			[]string{"target-unreachable", "rule-unproved"}, nil},
		{"a scenario that was left out", []func(*Records){leftOut, entries(scenario(1))}, Incomplete,
			[]string{"rule-unproved", "scenario-left-out"}, nil},
		{"a cause that may occur when all is run", []func(*Records){leftOut, entries(schema)}, Incomplete,
			[]string{"rule-unproved", "scenario-left-out"}, nil},

		// Days.
		{"an entry that expired", []func(*Records){failing(0), listing(scenario(0), "2026-02-21")}, Fails,
			[]string{"scenario-failed", "rule-unproved", "baseline-expired"}, []string{scenario(0)}},
		{"its last day", []func(*Records){failing(0), listing(scenario(0), "2026-02-22")}, Holds, nil, []string{scenario(0)}},
		{"an entry that expired and passes", []func(*Records){listing(scenario(0), "2026-02-21")}, Fails, []string{"baseline-outdated"}, nil},
		{"an entry that expired and was left out", []func(*Records){leftOut, listing(scenario(1), "2026-02-21")}, Fails,
			[]string{"rule-unproved", "baseline-expired", "scenario-left-out"}, nil},
		{"a scenario that does not exist", []func(*Records){entries("s-0123456789")}, Fails, []string{"baseline-unknown"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t, more...)
			for _, spoil := range test.spoil {
				spoil(&r)
			}
			v := decideOn(r)
			var left, known []string
			for _, reason := range v.Reasons {
				left = append(left, reason.ID)
			}
			for _, k := range v.Known.Entries {
				known = append(known, k.Scenario+k.Cause)
			}
			if diff := cmp.Diff(slices.Compact(left), test.left); diff != "" {
				t.Errorf("reasons left (-got +want):\n%s%+v", diff, v.Reasons)
			}
			if diff := cmp.Diff(known, test.known); diff != "" {
				t.Errorf("known (-got +want):\n%s", diff)
			}
			if v.Exit != test.exit || v.Overall != (test.exit == Holds) {
				t.Errorf("exit %d, overall %v, want exit %d", v.Exit, v.Overall, test.exit)
			}
			if got, want := v.Known.Message, fmt.Sprintf("known failures: %d (baseline known.yaml)", len(test.known)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if v.Rules[0].Proved && v.Rules[0].Known {
				t.Errorf("the rule: %+v", v.Rules[0])
			}
		})
	}
}

// The entries that a verdict suggests make the run green, whatever failed, within the limits.
func TestEntries(t *testing.T) {
	tests := []struct {
		name  string
		spoil []func(*Records)
		want  []string
	}{
		{"nothing", nil, nil},
		{"a step", []func(*Records){failing(0)}, []string{"step: a 1 [bell-is-allowed]"}},
		{"a step in two scenarios", []func(*Records){failing(0, 2)}, []string{"step: a 2 [bell-is-allowed bell-rings]"}},
		{"a check", []func(*Records){unchecked("schema")}, []string{"schema: not well 1 []"}},
		{"a check of level full", []func(*Records){unchecked("schema"), onlyFull}, []string{"schema: not well 1 [] full"}},
		{"much", []func(*Records){failing(0, 2), unchecked("schema"), changed("features/bell.feature > yes")},
			[]string{"step: a 1 [bell-rings]", "schema: not well 1 []", "output: expected 200, observed 423 LOCKED 1 [bell-is-allowed]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t, more...)
			for _, spoil := range test.spoil {
				spoil(&r)
			}
			v := decideOn(r)
			var got []string
			for _, e := range v.Entries() {
				got = append(got, strings.TrimSpace(fmt.Sprint(e.Cause, " ", e.Count, " ", e.Rules, " ", e.Level)))
				listed(e, later)(&r)
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("entries (-got +want):\n%s", diff)
			}
			if again := decideOn(r); !again.Overall {
				t.Errorf("not green with all of them listed: %+v", again.Reasons)
			}
		})
	}
}

// A failed step and the failed checks on the answer that it looks at are one cause.
func TestOneFailureHasOneCause(t *testing.T) {
	check := func(id string, pointer jsontext.Pointer, level milestones.Level) record.CheckResult {
		return record.CheckResult{Check: id, Status: record.CheckFailed, Causes: []cause.Cause{{Key: id + ": x", Level: level, Pointer: pointer}}}
	}
	tests := []struct {
		name  string
		step  cause.Cause
		check record.CheckResult
		want  []string
	}{
		{"another outcome, which is not declared", cause.Cause{Key: "outcome: expected 200, observed 500", Level: milestones.Core},
			check("declared-outcome", "", milestones.Core), []string{"outcome: expected 200, observed 500"}},
		{"another outcome, and another check", cause.Cause{Key: "outcome: expected 200, observed 400", Level: milestones.Core},
			check("schema", "/x", milestones.Core), []string{"outcome: expected 200, observed 400", "schema: x"}},
		{"a value that is missing by the schema too", cause.Cause{Key: "body: /x/y missing", Level: milestones.Core, Pointer: "/x/y"},
			check("schema", "/x", milestones.Core), []string{"schema: x"}},
		{"another value", cause.Cause{Key: "body: /xy missing", Level: milestones.Core, Pointer: "/xy"},
			check("schema", "/x", milestones.Core), []string{"body: /xy missing", "schema: x"}},
		{"a check that core does not require", cause.Cause{Key: "body: /x missing", Level: milestones.Core, Pointer: "/x"},
			check("schema", "/x", milestones.Full), []string{"body: /x missing", "schema: x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t)
			r.Results[0] = record.Result{Status: record.Failed, Line: 5, Cause: &test.step}
			r.Exchanges[0].Checks = []record.CheckResult{test.check}
			var got []string
			v := decideOn(r)
			for _, c := range v.Causes {
				got = append(got, c.Key)
			}
			slices.Sort(got)
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("causes (-got +want):\n%s", diff)
			}
		})
	}
}

// A cause has the rule first of which it fails the largest share.
// A step may look at an answer that is not the last one of its scenario.
func TestCheckOfAnEarlierAnswerExplainsAStep(t *testing.T) {
	r := green(t)
	r.Results[0] = record.Result{Status: record.Failed, Line: 6, Cause: &cause.Cause{Key: "body: /x differs", Level: milestones.Core, Pointer: "/x"}}
	r.Exchanges[0].Checks = []record.CheckResult{
		{Check: "schema", Status: record.CheckFailed, Causes: []cause.Cause{{Key: "schema: required /x", Level: milestones.Core, Pointer: "/x"}}},
	}
	later := *r.Exchanges[1]
	later.Mark = record.Mark{Scenario: 0, Step: 2}
	r.Exchanges = append(r.Exchanges, &later)
	if v := decideOn(r); len(v.Causes) != 1 || v.Causes[0].Key != "schema: required /x" {
		t.Errorf("got the causes %+v, want that of the check alone", v.Causes)
	}
}

func TestCauses(t *testing.T) {
	r := green(t, "bell-hangs") // which has two scenarios, as bell-is-allowed
	failing(0, 2, 3, 4)(&r)
	unchecked("schema")(&r)
	v := decideOn(r)
	if len(v.Causes) != 2 {
		t.Fatalf("%d causes: %+v", len(v.Causes), v.Causes)
	}
	c := v.Causes[0]
	if diff := cmp.Diff(c.Rules, []string{"bell-hangs", "bell-rings"}); diff != "" || c.Count != 3 || c.Reason != "scenario-failed" || c.Key != "step: a" {
		t.Errorf("the biggest cause: %+v, rules (-got +want):\n%s", c, diff)
	}
	if c := v.Causes[1]; c.Count != 1 || c.Example.Exchange != 1 || c.Example.Scenario != "features/bell.feature > no" || len(c.Operations) != 1 {
		t.Errorf("the other cause: %+v", c)
	}
	if want := "step: a: 3 scenarios of @bell-hangs, @bell-rings"; v.Reasons[0].Message != want {
		t.Errorf("the first reason is %q, want %q", v.Reasons[0].Message, want)
	}
}

// Causes are the biggest first. The reasons begin with those that are likeliest to name the rule that is broken.
func TestOrderOfReasons(t *testing.T) {
	asserting := func(key string, places ...int) func(*Records) {
		return func(r *Records) {
			failingBy(key, places...)(r)
			for _, place := range places {
				result, steps := r.Results[place], r.Selection.Plan.Scenarios[place].Steps
				result.Line = steps[len(steps)-1].Line
				r.Results[place] = result
			}
		}
	}
	tests := []struct {
		name            string
		records         []func(*Records)
		causes, reasons []string
	}{
		{"by their number", []func(*Records){asserting("step: a", 0), asserting("step: b", 1, 2)}, []string{"step: b", "step: a"}, []string{"step: b", "step: a"}},
		{"assertions first", []func(*Records){failingBy("step: a", 0, 1), asserting("step: b", 2)}, []string{"step: a", "step: b"}, []string{"step: b", "step: a"}},
		{
			"what the baseline does not have first", []func(*Records){asserting("step: a", 0, 1), asserting("step: b", 2), listing("step: a", "2026-12-31")},
			[]string{"step: a", "step: b"}, []string{"step: b", "step: a"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := green(t)
			for i := range r.Selection.Plan.Scenarios {
				scenario := &r.Selection.Plan.Scenarios[i]
				scenario.Steps = append([]plan.Step{{Line: 1, Keyword: "Given ", Text: "a"}}, scenario.Steps...)
			}
			for _, change := range test.records {
				change(&r)
			}
			v := decideOn(r)
			var causes, reasons []string
			for _, c := range v.Causes {
				causes = append(causes, c.Key)
			}
			for _, reason := range v.Reasons {
				if reason.Cause != "" {
					reasons = append(reasons, reason.Cause)
				}
			}
			if !slices.Equal(causes, test.causes) || !slices.Equal(reasons, test.reasons) {
				t.Errorf("got the causes %q and the reasons %q, want %q and %q", causes, reasons, test.causes, test.reasons)
			}
		})
	}
}

// A verdict at level full has the one at level core beside it.
func TestCoreVerdict(t *testing.T) {
	r := green(t)
	unchecked("schema")(&r)
	onlyFull(&r)
	v := decideOn(r)
	if v.Overall || v.Core == nil || !v.Core.Overall || v.Core.Passed != 3 || v.Core.Proved != 2 || v.Core.Observed != 3 {
		t.Errorf("overall %t, core %+v", v.Overall, v.Core)
	}
	r.Selection.Plan.Scenarios[2].Level, r.Milestone.Rules[1].Level = milestones.Full, milestones.Full
	failing(2)(&r)
	if v := decideOn(r); !v.Core.Overall || v.Core.Scenarios != 2 || v.Core.Rules != 1 {
		t.Errorf("with a scenario of level full: core %+v", v.Core)
	}
	atCore(&r)
	r.Selection.NotAtLevel, r.Selection.Scenarios = []int{2}, []int{0, 1}
	delete(r.Results, 2)
	if v := decideOn(r); !v.Overall || v.Core != nil || v.Scenarios[record.NotAtLevel] != 1 || v.NotVerified.Any() || !v.Complete {
		t.Errorf("at core: overall %t, core %+v, scenarios %v, not verified %s: %v", v.Overall, v.Core, v.Scenarios, v.NotVerified, v.Reasons)
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
		{"by their cause", []func(*Records){failing(2, 3, 4, 5), listed(baseline.Entry{Cause: "step: a", Count: 4}, later)}, []string{"too-many-excused"}},
		{"failed checks, which end no scenario", []func(*Records){func(r *Records) {
			for i := 2; i < 6; i++ {
				x := *r.Exchanges[1]
				x.Mark, x.Checks = record.Mark{Scenario: i}, []record.CheckResult{failedCheck("schema")}
				r.Exchanges = append(r.Exchanges, &x)
				r.Results[i] = record.Result{Status: record.ChecksFailed, Line: 5, Message: "schema"}
			}
		}, onlyFull, listed(baseline.Entry{Cause: "schema: not well", Count: 4}, later)}, nil},
		{"of a selection", []func(*Records){func(r *Records) {
			r.Selection.Scenarios = []int{2, 3}
			for _, i := range []int{0, 1, 4, 5, 6} {
				delete(r.Results, i)
			}
			excuse(2, 3)(r)
		}}, []string{"rule-unproved", "too-many-excused", "too-few-proved", "selection-incomplete"}},
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
			v := decideOn(r)
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
