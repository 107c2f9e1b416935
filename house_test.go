// Package house holds the tests of the layout itself: which room may know which,
// and that every rule has one home.
package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/milestones"
)

const module = "example.com/lpgate"

// arrows are the imports that each room may have inside the house. A room that is
// not listed may not be; an arrow that nobody uses any more is removed.
//
// The verifier (runner, steps) and the fake (fakeserver) share data, which is
// milestones, schemas, features and fixtures, and no logic: what a rule means is
// written down twice, once in sentences and once in Go, and the two have to
// agree. The runner knows the fake in one place only, where it starts one.
var arrows = map[string][]string{
	"milestones":         {"internal/textfile"},
	"milestones/openapi": {"milestones", "schemas"},
	"schemas":            {"internal/textfile", "internal/yamlfile"},
	"features":           {},
	"fixtures":           {},

	"internal/printable":          {},
	"internal/curl":               {},
	"internal/textfile":           {},
	"internal/suggest":            {},
	"internal/yamlfile":           {"internal/suggest", "internal/textfile"},
	"internal/godoginit":          {"internal/godoginit/hidepath"},
	"internal/godoginit/hidepath": {},
	"internal/interrupt":          {},

	"fakeserver/internal/ruletrace": {},
	"fakeserver/internal/instant":   {},
	"fakeserver/internal/jcs":       {},
	"fakeserver/internal/rules":     {"fakeserver/internal/ruletrace", "fakeserver/internal/explain", "fakeserver/internal/instant", "fakeserver/internal/jcs"},
	"fakeserver/internal/audit":     {"fakeserver/internal/ruletrace", "fakeserver/internal/explain", "fakeserver/internal/instant", "fakeserver/internal/jcs"},
	"fakeserver/internal/store":     {"fakeserver/internal/audit", "fakeserver/internal/ruletrace", "fakeserver/internal/explain", "fakeserver/internal/instant", "fakeserver/internal/jcs", "fakeserver/internal/rules"},
	"fakeserver/internal/rest":      {"fakeserver/internal/audit", "fakeserver/internal/ruletrace", "fakeserver/internal/explain", "fakeserver/internal/instant", "fakeserver/internal/jcs", "fakeserver/internal/store", "fakeserver/internal/problem", "fakeserver/internal/rules", "milestones", "schemas"},
	"fakeserver/internal/connlimit": {},
	"fakeserver/internal/journal":   {"fakeserver/internal/ruletrace", "fakeserver/internal/instant", "fakeserver/internal/rules"},
	"fakeserver/internal/problem":   {"fakeserver/internal/jcs", "milestones", "schemas"},
	"fakeserver/internal/clock":     {"fakeserver/internal/instant"},
	"fakeserver/internal/fault":     {"fakeserver/internal/clock", "fakeserver/internal/problem", "milestones"},
	"fakeserver/internal/world":     {"fakeserver/internal/clock", "fakeserver/internal/fault", "fakeserver/internal/instant", "fakeserver/internal/jcs", "fakeserver/internal/journal", "fakeserver/internal/store", "fakeserver/internal/problem", "fakeserver/internal/rest"},
	"fakeserver/internal/seed":      {"fakeserver/internal/clock", "fakeserver/internal/ruletrace", "fakeserver/internal/instant", "fakeserver/internal/jcs", "fakeserver/internal/store", "fakeserver/internal/rules", "fakeserver/internal/world", "milestones", "schemas"},
	"fakeserver/internal/snapshot":  {"fakeserver/internal/clock", "fakeserver/internal/jcs", "fakeserver/internal/store", "fakeserver/internal/problem", "fakeserver/internal/world"},
	"fakeserver/internal/metrics":   {"fakeserver/internal/store", "fakeserver/internal/world", "milestones"},
	"fakeserver/internal/admin":     {"fakeserver/internal/clock", "fakeserver/internal/explain", "fakeserver/internal/fault", "fakeserver/internal/instant", "fakeserver/internal/jcs", "fakeserver/internal/journal", "fakeserver/internal/problem", "fakeserver/internal/rest", "fakeserver/internal/seed", "fakeserver/internal/snapshot", "fakeserver/internal/world", "fixtures", "milestones", "schemas"},
	"fakeserver/internal/docs":      {"fakeserver/internal/admin", "fakeserver/internal/problem", "milestones", "milestones/openapi", "schemas"},
	"fakeserver/client":             {"fakeserver/internal/clock", "fakeserver/internal/admin", "fakeserver/internal/fault", "fakeserver/internal/instant", "fakeserver/internal/problem"},
	"fakeserver/internal/explain":   {"fakeserver/internal/ruletrace"},
	"fakeserver/internal/recipe":    {"fixtures", "internal/curl", "milestones"},
	"fakeserver": {
		"fakeserver/client", "fakeserver/internal/audit", "fakeserver/internal/admin", "fakeserver/internal/ruletrace", "fakeserver/internal/docs", "fakeserver/internal/jcs", "fakeserver/internal/journal", "fakeserver/internal/connlimit", "fakeserver/internal/store", "fakeserver/internal/metrics", "fakeserver/internal/problem", "fakeserver/internal/recipe", "fakeserver/internal/rest", "fakeserver/internal/seed", "fakeserver/internal/snapshot", "fakeserver/internal/world", "fixtures", "milestones", "milestones/openapi", "schemas",
	},
	"fakeserver/cmd/fakeserver": {"fakeserver", "fakeserver/internal/jcs", "fakeserver/internal/recipe", "internal/curl", "internal/interrupt", "internal/printable", "internal/textfile", "milestones"},
	"fakeserver/soak":           {"fakeserver", "internal/interrupt"}, // a client like any other, and it starts one

	"steps/auditproof": {},
	"steps":            {"internal/godoginit", "milestones", "steps/auditproof"},

	"runner/internal/exchange":      {"milestones", "schemas"},
	"runner/internal/checks":        {"milestones", "runner/internal/exchange", "schemas"},
	"runner/internal/plan":          {"internal/textfile", "milestones"},
	"runner/internal/golden":        {"milestones", "runner/internal/exchange"},
	"runner/internal/baseline":      {"internal/textfile", "internal/yamlfile", "schemas"},
	"runner/internal/verdict":       {"milestones", "runner/internal/baseline", "runner/internal/exchange", "runner/internal/golden", "runner/internal/plan"},
	"runner/internal/terminal":      {"internal/printable"},
	"runner/internal/watch":         {},
	"runner/internal/report":        {"milestones", "runner/internal/exchange", "runner/internal/plan", "runner/internal/terminal", "runner/internal/verdict"},
	"runner/internal/progress":      {"runner/internal/exchange", "runner/internal/plan", "runner/internal/report", "runner/internal/terminal", "runner/internal/verdict"},
	"runner/internal/report/junit":  {"runner/internal/eventlog", "runner/internal/verdict"},
	"runner/internal/report/har":    {"runner/internal/eventlog", "runner/internal/exchange"},
	"runner/internal/report/github": {"runner/internal/eventlog", "runner/internal/report", "runner/internal/verdict"},
	"runner/internal/eventlog":      {"runner/internal/exchange", "runner/internal/plan", "runner/internal/report", "runner/internal/verdict", "steps"},
	"runner/internal/shard":         {"internal/textfile", "runner/internal/eventlog", "runner/internal/exchange", "runner/internal/golden", "runner/internal/plan", "runner/internal/report", "runner/internal/verdict"},
	"runner/internal/service":       {"fakeserver", "internal/textfile", "milestones", "runner/internal/exchange", "steps"},
	"runner/internal/project":       {"features", "fixtures", "internal/textfile", "milestones", "runner/internal/plan", "schemas"},
	"runner/internal/gate":          {"internal/godoginit", "milestones", "runner/internal/baseline", "runner/internal/checks", "runner/internal/eventlog", "runner/internal/exchange", "runner/internal/golden", "runner/internal/plan", "runner/internal/progress", "runner/internal/project", "runner/internal/report", "runner/internal/report/github", "runner/internal/report/har", "runner/internal/report/junit", "runner/internal/report/html", "runner/internal/shard", "runner/internal/service", "runner/internal/terminal", "runner/internal/verdict", "runner/internal/watch", "steps"},
	"runner/internal/selfcheck":     {"milestones", "runner/internal/checks", "runner/internal/exchange", "runner/internal/gate", "runner/internal/golden", "runner/internal/plan", "runner/internal/project", "runner/internal/report", "runner/internal/service", "runner/internal/terminal", "runner/internal/verdict", "schemas"},
	"runner/internal/difftest":      {"milestones", "runner/internal/exchange", "runner/internal/golden", "runner/internal/plan", "runner/internal/project", "runner/internal/report", "runner/internal/service", "runner/internal/terminal", "schemas", "steps", "steps/auditproof"},
	"runner/internal/lint":          {"internal/textfile", "milestones", "runner/internal/exchange", "runner/internal/plan", "runner/internal/project", "schemas", "steps"},
	"runner/internal/phrasebook":    {"runner/internal/plan", "steps"},
	"runner":                        {"internal/interrupt", "internal/printable", "internal/textfile", "milestones", "milestones/openapi", "runner/internal/baseline", "runner/internal/difftest", "runner/internal/gate", "runner/internal/catalog", "runner/internal/lint", "runner/internal/golden", "runner/internal/phrasebook", "runner/internal/project", "runner/internal/report", "runner/internal/report/github", "runner/internal/selfcheck", "runner/internal/terminal", "runner/internal/verdict", "steps/auditproof"},
	"runner/internal/catalog":       {"milestones", "runner/internal/checks", "runner/internal/golden", "runner/internal/plan", "runner/internal/project", "runner/internal/verdict"},
	"runner/internal/report/html":   {"runner/internal/eventlog", "runner/internal/exchange", "runner/internal/report", "runner/internal/verdict", "schemas", "steps/auditproof"},

	"runner/mutants": {"internal/interrupt", "internal/textfile", "internal/yamlfile", "schemas"}, // it builds the runner and reads verdicts, as anybody else would
}

