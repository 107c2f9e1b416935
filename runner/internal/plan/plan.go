// Package plan decides which scenarios a run has.
//
// It reads the feature files that a milestone lists, with the parser of godog, and makes a [Scenario] of every
// scenario and every row of an outline. Its id depends on texts and not on line numbers:
//
//	features/rollout.feature > One tier at a time > A climb from <from> to <to> > S0 | S1
//
// These are the file, the Gherkin rule (if there is one), the name as it is written, and the values of the row,
// without those that are sent as keys or credentials: ids are written into artifacts.
//
// A plan is strict: a scenario without a rule, an unknown tag, an outline without rows, two scenarios with one id and
// an unlisted feature file are all errors with file and line.
//
// Scenarios are selected here and not by godog, which runs nothing and passes for a mistyped tag ([Plan.Select]).
package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
)

// Folder is the folder of the feature files in the project, and the beginning of their URIs.
const Folder = "features"

// Plan is everything that a milestone asks to be run.
type Plan struct {
	// Milestone is what the plan was made for.
	Milestone *milestones.Milestone
	// Scenarios are all scenarios, in the order of the milestone's features, then of their lines.
	Scenarios []Scenario

	features []Feature
}

// Scenario is one thing to run: a scenario, or one row of an outline.
type Scenario struct {
	// ID identifies the scenario. It does not change with line numbers.
	ID string
	// URI is the feature file, such as features/rollout.feature.
	URI string
	// Line is the line of the scenario, or of the row.
	Line int
	// Name is the name with the values of the row in it.
	Name string
	// Rule is the id of the rule that the scenario proves.
	Rule string
	// Level is that of the rule, or [milestones.Full] for a scenario with the tag @full.
	Level milestones.Level
	// Side is the side of a gate that the scenario shows; [Neither] for a promise.
	Side Side
	// Needs are the capabilities that the target must have, sorted, each once.
	Needs []string
	// Tags are all tags, sorted, each once.
	Tags []string
	// Steps has the steps of the backgrounds first.
	Steps []Step
	// Pickle is the scenario as the parser made it. Its ids are those of no other file.
	Pickle *messages.Pickle
}

// Where names the scenario's place, as editors and terminals understand it.
func (s *Scenario) Where() string { return where(s.URI, s.Line) }

// Ref is the short name of the scenario, for command lines and lists: "s-" and ten hexadecimal digits made from its ID.
func (s *Scenario) Ref() string { return ScenarioRef(s.ID) }

// ScenarioRef is the short name of the scenario with an id.
func ScenarioRef(id string) string { return Ref("s", id) }

// Ref makes a short name that stays the same as long as the parts do: a prefix that says what is named, "-", and ten
// hexadecimal digits.
func Ref(prefix string, parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d %s\n", len(part), part)
	}
	return prefix + "-" + hex.EncodeToString(sum.Sum(nil))[:10]
}

// Step is one step of a scenario.
type Step struct {
	// Line is the line of the step in the feature file.
	Line int
	// Keyword is "Given", "When", "Then", "And", "But" or "*".
	Keyword string
	// Text is the step with the values of the row in it.
	Text string
	// Rows are the lines of its table, if it has one.
	Rows []int
}

// Side is the side of a gate that a scenario shows.
type Side string

// The sides of a gate.
const (
	// Neither is the side of a promise's scenarios.
	Neither Side = ""
	// Refuses marks a scenario in which the gate refuses.
	Refuses Side = "refuses"
	// Permits marks a scenario in which it does not.
	Permits Side = "permits"
)

// FullTag raises a scenario of a core rule to level full.
const FullTag = "@" + string(milestones.Full)

// NeedsPrefix begins a tag that names a capability.
const NeedsPrefix = "@needs:"

// Problem is one fault of a feature file.
type Problem struct {
	File    string
	Line    int // 0 when the fault is about the file as a whole
	Message string
}

func (p Problem) Error() string { return where(p.File, p.Line) + ": " + p.Message }

