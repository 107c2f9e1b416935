// Package rest serves the contract over HTTP. It parses a request, has it decided once by
// package store, and writes the answer. The routes come from the milestone.
//
// Checks run in the contract's order (section 3), and the first failure answers:
//
//	route, method                     routes.go
//	identity (401, unknown type 403)  identity.go
//	Idempotency-Key (POST)            post.go
//	body size and JSON syntax (POST)  body.go
//	actor type, scope                 identity.go
//	provider exists, is the caller's  ../store
//	idempotency (POST)                ../store
//	request schema, query             post.go, query.go
//	rules                             ../rules, ../audit
package rest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// The rules that this file decides.
const (
	answersAreJSON ruletrace.Rule = "answers-are-json"
)

// Options configure a handler.
type Options struct {
	Milestone        *milestones.Milestone
	Schemas          *schemas.Set
	Store            *store.Store
	Keys             KeySet
	PartnerKeys      *PartnerKeys // nil: header mode
	IgnoreTestClocks bool
	RetentionDays    int // an export's default
	// SelfCheck, if not nil, is called for every answer that is not valid by its schema,
	// before the answer is replaced by INTERNAL.
	SelfCheck func(operation string, violations []schemas.Violation)
	// Trace makes exchanges have the rules that their requests reached.
	Trace bool
}

// Handler serves the contract.
type Handler struct {
	Options
	routes []route
}

// New returns a handler, or an error if the milestone has an operation or an outcome that
// this package does not serve.
func New(options Options) (*Handler, error) {
	h := &Handler{Options: options}
	for i := range options.Milestone.Operations {
		r, err := newRoute(&options.Milestone.Operations[i], options.Schemas)
		if err != nil {
			return nil, fmt.Errorf("routing milestone %s: %w", options.Milestone.ID, err)
		}
		h.routes = append(h.routes, r)
	}
	return h, nil
}

// For returns a handler of the same contract over another store.
func (h *Handler) For(store *store.Store) *Handler {
	other := *h
	other.Store = store
	return &other
}

// request is a request on its way to its answer.
type request struct {
	*http.Request
	operation   *milestones.Operation // the router if no route matched
	route       *route                // nil if none matched
	allowed     []string              // the methods of the path, if none matched
	providerID  string                // of the path; "" if it has none
	correlation string
	identity    identity
	clock       *rules.Clock     // the request's test clock; nil if it names none
	trace       *ruletrace.Trace // nil if rules are not traced
	arrived     uint64           // when the request came, as the store counts

	sent     []byte          // the body, as far as it was read
	unread   bool            // part of the body is left
	before   *rules.Provider // when a POST was decided
	replayed bool
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { Write(w, r, h.Handle(r)) }

// Handle decides what a request is answered. It writes nothing.
func (h *Handler) Handle(r *http.Request) *exchange.Exchange {
	var trace *ruletrace.Trace
	if h.Trace {
		trace = new(ruletrace.Trace)
	}
	x := h.match(r, trace)
	x.arrived = h.Store.Arrived()
	a := h.checked(x, h.answer(x))
	// Success and refusal alike: Write sets these headers on every answer.
	x.trace.Invariant(answersAreJSON)
	return h.exchange(x, a)
}

// Skip returns the exchange of a request that is neither handled nor answered: its status
// is 0.
func (h *Handler) Skip(r *http.Request) *exchange.Exchange {
	return h.exchange(h.match(r, nil), answer.Answer{})
}

// Refuse returns the exchange of a request that is refused without being handled: nothing
// but its route is looked at. A status of 0 is the one of the refusal's code.
func (h *Handler) Refuse(r *http.Request, refusal *rules.Refusal, status int) *exchange.Exchange {
	x := h.match(r, nil)
	a := x.refuse(refusal)
	if status != 0 {
		a.Status = status
	}
	return h.exchange(x, h.checked(x, a))
}

// Operation returns the operation that a request is for, and the provider id in its path:
// the router's if it is for none.
func (h *Handler) Operation(r *http.Request) (operation *milestones.Operation, providerID string) {
	x := h.match(r, nil)
	return x.operation, x.providerID
}

// match finds the route of a request.
func (h *Handler) match(r *http.Request, trace *ruletrace.Trace) *request {
	x := &request{Request: r, operation: &h.Milestone.Router, trace: trace}
	x.route, x.providerID, x.allowed = h.find(r.Method, r.URL.EscapedPath())
	if x.route != nil {
		x.operation = x.route.Operation
	}
	x.correlation = x.correlate()
	return x
}

// exchange returns what is recorded of a request and its answer.
func (h *Handler) exchange(x *request, a answer.Answer) *exchange.Exchange {
	e := &exchange.Exchange{
		Method: x.Method, Path: x.URL.RequestURI(), Header: x.Header, Body: x.sent,
		Operation: x.operation.ID, ProviderID: x.providerID,
		Status: a.Status, ReasonCodes: a.ReasonCodes, Replayed: x.replayed, Answer: a.Body,
		ActorType: x.identity.actor.Type, ActorID: x.identity.actor.ID, Reached: x.trace.Reached(),
		ContentType: h.Milestone.Transport.ContentType, CorrelationID: a.CorrelationID, Unread: x.unread,
	}
	if x.before != nil && x.trace != nil {
		e.Before = x.before
	}
	switch refusal := a.Refusal; {
	case refusal == nil && a.Status != 0:
		e.Outcome = milestones.Success
	case refusal == nil: // not answered
	case refusal.Code == store.CodeFull:
		e.Full, e.Code, e.ContentType = true, string(refusal.Code), problem.ContentType
	default:
		e.Code = string(refusal.Code)
		if declares(x.operation, refusal.Outcome.Name) {
			e.Outcome = refusal.Outcome.Name
		}
		if refusal.Code == rules.CodeMethodNotAllowed {
			e.Allow = strings.Join(x.allowed, ", ")
		}
	}
	return e
}

// declares reports whether an operation has an outcome.
func declares(o *milestones.Operation, outcome string) bool {
	return slices.ContainsFunc(o.Outcomes, func(declared milestones.Outcome) bool { return declared.Name == outcome })
}

// drainBytes is how much of a body that is too large is read after the answer, so that a
// client that sends all before it reads receives the answer. Beyond that the connection is
// closed.
const drainBytes = 8 << 20

// Write sends the answer of an exchange.
func Write(w http.ResponseWriter, r *http.Request, x *exchange.Exchange) {
	SetHeader(w.Header(), x)
	if x.Unread {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(x.Answer))} // so that the client sees its end
	}
	w.WriteHeader(x.Status)
	w.Write(x.Answer)
	if x.Unread {
		http.NewResponseController(w).Flush()
		io.CopyN(io.Discard, r.Body, drainBytes)
	}
}

