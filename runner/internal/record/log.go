package record

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	messages "github.com/cucumber/messages/go/v21" // the module of the Gherkin parser
	"github.com/go-json-experiment/json"

	"example.com/lpgate/internal/buildinfo"
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
	endName      = "end.json"
)

// Log fills the record of a run while it happens, and writes each event to the event log at once. Its methods may be called at
// the same time.
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
//	{"stepDefinition":{"id":"step-definition-1",…}}       the step definitions
//	{"testRunStarted":{…}}
//	{"attachment":{"fileName":"run.json",…}}              an [Info]: milestone, target, run id, all scenarios, what they come from
//	{"testCase":{"id":"s-0bb72c18b2",…}}                  a scenario, by its short name
//	{"testCaseStarted":{"id":"s-0bb72c18b2.1",…}}
//	{"testStepStarted":{"testStepId":"s-0bb72c18b2.step-1",…}}
//	{"attachment":{"fileName":"exchange.json",…}}         an [Exchange], as soon as it is complete
//	{"testStepFinished":{…}}
//	{"attachment":{"fileName":"result.json",…}}           how the scenario ended, and why
//	{"testCaseFinished":{…}}
//	{"attachment":{"fileName":"verdict.json",…}}          and coverage.json and output.json
//	{"attachment":{"fileName":"end.json",…}}              an [End]: what stopped the run, and what differed when it was repeated
//	{"testRunFinished":{"success":false,…}}
//
// Workers run side by side, so scenarios are interleaved as they were. Everything else, ids included, is the same in two
// runs, but for times.
//
// # A run that was killed
//
// Each event is written at once. A log without its last lines is read as far as it goes, and [Run.Complete] is false then.
//
// # Secrets
//
// No secret is written, neither in exchanges, which the [Recorder] has redacted, nor in the texts of features.
type Log struct {
	secrets *Secrets

	mu        sync.Mutex
	run       *Run
	ended     bool      // nothing else is recorded
	w         io.Writer // nil when no log is written
	err       error
	pending   batch // is still to be written
	selection *plan.Selection
	running   map[int]*Scenario
}

// NewLog returns a log that writes to w, or that writes nothing and fills the record alone if w is nil.
func NewLog(w io.Writer, secrets *Secrets) *Log {
	return &Log{w: w, secrets: secrets, run: new(Run), running: map[int]*Scenario{}, pending: batch{off: w == nil}}
}

// Err is the first error of writing. What comes after it is not written.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// End returns the record of the run. What happens later, in a step that was abandoned, is neither recorded nor written.
func (l *Log) End() *Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, s := range l.running {
		s.sortExchanges()
	}
	return l.run
}

// Begin records and writes what the run is and what it will do. The selection is nil for a run that cannot start.
func (l *Log) Begin(info Info, selection *plan.Selection, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.selection = selection
	if selection == nil {
		selection = &plan.Selection{Plan: new(plan.Plan)}
	}
	for _, secret := range selection.Plan.Secrets() {
		l.secrets.Learn(secret)
	}
	l.run.Info = l.infoOf(info, selection)
	l.run.StartedAt = when(stamp(at))
	nodes := nodes{}
	for _, feature := range selection.Plan.Features() {
		f := feature.Document.Feature
		l.run.Features = append(l.run.Features, Feature{l.secrets.Clean(feature.URI), l.secrets.Clean(f.Name), l.secrets.Clean(f.Description)})
		nodes.add(feature.Document)
	}
	for i := range l.run.Info.Scenarios {
		s := newScenario(i, &l.run.Info.Scenarios[i])
		if s.Selected {
			if err := nodes.describe(s, selection.Plan.Scenarios[i].Pickle); err != nil {
				panic(err) // the parser made both
			}
			s.redact(l.secrets)
		}
		l.run.Scenarios = append(l.run.Scenarios, s)
	}
	if l.w != nil {
		l.writeHead(selection, at)
	}
}

