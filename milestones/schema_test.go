package milestones

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const schemaFile = "../schemas/Milestone.schema.json"

// A property without a field would be accepted and ignored; a field without a property could never be set.
func TestFieldsAreTheProperties(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]any    `json:"properties"`
		Defs       map[string]object `json:"$defs"`
	}
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	types := map[string]any{
		"Transport": Transport{}, "Limits": Limits{}, "Refusal": refusal{}, "Operation": operation{}, "Success": success{},
		"Router": document{}.Router, "Parameter": Parameter{}, "Identity": Identity{}, "Capability": Capability{}, "Rule": Rule{},
		"Output": Output{}, "Pattern": Pattern{}, "Selfcheck": Selfcheck{}, "Unobservable": Unobservable{},
	}
	compare := func(name string, value any, properties map[string]any) {
		if diff := cmp.Diff(slices.Sorted(slices.Values(yamlKeys(reflect.TypeOf(value)))), slices.Sorted(maps.Keys(properties))); diff != "" {
			t.Errorf("%s (-fields +%s):\n%s", name, schemaFile, diff)
		}
	}
	compare("Milestone", document{}, root.Properties)
	for name, definition := range root.Defs {
		if definition.Properties != nil {
			compare(name, types[name], definition.Properties)
		}
	}
}

func yamlKeys(of reflect.Type) []string {
	var keys []string
	for i := range of.NumField() {
		switch key := of.Field(i).Tag.Get("yaml"); key {
		case ",inline":
			keys = append(keys, yamlKeys(of.Field(i).Type)...)
		case "-":
		default:
			keys = append(keys, key)
		}
	}
	return keys
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