// SetHeader sets the headers of the answer of an exchange.
func SetHeader(header http.Header, x *exchange.Exchange) {
	header["Content-Type"] = []string{x.ContentType}
	header["X-Correlation-Id"] = []string{x.CorrelationID}
	if x.Replayed {
		header["Idempotent-Replayed"] = []string{"true"}
	}
	if x.Allow != "" {
		header["Allow"] = []string{x.Allow}
	}
	if x.Unread {
		header["Connection"] = []string{"close"} // else net/http reads on before it answers
	}
}

// internal refuses a request because of a defect of the server.
func internal(message string, details map[string]any) *rules.Refusal {
	return &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeInternal}, Message: "This is a defect of the server: " + message, Details: details}
}

// answer runs the checks that need no state, and then the operation.
func (h *Handler) answer(x *request) (a answer.Answer) {
	defer func() {
		// No input should get here. If one does, the client still gets an answer of the
		// contract, and the message has the panic.
		if p := recover(); p != nil {
			a = x.refuse(internal(fmt.Sprint(p), nil))
		}
	}()
	x.trace.Invariant(correlationIDIsEchoed)
	if refusal := h.unrouted(x); refusal != nil {
		return x.refuse(refusal)
	}
	if !x.route.Public {
		var refusal *rules.Refusal
		if x.identity, refusal = h.identify(x); refusal != nil {
			return x.refuse(refusal)
		}
		x.clock = h.testClock(x.Request)
	}
	return x.route.serve(h, x)
}

// refuse returns the answer to a refusal. A refusal by the budget is a problem document,
// because the contract has none for it.
func (x *request) refuse(refusal *rules.Refusal) answer.Answer {
	if refusal.Code == store.CodeFull {
		p := problem.New(http.StatusInsufficientStorage, "%s", refusal.Message)
		return answer.Answer{Status: p.Status, CorrelationID: x.correlation, Body: p.JSON(), Refusal: refusal}
	}
	return answer.Refused(x.correlation, refusal)
}

// testClock reads the request's test clock. One that is malformed is refused where now is
// needed, and one that the server ignores is not read.
func (h *Handler) testClock(r *http.Request) *rules.Clock {
	text := value(r.Header, "X-Now-Iso")
	switch {
	case text == "":
		return nil
	case h.IgnoreTestClocks:
		return &rules.Clock{Off: true}
	}
	at, err := instant.Parse(text)
	if err != nil {
		err = fmt.Errorf("X-Now-Iso: %w", err)
	}
	return &rules.Clock{At: at, Malformed: err}
}

// checked returns the answer, or INTERNAL in self-check if it is not valid by its schema.
func (h *Handler) checked(x *request, a answer.Answer) answer.Answer {
	if h.SelfCheck == nil || a.Refusal != nil && a.Refusal.Code == store.CodeFull {
		return a
	}
	name := h.Milestone.Transport.ErrorSchema
	if a.Refusal == nil {
		name = x.operation.ResponseSchema
	}
	schema, ok := h.Schemas.Lookup(name)
	if !ok {
		return a
	}
	violations := []schemas.Violation{{Keyword: "json", Message: "The answer is not I-JSON."}}
	if document, err := schemas.Read(a.Body); err == nil {
		violations = schema.Validate(document.Value)
	}
	if a.Refusal != nil && answer.Status(a.Refusal.Code) == 0 { // a code that only a fault gives
		violations = slices.DeleteFunc(violations, func(v schemas.Violation) bool { return v.InstancePath == "/error/code" && v.Keyword == "enum" })
	}
	if len(violations) == 0 {
		return a
	}
	h.SelfCheck(x.operation.ID, violations)
	return x.refuse(internal("its answer is not valid by its own schema "+name+".", map[string]any{"violations": violations}))
}
