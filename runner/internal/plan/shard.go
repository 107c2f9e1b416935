package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Shard is one part of a selection that is run on several machines. The zero value is all of it.
type Shard struct {
	// Index is its number, from 1, and Of is how many there are.
	Index int `json:"index"`
	Of    int `json:"of"`
}

func (s Shard) String() string { return fmt.Sprintf("shard %d of %d", s.Index, s.Of) }

// Durations are how long scenarios once took, by their short names.
type Durations map[string]time.Duration

// Partition divides the selected scenarios into n shards of about equal duration: the longest scenario first, each to
// the shard with the least work so far. An unmeasured scenario counts as the median of the measured ones, or, if none
// was measured, by its number of steps. Ties go to the first shard, so that every machine divides alike. The longest
// shard takes at most 4/3 of the optimum.
func (s *Selection) Partition(n int, durations Durations) []*Selection {
	weights := s.weights(durations)
	order := slices.Clone(s.Scenarios)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	dealt, loads := make([][]int, n), make([]time.Duration, n)
	for _, place := range order {
		least := 0
		for i, load := range loads {
			// Of shards that have as much to do, the one with the fewest scenarios: what takes no time is dealt out too.
			if load < loads[least] || load == loads[least] && len(dealt[i]) < len(dealt[least]) {
				least = i
			}
		}
		dealt[least] = append(dealt[least], place)
		loads[least] += weights[place]
	}
	shards := make([]*Selection, n)
	for i, places := range dealt {
		slices.Sort(places)
		shard := *s
		shard.Scenarios, shard.Shard = places, Shard{i + 1, n}
		shard.InOtherShards = slices.DeleteFunc(slices.Clone(s.Scenarios), func(place int) bool {
			_, own := slices.BinarySearch(places, place)
			return own
		})
		shards[i] = &shard
	}
	return shards
}

// weights are how long each selected scenario is taken to last.
func (s *Selection) weights(durations Durations) map[int]time.Duration {
	weights := map[int]time.Duration{}
	var known []time.Duration
	for _, place := range s.Scenarios {
		if took, measured := durations[s.Plan.Scenarios[place].Ref()]; measured {
			weights[place] = took
			known = append(known, took)
		}
	}
	slices.Sort(known)
	for _, place := range s.Scenarios {
		if _, measured := weights[place]; measured {
			continue
		}
		weights[place] = time.Duration(len(s.Plan.Scenarios[place].Steps))
		if len(known) > 0 {
			weights[place] = known[len(known)/2]
		}
	}
	return weights
}
