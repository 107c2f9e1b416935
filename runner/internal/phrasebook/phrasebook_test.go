package phrasebook

import (
	"go/format"
	"regexp"
	"strings"
	"testing"

	"example.com/lpgate/features"
	"example.com/lpgate/internal/doctest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

func book(t *testing.T) *Book {
	t.Helper()
	p, err := plan.Load(milestones.M109(), features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return New(p)
}

// The page of steps, and the file that editors read, are made of the step definitions.
func TestPages(t *testing.T) {
	b := book(t)
	doctest.File(t, "docs/reference/steps.md", b.Markdown())
	doctest.File(t, ".vscode/sentences.go", b.Glue())
}

func TestMarkdownIsATable(t *testing.T) {
	cells := regexp.MustCompile(`(?:\\\||[^|])+`)
	for line := range strings.SplitSeq(book(t).Markdown(), "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		if got := len(cells.FindAllString(line, -1)); got != 2 && got != 3 {
			t.Errorf("%d cells: %s", got, line)
		}
	}
}

// TestGlueRegistersEverySentence reads the file as the Cucumber extension does: a call of Step with one raw string, in the
// body of a function.
func TestGlueRegistersEverySentence(t *testing.T) {
	glue := book(t).Glue()
	if formatted, err := format.Source([]byte(glue)); err != nil || string(formatted) != glue {
		t.Errorf("it is no Go as gofmt writes it: %v", err)
	}
	var got []string
	for _, match := range regexp.MustCompile("(?m)^\tsc\\.Step\\(`([^`]*)`, nil\\)$").FindAllStringSubmatch(glue, -1) {
		got = append(got, match[1])
	}
	sentences := steps.Definitions()
	if len(got) != len(sentences) {
		t.Fatalf("%d sentences, want %d", len(got), len(sentences))
	}
	for i, sentence := range sentences {
		anchored := strings.HasPrefix(got[i], "^")
		if anchored && got[i] != sentence.Pattern || !anchored && "^"+got[i]+"$" != sentence.Pattern {
			t.Errorf("got %s, want %s", got[i], sentence.Pattern)
		}
	}
}

func TestFilters(t *testing.T) {
	b := book(t)
	for _, row := range []struct {
		name string
		book *Book
		want []string // each of their sentences has one of these in its form
	}{
		{"two words", b.With([]string{"WALK", "pages"}), []string{"I walk the export", "the walk has <number> pages", "the walk has <number> entries"}},
		{"none", b.With([]string{"nonsense"}), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, topic := range row.book.topics {
				for _, sentence := range topic.Definitions {
					got = append(got, sentence.Form())
				}
			}
			if row.book.Empty() != (len(row.want) == 0) {
				t.Errorf("empty %t, want %t", row.book.Empty(), len(row.want) == 0)
			}
			for _, form := range row.want {
				if !strings.Contains(strings.Join(got, "\n")+"\n", form+"\n") {
					t.Errorf("got %q, which lacks %q", got, form)
				}
			}
			if strings.Contains(strings.Join(got, "\n"), "onboard") {
				t.Errorf("got %q", got)
			}
		})
	}
	if unused := b.Unused(); unused.Empty() || strings.Contains(unused.Text(), "used by     1") {
		t.Errorf("unused:\n%s", unused.Text())
	}
	if used := New(nil).Unused().Text(); used != New(nil).Text() {
		t.Error("without a plan some sentence is used")
	}
}
