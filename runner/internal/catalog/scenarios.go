package catalog

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
)

const (
	unlimited = 1 << 30
	// maxListed limits a list of scenarios.
	maxListed = 20
	// maxSelected limits the scenarios of a command.
	maxSelected = 5
)

func (c *Catalog) scenarios() iter.Seq[*plan.Scenario] {
	return func(yield func(*plan.Scenario) bool) {
		for i := range c.plan.Scenarios {
			if !yield(&c.plan.Scenarios[i]) {
				return
			}
		}
	}
}

// explainScenarios explains the short id of a scenario.
func (c *Catalog) explainScenarios(p *page, id string) {
	for s := range c.scenarios() {
		if s.Ref() == id {
			c.explainScenario(p, s)
		}
	}
}

func (c *Catalog) explainScenario(p *page, s *plan.Scenario) {
	p.heading("%s is a scenario", s.Ref())
	p.text(s.Name)
	p.row("feature", "%s:%d", c.project.Shown(s.URI), s.Line)
	if s.Side == plan.Neither {
		p.row("rule", "%s", s.Rule)
	} else {
		p.row("rule", "%s, on the side that it %s", s.Rule, s.Side)
	}
	p.row("level", "%s", s.Level)
	p.rows("needs", s.Needs)
	var steps []string
	for _, step := range s.Steps {
		steps = append(steps, step.Keyword+" "+step.Text)
	}
	p.rows("steps", steps)
	p.rows("responses", c.responses[s.ID])
	c.writeCommand(p, []*plan.Scenario{s})
	c.writeRepro(p, s.Ref())
}

// covering returns the scenarios that have a matching response, or a word in one of their steps. A response is split at blanks
// and begins with the operation. The word may be "".
func (c *Catalog) covering(matches func(s *plan.Scenario, response []string) bool, word string) []*plan.Scenario {
	var covering []*plan.Scenario
	for s := range c.scenarios() {
		observed := slices.ContainsFunc(c.responses[s.ID], func(response string) bool { return matches(s, strings.Fields(response)) })
		if observed || word != "" && containsWord(s, word) {
			covering = append(covering, s)
		}
	}
	return covering
}

// writeCovering lists the scenarios of [Catalog.covering], and the command that runs them.
func (c *Catalog) writeCovering(p *page, matches func(s *plan.Scenario, response []string) bool, word string) {
	covering := c.covering(matches, word)
	c.writeScenarios(p, "scenarios", covering, maxListed)
	c.writeCommand(p, covering)
}

// containsWord reports whether a step of a scenario, or its table, contains a word.
func containsWord(s *plan.Scenario, word string) bool {
	for _, step := range s.Pickle.Steps {
		if strings.Contains(step.Text, word) {
			return true
		}
		if step.Argument == nil || step.Argument.DataTable == nil {
			continue
		}
		for _, row := range step.Argument.DataTable.Rows {
			for _, cell := range row.Cells {
				if strings.Contains(cell.Value, word) {
					return true
				}
			}
		}
	}
	return false
}

// writeScenarios lists scenarios, at most limit of them.
func (c *Catalog) writeScenarios(p *page, label string, scenarios []*plan.Scenario, limit int) {
	if len(scenarios) == 0 {
		p.row(label, "none")
		return
	}
	listed := scenarios[:min(limit, len(scenarios))]
	places, width := make([]string, len(listed)), 0
	for i, s := range listed {
		places[i] = fmt.Sprintf("%s:%d", c.project.Shown(s.URI), s.Line)
		width = max(width, len(places[i]))
	}
	var lines []string
	for i, s := range listed {
		lines = append(lines, fmt.Sprintf("%-*s  %s  %s", width, places[i], s.Ref(), s.Name))
	}
	if more := len(scenarios) - len(listed); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	p.rows(label, lines)
}

// writeCommand writes the command that runs scenarios, or the first few of them.
func (c *Catalog) writeCommand(p *page, scenarios []*plan.Scenario) {
	if len(scenarios) == 0 {
		return
	}
	command := c.command()
	for _, s := range scenarios[:min(maxSelected, len(scenarios))] {
		command += " --scenario " + s.Ref()
	}
	label := "run"
	if len(scenarios) > maxSelected {
		label = fmt.Sprintf("run first %d", maxSelected)
	}
	p.row(label, "%s", command)
}

// writeRepro writes the command that reproduces a failure.
func (c *Catalog) writeRepro(p *page, ref string) {
	p.row("reproduce", "runner repro %s %s", ref, filepath.ToSlash(c.project.File))
}
