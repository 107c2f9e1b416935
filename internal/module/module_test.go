package module

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEnter(t *testing.T) {
	files := Enter(t)
	for _, want := range []string{"go.mod", ".gitattributes", "internal/module/module.go", "artifacts/README.md"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if !slices.IsSorted(slices.DeleteFunc(slices.Clone(files), func(file string) bool { return strings.Contains(file, "/") })) {
		t.Error("the files are not in lexical order")
	}
	for _, file := range files {
		if strings.HasPrefix(file, ".git/") || strings.Contains(file, "node_modules/") {
			t.Errorf("git ignores %s", file)
		}
	}
	if _, err := os.Stat("go.mod"); err != nil {
		t.Errorf("the working directory is not the root of the module: %v", err)
	}
}
