// Package rest puts the rules on HTTP. A request is read, decided once by the
// store, and the decision is written; nothing here decides for itself what the
// governance rules say. The routes come from the milestone; statuses stand in
// one table, in refusals.go.
//
// Checks run in the contract's order (section 3), the first failure answering:
//
//	route, method                     rest.go, routes.go
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

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
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

// Options are what the handler takes from outside.
type Options struct {
	Milestone        *milestones.Milestone
	Schemas          *schemas.Set
	Store            *store.Store
	Keys             KeySet
	PartnerKeys      *PartnerKeys // nil: header mode
	IgnoreTestClocks bool
	RetentionDays    int // an export's default
	// SelfCheck, when not nil, is told of every answer that the schemas forbid,
	// before the answer is replaced by INTERNAL.
	SelfCheck func(operation string, violations []schemas.Violation)
	// Notes says that the rules which a request reaches are noted in its Exchange.
	Notes bool
}

// Handler serves the contract.
type Handler struct {
	Options
	routes []route
}

// New gives a handler, or an error when the milestone promises what this
// handler cannot serve.
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

// For gives a handler of the same contract over another store.
func (h *Handler) For(store *store.Store) *Handler {
	other := *h
	other.Store = store
	return &other
}

// Exchange is a request and what became of it.
type Exchange struct {
	// Operation is what was called; the router when the request reached none.
	Operation *milestones.Operation
	// ProviderID is the path's; "" when it has none.
	ProviderID string
	// Caller is who called; zero when the request named nobody, or it did not matter.
	Caller rules.Actor
	// Sent is the body of the request, as far as it was read; nil when it was not.
	Sent []byte
	// Answer is what the client is told.
	Answer store.Answer
	// Outcome is the answer's, one of the operation's; nil for INTERNAL and memory.Full.
	Outcome *milestones.Outcome
	// Before is the provider as it stood when a POST was decided on, when the handler
	// notes rules; nil when nothing was.
	Before *rules.Provider
	// Reached are the rules that the request reached, when the handler notes them. Other
	// exchanges share the list.
	Reached []ruletrace.Reached

	contentType string
	allow       string // of METHOD_NOT_ALLOWED
	// unread is what is left of a body that was too large; nil: nothing. Its client may
	// send it for long, or not at all, and is answered before.
	unread io.Reader
}

// exchange is one request on its way to its answer.
type exchange struct {
	*http.Request
	Exchange
	route       *route // nil when none matched
	correlation string
	identity    identity
	clock       *rules.Clock     // the request's test clock; nil: it names none
	trace       *ruletrace.Trace // nil when nobody listens
	arrived     uint64           // when the request came, as the store counts
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.Handle(r).Write(w) }

// Target tells which operation a request is for, and of which provider: the router when it is for none.
func (h *Handler) Target(r *http.Request) (operation *milestones.Operation, providerID string) {
	found, providerID, _ := h.match(r.Method, r.URL.EscapedPath())
	if found == nil {
		return &h.Milestone.Router, ""
	}
	return found.Operation, providerID
}

// Handle decides what a request is answered, and writes nothing.
func (h *Handler) Handle(r *http.Request) *Exchange {
	x := &exchange{
		Request: r, Exchange: Exchange{contentType: h.Milestone.Transport.ContentType},
		arrived: h.Store.Arrived(),
	}
	if h.Notes {
		x.trace = new(ruletrace.Trace)
	}
	answer := h.answer(x)
	if h.SelfCheck != nil && !answer.Full() {
		answer = h.selfCheck(x, answer)
	}
	// Success and refusal alike: the headers that Write sets are those of every answer.
	x.trace.Invariant(answersAreJSON)
	x.Operation = &h.Milestone.Router
	if x.route != nil {
		x.Operation = x.route.Operation
	}
	x.Caller = x.identity.actor
	x.Answer, x.Reached = answer, x.trace.Reached()
	x.Outcome = outcome(x.Operation, answer)
	return &x.Exchange
}

