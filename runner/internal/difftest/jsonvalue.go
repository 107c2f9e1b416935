package difftest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/schemas"
)

// absent is the value of a member that does not exist. It is not null.
type absent struct{}

// leaf is a place where two bodies differ. A value may be absent.
type leaf struct {
	at           string
	fake, target any
}

// decoded decodes a canonical JSON text.
func decoded(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		panic(err) // the text is canonical
	}
	return value
}

// decodedBody decodes a body; nil if it is not JSON.
func decodedBody(body []byte) any {
	document, err := schemas.Read(body)
	if err != nil {
		return nil
	}
	return decoded(document.Canonical)
}

// leavesOf appends the places where two values differ, in the order of the names of members.
func leavesOf(leaves []leaf, at jsontext.Pointer, fake, target any) []leaf {
	switch fake := fake.(type) {
	case map[string]any:
		if target, ok := target.(map[string]any); ok {
			names := maps.Clone(fake)
			maps.Copy(names, target)
			for _, name := range sortedKeys(names) {
				leaves = leavesOf(leaves, at.AppendToken(name), member(fake, name), member(target, name))
			}
			return leaves
		}
	case []any:
		if target, ok := target.([]any); ok {
			for i := range max(len(fake), len(target)) {
				leaves = leavesOf(leaves, at.AppendToken(strconv.Itoa(i)), item(fake, i), item(target, i))
			}
			return leaves
		}
	}
	if jsonOrAbsent(fake) != jsonOrAbsent(target) {
		leaves = append(leaves, leaf{string(at), fake, target})
	}
	return leaves
}

// leavesAt returns the leaves at a place, or inside of it.
func leavesAt(leaves []leaf, at string) (found []leaf) {
	for _, l := range leaves {
		if l.at == at || strings.HasPrefix(l.at, at+"/") {
			found = append(found, l)
		}
	}
	return found
}

func member(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	return absent{}
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

// equalMultisets reports whether two lists have the same items in another order, regardless of numbers of tokens and of times.
func equalMultisets(fake, target []any) bool {
	if len(fake) != len(target) || len(fake) < 2 {
		return false
	}
	texts := func(list []any) (all []string) {
		for _, item := range list {
			all = append(all, timePattern.ReplaceAllString(tokenPattern.ReplaceAllString(jsonOrAbsent(item), "<$1>"), "<time>"))
		}
		return all
	}
	fakeTexts, targetTexts := texts(fake), texts(target)
	return !slices.Equal(fakeTexts, targetTexts) && slices.Equal(slices.Sorted(slices.Values(fakeTexts)), slices.Sorted(slices.Values(targetTexts)))
}

// jsonOrAbsent returns the JSON text of a value, or "absent".
func jsonOrAbsent(value any) string {
	switch value := value.(type) {
	case absent:
		return "absent"
	case string:
		return quoted(value)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // the value was decoded from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// eachText calls visit for each string of a value, in the order of the names of members.
func eachText(value any, at jsontext.Pointer, visit func(at, text string)) {
	switch value := value.(type) {
	case string:
		visit(string(at), value)
	case []any:
		for i, item := range value {
			eachText(item, at.AppendToken(strconv.Itoa(i)), visit)
		}
	case map[string]any:
		for _, name := range sortedKeys(value) {
			eachText(value[name], at.AppendToken(name), visit)
		}
	}
}

// rawAt returns the JSON text of a member, by the names on the way to it; nil if there is none.
func rawAt(body []byte, names ...string) json.RawMessage {
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil {
			return nil
		}
		body = object[name]
	}
	return body
}

// textAt returns a member that is a string.
func textAt(body []byte, names ...string) (string, bool) {
	raw := rawAt(body, names...)
	var text string
	return text, len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil
}

// textsAt returns a member that is a list of strings.
func textsAt(body []byte, names ...string) (texts []string) {
	if json.Unmarshal(rawAt(body, names...), &texts) != nil {
		return nil
	}
	return texts
}

// summary returns the status, the error code and the reason code of a response.
func summary(r *response) string {
	text := strconv.Itoa(r.status)
	for _, names := range [][]string{{"error", "code"}, {"error", "details", "reason_code"}} {
		if code, ok := textAt(r.body, names...); ok {
			text += " " + code
		}
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
