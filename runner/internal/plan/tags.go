package plan

import (
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

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
	v.all = []string{"@" + string(Refuses), "@" + string(Permits)}
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

// tags reads the tags of a pickle into the scenario, and reports what is wrong with them. Line is where the author
// looks for tags: the scenario, also when the tag stands on the feature, the rule or the examples.
func (f *finder) tags(s *Scenario, feature string, line int, pickle *messages.Pickle) {
	var rules, sides []string
	for _, tag := range pickle.Tags {
		if slices.Contains(s.Tags, tag.Name) {
			continue
		}
		s.Tags = append(s.Tags, tag.Name)
		switch {
		case f.vocabulary.rules[tag.Name] != nil:
			rules = append(rules, tag.Name)
		case tag.Name == "@"+string(Refuses), tag.Name == "@"+string(Permits):
			sides = append(sides, tag.Name)
		case f.vocabulary.needs[tag.Name] != "":
			s.Needs = append(s.Needs, f.vocabulary.needs[tag.Name])
		default:
			f.report(s.URI, line, "unknown tag %s%s", tag.Name, milestones.Suggest(tag.Name, f.vocabulary.all))
		}
	}
	slices.Sort(s.Tags)
	slices.Sort(s.Needs)

	if len(rules) == 0 {
		f.report(s.URI, line, "no rule: tag the scenario with the rule of the milestone that it proves")
		return
	}
	if len(rules) > 1 {
		f.report(s.URI, line, "more than one rule (%s): a scenario proves one", strings.Join(rules, ", "))
		return
	}
	rule := f.vocabulary.rules[rules[0]]
	s.Rule = rule.ID
	if rule.Feature != feature {
		f.report(s.URI, line, "the milestone has @%s in %s", rule.ID, rule.Feature)
	}
	switch {
	case rule.Kind == milestones.Gate && len(sides) == 0:
		f.report(s.URI, line, "@%s is a gate: tag the scenario @refuses or @permits", rule.ID)
	case rule.Kind == milestones.Gate && len(sides) > 1:
		f.report(s.URI, line, "both @refuses and @permits: a scenario shows one side of a gate")
	case rule.Kind != milestones.Gate && len(sides) > 0:
		f.report(s.URI, line, "@%s is a promise: it has no sides, so %s says nothing", rule.ID, strings.Join(sides, " "))
	case len(sides) == 1:
		s.Side = Side(sides[0][1:])
	}
}
