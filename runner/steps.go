package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/catalog"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/verdict"
)

// stepsCommand prints the step definitions.
func stepsCommand(s *session) *cobra.Command {
	format, file := "text", run.DefaultMilestone
	formats := map[string]func(*catalog.Steps) string{
		"text": (*catalog.Steps).Text, "markdown": (*catalog.Steps).Markdown, "glue": (*catalog.Steps).Glue,
	}
	var unused bool
	cmd := &cobra.Command{
		Use:   "steps [WORD…]",
		Short: "Print the step definitions for scenarios",
		Long: `Print the step definitions for scenarios: what each does, its parameters, an example,
and how many scenarios of the milestone use it. Arguments select the step definitions
that contain all of them.

The format markdown is that of docs/reference/steps.md, and glue that of
.vscode/steps.go, from which editors complete steps.

Exit codes: 0 step definitions are printed, 1 there are none, 2 usage.`,
		Example: "  runner steps export\n  runner steps --unused",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.locateProject([]string{file})
			if err != nil {
				return err
			}
			in, err := p.Read()
			if err != nil {
				s.warn("some files are broken, so the counts are too small: runner lint prints all problems")
			}
			definitions := catalog.NewSteps(in.Plan).Containing(args)
			if unused {
				definitions = definitions.Unused()
			}
			fmt.Fprint(cmd.OutOrStdout(), formats[format](definitions))
			s.exit = verdict.Holds
			if definitions.Empty() {
				s.exit = verdict.Fails
				s.warn("no such step definition")
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&choice{&format, []string{"text", "markdown", "glue"}}, "format", "print them as `FORMAT`: text, markdown or glue")
	flags.BoolVar(&unused, "unused", false, "print only those that no scenario uses")
	flags.StringVar(&file, "milestone", file, "count the scenarios of the milestone in `FILE`")
	return cmd
}
