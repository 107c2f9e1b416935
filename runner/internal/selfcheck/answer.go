package selfcheck

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// answer is a parsed response. Mutations do not change it: they return a copy that shares what is the same, so that thousands of
// mutations can be tried on one response.
type answer struct {
	operation *milestones.Operation
	outcome   *milestones.Outcome
	status    int
	header    http.Header
	body      any
	readable  bool // there is a body, and it is JSON
	altered   bool // the body is no longer what the server wrote
}

// newAnswer recognises the outcome of an operation; the one of an answer that is none of them is nil.
func newAnswer(operation *milestones.Operation, status int, header http.Header, text []byte) answer {
	a := answer{operation: operation, status: status, header: header}
	document, err := schemas.Read(text)
	a.body, a.readable = document.Value, err == nil
	code, _ := at(a.body, "error", "code").(string)
	reason, _ := at(a.body, "error", "details", "reason_code").(string)
	for i := range operation.Outcomes {
		o := &operation.Outcomes[i]
		// Without a body (HEAD) the status is all there is to see.
		if o.Status == status && (!a.readable || o.Code == code && o.ReasonCode == reason) {
			a.outcome = o
			break
		}
	}
	return a
}

// at follows member names. What is not there is nil.
func at(value any, names ...string) any {
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// with is the answer with another body.
func (a answer) with(body any) answer {
	a.body, a.altered = body, true
	return a
}

// withHeader is the answer with other values of a header; none takes it away.
func (a answer) withHeader(name string, values ...string) answer {
	a.header = maps.Clone(a.header)
	a.header[http.CanonicalHeaderKey(name)] = values
	return a
}

// has reports whether the response has a header.
func (a answer) has(name string) bool { return len(a.header.Values(name)) > 0 }

// send writes the answer; text is what the server wrote.
func (a answer) send(w http.ResponseWriter, text []byte) {
	for name, values := range a.header {
		w.Header()[name] = values // an empty list keeps net/http from making one up
	}
	if a.altered {
		text = encode(a.body)
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	_, _ = w.Write(text) // the client may have gone
}

func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it came from JSON, and texts, lists and objects were added
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// alter returns a changed copy of a value, or false if there is nothing to change.
type alter func(value any) (any, bool)

// update changes the values at a path, in every item of a list. It reports whether anything was changed.
func update(value any, path []string, change alter) (any, bool) {
	if len(path) == 0 {
		return change(value)
	}
	switch value := value.(type) {
	case []any:
		if path[0] != schemas.Each {
			return value, false
		}
		var updated []any
		for i, item := range value {
			if other, ok := update(item, path[1:], change); ok {
				if updated == nil {
					updated = slices.Clone(value)
				}
				updated[i] = other
			}
		}
		if updated != nil {
			return updated, true
		}
	case map[string]any:
		inner, there := value[path[0]]
		if !there {
			return value, false
		}
		if other, ok := update(inner, path[1:], change); ok {
			updated := maps.Clone(value)
			updated[path[0]] = other
			return updated, true
		}
	}
	return value, false
}

// set puts a value into an object, and makes the objects on the way.
func set(value any, path []string, inner any) any {
	if len(path) == 0 {
		return inner
	}
	object, _ := value.(map[string]any)
	object = maps.Clone(object)
	if object == nil {
		object = map[string]any{}
	}
	object[path[0]] = set(object[path[0]], path[1:], inner)
	return object
}
