package main

import (
	"github.com/spf13/cobra"

	"example.com/lpgate/internal/buildinfo"
	"example.com/lpgate/runner/internal/verdict"
)

// versionCommand prints the build of the program, as the flag --version does.
func versionCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, commit, date and Go version of this program",
		Long: `Print the version, commit, date and Go version of this program. A program that was built
without version control has no commit and no date.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.exit = verdict.Holds
			_, err := cmd.OutOrStdout().Write([]byte(buildinfo.Read().Text("runner")))
			return err
		},
	}
}
