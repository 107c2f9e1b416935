package html

import (
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

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

func TestNotVerifiedIsShown(t *testing.T) {
	for _, test := range []struct {
		not  verdict.NotVerified
		want bool
	}{{verdict.NotVerified{Scenarios: 2, Rules: 1, Outcomes: 3}, true}, {verdict.NotVerified{}, false}} {
		page, err := Encode(new(record.Run), &verdict.Verdict{Overall: true, NotVerified: test.not})
		if err != nil {
			t.Fatal(err)
		}
		const shown = "<dt>not verified</dt><dd>2 scenarios, 1 rule and 3 outcomes</dd>"
		if got := strings.Contains(string(page), shown); got != test.want {
			t.Errorf("%s: shown %v", test.not, got)
		}
	}
}
