package main

import (
	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/lint"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// lintCommand checks the files of a project without running anything.
func lintCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "lint [MILESTONE.yaml]",
		Short: "Check milestone, features, fixtures and schemas without running them",
		Long: `Check milestone, features, fixtures and schemas without running them, and print all
problems, one line each, with file and line. The default milestone is
milestones/M109.yaml.

Exit codes: 0 no problem, 2 problems, or usage.`,
		Example: "  runner lint\n  runner lint milestones/M109.yaml",
		Args:    optionalMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.locateProject(args)
			if err != nil {
				return err
			}
			report := lint.Check(p)
			report.Write(cmd.OutOrStdout())
			s.exit = verdict.Holds
			if len(report.Problems) > 0 {
				s.exit = verdict.Broken
			}
			return nil
		},
	}
}

// locateProject finds the project of the given milestone, or of the default one.
func (s *session) locateProject(args []string) (project.Project, error) {
	file := run.DefaultMilestone
	if len(args) > 0 {
		file = args[0]
	}
	p, err := project.Locate(file)
	if err != nil {
		return p, usage.Errorf("%w", err)
	}
	p.Warn = s.warn
	return p, nil
}
