package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/go-json-experiment/json"

	"example.com/lpgate/runner/internal/plan"
)

// Run is the record of a run: what reports are made from.
type Run struct {
	Info
	// Features are the feature files, in the order of the log.
	Features []Feature
	// Scenarios are those of the whole plan, in its order, those that were not selected included.
	Scenarios []*Scenario
	// StartedAt and FinishedAt frame the run; the second is zero in a log without its last line.
	StartedAt, FinishedAt time.Time
	// Complete says that the log has its last line. One of a killed run has not.
	Complete bool
	// Overall and Says are what the last line has of the verdict.
	Overall bool
	Says    string

	attached map[string][]byte
}

// Feature is a feature file.
type Feature struct {
	URI, Name, Description string
}

// Scenario is a scenario, and what happened to it.
type Scenario struct {
	// Scenario has its place, its tags and its sentences; it has no sentences when it was not selected.
	*plan.Scenario
	// Feature and GherkinRule are the names of what it stands in; "" for no rule.
	Feature, GherkinRule string
	// Selected says whether it was to run. LeftOut is what the target lacks of what it needs.
	Selected bool
	LeftOut  []string
	// Steps are its sentences, with how each ended.
	Steps []Step
	// Began and Ended are zero when it did not.
	Began, Ended time.Time
	// Result is how it ended. Without an end, its status is not_run, left_out or not_selected.
	Result Result
	// Failure explains it when it did not pass; nil when nothing does.
	Failure *Failure
	// Exchanges are its exchanges in order; the mark of each has its sentence.
	Exchanges []*Exchange

	ref   string      // as the log has it; "" in a record that was not read
	place int         // in the plan
	heard []*Exchange // in the order of their answers
}

// Ref is the short name of the scenario. It is made from an id that may have a secret in it, which the log has not.
func (s *Scenario) Ref() string {
	if s.ref == "" {
		return s.Scenario.Ref()
	}
	return s.ref
}

// Took is how long the scenario took.
func (s *Scenario) Took() time.Duration {
	if s.Ended.IsZero() {
		return 0
	}
	return s.Ended.Sub(s.Began)
}

// Says is why it did not pass, as one line, with what was compared where that is short.
func (s *Scenario) Says() string {
	says := s.Result.Message
	if f := s.Failure; f != nil && f.Expected+f.Got != "" {
		says += fmt.Sprintf(" (expected %s, got %s)", begins(f.Expected), begins(f.Got))
	}
	return says
}

