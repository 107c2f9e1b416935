//go:build !race

package difftest_test

import (
	"io"
	"testing"

	"example.com/lpgate/runner/internal/difftest"
)

// The walk of the default seed comes to every rule, gates on both sides, and to every outcome, within its first steps:
// what it never reaches, it cannot compare.
func TestTruthReachesEverything(t *testing.T) {
	result, err := difftest.Run(t.Context(), difftest.Config{
		Project: locate(t), Steps: difftest.DefaultSteps, Stdout: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Divergence != nil {
		t.Errorf("two fakes differ: %s", result.Divergence.Difference.String())
	}
	rules, outcomes := result.Tally.Unreached()
	for _, missing := range append(rules, outcomes...) {
		t.Errorf("not reached within %d steps: %s", difftest.DefaultSteps, missing)
	}
}
