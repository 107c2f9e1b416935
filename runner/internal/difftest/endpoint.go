package difftest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/lpgate/internal/inprocess"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// endpoint is one of the two servers, as the caller of one sequence uses it.
type endpoint struct {
	transport http.RoundTripper
	direct    *inprocess.Transport // sends concurrent requests, when the server is in this process
	base      *url.URL
	session   *steps.Session
}

// newEndpoint starts a sequence. id makes the ids of the sequence; no other sequence uses it against the same server.
func newEndpoint(cfg *steps.Config, transport http.RoundTripper, base *url.URL, s Sequence, id string) (*endpoint, error) {
	e := &endpoint{transport: transport, base: base, session: steps.NewSession(cfg, id)}
	if direct, ok := transport.(inprocess.Transport); ok {
		e.direct = &direct
	}
	if s.Clocked {
		if err := e.session.Carry(clockRows()); err != nil {
			return nil, err
		}
	}
	if s.PartnerKey != "" {
		return e, e.session.Hold(s.PartnerKey)
	}
	return e, nil
}

// response is one response.
type response struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body is longer than record.BodyLimit, and body is its beginning
}

// reply is a request and its response, or its responses when it was sent several times at once.
type reply struct {
	request   *steps.Request
	sent      record.Request
	operation *milestones.Operation
	responses []*response
}

// prepare makes the request of a call; nil if the call needs a value that no response had.
func (e *endpoint) prepare(c steps.Call) (*steps.Request, error) {
	request, err := e.session.Prepare(c, e.base)
	if errors.As(err, new(*steps.InvalidStep)) || errors.As(err, new(*steps.Mismatch)) { // the latter: there is no next page
		return nil, nil
	}
	return request, err
}

// send sends a request, several times at once for a call with Times. An error is [*steps.Unreachable] if there is no
// response; the reply has the request then, too.
func (e *endpoint) send(ctx context.Context, routes *steps.Routes, request *steps.Request, times int) (*reply, error) {
	times = max(1, times)
	r := &reply{request: request, responses: make([]*response, times)}
	requests := make([]*http.Request, times)
	for i := range requests {
		var err error
		if requests[i], err = request.HTTP(ctx); err != nil {
			return nil, err
		}
	}
	first := requests[0]
	r.sent = record.Request{
		Method: first.Method, Target: strings.TrimPrefix(first.URL.RequestURI(), strings.TrimSuffix(e.base.EscapedPath(), "/")),
		Header: first.Header, Body: request.Body,
	}
	r.operation = routes.Find(r.sent.Method, r.sent.Target)
	if times > 1 {
		return r, e.sendConcurrently(r, requests)
	}
	var err error
	if r.responses[0], err = roundTrip(e.transport, first); err != nil {
		return r, &steps.Unreachable{Err: err}
	}
	return r, nil
}

// sendConcurrently sends copies of a request, and sorts the responses: replays last, then by status and body.
func (e *endpoint) sendConcurrently(r *reply, requests []*http.Request) error {
	var group sync.WaitGroup
	errs := make([]error, len(requests))
	transport := e.transport
	if e.direct != nil {
		// Without the barrier the handler might finish one request before the next one starts.
		transport = *e.direct
		b := &barrier{open: make(chan struct{})}
		b.missing.Store(int64(len(requests)))
		for _, request := range requests {
			if request.Body == nil {
				request.Body = http.NoBody
			}
			request.Body = &barrierBody{ReadCloser: request.Body, barrier: b}
		}
	}
	for i, request := range requests {
		group.Go(func() {
			r.responses[i], errs[i] = roundTrip(transport, request)
			if body, ok := request.Body.(*barrierBody); ok {
				body.arrive() // the handler may have answered without reading the body
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return &steps.Unreachable{Err: err}
		}
	}
	slices.SortFunc(r.responses, func(a, b *response) int {
		return cmp.Or(cmp.Compare(len(a.header["Idempotent-Replayed"]), len(b.header["Idempotent-Replayed"])),
			cmp.Compare(a.status, b.status), bytes.Compare(a.body, b.body))
	})
	return nil
}

// barrier delays concurrent requests until the handler has all of them.
type barrier struct {
	missing atomic.Int64
	open    chan struct{}
}

// barrierBody is a request body that waits for the barrier before it is read.
type barrierBody struct {
	io.ReadCloser
	barrier *barrier
	once    sync.Once
}

func (b *barrierBody) arrive() {
	b.once.Do(func() {
		if b.barrier.missing.Add(-1) == 0 {
			close(b.barrier.open)
		}
	})
}

func (b *barrierBody) Read(p []byte) (int, error) {
	b.arrive()
	<-b.barrier.open
	return b.ReadCloser.Read(p)
}

// roundTrip sends one request and reads its response, the body up to [record.BodyLimit].
func roundTrip(transport http.RoundTripper, request *http.Request) (*response, error) {
	received, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer received.Body.Close()
	r := &response{status: received.StatusCode, header: received.Header}
	if r.body, err = io.ReadAll(io.LimitReader(received.Body, record.BodyLimit+1)); err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	if len(r.body) > record.BodyLimit {
		r.body, r.cut = r.body[:record.BodyLimit], true
	}
	return r, nil
}

// observe makes the values of a response available to later calls. counts has how many providers and pages both servers
// have given so far, this response included.
func (e *endpoint) observe(r *reply, wanted []string, counts map[string]int) error {
	first := r.responses[0]
	e.session.Answered(r.request, first.status, first.header, first.body)
	if first.status != http.StatusOK || r.request.Operation() == "" {
		return nil
	}
	for _, v := range r.variables(counts) {
		text, ok := textAt(first.body, v.path...)
		if !ok || !slices.Contains(wanted, v.name) {
			continue
		}
		if err := e.session.Record(v.name, text); err != nil {
			return err
		}
	}
	return nil
}

// The operations whose responses have variables.
const (
	onboard = "partnerLiquidityProvider.onboard"
	export  = "partnerLiquidityProvider.rollout.export"
)

// variable is a value of a response that has a name in the sequence.
type variable struct {
	name string
	path []string // names of members
}

// variables returns the variables that a successful reply sets.
func (r *reply) variables(counts map[string]int) (all []variable) {
	switch r.operation.ID {
	case onboard:
		return []variable{{numberedName("provider", counts[onboard]), []string{"provider", "provider_id"}}}
	case export:
		for _, part := range continuation {
			all = append(all, variable{numberedName(part.name, counts[export]), part.path})
		}
	}
	return all
}
