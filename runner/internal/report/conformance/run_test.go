package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
)

// exampleRun is a run at level full with a rule of each status.
func exampleRun() (*record.Run, *verdict.Verdict) {
	run := &record.Run{Info: record.Info{
		Milestone: "M1", Title: "Toys", Target: "https://toys.example", Implementation: "harbour", ImplementationVersion: "1.0",
		Capabilities: []string{"test-clock"}, Contract: "0123456789abcdef",
	}}
	return run, &verdict.Verdict{
		Milestone: "M1", Level: milestones.Full, FinishedAt: "2026-11-30T16:00:00.000Z", Exit: verdict.Fails,
		Core:      &verdict.CoreVerdict{Overall: true, Rules: 2, Proved: 1, Outcomes: 1, Observed: 1, Scenarios: 5, Passed: 4},
		Reasons:   []record.Reason{{ID: "check-failed"}},
		Selection: verdict.Selection{Planned: 13, Selected: 10, Skipped: 3},
		Scenarios: map[record.Status]int{record.Passed: 7, record.Failed: 1, record.ChecksFailed: 2, record.SkippedByCapability: 3},
		Skipped:   []verdict.Gap{{Capability: "key-set", Declared: true}},
		Known: &verdict.KnownFailures{Entries: []verdict.Known{
			{Cause: "schema: required /a", Count: 4, Seen: 3, Because: "Later.", Owner: "payments", Expires: "2026-12-31"},
			{Scenario: "s-0123456789", Count: 1, Seen: 1, Because: "Known.", Owner: "audit", Expires: "2027-01-31"},
		}},
		Rules: []verdict.Rule{
			{ID: "a", Level: milestones.Core, Proved: true}, {ID: "b", Level: milestones.Core, Known: true},
			{ID: "c", Level: milestones.Full, Skipped: true}, {ID: "d", Level: milestones.Full},
		},
		Coverage: []verdict.CoverageItem{
			{Declared: true, Level: milestones.Core, Observed: 1}, {Declared: true, Level: milestones.Full}, {Observed: 1},
		},
	}
}

func TestNew(t *testing.T) {
	run, v := exampleRun()
	want := &Report{
		Implementation: Implementation{text("harbour"), text("1.0")}, Contract: Contract{"M1", "Toys", text("0123456789abcdef")},
		Level: "full", FinishedAt: "2026-11-30T16:00:00.000Z", Complete: true,
		Core: Statistics{true, 2, 1, 1, 1, 5, 4}, Full: &Statistics{false, 4, 1, 2, 1, 13, 7},
		Capabilities: []string{"test-clock"}, NotVerified: []string{"key-set"},
		Known: []KnownDifference{
			{"schema: required /a", 3, "Later.", "payments", "2026-12-31"}, {"s-0123456789", 1, "Known.", "audit", "2027-01-31"},
		},
		Rules: []Rule{{"a", "core", Proved}, {"b", "core", Known}, {"c", "full", NotVerified}, {"d", "full", Unproved}},
	}
	if diff := cmp.Diff(want, New(run, v), cmpopts.IgnoreUnexported(Report{})); diff != "" {
		t.Errorf("full (-want +got):\n%s", diff)
	}

	v.Level, v.Core = milestones.Core, nil
	v.Scenarios[record.NotAtLevel], v.Selection.NotAtLevel = 100, 100
	v.Selection.Planned += 100
	want.Level, want.Full, want.Core = "core", nil, Statistics{false, 2, 1, 1, 1, 13, 7}
	want.Rules[3].Status = NotVerified
	if diff := cmp.Diff(want, New(run, v), cmpopts.IgnoreUnexported(Report{})); diff != "" {
		t.Errorf("core (-want +got):\n%s", diff)
	}
}

// A run is complete if all of it was selected, and nothing but violations are found.
func TestComplete(t *testing.T) {
	run, v := exampleRun()
	v.Reasons = append(v.Reasons, record.Reason{ID: "scenario-left-out"})
	if New(run, v).Complete {
		t.Error("a run with a capability that is neither declared present nor absent is complete")
	}
	run, v = exampleRun()
	v.Selection.Planned++
	if New(run, v).Complete {
		t.Error("a run of a selection is complete")
	}
}

// A run that broke off, and one without an implementation's name, have valid reports.
func TestReportsAreValid(t *testing.T) {
	schema, _ := schemas.Embedded().Lookup("Conformance")
	run, v := exampleRun()
	for name, try := range map[string]struct {
		run     *record.Run
		verdict *verdict.Verdict
	}{
		"full": {run, v},
		"broke off": {&record.Run{Info: record.Info{Milestone: "M1", Target: record.BuiltIn}},
			&verdict.Verdict{FinishedAt: "2026-11-30T16:00:00.000Z", Reasons: []record.Reason{{ID: "run-broke-off"}}}},
	} {
		encoded, err := Encode(try.run, try.verdict)
		if err != nil {
			t.Fatal(err)
		}
		document, err := schemas.Read(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if violations := schema.Validate(document.Value); len(violations) > 0 {
			t.Errorf("%s: %v\n%s", name, violations, encoded)
		}
	}
}