// infoOf adds the scenarios of the plan to what a run is, and removes secrets.
func (l *Log) infoOf(info Info, selection *plan.Selection) Info {
	selected := map[int]bool{}
	for _, place := range selection.Scenarios {
		selected[place] = true
	}
	for i := range selection.Plan.Scenarios {
		s := &selection.Plan.Scenarios[i]
		entry := Entry{
			ID: s.ID, Ref: s.Ref(), URI: s.URI, Line: s.Line, Name: s.Name, Rule: s.Rule, Side: string(s.Side), Needs: s.Needs, Tags: s.Tags,
			Selected: selected[i],
		}
		switch _, skipped := slices.BinarySearch(selection.Skipped, i); {
		case slices.Contains(selection.NotAtLevel, i):
			entry.NotAtLevel = true
		case skipped:
			entry.LeftOut = selection.Lacks(i)
		}
		info.Scenarios = append(info.Scenarios, entry)
	}
	text := encode(info)
	if !l.secrets.In(string(text)) {
		return info
	}
	var clean Info
	if err := json.Unmarshal(scrub(text, l.secrets), &clean); err != nil {
		panic(err) // it was encoded above
	}
	return clean
}

// writeHead writes what comes before the first scenario.
func (l *Log) writeHead(selection *plan.Selection, at time.Time) {
	b := &l.pending
	b.hides = l.secrets
	b.add(&messages.Envelope{Meta: &messages.Meta{
		ProtocolVersion: protocol,
		Implementation:  &messages.Product{Name: "lpgate", Version: buildinfo.Read().Version},
		Runtime:         &messages.Product{Name: "go", Version: runtime.Version()},
		Os:              &messages.Product{Name: runtime.GOOS},
		Cpu:             &messages.Product{Name: runtime.GOARCH},
	}})
	for _, feature := range selection.Plan.Features() {
		b.add(&messages.Envelope{Source: &messages.Source{
			Uri: feature.URI, Data: string(feature.Text), MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN,
		}})
		document := *feature.Document
		document.Uri = feature.URI // the parser leaves it empty, and viewers find the pickles by it
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
	b.attach(runName, encode(l.run.Info), "", "")
	l.write()
	for _, place := range selection.Scenarios {
		b.add(&messages.Envelope{TestCase: testCase(&selection.Plan.Scenarios[place])})
	}
	b.hides = nil
	l.write()
}

func definitionID(d *steps.Definition) string { return "step-definition-" + strconv.Itoa(d.Number) }

// testCase returns the definition and the arguments of each step of a scenario.
func testCase(s *plan.Scenario) *messages.TestCase {
	c := &messages.TestCase{Id: s.Ref(), PickleId: s.Pickle.Id, TestSteps: []*messages.TestStep{}}
	for i, step := range s.Pickle.Steps {
		t := &messages.TestStep{
			Id: stepID(s.Ref(), i), PickleStepId: step.Id,
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

// The ids of the run of a scenario and of its steps, by its short name.
func caseID(ref string) string           { return ref + ".1" }
func stepID(ref string, step int) string { return ref + ".step-" + strconv.Itoa(step+1) }

// ScenarioBegan records that a scenario began, by its place in the plan.
func (l *Log) ScenarioBegan(place int, at time.Time) {
	l.event(func(b *batch) {
		s := l.run.Scenarios[place]
		s.Began, s.step = when(stamp(at)), -1
		l.running[place] = s
		b.add(&messages.Envelope{TestCaseStarted: &messages.TestCaseStarted{Id: caseID(s.ref), TestCaseId: s.ref, Timestamp: stamp(at)}})
	})
}

// StepBegan records that a step of a scenario began.
func (l *Log) StepBegan(place, step int, at time.Time) {
	l.event(func(b *batch) {
		if s := l.running[place]; s != nil {
			s.step, s.Steps[step].Began = step, when(stamp(at))
			b.began(s.ref, step, at)
		}
	})
}

// Exchanged records an exchange.
func (l *Log) Exchanged(x *Exchange) {
	l.event(func(b *batch) {
		s := l.running[x.Mark.Scenario]
		if s == nil {
			unassigned := *x
			unassigned.Mark.Scenario, unassigned.Mark.Step = -1, 0
			l.run.Unassigned = append(l.run.Unassigned, &unassigned)
			b.exchange(x, "", "")
			return
		}
		s.answered = append(s.answered, x)
		b.exchange(x, caseID(s.ref), stepID(s.ref, x.Mark.Step))
	})
}

// StepPassed records that a step passed. It is written with the event that follows at once: the next step begins, or the
// scenario ends.
func (l *Log) StepPassed(place, step int, at time.Time) {
	l.record(func(b *batch) {
		if s := l.running[place]; s != nil {
			s.passed = step + 1
			s.finish(b, step, messages.TestStepResultStatus_PASSED, "", at)
		}
	})
}

// ScenarioEnded records how a scenario ended; the failure is nil when it passed, and when nothing is to be explained.
func (l *Log) ScenarioEnded(place int, ended Result, failure *Failure, at time.Time) {
	l.scenarioEnded(place, ended, failure, steps.IDPrefix(l.run.RunID, l.selection.Plan.Scenarios[place].Pickle), at)
}

func (l *Log) scenarioEnded(place int, ended Result, failure *Failure, idPrefix string, at time.Time) {
	l.event(func(b *batch) {
		s := l.running[place]
		if s == nil {
			return
		}
		delete(l.running, place)
		for step := s.passed; step < len(s.Steps); step++ {
			status, message := messages.TestStepResultStatus_SKIPPED, ""
			if step == s.passed {
				status, message = statuses[ended.Status], ended.Message
				if failure != nil {
					message = failure.Text
				}
			}
			s.finish(b, step, status, message, at)
		}
		s.Result, s.IDPrefix, s.Ended = ended, idPrefix, when(stamp(at))
		s.sortExchanges()
		if failure != nil {
			s.Failure = failure.numbered(s)
			s.Failure.Base = l.secrets.Clean(failure.Base) // a URL may have a key in it
		}
		if !b.off {
			b.attach(resultName, encode(result{s.Result, s.IDPrefix, s.Failure}), caseID(s.ref), "")
		}
		b.add(&messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{TestCaseStartedId: caseID(s.ref), Timestamp: stamp(at)}})
	})
}

// finish records how a step ended. One that did not begin took no time, and one that was abandoned took until now.
func (s *Scenario) finish(b *batch, step int, status messages.TestStepResultStatus, message string, at time.Time) {
	to := &s.Steps[step]
	if step == s.step {
		to.Took = max(0, when(stamp(at)).Sub(to.Began))
	}
	to.Status, to.Message = strings.ToLower(string(status)), message
	b.finished(s.ref, step, status, message, to.Took, at)
}

// Replay records a scenario as another record has it, whose exchanges are marked with its place in this plan.
func (l *Log) Replay(place int, s *Scenario) {
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
		for _, x := range s.answered {
			if x.Mark.Step == i {
				l.Exchanged(x)
			}
		}
		if step.Status == string(Passed) {
			l.StepPassed(place, i, step.Began.Add(step.Took))
		}
	}
	if !s.Ended.IsZero() {
		l.scenarioEnded(place, s.Result, s.Failure, s.IDPrefix, s.Ended)
	}
}

// statuses are our statuses as those of Cucumber. Those that are missing have none there.
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

// Attach attaches an artifact to the log: its name and its text.
func (l *Log) Attach(name string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w != nil && l.err == nil {
		l.pending.attach(name, text, "", "")
		l.write()
	}
}

// Finish writes the last line of the log, which has what the record was concluded with. The error is that of [Log.Err].
func (l *Log) Finish() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.w != nil && l.err == nil {
		l.pending.attach(endName, encode(l.run.End), "", "")
		l.pending.add(&messages.Envelope{TestRunFinished: &messages.TestRunFinished{
			Success: l.run.Overall, Message: l.run.Message, Timestamp: stamp(l.run.FinishedAt),
		}})
		l.write()
	}
	return l.err
}

// event records an event, and writes it with what is still to be written.
func (l *Log) event(lines func(*batch)) {
	l.record(func(b *batch) {
		lines(b)
		l.write()
	})
}

// record records an event, and adds its lines to what is to be written.
func (l *Log) record(lines func(*batch)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		lines(&l.pending)
	}
}

func (l *Log) write() {
	if l.err == nil && l.w != nil {
		if _, err := l.w.Write(l.pending.Bytes()); err != nil {
			l.err = fmt.Errorf("writing the event log: %w", err)
		}
	}
	l.pending.Reset()
}
