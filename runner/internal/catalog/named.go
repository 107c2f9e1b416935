package catalog

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// shortName is what a run calls things by.
var shortName = regexp.MustCompile(`^[a-z]-[0-9a-f]{10}$`)

// shortNames says what a short name names, by its first letter.
var shortNames = []struct{ prefix, names string }{
	{"s-", "a scenario"},
	{"c-", "a check on the answers to one sentence"},
	{"o-", "an outcome of an operation"},
	{"f-", "a reason code of the floor"},
	{"r-", "a rule"},
	{"g-", "a row of the golden output"},
}

// named explains a short name.
func (g *Glossary) named(id string) {
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "r":
		for i := range g.milestone.Rules {
			if rule := &g.milestone.Rules[i]; verdict.RuleRef(rule.ID) == id {
				g.rule(rule)
			}
		}
	case "f":
		for _, code := range g.milestone.RequiredReasonCodes {
			if verdict.ReasonCodeRef(code) == id {
				g.reasonCode(code)
			}
		}
	case "o":
		for _, operation := range g.operations() {
			for _, cell := range operation.CoverageItems() {
				declared := verdict.CoverageItem{Operation: operation.ID, Outcome: cell.Outcome, ReasonCode: cell.ReasonCode, Declared: true}
				if declared.Ref() == id {
					g.cell(id, operation, cell)
				}
			}
		}
	case "s", "c", "g":
		for i := range g.plan.Scenarios {
			s := &g.plan.Scenarios[i]
			switch {
			case prefix == "s" && s.Ref() == id:
				g.scenario(s)
			case prefix == "g" && verdict.RowRef(s.ID) == id:
				g.row(id, s)
			case prefix == "c":
				g.checked(id, s)
			}
		}
		for scenario := range g.answers {
			if verdict.RowRef(scenario) == id && g.b.Len() == 0 {
				g.row(id, &plan.Scenario{ID: scenario})
			}
		}
	}
}

func (g *Glossary) scenario(s *plan.Scenario) {
	g.head("%s is a scenario", s.Ref())
	g.says(s.Name)
	g.line("feature", "%s:%d", g.project.Shown(s.URI), s.Line)
	if s.Side == plan.Neither {
		g.line("rule", "%s", s.Rule)
	} else {
		g.line("rule", "%s, on the side that it %s", s.Rule, s.Side)
	}
	g.list("needs", s.Needs)
	var sentences []string
	for _, step := range s.Steps {
		sentences = append(sentences, step.Keyword+" "+step.Text)
	}
	g.list("sentences", sentences)
	g.list("answers", g.answers[s.ID])
	g.alone([]*plan.Scenario{s})
	g.repeat(s.Ref())
}

// checked explains a check on the answers to one sentence, if it is one of this scenario.
func (g *Glossary) checked(id string, s *plan.Scenario) {
	for step := range s.Steps {
		for _, check := range checks.Table {
			if s.CheckRef(step, check.ID) != id {
				continue
			}
			g.head("%s is the check %s on the answers to one sentence", id, check.ID)
			g.says(check.Description)
			g.line("sentence", "%s:%d: %s %s", g.project.Shown(s.URI), s.Steps[step].Line, s.Steps[step].Keyword, s.Steps[step].Text)
			g.scenarios("scenario", []*plan.Scenario{s}, everything)
			g.repeat(id)
		}
	}
}

// row explains a row of the golden output.
func (g *Glossary) row(id string, s *plan.Scenario) {
	g.head("%s is a row of the golden output: what a scenario saw", id)
	g.line("file", "%s", g.project.Shown("fixtures/"+project.Golden(g.milestone.ID)))
	if s.URI == "" {
		g.line("scenario", "%s, which there is no longer", s.ID)
	} else {
		g.scenarios("scenario", []*plan.Scenario{s}, everything)
	}
	if answers, is := g.answers[s.ID]; is {
		g.list("answers", answers)
	} else {
		g.line("answers", "it is not in there yet")
	}
	if s.URI != "" {
		g.repeat(s.Ref())
	}
}

// cell explains an outcome of one operation.
func (g *Glossary) cell(id string, operation *milestones.Operation, cell milestones.CoverageItem) {
	for _, o := range operation.Outcomes {
		if o.Name != cell.Outcome {
			continue
		}
		g.head("%s is the outcome %s of %s", id, o.Name, operation.ID)
		if cell.ReasonCode == "" || cell.ReasonCode == o.ReasonCode {
			g.line("answer", "%s", signature(o))
		} else {
			g.line("answer", "%s, with %s at %s", signature(o), cell.ReasonCode, o.ReasonCodesAt)
		}
		g.line("milestone", "%s:%d", filepath.ToSlash(g.project.File), operation.Line)
		shown := g.shown(func(answer []string) bool {
			words := strings.TrimSuffix(strings.Join(answer, " "), " (replayed)")
			return words == operation.ID+" "+line(o) || words == strings.TrimSpace(operation.ID+" "+line(o)+" "+cell.ReasonCode)
		}, "")
		g.scenarios("scenarios", shown, 20)
		g.alone(shown)
	}
}

func (g *Glossary) check(id string) {
	for _, check := range checks.Table {
		if check.ID == id {
			g.head("%s is a check that every answer has to pass", id)
			g.says(check.Description)
		}
	}
}

