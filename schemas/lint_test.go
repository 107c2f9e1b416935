package schemas

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func mapFS(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// head is what every schema file begins with.
func head(name string) string {
	return `"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://schemas.lpgate.example/` + name +
		`.schema.json", "title": "T", "description": "D.", `
}

func TestLoadRefuses(t *testing.T) {
	// Each row is the rest of a file after its head, unless it begins with {.
	tests := []struct {
		name, file string
		want       []string // whole lines
	}{
		{"a misspelt keyword", `"type": "string", "minLenght": 1`,
			[]string{`A.schema.json:1: #/minLenght: unknown keyword "minLenght" (did you mean "minLength"?)`}},
		{"a misspelt keyword deep inside", `"type": "object", "additionalProperties": false, "properties": {"a/b": {"title": "T", "description": "D.",
			"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object", "requird": ["x"], "additionalProperties": false}]}}}`,
			[]string{`A.schema.json:2: #/properties/a~1b/items/anyOf/1/requird: unknown keyword "requird" (did you mean "required"?)`}},
		{"a name that resembles no keyword", `"type": "string", "colour": "red"`,
			[]string{`A.schema.json:1: #/colour: unknown keyword "colour"`}},
		{"a keyword of another draft", `"type": "string", "definitions": {}`,
			[]string{`A.schema.json:1: #/definitions: unknown keyword "definitions"`}},
		{"a keyword in another case", `"Type": "string"`,
			[]string{`A.schema.json:1: #/Type: unknown keyword "Type" (did you mean "type"?)`}},
		{"a property named like a keyword is none", `"type": "object", "additionalProperties": false, "properties": {"requird": {"title": "T", "description": "D.", "type": "string"}}`, nil},

		{"an $id that is not the file's", `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://schemas.lpgate.example/B.schema.json", "title": "T", "description": "D.", "type": "string"}`,
			[]string{`A.schema.json:1: #: "$id" is not "https://schemas.lpgate.example/A.schema.json", as the file's name demands`}},
		{"no $id and no $schema", `{"title": "T", "description": "D.", "type": "string"}`, []string{
			`A.schema.json:1: #: "$id" is not "https://schemas.lpgate.example/A.schema.json", as the file's name demands`,
			`A.schema.json:1: #: "$schema" is not "https://json-schema.org/draft/2020-12/schema"`}},
		{"another draft", `{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://schemas.lpgate.example/A.schema.json", "title": "T", "description": "D.", "type": "string"}`,
			[]string{`A.schema.json:1: #: "$schema" is not "https://json-schema.org/draft/2020-12/schema"`}},
		{"an $id inside", `"$defs": {"X": {"$id": "x", "title": "T", "description": "D.", "type": "string"}}`,
			[]string{`A.schema.json:1: #/$defs/X/$id: "$id" is allowed at the root only`}},

		{"a $ref to no file", `"$ref": "C.schema.json"`,
			[]string{`A.schema.json:1: #/$ref: there is no file "C.schema.json" (did you mean "A.schema.json"?)`}},
		{"a $ref to no definition", `"$ref": "#/$defs/Txet", "$defs": {"Text": {"title": "T", "description": "D.", "type": "string"}}`,
			[]string{`A.schema.json:1: #/$ref: there is no schema at "/$defs/Txet" in A.schema.json (did you mean "/$defs/Text"?)`}},
		{"a $ref to no definition of another file", `"$ref": "B.schema.json#/$defs/Text"`,
			[]string{`A.schema.json:1: #/$ref: there is no schema at "/$defs/Text" in B.schema.json`}},
		{"a $ref to what is no schema", `"$ref": "#/$defs"`,
			[]string{`A.schema.json:1: #/$ref: there is no schema at "/$defs" in A.schema.json`}},
		{"an absolute $ref", `"$ref": "https://schemas.lpgate.example/B.schema.json"`,
			[]string{`A.schema.json:1: #/$ref: "https://schemas.lpgate.example/B.schema.json" is not relative to this folder`}},
		{"a $ref out of the folder", `"$ref": "../B.schema.json"`,
			[]string{`A.schema.json:1: #/$ref: "../B.schema.json" is not relative to this folder`}},
		{"a $ref that is no URL", `"$ref": "%zz"`,
			[]string{`A.schema.json:1: #/$ref: "%zz" is no reference: invalid URL escape "%zz"`}},

		{"no title and no description", `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://schemas.lpgate.example/A.schema.json", "type": "string"}`,
			[]string{`A.schema.json:1: #: lacks a description`, `A.schema.json:1: #: lacks a title`}},
		{"a property and a definition without them", `"type": "object", "additionalProperties": false, "properties": {"a": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"title": "T", "type": "string"}}`, []string{
			`A.schema.json:1: #/$defs/X: lacks a description`,
			`A.schema.json:1: #/properties/a: lacks a description`,
			`A.schema.json:1: #/properties/a: lacks a title`}},
		{"a description of two lines", `"properties": {"a": {"title": "T", "description": "One.\nTwo.", "type": "string"}}, "type": "object", "additionalProperties": false`,
			[]string{`A.schema.json:1: #/properties/a: its description is not one line of text`}},
		{"a blank title", `"properties": {"a": {"title": " ", "description": "D.", "type": "string"}}, "type": "object", "additionalProperties": false`,
			[]string{`A.schema.json:1: #/properties/a: its title is not one line of text`}},

		{"an open object", `"type": "object", "properties": {}`,
			[]string{`A.schema.json:1: #: an object lacks "additionalProperties": false`}},
		{"an open object", `"type": "object", "additionalProperties": true`,
			[]string{`A.schema.json:1: #: an object has "additionalProperties": true, and no "$comment" that begins with "Open:" and explains why`}},
		{"an open object with a reason", `"type": "object", "additionalProperties": true, "$comment": "Open: it is a bag."`, nil},
		{"an object or null that is open", `"items": {"type": ["object", "null"]}`,
			[]string{`A.schema.json:1: #/items: an object lacks "additionalProperties": false`}},
		{"properties without a type", `"properties": {}, "additionalProperties": false`,
			[]string{`A.schema.json:1: #: "properties" is used without "type": "object"`}},
		{"a branch that is a whole object", `"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]`, []string{
			`A.schema.json:1: #/oneOf/0/properties/a: lacks a description`,
			`A.schema.json:1: #/oneOf/0/properties/a: lacks a title`,
			`A.schema.json:1: #/oneOf/0: an object lacks "additionalProperties": false`}},
		{"a schema that allows any value", `"$comment": "Anything."`,
			[]string{`A.schema.json:1: #: it allows any value: add a "type" or another constraint, or a "$comment" that begins with "Open:" and explains why`}},
		{"a property that allows any value", `"type": "object", "additionalProperties": false, "properties": {"a": {"title": "T", "description": "D."}}`,
			[]string{`A.schema.json:1: #/properties/a: it allows any value: add a "type" or another constraint, or a "$comment" that begins with "Open:" and explains why`}},
		{"items that allow any value", `"type": "array", "items": {}`,
			[]string{`A.schema.json:1: #/items: it allows any value: add a "type" or another constraint, or a "$comment" that begins with "Open:" and explains why`}},
		{"a schema that allows any value, and why", `"$comment": "Open: it is a bag."`, nil},
		{"a condition is no object of its own", `"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"anyOf": [{"required": ["b"]}, {"properties": {"c": {"properties": {"d": {}}}}}]}`, nil},
		{"a map of schemas for its values", `"type": "object", "additionalProperties": {"type": "string"}`, nil},
		{"a required member that is no property", `"type": "object", "additionalProperties": false, "required": ["nmae"], "properties": {"name": {"title": "T", "description": "D.", "type": "string"}}`,
			[]string{`A.schema.json:1: #/required: "nmae" is not among the properties (did you mean "name"?)`}},

		{"a format that is not asserted", `"type": "string", "format": "datetime"`,
			[]string{`A.schema.json:1: #/format: unknown format "datetime" (did you mean "date-time"?)`}},
		{"a pattern that does not compile", `"type": "string", "pattern": "("`,
			[]string{"A.schema.json:1: #/pattern: error parsing regexp: missing closing ): `(`"}},
		{"a pattern that is read in two ways", `"type": "string", "pattern": "^\\S+$"`,
			[]string{`A.schema.json:1: #/pattern: "\\S" in a pattern does not mean the same everywhere: write the characters themselves`}},
		{"a pattern of member names", `"type": "object", "additionalProperties": false, "patternProperties": {"(?i)a/b": {"type": "string"}}`,
			[]string{`A.schema.json:1: #/patternProperties/(?i)a~1b: "(?" in a pattern does not mean the same everywhere: write the characters themselves`}},
		{"true for a schema", `"not": true, "items": false`,
			[]string{`A.schema.json:1: #/not: "not" must be a schema, which is an object, not true`}},
		{"a misspelt type", `"type": "objct", "properties": {"a": {"title": "T", "description": "D.", "type": "string"}}`,
			[]string{`A.schema.json:1: #/type: there is no type "objct" (did you mean "object"?)`}},
		{"a misspelt type of several", `"type": ["string", "nul"]`,
			[]string{`A.schema.json:1: #/type: there is no type "nul" (did you mean "null"?)`}},
		{"a type twice", `"type": ["string", "string"]`,
			[]string{`A.schema.json:1: #/type: "type" must be a type or a list of different ones, not ["string","string"]`}},
		{"a type that is no text", `"type": 5`,
			[]string{`A.schema.json:1: #/type: "type" must be a type or a list of different ones, not 5`}},
		{"a required member without a property", `"type": "object", "additionalProperties": false, "properties": {"x": {"title": "T", "description": "D.", "type": "string"}},
			"required": "x"`, []string{`A.schema.json:2: #/required: "required" must be a list of different names, not "x" (did you mean ["x"]?)`}},
		{"a required member twice", `"required": ["x", "x"]`,
			[]string{`A.schema.json:1: #/required: "required" must be a list of different names, not ["x","x"]`}},
		{"dependents that are no lists", `"dependentRequired": {"x": "y"}`,
			[]string{`A.schema.json:1: #/dependentRequired: "dependentRequired" must be an object of lists of different names, not {"x":"y"}`}},
		{"an enum that is no list", `"enum": "x"`,
			[]string{`A.schema.json:1: #/enum: "enum" must be a list of different values, one at least, not "x" (did you mean ["x"]?)`}},
		{"an enum of nothing", `"enum": []`,
			[]string{`A.schema.json:1: #/enum: "enum" must be a list of different values, one at least, not []`}},
		{"a length in quotes", `"type": "string", "minLength": "1"`,
			[]string{`A.schema.json:1: #/minLength: "minLength" must be a whole number, 0 at least, not "1" (did you mean 1?)`}},
		{"a length below nothing", `"type": "string", "maxLength": -1, "minLength": 1.5`, []string{
			`A.schema.json:1: #/maxLength: "maxLength" must be a whole number, 0 at least, not -1`,
			`A.schema.json:1: #/minLength: "minLength" must be a whole number, 0 at least, not 1.5`}},
		{"bounds that are no numbers", `"minimum": "0", "multipleOf": 0`, []string{
			`A.schema.json:1: #/minimum: "minimum" must be a number, not "0" (did you mean 0?)`,
			`A.schema.json:1: #/multipleOf: "multipleOf" must be a number above 0, not 0`}},
		{"a flag in quotes", `"uniqueItems": "True"`,
			[]string{`A.schema.json:1: #/uniqueItems: "uniqueItems" must be true or false, not "True" (did you mean true?)`}},
		{"texts that are none", `"format": 1, "pattern": null, "items": {"title": 5, "type": "string"}`, []string{
			`A.schema.json:1: #/format: "format" must be a text, not 1`,
			`A.schema.json:1: #/items/title: "title" must be a text, not 5`,
			`A.schema.json:1: #/pattern: "pattern" must be a text, not null`}},
		{"examples that are no list", `"type": "string", "examples": "x"`,
			[]string{`A.schema.json:1: #/examples: "examples" must be a list, not "x"`}},
		{"schemas that are none", `"$defs": [], "anyOf": {}, "oneOf": [], "items": [{}]`, []string{
			`A.schema.json:1: #/$defs: "$defs" must be an object of schemas, not []`,
			`A.schema.json:1: #/anyOf: "anyOf" must be a list of schemas, one at least, not {}`,
			`A.schema.json:1: #/items: "items" must be a schema, which is an object, true or false, not [{}]`,
			`A.schema.json:1: #/oneOf: "oneOf" must be a list of schemas, one at least, not []`}},
		{"true for a property", `"type": "object", "additionalProperties": false, "properties": {"a": true}, "allOf": [false]`,
			[]string{`A.schema.json:1: #/allOf/0: a schema here is an object`, `A.schema.json:1: #/properties/a: a schema here is an object`}},

		{"a file that is no object", `[]`, []string{`A.schema.json:1: #: a schema file is a JSON object`}},
		{"a file that is no JSON", `{`, []string{`A.schema.json:1: not I-JSON: the text ends too early, after byte 1`}},
		{"a file with a member twice", `{"type": "string", "type": "object"}`, []string{`A.schema.json:1: not I-JSON: duplicate member "type" in ""`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := test.file
			if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
				text = "{" + head("A") + text + "}"
			}
			_, err := Load(mapFS(map[string]string{"A.schema.json": text, "B.schema.json": "{" + head("B") + `"type": "null"}`, "README.md": "no schema"}))
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems, -want +got:\n%s", diff)
			}
		})
	}
}

