package fakeserver

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/control"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// This file records the examples of the documents: what a server of its own, whose
// clock stands still, answers to a request for each outcome.

// The caller of the examples, somebody else, and the provider that is onboarded.
const (
	exampleCaller   = "acme"
	exampleStranger = "birch"
	exampleProvider = "plp_000001"
)

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
	server   *Server
	examples []openapi.Example
	odd      []schemas.Violation
}

func newRecording(contractOnly bool) (*recording, error) {
	r := &recording{}
	var err error
	r.server, err = New(Options{
		Clock:        func() time.Time { return exampleTime },
		Stopwatch:    func() time.Time { return exampleTime },
		ContractOnly: contractOnly, SelfCheck: true,
		OnViolation: func(_ string, found []schemas.Violation) { r.odd = append(r.odd, found...) },
	})
	return r, err
}

// answer is what a handler writes.
type answer struct {
	header http.Header
	status int
	bytes.Buffer
}

func (a *answer) Header() http.Header    { return a.header }
func (a *answer) WriteHeader(status int) { a.status = status }

// send sends an example's request, and keeps the example with its answer.
func (r *recording) send(method, path string, e openapi.Example) (*openapi.Example, error) {
	query := url.Values{}
	for name, value := range e.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	for name, value := range e.Query {
		query.Set(name, value)
	}
	request, err := http.NewRequest(method, "http://fake"+path+"?"+query.Encode(), bytes.NewReader(e.Body))
	if err != nil {
		return nil, fmt.Errorf("recording %s %s: %w", e.Operation, e.Key(), err)
	}
	for name, value := range e.Header {
		request.Header.Set(name, value)
	}
	a := answer{header: http.Header{}, status: http.StatusOK}
	r.server.ServeHTTP(&a, request)
	if r.odd != nil {
		return nil, fmt.Errorf("recording %s %s: the answer is not what its schema allows: %+v", e.Operation, e.Key(), r.odd)
	}
	e.Status, e.Answer, e.AnswerHeader = a.status, a.Bytes(), map[string]string{}
	for name := range a.header {
		e.AnswerHeader[name] = a.header.Get(name)
	}
	r.examples = append(r.examples, e)
	return &r.examples[len(r.examples)-1], nil
}

// asked is a request that succeeds, at the beginning.
func asked(op *milestones.Operation, outcome, name string) openapi.Example {
	e := openapi.Example{Operation: op.ID, Outcome: outcome, Name: name}
	if strings.Contains(op.Path, "{provider_id}") {
		e.Path = map[string]string{"provider_id": exampleProvider}
	}
	if !op.Public {
		e.Header = map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": exampleCaller, "X-Auth-Scopes": op.Scope}
	}
	if op.Method == http.MethodPost {
		e.Header["Idempotency-Key"] = strings.ReplaceAll(e.Key(), "_", "-") + "-1"
	}
	return e
}

// refused are changes to a request that make it meet an outcome.
var refused = map[string]func(*milestones.Milestone, *openapi.Example){
	"unauthenticated": func(_ *milestones.Milestone, e *openapi.Example) {
		delete(e.Header, "X-Actor-Type")
		delete(e.Header, "X-Actor-Id")
	},
	"idempotency_key_missing": func(m *milestones.Milestone, e *openapi.Example) { delete(e.Header, m.Transport.IdempotencyHeader) },
	"payload_too_large": func(m *milestones.Milestone, e *openapi.Example) {
		e.Body = bytes.Repeat([]byte(" "), m.Limits.BodyBytes+1)
	},
	"actor_type_refused": func(_ *milestones.Milestone, e *openapi.Example) { e.Header["X-Actor-Type"] = "user" },
	"scope_missing":      func(_ *milestones.Milestone, e *openapi.Example) { e.Header["X-Auth-Scopes"] = "profile:read" },
	"provider_not_found": func(_ *milestones.Milestone, e *openapi.Example) { e.Path["provider_id"] = "nobody" },
	"provider_not_owned": func(_ *milestones.Milestone, e *openapi.Example) { e.Header["X-Actor-Id"] = exampleStranger },
	"idempotency_payload_mismatch": func(m *milestones.Milestone, e *openapi.Example) {
		e.Header[m.Transport.IdempotencyHeader], e.Body = "success-1", []byte("{}")
	},
	"payload_invalid":  func(_ *milestones.Milestone, e *openapi.Example) { e.Body = []byte("{}") },
	"query_invalid":    func(_ *milestones.Milestone, e *openapi.Example) { e.Query = map[string]string{"limit": "0"} },
	"owner_not_caller": replaced(`"`+exampleCaller+`"`, `"`+exampleStranger+`"`),
	"provider_id_taken": replaced(`"provider": {`, `"provider": {
    "provider_id": "`+exampleProvider+`",`),
	"downgrade_required": replaced(`"unresolved_critical_violations": 0`, `"unresolved_critical_violations": 1`),
	"rollout_blocked":    replaced(`"effective_segment_tier": "S2"`, `"effective_segment_tier": "S3"`),
}

func replaced(old, new string) func(*milestones.Milestone, *openapi.Example) {
	return func(_ *milestones.Milestone, e *openapi.Example) {
		e.Body = bytes.ReplaceAll(e.Body, []byte(old), []byte(new))
	}
}

