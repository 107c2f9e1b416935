// Package explain is how a gate tells what it looked at and what would have passed it.
// A gate declares that beside its rule, as data and a function that is called only
// when somebody asks:
//
//	var explained = explain.Rules{"tea-is-hot": {
//		Looks:  []explain.Input{{Where: explain.Body, At: "/tea/degrees"}},
//		Change: explain.Set(explain.Body, "/tea/degrees", 80),
//		Says:   "Tea is served at 80 degrees.",
//	}}
//
// Nothing of it runs while a request is answered.
package explain

import (
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// Where something of a request is, or of what the server knew.
const (
	Method   = "method"
	Path     = "path"
	Header   = "header"   // at a name
	Query    = "query"    // at a name
	Body     = "body"     // at a JSON pointer (RFC 6901)
	Provider = "provider" // as it stood before, at a JSON pointer
	Clock    = "clock"
	Server   = "server" // what it holds; at says what
)

// Input is something that a gate looks at.
type Input struct {
	Where string `json:"where"`
	At    string `json:"at"`
	// Value is what was there; absent where there was nothing, or nothing to show.
	Value any `json:"value,omitzero"`
}

// Change is a change of a request.
type Change struct {
	Where  string `json:"where"`
	At     string `json:"at"`
	To     any    `json:"to,omitzero"`
	Remove bool   `json:"remove,omitzero"` // it is left out
}

// Rule is what a gate tells of itself.
type Rule struct {
	Inputs []Input
	// Change gives the nearest change that passes the gate; nil, or none given, where
	// no change of the request does, or where those of the gates before it do.
	Change func(*Case) []Change
	// Advice is that in a sentence.
	Advice string
}

// Rules are those of a room, by id.
type Rules map[ruletrace.Rule]Rule

// Precondition gives a rule.
func Precondition(looks []Input, change func(*Case) []Change, says string) Rule {
	return Rule{Inputs: looks, Change: change, Advice: says}
}

// Case is a request that came to a gate.
type Case struct {
	RequestID, Method, Path string
	Header, Query           map[string][]string
	Body                    any              // decoded; nil when it could not be
	NoBody                  bool             // there is none, and Body is what that counts as
	Refused                 []ruletrace.Rule // the gates that refused before this one
	Provider                any              // decoded, as it stood before; nil when it was not looked at
	Now                     string
	Caller                  map[string]any // type and id
	Scope                   string         // of the operation
	Routes                  []Route        // of all operations
	Methods                 []string       // of this path
	KeyMode                 bool
	Schema                  string // of the body; "" when the operation reads none
	Sample                  any    // a body that it allows; nil when there is none
}

// Route is a method, and a path in which a segment such as {id} stands for any.
type Route struct{ Method, Path string }

// NewKey changes the idempotency key to one that nobody has used.
func (c *Case) NewKey() Change {
	return Change{Where: Header, At: "Idempotency-Key", To: "instead-of-" + c.RequestID}
}

// At gives what is at a JSON pointer; nil when nothing is.
func At(value any, pointer string) any {
	if pointer == "" {
		return value
	}
	for _, token := range strings.Split(pointer[1:], "/") {
		switch in := value.(type) {
		case map[string]any:
			value = in[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)]
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(in) {
				return nil
			}
			value = in[n]
		default:
			return nil
		}
	}
	return value
}

// Text gives the text at a JSON pointer; "" when there is none.
func Text(value any, pointer string) string {
	text, _ := At(value, pointer).(string)
	return text
}

// Fill gives an input with what was there.
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
		in.Value = c.Path
	case Header:
		in.Value = joined(c.Header[in.At])
	case Query:
		in.Value = joined(c.Query[in.At])
	case Body:
		in.Value = At(c.Body, in.At)
	case Provider:
		in.Value = At(c.Provider, in.At)
	case Clock:
		in.Value = c.Now
	}
	return in
}

// Inputs lists inputs of one kind.
func Inputs(where string, at ...string) []Input {
	inputs := make([]Input, len(at))
	for i, at := range at {
		inputs[i] = Input{Where: where, At: at}
	}
	return inputs
}

// Set is the change of one thing.
func Set(where, at string, to any) func(*Case) []Change {
	return func(*Case) []Change { return []Change{{Where: where, At: at, To: to}} }
}

// Remove leaves things out.
func Remove(where string, at ...string) func(*Case) []Change {
	return func(*Case) (changes []Change) {
		for _, at := range at {
			changes = append(changes, Change{Where: where, At: at, Remove: true})
		}
		return changes
	}
}