func TestLoadRefusesWhatTheLibraryRefuses(t *testing.T) {
	_, err := Load(mapFS(map[string]string{"A.schema.json": "{" + head("A") + `"$ref": "#"}`}))
	if err == nil || !strings.HasPrefix(err.Error(), "A.schema.json: ") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestLoadRefusesAnEmptyFolder(t *testing.T) {
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("got no error, want one: no schema checks nothing")
	}
}

func TestLoadReportsEveryFile(t *testing.T) {
	_, err := Load(mapFS(map[string]string{
		"A.schema.json": "{" + head("A") + `"tpye": "null"}`,
		"B.schema.json": "{" + head("B") + `"type": "object", "nul": 1}`,
		"C.schema.json": "",
	}))
	want := []string{
		`C.schema.json:1: not I-JSON: holds no value`,
		`A.schema.json:1: #/tpye: unknown keyword "tpye" (did you mean "type"?)`,
		`B.schema.json:1: #/nul: unknown keyword "nul"`,
		`B.schema.json:1: #: an object lacks "additionalProperties": false`,
	}
	if err == nil {
		t.Fatal("got no error, want four")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems, -want +got:\n%s", diff)
	}
}

func TestLoadFetchesNothing(t *testing.T) {
	// A meta-schema that is not built in would be fetched. The lint comes first, so this asks the compiler itself.
	_, err := Load(mapFS(map[string]string{"A.schema.json": `{"$schema": "https://schemas.lpgate.example/meta", "$id": "https://schemas.lpgate.example/A.schema.json", "title": "T", "description": "D."}`}))
	if err == nil || !strings.Contains(err.Error(), `"$schema" is not`) {
		t.Errorf("got %v, want a refusal by the lint", err)
	}
}

