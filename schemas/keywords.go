package schemas

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Shape is what stands under a keyword, in words and as a test.
type shape struct {
	is   string
	fits func(value any) bool
}

var (
	anything   = &shape{"anything", func(any) bool { return true }}
	words      = &shape{"a text", isText}
	typeOrMore = &shape{"a type or a list of different ones", func(value any) bool {
		return len(strs(value)) > 0 && (isText(value) || areDifferentTexts(value)) && unknownTypes(value) == nil
	}}
	names      = &shape{"a list of different names", areDifferentTexts}
	dependents = &shape{"an object of lists of different names", func(value any) bool {
		lists, ok := value.(map[string]any)
		for _, list := range lists {
			ok = ok && areDifferentTexts(list)
		}
		return ok
	}}
	texts = &shape{"an object of texts", func(value any) bool {
		members, ok := value.(map[string]any)
		for _, member := range members {
			ok = ok && isText(member)
		}
		return ok
	}}
	values = &shape{"a list", isList}
	choice = &shape{"a list of different values, one at least", func(value any) bool { return isListOfSome(value) && areDifferent(value.([]any)) }}
	flag   = &shape{"true or false", isFlag}
	count  = &shape{"a whole number, 0 at least", func(value any) bool {
		number, ok := value.(float64)
		return ok && number >= 0 && number == math.Trunc(number)
	}}
	number = &shape{"a number", func(value any) bool {
		_, ok := value.(float64)
		return ok
	}}
	positive = &shape{"a number above 0", func(value any) bool {
		number, ok := value.(float64)
		return ok && number > 0
	}}

	// Those that hold other schemas. What they hold is looked at by itself.
	single     = &shape{"a schema, which is an object", isObject}
	singleBool = &shape{"a schema, which is an object, true or false", func(value any) bool { return isObject(value) || isFlag(value) }}
	list       = &shape{"a list of schemas, one at least", isListOfSome}
	named      = &shape{"an object of schemas", isObject}
)

// hasSchemas says whether schemas stand under such a keyword.
func (s *shape) hasSchemas() bool {
	return slices.Contains([]*shape{single, singleBool, list, named}, s)
}

var keywords = map[string]*shape{
	"$schema": anything, "$id": anything, // which the root of a file demands more of
	"$ref": words, "$comment": words, "$defs": named,
	"title": words, "description": words, "default": anything, "examples": values, "deprecated": flag,
	"type": typeOrMore, "enum": choice, "const": anything,
	"format": words, "pattern": words, "minLength": count, "maxLength": count,
	"minimum": number, "maximum": number, "exclusiveMinimum": number, "exclusiveMaximum": number, "multipleOf": positive,
	"required": names, "dependentRequired": dependents, "minProperties": count, "maxProperties": count,
	"properties": named, "patternProperties": named, "dependentSchemas": named,
	"additionalProperties": singleBool, "propertyNames": single,
	"minItems": count, "maxItems": count, "uniqueItems": flag, "minContains": count, "maxContains": count,
	"items": singleBool, "contains": single, "prefixItems": list,
	"unevaluatedItems": singleBool, "unevaluatedProperties": singleBool,
	"allOf": list, "anyOf": list, "oneOf": list, "not": single, "if": single, "then": single, "else": single,
	"patternErrorMessage": words, "x-renamed": texts, // of package yamlfile
}

// annotations are the keywords that demand nothing of a value.
var annotations = []string{"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "deprecated", "patternErrorMessage", "x-renamed"}

// allTypes are the types of JSON Schema.
var allTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// wrong says what is wrong with the value of a keyword; "" when nothing is.
func (s *shape) wrong(keyword string, value any) string {
	if s.fits(value) {
		return ""
	}
	if unknown := unknownTypes(value); s == typeOrMore && unknown != nil {
		return fmt.Sprintf("there is no type %q%s", unknown[0], suggestion(unknown[0], allTypes))
	}
	says := fmt.Sprintf("%q must be %s, not %s", keyword, s.is, appendCanonical(nil, value))
	var meant []any
	if !isList(value) {
		meant = append(meant, []any{value})
	}
	if text, ok := value.(string); ok {
		if bare, err := Read([]byte(strings.ToLower(text))); err == nil {
			meant = append(meant, bare.Value)
		}
	}
	for _, other := range meant {
		if s != list && s != values && s.fits(other) {
			return says + " (did you mean " + string(appendCanonical(nil, other)) + "?)"
		}
	}
	return says
}

func unknownTypes(value any) (unknown []string) {
	for _, name := range strs(value) {
		if !slices.Contains(allTypes, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

func isFlag(value any) bool {
	_, ok := value.(bool)
	return ok
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func isList(value any) bool {
	_, ok := value.([]any)
	return ok
}

func isListOfSome(value any) bool {
	items, _ := value.([]any)
	return len(items) > 0
}

func areDifferentTexts(value any) bool {
	items, ok := value.([]any)
	return ok && !slices.ContainsFunc(items, func(item any) bool { return !isText(item) }) && areDifferent(items)
}

func areDifferent(items []any) bool {
	seen := map[string]bool{}
	for _, item := range items {
		seen[string(appendCanonical(nil, item))] = true
	}
	return len(seen) == len(items)
}
