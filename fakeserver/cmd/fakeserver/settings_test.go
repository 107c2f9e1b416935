package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The README's table of settings says of each one what --help says.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, opens := strings.Cut(string(text), "<!-- settings -->\n")
	got, _, closes := strings.Cut(after, "<!-- /settings -->\n")
	if !opens || !closes {
		t.Fatal("README.md has no <!-- settings --> … <!-- /settings -->")
	}
	want := "| setting | | default |\n|---|---|---|\n"
	command(nil).PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		value, says := pflag.UnquoteUsage(flag)
		standard := ""
		if !slices.Contains([]string{"", "0", "false", "[]"}, flag.DefValue) {
			standard = "`" + flag.DefValue + "`"
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", strings.TrimSpace("--"+flag.Name+" "+value), says, standard)
	})
	if got != want {
		t.Errorf("between the marks of README.md there should be\n%s", want)
	}
}
