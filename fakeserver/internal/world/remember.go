package world

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/rest"
)

// remember appends a request to the journal, before its answer leaves: a client that
// has its answer finds it there.
func (w *World) remember(seen *Seen) {
	x := seen.Exchange
	e := &journal.Entry{
		ID:          seen.RequestID,
		At:          instant.Of(seen.At),
		Micros:      seen.Took.Microseconds(),
		Method:      seen.Request.Method,
		Path:        seen.Request.URL.RequestURI(),
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
	e.Path, e.ProviderID = w.hidePath(e.Path), string(w.hide([]byte(e.ProviderID)))
	e.Caller.ID = string(w.hide([]byte(e.Caller.ID)))
	e.ReasonCodes = slices.Clone(e.ReasonCodes) // a client's own may stand among them
	for i, code := range e.ReasonCodes {
		e.ReasonCodes[i] = string(w.hide([]byte(code)))
	}
}

// secret are the headers whose values are never remembered. In header mode a partner
// key is an id that everybody may know; who sends a real one by mistake still finds it
// nowhere.
var secret = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Partner-Key"}

// hides tells whether there is anything to hide.
func (w *World) hides() bool { return w.handler.PartnerKeys != nil || w.options.ControlToken != "" }

// hide gives a text in which neither a partner key nor the control token stands. It is
// the same text when none did.
func (w *World) hide(text []byte) []byte {
	text = w.handler.PartnerKeys.Hide(text)
	if token := []byte(w.options.ControlToken); len(token) > 0 && bytes.Contains(text, token) {
		text = bytes.ReplaceAll(text, token, []byte(rest.Hidden))
	}
	return text
}

// hidePath is hide for a path with its query, in which a secret may stand
// percent-encoded: then what is left is shown decoded.
func (w *World) hidePath(path string) string {
	path = string(w.hide([]byte(path)))
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	if hidden := string(w.hide([]byte(decoded))); hidden != decoded {
		return hidden
	}
	return path
}

// withoutSecrets gives the headers without what must not be remembered. They are the
// same ones when there is nothing of that kind.
func (w *World) withoutSecrets(header http.Header) http.Header {
	copied := false
	change := func(name string, lines []string) {
		if !copied {
			header, copied = maps.Clone(header), true
		}
		header[name] = lines
	}
	for _, name := range secret {
		if lines := header[name]; lines != nil {
			change(name, slices.Repeat([]string{rest.Hidden}, len(lines)))
		}
	}
	if !w.hides() {
		return header
	}
	for name, lines := range header {
		for i, line := range lines {
			if hidden := w.hide([]byte(line)); !bytes.Equal(hidden, []byte(line)) {
				lines = slices.Clone(lines)
				lines[i] = string(hidden)
				change(name, lines)
			}
		}
	}
	return header
}
