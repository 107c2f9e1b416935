package catalog

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// Steps are step definitions by topic, with the number of scenarios that use each.
type Steps struct {
	topics []steps.Topic
	uses   map[string]int // by pattern
}

// NewSteps returns all step definitions. Without a plan none is used.
func NewSteps(p *plan.Plan) *Steps {
	s := &Steps{topics: steps.Topics(), uses: map[string]int{}}
	if p == nil {
		return s
	}
	for i := range p.Scenarios {
		used := map[string]bool{}
		for _, step := range p.Scenarios[i].Steps {
			if definition, ok := steps.Find(step.Text); ok && !used[definition.Pattern] {
				used[definition.Pattern] = true
				s.uses[definition.Pattern]++
			}
		}
	}
	return s
}

// Unused returns the step definitions that no scenario uses.
func (s *Steps) Unused() *Steps {
	return s.filter(func(d steps.Definition) bool { return s.uses[d.Pattern] == 0 })
}

// Containing returns the step definitions whose form, example and description contain all words, ignoring case.
func (s *Steps) Containing(words []string) *Steps {
	return s.filter(func(d steps.Definition) bool {
		text := strings.ToLower(strings.Join([]string{d.Form(), d.Example, d.Description}, "\n"))
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, strings.ToLower(word)) })
	})
}

func (s *Steps) filter(include func(steps.Definition) bool) *Steps {
	filtered := &Steps{uses: s.uses}
	for _, topic := range s.topics {
		topic.Definitions = slices.DeleteFunc(slices.Clone(topic.Definitions), func(d steps.Definition) bool { return !include(d) })
		if len(topic.Definitions) > 0 {
			filtered.topics = append(filtered.topics, topic)
		}
	}
	return filtered
}

// Empty reports whether there are no step definitions.
func (s *Steps) Empty() bool { return len(s.topics) == 0 }

// Text returns the step definitions for a terminal:
//
//	I call "<operation>" with fixture "<fixture>"
//	    The same with the body fixtures/requests/<name>.json.
//	    such as     I call "partnerLiquidityProvider.onboard" with fixture "small-provider"
//	    operation   the id of an operation of the milestone
//	    fixture     the name of a file of fixtures/requests, without .json
//	    used by     0 scenarios
func (s *Steps) Text() string {
	var text strings.Builder
	for i, topic := range s.topics {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s\n", strings.ToUpper(topic.Title))
		for _, definition := range topic.Definitions {
			form := definition.Form()
			fmt.Fprintf(&text, "\n%s\n    %s\n", form, definition.Description)
			if definition.Example != form {
				fmt.Fprintf(&text, "    %-11s %s\n", "such as", definition.Example)
			}
			described := map[string]bool{}
			for _, name := range definition.Parameters() {
				if !described[name] {
					described[name] = true
					fmt.Fprintf(&text, "    %-11s %s\n", name, parameterDescription(name))
				}
			}
			fmt.Fprintf(&text, "    %-11s %s\n", "used by", plural.Count(s.uses[definition.Pattern], "scenario"))
		}
	}
	return text.String()
}

func parameterDescription(name string) string {
	for _, p := range steps.Parameters {
		if p.Name == name {
			return p.Description
		}
	}
	return ""
}

const markdownHeader = `<!-- Generated from the table in steps/table.go by make generate. Do not edit. -->

# Steps

[Write a scenario](../guides/write-a-scenario.md) explains how steps are used. ` + "`runner steps WORD…`" + ` prints those that contain the words.

A step that ends with ` + "`:`" + ` has a table, or a text between lines of ` + "`\"\"\"`" + `. Each row has the step, an example, what it does, and
how many scenarios use it.

`

// Markdown returns the step definitions as the page docs/reference/steps.md.
func (s *Steps) Markdown() string {
	var text strings.Builder
	text.WriteString(markdownHeader)
	text.WriteString("| parameter | description |\n|---|---|\n")
	for _, parameter := range steps.Parameters {
		fmt.Fprintf(&text, "| `<%s>` | %s |\n", parameter.Name, parameter.Description)
	}
	for _, topic := range s.topics {
		fmt.Fprintf(&text, "\n## %s\n\n| step | description | scenarios |\n|---|---|---|\n", topic.Title)
		for _, definition := range topic.Definitions {
			form := codeCell(definition.Form())
			if definition.Form() != definition.Example {
				form += "<br>" + codeCell(definition.Example)
			}
			fmt.Fprintf(&text, "| %s | %s | %d |\n", form, textCell(definition.Description), s.uses[definition.Pattern])
		}
	}
	return text.String()
}

// codeCell returns a text as code in a cell of a table.
func codeCell(text string) string { return "`" + strings.ReplaceAll(text, "|", `\|`) + "`" }

// textCell returns a text as a cell of a table.
func textCell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "{", "`{", "}", "}`").Replace(text)
}

// Glue returns Go code that registers each pattern: .vscode/steps.go, which the Cucumber extension of editors reads to complete
// and check steps. It is never compiled.
func (s *Steps) Glue() string {
	var text strings.Builder
	text.WriteString("// Code generated by make generate from the table in steps/table.go. DO NOT EDIT.\n\n" +
		"//go:build ignore\n\n" +
		"// Package steps is read by the Cucumber extension of editors.\n" +
		"package steps\n\nfunc steps(ctx any) {\n")
	for i, topic := range s.topics {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "\t// %s:\n\n", topic.Title)
		for _, definition := range topic.Definitions {
			fmt.Fprintf(&text, "\t// %s\n\tctx.Step(`%s`, nil)\n", definition.Description, glueExpression(definition))
		}
	}
	text.WriteString("}\n")
	return text.String()
}

// glueExpression returns a pattern for the extension. It offers a text without anchors for completion, even if no scenario uses
// it yet, and a regular expression only once it is used.
func glueExpression(definition steps.Definition) string {
	text := strings.TrimSuffix(strings.TrimPrefix(definition.Pattern, "^"), "$")
	if text == definition.Example && !strings.ContainsAny(text, `(){}/\\`) {
		return text
	}
	return definition.Pattern
}
