// Package catalog explains the ids that a contract and a run have: rules, reason codes, outcomes, operations, checks,
// capabilities, the kinds of reasons that a verdict gives and what to do about them, and the short names of what a run
// shows. It says what one means, where it is written down, and which scenarios show it:
//
//	rollout-needs-allow-verdict is a rule, kind precondition
//	  An active rollout is refused with CONFLICT as rollout_blocked when the last evaluation is missing or not allow.
//	  contract     section 8
//	  milestone    milestones/M109.yaml:512
//	  operations   partnerLiquidityProvider.rollout.upsert
//	  refuses      features/rollout.feature:76  s-0bb72c18b2  An active rollout is blocked when …
//	  …
//	  alone        runner milestones/M109.yaml --tags @rollout-needs-allow-verdict
//
// Which scenarios show an outcome or a reason code is taken from what a run has seen, the golden output, and from the
// sentences that name it.
package catalog

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// Glossary is all that can be explained about a milestone.
type Glossary struct {
	project   project.Project
	milestone *milestones.Milestone
	plan      *plan.Plan
	answers   map[string][]string // what each scenario was answered, by its id
	b         strings.Builder
}

// New makes the glossary of a milestone whose project could be read. Golden may be nil.
func New(p project.Project, in project.Inputs, golden *golden.Document) *Glossary {
	g := &Glossary{project: p, milestone: in.Milestone, plan: in.Plan, answers: map[string][]string{}}
	if golden != nil {
		for _, row := range golden.Scenarios {
			g.answers[row.Scenario] = row.Answers
		}
	}
	return g
}

// Explain explains an id, with an @ before it or without; every kind of thing that has it. It returns "" for what nobody
// knows.
func (g *Glossary) Explain(id string) string {
	id = strings.TrimPrefix(id, "@")
	g.b.Reset()
	for i := range g.milestone.Rules {
		if g.milestone.Rules[i].ID == id {
			g.rule(&g.milestone.Rules[i])
		}
	}
	if slices.Contains(g.milestone.RequiredReasonCodes, id) {
		g.reasonCode(id)
	}
	if id == milestones.Success || slices.ContainsFunc(g.milestone.Refusals, func(o milestones.Outcome) bool { return o.Name == id }) {
		g.outcome(id)
	}
	if operation, ok := g.milestone.Operation(id); ok {
		g.operation(operation)
	}
	g.check(id)
	g.capability(strings.TrimPrefix(id, strings.TrimPrefix(plan.NeedsPrefix, "@")))
	if shortName.MatchString(id) {
		g.named(id)
	}
	g.b.WriteString(Reason(id))
	return g.b.String()
}

// Page is where all reasons stand, each with what to do.
const Page = "docs/reference/reasons-and-exit-codes.md#reasons"

// Reason explains a kind of reason, for which no project need be readable. It returns "" for what is none.
func Reason(id string) string {
	for _, kind := range verdict.Reasons {
		if kind.ID != id {
			continue
		}
		exit := fmt.Sprint(kind.Exit)
		if verdict.IsAbsence(id) {
			exit += fmt.Sprintf(", or %d while not everything ran", verdict.Incomplete)
		}
		return fmt.Sprintf("%s is a reason against a run, with the exit code %s\n  %s\n  what to do   %s\n  all reasons  %s\n", id, exit, kind.Description, kind.Do, Page)
	}
	return ""
}

func (g *Glossary) head(format string, args ...any) {
	if g.b.Len() > 0 {
		g.b.WriteString("\n")
	}
	fmt.Fprintf(&g.b, format+"\n", args...)
}

func (g *Glossary) says(text string) { fmt.Fprintf(&g.b, "  %s\n", text) }

// line writes one thing under a heading.
func (g *Glossary) line(heading, format string, args ...any) {
	fmt.Fprintf(&g.b, "  %-12s %s\n", heading, fmt.Sprintf(format, args...))
}

