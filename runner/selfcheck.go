package main

import (
	"os"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/selfcheck"
	"example.com/lpgate/runner/internal/terminal"
)

// selfcheckCommand measures which mutations of responses the features detect.
func selfcheckCommand(s *session) *cobra.Command {
	var cfg selfcheck.Config
	cmd := &cobra.Command{
		Use:   "selfcheck MILESTONE.yaml",
		Short: "Check that mutated responses fail a scenario or a check",
		Long: `Check that mutated responses fail a scenario or a check.

Mutations are derived from the milestone and its response schemas. A proxy in front of
the built-in fake server applies one of them at a time to all responses that it fits,
and a scenario or a named check must fail. The section selfcheck of the milestone has
the required percentage of detected mutations, and lists those that no client can
observe.

Exit codes: 0 enough mutations are detected, and the list is up to date; 1 not; 2 usage,
or a broken milestone, feature or schema; 4 the features fail without a mutation;
130 interrupted.`,
		Example: "  runner selfcheck milestones/M109.yaml\n" +
			"  runner selfcheck milestones/M109.yaml --mutation 'drop /provider/status of partnerLiquidityProvider.get 200'",
		Args: oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg.Milestone, cfg.Stdout, cfg.Progress = args[0], cmd.OutOrStdout(), terminal.Of(cmd.ErrOrStderr(), os.Getenv)
			s.exit, err = selfcheck.Run(s.ctx, cfg)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", "write selfcheck.json to `DIR` (default artifacts/milestones/<ID>/selfcheck of the project)")
	flags.StringVar(&cfg.Mutation, "mutation", "", "apply only the mutation `ID`, and show the failing run; its artifacts go to DIR (default artifacts/milestones/<ID>/mutation)")
	flags.BoolVar(&cfg.Table, "table", false, "list all mutations with what detected them")
	return cmd
}
