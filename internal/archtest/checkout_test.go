package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/lpgate/internal/module"
)

// A clone has the bytes of the repository under core.autocrlf=true too, the setting that Git for Windows proposes: a file of
// each kind, by the end of its name, goes through one.
func TestCheckoutWithAutoCRLF(t *testing.T) {
	origin, clone := t.TempDir(), filepath.Join(t.TempDir(), "clone")
	git := func(args ...string) {
		t.Helper()
		command := exec.Command("git", args...)
		command.Dir = origin
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	copied := map[string]string{} // the end of the name, and the name
	for _, name := range module.Enter(t) {
		kind := filepath.Ext(name)
		if kind == "" || name == ".gitattributes" {
			kind = filepath.Base(name)
		}
		if copied[kind] != "" {
			continue
		}
		copied[kind] = name
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(origin, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(origin, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	git("add", "--force", ".")
	git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x")
	git("clone", "-q", "-c", "core.autocrlf=true", origin, clone)
	for kind, name := range copied {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(clone, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: a clone has other bytes: see .gitattributes for files like *%s", name, kind)
		}
	}
}
