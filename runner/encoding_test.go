//go:build external && !race

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/verdict"
)

// damages are what is done to the text of a file, and the beginning of the problem that is reported for it, with the line.
var damages = map[string]func(text []byte) (damaged []byte, problem string){
	"latin1": func(text []byte) ([]byte, string) {
		return append(text, "# caf\xe9\n"...), fmt.Sprintf(":%d: the byte 0xE9 is not UTF-8: save the file as UTF-8", 1+bytes.Count(text, []byte("\n")))
	},
	"utf16": func(text []byte) ([]byte, string) {
		var wide bytes.Buffer
		for _, unit := range utf16.Encode([]rune("\uFEFF" + string(text))) {
			wide.Write([]byte{byte(unit), byte(unit >> 8)})
		}
		return wide.Bytes(), ": the file is UTF-16: save it as UTF-8"
	},
	"large": func(text []byte) ([]byte, string) {
		return append(text, strings.Repeat("\n", textfile.MaxBytes)...), ": the file is too large: it may have 4 MiB at most"
	},
}

// damage damages a file of the project in the folder of the script, and puts it right afterwards. The gate and lint refuse
// it for that, and give no other reason.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	damagedLint(ts, neg, args, func(want string) {
		exits(ts, false, []string{fmt.Sprint(verdict.Broken), "runner", "milestones/M109.yaml", "--out", "out"})
		stdout := ts.ReadFile("stdout")
		if strings.Count(stdout, want) != 1 || strings.Contains(stdout, "panic") {
			ts.Fatalf("the gate does not report once %q", want)
		}
	})
}

// lints damages a file that only lint reads.
func lints(ts *testscript.TestScript, neg bool, args []string) {
	damagedLint(ts, neg, args, func(string) {})
}

func damagedLint(ts *testscript.TestScript, neg bool, args []string, gate func(want string)) {
	if neg || len(args) != 2 || damages[args[0]] == nil {
		ts.Fatalf("usage: damage|lints latin1|utf16|large FILE")
	}
	file := ts.MkAbs(args[1])
	text, err := os.ReadFile(file)
	ts.Check(err)
	damaged, problem := damages[args[0]](bytes.Clone(text))
	ts.Check(os.WriteFile(file, damaged, 0o600))
	gate(args[1] + problem)
	checkExit(ts, verdict.Broken, ts.Exec("runner", "lint", "milestones/M109.yaml"))
	if stdout := ts.ReadFile("stdout"); strings.Count(stdout, args[1]+problem) != 1 {
		ts.Fatalf("lint does not report once %q", args[1]+problem)
	}
	ts.Check(os.WriteFile(file, text, 0o600))
}
