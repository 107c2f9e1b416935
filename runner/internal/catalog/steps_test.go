package catalog

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

func allSteps(t *testing.T) *Steps {
	t.Helper()
	p, err := plan.Load(milestones.M109(), features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return NewSteps(p)
}

// The page of steps, and the file that editors read, are generated from the step definitions.
func TestPages(t *testing.T) {
	all := allSteps(t)
	doctest.File(t, "docs/reference/steps.md", all.Markdown())
	doctest.File(t, ".vscode/steps.go", all.Glue())
}

func TestMarkdownIsATable(t *testing.T) {
	cells := regexp.MustCompile(`(?:\\\||[^|])+`)
	for line := range strings.SplitSeq(allSteps(t).Markdown(), "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		if got := len(cells.FindAllString(line, -1)); got != 2 && got != 3 {
			t.Errorf("%d cells: %s", got, line)
		}
	}
}

// TestGlueRegistersEveryStep reads the file as the Cucumber extension does: a call of Step with one raw string, in the
// body of a function.
func TestGlueRegistersEveryStep(t *testing.T) {
	glue := allSteps(t).Glue()
	if formatted, err := format.Source([]byte(glue)); err != nil || string(formatted) != glue {
		t.Errorf("not formatted as by gofmt: %v", err)
	}
	var got []string
	for _, match := range regexp.MustCompile("(?m)^\tctx\\.Step\\(`([^`]*)`, nil\\)$").FindAllStringSubmatch(glue, -1) {
		got = append(got, match[1])
	}
	definitions := steps.Definitions()
	if len(got) != len(definitions) {
		t.Fatalf("%d steps, want %d", len(got), len(definitions))
	}
	for i, definition := range definitions {
		anchored := strings.HasPrefix(got[i], "^")
		if anchored && got[i] != definition.Pattern || !anchored && "^"+got[i]+"$" != definition.Pattern {
			t.Errorf("got %s, want %s", got[i], definition.Pattern)
		}
	}
}

func TestFilters(t *testing.T) {
	b := allSteps(t)
	for _, row := range []struct {
		name  string
		steps *Steps
		want  []string // some of their forms
	}{
		{"two words", b.Containing([]string{"WALK", "pages"}), []string{"I walk the export", "the walk has <number> pages", "the walk has <number> entries"}},
		{"none", b.Containing([]string{"nonsense"}), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, topic := range row.steps.topics {
				for _, definition := range topic.Definitions {
					got = append(got, definition.Form())
				}
			}
			if row.steps.Empty() != (len(row.want) == 0) {
				t.Errorf("empty %t, want %t", row.steps.Empty(), len(row.want) == 0)
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
	if used := NewSteps(nil).Unused().Text(); used != NewSteps(nil).Text() {
		t.Error("without a plan some step is used")
	}
}
