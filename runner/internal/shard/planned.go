package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// The parts of a digest that are no files.
const (
	milestonePart = "milestone"
	selectionPart = "selection"
	durationsPart = "durations"
	targetPart    = "target"
	countPart     = "number of shards"
)

// besides are the parts that say how a run was asked for. All others are what it was made from.
var besides = []string{selectionPart, durationsPart, targetPart, countPart}

// Planned is what a run was to do, as its event log has it: of the whole selection, or of a shard of it. The hashes are
// those of package project, and the target is what kind of one it is.
func Planned(s *plan.Selection, hashes map[string]string, durations plan.Durations, target string) *record.Planned {
	p := &record.Planned{Parts: maps.Clone(hashes), Wanted: s.Filter, Declared: s.Declared, Missing: s.Missing, Shard: s.Shard}
	lacks := map[string]bool{}
	var selected []string
	for i := range s.Plan.Scenarios {
		for _, capability := range s.Lacks(i) {
			lacks[capability] = true
		}
	}
	p.Lacks = slices.Sorted(maps.Keys(lacks))
	for _, place := range slices.Sorted(slices.Values(slices.Concat(s.Scenarios, s.InOtherShards))) {
		selected = append(selected, s.Plan.Scenarios[place].Ref())
	}
	p.Parts[selectionPart] = hash(p.Wanted, p.Lacks, p.Declared, p.Missing, selected)
	p.Parts[durationsPart] = hash(durations) // a map is written in the order of its keys
	p.Parts[targetPart] = hash(target)
	p.Parts[countPart] = hash(s.Shard.Of)
	p.Digest = hash(p.Parts)
	return p
}

// Whole is the selection that a shard is a part of, out of the plan that stands here.
func Whole(p *plan.Plan, planned *record.Planned, calls plan.Calls) (*plan.Selection, error) {
	can := func(capability string) bool { return !slices.Contains(planned.Lacks, capability) }
	s, err := p.Select(planned.Wanted, calls, can)
	if err != nil {
		return nil, err
	}
	s.Declared, s.Missing = planned.Declared, planned.Missing
	return s, nil
}

// hash is the SHA-256 of some values, written as JSON.
func hash(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("hashing: %v", err)) // strings, numbers, and lists and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
