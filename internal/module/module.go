// Package module has what tests about the whole module need: its root and its files.
package module

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// TB is the part of testing.TB that this package needs, so that no program links package testing.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Chdir(dir string)
}

// Root returns the folder of the module.
func Root(t TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("finding the module: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("no go.mod in the working directory or above")
		}
		dir = filepath.Dir(dir)
	}
}

// Enter makes the root of the module the working directory of a test, and returns the files of the module in lexical order,
// without those that git ignores.
//
// A test of the whole module has to begin with it. The go command takes a test result from its cache unless a file changed
// that the test opened. It does not see what TestMain does before m.Run, os.Chdir included, nor what processes such as go
// list read. Enter lists every folder within the test, so any change runs the test again.
func Enter(t TB) (files []string) {
	t.Helper()
	t.Chdir(Root(t))
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.Type().IsRegular() && file != ".git" && (!strings.HasPrefix(file, "artifacts/") || file == "artifacts/README.md"):
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("listing the module: %v", err)
	}
	return files
}
