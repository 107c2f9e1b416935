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
//	provider exists, is the caller's  ../memory
//	idempotency (POST)                ../memory
//	request schema, query             post.go, query.go
//	rules                             ../rules, ../audit
package rest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/memory"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Options are what the handler takes from outside.
type Options struct {
	Milestone        *milestones.Milestone
	Schemas          *schemas.Set
	Store            *memory.Store
	Keys             KeySet
	PartnerKeys      []PartnerKey // nil: header mode
	IgnoreTestClocks bool
	RetentionDays    int // an export's default
	// SelfCheck, when not nil, is told of every answer that the schemas forbid,
	// before the answer is replaced by INTERNAL.
	SelfCheck func(operation string, violations []schemas.Violation)
}

// Handler serves the contract.
type Handler struct {
	Options
	routes []route
	keys   partnerKeys
}

// New gives a handler, or an error when the milestone promises what this
// handler cannot serve.
func New(options Options) (*Handler, error) {
	h := &Handler{Options: options, keys: newPartnerKeys(options.PartnerKeys)}
	for i := range options.Milestone.Operations {
		r, err := newRoute(&options.Milestone.Operations[i], options.Schemas)
		if err != nil {
			return nil, fmt.Errorf("routing milestone %s: %w", options.Milestone.ID, err)
		}
		h.routes = append(h.routes, r)
	}
	return h, nil
}

// exchange is one request on its way to its answer.
type exchange struct {
	*http.Request
	route       *route // nil when none matched
	providerID  string
	correlation string
	identity    identity
	// now is the request's test clock, nil when it has none.
	now *rules.Now
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r}
	answer := h.answer(w, x)
	if h.SelfCheck != nil {
		answer = h.selfCheck(x, answer)
	}
	header := w.Header()
	header["Content-Type"] = []string{h.Milestone.Transport.ContentType}
	header["X-Correlation-Id"] = []string{answer.CorrelationID}
	if answer.Replayed {
		header["Idempotent-Replayed"] = []string{"true"}
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body)
}

// answer runs the checks that need no state, and hands over to the operation.
func (h *Handler) answer(w http.ResponseWriter, x *exchange) (answer memory.Answer) {
	defer func() {
		// No input should get here. If one does, the client still gets an answer by
		// the contract, and the message says where to look.
		if p := recover(); p != nil {
			answer = x.refuse(&rules.Refusal{Code: rules.Internal, Message: fmt.Sprintf("This is a defect of the server: %v", p)})
		}
	}()
	route, params, allowed := h.match(x.Method, x.URL.EscapedPath())
	x.correlation = correlation(x.Request, route)
	if route == nil {
		refusal := unrouted(x.Request, allowed)
		if allowed != nil {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
		}
		return x.refuse(refusal)
	}
	x.route, x.providerID = route, params
	if !route.Public {
		var refusal *rules.Refusal
		if x.identity, refusal = h.identify(x.Request); refusal != nil {
			return x.refuse(refusal)
		}
		x.now = h.testClock(x.Request)
	}
	return route.serve(h, x)
}

// testClock reads the request's own now.
//
// Rule test-clocks-can-be-off: a server that ignores them reads none.
func (h *Handler) testClock(r *http.Request) *rules.Now {
	text := value(r.Header, "X-Now-Iso")
	if text == "" || h.IgnoreTestClocks {
		return nil
	}
	return readClock("X-Now-Iso", text)
}

// readClock reads a test clock; one that cannot be read says so when it is
// needed.
func readClock(name, text string) *rules.Now {
	at, err := instant.Parse(text)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return &rules.Now{At: at, Malformed: err}
}

// succeed writes a success: correlation_id and the members given.
//
// Rule answers-are-json: success is 200 for every operation, and every answer
// is JSON.
func (x *exchange) succeed(members ...jcs.Member) memory.Answer {
	members = append(members, jcs.Member{Name: "correlation_id", Value: jcs.String(x.correlation)})
	return memory.Answer{Status: http.StatusOK, CorrelationID: x.correlation, Body: jcs.Object(members...)}
}

// selfCheck replaces an answer that its schema forbids.
func (h *Handler) selfCheck(x *exchange, answer memory.Answer) memory.Answer {
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
	if len(violations) == 0 {
		return answer
	}
	h.SelfCheck(operation, violations)
	return x.refuse(&rules.Refusal{
		Code:    rules.Internal,
		Message: "This is a defect of the server: its answer is not what its own schema " + name + " allows.",
		Details: map[string]any{"violations": violations},
	})
}

// Limits of the server around this handler. They bound what one client can
// hold, and are far above what any client of the contract needs.
const (
	HeaderTimeout = 10 * time.Second
	BodyTimeout   = 60 * time.Second
	IdleTimeout   = 120 * time.Second
	HeaderBytes   = 64 << 10
)
