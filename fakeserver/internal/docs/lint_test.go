//go:build external

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools returns a function that runs a command in the folder of the tools, which Node.js runs at the versions that
// package-lock.json pins.
func tools(t *testing.T) (run func(args ...string), folder string) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatalf("the documents are checked by programs that npm installs, so install Node.js and npm: %v", err)
	}
	folder = "testdata/lint"
	run = func(args ...string) {
		t.Helper()
		c := exec.Command(args[0], args[1:]...)
		c.Dir = folder
		c.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	installed, _ := os.ReadFile(filepath.Join(folder, "node_modules", "installed"))
	wanted, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(installed) != string(wanted) {
		run("npm", "ci")
		if err := os.WriteFile(filepath.Join(folder, "node_modules", "installed"), wanted, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return run, folder
}

// write writes the documents to a folder and returns the files by the name of the document.
func write(t *testing.T, folder string) map[string]string {
	t.Helper()
	f, files := start(t), map[string]string{}
	for name, path := range documents {
		_, text := get(t, f, path)
		files[name] = filepath.Join(folder, name+".json")
		if err := os.WriteFile(files[name], text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestLintersPassTheDocuments(t *testing.T) {
	run, _ := tools(t)
	for name, file := range write(t, t.TempDir()) {
		t.Run(name, func(t *testing.T) {
			run("npx", "--no-install", "redocly", "lint", file)
			run("npx", "--no-install", "spectral", "lint", "--fail-severity", "hint", file)
			run("node", "--input-type=module", "-e", `
				import { validate } from "@readme/openapi-parser";
				const result = await validate(process.argv[1]);
				if (!result.valid || result.warnings.length) { console.log(result); process.exit(1); }`, file)
		})
	}
}

// What generators make of the documents compiles.
func TestGeneratorsAcceptTheDocuments(t *testing.T) {
	run, folder := tools(t)
	// The generated code imports zod, so it is beside node_modules.
	generated := filepath.Join(folder, "generated")
	t.Cleanup(func() { os.RemoveAll(generated) })
	for name, file := range write(t, t.TempDir()) {
		run("npx", "--no-install", "openapi-typescript", file, "-o", filepath.Join("generated", name+".ts"))
		run("npx", "--no-install", "openapi-ts", "-i", file, "-o", filepath.Join("generated", name),
			"-p", "@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch", "zod")
	}
	run("npx", "--no-install", "tsc", "-p", ".")
}
