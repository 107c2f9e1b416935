package record

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// AppendRecord appends the exchange as one JSON object, with all that a verdict and a report need of it. It writes no
// secret that secrets knows. What [Mark] says of the scenario and its sentence is for the caller to keep.
//
//	{"says":"200","cells":[{"outcome":"created","reason_code":""}],"stray":[],"burst":0,"facts":{…},"sent_at":"…","took_ms":0.312}
//
// The facts are what a line has too.
func (x *Exchange) AppendRecord(b []byte, secrets *Secrets) []byte {
	w := writer{b, secrets}
	w.raw(`{"says":`).scrubbed(x.Message)
	w.raw(`,"cells":[`)
	for i, cell := range x.Covered {
		w.comma(i).raw(`{"outcome":`).text(cell.Outcome).raw(`,"reason_code":`).text(cell.ReasonCode).raw("}")
	}
	w.raw(`],"stray":[`)
	for i, stray := range x.Undeclared {
		w.comma(i).raw(`{"status":`).integer(stray.Status).raw(`,"code":`).scrubbed(stray.Code)
		w.raw(`,"reason_code":`).scrubbed(stray.ReasonCode).raw("}")
	}
	w.raw(`],"burst":`).integer(x.Mark.Concurrency)
	w.raw(`,"facts":{`)
	x.appendFacts(&w)
	w.raw("}")
	x.appendTimes(&w)
	w.raw("}")
	return w.b
}

func (w *writer) comma(i int) *writer {
	if i > 0 {
		w.raw(",")
	}
	return w
}

// recordFile is what AppendRecord writes.
type recordFile struct {
	Says   string         `json:"says"`
	Cells  []cellFile     `json:"cells"`
	Stray  []strayFile    `json:"stray"`
	Burst  int            `json:"burst"`
	Facts  jsontext.Value `json:"facts"`
	SentAt string         `json:"sent_at"`
	TookMS float64        `json:"took_ms"`
}

type cellFile struct {
	Outcome    string `json:"outcome"`
	ReasonCode string `json:"reason_code"`
}

type strayFile struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	ReasonCode string `json:"reason_code"`
}

// factsFile is what appendFacts writes, in braces.
type factsFile struct {
	Operation string       `json:"operation"`
	Request   messageFile  `json:"request"`
	Response  *messageFile `json:"response"`
	Failure   string       `json:"failure"`
	Outcome   *string      `json:"outcome"`
	Checks    struct {
		Passed        []string    `json:"passed"`
		Failed        []checkFile `json:"failed"`
		NotApplicable []checkFile `json:"not_applicable"`
	} `json:"checks"`
}

// messageFile is a request or an answer.
type messageFile struct {
	Method       string      `json:"method"`
	Target       string      `json:"target"`
	Status       int         `json:"status"`
	Header       http.Header `json:"header"`
	HeaderFields int         `json:"header_fields"`
	Body         string      `json:"body"`
	BodyBase64   []byte      `json:"body_base64"`
	BodyBegins   string      `json:"body_begins"`
	BodyBytes    int         `json:"body_bytes"`
	BodySHA256   string      `json:"body_sha256"`
	BodyCut      bool        `json:"body_cut"`
}

type checkFile struct {
	Check      string              `json:"check"`
	Says       string              `json:"says"`
	Violations []schemas.Violation `json:"violations"`
}

// ReadRecord reads what AppendRecord wrote, as said on behalf of mark. Its operation and its outcome are known by their
// names alone, and a body of more than 256 KiB by its beginning.
func ReadRecord(text []byte, mark Mark) (*Exchange, error) {
	var file recordFile
	if err := json.Unmarshal(text, &file, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("reading the record of an exchange: %w", err)
	}
	var facts factsFile
	if err := json.Unmarshal(file.Facts, &facts, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("reading the record of an exchange: %w", err)
	}
	sent, err := time.Parse(timeFormat, file.SentAt)
	if err != nil {
		return nil, fmt.Errorf("reading the record of an exchange: %w", err)
	}
	mark.Concurrency = file.Burst
	x := &Exchange{
		Mark:      mark,
		Operation: &milestones.Operation{ID: facts.Operation},
		Request: Request{
			Method: facts.Request.Method, Target: facts.Request.Target, Header: facts.Request.Header, Body: facts.Request.body(),
			Length: facts.Request.BodyBytes, SHA256: facts.Request.BodySHA256, Fields: facts.Request.HeaderFields,
		},
		Failure:  facts.Failure,
		Message:  file.Says,
		SentAt:   sent,
		Took:     time.Duration(file.TookMS * float64(time.Millisecond)).Round(time.Microsecond),
		recorded: file.Facts[1 : len(file.Facts)-1],
	}
	if r := facts.Response; r != nil {
		x.Response = &Response{
			Status: r.Status, Header: r.Header, Body: r.body(), Length: r.BodyBytes, SHA256: r.BodySHA256, Fields: r.HeaderFields, Cut: r.BodyCut,
		}
	}
	if facts.Outcome != nil {
		x.Outcome = &milestones.Outcome{Name: *facts.Outcome}
	}
	for _, cell := range file.Cells {
		x.Covered = append(x.Covered, milestones.CoverageItem(cell))
	}
	for _, stray := range file.Stray {
		x.Undeclared = append(x.Undeclared, Undeclared(stray))
	}
	for _, check := range facts.Checks.Passed {
		x.Checks = append(x.Checks, CheckResult{Check: check})
	}
	for _, failed := range facts.Checks.Failed {
		x.Checks = append(x.Checks, failed.result(CheckFailed))
	}
	for _, skipped := range facts.Checks.NotApplicable {
		x.Checks = append(x.Checks, skipped.result(CheckNotApplicable))
	}
	return x, nil
}

func (m *messageFile) body() []byte {
	switch {
	case m.BodyBytes > 0:
		return []byte(m.BodyBegins)
	case len(m.BodyBase64) > 0:
		return m.BodyBase64
	case m.Body == "":
		return nil
	}
	return []byte(m.Body)
}

func (r *checkFile) result(verdict CheckStatus) CheckResult {
	return CheckResult{Check: r.Check, Status: verdict, Message: r.Says, Violations: r.Violations}
}
