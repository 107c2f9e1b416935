package main

import (
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/internal/doctest"
)

// The page about settings has all of them, and the commands.
func TestPages(t *testing.T) {
	const page = "docs/reference/fake-settings.md"
	root := rootCommand(nil)
	root.PersistentFlags().SortFlags = false
	doctest.Section(t, page, "settings", doctest.Flags(root.PersistentFlags()))
	var b strings.Builder
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		cmd.LocalNonPersistentFlags().SortFlags = false
		fmt.Fprintf(&b, "## %s\n\n```\n%s\n```\n\n%s%s", cmd.CommandPath(), cmd.UseLine(),
			doctest.Paragraphs(cmd.Long), doctest.Flags(cmd.LocalNonPersistentFlags()))
	}
	doctest.Section(t, page, "commands", b.String())
}