func (g *Glossary) capability(id string) {
	for _, capability := range g.milestone.Capabilities {
		if capability.ID != id {
			continue
		}
		g.head("%s is a capability, what a scenario may need of a target", id)
		g.says(capability.Description)
		if capability.Assumed {
			g.line("taken", "for granted, until --lacks %s says otherwise", id)
		} else {
			g.line("say", "--has %s or --lacks %s, of a target", id, id)
		}
		var needing []*plan.Scenario
		for i := range g.plan.Scenarios {
			if s := &g.plan.Scenarios[i]; slices.Contains(s.Needs, id) {
				needing = append(needing, s)
			}
		}
		g.scenarios("scenarios", needing, 20)
		g.line("alone", "%s --tags %s%s", g.command(), plan.NeedsPrefix, id)
	}
}

// repeat is the command that repeats a failure alone.
func (g *Glossary) repeat(ref string) {
	g.line("repeat", "runner repro %s %s", ref, filepath.ToSlash(g.project.File))
}

// Unknown says that nobody knows an id, and names the nearest that somebody does.
func (g *Glossary) Unknown(id string) string {
	if strings.TrimSpace(id) == "" {
		return "an empty id names nothing; without one, all that can be explained is listed"
	}
	says := "nothing is called " + id
	if hint := suggest.DidYouMean(strings.ToLower(id), g.ids(id)); hint != "" {
		return says + hint
	}
	switch prefix := id[:min(2, len(id))]; {
	case !shortName.MatchString(id):
	case prefix == "d-":
		return fmt.Sprintf("%s is what `runner diff` found: `runner repro %s` plays it again", id, id)
	case prefix == "o-":
		return says + ": an outcome that a run observed and the milestone does not declare stands in the verdict.json of that run alone"
	default:
		for _, kind := range shortNames {
			if kind.prefix == prefix {
				return fmt.Sprintf("%s, which would be %s; such a name changes with the words that it is made of", says, kind.names)
			}
		}
	}
	return says + "; without an id, all that can be explained is listed"
}

// ids are everything that an id may have been meant to be.
func (g *Glossary) ids(like string) []string {
	var ids []string
	for _, section := range g.sections() {
		for _, entry := range section.entries {
			ids = append(ids, entry.id)
		}
	}
	if !shortName.MatchString(strings.ToLower(like)) && !strings.HasPrefix(like, "s-") {
		return ids
	}
	for _, rule := range g.milestone.Rules {
		ids = append(ids, verdict.RuleRef(rule.ID))
	}
	for _, code := range g.milestone.RequiredReasonCodes {
		ids = append(ids, verdict.ReasonCodeRef(code))
	}
	for i := range g.plan.Scenarios {
		ids = append(ids, g.plan.Scenarios[i].Ref(), verdict.RowRef(g.plan.Scenarios[i].ID))
	}
	return ids
}

type entry struct{ id, says string }

// section is the ids of one kind.
type section struct {
	title   string
	entries []entry
}

// sections are all ids but the short names, kind by kind.
func (g *Glossary) sections() []section {
	var rules, codes, outcomes, operations, found, capabilities, reasons []entry
	for _, rule := range g.milestone.Rules {
		rules = append(rules, entry{rule.ID, rule.Description})
	}
	for _, code := range g.milestone.RequiredReasonCodes {
		codes = append(codes, entry{code, ""})
	}
	for _, refusal := range g.milestone.Refusals {
		outcomes = append(outcomes, entry{refusal.Name, signature(refusal)})
	}
	outcomes = append(outcomes, entry{milestones.Success, "what an operation answers when nothing is refused"})
	for _, operation := range g.operations() {
		operations = append(operations, entry{operation.ID, strings.TrimSpace(operation.Method + " " + operation.Path)})
	}
	for _, check := range checks.Table {
		found = append(found, entry{check.ID, check.Description})
	}
	for _, capability := range g.milestone.Capabilities {
		capabilities = append(capabilities, entry{capability.ID, capability.Description})
	}
	for _, kind := range verdict.Reasons {
		reasons = append(reasons, entry{kind.ID, kind.Description})
	}
	return []section{
		{"rules", rules}, {"reason codes of the floor", codes}, {"outcomes", outcomes}, {"operations", operations},
		{"checks on every answer", found}, {"capabilities of a target", capabilities}, {"reasons against a run", reasons},
	}
}

// List lists everything that can be explained.
func (g *Glossary) List() string {
	g.b.Reset()
	for _, section := range g.sections() {
		if len(section.entries) > 0 {
			g.head("%s", strings.ToUpper(section.title))
			g.entries(section.entries)
		}
	}
	g.head("SHORT NAMES, AS A RUN SHOWS THEM")
	var names []entry
	for _, kind := range shortNames {
		names = append(names, entry{kind.prefix + "…", kind.names})
	}
	g.entries(names)
	return g.b.String()
}

func (g *Glossary) entries(entries []entry) {
	width := 0
	for _, e := range entries {
		width = max(width, len([]rune(e.id)))
	}
	for _, e := range entries {
		g.says(strings.TrimRight(fmt.Sprintf("%-*s  %s", width, e.id, e.says), " "))
	}
}

// operations are all operations, the router as the last.
func (g *Glossary) operations() []*milestones.Operation {
	var all []*milestones.Operation
	for i := range g.milestone.Operations {
		all = append(all, &g.milestone.Operations[i])
	}
	return append(all, &g.milestone.Router)
}
