//go:build external && !race

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// quotesAt is where the service of features/README.md is for its reader.
const quotesAt = "http://127.0.0.1:8201"

// block is a block of code of a README. A file's name stands in the line before it: `milestones/Q1.yaml`:
var block = regexp.MustCompile("(?m)(?:^`([^`\n]+)`:\n\n)?^```([a-z]+)\n((?s:.*?))^```$")

// follow does what a section of features/README.md tells its reader to do, in its order: it writes the files, runs the
// commands, and compares what they print. A line … stands for any lines.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: follow SECTION")
	}
	text, err := os.ReadFile(filepath.Join(ts.Getenv("PROJECT"), "features", "README.md"))
	ts.Check(err)
	_, section, found := strings.Cut(string(text), "\n## "+args[0]+"\n")
	if !found {
		ts.Fatalf("features/README.md has no section %q", args[0])
	}
	section, _, _ = strings.Cut(section, "\n## ")
	service := httptest.NewServer(http.HandlerFunc(quote))
	ts.Defer(service.Close)
	files, commands := 0, 0
	for _, found := range block.FindAllStringSubmatch(section, -1) {
		file, kind, code := found[1], found[2], found[3]
		switch {
		case file != "":
			path := ts.MkAbs(file)
			ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
			ts.Check(os.WriteFile(path, []byte(code), 0o666))
			files++
		case kind == "console":
			for _, part := range strings.Split("\n"+code, "\n$ ")[1:] {
				command, want, _ := strings.Cut(part, "\n")
				run := strings.ReplaceAll(command, quotesAt, service.URL)
				ts.Check(ts.Exec("sh", "-c", "{ "+run+"; } 2>&1"))
				got := strings.ReplaceAll(ts.ReadFile("stdout"), service.URL, quotesAt)
				if !printed(strings.TrimRight(want, "\n"), strings.TrimRight(got, "\n")) {
					ts.Fatalf("features/README.md: %s printed\n%s\nand is to print\n%s", command, got, want)
				}
				commands++
			}
		}
	}
	if files == 0 || commands == 0 {
		ts.Fatalf("the section has %d files and %d commands", files, commands)
	}
}

// printed says whether the lines are those that are wanted.
func printed(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta("\n"+want+"\n"), "\n…\n", "\n(?s:.*\n)?")
	return regexp.MustCompile("^" + pattern + "$").MatchString("\n" + got + "\n")
}

// quote is the service that the section is about. It trades one pair.
func quote(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Correlation-Id")
	if id == "" {
		id = "req-1"
	}
	status, body := http.StatusNotFound, `"error": {"code": "NOT_FOUND", "details": {}}`
	switch pair, is := strings.CutPrefix(r.URL.Path, "/quotes/"); {
	case is && pair == "EURUSD":
		status, body = http.StatusOK, `"quote": {"pair": "EURUSD", "price": "1.09"}`
	case is:
		status, body = http.StatusBadRequest, fmt.Sprintf(`"error": {"code": "BAD_REQUEST", "details": {"reason_code": "pair_unknown", "pair": %q}}`, pair)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Correlation-Id", id)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"correlation_id": %q, %s}`, id, body)
}
