package steps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/internal/jsonvalue"
	"example.com/lpgate/internal/suggest"
)

// This file is about JSON: reading it without losing a digit, finding things in it, changing it, comparing it, and
// putting variables into it.

// variable is a named value. Inside quotes and in plain text it is replaced by its text; outside quotes in JSON it is
// replaced by the whole value.
type variable struct {
	text string // the text of a string, the JSON of everything else
	json string
}

func textVariable(text string) variable { return variable{text: text, json: string(encode(text))} }

func jsonVariable(value any) variable {
	if text, ok := value.(string); ok {
		return textVariable(text)
	}
	text := string(encode(value))
	return variable{text: text, json: text}
}

// notation is how a text is written, and so how a variable is written in it.
type notation int

const (
	plain      notation = iota // a header, an id, a name
	jsonText                   // JSON, or what is sent as if it were
	expression                 // a regular expression: a variable in it is matched literally
)

// expand replaces each {name} in text by the variable of that name.
func (s *scenario) expand(text string, as notation) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	var out strings.Builder
	quoted := false
	for i := 0; i < len(text); {
		if name := variableAt(text[i:]); name != "" {
			v, err := s.variable(name)
			if err != nil {
				return "", err
			}
			switch {
			case as == jsonText && quoted:
				whole := string(encode(v.text))
				out.WriteString(whole[1 : len(whole)-1])
			case as == jsonText:
				out.WriteString(v.json)
			case as == expression:
				out.WriteString(regexp.QuoteMeta(v.text))
			default:
				out.WriteString(v.text)
			}
			i += len(name) + len("{}")
			continue
		}
		switch {
		case text[i] == '\\' && quoted && i+1 < len(text):
			out.WriteByte(text[i])
			i++
		case text[i] == '"' && as == jsonText:
			quoted = !quoted
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String(), nil
}

// Varies reports whether a text has a variable in it.
func Varies(text string) bool {
	for i := range len(text) {
		if variableAt(text[i:]) != "" {
			return true
		}
	}
	return false
}

// variableAt returns the name of the variable that text begins with, or "".
func variableAt(text string) string {
	if text[0] != '{' {
		return ""
	}
	end := strings.IndexByte(text, '}')
	if end < 0 || !isVariableName(text[1:end]) {
		return ""
	}
	return text[1:end]
}

func isVariableName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || i > 0 && (c == '_' || '0' <= c && c <= '9')) {
			return false
		}
	}
	return name != ""
}

// decode reads one JSON value. Numbers stay as they were written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows after the value")
	}
	return value, nil
}

