package record

import (
	"bytes"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
)

func TestEncodeExchanges(t *testing.T) {
	m := &milestones.Milestone{ID: "T1", Features: []string{"bell.feature"}, Rules: []milestones.Rule{
		{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature"},
	}}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(
		"Feature: b\n@bell-rings\nScenario: a stranger\nWhen I ring\nThen no\n@bell-rings\nScenario: sound\nThen I ring\n")}})
	if err != nil {
		t.Fatal(err)
	}
	log := NewLog(nil, new(Secrets))
	log.Begin(Info{}, &plan.Selection{Plan: p, Scenarios: []int{0, 1}}, time.Unix(0, 0))
	run := log.End()
	of := func(scenario, step int) *Exchange {
		x := example()
		x.Mark = Mark{Scenario: scenario, Step: step}
		return x
	}
	run.Scenarios[0].Exchanges = []*Exchange{of(0, 0)}
	run.Scenarios[1].Exchanges = []*Exchange{of(1, 0), of(1, 9)}
	run.Unassigned = []*Exchange{of(-1, 0)}
	text := EncodeExchanges(run)
	var got [][]any
	for line := range bytes.Lines(text) {
		document, err := schemas.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		x := document.Value.(map[string]any)
		got = append(got, []any{x["number"], x["scenario"], x["where"], x["step"]})
	}
	want := [][]any{
		{1.0, "", "", map[string]any{"line": 0.0, "text": ""}},
		{2.0, "features/bell.feature > a stranger", "features/bell.feature:3", map[string]any{"line": 4.0, "text": "When I ring"}},
		{3.0, "features/bell.feature > sound", "features/bell.feature:7", map[string]any{"line": 8.0, "text": "Then I ring"}},
		{4.0, "features/bell.feature > sound", "features/bell.feature:7", map[string]any{"line": 7.0, "text": ""}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// A panic while the pieces are encoded is the caller's to catch.
func TestEncodeExchangesPanicsInTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	EncodeExchanges(&Run{Unassigned: []*Exchange{nil}})
}