// theFake is the one file of the verifier that knows the fake: it starts one.
const theFake = "runner/internal/service/fake.go"

// pure are the rooms that decide: no transport, no clock, no chance, no files,
// and no library but the one that writes canonical JSON, behind jcs.
var pure = []string{"fakeserver/internal/rules", "fakeserver/internal/audit", "fakeserver/internal/ruletrace", "fakeserver/internal/explain", "fakeserver/internal/instant"}

// impure are the imports that would let the surroundings in.
var impure = regexp.MustCompile(`^(net|os|io/fs|math/rand|crypto/rand|syscall|runtime|log)(/|$)|\.`)

// clockless are the rooms in which nothing asks what time it is.
var clockless = append(slices.Clone(pure), "fakeserver/internal/store", "fakeserver/internal/rest", "fakeserver/internal/jcs", "fakeserver/internal/clock", "fakeserver/internal/world",
	"fakeserver/internal/admin", "fakeserver/internal/fault", "fakeserver/internal/connlimit", "fakeserver/internal/metrics", "fakeserver/internal/seed", "fakeserver/internal/snapshot", "steps/auditproof")

type listed struct {
	ImportPath, Dir  string
	Imports, GoFiles []string
}

func rooms(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all[strings.TrimPrefix(p.ImportPath, module+"/")] = p
		}
	}
}

