package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/lint"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// lintOf is "runner lint": everything that an author writes, read before anything is run.
func lintOf(l *line) *cobra.Command {
	return &cobra.Command{
		Use:   "lint [MILESTONE.yaml]",
		Short: "Find what is wrong with milestone, features, fixtures and schemas, without running them",
		Long: `Find what is wrong with milestone, features, fixtures and schemas, without running
them: all problems at once, one line each, with file and line. Without a name the
milestone is milestones/M109.yaml.

Exit codes: 0 nothing is wrong, 2 something is, or usage.`,
		Example: "  runner lint\n  runner lint milestones/M109.yaml",
		Args:    milestoneAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			place, err := located(args)
			if err != nil {
				return err
			}
			report := lint.Check(place)
			report.Write(cmd.OutOrStdout())
			l.exit = verdict.Holds
			if len(report.Problems) > 0 {
				l.exit = verdict.Broken
			}
			return nil
		},
	}
}

// milestoneAtMost wants one file at most.
func milestoneAtMost(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("one milestone at a time: there are %d file names", len(args))
	}
	return nil
}

// located finds the project of the milestone that is named, or of the usual one.
func located(args []string) (project.Project, error) {
	file := gate.DefaultMilestone
	if len(args) > 0 {
		file = args[0]
	}
	place, err := project.Locate(file)
	if err != nil {
		return place, fmt.Errorf("%w: %w", gate.ErrUsage, err)
	}
	return place, nil
}
