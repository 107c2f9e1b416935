package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// diff is `runner diff`: random walks against the fake and a target, side by side.
func diff(l *line) *cobra.Command {
	var cfg difftest.Config
	cmd := &cobra.Command{
		Use:   "diff MILESTONE.yaml",
		Short: "Find a request that a target answers otherwise than the fake",
		Long: `Find a request that a target answers otherwise than the fake.

Random walks over the operations of the milestone are played against the fake server
and against --target, side by side, and everything that a client can see is compared.
The first difference is made as short as can be, and written down as a scenario, as
curl commands, and as a file that can be played again. Without --target two fakes are
compared, which have to agree: that is the audit of this command.

The target is said as for a verification, and what it lacks is left out of the walks:
no test clock is sent where test-clock is lacking, and where header-identity is, the
caller holds partner keys, those of --partner-keys or else of the fixtures. Walks take
as long as they take; --scenario-timeout is about scenarios.

Exit codes: 0 no difference, 1 a difference, 2 usage or a broken milestone, 3 the
target could not be reached, 130 interrupted.`,
		Example: "  runner diff milestones/M109.yaml\n  runner diff milestones/M109.yaml --target http://127.0.0.1:8109",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if cfg.Project, err = project.Locate(args[0]); err != nil {
				return fmt.Errorf("%w: %w", gate.ErrUsage, err)
			}
			if cfg.Steps < 1 {
				return fmt.Errorf("%w: --steps %d: at least 1", gate.ErrUsage, cfg.Steps)
			}
			cfg.Stdout, cfg.Progress = cmd.OutOrStdout(), terminal.Of(cmd.ErrOrStderr(), os.Getenv)
			result, err := difftest.Run(l.ctx, cfg)
			return l.compared(result.Drift != nil, err)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&cfg.Steps, "steps", difftest.DefaultSteps, "make `N` calls")
	flags.StringVar(&cfg.Folder, "out", "", "write what is found to `DIR` (default artifacts/milestones/<ID>/drift of the project)")
	cfg.Target.AddFlags(flags)
	return cmd
}

// compared sets the exit code of a comparison with the fake.
func (l *line) compared(differs bool, err error) error {
	switch {
	case l.ctx.Err() != nil:
		l.exit = verdict.Interrupted
		return errors.New("interrupted")
	case difftest.Unreachable(err):
		l.exit = verdict.Unreachable
	case errors.Is(err, difftest.ErrUsage):
		return fmt.Errorf("%w: %s", gate.ErrUsage, strings.TrimPrefix(err.Error(), difftest.ErrUsage.Error()+": "))
	case err != nil:
		l.exit = verdict.Broken
	case differs:
		l.exit = verdict.Fails
	default:
		l.exit = verdict.Holds
	}
	return err
}
