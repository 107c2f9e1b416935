package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/phrasebook"
	"example.com/lpgate/runner/internal/verdict"
)

// formats are the ways in which the vocabulary is written.
var formats = []struct {
	name  string
	write func(*phrasebook.Book) string
}{
	{"text", (*phrasebook.Book).Text},
	{"markdown", (*phrasebook.Book).Markdown},
	{"glue", (*phrasebook.Book).Glue},
}

// stepsOf is "runner steps": the vocabulary.
func stepsOf(l *line) *cobra.Command {
	var file, format string
	var unused bool
	cmd := &cobra.Command{
		Use:   "steps [WORD…]",
		Short: "Print the sentences that a scenario may use",
		Long: `Print the sentences that a scenario may use: what each does, what it takes, an example,
and how many scenarios of the milestone use it. With words it prints those in which all
of them stand.

markdown is the page docs/reference/steps.md, and glue what editors complete sentences
by (.vscode/sentences.go).

Exit codes: 0 there are such sentences, 1 there are none, 2 usage.`,
		Example: "  runner steps export\n  runner steps --unused",
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, known := range formats {
				names = append(names, known.name)
			}
			place, err := located([]string{file})
			if err != nil {
				return err
			}
			in, err := place.Read()
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "runner: not everything could be read, so the counts are too small: runner lint says why")
			}
			book := phrasebook.New(in.Plan).With(args)
			if unused {
				book = book.Unused()
			}
			for _, known := range formats {
				if known.name == format {
					fmt.Fprint(cmd.OutOrStdout(), known.write(book))
					l.exit = verdict.Holds
					if book.Empty() {
						l.exit = verdict.Fails
						fmt.Fprintln(cmd.ErrOrStderr(), "runner: there is no such sentence")
					}
					return nil
				}
			}
			return fmt.Errorf("--format %s: it is one of %s%s", format, strings.Join(names, ", "), suggest.DidYouMean(format, names))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&format, "format", "text", "write them as `FORMAT`: text, markdown or glue")
	flags.BoolVar(&unused, "unused", false, "only those that no scenario uses")
	flags.StringVar(&file, "milestone", gate.DefaultMilestone, "count the scenarios of the milestone in `FILE`")
	return cmd
}
