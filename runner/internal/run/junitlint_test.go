//go:build external

package run

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/artifact"
)

// newer are the attributes that CI systems read, and that came after the schema of Jenkins.
var newer = regexp.MustCompile(` file="[^"]*" line="\d+"|(<skipped) message="[^"]*"`)

// The schema is validated by libxml2, at the version that package-lock.json pins.
func TestJUnitIsValid(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatalf("junit.xml is validated by a program that npm installs, so install Node.js and npm: %v", err)
	}
	node := func(args ...string) {
		t.Helper()
		c := exec.Command(args[0], args[1:]...)
		c.Dir = "../report/junit/testdata/lint"
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if _, err := os.Stat("../report/junit/testdata/lint/node_modules/xmllint-wasm"); err != nil {
		node("npm", "ci")
	}
	folder := t.TempDir()
	lint := []string{"node", "lint.js"}
	for name, run := range map[string]func(*Config) context.Context{
		"green":       func(*Config) context.Context { return t.Context() },
		"incomplete":  func(c *Config) context.Context { c.Filter.Tags = "@bell-rings"; return t.Context() },
		"interrupted": func(*Config) context.Context { return canceled(t) },
		"left out":    func(c *Config) context.Context { c.Target.NoCapabilities = []string{"rope"}; return t.Context() },
		"not started": func(c *Config) context.Context { breakFeature(t, c, "Feature: x\n\x01"); return t.Context() },
		"red": func(c *Config) context.Context {
			breakFeature(t, c, also("I ring falsely", "I ring"))
			return t.Context()
		},
		"broken": func(c *Config) context.Context { breakFeature(t, c, also("I <ring> \"&\"")); return t.Context() },
	} {
		cfg, _ := config(t, good+"\n  @bell-rings @needs:rope\n  Scenario: By a rope\n    Then I ring\n")
		renewed(t, cfg)
		_, a, _ := cfg.run(t, run(&cfg))
		file := filepath.Join(folder, name+".xml")
		if err := os.WriteFile(file, newer.ReplaceAll(a.texts[artifact.JUnit], []byte("$1")), 0o666); err != nil {
			t.Fatal(err)
		}
		lint = append(lint, file)
	}
	node(lint...)
}
