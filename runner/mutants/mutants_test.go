package main

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

const source = `package rules

// A comment: a > b.
var rules = []struct {
	id    string
	fails func(int) bool
}{
	{
		"windows-are-two",
		func(n int) bool { return n >= 2 && n < 9 },
	},
}

func (c *Command) Decide(a, b int) bool {
	if a > b {
		return a-b > b
	}
	return a > b
}
`

// found is the output of gremlins for source.
const found = `{"go_module": "x", "files": [{"file_name": "a.go", "mutations": [
	{"type": "CONDITIONALS_BOUNDARY", "status": "NOT COVERED", "line": 10, "column": 31},
	{"type": "INVERT_LOGICAL", "status": "RUNNABLE", "line": 10, "column": 36},
	{"type": "CONDITIONALS_NEGATION", "status": "RUNNABLE", "line": 10, "column": 41},
	{"type": "CONDITIONALS_BOUNDARY", "status": "RUNNABLE", "line": 15, "column": 7},
	{"type": "ARITHMETIC_BASE", "status": "RUNNABLE", "line": 16, "column": 11},
	{"type": "INVERT_NEGATIVES", "status": "RUNNABLE", "line": 16, "column": 11},
	{"type": "CONDITIONALS_NEGATION", "status": "RUNNABLE", "line": 18, "column": 11}
]}]}`

func sourceIs(text string) func(string) ([]byte, error) {
	return func(file string) ([]byte, error) {
		if file != "pkg/a.go" {
			return nil, errors.New("no such file: " + file)
		}
		return []byte(text), nil
	}
}

func TestRead(t *testing.T) {
	all, err := read("pkg", []byte(found), sourceIs(source))
	if err != nil {
		t.Fatal(err)
	}
	row := `func(n int) bool { return n >= 2 && n < 9 },`
	want := []struct {
		identity
		mutated string
	}{
		{identity{"pkg/a.go", "windows-are-two", row, ">= to >", 0}, `return n > 2 && n < 9`},
		{identity{"pkg/a.go", "windows-are-two", row, "&& to ||", 0}, `return n >= 2 || n < 9`},
		{identity{"pkg/a.go", "windows-are-two", row, "< to >=", 0}, `return n >= 2 && n >= 9`},
		{identity{"pkg/a.go", "Command.Decide", "if a > b {", "> to >=", 0}, `if a >= b {`},
		{identity{"pkg/a.go", "Command.Decide", "return a-b > b", "- to +", 0}, `return a+b > b`},
		{identity{"pkg/a.go", "Command.Decide", "return a > b", "> to <=", 0}, `return a <= b`},
	}
	if len(all) != len(want) {
		t.Fatalf("got %d mutants, want %d: a change that two kinds make is one", len(all), len(want))
	}
	for i, w := range want {
		t.Run(w.In+" "+w.Change, func(t *testing.T) {
			mutated := string(all[i].apply([]byte(source)))
			if all[i].identity != w.identity || !strings.Contains(mutated, w.mutated) {
				t.Errorf("got %+v\nwant %+v\nand %s\nin %s", all[i].identity, w.identity, w.mutated, mutated)
			}
		})
	}
}

// A mutant keeps its identity when lines above it change; equal ones are distinguished by their order.
func TestIdentityOutlivesMoves(t *testing.T) {
	before, err := read("pkg", []byte(found), sourceIs(source))
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.NewReplacer(`"line": 10`, `"line": 12`, `"line": 15`, `"line": 17`, `"line": 16`, `"line": 18`, `"line": 18`, `"line": 20`).Replace(found)
	after, err := read("pkg", []byte(moved), sourceIs(strings.Replace(source, "// A comment", "// One\n// Two\n// A comment", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		if before[i].identity != after[i].identity || before[i].offset == after[i].offset {
			t.Errorf("got %+v, want %+v at another place", after[i], before[i].identity)
		}
	}
	twice, err := read("pkg", []byte(`{"files": [{"file_name": "a.go", "mutations": [
		{"type": "ARITHMETIC_BASE", "line": 3, "column": 15}, {"type": "ARITHMETIC_BASE", "line": 3, "column": 11}]}]}`),
		sourceIs("package a\n\nvar n = 1 + a + b + c\n"))
	if err != nil || len(twice) != 2 || twice[0].Nth != 1 || twice[1].Nth != 2 || twice[0].column != 11 {
		t.Errorf("got %+v, %v", twice, err)
	}
}

// What is not understood is an error, and never a mutant less.
func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct{ found, want string }{
		"no JSON":                    {`{`, "JSON"},
		"nothing at all":             {`{"files": []}`, "there are none"},
		"an unknown kind":            {`{"files": [{"file_name": "a.go", "mutations": [{"type": "NEW_KIND", "line": 15, "column": 7}]}]}`, "pkg/a.go:15:7: cannot apply NEW_KIND"},
		"another operator":           {`{"files": [{"file_name": "a.go", "mutations": [{"type": "INVERT_LOGICAL", "line": 15, "column": 7}]}]}`, "cannot apply INVERT_LOGICAL"},
		"a line that is not there":   {`{"files": [{"file_name": "a.go", "mutations": [{"type": "INVERT_LOGICAL", "line": 99, "column": 7}]}]}`, "has no place 99:7"},
		"a column that is not there": {`{"files": [{"file_name": "a.go", "mutations": [{"type": "INVERT_LOGICAL", "line": 15, "column": 70}]}]}`, "has no place 15:70"},
		"another file":               {`{"files": [{"file_name": "b.go"}]}`, "no such file: pkg/b.go"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := read("pkg", []byte(test.found), sourceIs(source))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want %q", all, err, test.want)
			}
		})
	}
}

