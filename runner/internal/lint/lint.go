// Package lint reads everything that an author writes, and says what is wrong with it before anything is run:
//
//	features/rollout.feature:31: undefined step: I upsert the rollout (did you mean: I upsert its rollout; …?)
//
// Everything is told at once, sorted by file and line. Whatever keeps the gate from starting is found here in the same
// place as there, [project.Project.Read]. Beyond that, each scenario is rehearsed ([steps.Rehearsal]), which finds
// sentences that nobody knows, that are two, or that cannot be carried out as they are written; and what belongs
// together is counted: rules with their scenarios, operations with their calls, requests with who sends them.
//
// Nothing is a mere warning. What may be as it is, a sentence of the vocabulary that no scenario uses, is told in the
// summary and is no problem: the vocabulary is for all milestones, and this is one.
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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// Problem is one thing that is wrong.
type Problem struct {
	File    string
	Line    int // 0 when it is about the file as a whole
	Message string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Report is what was found.
type Report struct {
	Problems []Problem

	milestone *milestones.Milestone
	plan      *plan.Plan
	schemas   bool // that they could be read
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

// found adds a problem. It is one line, whatever it quotes.
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

// files reads every fixture that is JSON, YAML or PEM. Requests have variables in them: of them only the encoding is looked
// at here, and the rest when they are rehearsed.
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

// dryRun plays every scenario without a target. Scenarios do not depend on each other, so each processor takes a share.
func (l *linter) dryRun() {
	scenarios := l.in.Plan.Scenarios
	shares := make([]*steps.DryRun, runtime.GOMAXPROCS(0))
	faults := make([][]steps.Fault, len(scenarios))
	misspelt := make([][]steps.Fault, len(scenarios))
	unasserted := make([]string, len(scenarios))
	l.unfitBodies()
	refusals, levels := newRefusals(l.in.Milestone), hasLevels(l.in.Milestone)
	names := namesOf(l.in.Milestone)
	var group sync.WaitGroup
	for share := range shares {
		dry := steps.NewDryRun(l.in.Milestone, l.fixtures)
		dry.Unfit = l.unfit
		shares[share] = dry
		group.Go(func() {
			var known *members
			if l.in.Schemas != nil {
				known = newMembers(l.in.Schemas)
			}
			for i := share; i < len(scenarios); i += len(shares) {
				if l.empty[line{scenarios[i].URI, scenarios[i].Line}] {
					continue
				}
				faults[i] = dryRun(dry, &scenarios[i])
				misspelt[i] = slices.Concat(undeclaredAnswers(l.in.Milestone, &scenarios[i], dry), names.misspelt(&scenarios[i], dry))
				if len(faults[i]) == 0 && !dry.Ended() { // else it may be asserted in what could not be rehearsed
					unasserted[i] = refusals.missing(&scenarios[i], dry)
				}
				if levels {
					misspelt[i] = append(misspelt[i], overstated(l.in.Milestone, &scenarios[i], dry)...)
				}
				if known != nil {
					misspelt[i] = append(misspelt[i], known.misspelt(&scenarios[i], dry, l.in.Milestone.Transport.ErrorSchema)...)
					misspelt[i] = append(misspelt[i], known.impossible(&scenarios[i], dry, l.in.Milestone.Transport.ErrorSchema)...)
				}
			}
		})
	}
	group.Wait()

	called, opened, used, waits := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range scenarios {
		if unasserted[i] != "" {
			l.found(scenarios[i].URI, scenarios[i].Line, "%s", unasserted[i])
		}
		told := func(fault steps.Fault) bool { // in other words
			return slices.ContainsFunc(faults[i], func(f steps.Fault) bool { return f.Step == fault.Step && f.Row == fault.Row })
		}
		all := append(slices.DeleteFunc(misspelt[i], told), faults[i]...)
		for _, fault := range all {
			step := scenarios[i].Steps[fault.Step]
			at := line{scenarios[i].URI, step.Line}
			if fault.Row > 0 && fault.Row <= len(step.Rows) {
				at.number = step.Rows[fault.Row-1]
			}
			if !l.wrong[at] {
				l.found(at.uri, at.number, "%s", fault.Message)
			}
		}
		for _, step := range scenarios[i].Steps {
			if definition, ok := steps.Find(step.Text); ok {
				used[definition.Pattern] = true
			}
		}
	}
	for _, dry := range shares {
		for id := range dry.Called {
			called[id] = true
		}
		for name := range dry.Opened {
			opened[name] = true
		}
		for name := range dry.Waiting {
			waits[name] = true
		}
	}
	for _, definition := range steps.Definitions() {
		if used[definition.Pattern] {
			l.report.used++
		} else {
			l.report.unused = append(l.report.unused, definition)
		}
	}
	l.requests(shares[0], called, opened, waits)
	l.wait(waits)
}

// unfitBodies notes the bodies that cannot be sent: those that are no JSON, and the default ones that are not there, or that
// are torn. Each is told where it stands or is missed, and not once more by each scenario.
func (l *linter) unfitBodies() {
	dry := steps.NewDryRun(l.in.Milestone, l.fixtures)
	names, paths := dry.Requests()
	for i, name := range names {
		body, err := dry.Body(name)
		var document schemas.Document
		if err == nil {
			document, err = schemas.Read(body)
		}
		operation, isDefault := l.in.Milestone.Operation(name)
		if err != nil || isDefault && l.unparsedMember(operation.RequestSchema, document) {
			l.unfit[paths[i]] = true
		}
	}
	for _, operation := range l.in.Milestone.Operations {
		if operation.RequestSchema != "" && !slices.Contains(names, operation.ID) {
			l.unfit[requestFile(operation.ID)] = true
		}
	}
}

// requestFile is the path of a body among the fixtures.
func requestFile(name string) string { return path.Join(requestsFolder, name+".json") }

// waiting is the end of a sentence about a fixture that kept scenarios from being rehearsed.
func waiting(name string) string {
	if path.Dir(name) == requestsFolder {
		return "; the scenarios that send it wait for it"
	}
	return "; the scenarios that use it wait for it"
}

// wait says of every unfit fixture once that scenarios wait for it.
func (l *linter) wait(waits map[string]bool) {
	told := map[string]bool{}
	for i := range l.report.Problems {
		problem := &l.report.Problems[i]
		name, ok := strings.CutPrefix(problem.File, fixturesFolder+"/")
		if ok && waits[name] && !told[name] {
			told[name], problem.Message = true, problem.Message+waiting(name)
		}
	}
}

// dryRun rehearses one scenario. A panic is a fault of the program, and no reason to keep all others from being told.
func dryRun(dry *steps.DryRun, scenario *plan.Scenario) (faults []steps.Fault) {
	defer func() {
		if p := recover(); p != nil {
			faults = append(faults, steps.Fault{Message: fmt.Sprintf("rehearsing the scenario: panic: %v", p)})
		}
	}()
	dry.Step(scenario.Pickle)
	return dry.Faults
}

// whole says that every feature could be read, and has no outline without rows, so that what nobody uses is indeed used by nobody.
func (l *linter) whole() bool {
	return len(l.in.Milestone.Features) == len(l.features()) && len(l.empty) == 0
}

// features are those with scenarios.
func (l *linter) features() map[string]bool {
	features := map[string]bool{}
	for i := range l.in.Plan.Scenarios {
		features[path.Base(l.in.Plan.Scenarios[i].URI)] = true
	}
	return features
}

// requests holds the bodies that can be sent to the schemas and to the scenarios.
func (l *linter) requests(dry *steps.DryRun, called, opened, waits map[string]bool) {
	whole := l.whole() && len(waits) == 0 // all scenarios were played, to their ends
	names, paths := dry.Requests()
	l.report.requests = len(names)
	for i, name := range names {
		file := path.Join(fixturesFolder, paths[i])
		operation, isDefault := l.in.Milestone.Operation(name)
		if isDefault && operation.RequestSchema == "" {
			l.found(file, 0, "%s takes no body, so nobody sends this one", name)
			continue
		}
		if !isDefault && !opened[paths[i]] && whole {
			var ids []string
			for _, operation := range l.in.Milestone.Operations {
				ids = append(ids, operation.ID)
			}
			l.found(file, 0, "no scenario sends this body, and no operation has this name%s", suggest.DidYouMean(name, ids))
		}
		if l.notText[paths[i]] {
			continue // reported with its line
		}
		body, err := dry.Body(name)
		if err != nil {
			l.found(file, 0, "%v", err)
			continue
		}
		document, err := schemas.Read(body)
		if err != nil {
			l.notJSON(file, err)
			continue
		}
		if isDefault {
			l.valid(file, operation.RequestSchema, body, document)
		}
	}
	for _, operation := range l.in.Milestone.Operations {
		if operation.RequestSchema != "" && !slices.Contains(names, operation.ID) {
			message := fmt.Sprintf("%s takes a body, and there is no %s/%s%s",
				operation.ID, fixturesFolder, requestFile(operation.ID), suggest.DidYouMean(operation.ID, names))
			if waits[requestFile(operation.ID)] {
				message += waiting(requestFile(operation.ID))
			}
			l.found(l.file(), operation.Line, "%s", message)
		}
		if !called[operation.ID] && whole {
			l.found(l.file(), operation.Line, "no scenario calls %s", operation.ID)
		}
	}
}

// valid holds a default body, which is meant to be valid, to its schema.
func (l *linter) valid(file, name string, body []byte, document schemas.Document) {
	schema, ok := l.schema(name)
	if !ok {
		return
	}
	for _, violation := range schema.Validate(document.Value) {
		l.found(file, schemas.LineOf(body, violation.InstancePath), "%s", "not valid by "+name+": "+violation.String())
	}
}

// unparsedMember says that a body lacks an object or a list that its schema wants, or has something else there. What a scenario
// changes in that is not there either.
func (l *linter) unparsedMember(name string, body schemas.Document) bool {
	schema, ok := l.schema(name)
	if !ok {
		return false
	}
	holds := func(spot schemas.Spot) bool { return len(spot.Members()) > 0 || spot.In("0").Possible() }
	return slices.ContainsFunc(schema.Validate(body.Value), func(violation schemas.Violation) bool {
		spot := schema.Spot()
		for token := range jsontext.Pointer(violation.InstancePath).Tokens() {
			spot = spot.In(token)
		}
		switch violation.Keyword {
		case "type":
			return holds(spot)
		case "required":
			around, _ := body.At(violation.InstancePath).(map[string]any)
			return slices.ContainsFunc(spot.Members(), func(name string) bool {
				_, ok := around[name]
				return !ok && holds(spot.In(name))
			})
		}
		return false
	})
}

// schema finds a schema by its name. One that is not there is told elsewhere.
func (l *linter) schema(name string) (*schemas.Schema, bool) {
	if l.in.Schemas == nil {
		return nil, false
	}
	return l.in.Schemas.Lookup(name)
}

// rules wants a scenario for each rule, and one for each side of a gate, at the level of the rule.
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

// Write writes the problems, or what is there when there is none.
func (r *Report) Write(w io.Writer) {
	for _, problem := range r.Problems {
		fmt.Fprintln(w, problem)
	}
	switch {
	case len(r.Problems) > 0 && r.plan == nil:
		fmt.Fprintf(w, "%s; the features wait for the milestone\n", counted(len(r.Problems), "problem"))
		return
	case len(r.Problems) > 0 && !r.schemas:
		fmt.Fprintf(w, "%s; what looks for the members of bodies and answers waits for the schemas\n", counted(len(r.Problems), "problem"))
		return
	case len(r.Problems) > 0:
		fmt.Fprintln(w, counted(len(r.Problems), "problem"))
		return
	}
	fmt.Fprintf(w, "%s: nothing is wrong with %s, %s, %s, %s and %s\n", r.milestone.ID, counted(len(r.milestone.Rules), "rule"),
		counted(len(r.milestone.Operations), "operation"), counted(len(r.milestone.Features), "feature"),
		counted(len(r.plan.Scenarios), "scenario"), counted(r.requests, "request"))
	if len(r.unused) > 0 {
		fmt.Fprintf(w, "unused: %d of %d sentences; runner steps --unused lists them\n", len(r.unused), len(r.unused)+r.used)
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
