package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// reportCommand generates the reports of a run from its event log.
func reportCommand(s *session) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report LOG|FOLDER",
		Short: "Generate the reports of a run from its event log",
		Long: `Generate the reports of a run from its event log, messages.ndjson: the same bytes that
the run wrote. FOLDER has the artifacts of a run, or what a killed run left; such
reports contain what was recorded, and name what is missing.

The verdict is computed again from the log and the milestone, features, schemas,
fixtures and baseline of the run, which have to be present. The exit code is that of the
verdict: 0 the contract holds, 1 it is violated, and so on; 4 if the log has no verdict,
or one of success that cannot be computed again, or a report cannot be written; 2 if the
file is not a log.`,
		Example: "  runner report artifacts/milestones/M109/latest\n  runner report messages.ndjson --out reports",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("expected one event log, or one folder with messages.ndjson, got %d names", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			remade, err := run.Remake(args[0], out)
			if remade.Record == nil || usage.Is(err) {
				return err
			}
			remade.Page(cmd.OutOrStdout())
			s.exit = remade.Exit
			if err != nil && s.exit == verdict.Holds {
				s.exit = verdict.Incomplete
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the reports to `DIR` (default: the folder of the log)")
	return cmd
}
