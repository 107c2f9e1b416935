package main

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkBuiltGate measures the built command as CI runs it, from its start to its exit code: the whole of M109, with
// its artifacts on the disk.
func BenchmarkBuiltGate(b *testing.B) {
	folder := b.TempDir()
	program := filepath.Join(folder, "runner")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	var processor time.Duration
	for b.Loop() {
		command := exec.Command(program, "../milestones/M109.yaml", "--out", filepath.Join(folder, "out"))
		if out, err := command.CombinedOutput(); err != nil {
			b.Fatalf("running: %v\n%s", err, out)
		}
		processor += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/run")
	b.ReportMetric(float64(processor.Milliseconds())/float64(b.N), "processor-ms/run")
}
