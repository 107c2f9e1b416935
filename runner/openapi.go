package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// document is "runner openapi": the contract of a milestone as an OpenAPI document.
func document(l *line) *cobra.Command {
	return &cobra.Command{
		Use:   "openapi MILESTONE.yaml",
		Short: "Print the contract of a milestone as OpenAPI 3.1",
		Long: `Print the contract of a milestone as an OpenAPI 3.1 document, made of the milestone and
the schemas beside it. The same files give the same bytes, so two versions of a contract
can be compared as two documents. Neither features nor a service are needed. The fake
serves the same document at /openapi.json, and has recorded examples in it besides.

Exit codes: 0 it is on stdout, 2 usage, or a broken milestone or schema.`,
		Example: "  runner openapi milestones/M109.yaml > openapi.json",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			place, err := project.Locate(args[0])
			if err != nil {
				return fmt.Errorf("%w: %w", gate.ErrUsage, err)
			}
			m, set, err := place.Contract()
			if err != nil {
				return err
			}
			text, err := openapi.Contract(m, set, nil).JSON()
			if err != nil {
				return err
			}
			l.exit = verdict.Holds
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
