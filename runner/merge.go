package main

import (
	"errors"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/run"
)

// mergeName is the only other command whose last line is a verdict.
const mergeName = "merge"

// mergeCommand combines the results of shards into one verdict.
func mergeCommand(s *session) *cobra.Command {
	var cfg run.Config
	cmd := &cobra.Command{
		Use:   mergeName + " MILESTONE.yaml FOLDER…",
		Short: "Combine the results of shards into one verdict",
		Long: `Combine the results of shards into one verdict.

Each FOLDER has the artifacts of one shard. All shards must be given, each once, and
planned alike: from the milestone, features, schemas and fixtures that are present here,
and with the same selection and --durations. The verdict is computed from the records
of all shards, and the artifacts are those of one run.

The last line is overall=true or overall=false. Exit codes are those of a run; 4 also
when a shard is missing, duplicate, planned differently, or incomplete.`,
		Example: "  runner merge milestones/M109.yaml shards/1 shards/2 shards/3",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("a milestone and the folder of each shard are required")
			}
			return oneMilestone(cmd, args[:1])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Actions = args[0], s.actions
			return s.display.show(s, cfg, func(cfg run.Config) (run.Result, error) { return run.Merge(s.ctx, cfg, args[1:]) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", outUsage)
	flags.StringVar(&cfg.Baseline, "baseline", "", baselineUsage)
	s.display.addFlags(flags)
	return cmd
}
