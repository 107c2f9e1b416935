package world

import (
	"slices"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/journal"
)

// remember appends a request to the journal, before its answer leaves: a client that
// has its answer finds it there.
func (w *World) remember(seen *Event) {
	x := seen.Exchange
	e := &journal.Entry{
		ID:          seen.RequestID,
		At:          instant.Of(seen.At),
		Micros:      seen.Took.Microseconds(),
		Method:      seen.Request.Method,
		Path:        withoutQuerySecrets(seen.Request.URL.RequestURI()),
		Header:      w.withoutSecrets(seen.Request.Header),
		Body:        w.hide(x.Sent),
		Operation:   x.Operation.ID,
		ProviderID:  x.ProviderID,
		Status:      x.Answer.Status,
		ReasonCodes: x.Answer.Reasons(),
		Replayed:    x.Answer.Replayed,
		Fault:       seen.Fault,
		Answer:      w.hide(x.Answer.Body),
		Reached:     x.Reached,
		Caller:      x.Caller,
		Before:      x.Before,
	}
	if x.Outcome != nil {
		e.Outcome = x.Outcome.Name
	}
	if x.Answer.Refusal != nil {
		e.Code = string(x.Answer.Refusal.Code)
	}
	if w.hides() {
		w.hideTexts(e)
	}
	w.Journal.Append(e)
}

// Masked gives an entry of the journal to read: without the keys, too, that became known
// after it was remembered.
func (w *World) Masked(e *journal.Entry) *journal.Entry {
	if w.handler.PartnerKeys == nil { // nothing becomes known
		return e
	}
	masked := *e
	masked.Header, masked.Body, masked.Answer = w.withoutSecrets(e.Header), w.hide(e.Body), w.hide(e.Answer)
	w.hideTexts(&masked)
	return &masked
}

// hideTexts hides what an entry has beside its header and the two bodies.
func (w *World) hideTexts(e *journal.Entry) {
	e.Path, e.ProviderID = string(w.hide([]byte(e.Path))), string(w.hide([]byte(e.ProviderID)))
	e.Caller.ID = string(w.hide([]byte(e.Caller.ID)))
	e.ReasonCodes = slices.Clone(e.ReasonCodes) // a client's own may stand among them
	for i, code := range e.ReasonCodes {
		e.ReasonCodes[i] = string(w.hide([]byte(code)))
	}
}
