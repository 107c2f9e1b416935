package difftest_test

import (
	"io"
	"testing"

	"example.com/lpgate/runner/internal/difftest"
)

// BenchmarkRun compares two fakes. It reports
//
//	steps/s  calls per second
func BenchmarkRun(b *testing.B) {
	const steps = 5_000
	for b.Loop() {
		result, err := difftest.Run(b.Context(), difftest.Config{Project: locate(b), Steps: steps, Stdout: io.Discard})
		if err != nil || result.Differs() {
			b.Fatalf("got %v, %v", result.Causes, err)
		}
	}
	b.ReportMetric(float64(steps)*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
	b.ReportMetric(0, "ns/op")
}
