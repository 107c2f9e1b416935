package plan

import (
	"strings"

	messages "github.com/cucumber/messages/go/v21"
)

// places says where the nodes of a document stand in its text.
type places struct {
	scenarios               map[string]scenarioPlace // by the node's id
	rows                    map[string]rowPlace
	steps                   map[string]stepPlace
	tags                    map[string]int // the lines of tags
	blocks                  []lines        // every scenario, every Examples block and every row
	outlinesWithoutExamples []named        // outlines without rows
	emptyRules              []named        // rules without scenarios
}

type scenarioPlace struct {
	line       int
	lines      lines
	rule, name string
}

type rowPlace struct {
	line   int
	block  lines
	values []string
}

type stepPlace struct {
	line    int
	keyword string
	rows    []int // the lines of its table
}

type named struct {
	line int
	name string
}

// survey walks the document. End is the first line after the text.
//
// A scenario begins with its first tag, or with its keyword when it has none, and ends where the next scenario or
// rule begins. Comments before the next one fall to the one before; to the parser they are nothing either way.
func survey(document *messages.GherkinDocument, end int) *places {
	p := &places{
		scenarios: map[string]scenarioPlace{},
		rows:      map[string]rowPlace{},
		steps:     map[string]stepPlace{},
		tags:      map[string]int{},
	}
	p.addTags(document.Feature.Tags)
	children := document.Feature.Children
	for i, child := range children {
		next := end
		if i+1 < len(children) {
			next = beginning(children[i+1])
		}
		switch {
		case child.Background != nil:
			p.addSteps(child.Background.Steps)
		case child.Scenario != nil:
			p.addScenario(child.Scenario, "", next)
		case child.Rule != nil:
			p.addRule(child.Rule, next)
		}
	}
	return p
}

// beginning is the first line of a feature's child.
func beginning(child *messages.FeatureChild) int {
	switch {
	case child.Rule != nil:
		return firstLine(child.Rule.Tags, child.Rule.Location)
	case child.Scenario != nil:
		return firstLine(child.Scenario.Tags, child.Scenario.Location)
	default:
		return int(child.Background.Location.Line)
	}
}

// firstLine is the line of the first tag, or of the keyword when there is none.
func firstLine(tags []*messages.Tag, keyword *messages.Location) int {
	if len(tags) > 0 {
		return int(tags[0].Location.Line)
	}
	return int(keyword.Line)
}

func (p *places) addRule(rule *messages.Rule, end int) {
	p.addTags(rule.Tags)
	hollow := true
	for i, child := range rule.Children {
		if child.Background != nil {
			p.addSteps(child.Background.Steps)
			continue
		}
		hollow = false
		next := end
		if i+1 < len(rule.Children) {
			following := rule.Children[i+1].Scenario // a background comes before every scenario
			next = firstLine(following.Tags, following.Location)
		}
		p.addScenario(child.Scenario, rule.Name, next)
	}
	if hollow {
		p.emptyRules = append(p.emptyRules, named{int(rule.Location.Line), rule.Name})
	}
}

func (p *places) addScenario(s *messages.Scenario, rule string, end int) {
	span := lines{firstLine(s.Tags, s.Location), end}
	p.scenarios[s.Id] = scenarioPlace{int(s.Location.Line), span, rule, s.Name}
	p.blocks = append(p.blocks, span)
	p.addTags(s.Tags)
	p.addSteps(s.Steps)

	rows := 0
	for i, examples := range s.Examples {
		p.addTags(examples.Tags)
		block := lines{firstLine(examples.Tags, examples.Location), end}
		if i+1 < len(s.Examples) {
			block.to = firstLine(s.Examples[i+1].Tags, s.Examples[i+1].Location)
		}
		p.blocks = append(p.blocks, block)
		for _, row := range examples.TableBody {
			rows++
			line := int(row.Location.Line)
			values := make([]string, len(row.Cells))
			for j, cell := range row.Cells {
				values[j] = cell.Value
			}
			p.rows[row.Id] = rowPlace{line, block, values}
			p.blocks = append(p.blocks, lines{line, line + 1})
		}
		if len(examples.TableBody) == 0 {
			p.outlinesWithoutExamples = append(p.outlinesWithoutExamples, named{int(examples.Location.Line), s.Name})
		}
	}
	// An outline is one by its keyword or by its examples; "Scenario Outline" without examples runs its steps
	// with <placeholders> in them, which nobody means.
	if rows == 0 && len(s.Examples) == 0 && IsOutline(s) {
		p.outlinesWithoutExamples = append(p.outlinesWithoutExamples, named{int(s.Location.Line), s.Name})
	}
}

// IsOutline says whether the author meant a scenario to be an outline: it has examples, or it is called one, in English.
func IsOutline(s *messages.Scenario) bool {
	return len(s.Examples) > 0 || strings.Contains(s.Keyword, "Outline") || strings.Contains(s.Keyword, "Template")
}

func (p *places) addTags(tags []*messages.Tag) {
	for _, tag := range tags {
		p.tags[tag.Id] = int(tag.Location.Line)
	}
}

func (p *places) addSteps(steps []*messages.Step) {
	for _, step := range steps {
		place := stepPlace{line: int(step.Location.Line), keyword: strings.TrimSpace(step.Keyword)}
		if step.DataTable != nil {
			for _, row := range step.DataTable.Rows {
				place.rows = append(place.rows, int(row.Location.Line))
			}
		}
		p.steps[step.Id] = place
	}
}
