package catalog

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/verdict"
)

// The page to which the explanation of a reason leads has a row for each reason, in their order, and none for anything else.
func TestThePageHasEveryReason(t *testing.T) {
	text, err := os.ReadFile("../../../features/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, heading, _ := strings.Cut(Page, "#")
	_, section, found := strings.Cut(string(text), "\n## "+strings.ToUpper(heading[:1])+strings.ReplaceAll(heading[1:], "-", " ")+"\n")
	if !found {
		t.Fatalf("%s leads nowhere", Page)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	got := regexp.MustCompile("(?m)^\\| `[a-z-]+` \\|.*$").FindAllString(section, -1)
	var want []string
	for _, kind := range verdict.Reasons {
		exit := fmt.Sprint(kind.Exit)
		if verdict.IsAbsence(kind.ID) {
			exit += fmt.Sprintf(", %d", verdict.Incomplete)
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s %s |", kind.ID, exit, kind.Description, kind.Do))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rows of features/README.md (-want +got):\n%s", diff)
	}
}

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
