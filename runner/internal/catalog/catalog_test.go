package catalog

import (
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/verdict"
)

// Every reason says what it is and what to do, and the schema of the verdict knows it.
func TestReasons(t *testing.T) {
	schema, err := os.ReadFile("../../../schemas/Verdict.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range verdict.Reasons {
		text := Reason(kind.ID)
		for _, want := range []string{kind.ID, kind.Description, kind.Do, Page} {
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
	if slices.ContainsFunc(shortNames, func(n struct{ prefix, names string }) bool { return !shortName.MatchString(n.prefix + "0123456789") }) {
		t.Error("a prefix that no short name has")
	}
}