// CheckRefs are the short names of the checks that failed in it, each once.
func (s *Scenario) CheckRefs() []string {
	if s.Failure == nil {
		return nil
	}
	var refs []string
	for _, check := range s.Failure.Checks {
		if step := check.Exchange.Mark.Step; step < len(s.Scenario.Steps) {
			if ref := s.CheckRef(step, check.Result.Check); !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// Again are the commands that repeat a scenario alone, and each check that failed in it.
func (r *Run) Again(s *Scenario) []string {
	var commands []string
	for _, ref := range append([]string{s.Ref()}, s.CheckRefs()...) {
		commands = append(commands, "runner repro "+ref+r.Repro)
	}
	return commands
}

// At is the place at which it ended: the sentence, or the scenario when there is none.
func (s *Scenario) At() (uri string, line int) {
	if s.Result.Line > 0 {
		return s.URI, s.Result.Line
	}
	return s.URI, s.Line
}

// begins is how a text begins, in a line with others.
func begins(text string) string {
	const most = 80
	first, _, more := strings.Cut(text, "\n")
	if runes := []rune(first); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	if more {
		return first + " …"
	}
	return first
}

// Step is a sentence of a scenario.
type Step struct {
	plan.Step
	// Table and DocString are what stands below it.
	Table     [][]string
	DocString string
	// Status is passed, failed, skipped, undefined, ambiguous, pending or unknown; "" when it did not begin.
	Status string
	// Message is what was wrong, in full.
	Message string
	// Began is zero when it did not.
	Began time.Time
	Took  time.Duration
}

// Attach attaches an artifact to the run.
func (r *Run) Attach(name string, text []byte) {
	if r.attached == nil {
		r.attached = map[string][]byte{}
	}
	r.attached[name] = append(bytes.TrimSpace(text), '\n')
}

// Attached is an artifact that is attached to the run, such as verdict.json; nil when there is none.
func (r *Run) Attached(name string) []byte { return r.attached[name] }

// Conclude adds what the end of a log has, to a record of a run that goes on.
func (r *Run) Conclude(overall bool, message string, at time.Time) {
	r.Complete, r.Overall, r.Says, r.FinishedAt = true, overall, message, when(stamp(at))
}

// Exchanges are all exchanges, in the order of the plan.
func (r *Run) Exchanges() []*Exchange {
	var all []*Exchange
	for _, s := range r.Scenarios {
		all = append(all, s.Exchanges...)
	}
	return all
}

// resultFile is result.json: how a scenario ended.
type resultFile struct {
	Result
	Failure *Failure `json:"failure,omitempty"`
}

// link sets the exchanges that a failure names by their numbers.
func (f *Failure) link(s *Scenario) (err error) {
	f.Scenario = s.Scenario
	if f.Number > 0 {
		if f.Exchange, err = s.nth(f.Number); err != nil {
			return err
		}
	}
	for i := range f.Checks {
		check := &f.Checks[i]
		if check.Exchange, err = s.nth(check.Number); err != nil {
			return err
		}
		at := slices.IndexFunc(check.Exchange.Checks, func(r CheckResult) bool { return r.Check == check.Check })
		if at < 0 {
			return fmt.Errorf("its exchange %d has no check %q", check.Number, check.Check)
		}
		check.Result = check.Exchange.Checks[at]
	}
	return nil
}

// numbered returns a copy of a failure that names its exchanges by their numbers, of all that a scenario had.
func (f *Failure) numbered(all []*Exchange) *Failure {
	numbered := *f
	numbered.Number = slices.Index(all, f.Exchange) + 1
	numbered.Checks = slices.Clone(f.Checks)
	for i := range numbered.Checks {
		check := &numbered.Checks[i]
		check.Check, check.Number = check.Result.Check, slices.Index(all, check.Exchange)+1
	}
	return &numbered
}

// agrees holds a scenario that passed to its sentences: a log in which they did not is not as it was written.
func (s *Scenario) agrees() error {
	if s.Result.Status != Passed {
		return nil
	}
	for i, step := range s.Steps {
		if step.Status != string(Passed) {
			return fmt.Errorf("%s passed, and its sentence %d did not", s.Ref(), i+1)
		}
	}
	return nil
}

func (s *Scenario) nth(n int) (*Exchange, error) {
	if n < 1 || n > len(s.heard) {
		return nil, fmt.Errorf("it has no exchange %d", n)
	}
	return s.heard[n-1], nil
}

// Read reads a log. It is an error when it is none; a last line that was cut off is none.
func Read(r io.Reader) (*Run, error) {
	reading := &reading{
		into: new(Run), pickles: map[string]*messages.Pickle{}, nodes: map[string]node{},
		scenarios: map[string]*Scenario{}, cases: map[string]*Scenario{}, steps: map[string]int{},
	}
	lines := bufio.NewReaderSize(r, 1<<20)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what has no end of line was being written when the run was killed
		}
		if err != nil {
			return nil, fmt.Errorf("reading the event log: %w", err)
		}
		if err := reading.line(bytes.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("reading the event log: line %d: %w", number, err)
		}
	}
	if reading.into.StartedAt.IsZero() {
		return nil, errors.New("reading the event log: no run begins in it")
	}
	for _, s := range reading.into.Scenarios {
		s.Exchanges = slices.Clone(s.heard)
		SortExchanges(s.Exchanges)
	}
	return reading.into, nil
}

// reading is a log that is being read.
type reading struct {
	into      *Run
	pickles   map[string]*messages.Pickle
	nodes     map[string]node      // of feature documents, by their ids
	scenarios map[string]*Scenario // by their short names
	cases     map[string]*Scenario // by the ids of their runs
	steps     map[string]int       // places of sentences, by their ids
}

// node is what a document says of a scenario or of a step.
type node struct {
	feature, rule, keyword string
	line                   int
}

func (r *reading) line(line []byte) error {
	var m messages.Envelope
	if err := json.Unmarshal(line, &m); err != nil {
		return err
	}
	switch {
	case m.GherkinDocument != nil && m.GherkinDocument.Feature != nil:
		r.document(m.GherkinDocument)
	case m.Pickle != nil:
		r.pickles[m.Pickle.Id] = m.Pickle
	case m.TestRunStarted != nil:
		r.into.StartedAt = when(m.TestRunStarted.Timestamp)
	case m.Attachment != nil:
		return r.attachment(m.Attachment)
	case m.TestCase != nil:
		return r.testCase(m.TestCase)
	case m.TestCaseStarted != nil:
		s := r.scenarios[m.TestCaseStarted.TestCaseId]
		if s == nil {
			return fmt.Errorf("there is no test case %q", m.TestCaseStarted.TestCaseId)
		}
		s.Began = when(m.TestCaseStarted.Timestamp)
		r.cases[m.TestCaseStarted.Id] = s
	case m.TestStepStarted != nil:
		return r.stepStarted(m.TestStepStarted)
	case m.TestStepFinished != nil:
		return r.stepFinished(m.TestStepFinished)
	case m.TestCaseFinished != nil:
		s := r.cases[m.TestCaseFinished.TestCaseStartedId]
		if s == nil {
			return fmt.Errorf("nothing began as %q", m.TestCaseFinished.TestCaseStartedId)
		}
		s.Ended = when(m.TestCaseFinished.Timestamp)
	case m.TestRunFinished != nil:
		f := m.TestRunFinished
		r.into.Complete, r.into.Overall, r.into.Says, r.into.FinishedAt = true, f.Success, f.Message, when(f.Timestamp)
	}
	return nil
}

// document remembers where the nodes of a feature stand.
func (r *reading) document(d *messages.GherkinDocument) {
	f := d.Feature
	r.into.Features = append(r.into.Features, Feature{d.Uri, f.Name, f.Description})
	steps := func(steps []*messages.Step) {
		for _, s := range steps {
			r.nodes[s.Id] = node{keyword: strings.TrimSpace(s.Keyword), line: int(s.Location.Line)}
		}
	}
	scenario := func(s *messages.Scenario, rule string) {
		r.nodes[s.Id] = node{feature: f.Name, rule: rule}
		steps(s.Steps)
	}
	for _, child := range f.Children {
		switch {
		case child.Background != nil:
			steps(child.Background.Steps)
		case child.Scenario != nil:
			scenario(child.Scenario, "")
		case child.Rule != nil:
			for _, inner := range child.Rule.Children {
				if inner.Background != nil {
					steps(inner.Background.Steps)
				} else {
					scenario(inner.Scenario, child.Rule.Name)
				}
			}
		}
	}
}

func (r *reading) attachment(a *messages.Attachment) error {
	switch {
	case a.FileName == runName && a.TestCaseStartedId == "":
		return r.run(a)
	case a.FileName == exchangeName:
		return r.exchange(a)
	case a.FileName == resultName:
		s := r.cases[a.TestCaseStartedId]
		if s == nil {
			return fmt.Errorf("nothing began as %q", a.TestCaseStartedId)
		}
		var file resultFile
		if err := json.Unmarshal([]byte(a.Body), &file); err != nil {
			return err
		}
		if s.Result, s.Failure = file.Result, file.Failure; s.Failure != nil {
			if err := s.Failure.link(s); err != nil {
				return err
			}
		}
		return s.agrees()
	case a.TestCaseStartedId == "":
		r.into.Attach(a.FileName, []byte(a.Body))
	}
	return nil
}

func (r *reading) run(a *messages.Attachment) error {
	if err := json.Unmarshal([]byte(a.Body), &r.into.Info); err != nil {
		return err
	}
	for i, e := range r.into.Info.Scenarios {
		s := &Scenario{
			ref: e.Ref, place: i,
			Scenario: &plan.Scenario{
				ID: e.ID, URI: e.URI, Line: e.Line, Name: e.Name, Rule: e.Rule, Side: plan.Side(e.Side), Needs: e.Needs, Tags: e.Tags,
			},
			Selected: e.Selected, LeftOut: e.LeftOut,
		}
		switch {
		case e.Selected:
			s.Result.Status = NotRun
		case len(e.LeftOut) > 0:
			s.Result.Status = SkippedByCapability
		default:
			s.Result.Status = NotSelected
		}
		r.scenarios[e.Ref] = s
		r.into.Scenarios = append(r.into.Scenarios, s)
	}
	return nil
}

func (r *reading) exchange(a *messages.Attachment) error {
	mark := Mark{Scenario: -1}
	s := r.cases[a.TestCaseStartedId]
	if s != nil {
		mark.Scenario, mark.Step = s.place, r.steps[a.TestStepId]
	}
	x := new(Exchange)
	if err := json.Unmarshal([]byte(a.Body), x, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("reading an exchange: %w", err)
	}
	if x.Operation == "" {
		return errors.New("reading an exchange: it has no operation")
	}
	mark.Concurrency = x.Mark.Concurrency
	x.Mark = mark
	if s != nil {
		s.heard = append(s.heard, x)
	}
	return nil
}

func (r *reading) testCase(c *messages.TestCase) error {
	s, pickle := r.scenarios[c.Id], r.pickles[c.PickleId]
	if s == nil || pickle == nil {
		return fmt.Errorf("nothing is known of the test case %q", c.Id)
	}
	if len(pickle.AstNodeIds) > 0 {
		at := r.nodes[pickle.AstNodeIds[0]]
		s.Feature, s.GherkinRule = at.feature, at.rule
	}
	for i, t := range c.TestSteps {
		if i >= len(pickle.Steps) || len(pickle.Steps[i].AstNodeIds) == 0 {
			return fmt.Errorf("the test case %q has more steps than its pickle", c.Id)
		}
		from := pickle.Steps[i]
		at := r.nodes[from.AstNodeIds[0]]
		step := Step{Step: plan.Step{Line: at.line, Keyword: at.keyword, Text: from.Text}}
		if from.Argument != nil && from.Argument.DataTable != nil {
			for _, row := range from.Argument.DataTable.Rows {
				var cells []string
				for _, cell := range row.Cells {
					cells = append(cells, cell.Value)
				}
				step.Table = append(step.Table, cells)
			}
		}
		if from.Argument != nil && from.Argument.DocString != nil {
			step.DocString = from.Argument.DocString.Content
		}
		s.Steps = append(s.Steps, step)
		s.Scenario.Steps = append(s.Scenario.Steps, step.Step)
		r.steps[t.Id] = i
	}
	return nil
}

func (r *reading) stepStarted(started *messages.TestStepStarted) error {
	step, err := r.step(started.TestCaseStartedId, started.TestStepId)
	if err == nil {
		step.Began = when(started.Timestamp)
	}
	return err
}

// step finds a step of a scenario that has begun.
func (r *reading) step(testCase, id string) (*Step, error) {
	s := r.cases[testCase]
	i, known := r.steps[id]
	if s == nil || !known || i >= len(s.Steps) {
		return nil, fmt.Errorf("there is no step %q", id)
	}
	return &s.Steps[i], nil
}

func (r *reading) stepFinished(f *messages.TestStepFinished) error {
	step, err := r.step(f.TestCaseStartedId, f.TestStepId)
	if err != nil {
		return err
	}
	step.Status, step.Message = strings.ToLower(string(f.TestStepResult.Status)), f.TestStepResult.Message
	if f.TestStepResult.Duration != nil {
		step.Took = messages.DurationToGoDuration(*f.TestStepResult.Duration)
	}
	return nil
}

func when(t *messages.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return messages.TimestampToGoTime(*t).UTC()
}
