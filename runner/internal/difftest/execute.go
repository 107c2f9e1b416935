package difftest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/internal/inprocess"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// execution is a sequence that was sent to both servers.
type execution struct {
	sequence    Sequence // with the calls that were sent
	calls       []comparedCall
	sessions    [2]*steps.Session
	occurrences []occurrence
	// diverged is set if the servers may have different state after the last call. Nothing was sent after it.
	diverged bool
}

// comparedCall is one call of an execution.
type comparedCall struct {
	index        int // of the call in the sequence that was to be sent
	fake, target *reply
	reached      reached
	differences  []Difference
}

// ruleRecorder records the rules that the fake evaluates.
type ruleRecorder struct {
	mu    sync.Mutex
	rules []ruleResult
}

func (r *ruleRecorder) record(rule string, refused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = append(r.rules, ruleResult{rule, refused})
}

// take returns the rules since the last call, sorted if the requests were concurrent.
func (r *ruleRecorder) take(times int) []ruleResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	rules := r.rules
	r.rules = nil
	if times > 1 {
		slices.SortFunc(rules, func(a, b ruleResult) int {
			return strings.Compare(a.rule+fmt.Sprint(a.refused), b.rule+fmt.Sprint(b.refused))
		})
	}
	return rules
}

// executor sends one sequence to both servers.
type executor struct {
	session       *session
	sequence      Sequence
	avoid         map[string]bool // calls that are not sent
	clock         *clock
	fakeTime      atomic.Int64 // Unix milliseconds
	rules         ruleRecorder
	fake, target  *endpoint
	comparer      *comparer
	references    []string
	counts        map[string]int  // successes at both servers, by operation
	uncertainKeys map[string]bool // idempotency keys of refusals that differ: one server may have stored the key
	result        *execution
	stops         []func()
}

// execute sends a sequence to both servers, call by call, until their state may be different. Calls in avoid are not sent. The
// number of the sequence decides the state of a second fake.
func (s *session) execute(ctx context.Context, writer *golden.Writer, number int, seq Sequence, avoid map[string]bool) (*execution, error) {
	e := &executor{
		session: s, sequence: seq, avoid: avoid, references: seq.references(), counts: map[string]int{}, uncertainKeys: map[string]bool{},
		result: &execution{sequence: seq.with(nil)},
	}
	defer func() {
		for _, stop := range e.stops {
			stop()
		}
	}()
	if err := e.start(ctx, writer, number); err != nil {
		return nil, err
	}
	for i := range seq.Calls {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.call(ctx, i); err != nil {
			return nil, err
		}
		if e.result.diverged {
			break
		}
	}
	e.result.occurrences = e.comparer.occurrences
	return e.result, nil
}

// start starts the fake, and a second one if there is no target.
func (e *executor) start(ctx context.Context, writer *golden.Writer, number int) error {
	s := e.session
	e.clock = fixedClock(service.Frozen())
	if s.transport != nil {
		e.clock = movingClock(service.Frozen())
	}
	e.fakeTime.Store(e.clock.now.UnixMilli())
	fake, err := service.Handler(s.fixtures, e.sequence.Needs, func() time.Time { return time.UnixMilli(e.fakeTime.Load()) }, e.rules.record, s.secrets)
	if err != nil {
		return err
	}
	fakeTransport, base := http.RoundTripper(inprocess.Transport{Handler: fake}), s.base
	targetTransport := s.transport
	if s.transport == nil {
		targetTransport, err = s.secondFake(ctx, e.sequence, number)
	} else {
		fakeTransport, base, err = e.listen(fake)
	}
	if err != nil {
		return err
	}
	id := s.nextID(number)
	if e.fake, err = newEndpoint(&s.calls, fakeTransport, base, e.sequence, id); err != nil {
		return err
	}
	e.fake.direct = &inprocess.Transport{Handler: fake}
	if e.target, err = newEndpoint(&s.calls, targetTransport, s.base, e.sequence, id); err != nil {
		return err
	}
	e.result.sessions = [2]*steps.Session{e.fake.session, e.target.session}
	e.comparer = newComparer(s.milestone, s.schemas, writer, e.clock)
	e.comparer.ownKeys = s.transport != nil && !slices.Contains(s.capabilities, "operator-key") && !slices.Contains(s.capabilities, "dev-key")
	e.comparer.readKeys = func() (keys [2]keySetResult, err error) {
		defer e.rules.take(1) // the request is not part of the sequence
		if keys[0], err = s.readKeySet(ctx, fakeTransport, base); err != nil || s.transport != nil {
			keys[1] = s.targetKeys
			return keys, err
		}
		keys[1], err = s.readKeySet(ctx, targetTransport, s.base)
		return keys, err
	}
	return nil
}

