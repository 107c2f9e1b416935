//go:build external

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The linter is a program of Node's, at the version that package-lock.json pins.
func TestTheLinterPassesTheDocuments(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatalf("the documents are linted by a program that npm installs, so install Node.js and npm: %v", err)
	}
	npm := func(args ...string) {
		t.Helper()
		c := exec.Command(args[0], args[1:]...)
		c.Dir = "testdata/lint"
		c.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if _, err := os.Stat("testdata/lint/node_modules/@redocly/cli"); err != nil {
		npm("npm", "ci")
	}
	f, folder := start(t), t.TempDir()
	lint := []string{"npx", "--no-install", "redocly", "lint"}
	for name, path := range documents {
		_, text := get(t, f, path)
		file := filepath.Join(folder, name+".json")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		lint = append(lint, file)
	}
	npm(lint...)
}
