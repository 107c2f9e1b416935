package record

import (
	"bytes"
	"time"

	messages "github.com/cucumber/messages/go/v21" // the module of the Gherkin parser; later versions are not published for Go
	"github.com/go-json-experiment/json"           // a log is megabytes: encoding/json takes twice as long to read them
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// batch is some lines.
type batch struct {
	bytes.Buffer
	off   bool     // nothing is written
	hides *Secrets // in lines that do not come from package record
}

func (b *batch) add(m *messages.Envelope) {
	if b.off {
		return
	}
	from := b.Len()
	if err := json.MarshalWrite(&b.Buffer, m, format); err != nil {
		panic(err) // structs of strings and numbers
	}
	b.WriteByte('\n')
	if b.hides != nil && b.hides.In(string(b.Bytes()[from:])) {
		hidden := scrub(b.Bytes()[from:], b.hides)
		b.Truncate(from)
		b.Write(hidden)
	}
}

func (b *batch) began(ref string, step int, at time.Time) {
	b.add(&messages.Envelope{TestStepStarted: &messages.TestStepStarted{
		TestCaseStartedId: caseID(ref), TestStepId: stepID(ref, step), Timestamp: stamp(at),
	}})
}

func (b *batch) finished(ref string, step int, status messages.TestStepResultStatus, message string, took time.Duration, at time.Time) {
	duration := messages.GoDurationToDuration(took)
	b.add(&messages.Envelope{TestStepFinished: &messages.TestStepFinished{
		TestCaseStartedId: caseID(ref), TestStepId: stepID(ref, step), Timestamp: stamp(at),
		TestStepResult: &messages.TestStepResult{Status: status, Message: message, Duration: &duration},
	}})
}

func (b *batch) exchange(x *Exchange, testCase, testStep string) {
	if b.off {
		return
	}
	b.attach(exchangeName, encode(x), testCase, testStep)
}

func (b *batch) attach(name string, text []byte, testCase, testStep string) {
	b.add(&messages.Envelope{Attachment: &messages.Attachment{
		Body: string(bytes.TrimSpace(text)), ContentEncoding: messages.AttachmentContentEncoding_IDENTITY,
		FileName: name, MediaType: "application/json", TestCaseStartedId: testCase, TestStepId: testStep,
	}})
}

// format is how messages are written: the tags of their module are meant for encoding/json.
var format = json.JoinOptions(jsonv1.OmitEmptyWithLegacySemantics(true), json.Deterministic(true), jsontext.AllowInvalidUTF8(true))

// encode writes an attachment.
func encode(value any) []byte {
	text, err := json.Marshal(value, format)
	if err != nil {
		panic(err) // structs of strings and numbers
	}
	return text
}

func stamp(at time.Time) *messages.Timestamp {
	t := messages.GoTimeToTimestamp(at)
	return &t
}

// scrub takes the secrets out of the values of a line, and leaves the names of its members alone.
func scrub(line []byte, secrets *Secrets) []byte {
	var b bytes.Buffer
	decoder, encoder := jsontext.NewDecoder(bytes.NewReader(line)), jsontext.NewEncoder(&b)
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return b.Bytes() // io.EOF: these are our own lines
		}
		if kind, length := decoder.StackIndex(decoder.StackDepth()); token.Kind() == '"' && (kind != '{' || length%2 == 0) {
			token = jsontext.String(secrets.Scrub(token.String()))
		}
		if err := encoder.WriteToken(token); err != nil {
			panic(err) // what can be read can be written
		}
	}
}
