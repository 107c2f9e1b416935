package fakeserver

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/lpgate/fakeserver/internal/control"
	"example.com/lpgate/fakeserver/internal/recipe"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// This file records the examples of the documents: what a server of its own, whose
// clock stands still, answers to the recipes.

// recordingURL is that of the server, which nothing shows.
const recordingURL = "http://fake"

// exampleTime is where the clock of the examples stands.
var exampleTime = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// recordExamples gives examples of every outcome of the contract, and of the
// control API.
func recordExamples() (contract, panel []openapi.Example, err error) {
	if contract, err = recordContract(milestones.M109()); err != nil {
		return nil, nil, err
	}
	panel, err = recordControl()
	return contract, panel, err
}

// recording is a server and what it was asked.
type recording struct {
	server   recipe.Handler
	examples []openapi.Example
	odd      []schemas.Violation
}

func newRecording(contractOnly bool) (*recording, error) {
	r := &recording{}
	server, err := New(Options{
		Clock:        func() time.Time { return exampleTime },
		Stopwatch:    func() time.Time { return exampleTime },
		ContractOnly: contractOnly, SelfCheck: true,
		OnViolation: func(_ string, found []schemas.Violation) { r.odd = append(r.odd, found...) },
	})
	r.server.Handler = server
	return r, err
}

// check reports answers that are not what their schemas allow.
func (r *recording) check(what string) error {
	if r.odd != nil {
		return fmt.Errorf("recording %s: the answer is not what its schema allows: %+v", what, r.odd)
	}
	return nil
}

// recordContract plays the recipes, and keeps the last request of each with its answer.
func recordContract(m *milestones.Milestone) ([]openapi.Example, error) {
	r, err := newRecording(true)
	if err != nil {
		return nil, err
	}
	for i, one := range recipe.All() {
		if one.Operation == &m.Router {
			continue // The document has no operation to show it at.
		}
		played, err := one.Play(context.Background(), r.server, recipe.Place{URL: recordingURL, Run: fmt.Sprintf("%06d", i+1)})
		if err == nil {
			err = r.check(one.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", one.Name(), err)
		}
		last := &played[len(played)-1]
		if err := one.Given(last); err != nil {
			return nil, fmt.Errorf("recording %s: the answer is %w, want %s", one.Name(), err, one.Promise())
		}
		e := exampleOf(last)
		e.Operation, e.Outcome, e.Name = one.Operation.ID, one.Outcome.Name, cmp.Or(one.Variant, one.ReasonCode)
		if len(e.Body) > m.Limits.BodyBytes {
			e.Body = nil // nobody wants to read it
		}
		r.examples = append(r.examples, e)
	}
	return r.examples, nil
}

// exampleOf shows an exchange.
func exampleOf(x *recipe.Exchange) openapi.Example {
	e := openapi.Example{
		Path: x.Params, Query: x.Query, Header: x.Header, Body: x.Body,
		Status: x.Status, Answer: x.Answer, AnswerHeader: map[string]string{},
	}
	for name := range x.AnswerHeader {
		e.AnswerHeader[name] = x.AnswerHeader.Get(name)
	}
	return e
}

// recordControl walks over the part of the control API that needs no story.
func recordControl() ([]openapi.Example, error) {
	r, err := newRecording(false)
	if err != nil {
		return nil, err
	}
	inWorld := map[string]string{"world": "checkout"}
	steps := []struct {
		Operation string
		Refused   bool
		Path      map[string]string
		Body      []byte
	}{
		{Operation: "fake.index"},
		{Operation: "fake.worlds.get", Path: inWorld},
		{Operation: "fake.worlds.list"},
		{Operation: "fake.clock.set", Path: inWorld, Body: []byte(`{"mode":"frozen","at":"2026-02-22T16:00:00Z"}`)},
		{Operation: "fake.clock.set", Refused: true, Path: inWorld, Body: []byte(`{"mode":"frozn"}`)},
		{Operation: "fake.clock.advance", Path: inWorld, Body: []byte(`{"by":"36h"}`)},
		{Operation: "fake.clock.get", Path: inWorld},
		{Operation: "fake.worlds.reset", Path: inWorld},
		{Operation: "fake.worlds.delete", Refused: true, Path: map[string]string{"world": "checkuot"}},
		{Operation: "fake.worlds.delete", Path: inWorld},
	}
	for _, step := range steps {
		endpoints := control.Endpoints()
		at := slices.IndexFunc(endpoints, func(e control.Endpoint) bool { return e.ID == step.Operation })
		if at < 0 {
			return nil, fmt.Errorf("there is no endpoint %s", step.Operation)
		}
		request := recipe.Step{Method: endpoints[at].Method, Path: endpoints[at].Path, Params: step.Path, Body: step.Body}
		sent, err := request.Send(context.Background(), r.server, recipe.Place{URL: recordingURL})
		if err == nil {
			err = r.check(step.Operation)
		}
		if err != nil {
			return nil, err
		}
		e := exampleOf(sent)
		e.Operation, e.Outcome = step.Operation, milestones.Success
		if step.Refused {
			e.Outcome = "problem"
		}
		if succeeded := e.Status < http.StatusMultipleChoices; succeeded == step.Refused {
			return nil, fmt.Errorf("recording %s %s: the answer is %d %s", e.Operation, e.Key(), e.Status, e.Answer)
		}
		r.examples = append(r.examples, e)
	}
	return r.examples, nil
}
