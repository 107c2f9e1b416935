package difftest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// newTestGrammar returns a grammar for servers with the sets of capabilities.
func newTestGrammar(t *testing.T, sets [][]string, validOnly bool) *grammar {
	t.Helper()
	supportsAll := func(string) bool { return true }
	g, err := newGrammar(milestones.M109(), schemas.Embedded(), sets, []string{"amber", "cobalt"}, supportsAll, validOnly)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A random seed gives the same sequence each time.
func TestSequencesDependOnTheirSeeds(t *testing.T) {
	g := newTestGrammar(t, [][]string{nil, {keyMode}}, false)
	seen := map[string]bool{}
	for i := range 50 {
		text := g.sequence(randomSeed("id", i)).text()
		if again := g.sequence(randomSeed("id", i)).text(); again != text {
			t.Errorf("sequence %d: got two sequences of one seed", i)
		}
		seen[text] = true
	}
	if len(seen) != 50 {
		t.Errorf("50 seeds gave %d sequences", len(seen))
	}
}

// All sequences use the same target, so each name of a provider is unique.
func TestProviderNamesAreUnique(t *testing.T) {
	g := newTestGrammar(t, [][]string{nil}, false)
	seen := 0
	for _, p := range g.bodies[onboard] {
		if !strings.HasSuffix(p.pointer, "/provider_id") {
			continue
		}
		for _, value := range slices.Concat(p.valid, p.invalid) {
			var name string
			if json.Unmarshal([]byte(value), &name) != nil || strings.TrimSpace(name) != name || name == "" {
				continue // the schema refuses it
			}
			if seen++; !strings.Contains(name, "{unique}") {
				t.Errorf("%s may be %s, which another sequence may use", p.pointer, value)
			}
		}
	}
	if seen == 0 {
		t.Error("no sequence names a provider")
	}
}

// With validOnly there are no malformed bodies, headers and paths.
func TestValidOnly(t *testing.T) {
	g := newTestGrammar(t, [][]string{nil}, true)
	for i := range 200 {
		for _, call := range g.sequence(randomSeed("id", i)).Calls {
			if call.Method != "" || call.Text != nil || call.Hex != "" || call.Length > 0 {
				t.Fatalf("got %s", callText(call))
			}
			for _, row := range call.Rows {
				isHeader := strings.HasPrefix(row[0], "header ")
				if isHeader && (row[1] == "absent" || strings.TrimSpace(row[1]) != row[1] || row[1] == "") || strings.HasSuffix(row[0], "/unknown") || row[0] == "query unknown" {
					t.Errorf("got the row %q in %s", row, callText(call))
				}
			}
		}
	}
}