func TestWeigh(t *testing.T) {
	for name, test := range map[string]struct {
		reasons string
		want    result
	}{
		"a scenario fails":              {`{"id": "scenario-failed", "message": "x\ny", "where": "a.feature:1"}, {"id": "output-differs"}`, result{killed, "scenario-failed a.feature:1"}},
		"a check fails":                 {`{"id": "check-failed", "message": "x", "where": "e-3"}`, result{killed, "check-failed e-3"}},
		"the fake dies, and more":       {`{"id": "target-unreachable", "where": "a"}, {"id": "scenario-failed", "where": "b"}`, result{killed, "scenario-failed b"}},
		"the fake dies":                 {`{"id": "target-unreachable", "where": "a"}`, result{crashed, "target-unreachable a"}},
		"the gate breaks off":           {`{"id": "run-broke-off", "where": "a"}`, result{crashed, "run-broke-off a"}},
		"only the golden output":        {`{"id": "output-differs", "message": "one\ntwo"}`, result{survived, "output-differs one"}},
		"only something was not seen":   {`{"id": "cell-unobserved", "message": "c"}, {"id": "rule-unproved", "message": "r"}`, result{survived, "cell-unobserved c; rule-unproved r"}},
		"no reason":                     {``, result{survived, ""}},
		"a reason that is new to us":    {`{"id": "brand-new", "message": "n"}`, result{survived, "brand-new n"}},
		"an outcome that is undeclared": {`{"id": "cell-undeclared", "message": "u"}`, result{survived, "cell-undeclared u"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fateOf([]byte(`{"reasons": [` + test.reasons + `]}`))
			if err != nil || got != test.want {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
	if got, err := fateOf([]byte(`{`)); err == nil {
		t.Errorf("got %v of half a verdict", got)
	}
}

func TestParseSurvivors(t *testing.T) {
	good := "- file: a.go\n  in: f\n  line: if a > b {\n  change: '> to >='\n  because: they are never equal\n"
	list, err := parseSurvivors("s.yaml", []byte("# why\n"+good+strings.Replace(good, "because", "nth: 2\n  because", 1)))
	if err != nil || len(list) != 2 || list[0].identity != (identity{"a.go", "f", "if a > b {", "> to >=", 0}) || list[1].Nth != 2 || list[1].line != 7 {
		t.Errorf("got %+v, %v", list, err)
	}
	for name, empty := range map[string]string{"nothing": "", "an empty list": "[]\n", "a comment": "# none\n"} {
		t.Run(name, func(t *testing.T) {
			if list, err := parseSurvivors("s.yaml", []byte(empty)); err != nil || len(list) != 0 {
				t.Errorf("got %v, %v", list, err)
			}
		})
	}
	for name, test := range map[string]struct{ text, want string }{
		"an unknown key":          {strings.Replace(good, "because", "becuase", 1), `s.yaml:5: unknown key "becuase" (did you mean "because"?)`},
		"no reason":               {strings.Replace(good, "they are never equal", "' '", 1), `s.yaml:5: /0/because must be the reason in words, got " "`},
		"no line":                 {strings.Replace(good, "if a > b {", "''", 1), "s.yaml:3: /0/line must not be empty"},
		"a line without a change": {"- file: a.go\n  in: f\n  line: x\n  because: so\n", `s.yaml:3: /0 lacks "change", which "line" needs`},
		"the same twice":          {good + good, "s.yaml:6: this survivor is listed twice (first on line 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := parseSurvivors("s.yaml", []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want %q", list, err, test.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	one := mutant{identity: identity{"a.go", "f", "a > b", "> to >=", 0}, line: 3, column: 5}
	two := mutant{identity: identity{"a.go", "f", "a > b", "> to <=", 0}, line: 3, column: 5}
	listed := survivor{identity: one.identity, Because: "so", line: 7}
	declared := survivor{identity: identity{File: "a.go", In: "f"}, Because: "so", line: 8}
	elsewhere := survivor{identity: identity{File: "a.go", In: "g"}, Because: "so", line: 9}
	for name, test := range map[string]struct {
		ends   [2]fate
		listed []survivor
		want   []string
		holds  bool
	}{
		"all are killed":               {[2]fate{killed, timedOut}, nil, []string{"killed      2 of 2: 1 by a scenario or a check, 0 crashed, 1 timed out", "score       100.0% killed"}, true},
		"one does not build":           {[2]fate{crashed, unbuildable}, nil, []string{"unbuildable 1,", "killed      1 of 1: 0 by a scenario or a check, 1 crashed"}, true},
		"a survivor is explained":      {[2]fate{survived, killed}, []survivor{listed}, []string{"survived    1, 1 of them explained", "score       50.0% killed, 100.0% killed or explained"}, true},
		"a survivor is not explained":  {[2]fate{survived, survived}, []survivor{listed}, []string{"a.go:3:5 (f) > to <=: a > b survived, and is not in runner/mutants/survivors.yaml", "survived    2, 1 of them"}, false},
		"a listed one is killed":       {[2]fate{killed, killed}, []survivor{listed}, []string{"runner/mutants/survivors.yaml:7: a.go:3:5 (f) > to >=: a > b does not survive any more (killed: here): take it out"}, false},
		"a declaration is explained":   {[2]fate{survived, survived}, []survivor{declared}, []string{"survived    2, 2 of them explained"}, true},
		"all but what does not build":  {[2]fate{survived, unbuildable}, []survivor{declared}, []string{"survived    1, 1 of them explained"}, true},
		"one of a declaration is dead": {[2]fate{survived, killed}, []survivor{declared}, []string{"survivors.yaml:8: a.go:3:5 (f) > to <=: a > b does not survive any more (killed: here)"}, false},
		"a declaration is gone":        {[2]fate{killed, unbuildable}, []survivor{elsewhere}, []string{"survivors.yaml:9: there is no such mutant any more"}, false},
		"a listed one is gone": {[2]fate{killed, killed}, []survivor{{identity: identity{"a.go", "g", "a > b", "> to <=", 0}, line: 9}},
			[]string{"runner/mutants/survivors.yaml:9: there is no such mutant any more"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tried := &results{mutants: []mutant{one, two}, listed: test.listed, whole: true}
			for _, f := range test.ends {
				tried.ends = append(tried.ends, result{f, "here"})
			}
			var out bytes.Buffer
			if got := tried.report(&out); got != test.holds {
				t.Errorf("got %t, want %t", got, test.holds)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got %s\nwant it to say %q", out.String(), want)
				}
			}
		})
	}
}

// The list must match lines of the source. `make mutants` checks the rest of it.
func TestListedLinesStand(t *testing.T) {
	list, err := readSurvivors("survivors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		code, err := os.ReadFile("../../" + s.File)
		if err != nil {
			t.Errorf("survivors.yaml:%d: %v", s.line, err)
			continue
		}
		homes, err := homesOf(s.File, code)
		if err != nil {
			t.Fatal(err)
		}
		if s.isDeclaration() && slices.ContainsFunc(homes, func(h home) bool { return h.name == s.In }) {
			continue
		}
		old, _, _ := strings.Cut(s.Change, " to ")
		stands, offset := false, 0
		for line := range bytes.Lines(code) {
			at := bytes.Index(line, []byte(old))
			stands = stands || at >= 0 && string(bytes.TrimSpace(line)) == s.identity.Line && homes.at(offset+at) == s.In
			offset += len(line)
		}
		if !stands {
			t.Errorf("survivors.yaml:%d: %s has no line %q with %q in %s", s.line, s.File, s.identity.Line, old, s.In)
		}
		if !slices.ContainsFunc(packages, func(pkg string) bool { return strings.HasPrefix(s.File, pkg+"/") }) {
			t.Errorf("survivors.yaml:%d: %s is not mutated", s.line, s.File)
		}
	}
}

// TestJudge builds real gates. No scenario asserts the text of a message, so a mutant of it survives.
func TestJudge(t *testing.T) {
	t.Chdir("../..")
	const file = "fakeserver/internal/rules/onboard.go"
	code, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{folder: t.TempDir()}
	for name, test := range map[string]struct {
		old, new string
		fate     fate
		message  string
	}{
		"a rule turned round":  {"SegmentTier:        c.Provider.SegmentTier,", `SegmentTier: "S3",`, killed, "scenario-failed features/"},
		"another text":         {"This provider_id is taken", "This provider_id is not free", survived, ""},
		"no Go at all":         {"func (c *Onboard)", "fun (c *Onboard)", unbuildable, "syntax error"},
		"a panic at the start": {"// Decide implements Command.", "func init() { panic(1) }\n\n// Decide implements Command.", crashed, "no verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mutant{identity: identity{File: file}, offset: bytes.Index(code, []byte(test.old)), old: test.old, new: test.new}
			if m.offset < 0 {
				t.Fatalf("%s has no %q", file, test.old)
			}
			got, err := j.judge(t.Context(), &m)
			if err != nil || got.fate != test.fate || !strings.Contains(got.message, test.message) {
				t.Errorf("got %v, %v, want %s and %q", got, err, test.fate, test.message)
			}
		})
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, code) {
		t.Errorf("the source is not as it was: %v", err)
	}
}
