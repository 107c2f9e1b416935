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

// Joined is what several shards recorded, as one run.
type Joined struct {
	// Info has the target, the run id, the shuffle, and so on of the shards: of several, all of them.
	Info record.Info
	// Selection is what they had to run together.
	Selection *plan.Selection
	// Scenarios are the selected scenarios that a shard recorded, by their place in the plan.
	Scenarios map[int]*record.Scenario
	// End has the workers of all shards, the scenarios that differed when a shard was repeated, and what speaks against the
	// whole, beside what was recorded.
	End record.End
	// Rows are those of the outputs, in the order of the plan.
	Rows []golden.Row
	// Servers are the states of all servers, shard by shard.
	Servers []json.RawMessage
	// StartedAt is when the first shard began, and FinishedAt when the last one ended.
	StartedAt, FinishedAt time.Time

	unassigned []*record.Exchange
	shards     []*Shard // what is taken, in order
}

// Record records in a log what the shards recorded, as one run would. The log has begun.
func (j *Joined) Record(log *record.Log) *record.Run {
	for _, place := range slices.Sorted(maps.Keys(j.Scenarios)) {
		log.Replay(place, j.Scenarios[place])
	}
	for _, x := range j.unassigned {
		log.Exchanged(x)
	}
	run := log.End()
	run.End = j.End
	return run
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
	j.End.Stops = append(j.End.Stops, reason)
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

// each takes every shard once, and adds a reason for those that are missing, were given twice, or did not come to their end.
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

// ofRun are the kinds of reasons of a shard that follow from no scenario, exchange or row.
var ofRun = []string{"interrupted", "not-started", "target-unreachable", "target-silent", "run-broke-off", "resources-exhausted", "counts-disagree", "artifact-missing"}

// take takes what a shard recorded.
func (j *Joined) take(s *Shard) {
	rows := map[string]golden.Row{}
	if s.Output != nil {
		for _, row := range s.Output.Scenarios {
			rows[row.Scenario] = row
		}
	}
	places := map[string]int{} // of all scenarios, by their short names: an id may have had a secret in it
	for i := range j.Selection.Plan.Scenarios {
		places[j.Selection.Plan.Scenarios[i].Ref()] = i
	}
	for _, scenario := range s.Log.Scenarios {
		place, known := places[scenario.Ref()]
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
	j.unassigned = append(j.unassigned, s.Log.Unassigned...)
	for _, differing := range s.Log.Differing {
		if differing.Scenario < 0 || differing.Scenario >= len(s.Log.Scenarios) {
			continue // the log was changed
		}
		if place, known := places[s.Log.Scenarios[differing.Scenario].Ref()]; known {
			j.End.Differing = append(j.End.Differing, record.Differing{Scenario: place, Message: differing.Message})
		}
	}
	for _, reason := range s.Verdict.Reasons {
		if reason.Scenario == "" && slices.Contains(ofRun, reason.ID) {
			reason.Message = s.Part().String() + ": " + reason.Message
			j.End.Stops = append(j.End.Stops, reason)
		}
	}
	j.Servers = append(j.Servers, s.Servers...)
	j.End.Workers += s.Log.Workers
	j.Info.Repeat = max(j.Info.Repeat, s.Log.Repeat)
}

// describe puts everything in the order of the plan, and sets what the shards have in common.
func (j *Joined) describe(given []*Shard) {
	places := map[string]int{}
	for i := range j.Selection.Plan.Scenarios {
		places[j.Selection.Plan.Scenarios[i].ID] = i
	}
	slices.SortFunc(j.Rows, func(a, b golden.Row) int { return cmp.Compare(places[a.Scenario], places[b.Scenario]) })
	shards := j.shards
	if len(shards) == 0 {
		shards = given // none was taken, and yet something is to be said
	}
	var targets, proxies, ids, orders []string
	for _, s := range shards {
		targets, ids = append(targets, s.Log.Target), append(ids, s.Log.RunID)
		if s.Log.Proxy != "" {
			proxies = append(proxies, s.Log.Proxy)
		}
		if s.Log.Shuffle != "" {
			orders = append(orders, s.Log.Shuffle)
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
	first, info := shards[0].Log, &j.Info
	info.Milestone, info.Title, info.File = first.Milestone, first.Title, first.File
	info.Target, info.Proxy, info.RunID, info.Shuffle = distinct(targets), distinct(proxies), distinct(ids), distinct(orders)
	info.Base, info.Repro, info.Flags = first.Base, first.Repro, first.Flags
	info.Implementation, info.ImplementationVersion, info.Capabilities = first.Implementation, first.ImplementationVersion, first.Capabilities
	info.Repeat = max(1, info.Repeat)
}

// distinct lists texts, each once.
func distinct(texts []string) string {
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ", ")
}