func recordContract(m *milestones.Milestone) ([]openapi.Example, error) {
	r, err := newRecording(true)
	if err != nil {
		return nil, err
	}
	call := func(op *milestones.Operation, outcome, name string, change func(*milestones.Milestone, *openapi.Example)) (*openapi.Example, error) {
		e := asked(op, outcome, name)
		if op.RequestSchema != "" {
			body, err := fixtures.FS.ReadFile("requests/" + op.ID + ".json")
			if err != nil {
				return nil, fmt.Errorf("recording %s: %w", op.ID, err)
			}
			e.Body = bytes.TrimSpace(bytes.ReplaceAll(body, []byte("{me}"), []byte(exampleCaller)))
		}
		if change != nil {
			change(m, &e)
		}
		sent, err := r.send(op.Method, op.Path, e)
		if err != nil {
			return nil, err
		}
		if len(sent.Body) > m.Limits.BodyBytes {
			sent.Body = nil // nobody wants to read it
		}
		return sent, met(op, sent)
	}
	for i := range m.Operations {
		if _, err := call(&m.Operations[i], milestones.Success, "", nil); err != nil {
			return nil, err
		}
	}
	for i := range m.Operations {
		op := &m.Operations[i]
		switch op.ID {
		case "partnerLiquidityProvider.onboard":
			_, err = call(op, milestones.Success, "replayed", func(m *milestones.Milestone, e *openapi.Example) {
				e.Header[m.Transport.IdempotencyHeader] = "success-1"
			})
		case "partnerLiquidityProvider.eligibility.evaluate":
			_, err = call(op, milestones.Success, "partner_liquidity_provider_downgrade_required", refused["downgrade_required"])
		case "partnerLiquidityProvider.rollout.export":
			err = pages(op, call)
		}
		if err != nil {
			return nil, err
		}
		for _, outcome := range op.Outcomes[1:] {
			change, known := refused[outcome.Name]
			if !known {
				return nil, fmt.Errorf("there is no example of the outcome %s of %s", outcome.Name, op.ID)
			}
			if _, err := call(op, outcome.Name, outcome.ReasonCode, change); err != nil {
				return nil, err
			}
		}
	}
	return r.examples, nil
}

// pages records an export in two pages.
func pages(op *milestones.Operation, call func(*milestones.Operation, string, string, func(*milestones.Milestone, *openapi.Example)) (*openapi.Example, error)) error {
	query := map[string]string{"limit": "1"}
	first, err := call(op, milestones.Success, "first_page", func(_ *milestones.Milestone, e *openapi.Example) { e.Query = query })
	if err != nil {
		return err
	}
	var page struct {
		Export struct {
			NextCursor  string `json:"next_cursor"`
			Attestation struct {
				ChainHash string `json:"chain_hash"`
			} `json:"attestation"`
			Checkpoint struct {
				CheckpointHash string `json:"checkpoint_hash"`
			} `json:"checkpoint"`
		} `json:"export"`
	}
	if err := json.Unmarshal(first.Answer, &page); err != nil {
		return fmt.Errorf("reading a page: %w", err)
	}
	_, err = call(op, milestones.Success, "next_page", func(_ *milestones.Milestone, e *openapi.Example) {
		e.Query = map[string]string{
			"limit": "1", "cursor_after": page.Export.NextCursor,
			"attestation_after": page.Export.Attestation.ChainHash, "checkpoint_after": page.Export.Checkpoint.CheckpointHash,
		}
	})
	return err
}

// met reports an answer that is of another outcome than the one it was recorded for.
func met(op *milestones.Operation, e *openapi.Example) error {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Details struct {
				ReasonCode string `json:"reason_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(e.Answer, &body); err != nil {
		return fmt.Errorf("recording %s %s: %w", op.ID, e.Key(), err)
	}
	for _, o := range op.Outcomes {
		if o.Name == e.Outcome && o.Status == e.Status && o.Code == body.Error.Code && o.ReasonCode == body.Error.Details.ReasonCode {
			return nil
		}
	}
	return fmt.Errorf("recording %s %s: the answer is %d %s", op.ID, e.Key(), e.Status, e.Answer)
}

// recordControl walks over the part of the control API that needs no story.
func recordControl() ([]openapi.Example, error) {
	r, err := newRecording(false)
	if err != nil {
		return nil, err
	}
	inWorld := map[string]string{"world": "checkout"}
	steps := []openapi.Example{
		{Operation: "fake.index"},
		{Operation: "fake.worlds.get", Path: inWorld},
		{Operation: "fake.worlds.list"},
		{Operation: "fake.clock.set", Path: inWorld, Body: []byte(`{"mode":"frozen","at":"2026-02-22T16:00:00Z"}`)},
		{Operation: "fake.clock.set", Outcome: "problem", Path: inWorld, Body: []byte(`{"mode":"frozn"}`)},
		{Operation: "fake.clock.advance", Path: inWorld, Body: []byte(`{"by":"36h"}`)},
		{Operation: "fake.clock.get", Path: inWorld},
		{Operation: "fake.worlds.reset", Path: inWorld},
		{Operation: "fake.worlds.delete", Outcome: "problem", Path: map[string]string{"world": "checkuot"}},
		{Operation: "fake.worlds.delete", Path: inWorld},
	}
	for _, step := range steps {
		if step.Outcome == "" {
			step.Outcome = milestones.Success
		}
		endpoints := control.Endpoints()
		at := slices.IndexFunc(endpoints, func(e control.Endpoint) bool { return e.ID == step.Operation })
		if at < 0 {
			return nil, fmt.Errorf("there is no endpoint %s", step.Operation)
		}
		sent, err := r.send(endpoints[at].Method, endpoints[at].Path, step)
		if err != nil {
			return nil, err
		}
		if succeeded := sent.Status < http.StatusMultipleChoices; succeeded != (sent.Outcome == milestones.Success) {
			return nil, fmt.Errorf("recording %s %s: the answer is %d %s", sent.Operation, sent.Key(), sent.Status, sent.Answer)
		}
	}
	return r.examples, nil
}
