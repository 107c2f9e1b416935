package main

import (
	"github.com/spf13/cobra"

	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/runner/internal/verdict"
)

// openapiCommand prints the contract of a milestone as an OpenAPI document.
func openapiCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "openapi MILESTONE.yaml",
		Short: "Print the contract of a milestone as OpenAPI 3.1",
		Long: `Print the contract of a milestone as an OpenAPI 3.1 document, generated from the
milestone and the schemas. Equal files give equal bytes, so that two versions of a
contract can be compared as documents. Features and a service are not needed. The fake
serves the same document at /openapi.json, with recorded examples.

Exit codes: 0 the document is on stdout, 2 usage, or a broken milestone or schema.`,
		Example: "  runner openapi milestones/M109.yaml > openapi.json",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.locateProject(args)
			if err != nil {
				return err
			}
			m, set, err := p.Contract()
			if err != nil {
				return err
			}
			text, err := openapi.Contract(m, set, nil).JSON()
			if err != nil {
				return err
			}
			s.exit = verdict.Holds
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
