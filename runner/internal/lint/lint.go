// Package lint checks milestone, schemas, features and fixtures before a run:
//
//	features/rollout.feature:31: undefined step: I upsert the rollout (did you mean: I upsert its rollout; …?)
//
// It reports all problems at once, sorted by file and line. Files are read as for a run ([project.Project.Read]). Then each
// scenario is run without a target ([steps.DryRun]), which finds undefined, ambiguous and invalid steps. Rules without
// scenarios, operations without calls and request bodies without use are problems, too.
//
// There are no warnings. Unused step definitions are only counted: they are for all milestones.
package lint

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// Problem is a fault of one file.
type Problem struct {
	File    string
	Line    int // 0 for the whole file
	Message string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Report has the problems of a project.
type Report struct {
	Problems []Problem

	milestone *milestones.Milestone
	plan      *plan.Plan
	schemas   bool // whether they could be read
	requests  int
	unused    []steps.Definition
	used      int
}

// Check lints the project of a milestone.
func Check(p project.Project) *Report {
	in, err := p.Read()
	l := &linter{project: p, in: in, report: &Report{milestone: in.Milestone, plan: in.Plan, schemas: in.Schemas != nil},
		fixtures: p.Fixtures(), unfit: map[string]bool{}, notText: map[string]bool{}}
	l.splitError(err)
	l.files()
	if in.Milestone != nil && in.Plan != nil {
		l.lookAtOutlines()
		l.dryRun()
		l.rules()
	}
	return l.report.sorted(p)
}

type linter struct {
	project  project.Project
	in       project.Inputs
	fixtures fs.FS
	report   *Report
	unfit    map[string]bool // the paths of fixtures that scenarios cannot open, or not read
	notText  map[string]bool // those of them that are in another encoding
	outlines
}

// found adds a problem. Line breaks in it are replaced.
func (l *linter) found(file string, line int, format string, args ...any) {
	message := strings.Join(strings.FieldsFunc(fmt.Sprintf(format, args...), func(c rune) bool { return c == '\n' || c == '\r' }), " ")
	l.report.Problems = append(l.report.Problems, Problem{file, line, message})
}

// file is the milestone's.
func (l *linter) file() string { return filepath.ToSlash(l.project.File) }

var placed = regexp.MustCompile(`^([^\s:]+):(?:([0-9]+):)? (.*)$`)

// splitError adds the problems of an error, one for each line of its message.
func (l *linter) splitError(err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if match := placed.FindStringSubmatch(line); match != nil {
			number, _ := strconv.Atoi(match[2])
			l.found(match[1], number, "%s", match[3])
			continue
		}
		l.found(l.file(), 0, "%s", line)
	}
}

// fixturesFolder begins the names of fixtures, and requestsFolder in it those of the bodies.
const (
	fixturesFolder = "fixtures"
	requestsFolder = "requests"
)

// files reads every fixture that is JSON, YAML or PEM. Of request bodies, which contain variables, only the encoding is
// checked here.
func (l *linter) files() {
	err := fs.WalkDir(l.fixtures, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := textfile.CheckName("the name of the file", name); err != nil {
			l.found(fixturesFolder, 0, "%v", err)
			return nil
		}
		ext := path.Ext(name)
		if ext != ".json" && ext != ".yaml" && ext != ".yml" && ext != ".pem" {
			return nil
		}
		text, err := fs.ReadFile(l.fixtures, name)
		var notText *textfile.Error
		if errors.As(err, &notText) {
			l.unfit[name], l.notText[name] = true, true
			l.found(notText.File, notText.Line, "%s", notText.Problem)
			return nil
		}
		if err != nil {
			return err
		}
		if ext == ".pem" || path.Dir(name) == requestsFolder {
			return nil
		}
		if ext == ".json" {
			if _, err := schemas.Read(text); err != nil {
				l.unfit[name] = true
				l.notJSON(path.Join(fixturesFolder, name), err)
			}
			return nil
		}
		_, err = yamlfile.Parse(path.Join(fixturesFolder, name), text, yamlfile.Options{Kind: "document"})
		l.unfit[name] = err != nil
		l.splitError(err)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.found(fixturesFolder, 0, "%v", err)
	}
}

