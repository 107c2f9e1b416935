package shard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// bells is a plan of five scenarios, Ring 0 to Ring 4.
func bells(t *testing.T, milestone string) *plan.Plan {
	t.Helper()
	m := &milestones.Milestone{
		ID: milestone, Features: []string{"bell.feature"}, Operations: []milestones.Operation{{ID: "ring"}},
		Rules: []milestones.Rule{{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature"}},
	}
	text := "Feature: A bell\n"
	for i := range 5 {
		text += fmt.Sprintf("\n  @bell-rings\n  Scenario: Ring %d\n    Then it rings\n", i)
	}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// here are the hashes of what stands here.
var here = map[string]string{"milestone": "m", "features/bell.feature": "f"}

// part is one shard, as a run leaves it: by itself the first of two, from what stands here.
type part struct {
	index, of int
	milestone string
	hashes    map[string]string
	durations plan.Durations
	target    string
	wanted    plan.Filter
	also      []int                    // scenarios that it runs out of its turn
	ends      map[string]record.Status // by the names of scenarios; passed when it is not there
	began     int                      // seconds after the first
	cut       bool                     // it was killed after its scenarios
	without   string                   // an artifact that is not attached
	rows      func([]golden.Row) []golden.Row
	reasons   []record.Reason
}

// leave writes it into a folder, and reads it again.
func (p part) leave(t *testing.T) *Shard {
	t.Helper()
	whole := bells(t, p.milestone)
	all, err := whole.Select(p.wanted, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := all.Partition(p.of, p.durations)[p.index-1]
	planned := Planned(s, p.hashes, p.durations, p.target)
	s.Scenarios = append(slices.Clone(s.Scenarios), p.also...)
	slices.Sort(s.Scenarios)

	at := time.Date(2026, 2, 22, 15, 0, p.began, 0, time.UTC)
	var text bytes.Buffer
	log := record.NewLog(&text, new(record.Secrets))
	log.Begin(record.Info{Milestone: p.milestone, Target: p.target, RunID: fmt.Sprint("seed-", p.index), Planned: planned}, s, at)
	rows := []golden.Row{}
	for _, place := range s.Scenarios {
		scenario := &whole.Scenarios[place]
		log.ScenarioBegan(place, at)
		log.StepBegan(place, 0, at)
		result := record.Result{Status: record.Passed}
		if status, is := p.ends[scenario.Name]; is {
			result = record.Result{Status: status, Line: scenario.Steps[0].Line, Message: "it is mute"}
		} else {
			log.StepPassed(place, 0, at)
		}
		log.ScenarioEnded(place, result, nil, at)
		rows = append(rows, golden.Row{Scenario: scenario.ID, Answers: []string{"ring 200"}})
	}
	if p.rows != nil {
		rows = p.rows(rows)
	}
	if !p.cut {
		for name, value := range map[string]any{
			artifact.Verdict: map[string]any{"reasons": p.reasons},
			artifact.Output:  golden.Document{Milestone: p.milestone, Scenarios: rows},
		} {
			if name == p.without {
				continue
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			log.Attach(name, encoded)
		}
		run := log.End()
		run.Workers = 2
		run.Conclude(false, "", at.Add(time.Minute))
		if err := log.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(t.TempDir(), fmt.Sprint(p.index))
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, artifact.Messages), text.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, artifact.State), fmt.Appendf(nil, `{"servers":[{"of":%d}]}`, p.index), 0o666); err != nil {
		t.Fatal(err)
	}
	read, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	read.Folder = fmt.Sprint(p.index) // as somebody named it
	return read
}

func TestJoin(t *testing.T) {
	type change func(*part)
	of := func(index, of int, changes ...change) part {
		p := part{index: index, of: of, milestone: "T1", hashes: here, target: "fake"}
		for _, change := range changes {
			change(&p)
		}
		return p
	}
	tests := []struct {
		name  string
		parts []part
		ran   string // the places of the scenarios that are told of
		want  []record.Reason
	}{
		{"all of them", []part{of(1, 2), of(2, 2)}, "01234", nil},
		{"in another order", []part{of(2, 2), of(1, 2)}, "01234", nil},
		{"one that is all", []part{of(1, 1)}, "01234", nil},
		{"more than there are scenarios", []part{of(1, 6), of(2, 6), of(3, 6), of(4, 6), of(5, 6), of(6, 6)}, "01234", nil},
		{"missing", []part{of(1, 3), of(3, 3)}, "023", []record.Reason{
			{ID: "shard-missing", Message: "shard 2 of 3 is in none of the folders: run it with --shard 2/3, and name its folder"}}},
		{"twice", []part{of(1, 2), of(2, 2), of(1, 2)}, "01234", []record.Reason{
			{ID: "shard-twice", Message: "shard 1 of 2 (1) was given before, in 1: name each shard once", Where: "1"}}},
		{"of another feature", []part{of(1, 2), of(2, 2, func(p *part) { p.hashes = map[string]string{"milestone": "m", "features/bell.feature": "g"} })}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) was made from another features/bell.feature than stands here: run all shards from one commit", Where: "2"}}},
		{"of many other files", []part{of(1, 1, func(p *part) { p.hashes = map[string]string{"a": "1", "b": "2", "c": "3"} })}, "", []record.Reason{
			{ID: "shard-differs", Message: "shard 1 of 1 (1) was made from another a, b, c and 2 more than stands here: run all shards from one commit", Where: "1"}}},
		{"of another milestone", []part{of(1, 2), of(2, 2, func(p *part) { p.milestone = "T2" })}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) is one of T2, and this is T1", Where: "2"}}},
		{"of another selection", []part{of(1, 2), of(2, 2, func(p *part) { p.wanted.Names = []string{"Ring [123]"} })}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) was started with another selection than shard 1 of 2 (1): start all shards alike", Where: "2"}}},
		{"dealt by other durations", []part{of(1, 2), of(2, 2, func(p *part) { p.durations = plan.Durations{"s-0bb72c18b2": 1} })}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) was started with another durations than shard 1 of 2 (1): start all shards alike", Where: "2"}}},
		{"against another target", []part{of(1, 2), of(2, 2, func(p *part) { p.target = "service" })}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) was started with another target than shard 1 of 2 (1): start all shards alike", Where: "2"}}},
		{"one against most of the others", []part{of(1, 3, func(p *part) { p.target = "service" }), of(2, 3), of(3, 3)}, "124", []record.Reason{
			{ID: "shard-differs", Message: "shard 1 of 3 (1) was started with another target than shard 2 of 3 (2): start all shards alike", Where: "1"}}},
		{"of another number", []part{of(1, 2), of(2, 3)}, "024", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 3 (2) was started with another number of shards than shard 1 of 2 (1): start all shards alike", Where: "2"},
			{ID: "shard-missing", Message: "shard 2 of 2 is in none of the folders: run it with --shard 2/2, and name its folder"}}},
		{"killed", []part{of(1, 2), of(2, 2, func(p *part) { p.cut = true })}, "01234", []record.Reason{
			{ID: "shard-incomplete", Message: "shard 2 of 2 (2) did not come to its end: run it again, with --shard 2/2", Where: "2"}}},
		{"without a verdict", []part{of(1, 2), of(2, 2, func(p *part) { p.without = artifact.Verdict })}, "01234", []record.Reason{
			{ID: "shard-incomplete", Message: "shard 2 of 2 (2) has no verdict.json that can be read: run it again, with --shard 2/2", Where: "2"}}},
		{"without a row", []part{of(1, 2), of(2, 2, func(p *part) { p.rows = func(rows []golden.Row) []golden.Row { return rows[1:] } })}, "01234", []record.Reason{
			{ID: "shard-incomplete", Message: "shard 2 of 2 (2) has no row for REF1 in its output.json: run it again", Where: "2"}}},
		{"out of its turn", []part{of(1, 2), of(2, 2, func(p *part) { p.also = []int{0} })}, "01234", []record.Reason{
			{ID: "shard-differs", Message: "shard 2 of 2 (2) ran REF0, which was not its turn: run all shards with one runner", Where: "2"}}},
		{"interrupted", []part{of(1, 2), of(2, 2, func(p *part) { p.reasons = []record.Reason{{ID: "interrupted", Message: "by INT"}} })}, "01234", []record.Reason{
			{ID: "interrupted", Message: "shard 2 of 2: by INT"}}},
		{"what it decided of its scenarios is decided anew", []part{of(1, 2), of(2, 2, func(p *part) { p.reasons = []record.Reason{{ID: "rule-unproved", Message: "bell-rings"}} })}, "01234", nil},
		{"nothing in it", []part{of(1, 2, func(p *part) { p.milestone = "T2" })}, "", []record.Reason{
			{ID: "shard-differs", Message: "shard 1 of 2 (1) is one of T2, and this is T1", Where: "1"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var shards []*Shard
			for _, p := range test.parts {
				shards = append(shards, p.leave(t))
			}
			p := bells(t, "T1")
			joined, err := Join(shards, p, here, nil)
			if err != nil {
				t.Fatal(err)
			}
			refs := func(says string) string {
				for i := range p.Scenarios {
					says = string(bytes.ReplaceAll([]byte(says), []byte(p.Scenarios[i].Ref()), fmt.Append(nil, "REF", i)))
				}
				return says
			}
			var got []record.Reason
			for _, reason := range joined.End.Stops {
				reason.Message = refs(reason.Message)
				got = append(got, reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			ran := ""
			for place := range p.Scenarios {
				if joined.Scenarios[place] != nil {
					ran += fmt.Sprint(place)
				}
			}
			if ran != test.ran {
				t.Errorf("told of %q, want %q", ran, test.ran)
			}
		})
	}
}

// What shards saw is told as one run would: in the order of the plan, and from the first beginning to the last end.
func TestJoinTellsOneRun(t *testing.T) {
	first := part{index: 1, of: 2, milestone: "T1", hashes: here, target: "fake", began: 5, ends: map[string]record.Status{"Ring 2": record.Failed}}
	second := part{index: 2, of: 2, milestone: "T1", hashes: here, target: "fake"}
	joined, err := Join([]*Shard{second.leave(t), first.leave(t)}, bells(t, "T1"), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range joined.Rows {
		rows = append(rows, row.Scenario)
	}
	want := []string{"features/bell.feature > Ring 0", "features/bell.feature > Ring 1", "features/bell.feature > Ring 2", "features/bell.feature > Ring 3", "features/bell.feature > Ring 4"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for place, want := range []record.Status{record.Passed, record.Passed, record.Failed, record.Passed, record.Passed} {
		if got := joined.Scenarios[place].Result.Status; got != want {
			t.Errorf("Ring %d: got %s, want %s", place, got, want)
		}
	}
	servers := ""
	for _, server := range joined.Servers {
		servers += string(server)
	}
	got := []any{joined.Info.RunID, joined.Info.Target, joined.End.Workers, joined.Info.Repeat, joined.StartedAt.Second(), joined.FinishedAt.Format("04:05"), servers}
	if diff := cmp.Diff([]any{"seed-1, seed-2", "fake", 4, 1, 0, "01:05", `{"of":1}{"of":2}`}, got); diff != "" {
		t.Errorf("the whole (-want +got):\n%s", diff)
	}
}
