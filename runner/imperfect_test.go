//go:build external && !race

package main

import (
	"encoding/json"

	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/imperfect"
	"example.com/lpgate/runner/internal/verdict"
)

// A service whose governance is right and whose HTTP habits are not has few causes of failures. With these in a baseline the gate is
// green, and every wrong rule of governance is still noticed, by a first reason that names it.
//
// Each run has all scenarios, so this takes minutes.

// most is how many entries the baseline of the imperfect service may have.
var most = map[milestones.Level]int{milestones.Full: 40, milestones.Core: 10}

// mostAlone is how many causes one habit may have.
const mostAlone = 4

// verified is what this file reads of a run.
type verified struct {
	exit    int
	printed string
	verdict struct {
		Causes []struct {
			Cause string   `json:"cause"`
			Known bool     `json:"known"`
			Rules []string `json:"rules"`
		} `json:"causes"`
		Reasons []struct {
			Cause string `json:"cause"`
		} `json:"reasons"`
	}
}

// verify runs the command line against an imperfect service. The project is a copy, so that runs share no folder of artifacts.
func verify(t *testing.T, project string, o imperfect.Options, args ...string) verified {
	t.Helper()
	o.TestClock = true
	handler, err := imperfect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	args = append(args, filepath.Join(project, "milestones", "M109.yaml"), "--target", server.URL, "--capability", "dev-key")
	for _, absent := range []string{"fresh-state", "key-identity", "no-test-clocks", "operator-key", "short-checkpoint-retention", "short-retention-default"} {
		args = append(args, "--no-capability", absent)
	}
	var stdout, stderr strings.Builder
	v := verified{exit: runCommand(t.Context(), args, &stdout, &stderr, nowhere)}
	v.printed = stdout.String() + stderr.String()
	if at := slices.Index(args, "--out"); args[0] != "baseline" {
		text, err := os.ReadFile(filepath.Join(args[at+1], "verdict.json"))
		if err == nil {
			err = json.Unmarshal(text, &v.verdict)
		}
		if err != nil {
			t.Fatalf("reading the verdict: %v\n%s", err, v.printed)
		}
	}
	return v
}

// copyProject returns a copy of the project.
func copyProject(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"milestones", "features", "schemas", "fixtures"} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestImperfectService(t *testing.T) {
	for level, limit := range most {
		t.Run(string(level), func(t *testing.T) {
			project := copyProject(t)
			known := filepath.Join(project, "known.yaml")
			habits := imperfect.Options{Habits: imperfect.AllHabits()}
			v := verify(t, project, habits, "baseline", "--level", string(level), "--out", known,
				"--owner", "payments", "--reason", "The service has habits of its own.", "--expires", time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly))
			if v.exit != verdict.Holds {
				t.Fatalf("runner baseline: exit code %d, want %d\n%s", v.exit, verdict.Holds, v.printed)
			}
			text, err := os.ReadFile(known)
			if err != nil {
				t.Fatal(err)
			}
			if entries := len(regexp.MustCompile(`(?m)^ *- [a-z]+:`).FindAll(text, -1)); entries == 0 || entries > limit {
				t.Errorf("the baseline has %d entries, want at most %d\n%s", entries, limit, text)
			}
			gate := func(t *testing.T, o imperfect.Options) verified {
				return verify(t, project, o, "--level", string(level), "--baseline", known, "--out", filepath.Join(t.TempDir(), "out"))
			}
			if v := gate(t, habits); v.exit != verdict.Holds {
				t.Errorf("with the baseline: exit code %d, want %d\n%s", v.exit, verdict.Holds, v.printed)
			}
			for _, wrong := range imperfect.WrongRules() {
				t.Run(wrong.ID, func(t *testing.T) {
					t.Parallel()
					v := gate(t, imperfect.Options{Habits: imperfect.AllHabits(), Wrong: wrong.ID})
					if v.exit != verdict.Fails {
						t.Fatalf("exit code %d, want %d\n%s", v.exit, verdict.Fails, v.printed)
					}
					if first := v.first(); !slices.ContainsFunc(wrong.Rules, func(rule string) bool { return slices.Contains(first, rule) }) {
						t.Errorf("the first reason names the rules %q, want one of %q\n%s", first, wrong.Rules, v.printed)
					}
				})
			}
		})
	}
}

// first returns the rules of the first reason.
func (v verified) first() []string {
	for _, c := range v.verdict.Causes {
		if len(v.verdict.Reasons) > 0 && !c.Known && c.Cause == v.verdict.Reasons[0].Cause {
			return c.Rules
		}
	}
	return nil
}

func TestHabitsAlone(t *testing.T) {
	project := copyProject(t)
	for _, habit := range imperfect.Habits() {
		t.Run(habit.ID, func(t *testing.T) {
			t.Parallel()
			v := verify(t, project, imperfect.Options{Habits: []string{habit.ID}}, "--out", filepath.Join(t.TempDir(), "out"))
			if n := len(v.verdict.Causes); n > mostAlone {
				var causes []string
				for _, c := range v.verdict.Causes {
					causes = append(causes, c.Cause)
				}
				t.Errorf("%d causes, want at most %d:\n%s", n, mostAlone, strings.Join(causes, "\n"))
			}
			if want := v.exit == verdict.Holds; want != (len(v.verdict.Causes) == 0) {
				t.Errorf("exit code %d with %d causes", v.exit, len(v.verdict.Causes))
			}
		})
	}
}