// list writes several things under a heading, which stands before the first of them only.
func (g *Glossary) list(heading string, lines []string) {
	for _, line := range lines {
		g.line(heading, "%s", line)
		heading = ""
	}
}

func (g *Glossary) rule(rule *milestones.Rule) {
	g.head("%s is a rule, kind %s", rule.ID, rule.Kind)
	g.says(rule.Description)
	g.line("contract", "section %s", rule.Section)
	g.line("milestone", "%s:%d", filepath.ToSlash(g.project.File), rule.Line)
	g.list("operations", rule.Operations)
	sides := map[plan.Side][]*plan.Scenario{}
	for i := range g.plan.Scenarios {
		if s := &g.plan.Scenarios[i]; s.Rule == rule.ID {
			sides[s.Side] = append(sides[s.Side], s)
		}
	}
	if rule.Kind == milestones.Precondition {
		g.scenarios("refuses", sides[plan.Refuses], everything)
		g.scenarios("permits", sides[plan.Permits], everything)
	} else {
		g.scenarios("scenarios", sides[plan.Neither], everything)
	}
	g.line("alone", "%s --tags @%s", g.command(), rule.ID)
}

func (g *Glossary) reasonCode(code string) {
	g.head("%s is a reason code of the floor: a run must observe it", code)
	var given []string
	for i := range g.milestone.Operations {
		operation := &g.milestone.Operations[i]
		for _, o := range operation.Outcomes {
			switch {
			case o.ReasonCode == code && slices.Contains(o.ReasonCodes, code):
				given = append(given, fmt.Sprintf("%s of %s, and at %s", signature(o), operation.ID, o.ReasonCodesAt))
			case o.ReasonCode == code:
				given = append(given, fmt.Sprintf("%s of %s", signature(o), operation.ID))
			case slices.Contains(o.ReasonCodes, code):
				given = append(given, fmt.Sprintf("%s of %s, at %s", signature(o), operation.ID, o.ReasonCodesAt))
			}
		}
	}
	g.list("given by", given)
	g.rulesOf(func(rule *milestones.Rule) bool { return mentions(rule.Description, code) })
	shown := g.shown(func(answer []string) bool { return slices.Contains(answer[1:], code) }, code)
	g.scenarios("scenarios", shown, 20)
	g.alone(shown)
}

func (g *Glossary) outcome(name string) {
	g.head("%s is an outcome", name)
	var given []string
	var lines []string
	for _, operation := range g.operations() {
		for _, o := range operation.Outcomes {
			if o.Name == name {
				given = append(given, operation.ID)
				lines = append(lines, operation.ID+" "+line(o))
				if len(given) == 1 && name == milestones.Success {
					g.line("answer", "%s, by the schema of the operation", signature(o))
				} else if len(given) == 1 {
					g.line("answer", "%s, by the schema %s", signature(o), o.Schema)
					if len(o.Details) > 0 {
						g.line("details", "%s", strings.Join(o.Details, ", "))
					}
				}
			}
		}
	}
	g.list("operations", given)
	shown := g.shown(func(answer []string) bool {
		return slices.Contains(lines, strings.TrimSuffix(strings.Join(answer, " "), " (replayed)"))
	}, "")
	g.scenarios("scenarios", shown, 20)
	g.alone(shown)
}

func (g *Glossary) operation(operation *milestones.Operation) {
	if operation.Method == "" {
		g.head("%s stands for requests that reach no operation", operation.ID)
	} else {
		g.head("%s is an operation", operation.ID)
		g.line("request", "%s %s", operation.Method, operation.Path)
		if operation.RequestSchema != "" {
			g.line("body", "schemas/%s.schema.json; by default fixtures/requests/%s.json", operation.RequestSchema, operation.ID)
		}
		if operation.Public {
			g.line("caller", "anybody")
		} else {
			g.line("caller", "needs the scope %s", operation.Scope)
		}
	}
	g.line("milestone", "%s:%d", filepath.ToSlash(g.project.File), operation.Line)
	var outcomes []string
	for _, o := range operation.Outcomes {
		outcomes = append(outcomes, fmt.Sprintf("%s: %s", o.Name, signature(o)))
	}
	g.list("outcomes", outcomes)
	g.rulesOf(func(rule *milestones.Rule) bool { return slices.Contains(rule.Operations, operation.ID) })
	shown := g.shown(func(answer []string) bool { return answer[0] == operation.ID }, "")
	g.scenarios("scenarios", shown, 20)
	if operation.Method == "" {
		g.alone(shown)
	} else {
		g.line("alone", "%s --operation %s", g.command(), operation.ID)
	}
}

