package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// many returns a plan of n scenarios of one step each.
func many(n int) *Plan {
	p := new(Plan)
	for i := range n {
		p.Scenarios = append(p.Scenarios, Scenario{ID: fmt.Sprintf("features/many.feature > %d", i), Steps: []Step{{Text: "x"}}})
	}
	return p
}

func TestPartition(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	tests := []struct {
		name  string
		n     int
		steps []int
		took  []int // in milliseconds; -1 for one that was not measured
		want  [][]int
	}{
		{"one shard has all", 1, []int{1, 1, 1}, nil, [][]int{{0, 1, 2}}},
		{"equals go round", 2, []int{1, 1, 1, 1, 1}, nil, [][]int{{0, 2, 4}, {1, 3}}},
		{"by steps, when nothing was measured", 2, []int{1, 1, 1, 3}, nil, [][]int{{3}, {0, 1, 2}}},
		{"by what was measured", 2, []int{9, 1, 1, 1}, []int{1, 2, 3, 6}, [][]int{{3}, {0, 1, 2}}},
		{"the median for the others", 2, []int{1, 1, 1, 1}, []int{-1, 1, 5, 9}, [][]int{{1, 3}, {0, 2}}},
		{"what takes no time is dealt out too", 2, []int{1, 1, 1, 1}, []int{0, 0, 0, 0}, [][]int{{0, 2}, {1, 3}}},
		{"more shards than scenarios", 4, []int{1, 1}, nil, [][]int{{0}, {1}, nil, nil}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := many(len(test.steps))
			durations := Durations{"s-0000000000": ms(100)} // of a scenario that is gone
			for i, n := range test.steps {
				p.Scenarios[i].Steps = make([]Step, n)
				if test.took != nil && test.took[i] >= 0 {
					durations[p.Scenarios[i].Ref()] = ms(test.took[i])
				}
			}
			var got [][]int
			for i, shard := range everything(t, p).Partition(test.n, durations) {
				got = append(got, shard.Scenarios)
				if want := (Shard{i + 1, test.n}); shard.Shard != want {
					t.Errorf("got %v, want %v", shard.Shard, want)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("dealt (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever was measured, every scenario is dealt out once, always in the same way, and no shard is longer than dealing the
// longest first can make it: the mean and one scenario more.
func TestPartitionIsCompleteAndBalanced(t *testing.T) {
	p := many(97)
	s := everything(t, p)
	for n := 1; n <= 20; n++ {
		chance := rand.New(rand.NewPCG(uint64(n), 0))
		durations := Durations{}
		for i := range p.Scenarios {
			if chance.IntN(5) > 0 {
				durations[p.Scenarios[i].Ref()] = time.Duration(chance.IntN(1_000_000))
			}
		}
		shards := s.Partition(n, durations)
		var all []int
		weights := s.weights(durations)
		var total, longest, scenario time.Duration
		for _, shard := range shards {
			var load time.Duration
			for _, place := range shard.Scenarios {
				load += weights[place]
				scenario = max(scenario, weights[place])
			}
			total, longest = total+load, max(longest, load)
			all = append(all, shard.Scenarios...)
			if !slices.IsSorted(shard.Scenarios) {
				t.Errorf("n=%d: %v is not in the order of the plan", n, shard.Scenarios)
			}
			both := slices.Sorted(slices.Values(slices.Concat(shard.Scenarios, shard.InOtherShards)))
			if !slices.Equal(both, s.Scenarios) {
				t.Errorf("n=%d: %v and what runs elsewhere is %v", n, shard.Shard, both)
			}
		}
		slices.Sort(all)
		if !slices.Equal(all, s.Scenarios) {
			t.Errorf("n=%d: dealt %v, want each of %d once", n, all, len(s.Scenarios))
		}
		if bound := total/time.Duration(n) + scenario; longest > bound {
			t.Errorf("n=%d: the longest shard takes %v, and may take %v", n, longest, bound)
		}
		if diff := cmp.Diff(dealt(shards), dealt(s.Partition(n, durations))); diff != "" {
			t.Errorf("n=%d: dealt otherwise the second time:\n%s", n, diff)
		}
	}
}

func dealt(shards []*Selection) (all [][]int) {
	for _, shard := range shards {
		all = append(all, shard.Scenarios)
	}
	return all
}

func everything(t *testing.T, p *Plan) *Selection {
	t.Helper()
	s := &Selection{Plan: p}
	for i := range p.Scenarios {
		s.Scenarios = append(s.Scenarios, i)
	}
	return s
}
