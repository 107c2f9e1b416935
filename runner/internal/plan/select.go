package plan

import (
	"bytes"
	"slices"
	"strings"
)

// Selection is the part of a plan that one run does.
type Selection struct {
	// Plan is the whole.
	Plan *Plan
	// Wanted is what the selection was asked to be limited to.
	Wanted Wanted
	// Scenarios are the indexes of the selected scenarios in the plan, ascending.
	Scenarios []int
	// LeftOut are the indexes of those that are wanted and that the target cannot do.
	LeftOut []int
	// Declared are the capabilities that somebody said the target lacks.
	Declared []string

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

// LeftOutFor is the capability for which a scenario was left out: one that the target is declared to lack, if there is
// such a one among those that it lacks, else the first of them.
func (s *Selection) LeftOutFor(scenario int) (capability string, declared bool) {
	lacks := s.Lacks(scenario)
	for _, lacking := range lacks {
		if slices.Contains(s.Declared, lacking) {
			return lacking, true
		}
	}
	return lacks[0], false
}

// Asked is how the selection was limited, as on a command line; "" when it was not.
func (s *Selection) Asked() string { return strings.Join(s.Wanted.asked(), " ") }

// Complete says whether the selection is the whole plan. Only a complete one can show that a contract holds.
func (s *Selection) Complete() bool { return len(s.Scenarios) == len(s.Plan.Scenarios) }

// Source is the text of one feature file to run.
type Source struct {
	// URI is the name that the feature runs under.
	URI string
	// Text is the file, with the lines of everything that was not selected left empty.
	Text []byte
}

// Sources writes the features that hold exactly the selected scenarios, in the order of the plan. A feature without
// any is not among them. When all of a file is selected, its text is the file's, byte for byte.
func (s *Selection) Sources() []Source {
	chosen := make([][]*Scenario, len(s.Plan.sources))
	total := make([]int, len(s.Plan.sources))
	for i := range s.Plan.Scenarios {
		total[s.Plan.Scenarios[i].feature]++
	}
	for _, i := range s.Scenarios {
		scenario := &s.Plan.Scenarios[i]
		chosen[scenario.feature] = append(chosen[scenario.feature], scenario)
	}
	var sources []Source
	for i, feature := range s.Plan.sources {
		switch len(chosen[i]) {
		case 0:
		case total[i]:
			sources = append(sources, Source{feature.uri, feature.text})
		default:
			sources = append(sources, Source{feature.uri, feature.only(chosen[i])})
		}
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

// Split deals the selected scenarios out to n parts, one by one, so that long features are long for all of them. A
// selection with fewer scenarios than that has fewer parts, and always one.
func (s *Selection) Split(n int) []*Selection {
	n = max(1, min(n, len(s.Scenarios)))
	parts := make([]*Selection, n)
	for i := range parts {
		parts[i] = &Selection{Plan: s.Plan, Wanted: s.Wanted, Declared: s.Declared, has: s.has}
	}
	for i, scenario := range s.Scenarios {
		part := parts[i%n]
		part.Scenarios = append(part.Scenarios, scenario)
	}
	return parts
}
