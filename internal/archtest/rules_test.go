package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/internal/module"
	"example.com/lpgate/milestones"
)

// clockless are the packages in which no code reads the time of day.
var clockless = append(slices.Clone(pure), "fakeserver/internal/store", "fakeserver/internal/rest", "fakeserver/internal/jcs",
	"fakeserver/internal/clock", "fakeserver/internal/world", "fakeserver/internal/admin", "fakeserver/internal/fault",
	"fakeserver/internal/connlimit", "fakeserver/internal/metrics", "fakeserver/internal/seed", "fakeserver/internal/snapshot",
	"steps/auditproof")

// Time comes in through options.
func TestClockIsInjected(t *testing.T) {
	module.Enter(t)
	for _, dir := range clockless {
		for _, file := range goFiles(t, dir, false) {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Sleep"}, s.Sel.Name) {
						t.Errorf("%s uses time.%s: the clock comes in through Options", file, s.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// Each rule of the milestone is declared once in the fake, as a constant, and has a row
// in a unit test and scenarios; and no other rule is declared. So `git grep ID` shows the
// whole of a rule.
func TestEveryRuleHasOneHome(t *testing.T) {
	module.Enter(t)
	m := milestones.M109()
	ids := map[string]milestones.Rule{}
	for _, rule := range m.Rules {
		ids[rule.ID] = rule
	}
	homes, rows := map[string][]string{}, map[string]int{}
	quoted := regexp.MustCompile(`"([a-z0-9]+(?:-[a-z0-9]+)+)"`)
	declared := regexp.MustCompile(`(?m)^[^/\n]*ruletrace\.Rule = "([^"]*)"`)
	literal := regexp.MustCompile(`\.(?:Precondition|Invariant)\(\s*"`)
	word := regexp.MustCompile(`[a-z0-9]+(?:-[a-z0-9]+)+`)
	for _, file := range goFiles(t, "fakeserver", true) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			for _, id := range word.FindAllString(string(text), -1) {
				rows[id]++
			}
			continue
		}
		for _, found := range quoted.FindAllStringSubmatch(string(text), -1) {
			homes[found[1]] = append(homes[found[1]], file)
		}
		for _, found := range declared.FindAllStringSubmatch(string(text), -1) {
			if _, known := ids[found[1]]; !known {
				t.Errorf("%s declares the rule %q, which is not in milestones/M109.yaml", file, found[1])
			}
		}
		if literal.Match(text) {
			t.Errorf("%s records a rule by a literal: declare a constant of type ruletrace.Rule", file)
		}
	}
	for id, rule := range ids {
		t.Run(id, func(t *testing.T) {
			if len(homes[id]) != 1 {
				t.Errorf("declared in %v, want exactly one constant in fakeserver", homes[id])
			}
			if rows[id] == 0 {
				t.Errorf("no unit test of fakeserver names it")
			}
			feature, err := os.ReadFile(path.Join("features", rule.Feature))
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`@` + id + `\b[^-]`).Match(feature) {
				t.Errorf("no scenario of %s carries it as a tag", rule.Feature)
			}
		})
	}
}

// goFiles lists the Go files of a package; deep, those of the packages below it and tests too.
func goFiles(t *testing.T, dir string, deep bool) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != dir && !deep:
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(file, ".go") && (deep || !strings.HasSuffix(file, "_test.go")):
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
