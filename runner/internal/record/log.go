package record

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	messages "github.com/cucumber/messages/go/v21" // the module of the Gherkin parser

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// protocol is the version of the messages.
const protocol = "21.0.1"

// The names of what is attached to the run, and to scenarios.
const (
	runName      = "run.json"
	exchangeName = "exchange.json"
	resultName   = "result.json"
)

// Info is what a run is, before anything of it happens.
type Info struct {
	// Milestone and Title are its id and its title.
	Milestone string `json:"milestone"`
	Title     string `json:"title"`
	// File is the file of the milestone, as it was named.
	File string `json:"file,omitempty"`
	// Target says what is verified, as it may be written.
	Target string `json:"target"`
	// Proxy is the proxy that its requests go through; "" for none.
	Proxy string `json:"proxy,omitempty"`
	// Base is where its requests can be sent again.
	Base string `json:"base"`
	// Flags are what curl needs to reach it.
	Flags []string `json:"flags,omitempty"`
	// Seed is the word that the ids of the run are made of.
	Seed string `json:"seed"`
	// Asked is how the scenarios were selected, as on a command line; "" when all were.
	Asked string `json:"asked"`
	// Repro are the arguments of "runner repro" that follow the name of a failure.
	Repro string `json:"repro"`
	// Planned is what was to be run, and what that was made from; nil when something of it is broken.
	Planned *Planned `json:"planned"`
	// Scenarios are all scenarios of the plan, those that were not selected included.
	Scenarios []Entry `json:"scenarios"`
}

// Planned is what was to be run, and what that was made from: enough to tell whether two runs are parts of one.
type Planned struct {
	// Digest is the SHA-256 of all that follows but for the shard.
	Digest string `json:"digest"`
	// Parts are the SHA-256 of what the run was made from, by what it is: "milestone", "durations", or a file.
	Parts map[string]string `json:"parts"`
	// Wanted, Lacks and Declared are how the scenarios were selected: by what was asked for, by what the target lacks,
	// and by what of that somebody declared.
	Wanted   plan.Filter `json:"wanted"`
	Lacks    []string    `json:"lacks,omitempty"`
	Declared []string    `json:"declared,omitempty"`
	// Missing are the groups of required capabilities of which the target has none.
	Missing [][]string `json:"missing,omitempty"`
	// Shard is which part of the selection this run is; zero for all of it.
	Shard plan.Shard `json:"shard,omitzero"`
}

