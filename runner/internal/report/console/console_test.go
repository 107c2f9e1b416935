package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
)

// example is a run with a scenario that failed a check, one that failed a step, one with an undefined step, and three causes.
func example() (*record.Run, *verdict.Verdict) {
	planned := func(name string, line int, steps ...plan.Step) *plan.Scenario {
		return &plan.Scenario{ID: "features/bell.feature > " + name, URI: "features/bell.feature", Line: line, Name: name, Tags: []string{"@bell-rings"}, Rule: "bell-rings", Steps: steps}
	}
	ring := plan.Step{Line: 4, Keyword: "When", Text: "I ring"}
	check := record.CheckResult{Check: "schema", Status: record.CheckFailed, Message: "the body is not valid by Ring", Violations: []schemas.Violation{
		{InstancePath: "/ok", SchemaPath: "/properties/ok/type", Keyword: "type", Message: "must be a boolean, not a string"},
		{InstancePath: "", SchemaPath: "/required", Keyword: "required", Message: `lacks member "n"`},
	}}
	exchange := &record.Exchange{
		Operation: "bell.ring",
		Request: record.Request{
			Method: "POST", Target: "/bell", Header: http.Header{"X-Partner-Key": {record.Redacted}, "Content-Type": {"application/json"}}, Body: []byte(`{"n":1}`),
		},
		Response: &record.Response{Status: 200, Header: http.Header{"Date": {"now"}, "X-Correlation-Id": {"c1"}}, Body: []byte(`{"ok":"yes"}`)},
		Checks:   []record.CheckResult{{Check: "no-5xx"}, {Check: "correlation-id", Status: record.CheckFailed, Message: "another"}, check},
	}
	other := &record.Exchange{
		Operation: "bell.ring", Failure: "connection refused",
		Request: record.Request{Method: "POST", Target: "/bell", Header: http.Header{}},
	}
	checked, failed := planned("loud", 3, ring), planned("soft", 7, plan.Step{Line: 8, Keyword: "Then", Text: "the answer is 400"})
	undefined := planned("mute", 12, plan.Step{Line: 13, Keyword: "When", Text: "I sing"})
	run := &record.Run{
		Info: record.Info{Milestone: "T1", Repro: " --target URL"},
		Scenarios: []*record.Scenario{
			{Scenario: checked, Result: record.Result{Status: record.ChecksFailed, Line: 4}, Exchanges: []*record.Exchange{exchange}, Failure: &record.Failure{
				Scenario: checked, Status: record.ChecksFailed, Step: 0, Exchange: exchange, Start: "serve it",
				Checks: []record.FailedCheck{{Result: exchange.Checks[1], Exchange: exchange}, {Result: check, Exchange: exchange}},
			}},
			{Scenario: failed, Result: record.Result{Status: record.Failed, Line: 8}, Exchanges: []*record.Exchange{other}, Failure: &record.Failure{
				Scenario: failed, Status: record.Failed, Step: 0, Message: "the answer is 400", Expected: "400", Got: "200", Diff: "-  400\n+  200", Exchange: other,
			}},
			{Scenario: undefined, Result: record.Result{Status: record.Undefined, Line: 13}, Failure: &record.Failure{
				Scenario: undefined, Status: record.Undefined, Step: 0, Undefined: []record.UndefinedStep{{Step: 0, Nearest: []string{"I ring", "I ring <number> times"}}},
			}},
		},
	}
	v := &verdict.Verdict{
		Milestone: "T1", Title: "A bell", Target: record.BuiltIn, Level: milestones.Full, Exit: verdict.Broken, Complete: true,
		Core:      &verdict.CoreVerdict{Overall: true, Scenarios: 2, Passed: 2, Rules: 1, Proved: 1},
		Scenarios: map[record.Status]int{record.Failed: 1, record.ChecksFailed: 2, record.Undefined: 1},
		Selection: verdict.Selection{Planned: 4, Repeat: 1},
		Exchanges: verdict.Counts{Total: 2, ChecksPassed: 1, ChecksFailed: 2},
		Rules:     []verdict.Rule{{ID: "bell-rings"}},
		Causes: []verdict.Cause{
			{
				Key: "schema: type /ok", Level: milestones.Full, Reason: "check-failed", Count: 2,
				Rules: []string{"bell-rings", "bell-is-loud", "c", "d", "e"}, Operations: []string{"bell.ring"}, Scenarios: []string{checked.Ref(), "s-1"},
				Example: verdict.Example{
					Scenario: checked.ID, Ref: checked.Ref(), Where: "features/bell.feature:4", Message: "bell.ring, schema: /ok", Exchange: 1,
					Curl: []string{"curl -sS -i -X POST http://t/bell"},
				},
			},
			{
				Key: "outcome: expected 400, observed 200", Level: milestones.Core, Reason: "scenario-failed", Count: 1,
				Rules: []string{"bell-rings"}, Operations: []string{"bell.ring", "bell.stop"}, Scenarios: []string{failed.Ref()},
				Example: verdict.Example{Scenario: failed.ID, Ref: failed.Ref(), Where: "features/bell.feature:8", Message: "the answer is 400", Exchange: 2},
			},
			{Key: "correlation-id: another", Level: milestones.Full, Reason: "check-failed", Known: true, Count: 1, Scenarios: []string{checked.Ref()}},
		},
		Known: &verdict.KnownFailures{Message: "known failures: 1 (baseline known.yaml)", Baseline: "known.yaml", Entries: []verdict.Known{
			{Cause: "correlation-id: another", Count: 3, Seen: 1, Because: "It is known.", Owner: "bells", Expires: "2026-12-31"},
		}},
		Reasons: []record.Reason{
			{ID: "sentence-undefined", Scenario: undefined.Ref(), Message: "features/bell.feature > mute: undefined", Where: "features/bell.feature:13"},
			{ID: "check-failed", Cause: "schema: type /ok", Message: "schema: type /ok: 2 scenarios"},
			{ID: "scenario-failed", Cause: "outcome: expected 400, observed 200", Message: "outcome"},
			{ID: "rule-unproved", Message: "@bell-rings: no scenario that keeps it passed", Where: "bell-rings", Ref: "r-1"},
		},
	}
	return run, v
}

