package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/internal/plural"
)

// message describes what a keyword requires and, where that helps, what the document has instead. It names members
// and counts but repeats no value, so that it is safe to show. The library's own message is used for keywords that
// need nothing better; those of its messages that depend on the order of a map are among the ones replaced here.
func message(node map[string]any, keyword string, value any, otherwise string) string {
	demand := node[keyword]
	switch keyword {
	case "type":
		return fmt.Sprintf("must be %s, not %s", strings.Join(typeNames(demand), " or "), typeName(value, demand))
	case "required":
		return "lacks the " + listMembers(missingMembers(textsOf(demand), value))
	case "additionalProperties":
		return "has the unknown " + listMembers(unknownMembers(node, value))
	case "enum":
		return "must be one of " + inJSON(demand)
	case "const":
		return "must be " + inJSON(demand)
	case "pattern":
		return patternMessage(node, fmt.Sprint(demand))
	case "format":
		if demand == "date-time" {
			return "must be a time in RFC 3339, such as 2026-02-22T16:00:00.000Z"
		}
		return fmt.Sprintf("must be a valid %v", demand)
	case "minLength", "maxLength":
		text, _ := value.(string)
		return fmt.Sprintf("must have at %s %s, not %d", leastOrMost(keyword), countOf(demand, "character"), utf8.RuneCountInString(text))
	case "minItems", "maxItems":
		items, _ := value.([]any)
		return fmt.Sprintf("must have at %s %s, not %d", leastOrMost(keyword), countOf(demand, "item"), len(items))
	case "minimum", "maximum":
		return fmt.Sprintf("must be at %s %s", leastOrMost(keyword), inJSON(demand))
	case "exclusiveMinimum":
		return "must be more than " + inJSON(demand)
	case "exclusiveMaximum":
		return "must be less than " + inJSON(demand)
	case "multipleOf":
		return "must be a multiple of " + inJSON(demand)
	default:
		return otherwise
	}
}

// patternMessage prefers the description of the schema object to its regular expression. A short expression is shown
// as well, unless it has characters beyond ASCII or control characters.
func patternMessage(node map[string]any, pattern string) string {
	description, _ := node["description"].(string)
	description = strings.TrimSuffix(description, ".")
	invisible := strings.ContainsFunc(pattern, func(point rune) bool { return point < ' ' || point > '~' })
	switch {
	case description == "":
		return "must match " + strconv.QuoteToASCII(pattern)
	case invisible:
		return fmt.Sprintf("does not fit %q: %s", node["title"], description)
	default:
		return fmt.Sprintf("must match %s (%s)", pattern, description)
	}
}

func leastOrMost(keyword string) string {
	if strings.HasPrefix(keyword, "min") {
		return "least"
	}
	return "most"
}

// countOf returns a number of a schema with its noun.
func countOf(number any, noun string) string {
	if n := inJSON(number); n != "1" {
		return n + " " + plural.Noun(noun)
	}
	return "1 " + noun
}

// typeNames names the types that the keyword "type" allows, with their articles.
func typeNames(demand any) []string {
	var names []string
	for _, name := range textsOf(demand) {
		names = append(names, article(name))
	}
	return names
}

func article(name string) string {
	switch name {
	case "null":
		return name
	case "object", "array", "integer":
		return "an " + name
	default:
		return "a " + name
	}
}

func typeName(value, demand any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	default:
		if slices.Contains(textsOf(demand), "integer") {
			return "a number with a fraction"
		}
		return "a number"
	}
}

// textsOf reads a schema's list of strings, or its one string.
func textsOf(list any) []string {
	switch list := list.(type) {
	case string:
		return []string{list}
	case []any:
		var found []string
		for _, item := range list {
			if text, ok := item.(string); ok {
				found = append(found, text)
			}
		}
		return found
	}
	return nil
}

// inJSON writes a value of a schema as JSON; a list without its brackets.
func inJSON(value any) string {
	if items, ok := value.([]any); ok {
		var all []string
		for _, item := range items {
			all = append(all, string(appendCanonical(nil, item)))
		}
		return strings.Join(all, ", ")
	}
	return string(appendCanonical(nil, value))
}

func missingMembers(required []string, value any) []string {
	members, _ := value.(map[string]any)
	var names []string
	for _, name := range required {
		if _, ok := members[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

func unknownMembers(node map[string]any, value any) []string {
	members, _ := value.(map[string]any)
	properties, _ := node["properties"].(map[string]any)
	patterns, _ := node["patternProperties"].(map[string]any)
	var names []string
	for name := range members {
		if _, known := properties[name]; !known && !matchesAny(patterns, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func matchesAny(patterns map[string]any, name string) bool {
	for pattern := range patterns {
		if regexp.MustCompile(pattern).MatchString(name) { // it compiled when it was loaded
			return true
		}
	}
	return false
}

// listMembers names members. A hostile document can have very many, with very long names.
func listMembers(names []string) string {
	const most = 10
	var quoted []string
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, quoteShortened(name))
	}
	text := "member "
	if len(names) != 1 {
		text = "members "
	}
	text += strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// doubles returns the document with each json.Number as the double that it means. It copies only what it changes,
// and reports whether it did. When there is a value that JSON has no text for, it returns that instead (the first by
// path).
//
// It makes numbers mean the same whoever decoded them, and it keeps 1e-999999999 away from the library, which would
// write out all its digits.
func doubles(value any) (doubled any, changed bool, unsupported *Violation) {
	switch value := value.(type) {
	case nil, bool, string, int, int8, int32, int64, uint, uint8, uint32, uint64:
		return value, false, nil
	case float64:
		return value, false, finite(value)
	case float32:
		return value, false, finite(float64(value))
	case json.Number:
		number, err := value.Float64()
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, false, &Violation{Message: "is not a JSON number"}
		}
		return number, true, finite(number)
	case []any:
		items := value
		for i, item := range value {
			item, changed, unsupported := doubles(item)
			if unsupported != nil {
				return nil, false, within(strconv.Itoa(i), unsupported)
			}
			if changed {
				if &items[0] == &value[0] {
					items = slices.Clone(value)
				}
				items[i] = item
			}
		}
		return items, len(items) > 0 && &items[0] != &value[0], nil
	case map[string]any:
		members, copied := value, false
		for name, member := range value {
			member, changed, found := doubles(member)
			if found != nil {
				if found = within(below("", name)[1:], found); unsupported == nil || found.InstancePath < unsupported.InstancePath {
					unsupported = found
				}
			}
			if changed {
				if !copied {
					members, copied = maps.Clone(value), true
				}
				members[name] = member
			}
		}
		return members, copied, unsupported
	default:
		return nil, false, &Violation{Message: fmt.Sprintf("is not a JSON value but a Go %T", value)}
	}
}

func finite(number float64) *Violation {
	if math.IsInf(number, 0) || math.IsNaN(number) {
		return &Violation{Message: "is not a number that a double can hold"}
	}
	return nil
}

func within(token string, unsupported *Violation) *Violation {
	unsupported.InstancePath = "/" + token + unsupported.InstancePath
	return unsupported
}
