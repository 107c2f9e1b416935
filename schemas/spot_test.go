package schemas

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// What is allowed where in the documents of a schema with every keyword that depends on the document.
func TestSpots(t *testing.T) {
	set, err := Load(mapFS(map[string]string{"A.schema.json": "{" + head("A") + `
		"type": "object", "additionalProperties": false,
		"properties": {
			"tier": {"title": "T", "description": "D.", "$ref": "#/$defs/Tier"},
			"either": {"title": "T", "description": "D.", "oneOf": [{"$ref": "#/$defs/Tier"}, {"type": "null"}]},
			"any": {"title": "T", "description": "D.", "anyOf": [
				{"type": "object", "additionalProperties": false, "properties": {"a": {"title": "T", "description": "D.", "const": 1}}},
				{"type": "object", "additionalProperties": false, "properties": {"a": {"title": "T", "description": "D.", "const": 2}}}]},
			"both": {"title": "T", "description": "D.", "type": "object", "additionalProperties": false,
				"properties": {"a": {"title": "T", "description": "D.", "type": "string"}}, "allOf": [{"properties": {"a": {"enum": ["x", 1]}}}]},
			"choice": {"title": "T", "description": "D.", "if": {"required": ["b"]}, "then": {"properties": {"a": {"const": 1}}}, "else": {"properties": {"a": {"const": 2}}}},
			"perhaps": {"title": "T", "description": "D.", "if": {"required": ["b"]}, "then": {"properties": {"a": {"const": 1}}}},
			"map": {"title": "T", "description": "D.", "type": "object", "patternProperties": {"^x": {"type": "boolean"}}, "additionalProperties": {"type": "integer", "minimum": 3}},
			"list": {"title": "T", "description": "D.", "type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}, "maxItems": 3},
			"pair": {"title": "T", "description": "D.", "type": "array", "prefixItems": [{"type": "string"}], "items": false},
			"bag": {"title": "T", "description": "D.", "type": "object", "additionalProperties": true, "$comment": "Open: a bag."},
			"self": {"title": "T", "description": "D.", "$ref": "#"}
		},
		"$defs": {"Tier": {"title": "T", "description": "D.", "type": "string", "enum": ["S0", "S1"]}}}`}))
	if err != nil {
		t.Fatal(err)
	}
	schema, _ := set.Lookup("A")
	for _, row := range []struct{ pointer, value, want string }{
		{"/tier", `"S1"`, ""},
		{"/tier", `"S7"`, `must be one of "S0", "S1"`},
		{"/tier/x", `1`, "must not be there"},
		{"/teir", `1`, "must not be there"},
		{"/either", `null`, ""},
		{"/either", `"S1"`, ""},
		{"/either", `7`, "must be a string, not a number, or must be null, not a number"},
		{"/any/a", `2`, ""},
		{"/any/a", `3`, "must be 1, or must be 2"},
		{"/any/b", `3`, "must not be there"},
		{"/both/a", `"x"`, ""},
		{"/both/a", `1`, "must be a string, not a number"},
		{"/choice/a", `1`, ""},
		{"/choice/a", `2`, ""},
		{"/choice/a", `3`, "must be 1, or must be 2"},
		{"/perhaps/a", `3`, ""},
		{"/map/x", `true`, ""},
		{"/map/x", `3`, "must be a boolean, not a number"},
		{"/map/y", `3.0`, ""},
		{"/map/y", `2`, "must be at least 3"},
		{"/list/0", `"a"`, ""},
		{"/list/1", `"a"`, "must be an integer, not a string"},
		{"/list/2", `1`, ""},
		{"/list/3", `1`, "must not be there"},
		{"/list/01", `1`, "must not be there"},
		{"/list/-", `1`, "must be a string, not a number"},
		{"/pair/1", `1`, "must not be there"},
		{"/bag/a/b/0", `1`, ""},
		{"/self/self/tier", `"S0"`, ""},
		{"/self/self/tier", `1`, "must be a string, not a number"},
		{"/self", `{"tier": "S7"}`, `must be one of "S0", "S1" at "/tier"`},
		{"", `{"tier": "S0"}`, ""},
	} {
		t.Run(row.pointer+" "+row.value, func(t *testing.T) {
			document, err := Read([]byte(row.value))
			if err != nil {
				t.Fatal(err)
			}
			spot := schema.Spot()
			for token := range jsontext.Pointer(row.pointer).Tokens() {
				spot = spot.In(token)
			}
			if got := spot.Refuses(document.Value); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if got, want := spot.Possible(), row.want != "must not be there"; got != want {
				t.Errorf("got possible %v, want %v", got, want)
			}
		})
	}
	if got, want := strings.Join(schema.Spot().In("either").Texts(), " "), "S0 S1"; got != want {
		t.Errorf("got the texts %s, want %s", got, want)
	}
	if got, want := strings.Join(schema.Spot().In("both").Members(), " "), "a"; got != want {
		t.Errorf("got the members %s, want %s", got, want)
	}
}
