package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/go-json-experiment/json"
)

// Read reads a log. It is an error when it is none; a last line that was cut off is none.
func Read(r io.Reader) (*Run, error) {
	reading := &reading{
		into: new(Run), pickles: map[string]*messages.Pickle{}, nodes: nodes{},
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
		s.sortExchanges()
	}
	return reading.into, nil
}

// reading is a log that is being read.
type reading struct {
	into      *Run
	pickles   map[string]*messages.Pickle
	nodes     nodes
	scenarios map[string]*Scenario // by their short names
	cases     map[string]*Scenario // by the ids of their runs
	steps     map[string]int       // indexes of steps, by their ids
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
		r.into.Complete, r.into.Overall, r.into.Message, r.into.FinishedAt = true, f.Success, f.Message, when(f.Timestamp)
	}
	return nil
}

// document reads a feature.
func (r *reading) document(d *messages.GherkinDocument) {
	r.into.Features = append(r.into.Features, Feature{d.Uri, d.Feature.Name, d.Feature.Description})
	r.nodes.add(d)
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
		var file result
		if err := json.Unmarshal([]byte(a.Body), &file); err != nil {
			return err
		}
		s.IDPrefix = file.IDPrefix
		if s.Result, s.Failure = file.Result, file.Failure; s.Failure != nil {
			if err := s.Failure.link(s); err != nil {
				return err
			}
		}
		return s.validate()
	case a.FileName == endName && a.TestCaseStartedId == "":
		return json.Unmarshal([]byte(a.Body), &r.into.End)
	case a.TestCaseStartedId == "":
		r.into.Attach(a.FileName, []byte(a.Body))
	}
	return nil
}

func (r *reading) run(a *messages.Attachment) error {
	if err := json.Unmarshal([]byte(a.Body), &r.into.Info); err != nil {
		return err
	}
	for i := range r.into.Info.Scenarios {
		s := newScenario(i, &r.into.Info.Scenarios[i])
		r.scenarios[s.ref] = s
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
	if s == nil {
		r.into.Unassigned = append(r.into.Unassigned, x)
	} else {
		s.answered = append(s.answered, x)
	}
	return nil
}

func (r *reading) testCase(c *messages.TestCase) error {
	s, pickle := r.scenarios[c.Id], r.pickles[c.PickleId]
	if s == nil || pickle == nil {
		return fmt.Errorf("nothing is known of the test case %q", c.Id)
	}
	if len(c.TestSteps) > len(pickle.Steps) {
		return fmt.Errorf("the test case %q has more steps than its pickle", c.Id)
	}
	for i, t := range c.TestSteps {
		r.steps[t.Id] = i
	}
	return r.nodes.describe(s, pickle)
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
