// Package catalog explains the ids of a contract and of a run, and lists the step definitions.
//
// An explanation has what the id means, where it is defined, the scenarios that cover it, and the command that runs them:
//
//	rollout-needs-allow-verdict is a rule, kind precondition
//	  An active rollout is refused with CONFLICT as rollout_blocked when the last evaluation is missing or not allow.
//	  contract     section 8
//	  level        core
//	  milestone    milestones/M109.yaml:512
//	  operations   partnerLiquidityProvider.rollout.upsert
//	  refuses      features/rollout.feature:76  s-0bb72c18b2  An active rollout is blocked when …
//	  …
//	  run          runner milestones/M109.yaml --tags @rollout-needs-allow-verdict
//
// The scenarios of an outcome or a reason code are those that observed it, by the golden output, and those whose steps name it.
package catalog

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// Catalog has the ids of a milestone and its scenarios.
type Catalog struct {
	project   project.Project
	milestone *milestones.Milestone
	plan      *plan.Plan
	responses map[string][]string // by scenario, from the golden output
}

// New returns the catalog of a project. Output may be nil.
func New(p project.Project, in project.Inputs, output *golden.Document) *Catalog {
	c := &Catalog{project: p, milestone: in.Milestone, plan: in.Plan, responses: map[string][]string{}}
	if output != nil {
		for _, row := range output.Scenarios {
			c.responses[row.Scenario] = row.Answers
		}
	}
	return c
}

// Explain explains everything that has an id, with or without an @ before it. It returns "" for an unknown id.
func (c *Catalog) Explain(id string) string {
	id = strings.TrimPrefix(id, "@")
	var p page
	for i := range c.milestone.Rules {
		if rule := &c.milestone.Rules[i]; rule.ID == id {
			c.explainRule(&p, rule)
		}
	}
	for _, code := range c.milestone.RequiredReasonCodes {
		if code == id {
			c.explainReasonCode(&p, code)
		}
	}
	if id == milestones.Success || slices.ContainsFunc(c.milestone.Refusals, func(o milestones.Outcome) bool { return o.Name == id }) {
		c.explainOutcome(&p, id)
	}
	for _, operation := range c.operations() {
		if operation.ID == id {
			c.explainOperation(&p, operation)
		}
		for _, item := range operation.CoverageItems() {
			declared := verdict.CoverageItem{Operation: operation.ID, Outcome: verdict.Optional(item.Outcome), ReasonCode: verdict.Optional(item.ReasonCode), Declared: true}
			if declared.Ref() == id {
				c.explainCoverageItem(&p, id, operation, item)
			}
		}
	}
	for _, check := range checks.Table {
		if check.ID == id {
			p.heading("%s is a check that every response has to pass", id)
			p.text(check.Description)
		}
	}
	for _, capability := range c.milestone.Capabilities {
		if capability.ID == strings.TrimPrefix(id, strings.TrimPrefix(plan.NeedsPrefix, "@")) {
			c.explainCapability(&p, capability)
		}
	}
	if shortID.MatchString(id) {
		c.explainScenarios(&p, id)
	}
	p.WriteString(Reason(id))
	return p.String()
}

// ReasonsPage has all reasons, each with what to do.
const ReasonsPage = "docs/reference/reasons-and-exit-codes.md#reasons"

// Reason explains a reason of a verdict, without a project. It returns "" for an unknown id.
func Reason(id string) string {
	for _, kind := range verdict.Reasons {
		if kind.ID != id {
			continue
		}
		exit := fmt.Sprint(kind.Exit)
		if verdict.IsAbsence(id) {
			exit += fmt.Sprintf(", or %d if the run is incomplete", verdict.Incomplete)
		}
		var p page
		p.heading("%s is a reason of a verdict, with the exit code %s", id, exit)
		p.text(kind.Description)
		p.row("what to do", "%s", kind.Do)
		p.row("all reasons", "%s", ReasonsPage)
		return p.String()
	}
	return ""
}

// page is the text of an explanation.
type page struct{ strings.Builder }

// heading begins a paragraph.
func (p *page) heading(format string, args ...any) {
	if p.Len() > 0 {
		p.WriteString("\n")
	}
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *page) text(text string) { fmt.Fprintf(p, "  %s\n", text) }

