package main

import (
	"os"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/selfcheck"
	"example.com/lpgate/runner/internal/terminal"
)

// selfcheckCommand is the command that measures what the gate sees.
func selfcheckCommand(l *line) *cobra.Command {
	var cfg selfcheck.Config
	cmd := &cobra.Command{
		Use:   "selfcheck MILESTONE.yaml",
		Short: "Measure what the features see: tell every lie that follows from the contract",
		Long: `Measure what the features see: tell every lie that follows from the contract.

The lies are derived from the milestone and its response schemas. Each is told alone, by
a handler before the built-in fake server, and a scenario or a named check must notice.
The section selfcheck of the milestone says how many must be detected, and lists those
that no client can see.

Exit codes: 0 enough were detected, and the list is true; 1 not; 2 usage, or a broken
milestone, feature or schema; 4 the features are not green against the truth, so nothing
can be said; 130 interrupted.`,
		Example: "  runner selfcheck milestones/M109.yaml\n" +
			"  runner selfcheck milestones/M109.yaml --lie 'drop /provider/status of partnerLiquidityProvider.get 200'",
		Args: oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg.Milestone, cfg.Stdout, cfg.Progress = args[0], cmd.OutOrStdout(), terminal.Of(cmd.ErrOrStderr(), os.Getenv)
			l.exit, err = selfcheck.Run(l.ctx, cfg)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", "write selfcheck.json into `DIR` (default artifacts/milestones/<ID>/selfcheck of the project)")
	flags.StringVar(&cfg.Lie, "lie", "", "tell the lie with this `ID` alone, and show the red run; its artifacts go to DIR (default artifacts/milestones/<ID>/lie)")
	flags.BoolVar(&cfg.Table, "table", false, "show every lie with what detected it")
	return cmd
}