// where is FILE:LINE, or FILE alone when there is no line.
func where(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Feature is one feature file, whole.
type Feature struct {
	URI      string
	Text     []byte
	Document *messages.GherkinDocument
}

// Features are the feature files, in the order of the milestone.
func (p *Plan) Features() []Feature { return p.features }

// Secrets are the values that scenarios send as keys or credentials.
func (p *Plan) Secrets() []string {
	var found []string
	for i := range p.Scenarios {
		found = append(found, keys(p.Scenarios[i].Pickle)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Load reads the features that the milestone lists from fsys, which holds them at its root, and plans their
// scenarios. The error joins every [Problem] that was found, in the order of files and lines.
func Load(m *milestones.Milestone, fsys fs.FS) (*Plan, error) {
	found := &finder{milestone: m, tags: newTagSet(m)}
	found.compareListing(fsys)
	fsys = textfile.FS(fsys, Folder)

	// Parsing is most of the work, and files do not depend on each other.
	parsed := make([]parsedFeature, len(m.Features))
	var group sync.WaitGroup
	for i, name := range m.Features {
		group.Go(func() { parsed[i] = parse(fsys, name) })
	}
	group.Wait()

	p := &Plan{Milestone: m}
	for _, feature := range parsed {
		found.problems = append(found.problems, feature.problems...)
		if feature.unreadable != nil {
			found.unreadable = append(found.unreadable, feature.unreadable)
		}
		if feature.document == nil {
			continue
		}
		p.Scenarios = append(p.Scenarios, found.scenarios(feature)...)
		p.features = append(p.features, Feature{feature.uri, feature.text, feature.document})
	}
	found.duplicates(p.Scenarios)
	return p, found.err()
}

// parsedFeature is a feature file as the parser sees it.
type parsedFeature struct {
	name, uri string
	text      []byte
	document  *messages.GherkinDocument // nil when it could not be read
	pickles   []*messages.Pickle
	problems  []Problem

	unreadable error
}

// withoutPath is an error of a file without its name, which stands beside it.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// parse reads one feature file.
func parse(fsys fs.FS, name string) (f parsedFeature) {
	f = parsedFeature{name: name, uri: path.Join(Folder, name)}
	defer func() {
		if p := recover(); p != nil { // the parser has a way of doing that
			f.document, f.problems = nil, []Problem{{f.uri, 0, fmt.Sprintf("parsing the feature: panic: %v", p)}}
		}
	}()
	text, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return f // compareListing has reported it
	}
	if err == nil {
		err = textfile.CheckCharacters(f.uri, text)
	}
	var notText *textfile.Error
	if errors.As(err, &notText) {
		f.problems = append(f.problems, Problem{f.uri, notText.Line, notText.Problem})
		return f
	}
	if err != nil {
		f.unreadable = fmt.Errorf("%s: reading the feature: %w", f.uri, withoutPath(err))
		return f
	}
	if line := overlong(text); line > 0 {
		f.problems = append(f.problems, Problem{f.uri, line, fmt.Sprintf("the line is longer than %d bytes", longestLine)})
		return f
	}
	nodes := &messages.Incrementing{}
	ids := func() string { return strings.TrimSuffix(name, ".feature") + "-" + nodes.NewId() }
	document, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), ids)
	if err != nil {
		f.problems = []Problem{syntaxProblem(f.uri, err)}
		return f
	}
	if document.Feature == nil {
		f.problems = append(f.problems, Problem{f.uri, 0, "there is no feature in it"})
		return f
	}
	document.Uri = f.uri // which the parser leaves to its caller
	f.text, f.document = text, document
	f.pickles = gherkin.Pickles(*document, f.uri, ids)
	return f
}

// longestLine is the longest line that the parser can read. A longer one makes it panic.
const longestLine = bufio.MaxScanTokenSize - 2

// overlong returns the first line that is too long, or 0.
func overlong(text []byte) int {
	number := 0
	for line := range bytes.Lines(text) {
		if number++; len(line) > longestLine {
			return number
		}
	}
	return 0
}

// unexpected matches the parser's message about an unknown line.
var unexpected = regexp.MustCompile(`^expected: #.*, got '\s*(.*)'$`)

// beginnings are the keywords that a line can begin with.
var beginnings = []string{"Feature:", "Background:", "Rule:", "Scenario:", "Scenario Outline:", "Examples:", "Given", "When", "Then", "And", "But"}

// syntaxProblem returns the first of the parser's errors, which have the form "(LINE:COLUMN): what". Later ones
// follow from it.
func syntaxProblem(uri string, err error) Problem {
	for text := range strings.SplitSeq(err.Error(), "\n") {
		var line, column int
		if n, _ := fmt.Sscanf(text, "(%d:%d):", &line, &column); n == 2 {
			_, message, _ := strings.Cut(text, "): ")
			if match := unexpected.FindStringSubmatch(message); match != nil {
				message = "unexpected line: " + match[1] + suggestBeginning(match[1])
			}
			return Problem{uri, line, message}
		}
	}
	return Problem{uri, 0, fmt.Sprintf("parsing the feature: %v", err)}
}

// suggestBeginning returns a suggestion for a line. A keyword of several words ends with a colon.
func suggestBeginning(line string) string {
	if title, _, ok := strings.Cut(line, ":"); ok {
		if suggestion := suggest.DidYouMean(title+":", beginnings); suggestion != "" {
			return suggestion
		}
	}
	word, _, _ := strings.Cut(line, " ")
	return suggest.DidYouMean(word, beginnings)
}

// finder collects problems on the way.
type finder struct {
	milestone  *milestones.Milestone
	tags       tagSet
	problems   []Problem
	unreadable []error // of the system, for files and folders
}

func (f *finder) report(uri string, line int, format string, args ...any) {
	f.problems = append(f.problems, Problem{uri, line, fmt.Sprintf(format, args...)})
}

// err joins the problems. A wrong tag of an outline is in every row, and is reported once.
func (f *finder) err() error {
	var all []error
	seen := map[Problem]bool{}
	for _, problem := range f.problems {
		if !seen[problem] {
			seen[problem] = true
			all = append(all, problem)
		}
	}
	return errors.Join(append(all, f.unreadable...)...)
}

// compareListing compares the milestone's list of features with the files that are there.
func (f *finder) compareListing(fsys fs.FS) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // then no file is there
		f.unreadable = append(f.unreadable, fmt.Errorf("%s: listing the features: %w", Folder, withoutPath(err)))
		return
	}
	var present []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".feature") {
			present = append(present, entry.Name())
		}
	}
	for _, name := range f.milestone.Features {
		if !slices.Contains(present, name) {
			f.report(path.Join(Folder, name), 0, "the milestone lists this feature, and there is no such file%s",
				suggest.DidYouMean(name, present))
		}
	}
	for _, name := range present {
		if err := textfile.CheckName("the name of the file", name); err != nil {
			f.report(Folder, 0, "%v", err)
			continue
		}
		if !slices.Contains(f.milestone.Features, name) {
			f.report(path.Join(Folder, name), 0, "the milestone does not list this feature%s",
				suggest.DidYouMean(name, f.milestone.Features))
		}
	}
}