func page(run *record.Run, v *verdict.Verdict, o Options) string {
	var b bytes.Buffer
	Summary(&b, run, v, o)
	return b.String()
}

// refs replaces the short ids of scenarios by their names.
func refs(run *record.Run, text string) string {
	for _, s := range run.Scenarios {
		text = strings.ReplaceAll(text, s.Ref(), "s-"+s.Name)
	}
	return text
}

func TestSummary(t *testing.T) {
	run, v := example()
	want := `T1: A bell
against the built-in fake server

causes, the biggest first:
  2 scenarios  schema: type /ok  (full)
               @bell-rings, @bell-is-loud, @c and 2 more rules; bell.ring; s-loud
   1 scenario  outcome: expected 400, observed 200
               @bell-rings; 2 operations; s-soft

--- CHECKS FAILED  features/bell.feature:3
    loud
    @bell-rings
    features/bell.feature:4: When I ring
      check schema: the body is not valid by Ring
        at /ok: must be a boolean, not a string
          by /properties/ok/type
        at the root: lacks member "n"
          by /required
      the exchange, line 1 of exchanges.ndjson:
        > POST /bell
        > Content-Type: application/json
        > X-Partner-Key: [redacted]
        > {"n":1}
        < 200
        < X-Correlation-Id: c1
        < {"ok":"yes"}
      to send it again, after what the scenario sent before it (start it with: serve it):
        curl -sS -i -X POST http://t/bell
      repro   runner repro s-loud --target URL
      cause   runner explain 'schema: type /ok' --out artifacts/T1

--- UNDEFINED  features/bell.feature:12
    mute
    @bell-rings
    features/bell.feature:13: When I sing
      undefined step
      the nearest steps are:
        I ring
        I ring <number> times

scenarios   1 failed, 2 checks failed, 1 undefined
exchanges   2, with 1 checks passed and 2 failed
level       full; at core overall=true, with 0 causes
rules       0 of 1 proved
outcomes    0 of 0 observed
floor       0 of 0 reason codes observed

known failures: 1 (baseline known.yaml)
  1 of 3, until 2026-12-31, bells: correlation-id: another

reasons:
  sentence-undefined    features/bell.feature:13: features/bell.feature > mute: undefined
  rule-unproved         r-1  @bell-rings: no scenario that keeps it passed

artifacts   artifacts/T1

Next: this.

`
	if diff := cmp.Diff(want, refs(run, page(run, v, Options{Folder: "artifacts/T1", Explain: " --out artifacts/T1", Hint: "Next: this."}))); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
}

