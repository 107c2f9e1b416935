package plan

import (
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// vocabulary is every tag that a milestone knows.
type vocabulary struct {
	rules map[string]*milestones.Rule // by tag
	needs map[string]string           // capability by tag
	all   []string                    // every tag, in the order of the milestone
}

func newVocabulary(m *milestones.Milestone) vocabulary {
	v := vocabulary{rules: map[string]*milestones.Rule{}, needs: map[string]string{}}
	v.all = []string{"@" + string(Refuses), "@" + string(Permits), FullTag}
	for i := range m.Rules {
		tag := "@" + m.Rules[i].ID
		v.rules[tag] = &m.Rules[i]
		v.all = append(v.all, tag)
	}
	for _, capability := range m.Capabilities {
		tag := NeedsPrefix + capability.ID
		v.needs[tag] = capability.ID
		v.all = append(v.all, tag)
	}
	return v
}

// tags reads the tags of the scenario's pickle into it, and reports what is wrong with them: a single tag where it stands,
// and what they say together where the scenario begins, at line. An unknown tag counts as the one that it was probably
// meant to be, so that nothing is reported that follows from the slip.
func (f *finder) tags(s *Scenario, feature string, line int, lineOf map[string]int) {
	var rules, sides []string
	unknown := false
	s.Level = milestones.Core
	for _, tag := range s.Pickle.Tags {
		if slices.Contains(s.Tags, tag.Name) {
			continue
		}
		s.Tags = append(s.Tags, tag.Name)
		name := tag.Name
		if !slices.Contains(f.vocabulary.all, name) {
			f.report(s.URI, lineOf[tag.AstNodeId], "unknown tag %s%s", name, suggest.DidYouMean(name, f.vocabulary.all))
			name, unknown = suggest.Nearest(name, f.vocabulary.all), true
		}
		switch {
		case f.vocabulary.rules[name] != nil:
			rules = append(rules, name)
		case name == "@"+string(Refuses), name == "@"+string(Permits):
			sides = append(sides, name)
		case name == FullTag:
			s.Level = milestones.Full
		case f.vocabulary.needs[name] != "":
			s.Needs = append(s.Needs, f.vocabulary.needs[name])
		}
	}
	slices.Sort(s.Tags)
	slices.Sort(s.Needs)

	if len(rules) == 0 {
		if !unknown {
			f.report(s.URI, line, "no rule: tag the scenario with the rule of the milestone that it proves")
		}
		return
	}
	if len(rules) > 1 && !unknown {
		f.report(s.URI, line, "more than one rule (%s): a scenario proves one", strings.Join(rules, ", "))
		return
	}
	rule := f.vocabulary.rules[rules[0]]
	s.Rule = rule.ID
	if rule.Feature != feature {
		f.report(s.URI, line, "the milestone has @%s in %s", rule.ID, rule.Feature)
	}
	if rule.Level == milestones.Full {
		if s.Level == milestones.Full && !unknown {
			f.report(s.URI, line, "@%s is at level full, and so are all of its scenarios: %s is redundant", rule.ID, FullTag)
		}
		s.Level = milestones.Full
	}
	switch {
	case rule.Kind == milestones.Precondition && len(sides) == 0 && unknown: // which may have been meant as the side
	case rule.Kind == milestones.Precondition && len(sides) == 0:
		f.report(s.URI, line, "@%s is a gate: tag the scenario @refuses or @permits", rule.ID)
	case rule.Kind == milestones.Precondition && len(sides) > 1:
		f.report(s.URI, line, "both @refuses and @permits: a scenario shows one side of a gate")
	case rule.Kind != milestones.Precondition && len(sides) > 0:
		f.report(s.URI, line, "@%s is a promise: it has no sides, so %s says nothing", rule.ID, strings.Join(sides, " "))
	case len(sides) == 1:
		s.Side = Side(sides[0][1:])
	}
}
