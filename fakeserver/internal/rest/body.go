package rest

import (
	"io"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/schemas"
)

// The rules that this file decides.
const (
	bodyWithinLimit     ruletrace.Rule = "body-within-limit"
	bodyIsIJSON         ruletrace.Rule = "body-is-i-json"
	emptyBodyIsAnObject ruletrace.Rule = "empty-body-is-an-object"
)

// readBody reads a POST's body as I-JSON (RFC 7493), so that all readers of it read the same.
// An empty body counts as {}. A body whose Content-Length is over the milestone's limit is not
// read.
func (h *Handler) readBody(x *request) (schemas.Document, *rules.Refusal) {
	r := x.Request
	limit := int64(h.Milestone.Limits.BodyBytes)
	expected := r.ContentLength
	if expected < 0 { // unknown
		expected = 512
	}
	body := make([]byte, 0, min(expected, limit)+1) // and no more, for the journal stores it
	tooLarge := r.ContentLength > limit
	var err error
	for err == nil && !tooLarge {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		var n int
		n, err = r.Body.Read(body[len(body):min(int64(cap(body)), limit+1)]) // no more, for net/http waits for all of it in a chunk
		body = body[:len(body)+n]
		tooLarge = int64(len(body)) > limit
	}
	x.sent = body
	broken := err != nil && err != io.EOF
	switch {
	case x.trace.Precondition(bodyWithinLimit, tooLarge):
		x.unread = true
		return schemas.Document{}, &rules.Refusal{
			Rule: bodyWithinLimit, Outcome: rules.PayloadTooLarge,
			Message: "The body is larger than 1 MiB.",
		}
	case broken:
		x.trace.Precondition(bodyIsIJSON, true)
		return schemas.Document{}, malformed("The body broke off before its end.")
	case len(body) == 0:
		x.trace.Invariant(emptyBodyIsAnObject)
		body = []byte("{}")
	}
	document, err := schemas.ReadRequest(body)
	if x.trace.Precondition(bodyIsIJSON, err != nil) {
		return schemas.Document{}, malformed("The body is " + err.Error() + " (RFC 7493).")
	}
	return document, nil
}

func malformed(message string) *rules.Refusal {
	return &rules.Refusal{Rule: bodyIsIJSON, Outcome: rules.PayloadInvalid, Message: message}
}

var bodyExplained = explain.Rules{
	bodyWithinLimit: explain.Precondition(
		explain.Inputs(explain.Body, ""), nil, "Send a body of 1 MiB at most.",
	),
	bodyIsIJSON: explain.Precondition(
		explain.Inputs(explain.Body, ""), nil, "Send I-JSON (RFC 7493): the message of the answer says what is wrong, and where.",
	),
}
