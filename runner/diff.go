package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// diffCommand compares a target with the fake by random sequences of requests.
func diffCommand(s *session) *cobra.Command {
	var cfg difftest.Config
	var file string
	cmd := &cobra.Command{
		Use:   "diff MILESTONE.yaml",
		Short: "Compare a service with the fake",
		Long: `Compare a service with the fake.

Random sequences of calls are sent to the fake server and to --target, and the responses
are compared. The run goes on after a difference. Differences are grouped by cause; for
each cause the shortest sequence that shows it is written as a scenario, as curl commands,
and as a file for runner repro. A request without a response is the first of the causes.
Without --target two fakes are compared, which must agree.

With --baseline, causes that FILE lists do not fail the command and are not shrunk. It is
the file of a run: entries that begin with "difference: " are for this command, and their
counts do not apply.

The target is described as for a run. What it lacks is not used: no test clock without
test-clock, and partner keys (those of --partner-keys, or of the fixtures) without
header-identity. --scenario-timeout does not apply.

Exit codes: 0 no difference, 1 a difference, 2 usage or a broken milestone, 3 the
target cannot be reached or stopped responding, 130 interrupted.`,
		Example: "  runner diff milestones/M109.yaml\n  runner diff milestones/M109.yaml --target http://127.0.0.1:8109",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if cfg.Project, err = s.locateProject(args); err != nil {
				return err
			}
			if cfg.Steps < 1 {
				return usage.Errorf("--steps must be at least 1, got %d", cfg.Steps)
			}
			known, err := readKnownDifferences(file)
			if err != nil {
				return err
			}
			cfg.Known = known.Known
			cfg.Stdout, cfg.Progress = cmd.OutOrStdout(), terminal.Of(cmd.ErrOrStderr(), os.Getenv)
			result, err := difftest.Run(s.ctx, cfg)
			if err == nil {
				for _, note := range known.Notes() {
					fmt.Fprintln(cmd.OutOrStdout(), note)
				}
			}
			return s.setCompared(result.Differs(), err)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&cfg.Steps, "steps", difftest.DefaultSteps, "make `N` calls")
	flags.StringVar(&cfg.Folder, "out", "", "write differences to `DIR` (default artifacts/milestones/<ID>/diff of the project)")
	flags.BoolVar(&cfg.ValidOnly, "valid-only", false, "send only requests that the schemas allow")
	flags.StringVar(&file, "baseline", "", baselineUsage)
	s.addTargetFlags(&cfg.Target, flags)
	return cmd
}

// readKnownDifferences reads a baseline; "" is one without entries.
func readKnownDifferences(file string) (*difftest.KnownDifferences, error) {
	known, now := new(baseline.Baseline), time.Now()
	if file != "" {
		var err error
		if known, err = baseline.Read(file, verdict.LastExpiry(now)); err != nil {
			return nil, usage.Errorf("--baseline: %w", err)
		}
	}
	return difftest.NewKnownDifferences(known, now), nil
}

// setCompared sets the exit code of a comparison with the fake.
func (s *session) setCompared(differs bool, err error) error {
	switch {
	case s.ctx.Err() != nil:
		s.exit = verdict.Interrupted
		return errors.New("interrupted")
	case difftest.Unreachable(err):
		s.exit = verdict.Unreachable
	case usage.Is(err):
		return err
	case err != nil:
		s.exit = verdict.Broken
	case differs:
		s.exit = verdict.Fails
	default:
		s.exit = verdict.Holds
	}
	return err
}
