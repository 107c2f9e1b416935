package verdict

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
)

// twoScenarios is a run of two scenarios: one failed, and the other got no answer.
func twoScenarios(t *testing.T) Records {
	t.Helper()
	m := &milestones.Milestone{
		ID: "T1", Title: "A bell",
		Operations: []milestones.Operation{{ID: "ring", Method: "POST", Path: "/bell", Outcomes: []milestones.Outcome{
			{Name: milestones.Success, Status: 200, Schema: "Ring"},
			{Name: "refused", Status: 400, Code: "NO", ReasonCode: floor, Schema: "Error"},
		}}},
		Router:              milestones.Operation{ID: "unrouted"},
		RequiredReasonCodes: []string{floor},
		Features:            []string{"bell.feature"},
		Rules: []milestones.Rule{
			{ID: "bell-is-allowed", Kind: milestones.Precondition, Feature: "bell.feature", Section: "1", Description: "Not everybody may ring."},
			{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature", Section: "2", Description: "It rings."},
		},
		Artifacts: []string{"verdict.json"},
	}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(
		"Feature: b\n@bell-is-allowed @refuses\nScenario: a stranger\nWhen I ring\nThen no\n@bell-rings\nScenario: sound\nThen I ring\n")}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Select(plan.Filter{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := new(record.Secrets)
	secrets.Learn("lpk_secret_1")
	exchanges := []*record.Exchange{
		{
			Mark: record.Mark{Scenario: 0}, Operation: m.Operations[0].ID,
			Request: record.Request{
				Method: "POST", Target: "/bell?who=it's",
				Header: http.Header{"X-Partner-Key": {"lpk_secret_1"}, "Content-Type": {"application/json"}},
				Body:   []byte(`{"key":"lpk_secret_1"}`),
			},
			Response: &record.Response{
				Status: 200, Header: http.Header{"Date": {"now"}, "X-Correlation-Id": {"c1"}}, Body: []byte(`{"ok":"lpk_secret_1"}`),
			},
			Outcome: milestones.Success, Covered: []milestones.CoverageItem{{Outcome: milestones.Success}},
			Checks: []record.CheckResult{
				{Check: "no-5xx"}, {Check: "details", Status: record.CheckNotApplicable, Message: "nothing"},
				{Check: "schema", Status: record.CheckFailed, Message: "the body is not valid by Ring", Violations: []schemas.Violation{
					{InstancePath: "/ok", SchemaPath: "/properties/ok/type", Keyword: "type", Message: "must be a boolean, not a string"},
					{InstancePath: "", SchemaPath: "/required", Keyword: "required", Message: `lacks member "n"`},
				}},
			},
			Message: "200",
		},
		{
			Mark: record.Mark{Scenario: 1}, Operation: m.Operations[0].ID, Failure: "connection refused",
			Request: record.Request{Method: "POST", Target: "/bell", Header: http.Header{}},
		},
	}
	for _, x := range exchanges {
		x.Redact(secrets)
	}
	results := map[int]record.Result{
		0: {Status: record.Failed, Line: 5, Message: "the answer is 400"}, 1: {Status: record.Unreached, Line: 8, Message: "no answer"},
	}
	golden := &golden.Difference{Added: []string{"features/bell.feature > sound"}}
	return Records{
		Info:      record.Info{Milestone: "T1", Title: m.Title, Target: record.BuiltIn, RunID: "m109", Shuffle: "word", Repeat: 1},
		Milestone: m, Selection: s, Results: results, Exchanges: exchanges, Output: golden, Secrets: secrets,
		OutputSHA256: strings.Repeat("0", 64), GoldenSHA256: strings.Repeat("1", 64),
		Workers:    2,
		StartedAt:  time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC),
		FinishedAt: time.Date(2026, 2, 22, 16, 0, 1, 234_000_000, time.UTC),
	}
}

// valid wants the text to be valid by one of the published schemas.
func valid(t *testing.T, schema string, text []byte) map[string]any {
	t.Helper()
	s, ok := schemas.Embedded().Lookup(schema)
	if !ok {
		t.Fatalf("no schema %s", schema)
	}
	document, err := schemas.Read(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, violation := range s.Validate(document.Value) {
		t.Errorf("%s: %v", schema, violation)
	}
	return document.Value.(map[string]any)
}

func TestEncode(t *testing.T) {
	v := decideOn(twoScenarios(t))
	got := valid(t, "Verdict", v.Delivered(Delivery{Written: []string{"verdict.json"}}).Encode())
	pick := map[string]any{}
	for _, name := range []string{"milestone", "overall", "exit_code", "target", "scenarios", "selection", "exchanges", "results", "took_ms", "started_at"} {
		pick[name] = got[name]
	}
	result := func(scenario, ref, where, rule, status, message string, n float64) map[string]any {
		return map[string]any{
			"scenario": scenario, "ref": ref, "where": where, "rule": rule, "status": status, "message": message, "from": n, "to": n,
		}
	}
	first := result("features/bell.feature > a stranger", "s-2ad852ba9a", "features/bell.feature:3", "bell-is-allowed", "failed", "the answer is 400", 1)
	first["side"] = "refuses"
	want := map[string]any{
		"milestone": "T1", "overall": false, "exit_code": 3.0, "target": "the built-in fake server", "took_ms": 1234.0,
		"started_at": "2026-02-22T16:00:00.000Z",
		"scenarios":  map[string]any{"failed": 1.0, "unreachable": 1.0},
		"selection": map[string]any{"complete": true, "tags": nil, "names": []any{}, "rules": []any{}, "operations": []any{}, "refs": []any{}, "failed": false, "planned": 2.0, "selected": 2.0, "left_out": 0.0, "not_at_level": 0.0,
			"parallel": 2.0, "shuffle": "word", "repeat": 1.0, "shard": nil},
		"exchanges": map[string]any{
			"total": 2.0, "unanswered": 1.0, "in_part": 0.0, "cut": 0.0, "checks_passed": 1.0, "checks_failed": 1.0, "checks_not_applicable": 1.0,
		},
		"results": []any{
			first, result("features/bell.feature > sound", "s-81a41547d7", "features/bell.feature:7", "bell-rings", "unreachable", "no answer", 2),
		},
	}
	if diff := cmp.Diff(want, pick); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestEncodeOfARunThatDidNotStart(t *testing.T) {
	v := decideOn(Records{
		Info: record.Info{Milestone: "M9", Target: record.BuiltIn, RunID: "m109", Repeat: 1}, OutputSHA256: strings.Repeat("0", 64),
		Stops: []record.Reason{{ID: "not-started", Message: "x"}},
	})
	if got := valid(t, "Verdict", v.Delivered(Delivery{Written: []string{"verdict.json"}}).Encode()); got["overall"] != false || got["milestone"] != "M9" {
		t.Errorf("overall %v of %v", got["overall"], got["milestone"])
	}
	if got := valid(t, "Coverage", v.EncodeCoverage()); got["complete"] != false {
		t.Errorf("complete: %v", got["complete"])
	}
}

func TestEncodeCoverage(t *testing.T) {
	v := decideOn(twoScenarios(t))
	v.Coverage = append(v.Coverage, CoverageItem{Operation: "ring", Status: 409, Code: "OH", Observed: 1, Scenarios: []string{"s"}})
	got := valid(t, "Coverage", v.EncodeCoverage())
	cell := func(outcome, code, reason, schema any, status float64, declared bool, observed float64, scenarios ...any) map[string]any {
		if scenarios == nil {
			scenarios = []any{}
		}
		item := map[string]any{
			"operation": "ring", "outcome": outcome, "status": status, "code": code, "reason_code": reason, "schema": schema,
			"declared": declared, "observed": observed, "scenarios": scenarios,
		}
		if declared {
			item["level"] = "core"
		}
		return item
	}
	want := map[string]any{
		"milestone": "T1", "complete": false, "declared": 2.0, "observed": 1.0, "undeclared": 1.0,
		"cells": []any{
			cell("success", nil, nil, "Ring", 200, true, 1, "features/bell.feature > a stranger"),
			cell("refused", "NO", floor, "Error", 400, true, 0),
			cell(nil, "OH", nil, nil, 409, false, 1, "s"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
}

func TestEncodeCoverageNamesTenScenarios(t *testing.T) {
	v := decideOn(twoScenarios(t))
	for i := range 30 {
		v.Coverage[0].Scenarios = append(v.Coverage[0].Scenarios, strings.Repeat("s", i+1))
	}
	cells := valid(t, "Coverage", v.EncodeCoverage())["cells"].([]any)
	if n := len(cells[0].(map[string]any)["scenarios"].([]any)); n != 10 {
		t.Errorf("%d scenarios", n)
	}
}
