package record

import (
	"fmt"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/runner/internal/plan"
)

// nodes are the scenarios and steps of feature documents, by their ids.
type nodes map[string]node

// node is what a document has of a scenario or of a step.
type node struct {
	feature, rule, keyword string
	line                   int
}

// add adds the nodes of a document.
func (n nodes) add(d *messages.GherkinDocument) {
	steps := func(steps []*messages.Step) {
		for _, s := range steps {
			n[s.Id] = node{keyword: strings.TrimSpace(s.Keyword), line: int(s.Location.Line)}
		}
	}
	scenario := func(s *messages.Scenario, rule string) {
		n[s.Id] = node{feature: d.Feature.Name, rule: rule}
		steps(s.Steps)
	}
	for _, child := range d.Feature.Children {
		switch {
		case child.Background != nil:
			steps(child.Background.Steps)
		case child.Scenario != nil:
			scenario(child.Scenario, "")
		case child.Rule != nil:
			for _, inner := range child.Rule.Children {
				if inner.Background != nil {
					steps(inner.Background.Steps)
				} else {
					scenario(inner.Scenario, child.Rule.Name)
				}
			}
		}
	}
}

// describe adds to a selected scenario what its pickle has: steps, and the names of what contains it.
func (n nodes) describe(s *Scenario, pickle *messages.Pickle) error {
	if len(pickle.AstNodeIds) > 0 {
		at := n[pickle.AstNodeIds[0]]
		s.Feature, s.GherkinRule = at.feature, at.rule
	}
	for _, from := range pickle.Steps {
		if len(from.AstNodeIds) == 0 {
			return fmt.Errorf("a step of the pickle %q is in no document", pickle.Id)
		}
		at := n[from.AstNodeIds[0]]
		step := Step{Step: plan.Step{Line: at.line, Keyword: at.keyword, Text: from.Text}}
		if from.Argument != nil && from.Argument.DataTable != nil {
			for _, row := range from.Argument.DataTable.Rows {
				var cells []string
				for _, cell := range row.Cells {
					cells = append(cells, cell.Value)
				}
				step.Table = append(step.Table, cells)
			}
		}
		if from.Argument != nil && from.Argument.DocString != nil {
			step.DocString = from.Argument.DocString.Content
		}
		s.Steps = append(s.Steps, step)
		s.Scenario.Steps = append(s.Scenario.Steps, step.Step)
	}
	return nil
}

// redact removes secrets from all that a scenario has of its feature.
func (s *Scenario) redact(secrets *Secrets) {
	s.Feature, s.GherkinRule = secrets.Clean(s.Feature), secrets.Clean(s.GherkinRule)
	for i := range s.Steps {
		step := &s.Steps[i]
		step.Keyword, step.Text, step.DocString = secrets.Clean(step.Keyword), secrets.Clean(step.Text), secrets.Clean(step.DocString)
		for j := range step.Table {
			step.Table[j] = cleaned(step.Table[j], secrets)
		}
		s.Scenario.Steps[i] = step.Step
	}
}

// cleaned returns texts without secrets.
func cleaned(texts []string, secrets *Secrets) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = secrets.Clean(texts[i])
	}
	return texts
}
