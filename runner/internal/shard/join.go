package shard

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Joined is what several shards saw, as if one run had.
type Joined struct {
	// Selection is what they had to run together.
	Selection *plan.Selection
	// Scenarios are the selected scenarios that a shard tells of, by their place in the plan.
	Scenarios map[int]*record.Scenario
	// Exchanges are all exchanges, in the order of the plan, and marked by it.
	Exchanges []*record.Exchange
	// Rows are what the scenarios saw, in the order of the plan.
	Rows []golden.Row
	// Differing are the scenarios that saw something else when a shard was repeated.
	Differing []record.Differing
	// Reasons are what speaks against the whole, beside what was seen.
	Reasons []record.Reason
	// Servers are the states of all servers, shard by shard.
	Servers []json.RawMessage
	// Proxy are the proxies before their targets, each once.
	Proxy string
	// Target, Seed, Shuffle and Repro are those of the shards: of several, all of them.
	Target, Seed, Shuffle, Repro string
	// Implementation, ImplementationVersion and Capabilities are those of the first.
	Implementation, ImplementationVersion string
	Capabilities                          []string
	// Flags are what curl needs to reach the target of the first.
	Flags []string
	// Lanes is how many scenarios were run side by side, all together, and Repeat how many times at most.
	Lanes, Repeat int
	// StartedAt is when the first shard began, and FinishedAt when the last one ended.
	StartedAt, FinishedAt time.Time

	shards []*Shard // what is taken, in order
}

// Join puts shards together: those that are parts of one run of the plan, which stands here and was made from what the
// hashes are of.
func Join(shards []*Shard, p *plan.Plan, hashes map[string]string, calls plan.Calls) (*Joined, error) {
	j := &Joined{Scenarios: map[int]*record.Scenario{}}
	alike := j.alike(shards, p.Milestone.ID, hashes)
	planned := &record.Planned{}
	if len(alike) > 0 {
		planned = alike[0].Log.Planned
	}
	var err error
	if j.Selection, err = Whole(p, planned, calls); err != nil {
		return nil, fmt.Errorf("%s selects other scenarios here than it did: %w", alike[0], err)
	}
	j.each(alike, shards)
	for _, s := range j.shards {
		j.take(s)
	}
	j.describe(shards)
	return j, nil
}

func (j *Joined) against(id string, s *Shard, format string, args ...any) {
	reason := record.Reason{ID: id, Message: fmt.Sprintf(format, args...)}
	if s != nil {
		reason.Message, reason.Where = s.String()+" "+reason.Message, s.Folder
	}
	j.Reasons = append(j.Reasons, reason)
}

// mostNamed is how many parts that differ are named.
const mostNamed = 3

// alike are the shards that were planned from what stands here, and like most of the others.
func (j *Joined) alike(shards []*Shard, milestone string, hashes map[string]string) []*Shard {
	var here []*Shard
	for _, s := range shards {
		others := differing(s.Log.Planned.Parts, hashes, func(name string) bool { return !slices.Contains(besides, name) })
		switch {
		case s.Log.Milestone != milestone:
			j.against("shard-differs", s, "is one of %s, and this is %s", s.Log.Milestone, milestone)
		case len(others) > 0:
			j.against("shard-differs", s, "was made from another %s than stands here: run all shards from one commit", named(others))
		default:
			here = append(here, s)
		}
	}
	// Most of them are right, and of two equal parties the one of the first.
	count := map[string]int{}
	for _, s := range here {
		count[s.Log.Planned.Digest]++
	}
	var model *Shard
	for _, s := range here {
		if model == nil || count[s.Log.Planned.Digest] > count[model.Log.Planned.Digest] {
			model = s
		}
	}
	var alike []*Shard
	for _, s := range here {
		if s.Log.Planned.Digest == model.Log.Planned.Digest {
			alike = append(alike, s)
			continue
		}
		others := differing(s.Log.Planned.Parts, model.Log.Planned.Parts, func(string) bool { return true })
		j.against("shard-differs", s, "was started with another %s than %s: start all shards alike", named(others), model)
	}
	slices.SortStableFunc(alike, func(a, b *Shard) int { return cmp.Compare(a.Part().Index, b.Part().Index) })
	return alike
}

