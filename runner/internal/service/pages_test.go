package service

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/doctest"
)

// The page about target files has each key with its flag, and the help of the flag.
func TestPages(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Options).bind(flags)
	b := new(strings.Builder)
	b.WriteString("| key | flag | meaning |\n|---|---|---|\n")
	for _, setting := range fileSettings {
		flag := flags.Lookup(setting.flag)
		value, usage := pflag.UnquoteUsage(flag)
		key := strings.ReplaceAll(strings.TrimPrefix(string(setting.pointer), "/"), "/", ": ")
		if setting.flag == "header" {
			key, value = "headers: NAME", "'NAME: VALUE'"
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", key, strings.TrimSpace("--"+flag.Name+" "+value), doctest.Cell(usage))
	}
	doctest.Section(t, "docs/reference/target-file.md", "keys", b.String())
}
