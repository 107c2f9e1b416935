package rest

import (
	"io"
	"net/http"

	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/schemas"
)

// drainBytes is how much of a body that is too large is taken off the connection
// before the answer, so that a client that is still sending gets to read it.
// Beyond that the connection is closed.
const drainBytes = 8 << 20

// readBody reads a POST's body as I-JSON.
//
// Rule body-within-limit: a body of as many bytes as the milestone allows is
// read, one of a byte more is refused. Rule empty-body-is-an-object: a body of no
// bytes counts as {}. Rule body-is-i-json: RFC 7493, so that no two readers of a
// body can see two things in it.
func (h *Handler) readBody(r *http.Request) (schemas.Document, *rules.Refusal) {
	limit := int64(h.Milestone.Limits.BodyBytes)
	body := make([]byte, 0, min(max(r.ContentLength, 512), limit)+1)
	var err error
	for err == nil && int64(len(body)) <= limit {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		var n int
		n, err = r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
	}
	switch {
	case int64(len(body)) > limit:
		io.CopyN(io.Discard, r.Body, drainBytes)
		return schemas.Document{}, &rules.Refusal{
			Rule: "body-within-limit", Code: rules.PayloadTooLarge,
			Message: "The body is larger than 1 MiB.",
		}
	case err != io.EOF:
		return schemas.Document{}, malformed("The body broke off before its end.")
	case len(body) == 0:
		body = []byte("{}")
	}
	document, err := schemas.Read(body)
	if err != nil {
		return schemas.Document{}, malformed("The body is " + err.Error() + " (RFC 7493).")
	}
	return document, nil
}

func malformed(message string) *rules.Refusal {
	return &rules.Refusal{Rule: "body-is-i-json", Code: rules.ConstraintViolation, Reason: rules.Invalid, Message: message}
}