// listen starts the fake on a port.
func (e *executor) listen(fake http.Handler) (http.RoundTripper, *url.URL, error) {
	base, stop, err := listen(fake.(server))
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
	e.stops = append(e.stops, transport.CloseIdleConnections, stop)
	return transport, base, nil
}

// call sends one call to both servers, and compares the responses.
func (e *executor) call(ctx context.Context, i int) error {
	call := e.sequence.Calls[i]
	fakeRequest, err := e.fake.prepare(call)
	if err != nil {
		return err
	}
	targetRequest, err := e.target.prepare(call)
	if err != nil || fakeRequest == nil || targetRequest == nil {
		return err
	}
	if skip, err := e.skips(ctx, call, fakeRequest); skip || err != nil {
		return err
	}
	if !e.clock.fixed && readsClock(e.sequence, call) {
		time.Sleep(clockInterval)
	}
	e.clock.tick(time.Now())
	e.fakeTime.Store(e.clock.now.UnixMilli())

	c := comparedCall{index: i}
	if c.fake, err = e.fake.send(ctx, e.session.routes, fakeRequest, call.Times); err != nil {
		return fmt.Errorf("the fake did not respond to %s: %s", callText(call), err)
	}
	c.reached = reached{c.fake.operation, declaredOutcomes(c.fake), e.rules.take(call.Times)}
	c.target, err = e.target.send(ctx, e.session.routes, targetRequest, call.Times)
	var lost *steps.Unreachable
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &lost):
		c.differences = []Difference{{Kind: NoResponse, Fake: summary(c.fake.responses[0]), Target: record.Cause(lost.Err)}}
		e.result.diverged = true
	case err != nil:
		return err
	default:
		if c.differences, err = e.comparer.compare(len(e.result.calls), c.fake, c.target); err != nil {
			return err
		}
		if err := e.observe(&c); err != nil {
			return err
		}
	}
	e.result.sequence.Calls = append(e.result.sequence.Calls, call)
	e.result.calls = append(e.result.calls, c)
	return nil
}

// skips reports whether a call is not sent: it is to be avoided, it has an idempotency key that only one server may have
// stored, or it is not valid and only valid requests are sent.
func (e *executor) skips(ctx context.Context, call steps.Call, request *steps.Request) (bool, error) {
	if e.avoid[callText(call)] {
		return true, nil
	}
	if e.session.validOnly && !e.session.isValid(request) {
		return true, nil
	}
	if len(e.uncertainKeys) == 0 {
		return false, nil
	}
	sent, err := request.HTTP(ctx)
	if err != nil {
		return false, err
	}
	return e.uncertainKeys[e.idempotencyKey(sent.Header)], nil
}

// idempotencyKey returns the idempotency key of a request, "" for none.
func (e *executor) idempotencyKey(header http.Header) string {
	return strings.TrimSpace(header.Get(e.session.milestone.Transport.IdempotencyHeader))
}

// isValid reports whether a request calls an operation with a body that its schema allows.
func (s *session) isValid(request *steps.Request) bool {
	operation, known := s.milestone.Operation(request.Operation())
	if !known {
		return false
	}
	schema, known := s.schemas.Lookup(operation.RequestSchema)
	if !known {
		return len(request.Body) == 0
	}
	document, err := schemas.Read(request.Body)
	return err == nil && len(schema.Validate(document.Value)) == 0
}

// observe makes the responses available to later calls, or sets diverged. If the outcomes differ, the state of the servers is
// still equal after a request that reads, and after one that both refused, except for its idempotency key.
func (e *executor) observe(c *comparedCall) error {
	if slices.ContainsFunc(c.differences, func(d Difference) bool { return d.Kind == Status }) {
		switch c.fake.sent.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			return nil
		}
		if !c.fake.isRefused() || !c.target.isRefused() {
			e.result.diverged = true
			return nil
		}
		if key := e.idempotencyKey(c.fake.sent.Header); key != "" {
			e.uncertainKeys[key] = true
		}
	}
	if id := c.fake.request.Operation(); c.fake.responses[0].status == http.StatusOK && c.target.responses[0].status == http.StatusOK {
		e.counts[id]++
	}
	if err := e.fake.observe(c.fake, e.references, e.counts); err != nil {
		return err
	}
	return e.target.observe(c.target, e.references, e.counts)
}

// isRefused reports whether all responses are errors.
func (r *reply) isRefused() bool {
	return !slices.ContainsFunc(r.responses, func(r *response) bool { return r.status < 400 })
}

// clockInterval is the time between two calls that read the clock of the target, so that it gives another time to each.
const clockInterval = 2 * time.Millisecond

// readsClock reports whether the response to a call may have the time of the server's clock.
func readsClock(s Sequence, call steps.Call) bool {
	return !s.Clocked || slices.ContainsFunc(call.Rows, func(row [2]string) bool { return row[0] == "header "+clockHeader })
}
