//go:build external && !race

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/lpgate/runner/internal/verdict"
)

// interruptions is how many times a run is interrupted, each time a little later.
const interruptions = 25

// interruptsAnywhere runs the command again and again, and sends SIGINT at moments that are spread over the time that it
// takes when it is left alone. Exit code, last line and verdict.json of each run have the same verdict, or there is none.
func interruptsAnywhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: interrupts-anywhere ARGS...")
	}
	path, err := lookPath(ts.Getenv("PATH"), "runner")
	ts.Check(err)
	start := func(out string) (*exec.Cmd, *bytes.Buffer) {
		command := exec.Command(path, append(args, "--out", out)...)
		command.Dir = ts.Getenv("WORK")
		var stdout bytes.Buffer
		command.Stdout = &stdout
		ts.Check(command.Start())
		return command, &stdout
	}
	began := time.Now()
	command, stdout := start(ts.MkAbs("alone"))
	checkExit(ts, verdict.Holds, command.Wait())
	checkLastLine(ts, verdict.Holds, stdout.String())
	takes := time.Since(began)

	ended := map[int]int{}
	for i := range interruptions {
		out := ts.MkAbs(filepath.Join("interrupted", string(rune('A'+i))))
		command, stdout := start(out)
		time.Sleep(takes * time.Duration(i) / interruptions)
		if err := command.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			ts.Fatalf("interrupting: %v", err)
		}
		_ = command.Wait() // its state has the rest
		exit := command.ProcessState.ExitCode()
		ended[exit]++
		written := exitCodeIn(ts, out)
		switch status := command.ProcessState.Sys().(syscall.WaitStatus); {
		case status.Signaled():
			if strings.Contains(stdout.String(), "overall=") || written >= 0 {
				ts.Fatalf("the signal ended it, and it left a verdict: stdout %q, exit code %d in verdict.json", stdout, written)
			}
		case exit != verdict.Interrupted && exit != verdict.Holds || exit != written:
			ts.Fatalf("it exits with %d, and with %d by verdict.json", exit, written)
		default:
			checkLastLine(ts, exit, stdout.String())
		}
	}
	ts.Logf("exit codes and how often each (-1: the signal ended it): %v", ended)
	if ended[verdict.Interrupted] == 0 {
		ts.Fatalf("no run was interrupted: %v", ended)
	}
}

// exitCodeIn is the exit code in verdict.json of a folder; -1 when there is no such file.
func exitCodeIn(ts *testscript.TestScript, folder string) int {
	text, err := os.ReadFile(filepath.Join(folder, "verdict.json"))
	if errors.Is(err, os.ErrNotExist) {
		return -1
	}
	ts.Check(err)
	var document struct {
		Exit int `json:"exit_code"`
	}
	ts.Check(json.Unmarshal(text, &document))
	return document.Exit
}
