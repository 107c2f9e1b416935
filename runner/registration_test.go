//go:build external && !race

package main

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// registration starts the service of testdata/registration for the length of a script, with a fault if one is named, and
// sets $SERVICE to its URL. The service is a program of its own that does not import the verifier.
func registration(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: registration [FAULT]")
	}
	ts.Setenv("SERVICE", startProgram(ts, "./testdata/registration/server", "--fault", strings.Join(args, "")))
}

// startFake starts the fakeserver command for the length of a script.
func startFake(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: fakeserver NAME FLAGS...")
	}
	ts.Setenv(args[0], startProgram(ts, "../fakeserver/cmd/fakeserver", args[1:]...))
}

// startProgram builds a program, starts it on a free port for the length of a script, and returns its URL.
func startProgram(ts *testscript.TestScript, pkg string, args ...string) (url string) {
	program := ts.MkAbs("built-" + filepath.Base(pkg))
	if !isFile(program) {
		if out, err := exec.Command("go", "build", "-o", program, pkg).CombinedOutput(); err != nil {
			ts.Fatalf("building %s: %v\n%s", pkg, err, out)
		}
	}
	service := exec.Command(program, append([]string{"--addr", "127.0.0.1:0"}, args...)...)
	service.Dir = ts.Getenv("WORK")
	stdout, err := service.StdoutPipe()
	ts.Check(err)
	ts.Check(service.Start())
	ts.Defer(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	ts.Check(err)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return strings.TrimSpace(strings.TrimPrefix(first, "listening on "))
}
