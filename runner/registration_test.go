//go:build external && !race

package main

import (
	"bufio"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// registration starts the service of testdata/registration for the length of a script, with a lie if one is named, and
// answer where it is: $SERVICE. It is a program of its own that knows nothing of the verifier.
func registration(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: registration [LIE]")
	}
	program := ts.MkAbs("registration-server")
	if !isFile(program) {
		if out, err := exec.Command("go", "build", "-o", program, "./testdata/registration/server").CombinedOutput(); err != nil {
			ts.Fatalf("building the service: %v\n%s", err, out)
		}
	}
	service := exec.Command(program, "--addr", "127.0.0.1:0", "--lie", strings.Join(args, ""))
	stdout, err := service.StdoutPipe()
	ts.Check(err)
	ts.Check(service.Start())
	ts.Defer(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	first, err := bufio.NewReader(stdout).ReadString('\n')
	ts.Check(err)
	ts.Setenv("SERVICE", strings.TrimSpace(strings.TrimPrefix(first, "listening on ")))
}
