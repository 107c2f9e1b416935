// Package phrasebook writes the vocabulary down for authors, out of the one table that package steps has: as text for a
// terminal, as Markdown (docs/reference/steps.md), and as a file from which editors take the sentences that they complete
// (.vscode/sentences.go).
//
//	I call "<operation>" with fixture "<fixture>"
//	    The same with the body fixtures/requests/<name>.json.
//	    such as     I call "partnerLiquidityProvider.onboard" with fixture "small-provider"
//	    operation   the id of an operation of the milestone
//	    fixture     the name of a file of fixtures/requests, without .json
//	    used by     no scenario
package phrasebook

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// Book is sentences by topic, with how many scenarios use each.
type Book struct {
	topics []steps.Topic
	uses   map[string]int // by pattern
}

// New counts the uses of all sentences in a plan. Without one nobody uses any.
func New(p *plan.Plan) *Book {
	b := &Book{topics: steps.Topics(), uses: map[string]int{}}
	if p == nil {
		return b
	}
	for i := range p.Scenarios {
		var used []string
		for _, step := range p.Scenarios[i].Steps {
			if sentence, ok := steps.Find(step.Text); ok && !slices.Contains(used, sentence.Pattern) {
				used = append(used, sentence.Pattern)
				b.uses[sentence.Pattern]++
			}
		}
	}
	return b
}

// Unused are the sentences that no scenario uses.
func (b *Book) Unused() *Book {
	return b.only(func(s steps.Definition) bool { return b.uses[s.Pattern] == 0 })
}

// With are the sentences in which all the words stand: in their text, in their example, or in what they do.
func (b *Book) With(words []string) *Book {
	return b.only(func(s steps.Definition) bool {
		text := strings.ToLower(strings.Join([]string{s.Form(), s.Example, s.Description}, "\n"))
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, strings.ToLower(word)) })
	})
}

func (b *Book) only(wanted func(steps.Definition) bool) *Book {
	less := &Book{uses: b.uses}
	for _, topic := range b.topics {
		var sentences []steps.Definition
		for _, sentence := range topic.Definitions {
			if wanted(sentence) {
				sentences = append(sentences, sentence)
			}
		}
		if len(sentences) > 0 {
			less.topics = append(less.topics, steps.Topic{Title: topic.Title, Definitions: sentences})
		}
	}
	return less
}

// Empty says that there is no sentence in it.
func (b *Book) Empty() bool { return len(b.topics) == 0 }

// Text is the book for a terminal.
func (b *Book) Text() string {
	var text strings.Builder
	for i, topic := range b.topics {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s\n", strings.ToUpper(topic.Title))
		for _, sentence := range topic.Definitions {
			form := sentence.Form()
			fmt.Fprintf(&text, "\n%s\n    %s\n", form, sentence.Description)
			if sentence.Example != form {
				fmt.Fprintf(&text, "    %-11s %s\n", "such as", sentence.Example)
			}
			var told []string
			for _, name := range sentence.Parameters() {
				if !slices.Contains(told, name) {
					told = append(told, name)
					fmt.Fprintf(&text, "    %-11s %s\n", name, saysOf(name))
				}
			}
			fmt.Fprintf(&text, "    %-11s %s\n", "used by", scenarios(b.uses[sentence.Pattern]))
		}
	}
	return text.String()
}

func scenarios(n int) string {
	switch n {
	case 0:
		return "no scenario"
	case 1:
		return "1 scenario"
	}
	return fmt.Sprintf("%d scenarios", n)
}

func saysOf(parameter string) string {
	for _, p := range steps.Parameters {
		if p.Name == parameter {
			return p.Description
		}
	}
	return ""
}

const heading = `<!-- Generated from the table in steps/table.go by make generate. Do not edit. -->

# Steps

[Write a scenario](../guides/write-a-scenario.md) explains how steps are used. ` + "`runner steps WORD…`" + ` prints those that contain the words.

A step that ends with ` + "`:`" + ` has a table, or a text between lines of ` + "`\"\"\"`" + `. Each row has the step, an example, what it does, and
how many scenarios use it.

`

// Markdown is the book as a page.
func (b *Book) Markdown() string {
	var text strings.Builder
	text.WriteString(heading)
	text.WriteString("| parameter | what it is |\n|---|---|\n")
	for _, parameter := range steps.Parameters {
		fmt.Fprintf(&text, "| `<%s>` | %s |\n", parameter.Name, parameter.Description)
	}
	for _, topic := range b.topics {
		fmt.Fprintf(&text, "\n## %s\n\n| sentence | what it does | scenarios |\n|---|---|---|\n", topic.Title)
		for _, sentence := range topic.Definitions {
			form := code(sentence.Form())
			if sentence.Form() != sentence.Example {
				form += "<br>" + code(sentence.Example)
			}
			fmt.Fprintf(&text, "| %s | %s | %d |\n", form, plain(sentence.Description), b.uses[sentence.Pattern])
		}
	}
	return text.String()
}

// code writes a text as code in a cell of a table.
func code(text string) string { return "`" + strings.ReplaceAll(text, "|", `\|`) + "`" }

// plain writes a text in a cell of a table.
func plain(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "{", "`{", "}", "}`").Replace(text)
}

// expression is a sentence as the extension reads it: a text without anchors is an expression of its own, which it can
// complete before anybody has used it.
func expression(sentence steps.Definition) string {
	if bare := strings.TrimSuffix(strings.TrimPrefix(sentence.Pattern, "^"), "$"); bare == sentence.Example && !strings.ContainsAny(bare, `(){}/\\`) {
		return bare
	}
	return sentence.Pattern
}

// Glue is the book in a form in which the Cucumber extension of editors finds step definitions: Go that registers each
// pattern. Nothing builds it.
func (b *Book) Glue() string {
	var text strings.Builder
	text.WriteString("// Code generated from the table in steps/table.go by make generate. DO NOT EDIT.\n\n" +
		"//go:build ignore\n\n" +
		"// Package sentences is read by the Cucumber extension of editors, which completes and checks sentences by it.\n" +
		"package sentences\n\nfunc sentences(sc any) {\n")
	for i, topic := range b.topics {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "\t// %s:\n\n", topic.Title)
		for _, sentence := range topic.Definitions {
			fmt.Fprintf(&text, "\t// %s\n\tsc.Step(`%s`, nil)\n", sentence.Description, expression(sentence))
		}
	}
	text.WriteString("}\n")
	return text.String()
}
