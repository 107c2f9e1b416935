package plan

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Selection is the part of a plan that one run does.
type Selection struct {
	// Plan is the whole.
	Plan *Plan
	// Filter is what the selection was asked to be limited to.
	Filter Filter
	// Scenarios are the indexes of the selected scenarios in the plan: ascending, and in a part that [Selection.Lanes]
	// made in the order in which they are run.
	Scenarios []int
	// Skipped are the indexes of those that are wanted and that the target cannot do.
	Skipped []int
	// Declared are the capabilities that somebody said the target lacks.
	Declared []string
	// Missing are the groups of required capabilities of which the target has none.
	Missing [][]string
	// Shard is which part of all that is wanted this is, and Elsewhere are the indexes of what other shards run of it.
	Shard         Shard
	InOtherShards []int

	has func(capability string) bool
}

// Lacks are the capabilities that a scenario needs and the target does not have.
func (s *Selection) Lacks(scenario int) []string {
	var lacks []string
	for _, need := range s.Plan.Scenarios[scenario].Needs {
		if s.has != nil && !s.has(need) {
			lacks = append(lacks, need)
		}
	}
	return lacks
}

// SkippedFor is the capability for which a scenario was left out: one that the target is declared to lack, if there is
// such a one among those that it lacks, else the first of them.
func (s *Selection) SkippedFor(scenario int) (capability string, declared bool) {
	lacks := s.Lacks(scenario)
	for _, lacking := range lacks {
		if slices.Contains(s.Declared, lacking) {
			return lacking, true
		}
	}
	return lacks[0], false
}

// Args is how the selection was limited, as on a command line; "" when it was not.
func (s *Selection) Args() string { return strings.Join(s.Filter.args(), " ") }

// Complete says whether the selection is the whole plan. Only a complete one can show that a contract holds.
func (s *Selection) Complete() bool { return len(s.Scenarios) == len(s.Plan.Scenarios) }

// Source is the text of one feature file to run.
type Source struct {
	// Name tells it from the others: the file's, and for more of the same file "#2" and so on after it. Of two contents
	// with one name godog runs the first, and says nothing.
	Name string
	// Text is the file, with the lines of everything that was not selected left empty.
	Text []byte
}

// Sources writes the features that hold exactly the selected scenarios, in their order: a file is written again
// whenever the order goes back in it, or to another one and back. When all of a file is selected, its text is the file's,
// byte for byte.
func (s *Selection) Sources() []Source {
	total := make([]int, len(s.Plan.sources))
	for i := range s.Plan.Scenarios {
		total[s.Plan.Scenarios[i].feature]++
	}
	written := make([]int, len(s.Plan.sources))
	var sources []Source
	for from := 0; from < len(s.Scenarios); {
		feature := s.Plan.Scenarios[s.Scenarios[from]].feature
		var chosen []*Scenario
		to := from
		for to < len(s.Scenarios) && (to == from || s.Scenarios[to] > s.Scenarios[to-1]) && s.Plan.Scenarios[s.Scenarios[to]].feature == feature {
			chosen = append(chosen, &s.Plan.Scenarios[s.Scenarios[to]])
			to++
		}
		file := &s.Plan.sources[feature]
		source := Source{file.uri, file.text}
		if written[feature]++; written[feature] > 1 {
			source.Name += fmt.Sprintf("#%d", written[feature])
		}
		if len(chosen) < total[feature] {
			source.Text = file.only(chosen)
		}
		sources = append(sources, source)
		from = to
	}
	return sources
}

// only blanks out every block of the feature that holds none of the scenarios.
func (f *source) only(scenarios []*Scenario) []byte {
	keep := map[lines]bool{}
	for _, s := range scenarios {
		keep[s.lines], keep[s.outline], keep[s.block] = true, true, true
	}
	text := bytes.SplitAfter(f.text, []byte("\n"))
	for _, block := range f.blocks {
		if keep[block] {
			continue
		}
		for line := block.from; line < block.to && line <= len(text); line++ {
			text[line-1] = []byte("\n")
		}
	}
	return bytes.Join(text, nil)
}

// Lanes deals the selected scenarios out to n parts, one by one, so that long features are long for all of them. They
// come in the order of the plan, or in one that is drawn from the seed, when there is one. A selection with fewer scenarios
// than that has fewer parts, and always one.
func (s *Selection) Lanes(n int, seed string) []*Selection {
	order := slices.Clone(s.Scenarios)
	if seed != "" {
		chance := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed))))
		chance.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	dealt := make([][]int, max(1, min(n, len(order))))
	for i, scenario := range order {
		dealt[i%len(dealt)] = append(dealt[i%len(dealt)], scenario)
	}
	var parts []*Selection
	for _, scenarios := range dealt {
		parts = append(parts, s.part(scenarios))
	}
	return parts
}

// part is the selection with only these of its scenarios, and with nothing that is left out.
func (s *Selection) part(scenarios []int) *Selection {
	part := *s
	part.Scenarios, part.Skipped = scenarios, nil
	return &part
}
