package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fate is what became of a mutant.
type fate string

const (
	unbuildable fate = "unbuildable" // no Go program
	killed      fate = "killed"      // a scenario or a check fails
	crashed     fate = "crashed"     // the gate or the fake in it does not live to a verdict
	timedOut    fate = "timed-out"
	survived    fate = "survived"
)

// result is what became of a mutant, and how that was seen.
type result struct {
	fate    fate
	message string
}

// gateTimeout is how long a gate may run, a hundred times as long as it does. A mutant that loops for ever needs it.
const gateTimeout = 2 * time.Minute

// mutated is the name of the file that is built instead of the original.
const mutated = "mutated.go"

const milestone = "milestones/M109.yaml"

// judge builds gates and runs them.
type judge struct {
	folder string
}

// judge runs the features against a mutant; nil is the unmodified project. The error is a failure of the tool.
func (j *judge) judge(ctx context.Context, m *mutant) (result, error) {
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	folder, err := os.MkdirTemp(j.folder, "one-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(folder)
	overlay, err := overlayOf(folder, m)
	if err != nil {
		return result{}, err
	}
	gate := filepath.Join(folder, "gate")
	// The debug information is not needed, and writing it takes half of the build.
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-ldflags=-s -w", "-o", gate, "./runner")
	if text, err := build.CombinedOutput(); err != nil {
		var failed *exec.ExitError
		if ctx.Err() != nil || !errors.As(err, &failed) {
			return result{}, fmt.Errorf("building: %w", err)
		}
		// A change of one operator breaks its own file. What breaks elsewhere is the project, perhaps edited meanwhile.
		if m == nil || !bytes.Contains(text, []byte(mutated+":")) {
			return result{}, fmt.Errorf("building: the project does not build: %s", text)
		}
		return result{unbuildable, lastLine(text)}, nil
	}
	limited, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	run := exec.CommandContext(limited, gate, milestone, "--out", filepath.Join(folder, "out"))
	text, err := run.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return result{}, ctx.Err()
	case limited.Err() != nil:
		return result{timedOut, "after " + gateTimeout.String()}, nil
	}
	verdict, missing := os.ReadFile(filepath.Join(folder, "out", "verdict.json"))
	if missing != nil {
		return result{crashed, fmt.Sprintf("no verdict, %v: %s", err, lastLine(text))}, nil
	}
	return fateOf(verdict)
}

// overlayOf writes what go build is to see instead of the mutated file.
func overlayOf(folder string, m *mutant) (string, error) {
	replace := map[string]string{}
	if m != nil {
		code, err := os.ReadFile(m.File)
		if err != nil {
			return "", err
		}
		original, err := filepath.Abs(m.File)
		if err != nil {
			return "", err
		}
		replace[original] = filepath.Join(folder, mutated)
		if err := os.WriteFile(replace[original], m.apply(code), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// fateOf reads a verdict. Only a scenario or a check kills. Where neither fails but the fake died under a request, the
// mutant crashed. All else lets it live: that the output is not the golden one too.
func fateOf(text []byte) (result, error) {
	var verdict struct {
		Reasons []struct{ ID, Message, Where string }
	}
	if err := json.Unmarshal(text, &verdict); err != nil {
		return result{}, fmt.Errorf("reading verdict.json: %w", err)
	}
	order := []struct {
		reason string
		fate   fate
	}{
		{"scenario-failed", killed}, {"check-failed", killed},
		{"target-unreachable", crashed}, {"run-broke-off", crashed},
	}
	for _, o := range order {
		for _, r := range verdict.Reasons {
			if r.ID == o.reason {
				return result{o.fate, r.ID + " " + r.Where}, nil
			}
		}
	}
	var others []string
	for _, r := range verdict.Reasons {
		others = append(others, r.ID+" "+firstLine(r.Message))
	}
	return result{survived, strings.Join(others, "; ")}, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}