func (p *page) row(label, format string, args ...any) {
	fmt.Fprintf(p, "  %-12s %s\n", label, fmt.Sprintf(format, args...))
}

// rows writes several values; only the first has the label.
func (p *page) rows(label string, values []string) {
	for _, value := range values {
		p.row(label, "%s", value)
		label = ""
	}
}

func (c *Catalog) explainRule(p *page, rule *milestones.Rule) {
	p.heading("%s is a rule, kind %s", rule.ID, rule.Kind)
	p.text(rule.Description)
	p.row("contract", "section %s", rule.Section)
	p.row("level", "%s", rule.Level)
	p.row("milestone", "%s", c.line(rule.Line))
	p.rows("operations", rule.Operations)
	bySide := map[plan.Side][]*plan.Scenario{}
	for s := range c.scenarios() {
		if s.Rule == rule.ID {
			bySide[s.Side] = append(bySide[s.Side], s)
		}
	}
	if rule.Kind == milestones.Precondition {
		c.writeScenarios(p, "refuses", bySide[plan.Refuses], unlimited)
		c.writeScenarios(p, "permits", bySide[plan.Permits], unlimited)
	} else {
		c.writeScenarios(p, "scenarios", bySide[plan.Neither], unlimited)
	}
	p.row("run", "%s --tags @%s", c.command(), rule.ID)
}

func (c *Catalog) explainReasonCode(p *page, code string) {
	p.heading("%s is a required reason code: a run must observe it", code)
	var places []string
	for i := range c.milestone.Operations {
		operation := &c.milestone.Operations[i]
		for _, o := range operation.Outcomes {
			listed := slices.Contains(o.ReasonCodes, code)
			switch {
			case o.ReasonCode == code && listed:
				places = append(places, fmt.Sprintf("%s of %s, and at %s", signature(o), operation.ID, o.ReasonCodesAt))
			case o.ReasonCode == code:
				places = append(places, fmt.Sprintf("%s of %s", signature(o), operation.ID))
			case listed:
				places = append(places, fmt.Sprintf("%s of %s, at %s", signature(o), operation.ID, o.ReasonCodesAt))
			}
		}
	}
	p.rows("responses", places)
	c.writeRules(p, func(rule *milestones.Rule) bool { return mentions(rule.Description, code) })
	c.writeCovering(p, func(s *plan.Scenario, response []string) bool {
		return slices.Contains(response[1:], code)
	}, code)
}

func (c *Catalog) explainOutcome(p *page, name string) {
	p.heading("%s is an outcome", name)
	var operations []string
	var observed []string // how the outcome is written in the golden output
	for _, operation := range c.operations() {
		for _, o := range operation.Outcomes {
			if o.Name != name {
				continue
			}
			if operations == nil {
				schema := o.Schema
				if name == milestones.Success {
					schema = "of the operation"
				}
				p.row("response", "%s, schema %s", signature(o), schema)
				if len(o.Details) > 0 {
					p.row("details", "%s", strings.Join(o.Details, ", "))
				}
			}
			operations = append(operations, operation.ID)
			observed = append(observed, goldenText(operation, o, ""))
		}
	}
	p.rows("operations", operations)
	c.writeCovering(p, func(_ *plan.Scenario, response []string) bool {
		return slices.Contains(observed, withoutReplay(response))
	}, "")
}

func (c *Catalog) explainCoverageItem(p *page, id string, operation *milestones.Operation, item milestones.CoverageItem) {
	for _, o := range operation.Outcomes {
		if o.Name != item.Outcome {
			continue
		}
		p.heading("%s is the outcome %s of %s", id, o.Name, operation.ID)
		if item.ReasonCode == "" || item.ReasonCode == o.ReasonCode {
			p.row("response", "%s", signature(o))
		} else {
			p.row("response", "%s, with %s at %s", signature(o), item.ReasonCode, o.ReasonCodesAt)
		}
		p.row("milestone", "%s", c.line(operation.Line))
		observed := []string{goldenText(operation, o, ""), goldenText(operation, o, item.ReasonCode)}
		c.writeCovering(p, func(_ *plan.Scenario, response []string) bool {
			return slices.Contains(observed, withoutReplay(response))
		}, "")
	}
}

