//go:build !race

package difftest_test

import (
	"io"
	"testing"

	"example.com/lpgate/runner/internal/difftest"
)

// A run with the default random seed reaches each rule, preconditions on both sides, and each outcome: what it does not reach is
// not compared.
func TestDefaultRunReachesEverything(t *testing.T) {
	result, err := difftest.Run(t.Context(), difftest.Config{
		Project: locate(t), Steps: difftest.DefaultSteps, Stdout: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Causes {
		t.Errorf("two fakes differ: %s", c.Divergence.Difference.String())
	}
	rules, outcomes := result.Coverage.Unreached()
	for _, missing := range append(rules, outcomes...) {
		t.Errorf("not reached within %d calls: %s", difftest.DefaultSteps, missing)
	}
}
