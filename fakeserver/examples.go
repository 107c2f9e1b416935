package fakeserver

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/recipe"
	"example.com/lpgate/internal/inprocess"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// This file records the examples of the documents, from a server of its own with a frozen
// clock.

// recordingURL is the URL of the recorded server, which is not shown.
const recordingURL = "http://fake"

// exampleTime is the time of the examples.
var exampleTime = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// recordExamples returns examples of every outcome of the contract, and of the admin API.
func recordExamples(m *milestones.Milestone) (contract, adminAPI []openapi.Example, err error) {
	if contract, err = recordContract(m); err != nil {
		return nil, nil, err
	}
	adminAPI, err = recordAdminAPI()
	return contract, adminAPI, err
}

// recording is a server and the examples recorded from it.
type recording struct {
	server     *http.Client
	examples   []openapi.Example
	violations []schemas.Violation
}

func newRecording(contractOnly bool) (*recording, error) {
	r := &recording{}
	server, err := New(Options{
		Clock:        func() time.Time { return exampleTime },
		Stopwatch:    func() time.Time { return exampleTime },
		ContractOnly: contractOnly, SelfCheck: true,
		OnViolation: func(_ string, found []schemas.Violation) { r.violations = append(r.violations, found...) },
	})
	r.server = &http.Client{Transport: inprocess.Transport{Handler: server}}
	return r, err
}

// check returns an error if an answer was not valid by its schema.
func (r *recording) check(what string) error {
	if r.violations != nil {
		return fmt.Errorf("recording %s: the answer is not valid by its schema: %+v", what, r.violations)
	}
	return nil
}

// recordContract runs the recipes, and records the last request of each with its answer.
func recordContract(m *milestones.Milestone) ([]openapi.Example, error) {
	r, err := newRecording(true)
	if err != nil {
		return nil, err
	}
	for i, one := range recipe.All() {
		if one.Operation == &m.Router {
			continue // The document has no operation to show it at.
		}
		played, err := one.Run(context.Background(), r.server, recipe.Target{URL: recordingURL, RunID: fmt.Sprintf("%06d", i+1)})
		if err == nil {
			err = r.check(one.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", one.Name(), err)
		}
		last := &played[len(played)-1]
		if err := one.Check(last); err != nil {
			return nil, fmt.Errorf("recording %s: the answer is %w, want %s", one.Name(), err, one.Description())
		}
		e := exampleOf(last)
		e.Operation, e.Outcome, e.Name = one.Operation.ID, one.Outcome.Name, cmp.Or(one.Variant, one.ReasonCode)
		if len(e.Body) > m.Limits.BodyBytes {
			e.Body = nil // too large for a page
		}
		r.examples = append(r.examples, e)
	}
	return r.examples, nil
}

// exampleOf returns an exchange as an example.
func exampleOf(x *recipe.Exchange) openapi.Example {
	e := openapi.Example{
		Path: x.Params, Query: x.Query, Header: x.Header, Body: x.Body,
		Status: x.Status, Answer: x.Response, AnswerHeader: map[string]string{},
	}
	for name := range x.ResponseHeader {
		e.AnswerHeader[name] = x.ResponseHeader.Get(name)
	}
	return e
}

// recordAdminAPI records a sequence of requests to the admin API that has every endpoint.
func recordAdminAPI() ([]openapi.Example, error) {
	r, err := newRecording(false)
	if err != nil {
		return nil, err
	}
	recipes, err := recipe.All().Find("rollout_blocked")
	if err == nil {
		_, err = recipes[0].Run(context.Background(), r.server, recipe.Target{URL: recordingURL, RunID: "000001", Header: map[string]string{WorldHeader: "checkout"}})
	}
	if err != nil {
		return nil, fmt.Errorf("recording a world: %w", err)
	}
	answers := map[string][]byte{}
	for _, step := range adminSteps() {
		e, err := r.send(step, answers)
		if err != nil {
			return nil, err
		}
		r.examples = append(r.examples, e)
	}
	return r.examples, nil
}

// send sends a request to the admin API and returns it as an example. Answers are those of earlier steps, by operation.
func (r *recording) send(step adminStep, answers map[string][]byte) (openapi.Example, error) {
	endpoints := admin.Endpoints()
	at := slices.IndexFunc(endpoints, func(e admin.Endpoint) bool { return e.ID == step.Operation })
	if at < 0 {
		return openapi.Example{}, fmt.Errorf("there is no endpoint %s", step.Operation)
	}
	request := recipe.Step{Method: endpoints[at].Method, Path: endpoints[at].Path, Params: step.Path, Query: step.Query}
	if body := cmp.Or(step.Body, string(answers[step.BodyOf])); body != "" {
		request.Body = []byte(body)
	}
	sent, err := request.Send(context.Background(), r.server, recipe.Target{URL: recordingURL})
	if err == nil {
		err = r.check(step.Operation)
	}
	if err != nil {
		return openapi.Example{}, err
	}
	e := exampleOf(sent)
	e.Operation, e.Outcome = step.Operation, milestones.Success
	if step.Refused {
		e.Outcome = "problem"
	} else {
		answers[step.Operation] = e.Answer
	}
	if succeeded := e.Status < http.StatusMultipleChoices; succeeded == step.Refused {
		return openapi.Example{}, fmt.Errorf("recording %s %s: the answer is %d %s", e.Operation, e.Key(), e.Status, e.Answer)
	}
	return e, nil
}
