// Package explain describes what a precondition looks at, and which change of the request
// passes it. A precondition declares that beside its rule, as data and a function that is
// called only for an explanation:
//
//	var explained = explain.Rules{teaIsHot: {
//		Inputs: explain.Inputs(explain.Body, "/tea/degrees"),
//		Change: explain.Set(explain.Body, "/tea/degrees", 80),
//		Advice: "Serve tea at 80 degrees.",
//	}}
//
// Nothing of it runs while a request is answered.
package explain

import (
	"strings"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/internal/jsonvalue"
)

// The places of an [Input] or a [Change].
const (
	Method   = "method"
	Path     = "path"
	Header   = "header"   // At is a name
	Query    = "query"    // At is a name
	Body     = "body"     // At is a JSON Pointer (RFC 6901)
	Provider = "provider" // as it was before; At is a JSON Pointer
	Clock    = "clock"
	Server   = "server" // what the server has stored; At describes it
)

// Input is something that a precondition looks at.
type Input struct {
	Where string `json:"where"`
	At    string `json:"at"`
	// Value is what was there; absent if there was nothing, or nothing to show.
	Value any `json:"value,omitzero"`
}

// Change is a change of a request.
type Change struct {
	Where  string `json:"where"`
	At     string `json:"at"`
	To     any    `json:"to,omitzero"`
	Remove bool   `json:"remove,omitzero"`
}

// Rule explains a precondition.
type Rule struct {
	Inputs []Input
	// Change returns the nearest change that passes the precondition. It is nil, or returns
	// none, if no change of the request passes, or if those of the preconditions before do.
	Change func(*Case) []Change
	// Advice is the change as a sentence.
	Advice string
}

// Rules are explanations by rule.
type Rules map[ruletrace.Rule]Rule

// Precondition returns a rule.
func Precondition(inputs []Input, change func(*Case) []Change, advice string) Rule {
	return Rule{Inputs: inputs, Change: change, Advice: advice}
}

// Case is an exchange to explain, decoded, and what the server knows about its operation.
type Case struct {
	*exchange.Exchange
	Route    string              // the path without the query
	Query    map[string][]string // as much of it as can be read
	Document any                 // the body; nil if it could not be read
	NoBody   bool                // there is no body; Document is what that counts as
	Provider any                 // as it was before; nil if there was none
	Refused  []ruletrace.Rule    // the preconditions that refused before this one

	KeyMode bool     // X-Partner-Key identifies the caller
	Scope   string   // of the operation
	Schema  string   // of the body; "" if the operation reads none
	Sample  any      // a body that is valid by the schema; nil if there is none
	Routes  []Route  // of all operations
	Methods []string // of this path
}

// Route is a method, and a path in which a segment such as {id} matches any.
type Route struct{ Method, Path string }

// NewKey returns the change to an idempotency key that was not used before.
func (c *Case) NewKey() Change {
	return Change{Where: Header, At: "Idempotency-Key", To: "instead-of-" + c.RequestID}
}

// Text returns the string at a JSON Pointer; "" if there is none.
func Text(value any, pointer jsonvalue.Pointer) string {
	text, _ := jsonvalue.At(value, pointer).(string)
	return text
}

// Fill returns an input with what was there.
func (c *Case) Fill(in Input) Input {
	joined := func(lines []string) any {
		if len(lines) == 0 {
			return nil
		}
		return strings.Join(lines, ", ")
	}
	switch in.Where {
	case Method:
		in.Value = c.Method
	case Path:
		in.Value = c.Route
	case Header:
		in.Value = joined(c.Header[in.At])
	case Query:
		in.Value = joined(c.Query[in.At])
	case Body:
		in.Value = jsonvalue.At(c.Document, jsonvalue.Pointer(in.At))
	case Provider:
		in.Value = jsonvalue.At(c.Provider, jsonvalue.Pointer(in.At))
	case Clock:
		in.Value = c.At.String()
	}
	return in
}

// Inputs returns inputs at one kind of place.
func Inputs(where string, at ...string) []Input {
	inputs := make([]Input, len(at))
	for i, at := range at {
		inputs[i] = Input{Where: where, At: at}
	}
	return inputs
}

// Set returns the change of one value.
func Set(where, at string, to any) func(*Case) []Change {
	return func(*Case) []Change { return []Change{{Where: where, At: at, To: to}} }
}

// Remove returns the change that removes values.
func Remove(where string, at ...string) func(*Case) []Change {
	return func(*Case) (changes []Change) {
		for _, at := range at {
			changes = append(changes, Change{Where: where, At: at, Remove: true})
		}
		return changes
	}
}