// encode writes a value that decode could have read, as one line. Nothing of that kind is refused.
func encode(value any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("encoding %T: %v", value, err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// canonical writes a value in its RFC 8785 form.
func canonical(value any) ([]byte, error) {
	text := jsontext.Value(encode(value))
	err := text.Canonicalize()
	return text, err
}

// pointer reads a JSON Pointer out of a scenario's text.
func pointer(text string) ([]string, error) {
	p := jsontext.Pointer(text)
	if !p.IsValid() {
		bad := &InvalidStep{Message: fmt.Sprintf("invalid JSON Pointer %q: it begins with /, and ~ is written ~0 or ~1", text)}
		if slashed := "/" + text; !strings.HasPrefix(text, "/") && jsontext.Pointer(slashed).IsValid() {
			bad.Nearest = slashed
		}
		return nil, bad
	}
	return slices.Collect(p.Tokens()), nil
}

// find returns the value at a pointer. If there is none, it returns what is there instead.
func find(value any, tokens []string) (found any, instead string, ok bool) {
	at := jsontext.Pointer("")
	for _, token := range tokens {
		child, ok := jsonvalue.Child(value, token)
		if !ok {
			switch parent := value.(type) {
			case map[string]any:
				instead = "has only " + strings.Join(slices.Sorted(maps.Keys(parent)), ", ")
			case []any:
				instead = fmt.Sprintf("has %d items", len(parent))
			default:
				instead = "is " + show(value)
			}
			return nil, fmt.Sprintf("absent (%q %s)", at, instead), false
		}
		value, at = child, at.AppendToken(token)
	}
	return value, "", true
}

// missing returns the first part of a pointer that points to nothing.
func missing(value any, tokens []string) jsontext.Pointer {
	at := jsontext.Pointer("")
	for i, token := range tokens {
		at = at.AppendToken(token)
		if _, _, ok := find(value, tokens[:i+1]); !ok {
			break
		}
	}
	return at
}

// changeAt sets the value at a pointer of a JSON text, or removes it if value is nil. A member
// may be new; its parent must be there already. The value is inserted literally, even if the text is no I-JSON afterwards.
func changeAt(text []byte, at jsontext.Pointer, tokens []string, value []byte) ([]byte, error) {
	if len(tokens) == 0 {
		return value, nil
	}
	token, rest := tokens[0], tokens[1:]
	switch jsontext.Value(text).Kind() {
	case jsontext.KindBeginObject:
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			return nil, invalidStep("there is no JSON object at %q to change: %v", at, err)
		}
		member, ok := members[token]
		switch {
		case len(rest) > 0 && !ok:
			return nil, &InvalidStep{
				Message: fmt.Sprintf("there is no value at %q to change", at.AppendToken(token)),
				Nearest: nearestIn(at, token, slices.Sorted(maps.Keys(members))),
			}
		case len(rest) == 0 && value == nil:
			delete(members, token)
		default:
			changed, err := changeAt(member, at.AppendToken(token), rest, value)
			if err != nil {
				return nil, err
			}
			members[token] = changed
		}
		return encode(members), nil
	case jsontext.KindBeginArray:
		var items []json.RawMessage
		if err := json.Unmarshal(text, &items); err != nil {
			return nil, invalidStep("there is no JSON list at %q to change: %v", at, err)
		}
		if token == "-" && len(rest) == 0 && value != nil {
			return encode(append(items, value)), nil
		}
		index, ok := jsonvalue.Index(token, len(items))
		if !ok {
			return nil, invalidStep("there is no value at %q to change: the list has %d items", at.AppendToken(token), len(items))
		}
		if len(rest) == 0 && value == nil {
			return encode(slices.Delete(items, index, index+1)), nil
		}
		changed, err := changeAt(items[index], at.AppendToken(token), rest, value)
		if err != nil {
			return nil, err
		}
		items[index] = changed
		return encode(items), nil
	default:
		return nil, invalidStep("there is no value at %q to change: %q is %s", at.AppendToken(token), at, cut(string(text)))
	}
}

// nearestIn suggests one of the names under a pointer, as a pointer.
func nearestIn(at jsontext.Pointer, token string, names []string) string {
	if name := suggest.Nearest(token, names); name != "" {
		return string(at.AppendToken(name))
	}
	return ""
}

// isJSON reports whether text is one JSON value by the grammar alone: duplicate members and lone surrogates are
// allowed, because a scenario may send them.
func isJSON(text []byte) bool {
	return jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// byValue compares numbers by what they are worth, exactly: 2, 2.0 and 2e0 are the same, and no digit is rounded away.
var byValue = cmp.Comparer(func(a, b json.Number) bool { return normal(a) == normal(b) })

func same(a, b any) bool { return cmp.Equal(a, b, byValue) }

// difference describes how two values differ. The library inserts no-break spaces at random, which are replaced,
// because reports are compared byte for byte.
func difference(want, got any) string {
	return strings.ReplaceAll(cmp.Diff(want, got, byValue), "\u00a0", " ")
}

// firstDifference returns the pointer to the first place in which two values differ, in the order of names and indices: lists of
// other lengths differ as a whole.
func firstDifference(at jsontext.Pointer, before, after any) string {
	if same(before, after) {
		return ""
	}
	switch old := before.(type) {
	case map[string]any:
		young, ok := after.(map[string]any)
		if !ok {
			break
		}
		names := maps.Clone(old)
		maps.Copy(names, young)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			was, had := old[name]
			is, has := young[name]
			if had != has {
				return string(at.AppendToken(name))
			}
			if !same(was, is) {
				return firstDifference(at.AppendToken(name), was, is)
			}
		}
	case []any:
		young, ok := after.([]any)
		if !ok || len(old) != len(young) {
			break
		}
		for i := range old {
			if !same(old[i], young[i]) {
				return firstDifference(at.AppendToken(strconv.Itoa(i)), old[i], young[i])
			}
		}
	}
	return string(at)
}

// normal writes a number in one way only: digits without a zero at either end, and a power of ten.
func normal(n json.Number) string {
	text, sign := string(n), ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		text, sign = rest, "-"
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil {
			return string(n) // An exponent beyond all bounds is equal to itself only.
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	exponent -= len(fraction)
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	return fmt.Sprintf("%s%se%d", sign, short, exponent+len(digits)-len(short))
}

// differenceWithin is difference for two values that one line each cannot show.
func differenceWithin(want, got any) string {
	switch want.(type) {
	case map[string]any, []any:
		return difference(want, got)
	}
	return ""
}

// show writes a value as one line for people.
func show(value any) string { return cut(string(encode(value))) }

// inBrief writes a value for the middle of a line.
func inBrief(value any) string {
	if text := string(encode(value)); len(text) <= 60 {
		return text
	}
	return "as it should be"
}

// cut keeps a line short enough to read.
func cut(text string) string { return cutAt(600, text) }

// brief cuts a text for one line.
func brief(text string) string { return cutAt(60, strings.Join(strings.Fields(text), " ")) }

func cutAt(most int, text string) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
}