// differing are the names of parts that are not the same, or that only one side has.
func differing(a, b map[string]string, counts func(name string) bool) []string {
	names := map[string]bool{}
	for _, parts := range []map[string]string{a, b} {
		for name := range parts {
			if counts(name) && a[name] != b[name] {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// named lists names, and no more of them than somebody wants to read.
func named(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// each takes every shard once, and says which are missing, were given twice, and did not come to their end.
func (j *Joined) each(alike, given []*Shard) {
	if len(alike) == 0 {
		return
	}
	byIndex := map[int]*Shard{}
	for _, s := range alike {
		if first := byIndex[s.Part().Index]; first != nil {
			j.against("shard-twice", s, "was given before, in %s: name each shard once", first.Folder)
			continue
		}
		byIndex[s.Part().Index] = s
		j.shards = append(j.shards, s)
		again := "run it again, with --shard " + fmt.Sprintf("%d/%d", s.Part().Index, s.Part().Of)
		switch {
		case !s.Log.Complete:
			j.against("shard-incomplete", s, "did not come to its end: %s", again)
		case len(s.lacks) > 0:
			j.against("shard-incomplete", s, "has no %s that can be read: %s", strings.Join(s.lacks, " and no "), again)
		}
	}
	of := alike[0].Part().Of
	for i := 1; i <= of; i++ {
		part := plan.Shard{Index: i, Of: of}
		if byIndex[i] == nil && !slices.ContainsFunc(given, func(s *Shard) bool { return s.Part() == part }) {
			j.against("shard-missing", nil, "%s is in none of the folders: run it with --shard %d/%d, and name its folder", part, i, of)
		}
	}
}

// ofRun are the reasons of a shard that no scenario, exchange or row tells.
var ofRun = []string{"interrupted", "not-started", "target-unreachable", "target-silent", "run-broke-off", "resources-exhausted", "counts-disagree", "artifact-missing"}

// take takes what a shard saw.
func (j *Joined) take(s *Shard) {
	rows := map[string]golden.Row{}
	if s.Output != nil {
		for _, row := range s.Output.Scenarios {
			rows[row.Scenario] = row
		}
	}
	places, refs := map[string]int{}, map[string]int{} // of all scenarios, by their ids and by their short names
	for i := range j.Selection.Plan.Scenarios {
		scenario := &j.Selection.Plan.Scenarios[i]
		places[scenario.ID], refs[scenario.Ref()] = i, i
	}
	for _, scenario := range s.Log.Scenarios {
		place, known := refs[scenario.Ref()] // an id may have had a secret in it
		_, selected := slices.BinarySearch(j.Selection.Scenarios, place)
		switch {
		case !scenario.Selected:
			continue
		case !known || !selected || j.Scenarios[place] != nil:
			j.against("shard-differs", s, "ran %s, which was not its turn: run all shards with one runner", scenario.Ref())
			continue
		}
		j.Scenarios[place] = scenario
		for _, x := range scenario.Exchanges {
			x.Mark.Scenario = place
		}
		if scenario.Failure != nil {
			scenario.Failure.Scenario = &j.Selection.Plan.Scenarios[place]
		}
		if status := scenario.Result.Status; slices.Contains([]record.Status{record.Passed, record.Failed, record.ChecksFailed}, status) {
			row, written := rows[j.Selection.Plan.Scenarios[place].ID]
			if !written && s.Log.Complete && len(s.lacks) == 0 {
				j.against("shard-incomplete", s, "has no row for %s in its output.json: run it again", scenario.Ref())
			}
			if written {
				j.Rows = append(j.Rows, row)
			}
		}
	}
	for _, reason := range s.Verdict.Reasons {
		place, of := -1, ""
		if id, says, found := strings.Cut(reason.Message, ": "); found {
			if at, known := places[id]; known {
				place, of = at, says
			}
		}
		switch {
		case reason.ID == "run-differs" && place >= 0:
			j.Differing = append(j.Differing, record.Differing{Scenario: place, Message: of})
		case place < 0 && slices.Contains(ofRun, reason.ID):
			reason.Message = s.Part().String() + ": " + reason.Message
			j.Reasons = append(j.Reasons, reason)
		}
	}
	j.Servers = append(j.Servers, s.Servers...)
	j.Lanes += s.Verdict.Selection.Parallel
	j.Repeat = max(j.Repeat, s.Verdict.Selection.Repeat)
}

// describe puts everything in the order of the plan, and says what the shards have in common.
func (j *Joined) describe(given []*Shard) {
	for _, place := range slices.Sorted(maps.Keys(j.Scenarios)) {
		j.Exchanges = append(j.Exchanges, j.Scenarios[place].Exchanges...)
	}
	places := map[string]int{}
	for i := range j.Selection.Plan.Scenarios {
		places[j.Selection.Plan.Scenarios[i].ID] = i
	}
	slices.SortFunc(j.Rows, func(a, b golden.Row) int { return cmp.Compare(places[a.Scenario], places[b.Scenario]) })
	shards := j.shards
	if len(shards) == 0 {
		shards = given // none was taken, and yet something is to be said
	}
	var targets, proxies, seeds, orders []string
	for _, s := range shards {
		targets, seeds = append(targets, s.Log.Target), append(seeds, s.Log.Seed)
		if s.Log.Proxy != "" {
			proxies = append(proxies, s.Log.Proxy)
		}
		if shuffle := s.Verdict.Selection.Shuffle; shuffle != nil {
			orders = append(orders, *shuffle)
		}
		if j.StartedAt.IsZero() || s.Log.StartedAt.Before(j.StartedAt) {
			j.StartedAt = s.Log.StartedAt
		}
		for _, at := range []time.Time{s.Log.StartedAt, s.Log.FinishedAt} {
			if at.After(j.FinishedAt) {
				j.FinishedAt = at
			}
		}
	}
	j.Target, j.Proxy, j.Seed, j.Shuffle = each(targets), each(proxies), each(seeds), each(orders)
	first := shards[0].Log
	j.Repro, j.Flags = first.Repro, first.Flags
	j.Implementation, j.ImplementationVersion, j.Capabilities = first.Implementation, first.ImplementationVersion, first.Capabilities
}

// each lists words, each once.
func each(words []string) string {
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ", ")
}

// Results are how the scenarios ended, and Failures explain those that did not pass.
func (j *Joined) Results() (results map[int]record.Result, failures map[int]record.Failure) {
	results, failures = map[int]record.Result{}, map[int]record.Failure{}
	for place, s := range j.Scenarios {
		if s.Ended.IsZero() {
			continue
		}
		results[place] = s.Result
		if s.Failure != nil {
			failures[place] = *s.Failure
		}
	}
	return results, failures
}
