package difftest_test

import (
	"io"
	"testing"

	"example.com/lpgate/runner/internal/difftest"
)

// BenchmarkWalk measures walks between two fakes, each call played on both sides and compared. It reports
//
//	steps/s  calls per second
func BenchmarkWalk(b *testing.B) {
	const steps = 5_000
	for b.Loop() {
		result, err := difftest.Run(b.Context(), difftest.Config{Project: locate(b), Steps: steps, Stdout: io.Discard})
		if err != nil || result.Divergence != nil {
			b.Fatalf("got %v, %v", result.Divergence, err)
		}
	}
	b.ReportMetric(float64(steps)*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
	b.ReportMetric(0, "ns/op")
}
