package godoginit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "example.com/lpgate/internal/godoginit"
)

// mode makes the test binary write what PATH is, and end.
const mode = "GODOGINIT_PRINT_PATH"

func TestMain(m *testing.M) {
	if os.Getenv(mode) != "" {
		if value, ok := os.LookupEnv("PATH"); ok {
			os.Stdout.WriteString("set: " + value)
		} else {
			os.Stdout.WriteString("not set")
		}
		return
	}
	os.Exit(m.Run())
}

// A program called go that stands first in PATH is not executed, and PATH is afterwards what it was.
func TestInit(t *testing.T) {
	bin := t.TempDir()
	called := filepath.Join(bin, "called")
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n: > '"+called+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		env  []string
		want string
	}{
		{[]string{"PATH=" + bin}, "set: " + bin},
		{[]string{"PATH="}, "set: "},
		{nil, "not set"},
	} {
		command := exec.Command(self)
		command.Env = append([]string{mode + "=1"}, test.env...)
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != test.want {
			t.Errorf("%q: PATH is %q, want %q", test.env, out, test.want)
		}
		if _, err := os.Stat(called); err == nil {
			t.Errorf("%q: the program go in PATH was executed", test.env)
		}
	}
}
