package plan

import (
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// tagSet has every tag that a milestone defines.
type tagSet struct {
	rules map[string]*milestones.Rule // by tag
	needs map[string]string           // capability by tag
	all   []string                    // every tag, in the order of the milestone
}

func newTagSet(m *milestones.Milestone) tagSet {
	v := tagSet{rules: map[string]*milestones.Rule{}, needs: map[string]string{}}
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

// readTags copies the tags of a scenario's pickle into the scenario. It reports an invalid tag at the tag's line, and an
// invalid combination of tags at the scenario's first line. An unknown tag counts as the nearest valid one, so that one
// typo is reported once.
func (f *finder) readTags(s *Scenario, feature string, line int, lineOf map[string]int) {
	var rules, sides []string
	unknown := false
	s.Level = milestones.Core
	for _, tag := range s.Pickle.Tags {
		if slices.Contains(s.Tags, tag.Name) {
			continue
		}
		s.Tags = append(s.Tags, tag.Name)
		name := tag.Name
		if !slices.Contains(f.tags.all, name) {
			f.report(s.URI, lineOf[tag.AstNodeId], "unknown tag %s%s", name, suggest.DidYouMean(name, f.tags.all))
			name, unknown = suggest.Nearest(name, f.tags.all), true
		}
		switch {
		case f.tags.rules[name] != nil:
			rules = append(rules, name)
		case name == "@"+string(Refuses), name == "@"+string(Permits):
			sides = append(sides, name)
		case name == FullTag:
			s.Level = milestones.Full
		case f.tags.needs[name] != "":
			s.Needs = append(s.Needs, f.tags.needs[name])
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
	rule := f.tags.rules[rules[0]]
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
	f.setSide(s, rule, sides, unknown, line)
}

// setSide sets the side that a scenario shows of a gate, and reports wrong and missing ones.
func (f *finder) setSide(s *Scenario, rule *milestones.Rule, sides []string, unknown bool, line int) {
	switch {
	case rule.Kind == milestones.Precondition && len(sides) == 0 && unknown: // which may have been meant as the side
	case rule.Kind == milestones.Precondition && len(sides) == 0:
		f.report(s.URI, line, "@%s is a gate: tag the scenario @refuses or @permits", rule.ID)
	case rule.Kind == milestones.Precondition && len(sides) > 1:
		f.report(s.URI, line, "both @refuses and @permits: a scenario shows one side of a gate")
	case rule.Kind != milestones.Precondition && len(sides) > 0:
		f.report(s.URI, line, "@%s is a promise: it has no sides, so %s has no effect", rule.ID, strings.Join(sides, " "))
	case len(sides) == 1:
		s.Side = Side(sides[0][1:])
	}
}
