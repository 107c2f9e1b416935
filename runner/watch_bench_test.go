package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkWatch measures the built command with --watch from a change of a feature on the disk. It reports
//
//	notice-ms   milliseconds until the first line about the change
//	verdict-ms  milliseconds until the verdict of the run
func BenchmarkWatch(b *testing.B) {
	project := b.TempDir()
	for _, folder := range []string{"milestones", "features", "fixtures"} {
		if err := os.CopyFS(filepath.Join(project, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			b.Fatal(err)
		}
	}
	program := filepath.Join(project, "runner")
	if text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, text)
	}
	command := exec.Command(program, "milestones/M109.yaml", "--watch")
	command.Dir = project
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	lines := bufio.NewScanner(stdout)
	wait := func(prefix string) {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), prefix) {
				return
			}
		}
		b.Fatalf("it ended without %q: %v", prefix, lines.Err())
	}
	feature := filepath.Join(project, "features", "keys.feature")
	text, err := os.ReadFile(feature)
	if err != nil {
		b.Fatal(err)
	}
	wait("watching ")
	var noticed, verdict time.Duration
	for b.Loop() {
		text = append(text, '\n')
		start := time.Now()
		if err := os.WriteFile(feature, text, 0o666); err != nil {
			b.Fatal(err)
		}
		wait("changed: ")
		noticed += time.Since(start)
		wait("overall=true")
		verdict += time.Since(start)
		wait("watching ")
	}
	b.ReportMetric(float64(noticed.Milliseconds())/float64(b.N), "notice-ms")
	b.ReportMetric(float64(verdict.Milliseconds())/float64(b.N), "verdict-ms")
	b.ReportMetric(0, "ns/op")
}
