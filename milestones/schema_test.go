package milestones

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

const schemaFile = "../schemas/Milestone.schema.json"

// TestSchemaHasTheShapes holds that schemas/Milestone.schema.json, which editors read, and the table of shapes, which
// the decoder reads, say the same: the same mappings, keys, types and forms, in both directions.
func TestSchemaHasTheShapes(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	definitions, _ := root["$defs"].(map[string]any)
	got := map[string]any{"milestone": trimmed(root)}
	for name, definition := range definitions {
		got[strings.ToLower(name)] = trimmed(definition.(map[string]any))
	}
	want := map[string]any{}
	for name, fields := range shapes {
		properties, required := map[string]any{}, []any{}
		for _, f := range fields {
			properties[f.key] = schemaOf(f)
			if f.required {
				required = append(required, f.key)
			}
		}
		shape := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
		if len(required) > 0 {
			shape["required"] = required
		}
		want[name] = shape
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("shapes (-%s +shape.go):\n%s", schemaFile, diff)
	}
}

// schemaOf is the schema of a field, without what is written for people.
func schemaOf(f field) map[string]any {
	reference := map[string]any{"$ref": "#/$defs/" + strings.ToUpper(f.shape[:min(1, len(f.shape))]) + f.shape[min(1, len(f.shape)):]}
	texts := map[string]any{"type": "string"}
	if f.oneOf != nil {
		enum := []any{}
		for _, value := range f.oneOf {
			enum = append(enum, value)
		}
		texts["enum"] = enum
	} else if f.form.pattern != nil {
		texts["pattern"] = f.form.pattern.String()
	}
	switch {
	case f.kind == mapping && f.free:
		return map[string]any{"type": "object", "minProperties": 1.0, "propertyNames": texts, "additionalProperties": reference}
	case f.kind == mapping:
		return reference
	case f.kind == list && f.shape != "":
		return map[string]any{"type": "array", "minItems": 1.0, "items": reference}
	case f.kind == list:
		return map[string]any{"type": "array", "minItems": 1.0, "uniqueItems": true, "items": texts}
	case f.kind == number:
		numbers := map[string]any{"type": "integer", "minimum": float64(f.least)}
		if f.most > 0 {
			numbers["maximum"] = float64(f.most)
		}
		return numbers
	case f.kind == flag:
		return map[string]any{"type": "boolean"}
	default:
		return texts
	}
}

// trimmed is an object's schema without what is written for people, and without the keywords that tell an editor early
// what Parse reports as well: what one key demands of another. TestSchemaAgreesWithParse looks at those.
func trimmed(schema map[string]any) map[string]any {
	schema = maps.Clone(schema)
	for _, keyword := range []string{"$schema", "$id", "$defs", "title", "description", "anyOf", "dependentRequired"} {
		delete(schema, keyword)
	}
	properties := map[string]any{}
	for name, property := range schema["properties"].(map[string]any) {
		property := maps.Clone(property.(map[string]any))
		delete(property, "title")
		delete(property, "description")
		properties[name] = property
	}
	schema["properties"] = properties
	return schema
}

func TestSchemaDescribesEveryProperty(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	described := func(at string, schema any) {
		for _, keyword := range []string{"title", "description"} {
			if says, _ := schema.(map[string]any)[keyword].(string); says == "" {
				t.Errorf("%s has no %s", at, keyword)
			}
		}
	}
	described("the root", root)
	objects := maps.Clone(root["$defs"].(map[string]any))
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		described(name, objects[name])
	}
	objects["Milestone"] = root
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		properties := objects[name].(map[string]any)["properties"].(map[string]any)
		for _, property := range slices.Sorted(maps.Keys(properties)) {
			described(name+"."+property, properties[property])
		}
	}
}

func TestSchemaAcceptsTheMilestones(t *testing.T) {
	schema := compiled(t)
	for _, name := range []string{"M109.yaml", "testdata/tiny.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

// TestSchemaAgreesWithParse holds that an editor never underlines what Parse accepts, and that it underlines every
// wrong shape, unless it is one of the notation, which a JSON document does not have.
func TestSchemaAgreesWithParse(t *testing.T) {
	schema := compiled(t)
	compared := 0
	for _, row := range broken {
		text := edited(t, row.old, row.new)
		root, err := Document("M1.yaml", "milestone", text)
		if err != nil || row.yamlOnly {
			continue
		}
		s := shaper{file: "M1.yaml", shapes: shapes}
		s.object(root, "milestone")
		if len(s.found) == 0 {
			continue
		}
		compared++
		t.Run(row.name, func(t *testing.T) {
			if err := schema.Validate(asJSON(t, text)); err == nil {
				t.Errorf("the schema accepts what Parse refuses: %v", s.found.err())
			}
		})
	}
	if compared < 20 {
		t.Errorf("only %d wrong shapes were compared, want most of the table", compared)
	}

	for _, name := range []string{ // What one key demands of another.
		"a place for reason codes without codes", "reason codes without a place", "an open place without a place", "neither scope nor public",
		"a success's place for reason codes without codes", "replays without keys",
	} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(broken, func(row brokenRow) bool { return row.name == name })
			if err := schema.Validate(asJSON(t, edited(t, broken[i].old, broken[i].new))); err == nil {
				t.Error("the schema accepts what Parse refuses")
			}
		})
	}
}

func TestEditorsFindTheSchema(t *testing.T) {
	text, err := os.ReadFile("M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	where, found := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	if !found || where != schemaFile {
		t.Errorf("M109.yaml begins with %q, want the comment that leads editors to %s", first, schemaFile)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.LoadURL = nil // The file refers to itself alone.
	if err := compiler.AddResource("Milestone.schema.json", bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("Milestone.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a YAML document as an editor validates it.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(fmt.Errorf("as JSON: %w", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}