// The example of a failed step has what the step compared, and not the checks that failed beside it.
func TestExampleOfAFailedStep(t *testing.T) {
	run, v := example()
	v.Causes = v.Causes[1:]
	got := refs(run, page(run, v, Options{}))
	want := `--- FAILED  features/bell.feature:7
    soft
    @bell-rings
    features/bell.feature:8: Then the answer is 400
      the answer is 400
      expected: 400
      got:      200
      difference (- expected, + got):
        -  400
        +  200
      the exchange, line 2 of exchanges.ndjson:
        > POST /bell
        < no answer: connection refused
      repro   runner repro s-soft --target URL
`
	if !strings.Contains(got, want) {
		t.Errorf("the page lacks\n%s\nit is\n%s", want, got)
	}
}

// A record that could not be read has no scenarios. The verdict has the causes all the same.
func TestSummaryWithoutARecord(t *testing.T) {
	_, v := example()
	got := page(new(record.Run), v, Options{})
	for _, want := range []string{"schema: type /ok", "--- features/bell.feature:4\n      bell.ring, schema: /ok\n", "curl -sS -i -X POST http://t/bell\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

// A page has at most 60 lines with the verdict after it, whatever the run has, and names what is left out.
func TestSummaryIsShort(t *testing.T) {
	grow := map[string]func(run *record.Run, v *verdict.Verdict){
		"200 causes": func(_ *record.Run, v *verdict.Verdict) {
			for i := range 200 {
				c := v.Causes[1]
				c.Key = fmt.Sprintf("schema: required /member_%d", i)
				v.Causes = append(v.Causes, c)
			}
		},
		"a long answer": func(run *record.Run, _ *verdict.Verdict) {
			run.Scenarios[0].Exchanges[0].Response.Body = bytes.Repeat([]byte("ü\n"), 5000)
		},
		"a long header": func(run *record.Run, _ *verdict.Verdict) {
			for i := range 60 {
				run.Scenarios[0].Exchanges[0].Response.Header[fmt.Sprintf("X-%d", i)] = []string{"x"}
			}
		},
		"a long command": func(_ *record.Run, v *verdict.Verdict) {
			v.Causes[0].Example.Curl = []string{strings.Repeat("curl\n", 100)}
		},
		"many violations": func(run *record.Run, _ *verdict.Verdict) {
			run.Scenarios[0].Exchanges[0].Checks[2].Violations = make([]schemas.Violation, 90)
		},
		"many known failures": func(_ *record.Run, v *verdict.Verdict) {
			for range 90 {
				v.Known.Entries = append(v.Known.Entries, v.Known.Entries[0])
			}
		},
		"many undefined steps": func(run *record.Run, _ *verdict.Verdict) {
			for range 90 {
				run.Scenarios = append(run.Scenarios, run.Scenarios[2])
			}
		},
		"a long example": func(run *record.Run, _ *verdict.Verdict) {
			run.Scenarios[0].Failure.Message = ""
			run.Scenarios[0].Exchanges[0].Request.Body = bytes.Repeat([]byte("x\n"), 300)
		},
		"many reasons": func(_ *record.Run, v *verdict.Verdict) {
			for i := range 90 {
				v.Reasons = append(v.Reasons, record.Reason{ID: []string{"artifact-missing", "cell-unobserved", "rule-unproved"}[i%3], Message: "x"})
			}
		},
		"reasons of every kind": func(_ *record.Run, v *verdict.Verdict) {
			for _, kind := range verdict.Reasons {
				if kind.ID == "not-started" {
					continue // all problems of the files are shown
				}
				v.Reasons = append(v.Reasons, record.Reason{ID: kind.ID, Message: "x"}, record.Reason{ID: kind.ID, Message: "y"})
			}
		},
	}
	grow["everything"] = func(run *record.Run, v *verdict.Verdict) {
		for name, f := range grow {
			if name != "everything" {
				f(run, v)
			}
		}
	}
	for name, f := range grow {
		t.Run(name, func(t *testing.T) {
			run, v := example()
			f(run, v)
			got := page(run, v, Options{Folder: "artifacts/T1", Hint: "Next: this."}) + "overall=false\n"
			if lines := strings.Count(got, "\n"); lines > MostLines {
				t.Errorf("%d lines:\n%s", lines, got)
			}
			if !strings.Contains(got, "schema: type /ok") || !strings.Contains(got, "repro   runner repro "+run.Scenarios[0].Ref()) {
				t.Errorf("the biggest cause is not shown:\n%s", got)
			}
			if name == "200 causes" && !strings.Contains(got, " more in report.html\n") {
				t.Errorf("the number of the other causes is missing:\n%s", got)
			}
		})
	}
}

// A green run has room for what is known and left out.
func TestSummaryOfAGreenRun(t *testing.T) {
	_, v := example()
	v.Overall, v.Causes, v.Reasons, v.NotVerified = true, nil, nil, verdict.NotVerified{Scenarios: 1}
	v.Skipped = []verdict.Gap{{Capability: "rope", Declared: true, Scenarios: []string{"a", "b"}}, {Capability: "hand"}}
	for i := range 90 {
		v.Known.Entries = append(v.Known.Entries, verdict.Known{Scenario: fmt.Sprintf("s-%d", i), Count: 1, Seen: 1, Owner: "bells", Expires: "2026-12-31"})
	}
	got := page(new(record.Run), v, Options{Folder: "artifacts/T1", Hint: "It holds."})
	want := `left out as declared, not verified:
  rope                        2 scenarios

known failures: 1 (baseline known.yaml)
  1 of 3, until 2026-12-31, bells: correlation-id: another
  1 of 1, until 2026-12-31, bells: s-0
`
	end := `
  and 53 more, in report.html

artifacts   artifacts/T1

It holds.

not verified: 1 scenario, 0 rules and 0 outcomes
`
	if lines := strings.Count(got, "\n") + 1; lines != MostLines || !strings.Contains(got, want) || !strings.HasSuffix(got, end) {
		t.Errorf("%d lines:\n%s", lines, got)
	}
}

func TestLevel(t *testing.T) {
	run, v := example()
	v.Level, v.Core, v.Selection.NotAtLevel = milestones.Core, nil, 3
	if got := page(run, v, Options{}); !strings.Contains(got, "\nlevel       core: 3 scenarios of level full not run\n") || strings.Contains(got, "(full)") {
		t.Errorf("at level core:\n%s", got)
	}
	for _, test := range []struct {
		overall bool
		level   milestones.Level
		want    string
	}{
		{true, milestones.Full, "overall=true"}, {false, milestones.Full, "overall=false"}, {true, milestones.Core, "overall=true level=core"},
		{false, milestones.Core, "overall=false level=core"}, {false, "", "overall=false"},
	} {
		if got := Overall(test.overall, test.level, terminal.Style(false)); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestProbe(t *testing.T) {
	run, v := example()
	if got := page(run, v, Options{Probe: "runner probe"}); !strings.HasPrefix(got, "T1: A bell\nagainst the built-in fake server\nwithout a target file; this writes one: runner probe\n") {
		t.Errorf("got:\n%s", got)
	}
}
