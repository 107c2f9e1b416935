// Package exchange has the one type of a request to a world and its answer. The handler
// fills it, the journal stores it, and the log, the metrics, the admin API and the
// explanations read it.
package exchange

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// Exchange is a request and its answer. It is not changed once it has been recorded. As
// JSON it is an entry of the journal, in the form of the admin API.
type Exchange struct {
	RequestID string `json:"request_id"`
	// At is when the request was answered, by the world's clock.
	At instant.Instant `json:"at"`
	// Took is the time until then, by the server's stopwatch.
	Took   Micros `json:"duration_us"`
	Method string `json:"method"`
	// Path has the query, as the client wrote it.
	Path   string              `json:"path"`
	Header map[string][]string `json:"request_header"`
	// Body is the body of the request, as far as it was read; nil if none of it was.
	Body Text `json:"request_body"`
	// Operation is the id of the operation; the router's if the request reached none.
	Operation string `json:"operation"`
	// ProviderID is the one in the path; "" if there is none.
	ProviderID string `json:"provider_id,omitzero"`
	// Status is the HTTP status of the answer; 0 if the request was not answered.
	Status int `json:"status"`
	// Outcome is the name of the operation's outcome; "" if the answer is none of the milestone's.
	Outcome string `json:"outcome,omitzero"`
	// Code is the error code; "" for a success.
	Code string `json:"code,omitzero"`
	// ReasonCodes are all that the answer has, in its order.
	ReasonCodes []string `json:"reason_codes"`
	// Replayed reports whether the answer was cached for the idempotency key.
	Replayed bool `json:"replayed"`
	// Fault is the id of the fault that was injected; "" for none. The answer is the
	// fault's, or else the world's, which may have been lost on its way.
	Fault string `json:"fault,omitzero"`
	// Answer is the body of the answer.
	Answer Text `json:"response_body"`

	// World is the name of the world.
	World string `json:"-"`
	// ActorType and ActorID identify the caller; "" if the request was not identified.
	ActorType, ActorID string `json:"-"`
	// Before is the provider when a POST was decided, a value that marshals to JSON; nil if
	// there was none, or if rules are not traced.
	Before any `json:"-"`
	// Reached are the rules that the request reached, if rules are traced.
	Reached []ruletrace.Reached `json:"-"`
	// Full reports whether the request was refused because a bound of the server left no room.
	Full bool `json:"-"`

	// ContentType, CorrelationID and Allow are headers of the answer; Allow may be "".
	ContentType, CorrelationID, Allow string `json:"-"`
	// Unread reports whether a part of the request's body was left unread.
	Unread bool `json:"-"`
}

// The labels of exchanges whose answer is no outcome of the milestone.
const (
	LabelInternal = "internal" // a defect of the server
	LabelFull     = "full"     // no room for another record
	LabelFault    = "fault"    // an injected fault
)

// Label returns the outcome, or one of the other labels. The log and the metrics have it.
func (x *Exchange) Label() string {
	switch {
	case x.Outcome != "":
		return x.Outcome
	case x.Full:
		return LabelFull
	case x.Fault != "":
		return LabelFault
	}
	return LabelInternal
}

// IdempotencyKey returns the request's own, "" if it has none.
func (x *Exchange) IdempotencyKey() string {
	return strings.TrimSpace(strings.Join(x.Header["Idempotency-Key"], ", "))
}

// Size returns about how many bytes the exchange keeps from being freed.
func (x *Exchange) Size() int {
	size := 1024 + len(x.Path) + cap(x.Body) + len(x.Answer) + 24*cap(x.Reached)
	for name, lines := range x.Header {
		size += 48 + len(name)
		for _, line := range lines {
			size += len(line)
		}
	}
	return size
}

// Micros is a duration that JSON shows in whole microseconds.
type Micros time.Duration

// MarshalJSON implements json.Marshaler.
func (m Micros) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(m).Microseconds(), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Micros) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	*m = Micros(time.Duration(n) * time.Microsecond)
	return err
}

// Text is a body, of which JSON shows the first 64 KiB as a string.
type Text []byte

const shownBytes = 64 << 10

// String returns the body, cut to its first 64 KiB. A cut is marked by the number of bytes
// that are missing.
func (t Text) String() string {
	if len(t) <= shownBytes {
		return string(t)
	}
	cut := shownBytes
	for cut > shownBytes-utf8.UTFMax && !utf8.RuneStart(t[cut]) {
		cut--
	}
	return string(t[:cut]) + "[" + strconv.Itoa(len(t)-cut) + " more bytes]"
}

// MarshalText implements encoding.TextMarshaler.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Text) UnmarshalText(text []byte) error {
	*t = append(Text(nil), text...)
	return nil
}