// Entry is a scenario of the plan.
type Entry struct {
	ID       string   `json:"id"`
	Ref      string   `json:"ref"`
	URI      string   `json:"uri"`
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	Rule     string   `json:"rule"`
	Side     string   `json:"side,omitempty"`
	Needs    []string `json:"needs,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Selected bool     `json:"selected"`
	LeftOut  []string `json:"left_out,omitempty"` // what the target lacks of what it needs
}

// Log writes the event log. Its methods may be called at the same time. A nil Log writes nothing.
//
// # The format
//
// A log is messages.ndjson: Cucumber messages, one JSON object to a line, as the viewers and formatters of Cucumber read
// them (https://github.com/cucumber/messages, protocol version 21).
//
//	{"meta":{"protocolVersion":"21.0.1",…}}
//	{"source":{"uri":"features/keys.feature",…}}          each feature, its document,
//	{"gherkinDocument":{"uri":"features/keys.feature",…}}
//	{"pickle":{"id":"keys-12",…}}                         and those scenarios of it that are selected
//	{"stepDefinition":{"id":"sentence-1",…}}              the vocabulary
//	{"testRunStarted":{…}}
//	{"attachment":{"fileName":"run.json",…}}              an [Info]: milestone, target, seed, all scenarios, what they come from
//	{"testCase":{"id":"s-0bb72c18b2",…}}                  a scenario, by its short name
//	{"testCaseStarted":{"id":"s-0bb72c18b2.1",…}}
//	{"testStepStarted":{"testStepId":"s-0bb72c18b2.step-1",…}}
//	{"attachment":{"fileName":"exchange.json",…}}         an exchange, the moment that it is there
//	{"testStepFinished":{…}}
//	{"attachment":{"fileName":"result.json",…}}           how the scenario ended, and why
//	{"testCaseFinished":{…}}
//	{"attachment":{"fileName":"verdict.json",…}}          then coverage.json and output.json
//	{"testRunFinished":{"success":false,…}}
//
// Lanes run side by side, so scenarios are interleaved as they were. Everything else, ids included, is the same in two
// runs, but for times.
//
// # A run that was killed
//
// Each event is written at once. A log without its last lines is read as far as it goes, and [Run.Complete] says that
// there should be more.
//
// # Secrets
//
// No secret of [Secrets] is written: neither in exchanges nor in the texts of features.
type Log struct {
	secrets *Secrets

	mu        sync.Mutex
	w         io.Writer
	err       error
	done      bool
	pending   batch // is still to be written
	selection *plan.Selection
	running   map[int]*running
}

// running is a scenario that has begun.
type running struct {
	steps     int // that were finished
	began     time.Time
	exchanges []*Exchange
}

// NewLog returns a log that writes to w.
func NewLog(w io.Writer, secrets *Secrets) *Log {
	return &Log{w: w, secrets: secrets, running: map[int]*running{}}
}

// Err is the first error of writing. What comes after it is not written.
func (l *Log) Err() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Begin writes what the run is and what it will do.
func (l *Log) Begin(run Info, selection *plan.Selection, at time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.selection = selection
	if selection == nil {
		selection = &plan.Selection{Plan: new(plan.Plan)} // of a run that cannot start
	}
	for _, secret := range selection.Plan.Secrets() {
		l.secrets.Learn(secret)
	}
	b := &l.pending
	b.hides = l.secrets
	b.add(&messages.Envelope{Meta: &messages.Meta{
		ProtocolVersion: protocol,
		Implementation:  &messages.Product{Name: "lpgate"},
		Runtime:         &messages.Product{Name: "go", Version: runtime.Version()},
		Os:              &messages.Product{Name: runtime.GOOS},
		Cpu:             &messages.Product{Name: runtime.GOARCH},
	}})
	chosen := map[int]bool{}
	for _, place := range selection.Scenarios {
		chosen[place] = true
	}
	for i := range selection.Plan.Scenarios {
		s := &selection.Plan.Scenarios[i]
		entry := Entry{
			ID: s.ID, Ref: s.Ref(), URI: s.URI, Line: s.Line, Name: s.Name, Rule: s.Rule, Side: string(s.Side), Needs: s.Needs, Tags: s.Tags,
			Selected: chosen[i],
		}
		if !chosen[i] {
			entry.LeftOut = selection.Lacks(i)
		}
		run.Scenarios = append(run.Scenarios, entry)
	}
	for _, feature := range selection.Plan.Features() {
		b.add(&messages.Envelope{Source: &messages.Source{
			Uri: feature.URI, Data: string(feature.Text), MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN,
		}})
		document := *feature.Document
		document.Uri = feature.URI // the parser does not know it, and viewers find the pickles by it
		b.add(&messages.Envelope{GherkinDocument: &document})
		l.write()
	}
	for _, place := range selection.Scenarios {
		b.add(&messages.Envelope{Pickle: selection.Plan.Scenarios[place].Pickle})
	}
	l.write()
	for _, definition := range steps.Definitions() {
		b.add(&messages.Envelope{StepDefinition: &messages.StepDefinition{
			Id:              definitionID(&definition),
			Pattern:         &messages.StepDefinitionPattern{Source: definition.Pattern, Type: messages.StepDefinitionPatternType_REGULAR_EXPRESSION},
			SourceReference: &messages.SourceReference{Uri: "steps/table.go"},
		}})
	}
	b.add(&messages.Envelope{TestRunStarted: &messages.TestRunStarted{Timestamp: stamp(at)}})
	b.attach(runName, encode(run), "", "")
	l.write()
	for _, place := range selection.Scenarios {
		b.add(&messages.Envelope{TestCase: testCase(&selection.Plan.Scenarios[place])})
	}
	b.hides = nil
	l.write()
}

func definitionID(d *steps.Definition) string { return "sentence-" + strconv.Itoa(d.Number) }

// testCase returns the definition and the arguments of each step of a scenario.
func testCase(s *plan.Scenario) *messages.TestCase {
	c := &messages.TestCase{Id: s.Ref(), PickleId: s.Pickle.Id, TestSteps: []*messages.TestStep{}}
	for i, step := range s.Pickle.Steps {
		t := &messages.TestStep{
			Id: stepID(s, i), PickleStepId: step.Id,
			StepDefinitionIds: []string{}, StepMatchArgumentsLists: []*messages.StepMatchArgumentsList{},
		}
		for _, definition := range steps.All().Match(step.Text) {
			list := &messages.StepMatchArgumentsList{StepMatchArguments: []*messages.StepMatchArgument{}}
			for _, argument := range definition.ArgumentsOf(step.Text) {
				list.StepMatchArguments = append(list.StepMatchArguments, &messages.StepMatchArgument{
					Group: &messages.Group{Children: []*messages.Group{}, Start: int64(argument.Start), Value: argument.Value},
				})
			}
			t.StepDefinitionIds = append(t.StepDefinitionIds, definitionID(definition))
			t.StepMatchArgumentsLists = append(t.StepMatchArgumentsLists, list)
		}
		c.TestSteps = append(c.TestSteps, t)
	}
	return c
}

func caseID(s *plan.Scenario) string           { return s.Ref() + ".1" }
func stepID(s *plan.Scenario, step int) string { return s.Ref() + ".step-" + strconv.Itoa(step+1) }

// ScenarioBegan is told when a scenario begins, by its place in the plan.
func (l *Log) ScenarioBegan(place int, at time.Time) {
	l.event(func(b *batch) {
		l.running[place] = &running{}
		s := l.scenario(place)
		b.add(&messages.Envelope{TestCaseStarted: &messages.TestCaseStarted{Id: caseID(s), TestCaseId: s.Ref(), Timestamp: stamp(at)}})
	})
}

// StepBegan is told when one of its sentences begins.
func (l *Log) StepBegan(place, step int, at time.Time) {
	l.event(func(b *batch) {
		if r := l.running[place]; r != nil {
			r.began = at
			b.began(l.scenario(place), step, at)
		}
	})
}

// Exchanged is told an exchange as soon as it is there.
func (l *Log) Exchanged(x *Exchange) {
	l.event(func(b *batch) {
		r := l.running[x.Mark.Scenario]
		if r == nil {
			b.exchange(x, "", "")
			return
		}
		r.exchanges = append(r.exchanges, x)
		s := l.scenario(x.Mark.Scenario)
		b.exchange(x, caseID(s), stepID(s, x.Mark.Step))
	})
}

// StepPassed is told when a sentence comes to a good end. It is written with the event that follows at once: the next
// sentence begins, or the scenario ends.
func (l *Log) StepPassed(place, step int, at time.Time) {
	l.tell(func(b *batch) {
		if r := l.running[place]; r != nil {
			r.steps = step + 1
			b.finished(l.scenario(place), step, messages.TestStepResultStatus_PASSED, "", at.Sub(r.began), at)
		}
	})
}

// ScenarioEnded is told how a scenario ended; the failure is nil when it passed, and when nothing is to be explained.
func (l *Log) ScenarioEnded(place int, result Result, failure *Failure, at time.Time) {
	l.event(func(b *batch) {
		r := l.running[place]
		if r == nil {
			return
		}
		delete(l.running, place)
		s := l.scenario(place)
		for step := r.steps; step < len(s.Steps); step++ {
			status, message, took := messages.TestStepResultStatus_SKIPPED, "", time.Duration(0)
			if step == r.steps {
				status, message = statuses[result.Status], result.Message
				if failure != nil {
					message = failure.Text
				}
				if !r.began.IsZero() {
					took = max(0, at.Sub(r.began)) // one that was given up has no end of its own
				}
			}
			b.finished(s, step, status, message, took, at)
		}
		file := resultFile{Result: result}
		if failure != nil {
			file.Failure = failure.numbered(r.exchanges)
			file.Failure.Base = l.secrets.Scrub(failure.Base) // a URL may have a key in it
		}
		b.attach(resultName, encode(file), caseID(s), "")
		b.add(&messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{TestCaseStartedId: caseID(s), Timestamp: stamp(at)}})
	})
}

// Retell tells a scenario as another log has it, whose exchanges are marked with its place in this plan.
func (l *Log) Retell(place int, s *Scenario) {
	if s.Began.IsZero() {
		return
	}
	l.ScenarioBegan(place, s.Began)
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.Began.IsZero() {
			break
		}
		l.StepBegan(place, i, step.Began)
		for _, x := range s.heard {
			if x.Mark.Step == i {
				l.Exchanged(x)
			}
		}
		if step.Status == strings.ToLower(string(messages.TestStepResultStatus_PASSED)) {
			l.StepPassed(place, i, step.Began.Add(step.Took))
		}
	}
	if !s.Ended.IsZero() {
		l.ScenarioEnded(place, s.Result, s.Failure, s.Ended)
	}
}

// statuses are ours in the words of Cucumber. What is missing has none there.
var statuses = map[Status]messages.TestStepResultStatus{
	Passed:      messages.TestStepResultStatus_PASSED,
	Failed:      messages.TestStepResultStatus_FAILED,
	Undefined:   messages.TestStepResultStatus_UNDEFINED,
	Ambiguous:   messages.TestStepResultStatus_AMBIGUOUS,
	InvalidStep: messages.TestStepResultStatus_FAILED,
	Pending:     messages.TestStepResultStatus_PENDING,
	Skipped:     messages.TestStepResultStatus_SKIPPED,
	Unreached:   messages.TestStepResultStatus_FAILED,
	Empty:       messages.TestStepResultStatus_UNKNOWN,
	NotRun:      messages.TestStepResultStatus_UNKNOWN,
}

// Attach attaches an artifact to the run: its name and its text.
func (l *Log) Attach(name string, text []byte) {
	l.event(func(b *batch) { b.attach(name, text, "", "") })
}

// Finish writes the last line. What is told later is too late.
func (l *Log) Finish(overall bool, says string, at time.Time) error {
	l.event(func(b *batch) {
		b.add(&messages.Envelope{TestRunFinished: &messages.TestRunFinished{Success: overall, Message: says, Timestamp: stamp(at)}})
	})
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	return l.err
}

func (l *Log) scenario(place int) *plan.Scenario { return &l.selection.Plan.Scenarios[place] }

// event writes some lines, and what is still to be written, in one piece.
func (l *Log) event(lines func(*batch)) {
	l.tell(func(b *batch) {
		lines(b)
		l.write()
	})
}

// tell adds some lines to what is to be written.
func (l *Log) tell(lines func(*batch)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done || l.err != nil {
		return
	}
	lines(&l.pending)
}

func (l *Log) write() {
	if l.err != nil || l.pending.Len() == 0 {
		return
	}
	if _, err := l.w.Write(l.pending.Bytes()); err != nil {
		l.err = fmt.Errorf("writing the event log: %w", err)
	}
	l.pending.Reset()
}