// rulesOf lists rules, each with how many scenarios it has.
func (g *Glossary) rulesOf(of func(*milestones.Rule) bool) {
	var rules []string
	for i := range g.milestone.Rules {
		rule := &g.milestone.Rules[i]
		if !of(rule) {
			continue
		}
		n := 0
		for j := range g.plan.Scenarios {
			if g.plan.Scenarios[j].Rule == rule.ID {
				n++
			}
		}
		rules = append(rules, fmt.Sprintf("%s (section %s, scenarios: %d)", rule.ID, rule.Section, n))
	}
	g.list("rules", rules)
}

// mentions says whether a sentence speaks of a reason code, by the whole of it or by its end, as in “rollout_blocked”.
func mentions(says, code string) bool {
	for word := range strings.FieldsFuncSeq(says, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		if word == code || strings.Contains(word, "_") && strings.HasSuffix(code, "_"+word) {
			return true
		}
	}
	return false
}

// signature is how a client knows an outcome.
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

// line is how an outcome stands in the golden output, after its operation.
func line(o milestones.Outcome) string {
	return strings.Join(strings.Fields(fmt.Sprint(o.Status, " ", o.Code, " ", o.ReasonCode)), " ")
}

// shown are the scenarios that were given such an answer (its words, the operation first), or that name a word in one of
// their sentences.
func (g *Glossary) shown(fits func(answer []string) bool, word string) []*plan.Scenario {
	var shown []*plan.Scenario
	for i := range g.plan.Scenarios {
		s := &g.plan.Scenarios[i]
		fitting := slices.ContainsFunc(g.answers[s.ID], func(answer string) bool { return fits(strings.Fields(answer)) })
		if fitting || word != "" && names(s, word) {
			shown = append(shown, s)
		}
	}
	return shown
}

// names says whether a word stands in a scenario: in a sentence, or in its table.
func names(s *plan.Scenario, word string) bool {
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

// everything is no limit.
const everything = 1 << 30

// scenarios lists scenarios, with a line for those that are too many.
func (g *Glossary) scenarios(heading string, scenarios []*plan.Scenario, most int) {
	if len(scenarios) == 0 {
		g.line(heading, "none")
		return
	}
	listed := scenarios[:min(most, len(scenarios))]
	places, width := make([]string, len(listed)), 0
	for i, s := range listed {
		places[i] = fmt.Sprintf("%s:%d", g.project.Shown(s.URI), s.Line)
		width = max(width, len(places[i]))
	}
	var lines []string
	for i, s := range listed {
		lines = append(lines, fmt.Sprintf("%-*s  %s  %s", width, places[i], s.Ref(), s.Name))
	}
	if more := len(scenarios) - len(listed); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	g.list(heading, lines)
}

// mostAlone is how many scenarios a command line names.
const mostAlone = 5

// alone is the command that runs scenarios alone; of very many, those that are listed first.
func (g *Glossary) alone(scenarios []*plan.Scenario) {
	if len(scenarios) == 0 {
		return
	}
	words := g.command()
	for _, s := range scenarios[:min(mostAlone, len(scenarios))] {
		words += " --scenario " + s.Ref()
	}
	heading := "alone"
	if len(scenarios) > mostAlone {
		heading = fmt.Sprintf("the first %d", mostAlone)
	}
	g.line(heading, "%s", words)
}

func (g *Glossary) command() string { return "runner " + filepath.ToSlash(g.project.File) }