func (l *linter) notJSON(file string, err error) {
	line := 0
	var syntax *schemas.SyntaxError
	if errors.As(err, &syntax) {
		line = syntax.Line
	}
	l.found(file, line, "%v", err)
}

// rules checks that each rule has a scenario, and a gate one for each side, at the level of the rule.
func (l *linter) rules() {
	levels, sides := map[string]milestones.Level{}, map[string]map[plan.Side]bool{}
	overTagged := map[string]bool{}
	for _, rule := range l.in.Milestone.Rules {
		levels[rule.ID] = cmp.Or(rule.Level, milestones.Core)
	}
	for i := range l.in.Plan.Scenarios {
		s := &l.in.Plan.Scenarios[i]
		if s.Level != levels[s.Rule] {
			overTagged[s.Rule] = true
			continue
		}
		if sides[s.Rule] == nil {
			sides[s.Rule] = map[plan.Side]bool{}
		}
		sides[s.Rule][s.Side] = true
	}
	features := l.features()
	for _, rule := range l.in.Milestone.Rules {
		shown := sides[rule.ID]
		var lacks []string
		switch {
		case !features[rule.Feature]: // reported already: it could not be read
		case rule.Kind != milestones.Precondition && len(shown) == 0:
			lacks = append(lacks, "@"+rule.ID)
		case rule.Kind == milestones.Precondition:
			for _, side := range []plan.Side{plan.Refuses, plan.Permits} {
				if !shown[side] {
					lacks = append(lacks, "@"+rule.ID+" @"+string(side))
				}
			}
		}
		for _, tags := range lacks {
			if l.promised[tags] {
				continue // by an outline without rows
			}
			message := fmt.Sprintf("no scenario of %s is tagged %s", path.Join(plan.Folder, rule.Feature), tags)
			if overTagged[rule.ID] {
				message += " and not @full, and the rule is at level core"
			}
			l.found(l.file(), rule.Line, "%s", message)
		}
	}
}

// sorted puts the problems in order, each once, under names that lead from here to the files.
func (r *Report) sorted(p project.Project) *Report {
	for i := range r.Problems {
		r.Problems[i].File = p.Shown(r.Problems[i].File)
	}
	slices.SortFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	r.Problems = slices.Compact(r.Problems)
	return r
}

// Write prints the problems, or a summary if there are none.
func (r *Report) Write(w io.Writer) {
	for _, problem := range r.Problems {
		fmt.Fprintln(w, problem)
	}
	switch {
	case len(r.Problems) > 0 && r.plan == nil:
		fmt.Fprintf(w, "%s; features were not checked, because the milestone is invalid\n", plural.Count(len(r.Problems), "problem"))
		return
	case len(r.Problems) > 0 && !r.schemas:
		fmt.Fprintf(w, "%s; members of bodies and answers were not checked, because the schemas are invalid\n", plural.Count(len(r.Problems), "problem"))
		return
	case len(r.Problems) > 0:
		fmt.Fprintln(w, plural.Count(len(r.Problems), "problem"))
		return
	}
	fmt.Fprintf(w, "%s: nothing is wrong with %s, %s, %s, %s and %s\n", r.milestone.ID, plural.Count(len(r.milestone.Rules), "rule"),
		plural.Count(len(r.milestone.Operations), "operation"), plural.Count(len(r.milestone.Features), "feature"),
		plural.Count(len(r.plan.Scenarios), "scenario"), plural.Count(r.requests, "request"))
	if len(r.unused) > 0 {
		fmt.Fprintf(w, "unused: %d of %d step definitions; runner steps --unused lists them\n", len(r.unused), len(r.unused)+r.used)
	}
}
