//go:build external && !race

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/verdict"
)

// kills runs the command a number of times with its artifacts in a copy of a green folder, and kills it at random moments.
// Each time the copy must not be green once scenarios began, and the next run, a short one, must come to its end.
func kills(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: kills TIMES FOLDER runner MILESTONE ARGS...")
	}
	times, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := lookPath(ts.Getenv("PATH"), args[2])
	ts.Check(err)
	start := func(args []string, out string) *exec.Cmd {
		command := exec.Command(path, append(slices.Clone(args), "--out", out)...)
		command.Dir = ts.Getenv("WORK")
		ts.Check(command.Start())
		return command
	}
	began := time.Now()
	checkExit(ts, verdict.Incomplete, start(args[3:], ts.MkAbs("unkilled")).Wait())
	took := time.Since(began)
	marked, broke := 0, 0
	for n := range times {
		place := filepath.Join(ts.MkAbs("killed"), "latest")
		ts.Check(os.RemoveAll(filepath.Dir(place)))
		ts.Check(os.CopyFS(place, os.DirFS(ts.MkAbs(args[1]))))
		command := start(args[3:], place)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = command.Wait() // it is killed
		}()
		switch n % 3 {
		case 1:
			waitFor(ended, func() bool { return len(artifact.Runs(place)) > 0 })
		case 2:
			waitFor(ended, func() bool { return ranScenarios(place) })
		}
		after := rand.N(took) / time.Duration(1+9*(n%3))
		time.Sleep(after)
		_ = command.Process.Kill() // it may have ended
		<-ended
		ran := ranScenarios(place)
		if ran {
			broke++
		}
		switch overall := overallOf(ts, place, artifact.Verdict); {
		case artifact.IsMarked(place):
			marked++
			if overall || !overallOf(ts, place, artifact.Verdict+artifact.Previous) {
				ts.Fatalf("killed after %v: the mark is green, or the run before it is not kept", after)
			}
		case overall && ran:
			ts.Fatalf("killed after %v, in the midst of scenarios: the verdict is that of the run before", after)
		}
		junit, err := os.ReadFile(filepath.Join(place, artifact.JUnit))
		if ran && (err != nil || !strings.Contains(string(junit), "run-broke-off")) {
			ts.Fatalf("killed after %v, in the midst of scenarios: %s has no reason run-broke-off: %v", after, artifact.JUnit, err)
		}
		checkExit(ts, verdict.Incomplete, start([]string{args[3], "--tags", "@health-is-public"}, place).Wait())
		if artifact.IsMarked(place) || overallOf(ts, place, artifact.Verdict) {
			ts.Fatalf("killed after %v: the next run did not leave its verdict", after)
		}
		if _, err := os.Stat(filepath.Join(place, artifact.Verdict+artifact.Previous)); !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("killed after %v: the next run left what it kept: %v", after, err)
		}
	}
	ts.Logf("%d of %d were marked, and %d came to scenarios", marked, times, broke)
	if broke == 0 {
		ts.Fatalf("none of %d was killed in the midst of scenarios", times)
	}
}

// waitFor waits until something is so, or a command has ended.
func waitFor(ended <-chan struct{}, is func() bool) {
	for !is() {
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// ranScenarios reports whether a run on its way to a place, or killed on it, came to scenarios.
func ranScenarios(place string) bool {
	for _, folder := range artifact.Runs(place) {
		if log, err := os.ReadFile(filepath.Join(folder, artifact.Messages)); err == nil && strings.Contains(string(log), `"testCaseStarted"`) {
			return true
		}
	}
	return false
}

// overallOf reads a verdict.
func overallOf(ts *testscript.TestScript, folder, name string) bool {
	text, err := os.ReadFile(filepath.Join(folder, name))
	ts.Check(err)
	var v struct{ Overall bool }
	ts.Check(json.Unmarshal(text, &v))
	return v.Overall
}

// onmount runs a command of the shell with a file system mounted at a folder, if it may mount one: as root, or as root of a
// namespace of its own. If not, the folder is an ordinary one; package report is tested with an error in its place.
func onmount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: onmount FOLDER COMMAND")
	}
	folder := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(folder, 0o777))
	for _, flags := range []string{"-m", "-rm"} {
		mount := "mount -t tmpfs none '" + folder + "'"
		if err := exec.Command("unshare", flags, "sh", "-c", mount).Run(); err == nil {
			ts.Check(ts.Exec("unshare", flags, "sh", "-c", mount+" && "+args[1]))
			return
		}
	}
	ts.Logf("nothing can be mounted here: %s is an ordinary folder", args[0])
	ts.Check(ts.Exec("sh", "-c", args[1]))
}
