//go:build external && !race

package main

import (
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// oasdiffVersion is the version of docs/guides/compare-contract-versions.md.
const oasdiffVersion = "github.com/oasdiff/oasdiff@v1.36.0"

// oasdiff puts the program that compares OpenAPI documents into the script's PATH.
func oasdiff(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: oasdiff")
	}
	install := exec.Command("go", "install", oasdiffVersion)
	install.Env = append(os.Environ(), "GOBIN="+ts.MkAbs("bin"))
	if out, err := install.CombinedOutput(); err != nil {
		ts.Fatalf("installing %s: %v\n%s", oasdiffVersion, err, out)
	}
	ts.Setenv("PATH", ts.MkAbs("bin")+string(os.PathListSeparator)+ts.Getenv("PATH"))
}
