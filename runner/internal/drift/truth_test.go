//go:build !race

package drift_test

import (
	"io"
	"testing"

	"example.com/lpgate/runner/internal/drift"
)

// The walk of the default seed comes to every rule, gates on both sides, and to every outcome, within its first steps:
// what it never reaches, it cannot compare.
func TestTruthReachesEverything(t *testing.T) {
	result, err := drift.Run(t.Context(), drift.Config{
		Project: locate(t), Steps: drift.DefaultSteps, Stdout: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Drift != nil {
		t.Errorf("two fakes differ: %s", result.Drift.Difference.String())
	}
	rules, outcomes := result.Tally.Unreached()
	for _, missing := range append(rules, outcomes...) {
		t.Errorf("not reached within %d steps: %s", drift.DefaultSteps, missing)
	}
}
