package plan

import (
	"cmp"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
)

// Selection is the part of a plan that one run executes.
type Selection struct {
	// Plan is the whole plan.
	Plan *Plan
	// Filter has the conditions by which scenarios were selected.
	Filter Filter
	// Scenarios are the places of the selected scenarios in the plan, ascending.
	Scenarios []int
	// Skipped are the places of the scenarios that meet the filter and need a capability that the service lacks.
	Skipped []int
	// NotAtLevel are the places of the scenarios that meet the filter and that its level does not require.
	NotAtLevel []int
	// Declared are the capabilities that the service is declared to lack.
	Declared []string
	// Missing are the groups of required capabilities of which the service has none.
	Missing [][]string
	// Shard is which part of what meets the filter this is, and InOtherShards are the places of the scenarios of the other
	// parts.
	Shard         Shard
	InOtherShards []int

	has func(capability string) bool
}

// Lacks returns the capabilities that a scenario needs and the service does not have.
func (s *Selection) Lacks(scenario int) []string {
	var lacks []string
	for _, need := range s.Plan.Scenarios[scenario].Needs {
		if s.has != nil && !s.has(need) {
			lacks = append(lacks, need)
		}
	}
	return lacks
}

// SkippedFor returns the capability for which a scenario is skipped: one that the service is declared to lack, if the
// scenario needs such a one, else the first that it lacks.
func (s *Selection) SkippedFor(scenario int) (capability string, declared bool) {
	lacks := s.Lacks(scenario)
	for _, lacking := range lacks {
		if slices.Contains(s.Declared, lacking) {
			return lacking, true
		}
	}
	return lacks[0], false
}

// Args returns the conditions of the filter as on a command line; "" when there are none.
func (s *Selection) Args() string { return strings.Join(s.Filter.args(), " ") }

// Complete reports whether the selection is all of the plan that the level requires. Only a complete run can show that a contract
// holds.
func (s *Selection) Complete() bool {
	return len(s.Scenarios)+len(s.NotAtLevel) == len(s.Plan.Scenarios)
}

// Level is the level that the run verifies.
func (s *Selection) Level() milestones.Level { return cmp.Or(s.Filter.Level, milestones.Full) }

// Queues deals the selected scenarios out to n workers, one by one, so that every worker gets some of a long feature. They
// are in the order of the plan, or in one that is drawn from the random seed, if there is one. A queue has at least one
// scenario, unless nothing is selected: then there is one empty queue.
func (s *Selection) Queues(n int, seed string) [][]int {
	order := slices.Clone(s.Scenarios)
	if seed != "" {
		random := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed))))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	queues := make([][]int, max(1, min(n, len(order))))
	for i, scenario := range order {
		queues[i%len(queues)] = append(queues[i%len(queues)], scenario)
	}
	return queues
}
