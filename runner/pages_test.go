package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/doctest"
	"example.com/lpgate/runner/internal/service"
)

// The page about commands has the help of each.
func TestPages(t *testing.T) {
	root := rootCommand(&session{ctx: context.Background(), display: newDisplay(nil, io.Discard, io.Discard, func(string) string { return "" })})
	var options service.Options
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	shared.SortFlags = false
	options.AddFlags(shared)
	var b strings.Builder
	for _, cmd := range slices.Concat([]*cobra.Command{root}, root.Commands()) {
		if cmd.Name() == "help" {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n```\n%s\n```\n\n%s", cmd.CommandPath(), cmd.UseLine(), doctest.Paragraphs(cmd.Long))
		if cmd.Example != "" {
			fmt.Fprintf(&b, "```\n%s\n```\n\n", strings.ReplaceAll(strings.TrimSpace(cmd.Example), "\n  ", "\n"))
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags.SortFlags = false
		hasShared := false
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if same := shared.Lookup(flag.Name); same != nil && same.Usage == flag.Usage {
				hasShared = true
			} else {
				flags.AddFlag(flag)
			}
		})
		b.WriteString(doctest.Flags(flags))
		if hasShared {
			b.WriteString("It has the [flags of the target](#flags-of-the-target), too.\n\n")
		}
	}
	fmt.Fprintf(&b, "## Flags of the target\n\n%s", doctest.Flags(shared))
	doctest.Section(t, "docs/reference/cli.md", "commands", b.String())
}