// Forbid refuses a request with FORBIDDEN before it reaches a world: no rule of the
// milestone is looked at.
func (h *Handler) Forbid(r *http.Request, message string) *Exchange {
	x := &exchange{Request: r, Exchange: Exchange{contentType: h.Milestone.Transport.ContentType}}
	found, _, _ := h.match(r.Method, r.URL.EscapedPath())
	x.correlation = x.correlate(found)
	x.Answer = x.refuse(&rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeForbidden}, Message: message})
	return &x.Exchange
}

// Write sends the answer.
func (e *Exchange) Write(w http.ResponseWriter) {
	e.Head(w.Header())
	if e.unread != nil {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(e.Answer.Body))} // so that the client sees its end
	}
	w.WriteHeader(e.Answer.Status)
	w.Write(e.Answer.Body)
	if e.unread != nil {
		http.NewResponseController(w).Flush()
		io.CopyN(io.Discard, e.unread, drainBytes)
	}
}

// Head sets the headers of the answer.
func (e *Exchange) Head(header http.Header) {
	header["Content-Type"] = []string{e.contentType}
	header["X-Correlation-Id"] = []string{e.Answer.CorrelationID}
	if e.Answer.Replayed {
		header["Idempotent-Replayed"] = []string{"true"}
	}
	if e.allow != "" {
		header["Allow"] = []string{e.allow}
	}
	if e.unread != nil {
		header["Connection"] = []string{"close"} // else net/http would read on before it answers
	}
}

// answer runs the checks that need no state, and hands over to the operation.
func (h *Handler) answer(x *exchange) (answer store.Answer) {
	defer func() {
		// No input should get here. If one does, the client still gets an answer by
		// the contract, and the message says where to look.
		if p := recover(); p != nil {
			answer = x.refuse(&rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeInternal}, Message: fmt.Sprintf("This is a defect of the server: %v", p)})
		}
	}()
	route, params, allowed := h.match(x.Method, x.URL.EscapedPath())
	x.correlation = x.correlate(route)
	if refusal := h.unrouted(x, route, allowed); refusal != nil {
		x.allow = strings.Join(allowed, ", ")
		return x.refuse(refusal)
	}
	x.route, x.ProviderID = route, params
	if !route.Public {
		var refusal *rules.Refusal
		if x.identity, refusal = h.identify(x); refusal != nil {
			return x.refuse(refusal)
		}
		x.clock = h.testClock(x.Request)
	}
	return route.serve(h, x)
}

// testClock reads the request's own now. One that cannot be read says so when it
// is needed, and one that the server ignores is not even read.
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

// succeed writes a success, which is 200 for every operation: correlation_id and
// the members given. Codes are the reason codes among them.
func (x *exchange) succeed(codes []string, members ...jcs.Member) store.Answer {
	members = append(members, jcs.Member{Name: "correlation_id", Value: jcs.String(x.correlation)})
	return store.Answer{Status: http.StatusOK, CorrelationID: x.correlation, Body: jcs.Object(members...), ReasonCodes: codes}
}

// selfCheck replaces an answer that its schema forbids.
func (h *Handler) selfCheck(x *exchange, answer store.Answer) store.Answer {
	name, operation := h.Milestone.Transport.ErrorSchema, h.Milestone.Router.ID
	if x.route != nil {
		operation = x.route.ID
		if answer.Status == http.StatusOK {
			name = x.route.ResponseSchema
		}
	}
	schema, ok := h.Schemas.Lookup(name)
	if !ok {
		return answer
	}
	violations := []schemas.Violation{{Keyword: "json", Message: "The answer is not I-JSON."}}
	if document, err := schemas.Read(answer.Body); err == nil {
		violations = schema.Validate(document.Value)
	}
	if refusal := answer.Refusal; refusal != nil && statuses[refusal.Code] == 0 { // a code that only a fault gives
		violations = slices.DeleteFunc(violations, func(v schemas.Violation) bool { return v.InstancePath == "/error/code" && v.Keyword == "enum" })
	}
	if len(violations) == 0 {
		return answer
	}
	h.SelfCheck(operation, violations)
	return x.refuse(&rules.Refusal{
		Outcome: rules.Outcome{Code: rules.CodeInternal},
		Message: "This is a defect of the server: its answer is not what its own schema " + name + " allows.",
		Details: map[string]any{"violations": violations},
	})
}
