package record

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// message is a request or an answer in JSON. A body has one of three forms: text, Base64 when it is not UTF-8, or its beginning.
type message struct {
	Method       string      `json:"method,omitzero"`
	Target       string      `json:"target,omitzero"`
	Status       int         `json:"status,omitzero"`
	Header       http.Header `json:"header"`
	HeaderFields int         `json:"header_fields,omitzero"`
	Body         *string     `json:"body,omitzero"`
	BodyBase64   []byte      `json:"body_base64,omitempty"`
	BodyBytes    int         `json:"body_bytes,omitzero"`
	BodySHA256   string      `json:"body_sha256,omitzero"`
	BodyBegins   *string     `json:"body_begins,omitzero"`
	BodyCut      bool        `json:"body_cut,omitzero"`
}

func (m *message) setBody(body []byte, length int, sum string) {
	switch {
	case length > 0:
		begins := string(body)
		m.BodyBytes, m.BodySHA256, m.BodyBegins = length, sum, &begins
	case utf8.Valid(body):
		text := string(body)
		m.Body = &text
	default:
		m.BodyBase64 = body
	}
}

func (m *message) body() []byte {
	switch {
	case m.BodyBegins != nil && *m.BodyBegins != "":
		return []byte(*m.BodyBegins)
	case m.Body != nil && *m.Body != "":
		return []byte(*m.Body)
	}
	return m.BodyBase64
}

// MarshalJSONTo writes the request.
func (r Request) MarshalJSONTo(e *jsontext.Encoder) error {
	m := message{Method: r.Method, Target: r.Target, Header: r.Header, HeaderFields: r.Fields}
	m.setBody(r.Body, r.Length, r.SHA256)
	return json.MarshalEncode(e, &m)
}

// UnmarshalJSONFrom reads what MarshalJSONTo wrote.
func (r *Request) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var m message
	if err := json.UnmarshalDecode(d, &m); err != nil {
		return err
	}
	*r = Request{Method: m.Method, Target: m.Target, Header: m.Header, Body: m.body(), Length: m.BodyBytes, SHA256: m.BodySHA256, Fields: m.HeaderFields}
	return nil
}

// MarshalJSONTo writes the answer.
func (r Response) MarshalJSONTo(e *jsontext.Encoder) error {
	m := message{Status: r.Status, Header: r.Header, HeaderFields: r.Fields, BodyCut: r.Cut}
	m.setBody(r.Body, r.Length, r.SHA256)
	return json.MarshalEncode(e, &m)
}

// UnmarshalJSONFrom reads what MarshalJSONTo wrote.
func (r *Response) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var m message
	if err := json.UnmarshalDecode(d, &m); err != nil {
		return err
	}
	*r = Response{Status: m.Status, Header: m.Header, Body: m.body(), Length: m.BodyBytes, SHA256: m.BodySHA256, Fields: m.HeaderFields, Cut: m.BodyCut}
	return nil
}

// Checks are the results of the checks on one answer: first those that passed, then those that failed, then those that did not
// apply.
type Checks []CheckResult

// checksByStatus are checks in JSON.
type checksByStatus struct {
	Passed        []string      `json:"passed"`
	Failed        []CheckResult `json:"failed"`
	NotApplicable []CheckResult `json:"not_applicable"`
}

// sort puts the checks in the order of their statuses.
func (c Checks) sort() {
	slices.SortStableFunc(c, func(a, b CheckResult) int { return int(a.Status - b.Status) })
}

// MarshalJSONTo writes the checks by their statuses.
func (c Checks) MarshalJSONTo(e *jsontext.Encoder) error {
	var by checksByStatus
	for _, result := range c {
		switch result.Status {
		case CheckPassed:
			by.Passed = append(by.Passed, result.Check)
		case CheckFailed:
			by.Failed = append(by.Failed, result)
		case CheckNotApplicable:
			by.NotApplicable = append(by.NotApplicable, result)
		}
	}
	return json.MarshalEncode(e, &by)
}

// UnmarshalJSONFrom reads what MarshalJSONTo wrote.
func (c *Checks) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var by checksByStatus
	if err := json.UnmarshalDecode(d, &by); err != nil {
		return err
	}
	*c = nil
	for _, id := range by.Passed {
		*c = append(*c, CheckResult{Check: id})
	}
	for _, result := range by.Failed {
		result.Status = CheckFailed
		*c = append(*c, result)
	}
	for _, result := range by.NotApplicable {
		result.Status = CheckNotApplicable
		*c = append(*c, result)
	}
	return nil
}

// WithoutTimes returns the JSON of what is the same in every run.
func (x *Exchange) WithoutTimes() []byte {
	same := *x
	same.SentAt, same.TookMS = time.Time{}, 0
	return encode(&same)
}