func (c *Catalog) explainOperation(p *page, operation *milestones.Operation) {
	if operation.Method == "" {
		p.heading("%s is the operation of requests that match no route", operation.ID)
	} else {
		p.heading("%s is an operation", operation.ID)
		p.row("request", "%s %s", operation.Method, operation.Path)
		if operation.RequestSchema != "" {
			p.row("body", "schemas/%s.schema.json; by default fixtures/requests/%s.json", operation.RequestSchema, operation.ID)
		}
		if operation.Public {
			p.row("scope", "none: the operation is public")
		} else {
			p.row("scope", "%s", operation.Scope)
		}
	}
	p.row("milestone", "%s", c.line(operation.Line))
	var outcomes []string
	for _, o := range operation.Outcomes {
		outcomes = append(outcomes, fmt.Sprintf("%s: %s", o.Name, signature(o)))
	}
	p.rows("outcomes", outcomes)
	c.writeRules(p, func(rule *milestones.Rule) bool { return slices.Contains(rule.Operations, operation.ID) })
	covering := c.covering(func(_ *plan.Scenario, response []string) bool { return response[0] == operation.ID }, "")
	c.writeScenarios(p, "scenarios", covering, maxListed)
	if operation.Method == "" {
		c.writeCommand(p, covering)
	} else {
		p.row("run", "%s --operation %s", c.command(), operation.ID)
	}
}

func (c *Catalog) explainCapability(p *page, capability milestones.Capability) {
	p.heading("%s is a capability that scenarios may need", capability.ID)
	p.text(capability.Description)
	if capability.Assumed {
		p.row("default", "present; --no-capability %s declares it absent", capability.ID)
	} else {
		p.row("declare", "--capability %s or --no-capability %s", capability.ID, capability.ID)
	}
	var needing []*plan.Scenario
	for s := range c.scenarios() {
		if slices.Contains(s.Needs, capability.ID) {
			needing = append(needing, s)
		}
	}
	c.writeScenarios(p, "scenarios", needing, maxListed)
	p.row("run", "%s --tags %s%s", c.command(), plan.NeedsPrefix, capability.ID)
}

// writeRules lists rules with the number of their scenarios.
func (c *Catalog) writeRules(p *page, include func(*milestones.Rule) bool) {
	var rules []string
	for i := range c.milestone.Rules {
		rule := &c.milestone.Rules[i]
		if !include(rule) {
			continue
		}
		n := 0
		for s := range c.scenarios() {
			if s.Rule == rule.ID {
				n++
			}
		}
		rules = append(rules, fmt.Sprintf("%s (section %s, scenarios: %d)", rule.ID, rule.Section, n))
	}
	p.rows("rules", rules)
}

// signature returns status, code and reason code of an outcome.
func signature(o milestones.Outcome) string {
	text := fmt.Sprint(o.Status)
	if o.Code != "" {
		text += " " + o.Code
	}
	if o.ReasonCode != "" {
		text += " because " + o.ReasonCode
	}
	return text
}

// goldenText returns an outcome as the golden output writes it, with a further reason code.
func goldenText(operation *milestones.Operation, o milestones.Outcome, further string) string {
	return strings.Join(strings.Fields(fmt.Sprint(operation.ID, " ", o.Status, " ", o.Code, " ", o.ReasonCode, " ", further)), " ")
}

// withoutReplay returns a response of the golden output without the mark of replays.
func withoutReplay(response []string) string {
	return strings.TrimSuffix(strings.Join(response, " "), " (replayed)")
}

// mentions reports whether a text contains a reason code, or its end, such as “rollout_blocked”.
func mentions(text, code string) bool {
	for token := range strings.FieldsFuncSeq(text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		if token == code || strings.Contains(token, "_") && strings.HasSuffix(code, "_"+token) {
			return true
		}
	}
	return false
}

// line returns FILE:LINE in the milestone.
func (c *Catalog) line(line int) string {
	return fmt.Sprintf("%s:%d", filepath.ToSlash(c.project.File), line)
}

// operations returns all operations, with the router as the last.
func (c *Catalog) operations() []*milestones.Operation {
	var all []*milestones.Operation
	for i := range c.milestone.Operations {
		all = append(all, &c.milestone.Operations[i])
	}
	return append(all, &c.milestone.Router)
}

func (c *Catalog) command() string { return "runner " + filepath.ToSlash(c.project.File) }
