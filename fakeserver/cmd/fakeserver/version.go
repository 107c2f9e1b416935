package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/buildinfo"
)

// versionCommand prints the build of the program, as the flag --version does.
func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, commit, date and Go version of this program",
		Long: `Print the version, commit, date and Go version of this program. A program that was built
without version control has no commit and no date.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := fmt.Fprint(cmd.OutOrStdout(), buildinfo.Read().Text("fakeserver")); err != nil {
				return fmt.Errorf("%w: %w", errOutput, err)
			}
			return nil
		},
	}
}
