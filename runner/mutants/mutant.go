package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// gremlins is the tool that finds the mutants, at the version that is used.
const gremlins = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// identity names a mutant as its reviewers do, so that it stays the same when lines move.
type identity struct {
	File string `yaml:"file"` // from the root of the project
	// In is the rule that the change is made to, or the declaration.
	In string `yaml:"in"`
	// Line is the line of the source, without the text around the operator.
	Line string `yaml:"line"`
	// Change is the operator and what it becomes: "> to >=".
	Change string `yaml:"change"`
	// Nth is its place among those of which all of the above is the same; 0 for the only one.
	Nth int `yaml:"nth"`
}

// mutant is one change of one operator.
type mutant struct {
	identity
	line, column int
	offset       int    // of the operator
	old, new     string // operators
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d (%s) %s: %s", m.File, m.line, m.column, m.In, m.Change, m.Line)
}

// apply makes the change.
func (m mutant) apply(source []byte) []byte {
	return slices.Concat(source[:m.offset], []byte(m.new), source[m.offset+len(m.old):])
}

// find runs gremlins to find the mutants of all packages. It runs none of their tests.
func find(ctx context.Context, folder string) ([]mutant, error) {
	var all []mutant
	for i, pkg := range packages {
		out := filepath.Join(folder, strconv.Itoa(i)+".json")
		args := []string{"run", gremlins, "unleash", "--silent", "--dry-run", "--output", out}
		for _, kind := range slices.Sorted(maps.Keys(changes)) {
			args = append(args, "--"+strings.ToLower(strings.ReplaceAll(kind, "_", "-")))
		}
		command := exec.CommandContext(ctx, "go", append(args, pkg)...)
		command.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -run=^$"))
		if text, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("finding the mutants of %s: %w\n%s", pkg, err, text)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			return nil, fmt.Errorf("finding the mutants of %s: %w", pkg, err)
		}
		found, err := read(pkg, text, os.ReadFile)
		if err != nil {
			return nil, fmt.Errorf("finding the mutants of %s: %w", pkg, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// changes are the kinds of gremlins, with what each makes of an operator. A kind that is missing here is an error if
// a mutant of it is found. Longer operators precede their prefixes.
var changes = map[string][][2]string{
	"ARITHMETIC_BASE":         {{"+", "-"}, {"-", "+"}, {"*", "/"}, {"/", "*"}, {"%", "*"}},
	"CONDITIONALS_BOUNDARY":   {{">=", ">"}, {"<=", "<"}, {">", ">="}, {"<", "<="}},
	"CONDITIONALS_NEGATION":   {{"==", "!="}, {"!=", "=="}, {">=", "<"}, {"<=", ">"}, {">", "<="}, {"<", ">="}},
	"INCREMENT_DECREMENT":     {{"++", "--"}, {"--", "++"}},
	"INVERT_ASSIGNMENTS":      {{"+=", "-="}, {"-=", "+="}, {"*=", "/="}, {"/=", "*="}, {"%=", "*="}},
	"INVERT_BITWISE":          {{"&^", "&"}, {"<<", ">>"}, {">>", "<<"}, {"&", "|"}, {"|", "&"}, {"^", "&"}},
	"INVERT_BWASSIGN":         {{"&^=", "&="}, {"<<=", ">>="}, {">>=", "<<="}, {"&=", "|="}, {"|=", "&="}, {"^=", "&="}},
	"INVERT_LOGICAL":          {{"&&", "||"}, {"||", "&&"}},
	"INVERT_LOOPCTRL":         {{"break", "continue"}, {"continue", "break"}},
	"INVERT_NEGATIVES":        {{"-", "+"}},
	"REMOVE_SELF_ASSIGNMENTS": {{"+=", "="}, {"-=", "="}, {"*=", "="}, {"/=", "="}, {"%=", "="}, {"&^=", "="}, {"<<=", "="}, {">>=", "="}, {"&=", "="}, {"|=", "="}, {"^=", "="}},
}

// read reads the output of gremlins for a package, and gives every mutant its identity.
func read(pkg string, text []byte, source func(file string) ([]byte, error)) ([]mutant, error) {
	var report struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type         string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, err
	}
	var all []mutant
	for _, f := range report.Files {
		file := path.Join(pkg, filepath.ToSlash(f.Name))
		code, err := source(file)
		if err != nil {
			return nil, err
		}
		homes, err := homesOf(file, code)
		if err != nil {
			return nil, err
		}
		lines := bytes.SplitAfter(code, []byte("\n"))
		for _, found := range f.Mutations {
			if found.Line < 1 || found.Line > len(lines) || found.Column < 1 || found.Column > len(lines[found.Line-1]) {
				return nil, fmt.Errorf("%s has no place %d:%d", file, found.Line, found.Column)
			}
			m := mutant{line: found.Line, column: found.Column}
			m.offset = len(bytes.Join(lines[:found.Line-1], nil)) + found.Column - 1
			for _, change := range changes[found.Type] {
				if m.old == "" && bytes.HasPrefix(code[m.offset:], []byte(change[0])) {
					m.old, m.new = change[0], change[1]
				}
			}
			if m.old == "" {
				return nil, fmt.Errorf("%s:%d:%d: cannot apply %s to %q", file, found.Line, found.Column, found.Type, bytes.TrimSpace(code[m.offset:min(len(code), m.offset+10)]))
			}
			m.identity = identity{
				File: file, In: homes.at(m.offset), Line: string(bytes.TrimSpace(lines[found.Line-1])), Change: m.old + " to " + m.new,
			}
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there are none")
	}
	slices.SortFunc(all, func(a, b mutant) int {
		return strings.Compare(a.File+fmt.Sprintf(" %9d ", a.offset)+a.new, b.File+fmt.Sprintf(" %9d ", b.offset)+b.new)
	})
	// Two kinds may make the same change, as of a minus.
	all = slices.CompactFunc(all, func(a, b mutant) bool { return a.File == b.File && a.offset == b.offset && a.new == b.new })
	number(all)
	return all, nil
}

// number distinguishes mutants with equal identities.
func number(all []mutant) {
	same := map[identity][]int{}
	for i, m := range all {
		same[m.identity] = append(same[m.identity], i)
	}
	for _, places := range same {
		for n, i := range places {
			if len(places) > 1 {
				all[i].Nth = n + 1
			}
		}
	}
}

// homes are the parts of a file that have a name: its declarations, and the rules in its tables.
type homes []home

type home struct {
	name       string
	start, end int
}

// at is the name of the smallest one around a place.
func (h homes) at(offset int) string {
	name, size := "", 0
	for _, one := range h {
		if one.start <= offset && offset < one.end && (name == "" || one.end-one.start < size) {
			name, size = one.name, one.end-one.start
		}
	}
	return name
}

// ruleID matches the id of a rule, at the beginning of its row.
var ruleID = regexp.MustCompile(`^"([a-z0-9]+(?:-[a-z0-9]+)+)"$`)

func homesOf(file string, code []byte) (homes, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, code, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all homes
	add := func(name string, n ast.Node) {
		all = append(all, home{name, set.Position(n.Pos()).Offset, set.Position(n.End()).Offset})
	}
	for _, declared := range parsed.Decls {
		switch d := declared.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				receiver := d.Recv.List[0].Type
				if pointer, ok := receiver.(*ast.StarExpr); ok {
					receiver = pointer.X
				}
				if ident, ok := receiver.(*ast.Ident); ok {
					name = ident.Name + "." + name
				}
			}
			add(name, d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					add(v.Names[0].Name, v)
				}
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if row, ok := n.(*ast.CompositeLit); ok && len(row.Elts) > 0 {
			if first, ok := row.Elts[0].(*ast.BasicLit); ok {
				if id := ruleID.FindStringSubmatch(first.Value); id != nil {
					add(id[1], row)
				}
			}
		}
		return true
	})
	return all, nil
}
