package schemas

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
)

// keywordType is the type of the value of a keyword, as a description and as a test.
//
// A metaschema could check most of this, but with poorer messages: it would neither suggest the value that was meant
// (3 for "3", ["x"] for "x") nor the format, and every program would compile it at its start.
type keywordType struct {
	is   string
	fits func(value any) bool
}

var (
	anyType  = &keywordType{"anything", func(any) bool { return true }}
	textType = &keywordType{"a text", isText}
	typeType = &keywordType{"a type or a list of different ones", func(value any) bool {
		return len(textsOf(value)) > 0 && (isText(value) || areDifferentTexts(value)) && unknownTypes(value) == nil
	}}
	namesType      = &keywordType{"a list of different names", areDifferentTexts}
	dependentsType = &keywordType{"an object of lists of different names", func(value any) bool {
		lists, ok := value.(map[string]any)
		for _, list := range lists {
			ok = ok && areDifferentTexts(list)
		}
		return ok
	}}
	textsType = &keywordType{"an object of texts", func(value any) bool {
		members, ok := value.(map[string]any)
		for _, member := range members {
			ok = ok && isText(member)
		}
		return ok
	}}
	listType  = &keywordType{"a list", isList}
	enumType  = &keywordType{"a list of different values, one at least", func(value any) bool { return isListOfSome(value) && areDifferent(value.([]any)) }}
	flagType  = &keywordType{"true or false", isFlag}
	countType = &keywordType{"a whole number, 0 at least", func(value any) bool {
		number, ok := value.(float64)
		return ok && number >= 0 && number == math.Trunc(number)
	}}
	numberType = &keywordType{"a number", func(value any) bool {
		_, ok := value.(float64)
		return ok
	}}
	positiveType = &keywordType{"a number above 0", func(value any) bool {
		number, ok := value.(float64)
		return ok && number > 0
	}}

	// These contain other schemas, which are checked by themselves.
	schemaType       = &keywordType{"a schema, which is an object", isObject}
	schemaOrBoolType = &keywordType{"a schema, which is an object, true or false", func(value any) bool { return isObject(value) || isFlag(value) }}
	schemaListType   = &keywordType{"a list of schemas, one at least", isListOfSome}
	schemaMapType    = &keywordType{"an object of schemas", isObject}
)

// hasSchemas reports whether such a keyword has schemas in its value.
func (s *keywordType) hasSchemas() bool {
	return slices.Contains([]*keywordType{schemaType, schemaOrBoolType, schemaListType, schemaMapType}, s)
}

var keywords = map[string]*keywordType{
	"$schema": anyType, "$id": anyType, // lintRoot checks them
	"$ref": textType, "$comment": textType, "$defs": schemaMapType,
	"title": textType, "description": textType, "default": anyType, "examples": listType, "deprecated": flagType,
	"type": typeType, "enum": enumType, "const": anyType,
	"format": textType, "pattern": textType, "minLength": countType, "maxLength": countType,
	"minimum": numberType, "maximum": numberType, "exclusiveMinimum": numberType, "exclusiveMaximum": numberType, "multipleOf": positiveType,
	"required": namesType, "dependentRequired": dependentsType, "minProperties": countType, "maxProperties": countType,
	"properties": schemaMapType, "patternProperties": schemaMapType, "dependentSchemas": schemaMapType,
	"additionalProperties": schemaOrBoolType, "propertyNames": schemaType,
	"minItems": countType, "maxItems": countType, "uniqueItems": flagType, "minContains": countType, "maxContains": countType,
	"items": schemaOrBoolType, "contains": schemaType, "prefixItems": schemaListType,
	"unevaluatedItems": schemaOrBoolType, "unevaluatedProperties": schemaOrBoolType,
	"allOf": schemaListType, "anyOf": schemaListType, "oneOf": schemaListType, "not": schemaType, "if": schemaType, "then": schemaType, "else": schemaType,
	"patternErrorMessage": textType, "x-renamed": textsType, // of package yamlfile
	"x-full": namesType, // the keywords beside it that only level full requires
}

// annotations are the keywords that do not constrain a value.
var annotations = []string{"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "deprecated", "patternErrorMessage", "x-renamed", "x-full"}

// allTypes are the types of JSON Schema.
var allTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// wrong returns what is wrong with the value of a keyword; "" for nothing.
func (s *keywordType) wrong(keyword string, value any) string {
	if s.fits(value) {
		return ""
	}
	if unknown := unknownTypes(value); s == typeType && unknown != nil {
		return fmt.Sprintf("there is no type %q%s", unknown[0], suggest.DidYouMeanQuoted(unknown[0], allTypes))
	}
	message := fmt.Sprintf("%q must be %s, not %s", keyword, s.is, appendCanonical(nil, value))
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
		if s != schemaListType && s != listType && s.fits(other) {
			return message + " (did you mean " + string(appendCanonical(nil, other)) + "?)"
		}
	}
	return message
}

func unknownTypes(value any) (unknown []string) {
	for _, name := range textsOf(value) {
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
