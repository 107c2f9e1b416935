package html

import "testing"

// A few reasons are open, whatever they are about; many only when nothing else on the page tells them.
func TestFewReasonsAreOpen(t *testing.T) {
	group := func(n int, scenario string) reasonGroup {
		g := reasonGroup{ID: "scenario-failed"}
		for range n {
			g.Reasons = append(g.Reasons, reason{Scenario: scenario})
		}
		return g
	}
	for _, test := range []struct {
		n        int
		scenario string
		want     bool
	}{
		{1, "s-0123456789", true}, {fewReasons, "s-0123456789", true}, {fewReasons + 1, "s-0123456789", false},
		{mostReasons, "", true}, {mostReasons + 1, "", false},
	} {
		if got := group(test.n, test.scenario).Open(); got != test.want {
			t.Errorf("%d of %q: open %v", test.n, test.scenario, got)
		}
	}
}
