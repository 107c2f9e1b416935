package fault

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/milestones"
)

// Header is the header of an answer with the id of the fault that was injected.
const Header = "X-Fake-Fault"

// Wait returns after a time, or when ctx is done.
type Wait func(ctx context.Context, long time.Duration)

// Injector injects faults into the answers of one world.
type Injector struct {
	Handler *rest.Handler
	Wait    Wait
}

// Injection is a fault on its way into the answer of a request.
type Injection struct {
	*Match
	// Exchange has the answer that the fault gives, or else the world's. Its status is 0 if
	// the request was neither handled nor answered.
	Exchange *exchange.Exchange

	wait   Wait
	w      http.ResponseWriter
	r      *http.Request
	closed bool // the client went away
}

// Inject handles a request, as far as the fault does not prevent that, and decides what it
// is answered. [Injection.Write] sends it.
func (in Injector) Inject(w http.ResponseWriter, r *http.Request, match *Match) *Injection {
	i := &Injection{Match: match, wait: in.Wait, w: w, r: r}
	f := match.Fault
	w.Header()[Header] = []string{match.ID}
	if f.Latency > 0 && f.When == Before {
		in.bufferBody(r)
		i.delay()
	}
	switch {
	case i.closed:
		i.Exchange = in.Handler.Skip(r)
	case f.Stale:
		i.Exchange = match.Stale.Handle(r)
	case f.Handles():
		i.Exchange = in.Handler.Handle(r)
	default:
		i.Exchange = in.Handler.Skip(r)
	}
	if f.Answer != nil && !i.closed {
		i.Exchange = in.refuse(r, i.Exchange, *f.Answer)
	}
	i.Exchange.Fault = match.ID
	if f.Latency > 0 && f.When == After {
		i.delay()
	}
	return i
}

// delay waits for as long as the fault's latency, or until the client goes away.
func (i *Injection) delay() {
	clearReadDeadline(i.w)
	i.wait(i.r.Context(), time.Duration(i.Fault.Latency))
	i.closed = i.r.Context().Err() != nil
}

// bufferBody reads the body of a request, as much as any handler reads of it: only then does
// net/http notice that a client went away.
func (in Injector) bufferBody(r *http.Request) {
	limit := int64(in.Handler.Milestone.Limits.BodyBytes)
	if r.Body == nil || r.ContentLength > limit {
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, limit+1)) // the handler gets the same error
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
}

// clearReadDeadline removes the read deadline of the connection of a request that was read.
// Else the request's context would end with it while the fault waits.
func clearReadDeadline(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// refuse replaces the answer of an exchange by the fault's. Identity is not looked at, so
// that the refusal shows nothing of it.
func (in Injector) refuse(r *http.Request, handled *exchange.Exchange, a Answer) *exchange.Exchange {
	operation, providerID := in.Handler.Operation(r)
	refusal := &rules.Refusal{
		Outcome: rules.Outcome{Code: rules.Code(a.Code), Reason: rules.Reason(a.ReasonCode)},
		Message: "This answer is a fault that was added to the world.",
	}
	status := a.Status
	if outcome := a.refusal(operation); outcome != nil {
		status = outcome.Status
		refusal.Outcome = rules.Outcome{Name: outcome.Name, Code: rules.Code(outcome.Code), Reason: rules.Reason(outcome.ReasonCode)}
		refusal.Details = in.details(r, operation, providerID, outcome)
	} else if outcome := equalOutcome(operation, a); outcome != nil {
		refusal.Outcome.Name = outcome.Name
	}
	x := in.Handler.Refuse(r, refusal, status)
	x.Body, x.Unread = handled.Body, handled.Unread
	x.ActorType, x.ActorID, x.Before, x.Reached = handled.ActorType, handled.ActorID, handled.Before, handled.Reached
	return x
}

// equalOutcome returns the outcome of an operation that has the status and codes of an
// answer, and requires no details; nil if there is none.
func equalOutcome(o *milestones.Operation, a Answer) *milestones.Outcome {
	for i := range o.Outcomes {
		if e := &o.Outcomes[i]; e.Status == a.Status && e.Code == a.Code && e.ReasonCode == a.ReasonCode && len(e.Details) == 0 {
			return e
		}
	}
	return nil
}

// details returns the details that an outcome requires: those of the request's path and of
// the milestone, and placeholders for those of the caller.
func (in Injector) details(r *http.Request, o *milestones.Operation, providerID string, outcome *milestones.Outcome) map[string]any {
	m := in.Handler.Milestone
	key := strings.TrimSpace(strings.Join(r.Header[m.Transport.IdempotencyHeader], ", "))
	if key == "" || utf8.RuneCountInString(key) > m.Limits.IdempotencyKeyLength {
		key = "none"
	}
	known := map[string]any{
		"provider_id":           providerID,
		"reason_codes":          outcome.ReasonCodes,
		"operation_id":          o.ID,
		"required_scopes":       []string{o.Scope},
		"provided_scopes":       []string{},
		"missing_scopes":        []string{o.Scope},
		"header":                m.Transport.IdempotencyHeader,
		"actor_type":            "user",
		"allowed_actor_types":   []string{"partner"},
		"owner_actor":           rules.Actor{Type: "partner", ID: "somebody-else"},
		"actor":                 rules.Actor{Type: "partner", ID: "caller"},
		"idempotency_key":       key,
		"original_payload_hash": strings.Repeat("0", 64),
		"payload_hash":          strings.Repeat("1", 64),
		"method":                r.Method,
		"path":                  r.URL.EscapedPath(),
	}
	details := map[string]any{}
	for _, name := range outcome.Details {
		details[name] = known[name]
	}
	return details
}

// Write sends the answer as the fault has it, or closes the connection.
func (i *Injection) Write() {
	f := i.Fault
	switch {
	case i.closed || f.Drop:
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case f.Truncate != nil || f.Slow != nil:
		i.writeThrottled()
	default:
		rest.Write(i.w, i.r, i.Exchange)
	}
}

// writeThrottled sends the answer in pieces, or less of the body than Content-Length has.
func (i *Injection) writeThrottled() {
	f, body := i.Fault, []byte(i.Exchange.Answer)
	clearReadDeadline(i.w)
	rest.SetHeader(i.w.Header(), i.Exchange)
	i.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	i.w.WriteHeader(i.Exchange.Status)
	if f.Truncate != nil {
		body = body[:max(0, min(*f.Truncate, len(body)-1))]
	}
	out := http.NewResponseController(i.w)
	piece := max(len(body), 1)
	if f.Slow != nil {
		piece = f.Slow.Bytes
	}
	for first := true; len(body) > 0; first = false {
		if !first {
			i.wait(i.r.Context(), time.Duration(f.Slow.Pause))
		}
		n := min(piece, len(body))
		if _, err := i.w.Write(body[:n]); err != nil || i.r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		out.Flush()
		body = body[n:]
	}
	if f.Truncate != nil {
		out.Flush() // the header too, if nothing follows it
		panic(http.ErrAbortHandler)
	}
}
