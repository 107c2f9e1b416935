package openapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// lamp is a milestone that is not M109.
func lamp(t *testing.T) *milestones.Milestone {
	t.Helper()
	m, err := milestones.Load(os.DirFS("../testdata"), "tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lampSchemas are the schemas that it names, and one that nothing names.
func lampSchemas(t *testing.T) *schemas.Set {
	t.Helper()
	files := fstest.MapFS{}
	for name, rest := range map[string]string{
		"SwitchRequest":  `"type":"object","additionalProperties":false,"properties":{"on":{"title":"On","description":"Whether.","type":"boolean"}}`,
		"SwitchResponse": `"type":"object","required":["lamp"],"additionalProperties":false,"properties":{"lamp":{"title":"Lamp","description":"It.","$ref":"ErrorResponse.schema.json#/$defs/Lamp"}}`,
		"HealthResponse": `"type":"object","additionalProperties":false`,
		"ErrorResponse":  `"type":"object","additionalProperties":false,"properties":{"lamp":{"title":"Lamp","description":"It.","$ref":"#/$defs/Lamp"}},"$defs":{"Lamp":{"title":"Lamp","description":"A lamp.","type":"string","minLength":1}}`,
		"Unnamed":        `"type":"object","additionalProperties":false`,
	} {
		files[name+".schema.json"] = &fstest.MapFile{Data: []byte(`{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://schemas.lpgate.example/` +
			name + `.schema.json","title":"T","description":"D.",` + rest + `}`)}
	}
	set, err := schemas.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func switched(change func(*openapi.Example)) []openapi.Example {
	e := openapi.Example{
		Operation: "lamp.switch", Outcome: "success", Path: map[string]string{"lamp_id": "lamp_1"},
		Header: map[string]string{"X-Owner": "ada", "Idempotency-Key": "k1"}, Query: map[string]string{"bulb": "left"},
		Body: []byte(`{"on":true}`), Status: 200, AnswerHeader: map[string]string{"X-Correlation-Id": "c1"}, Answer: []byte(`{"lamp":"lamp_1"}`),
	}
	if change != nil {
		change(&e)
	}
	return []openapi.Example{e}
}

// A document is of the milestone that it is given, whatever that is about.
func TestContract(t *testing.T) {
	m, set := lamp(t), lampSchemas(t)
	examples := append(switched(nil), switched(func(e *openapi.Example) {
		e.Outcome, e.Name, e.Status, e.Body, e.Answer = "too_hot", "lamp_hot", 409, []byte(`{"on":1}`), []byte(`{"lamp":"lamp_1"}`)
	})...)
	text, err := openapi.Contract(m, set, examples).JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := openapi.Contract(m, set, examples).JSON()
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("a second document differs (%v)", err)
	}
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	post := "paths /lamps/{lamp_id}/switch post "
	for at, want := range map[string]any{
		"openapi":            "3.1.0",
		"info title":         "A lamp",
		"info version":       "M1",
		post + "operationId": "lamp.switch",
		post + "summary":     "lamp.switch",
		post + "description": "Needs the scope `lamp:write`. The rules of the operation are in [x-rules](#/paths/~1lamps~1%7Blamp_id%7D~1switch/post/x-rules).",
		post + "x-rules":     map[string]any{"lamp-is-cool": "A hot lamp is not switched on."},
		post + "security":    []any{map[string]any{"X-Owner": []any{}, "X-Scopes": []any{}}},
		post + "parameters": []any{
			map[string]any{"name": "lamp_id", "in": "path", "required": true, "description": "One percent-decoded segment of the path.", "schema": map[string]any{"type": "string"}, "example": "lamp_1"},
			map[string]any{"name": "X-Correlation-Id", "in": "header", "required": false, "description": "The id that the answer shall have; otherwise one is made.",
				"schema": map[string]any{"type": "string", "minLength": 1.0, "maxLength": 128.0}},
			map[string]any{"name": "Idempotency-Key", "in": "header", "required": true, "description": "The same request with the same key is answered as before, and with another body refused.",
				"schema": map[string]any{"type": "string", "minLength": 1.0, "maxLength": 255.0}, "example": "k1"},
			map[string]any{"name": "X-Owner", "in": "header", "required": false, "description": "Identifies the caller, as the security scheme of this name does.", "schema": map[string]any{"type": "string"}},
			map[string]any{"name": "X-Scopes", "in": "header", "required": false, "description": "Identifies the caller, as the security scheme of this name does.", "schema": map[string]any{"type": "string"}},
			map[string]any{"name": "bulb", "in": "query", "required": false, "description": "Which bulb is meant.", "schema": map[string]any{"type": "string", "enum": []any{"left", "right"}}},
			map[string]any{"name": "X-Now-Iso", "in": "header", "required": false, "description": "The time that it is.", "schema": map[string]any{"type": "string", "format": "date-time"}},
		},
		// The second request is not what the schema allows, so it is no example of one.
		post + "requestBody content application/json": map[string]any{
			"schema":   map[string]any{"$ref": "#/components/schemas/SwitchInput"},
			"examples": map[string]any{"success": map[string]any{"value": map[string]any{"on": true}}},
		},
		post + "responses 200 headers X-Correlation-Id example": "c1",
		post + "responses 409 description":                      "- `too_hot`: CONFLICT, reason code `lamp_hot`; `/error/details/reason_codes` may list `lamp_hot`, `lamp_broken` and the request's own\n",
		post + "responses 409 content application/json": map[string]any{
			"schema":   map[string]any{"$ref": "#/components/schemas/ErrorResult"},
			"examples": map[string]any{"too_hot.lamp_hot": map[string]any{"value": map[string]any{"lamp": "lamp_1"}}},
		},
		"paths /health get security":                           []any{},
		"components schemas SwitchResult properties lamp $ref": "#/components/schemas/ErrorResultLamp",
		"components schemas ErrorResult properties lamp $ref":  "#/components/schemas/ErrorResultLamp",
		"components schemas ErrorResult $defs":                 nil,
		"components schemas ErrorResult $id":                   nil,
		"components schemas Unnamed":                           nil,
		"components schemas ErrorResultLamp minLength":         1.0,
		"components securitySchemes X-Owner":                   map[string]any{"type": "apiKey", "in": "header", "name": "X-Owner", "description": "- `owner` (X-Owner, X-Scopes): Whoever has the lamp.\n"},
	} {
		got := root
		for _, name := range strings.Split(strings.ReplaceAll(at, "/json", "|json"), " ") {
			object, _ := got.(map[string]any)
			got = object[strings.ReplaceAll(name, "|json", "/json")]
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", at, diff)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*openapi.Document)
		want   string
	}{
		{"an example of no operation", func(d *openapi.Document) { d.Examples[0].Operation = "lamp.swich" }, `did you mean lamp.switch?`},
		{"a status that is not given", func(d *openapi.Document) { d.Examples[0].Status = 418 }, "has the status 418"},
		{"a header that is not read", func(d *openapi.Document) { d.Examples[0].Header["X-Ownr"] = "ada" }, `did you mean X-Owner?`},
		{"a query that is not read", func(d *openapi.Document) { d.Examples[0].Query["blub"] = "left" }, `has "blub" in its query`},
		{"two examples of one name", func(d *openapi.Document) { d.Examples = append(d.Examples, d.Examples[0]) }, "two examples are called lamp.switch success"},
		{"a schema that is not there", func(d *openapi.Document) { d.Operations[0].Request = "SwitchRequst" }, `did you mean SwitchRequest?`},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := openapi.Contract(lamp(t), lampSchemas(t), switched(nil))
			row.change(d)
			if text, err := d.JSON(); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("JSON = %d bytes, %v, want %q", len(text), err, row.want)
			}
		})
	}
}

// The parameters of a query are in the schema of the answer too, which
// echoes it.
func TestTheEventTypesAreThoseOfTheSchema(t *testing.T) {
	const export = "partnerLiquidityProvider.rollout.export"
	m := milestones.M109()
	op, _ := m.Operation(export)
	places, err := schemas.Embedded().Places(op.ResponseSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Parameters {
		if !slices.Contains(p.Operations, export) || p.Values == nil {
			continue
		}
		at := slices.IndexFunc(places, func(place schemas.Place) bool { return place.Pointer() == "/export/query/"+p.Name })
		if at < 0 {
			t.Fatalf("the answer does not echo %s", p.Name)
		}
		got, want := []string{}, slices.Sorted(slices.Values(p.Values))
		for _, value := range places[at].Enum {
			got = append(got, value.(string))
		}
		slices.Sort(got)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-schema +milestone):\n%s", p.Name, diff)
		}
	}
}
