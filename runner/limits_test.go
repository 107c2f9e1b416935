//go:build external && !race

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/verdict"
)

// A milestone that is far too large is refused soon: by its size, by the length of a list, or without comparing a
// very long name with others. The test measures processor time, which other load does not change.
func TestRefusesHugeMilestonesSoon(t *testing.T) {
	const soon = 2 * time.Second // on a machine at half the speed of one that takes less than a second
	text, err := os.ReadFile("../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := func(count int) []byte {
		var b strings.Builder
		for i := range count {
			fmt.Fprintf(&b, "\n  - {id: r-%d, kind: precondition, feature: keys.feature, section: \"1\", description: It is so., operations: [healthz]}", i)
		}
		return bytes.Replace(text, []byte("\nrules:"), []byte("\nrules:"+b.String()), 1)
	}
	added := func(more string) []byte { return append(bytes.Clone(text), more...) }
	for _, test := range []struct {
		name      string
		milestone []byte
		want      string
	}{
		{"100,000 rules", rules(100_000), "M109.yaml: the file is too large: it may have 4 MiB at most"},
		{"5,001 rules", rules(5_001 - 81), ": /rules must have 5000 items at most, got 5001"},
		{"30,000 rules", rules(30_000 - 81), ": /rules must have 5000 items at most, got 30000"},
		{"a key of 2 MB", added("\n? " + strings.Repeat("k", 2_000_000) + "\n: 1\n"), `: unknown key "kkk`},
		{"a value of 2 MB", bytes.Replace(text, []byte("kind: precondition"), []byte("kind: "+strings.Repeat("g", 2_000_000)), 1), `: /rules/0/kind must be one of precondition, invariant, got "ggg`},
		{"300,000 keys", added("\n" + strings.Repeat("k: 1\n", 300_000)), ": the document must have 5000 items at most"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, "M109.yaml")
			if err := os.WriteFile(file, test.milestone, 0o600); err != nil {
				t.Fatal(err)
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command(self, file, "--out", filepath.Join(folder, "out"))
			command.Args[0] = "runner" // TestMain selects the process by it
			out, _ := command.Output() // its state has the rest
			if exit := command.ProcessState.ExitCode(); exit != verdict.Broken {
				t.Errorf("it exits with %d", exit)
			}
			if !strings.Contains(string(out), test.want) {
				t.Errorf("it prints %.2000q, want %q", out, test.want)
			}
			if took := command.ProcessState.UserTime() + command.ProcessState.SystemTime(); took > soon {
				t.Errorf("it took %v of processor time, want %v at most", took, soon)
			} else {
				t.Logf("%v of processor time", took)
			}
		})
	}
}
