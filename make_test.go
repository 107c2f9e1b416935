package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every test runs in `make test`. All run with the race detector; those that are built without it run in the commands
// beside, whole rooms or by their names.
func TestEveryTestIsMade(t *testing.T) {
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	makefile := string(text)
	if match := regexp.MustCompile(`(?m)^unraced = (.*)$`).FindStringSubmatch(makefile); match != nil {
		makefile = strings.ReplaceAll(makefile, "$(unraced)", match[1])
	}
	made := map[string]string{} // what the names match, by the room
	raced := false
	recipe := regexp.MustCompile(`(?m)^test: .*$`).FindString(makefile)
	for _, command := range strings.Split(recipe, "&&") {
		words := strings.Fields(command)
		switch {
		case !strings.Contains(command, "go test "):
		case slices.Contains(words, "-race"):
			raced = raced || words[len(words)-1] == "./..." && !slices.Contains(words, "-run")
		default:
			named := ""
			if at := slices.Index(words, "-run"); at >= 0 {
				named = strings.Trim(words[at+1], "'")
			}
			for _, word := range words {
				if strings.HasPrefix(word, ".") {
					made[path.Clean(word)] = named
				}
			}
		}
	}
	if !raced {
		t.Error("no command runs all rooms with the race detector")
	}
	unraced := regexp.MustCompile(`(?m)^//go:build .*!race`)
	err = filepath.WalkDir(".", func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || entry.Name() == ".git") {
			return skipped(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(file)
		if err != nil || !unraced.Match(source) {
			return err
		}
		named, runs := made[path.Dir(filepath.ToSlash(file))]
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range tree.Decls {
			f, is := declared.(*ast.FuncDecl)
			if is && f.Recv == nil && regexp.MustCompile(`^(Test|Example|Fuzz)`).MatchString(f.Name.Name) && f.Name.Name != "TestMain" &&
				(!runs || !regexp.MustCompile(named).MatchString(f.Name.Name)) {
				t.Errorf("%s: no command of the Makefile's test runs %s, which is built without the race detector", file, f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// skipped is an error of walking, or else that a folder is not looked at.
func skipped(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}
