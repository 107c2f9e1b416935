package main

import (
	"errors"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/gate"
)

// mergeName is the one command beside that which verifies a milestone too: its last line is a verdict.
const mergeName = "merge"

// merge is the command that makes one verdict of shards.
func merge(l *line) *cobra.Command {
	var cfg gate.Config
	cmd := &cobra.Command{
		Use:   mergeName + " MILESTONE.yaml FOLDER…",
		Short: "Make one verdict of runs that did a part each",
		Long: `Make one verdict of runs that did a part each, with --shard.

Each FOLDER has the artifacts of one of them. All have to be there, each once, and
planned alike: from the milestone, features, schemas and fixtures that stand here, and
with the same selection and --durations. It is decided anew on all that they saw, and
the artifacts are those of one run.

The last line is overall=true or overall=false. Exit codes: those of a run; 4 too when a
shard is missing, was given twice, was planned otherwise, or did not come to its end.`,
		Example: "  runner merge milestones/M109.yaml shards/1 shards/2 shards/3",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("merge what? Name the milestone, then the folder of each shard")
			}
			return oneMilestone(cmd, args[:1])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Actions = args[0], l.actions
			return l.display.show(l, cfg, func(cfg gate.Config) (gate.Result, error) { return gate.Merge(l.ctx, cfg, args[1:]) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", "write the artifacts to `DIR`, which is replaced if a run wrote it (default artifacts/milestones/<ID>/latest of the project)")
	flags.StringVar(&cfg.Baseline, "baseline", "", "known failures, which do not turn the run red, are listed in `FILE`")
	l.display.addFlags(flags)
	return cmd
}
