package openapi

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// portable rewrites the keywords of a schema that generators misread. The result allows the same values,
// except for an exclusive limit, which becomes an inclusive one, and for white space, see [escapePattern].
//
//	pattern           control characters and those beyond ASCII become escapes
//	const             gets the type of its value
//	default           becomes text: openapi-typescript makes a member with a default a required one
//	exclusiveMinimum  becomes minimum: ogen reads the boolean keyword of OpenAPI 3.0
//	exclusiveMaximum  becomes maximum
func portable(schema object) object {
	var out object
	var notes []string
	for _, m := range schema {
		switch m.name {
		case "pattern":
			if text, is := m.value.(string); is {
				m.value = escapePattern(text)
			}
		case "const":
			if schema.get("type") == nil {
				out = append(out, member{"type", typeOf(m.value)})
			}
		case "default":
			notes = append(notes, "Default: "+literal(m.value)+".")
			continue
		case "exclusiveMinimum":
			notes = append(notes, "Greater than "+literal(m.value)+".")
			m.name = "minimum"
		case "exclusiveMaximum":
			notes = append(notes, "Less than "+literal(m.value)+".")
			m.name = "maximum"
		}
		out = append(out, m)
	}
	if notes == nil {
		return out
	}
	note := strings.Join(notes, " ")
	for i := range out {
		if text, is := out[i].value.(string); is && out[i].name == "description" {
			out[i].value = text + " " + note
			return out
		}
	}
	return append(out, member{"description", note})
}

// whiteSpace is the white space of Unicode, as a schema writes it in a class of characters.
const whiteSpace = "\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

// escapePattern writes a regular expression in printable ASCII: the white space of Unicode as \s\x85, and other
// characters as \t, \n, \r, \xXX or \uXXXX. ECMA-262 reads these with and without its flag u.
//
// \s of ECMA-262 is the white space of Unicode without U+0085 and with U+FEFF. It is used because hey-api writes \u2028
// as that character, which ends a regular expression, and because Go's regexp has no \uXXXX.
func escapePattern(pattern string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(pattern, whiteSpace, `\s\x85`) {
		switch {
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r <= unicode.MaxLatin1 && (r > unicode.MaxASCII || unicode.IsControl(r)):
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > unicode.MaxASCII:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// typeOf returns the JSON Schema type of a value.
func typeOf(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case []any:
		return "array"
	case object:
		return "object"
	case jsontext.Value:
		switch value.Kind() {
		case 't', 'f':
			return "boolean"
		case '0':
			return "number"
		}
	}
	return "null"
}

// literal writes a value as JSON.
func literal(value any) string {
	switch value := value.(type) {
	case []any:
		var items []string
		for _, item := range value {
			items = append(items, literal(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case object:
		var members []string
		for _, m := range value {
			members = append(members, fmt.Sprintf("%q: %s", m.name, literal(m.value)))
		}
		return "{" + strings.Join(members, ", ") + "}"
	case string:
		return fmt.Sprintf("%q", value)
	default:
		return fmt.Sprint(value)
	}
}