// scenarios turns the pickles of a feature into scenarios.
func (f *finder) scenarios(parsed parsedFeature) []Scenario {
	places := locate(parsed.document)
	for _, outline := range places.outlinesWithoutExamples {
		f.report(parsed.uri, outline.line, "the outline %q has no rows, so nothing of it would run", outline.name)
	}
	for _, rule := range places.emptyRules {
		f.report(parsed.uri, rule.line, "the rule %q has no scenarios", rule.name)
	}
	if len(parsed.pickles) == 0 && len(places.outlinesWithoutExamples) == 0 {
		f.report(parsed.uri, 0, "the feature has no scenarios")
	}

	var scenarios []Scenario
	for _, pickle := range parsed.pickles {
		node := places.scenarios[pickle.AstNodeIds[0]]
		s := Scenario{
			URI:    parsed.uri,
			Line:   node.line,
			Name:   pickle.Name,
			Pickle: pickle,
		}
		id := []string{parsed.uri}
		if node.rule != "" {
			id = append(id, node.rule)
		}
		id = append(id, node.name)
		if len(pickle.AstNodeIds) > 1 {
			row := places.rows[pickle.AstNodeIds[1]]
			s.Line = row.line
			id = append(id, strings.Join(row.values, " | "))
		}
		s.ID = strings.Join(id, " > ")
		for _, key := range keys(pickle) {
			s.ID = strings.ReplaceAll(s.ID, key, redacted)
		}
		for _, step := range pickle.Steps {
			at := places.steps[step.AstNodeIds[0]]
			s.Steps = append(s.Steps, Step{at.line, at.keyword, step.Text, at.rows})
		}
		asserts := func(step Step) bool { return strings.TrimSpace(step.Keyword) == "Then" }
		switch {
		case len(s.Steps) == 0:
			f.report(parsed.uri, node.line, "the scenario %q has no steps, so it would pass without doing anything", node.name)
		case !slices.ContainsFunc(s.Steps, asserts):
			f.report(parsed.uri, node.line, "the scenario %q has no Then, so it would pass whatever the answers are", node.name)
		}
		if node.name == "" {
			f.report(parsed.uri, node.line, "the scenario has no name, and its name is its id")
		}
		f.readTags(&s, parsed.name, node.line, places.tags)
		scenarios = append(scenarios, s)
	}
	return scenarios
}

// redacted replaces a key in an id.
const redacted = "[redacted]"

// secretHeader matches a row that sends a key or credentials.
var secretHeader = regexp.MustCompile(`(?i)^header\s+(X-Partner-Key|Authorization|Proxy-Authorization)$`)

// keys returns the values that a scenario sends as keys or credentials, the longest first. Values with variables and
// short ones are not secret.
func keys(pickle *messages.Pickle) []string {
	var found []string
	for _, step := range pickle.Steps {
		if step.Argument == nil || step.Argument.DataTable == nil {
			continue
		}
		for _, row := range step.Argument.DataTable.Rows {
			if len(row.Cells) != 2 || !secretHeader.MatchString(row.Cells[0].Value) {
				continue
			}
			if value := row.Cells[1].Value; len(value) >= 8 && !strings.Contains(value, "{") {
				found = append(found, value)
			}
		}
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}

// duplicates reports scenarios that have one id.
func (f *finder) duplicates(scenarios []Scenario) {
	first := map[string]*Scenario{}
	for i := range scenarios {
		s := &scenarios[i]
		if before, taken := first[s.ID]; taken {
			f.report(s.URI, s.Line, "the same scenario as on line %d: %s", before.Line, s.ID)
			continue
		}
		first[s.ID] = s
	}
}
