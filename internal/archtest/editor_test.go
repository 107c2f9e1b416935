package archtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/internal/module"
	"example.com/lpgate/milestones"
)

// The editor settings name existing files: features and step definitions, a schema for each kind of YAML, and for
// each default body the schema of its operation. They agree with the milestone.
func TestEditorSettings(t *testing.T) {
	module.Enter(t)
	text, err := os.ReadFile(".vscode/settings.json")
	if err != nil {
		t.Fatal(err)
	}
	type body struct {
		FileMatch []string `json:"fileMatch"`
		URL       string   `json:"url"`
	}
	var settings struct {
		Features []string          `json:"cucumber.features"`
		Glue     []string          `json:"cucumber.glue"`
		YAML     map[string]string `json:"yaml.schemas"`
		JSON     []body            `json:"json.schemas"`
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(settings.Features, []string{"features/**/*.feature"}) {
		t.Errorf("the settings have the features %q", settings.Features)
	}
	exists := func(file string) {
		t.Helper()
		if found, _ := filepath.Glob(file); len(found) == 0 {
			t.Errorf("the settings name %s, which is not there", file)
		}
	}
	for _, file := range settings.Glue {
		exists(file)
	}
	for schema, files := range settings.YAML {
		exists(schema)
		exists(files)
	}
	var want []body
	for _, operation := range milestones.M109().Operations {
		if operation.RequestSchema != "" {
			want = append(want, body{
				[]string{"/fixtures/requests/" + operation.ID + ".json"}, "./schemas/" + operation.RequestSchema + ".schema.json",
			})
		}
	}
	if diff := cmp.Diff(settings.JSON, want); diff != "" {
		t.Errorf("bodies and their schemas (-settings +milestone):\n%s", diff)
	}
}