func TestArrows(t *testing.T) {
	all := rooms(t)
	for room, p := range all {
		t.Run(room, func(t *testing.T) {
			allowed, ok := arrows[room]
			if !ok {
				t.Fatalf("the room %s has no line in arrows: say which rooms it may know", room)
			}
			var used []string
			for _, imported := range p.Imports {
				if name, inside := strings.CutPrefix(imported, module+"/"); inside {
					used = append(used, name)
					if !slices.Contains(allowed, name) {
						t.Errorf("%s imports %s, which the house forbids: see arrows, and why, in house_test.go", room, name)
					}
				} else if slices.Contains(pure, room) && impure.MatchString(imported) {
					t.Errorf("%s imports %s, but it decides and may not know of it", room, imported)
				}
			}
			for _, name := range allowed {
				if !slices.Contains(used, name) {
					t.Errorf("%s does not use %s any more: remove the arrow", room, name)
				}
			}
		})
	}
	for room := range arrows {
		if _, ok := all[room]; !ok {
			t.Errorf("arrows names the room %s, which does not exist", room)
		}
	}
}

// The verifier meets the fake over HTTP, and starts it in one place.
func TestOneDoor(t *testing.T) {
	for _, room := range []string{"runner", "steps"} {
		for _, file := range goFiles(t, room, true) {
			if file == theFake || strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"`+module+`/fakeserver`) {
				t.Errorf("%s imports the fake: only %s may", file, theFake)
			}
		}
	}
}

// Whatever imports godog imports internal/godoginit beside it, so that godog starts no process while the program
// initializes; and the fake server does not have godog at all.
func TestGodogStartsNoProcess(t *testing.T) {
	const godog, safe = "github.com/cucumber/godog", "internal/godoginit"
	for room, p := range rooms(t) {
		if slices.Contains(p.Imports, godog) && room != safe && !slices.Contains(p.Imports, module+"/"+safe) {
			t.Errorf("%s imports godog without %s: import that too, blank", room, safe)
		}
	}
	out, err := exec.Command("go", "list", "-deps", "./fakeserver/...").Output()
	if err != nil {
		t.Fatalf("listing what the fake server is made of: %v", err)
	}
	if strings.Contains(string(out), godog) {
		t.Errorf("the fake server imports godog")
	}
}

// Nothing below the door reads the clock: time comes in through Options.
func TestNoAmbientClock(t *testing.T) {
	for _, room := range clockless {
		for _, file := range goFiles(t, room, false) {
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

// goFiles lists the Go files of a room; deep, those of the rooms inside it too.
func goFiles(t *testing.T, room string, deep bool) (files []string) {
	t.Helper()
	err := filepath.WalkDir(room, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != room && !deep:
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