func TestLineOf(t *testing.T) {
	const text = "{\n \"a\":\n  {\"b/c\": 1,\n   \"d\": [\n     true,\n     {\"e\": 2}\n   ]},\n \"f\": 3\n}"
	for pointer, want := range map[string]int{
		"": 1, "/a": 2, "/a/b~1c": 3, "/a/d": 4, "/a/d/0": 5, "/a/d/1": 6, "/a/d/1/e": 6, "/f": 8,
		"/a/d/1/x": 6, "/a/d/2": 4, "/x": 1, "/f/x": 8,
	} {
		if got := LineOf([]byte(text), pointer); got != want {
			t.Errorf("%s is on line %d, want %d", pointer, got, want)
		}
	}
	if got := LineOf([]byte("{\n"), "/a"); got != 1 {
		t.Errorf("got line %d of what is no JSON, want the first", got)
	}
}

func TestSyntaxErrorsHaveALine(t *testing.T) {
	for text, want := range map[string]int{
		"{\n\"a\": 1,\n\"a\": 2}": 3, "": 1, "[1,\n\n2": 3, "1\n\n2": 1, "[\n1e999]": 2, "\ufeff1": 1,
	} {
		_, err := Read([]byte(text))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Line != want {
			t.Errorf("%q: got %#v, want one on line %d", text, err, want)
		}
	}
}
