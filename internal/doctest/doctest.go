// Package doctest keeps the documentation true. Its functions compare generated files and sections with their source; the
// tests of the packages that own the source call them. Its own tests execute the commands of the pages in a copy of the
// module and compare their output (build tag external: they need a Unix shell, curl and jq), and
// check links, paths and the length of pages.
package doctest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/module"
)

var update = flag.Bool("update", false, "write generated files instead of comparing them")

// TB is the part of testing.TB that this package needs.
type TB interface {
	module.TB
	Errorf(format string, args ...any)
}

// File compares a generated file of the module with its content. With -update it writes the file.
func File(t TB, name, content string) {
	t.Helper()
	path := filepath.Join(module.Root(t), filepath.FromSlash(name))
	got, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("reading a generated file: %v", err)
	}
	if string(got) == content {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatalf("writing a generated file: %v", err)
		}
		return
	}
	want := bytes.SplitAfter([]byte(content), []byte("\n"))
	for i, line := range bytes.SplitAfter(got, []byte("\n")) {
		if i >= len(want) || !bytes.Equal(line, want[i]) {
			wantLine := "the end of the file"
			if i < len(want) {
				wantLine = fmt.Sprintf("%q", want[i])
			}
			t.Errorf("%s:%d: outdated, run make generate: got %q, want %s", name, i+1, line, wantLine)
			return
		}
	}
	t.Errorf("%s: outdated, run make generate: it lacks the end", name)
}

// Section compares one generated section of a page with its content, or writes it with -update. In the page the section is
// between the lines "<!-- generated: NAME -->" and "<!-- end -->".
func Section(t TB, page, name, content string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module.Root(t), filepath.FromSlash(page)))
	if err != nil {
		t.Fatalf("reading a page: %v", err)
	}
	start, end := "<!-- generated: "+name+" -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(text), start)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no lines %q and %q", page, start, end)
	}
	File(t, page, before+start+"\n"+strings.TrimSpace(content)+"\n\n"+end+after)
}

// Cell returns text as a cell of a Markdown table. Text between backquotes stays code.
func Cell(text string) string {
	parts := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\n", " "), "`")
	for i := range parts {
		if parts[i] = strings.ReplaceAll(parts[i], "|", `\|`); i%2 == 0 {
			parts[i] = strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`).Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}

// Paragraphs returns help text as Markdown.
func Paragraphs(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i := range paragraphs {
		paragraphs[i] = Cell(paragraphs[i])
	}
	return strings.Join(paragraphs, "\n\n") + "\n\n"
}

// Flags returns a table of flags, without hidden and deprecated ones and --help. It returns "" for none.
func Flags(flags *pflag.FlagSet) string {
	var rows strings.Builder
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Deprecated != "" || flag.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(flag)
		value = strings.TrimSpace("--" + flag.Name + " " + value)
		if flag.NoOptDefVal != "" && flag.Value.Type() != "bool" { // the value may be omitted, and follows "="
			value = strings.Replace(value, " ", "[=", 1) + "]"
		}
		if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, flag.DefValue) {
			usage += fmt.Sprintf(" (default `%s`)", flag.DefValue)
		}
		fmt.Fprintf(&rows, "| `%s` | %s |\n", value, Cell(usage))
	})
	if rows.Len() == 0 {
		return ""
	}
	return "| flag | meaning |\n|---|---|\n" + rows.String() + "\n"
}
