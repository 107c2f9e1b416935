package plan

import (
	"strings"

	messages "github.com/cucumber/messages/go/v21"
)

// locations are the lines of the nodes of a document, by the nodes' ids.
type locations struct {
	scenarios map[string]scenarioLocation
	rows      map[string]rowLocation
	steps     map[string]stepLocation
	tags      map[string]int // the lines of tags

	outlinesWithoutExamples []namedLine
	emptyRules              []namedLine
}

type scenarioLocation struct {
	line       int
	rule, name string
}

type rowLocation struct {
	line   int
	values []string
}

type stepLocation struct {
	line    int
	keyword string
	rows    []int // the lines of its table
}

type namedLine struct {
	line int
	name string
}

// locate walks the document.
func locate(document *messages.GherkinDocument) *locations {
	l := &locations{
		scenarios: map[string]scenarioLocation{},
		rows:      map[string]rowLocation{},
		steps:     map[string]stepLocation{},
		tags:      map[string]int{},
	}
	l.addTags(document.Feature.Tags)
	for _, child := range document.Feature.Children {
		switch {
		case child.Background != nil:
			l.addSteps(child.Background.Steps)
		case child.Scenario != nil:
			l.addScenario(child.Scenario, "")
		case child.Rule != nil:
			l.addRule(child.Rule)
		}
	}
	return l
}

func (l *locations) addRule(rule *messages.Rule) {
	l.addTags(rule.Tags)
	empty := true
	for _, child := range rule.Children {
		if child.Background != nil {
			l.addSteps(child.Background.Steps)
			continue
		}
		empty = false
		l.addScenario(child.Scenario, rule.Name)
	}
	if empty {
		l.emptyRules = append(l.emptyRules, namedLine{int(rule.Location.Line), rule.Name})
	}
}

func (l *locations) addScenario(s *messages.Scenario, rule string) {
	l.scenarios[s.Id] = scenarioLocation{int(s.Location.Line), rule, s.Name}
	l.addTags(s.Tags)
	l.addSteps(s.Steps)
	for _, examples := range s.Examples {
		l.addTags(examples.Tags)
		for _, row := range examples.TableBody {
			values := make([]string, len(row.Cells))
			for j, cell := range row.Cells {
				values[j] = cell.Value
			}
			l.rows[row.Id] = rowLocation{int(row.Location.Line), values}
		}
		if len(examples.TableBody) == 0 {
			l.outlinesWithoutExamples = append(l.outlinesWithoutExamples, namedLine{int(examples.Location.Line), s.Name})
		}
	}
	// A scenario is an outline by its keyword or by its examples. "Scenario Outline" without examples would run its steps
	// with <placeholders> in them.
	if len(s.Examples) == 0 && IsOutline(s) {
		l.outlinesWithoutExamples = append(l.outlinesWithoutExamples, namedLine{int(s.Location.Line), s.Name})
	}
}

// IsOutline reports whether a scenario is meant as an outline: it has examples, or an English keyword of one.
func IsOutline(s *messages.Scenario) bool {
	return len(s.Examples) > 0 || strings.Contains(s.Keyword, "Outline") || strings.Contains(s.Keyword, "Template")
}

func (l *locations) addTags(tags []*messages.Tag) {
	for _, tag := range tags {
		l.tags[tag.Id] = int(tag.Location.Line)
	}
}

func (l *locations) addSteps(steps []*messages.Step) {
	for _, step := range steps {
		at := stepLocation{line: int(step.Location.Line), keyword: strings.TrimSpace(step.Keyword)}
		if step.DataTable != nil {
			for _, row := range step.DataTable.Rows {
				at.rows = append(at.rows, int(row.Location.Line))
			}
		}
		l.steps[step.Id] = at
	}
}
