package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
)

// Selection is the part of a plan that one run does.
type Selection struct {
	// Plan is the whole.
	Plan *Plan
	// Tags are what the selection was asked to be limited to; none means everything.
	Tags []string
	// Refs are the short names of the scenarios that it was asked to be limited to; none means everything.
	Refs []string
	// Scenarios are the indexes of the selected scenarios in the plan, ascending.
	Scenarios []int
	// LeftOut are the indexes of those that the tags ask for and that the target cannot do.
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

// Only limits the selection to the scenarios with these short names ([Scenario.Ref]).
func (s *Selection) Only(refs []string) error {
	known := make([]string, len(s.Plan.Scenarios))
	for i := range s.Plan.Scenarios {
		known[i] = s.Plan.Scenarios[i].Ref()
	}
	for _, ref := range refs {
		if !slices.Contains(known, ref) {
			return fmt.Errorf("no scenario is called %s%s", ref, milestones.Suggest(ref, known))
		}
	}
	other := func(i int) bool { return !slices.Contains(refs, known[i]) }
	s.Refs = refs
	s.Scenarios, s.LeftOut = slices.DeleteFunc(s.Scenarios, other), slices.DeleteFunc(s.LeftOut, other)
	return nil
}

// Asked is how the selection was limited, as on a command line; "" when it was not.
func (s *Selection) Asked() string {
	var words []string
	for _, tag := range s.Tags {
		words = append(words, "--tag "+tag)
	}
	for _, ref := range s.Refs {
		words = append(words, "--scenario "+ref)
	}
	return strings.Join(words, " ")
}

// Complete says whether the selection is the whole plan. Only a complete one can show that a contract holds.
func (s *Selection) Complete() bool { return len(s.Scenarios) == len(s.Plan.Scenarios) }

// UnknownTag is a tag to select by that no scenario can have.
type UnknownTag struct {
	Tag     string
	Suggest string
}

func (u *UnknownTag) Error() string { return fmt.Sprintf("unknown tag %s%s", u.Tag, u.Suggest) }

// Select picks the scenarios that have all the tags. Of those it leaves out the ones that need a capability for
// which has is false; a nil has means that the target can do everything.
func (p *Plan) Select(tags []string, has func(capability string) bool) (*Selection, error) {
	known := newVocabulary(p.Milestone).all
	for _, tag := range tags {
		if !slices.Contains(known, tag) {
			suggestion := milestones.Suggest(tag, known)
			if !strings.HasPrefix(tag, "@") && slices.Contains(known, "@"+tag) {
				suggestion = fmt.Sprintf(" (did you mean @%s?)", tag)
			}
			return nil, &UnknownTag{tag, suggestion}
		}
	}
	s := &Selection{Plan: p, Tags: tags, has: has}
	for i := range p.Scenarios {
		switch {
		case !p.Scenarios[i].hasAll(tags):
		case len(s.Lacks(i)) > 0:
			s.LeftOut = append(s.LeftOut, i)
		default:
			s.Scenarios = append(s.Scenarios, i)
		}
	}
	return s, nil
}

func (s *Scenario) hasAll(tags []string) bool {
	for _, tag := range tags {
		if !slices.Contains(s.Tags, tag) {
			return false
		}
	}
	return true
}

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
		parts[i] = &Selection{Plan: s.Plan, Tags: s.Tags, Refs: s.Refs, Declared: s.Declared, has: s.has}
	}
	for i, scenario := range s.Scenarios {
		part := parts[i%n]
		part.Scenarios = append(part.Scenarios, scenario)
	}
	return parts
}
