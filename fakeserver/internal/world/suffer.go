package world

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"example.com/lpgate/fakeserver/internal/fault"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/store"
)

// FaultHeader names the fault that an answer met. It is absent where none was.
const FaultHeader = "X-Fake-Fault"

// AddFault lets something go wrong from now on.
func (w *World) AddFault(f fault.Fault) (fault.State, *problem.Problem) {
	f, wrong := f.Complete(w.options.Handler.Milestone)
	if wrong != nil {
		return fault.State{}, wrong
	}
	var old *rest.Handler
	if f.Stale {
		stored := w.options.Memory
		stored.Clock = w.Clock.Now
		stored.Budget = nil // an image is counted where it was taken, and goes with the fault
		store := store.New(stored)
		store.Restore(w.Store.Image(), nil)
		old = w.options.Handler.For(store)
	}
	return w.Faults.Add(f, old)
}

// suffer answers a request that met a fault, or does not.
func (w *World) suffer(rw http.ResponseWriter, seen *Event, began time.Time, met *fault.Match[*rest.Handler]) {
	f, r := met.Fault, seen.Request
	seen.Fault = met.ID
	rw.Header()[FaultHeader] = []string{met.ID}
	gone := false
	late := func() {
		unhurried(rw)
		w.options.Wait(r.Context(), time.Duration(f.Latency))
		gone = r.Context().Err() != nil
	}
	if f.Latency > 0 && f.When == fault.Before {
		w.receive(r)
		late()
	}
	switch {
	case gone:
		seen.Exchange = w.handler.Skipped(r)
	case f.Stale:
		seen.Exchange = met.Kept.Handle(r)
	case f.Handles():
		seen.Exchange = w.handler.Handle(r)
	default:
		seen.Exchange = w.handler.Skipped(r)
	}
	if a := f.Answer; a != nil && !gone {
		seen.Exchange = w.handler.Inject(r, seen.Exchange, rest.InjectedError{
			Outcome: a.Refusal(seen.Exchange.Operation), Status: a.Status, Code: a.Code, ReasonCode: a.ReasonCode,
		})
	}
	if f.Latency > 0 && f.When == fault.After {
		late()
	}
	w.tell(seen, began)
	if gone || f.Drop {
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
	if f.Truncate == nil && f.Slow == nil {
		seen.Exchange.Write(rw)
		return
	}
	w.dribble(rw, r, f, seen.Exchange)
}

// receive takes a body that will be read off the connection, as much as any handler
// reads of it: only then does net/http notice that a client went away.
func (w *World) receive(r *http.Request) {
	limit := int64(w.handler.Milestone.Limits.BodyBytes)
	if r.Body == nil || r.ContentLength > limit {
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, limit+1)) // what breaks it off does so again
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
}

// unhurried takes the limit for reading off the connection of a request that has been
// read. Else the request's context would end with it while a fault takes its time.
func unhurried(rw http.ResponseWriter) { http.NewResponseController(rw).SetReadDeadline(time.Time{}) }

// dribble writes an answer in pieces, or less of it than it promises.
func (w *World) dribble(rw http.ResponseWriter, r *http.Request, f fault.Fault, x *rest.Exchange) {
	unhurried(rw)
	body := x.Answer.Body
	x.Head(rw.Header())
	rw.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	rw.WriteHeader(x.Answer.Status)
	if f.Truncate != nil {
		body = body[:max(0, min(*f.Truncate, len(body)-1))]
	}
	out := http.NewResponseController(rw)
	piece := max(len(body), 1)
	if f.Slow != nil {
		piece = f.Slow.Bytes
	}
	for first := true; len(body) > 0; first = false {
		if !first {
			w.options.Wait(r.Context(), time.Duration(f.Slow.Pause))
		}
		n := min(piece, len(body))
		if _, err := rw.Write(body[:n]); err != nil || r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		out.Flush()
		body = body[n:]
	}
	if f.Truncate != nil {
		out.Flush() // the head too, when nothing follows it
		panic(http.ErrAbortHandler)
	}
}
