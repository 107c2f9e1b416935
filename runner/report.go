package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/verdict"
)

// reportOf is "runner report": the reports of a run, made again.
func reportOf(l *line) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report LOG|FOLDER",
		Short: "Make the reports of a run again",
		Long: `Make the reports of a run again from its event log, messages.ndjson: the same bytes
that the run wrote. FOLDER is the folder of its artifacts, or the one that a killed run
left behind; of that, the reports have what was seen, and what the log lacks is said.

The verdict is computed again from the rest of the log and the milestone, features,
schemas, fixtures and baseline of the run, which have to stand here. The exit code is that
of the verdict: 0 the contract holds, 1 it does not, and so on; 4 when the log has no
verdict, or a green one that cannot be computed again, or a report cannot be written; 2
when it is no log.`,
		Example: "  runner report artifacts/milestones/M109/latest\n  runner report messages.ndjson --out reports",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("of which run? Name one event log, or one folder with messages.ndjson in it: there are %d names", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			remade, err := gate.Remake(args[0], out)
			if remade.Record == nil || errors.Is(err, gate.ErrUsage) {
				return err
			}
			remade.Page(cmd.OutOrStdout())
			l.exit = remade.Exit
			if err != nil && l.exit == verdict.Holds {
				l.exit = verdict.Incomplete
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the reports to `DIR` (default: beside the log)")
	return cmd
}
