package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/glossary"
	"example.com/lpgate/runner/internal/outcome"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// explain is "runner explain": what an id means, and which scenarios show it.
func explain(l *line) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID [MILESTONE.yaml]",
		Short: "Say what an id means, and which scenarios show it",
		Long: `Say what an id means: a rule, a reason code, an outcome, an operation, or a reason why
a run was red. It says where the id is written down, which scenarios show it, and how to
run these alone.

Exit codes: 0 it is explained, 2 there is no such id, usage, or something is broken.`,
		Example: "  runner explain rollout-needs-allow-verdict\n  runner explain partner_liquidity_provider_not_found",
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return errors.New("explain what? Name a rule, a reason code, an outcome, an operation or a reason of a verdict")
			case 1, 2:
				return nil
			}
			return fmt.Errorf("one id at a time, and one milestone: there are %d names", len(args))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			place, err := located(args[1:])
			if err != nil {
				return err
			}
			in, err := place.Read()
			if text := glossary.Reason(args[0]); err != nil && text != "" { // all the more
				fmt.Fprint(cmd.OutOrStdout(), text)
				l.exit = verdict.Holds
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: not everything could be read; runner lint says all that is wrong: %w", gate.ErrUsage, err)
			}
			golden, err := goldenOf(place, in)
			if err != nil {
				return err
			}
			g := glossary.New(place, in, golden)
			text := g.Explain(args[0])
			if text == "" {
				return fmt.Errorf("%w: nothing is called %s%s", gate.ErrUsage, args[0], milestones.Suggest(args[0], g.IDs()))
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			l.exit = verdict.Holds
			return nil
		},
	}
}

// goldenOf reads the golden output of a milestone, if there is one.
func goldenOf(place project.Project, in project.Inputs) (*outcome.Document, error) {
	text, err := fs.ReadFile(place.Fixtures(), project.Golden(in.Milestone.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the golden output: %w", err)
	}
	return outcome.Decode(text)
}
