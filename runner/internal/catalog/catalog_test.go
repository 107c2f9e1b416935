package catalog

import (
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/verdict"
)

// Each reason has a description and what to do, and is in the schema of the verdict.
func TestReasons(t *testing.T) {
	schema, err := os.ReadFile("../../../schemas/Verdict.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range verdict.Reasons {
		text := Reason(kind.ID)
		for _, want := range []string{kind.ID, kind.Description, kind.Do, ReasonsPage} {
			if want == "" || !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", kind.ID, want, text)
			}
		}
		if !strings.HasSuffix(kind.Do, ".") || !strings.Contains(string(schema), `"`+kind.ID+`"`) {
			t.Errorf("%s: %q", kind.ID, kind.Do)
		}
	}
	if text := Reason("no-reason"); text != "" {
		t.Errorf("%s", text)
	}
	if slices.ContainsFunc(shortIDs, func(e entry) bool { return !shortID.MatchString(e.id + "0123456789") }) {
		t.Error("a prefix that no short id has")
	}
}
