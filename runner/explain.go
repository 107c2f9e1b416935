package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/catalog"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/verdict"
)

// explain is "runner explain": what an id means, and which scenarios show it.
func explain(l *line) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [ID] [MILESTONE.yaml]",
		Short: "Say what an id means, and which scenarios show it",
		Long: `Say what an id means: a rule, a reason code, an outcome, an operation, a check, a
capability, a reason why a run was red, or a short name that a run shows, such as s-… of
a scenario. It says where the id is written down, which scenarios show it, how to run
these alone, and what to do about a reason. Without an id it lists all that can be
explained, but for the short names.

Exit codes: 0 it is explained, 2 there is no such id, usage, or something is broken.`,
		Example: "  runner explain rollout-needs-allow-verdict\n  runner explain partner_liquidity_provider_not_found\n  runner explain s-0123456789",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("one id at a time, and one milestone: there are %d names", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id, listed := "", len(args) == 0 || len(args) == 1 && filepath.Ext(args[0]) == ".yaml"
			if !listed {
				id, args = args[0], args[1:]
			}
			place, err := located(args)
			if err != nil {
				return err
			}
			in, err := place.Read()
			if text := catalog.Reason(id); err != nil && text != "" { // all the more
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
			g := catalog.New(place, in, golden)
			text := g.List()
			if !listed {
				text = g.Explain(id)
			}
			if text == "" {
				return fmt.Errorf("%w: %s", gate.ErrUsage, g.Unknown(id))
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			l.exit = verdict.Holds
			return nil
		},
	}
}

// goldenOf reads the golden output of a milestone, if there is one.
func goldenOf(place project.Project, in project.Inputs) (*golden.Document, error) {
	text, err := fs.ReadFile(place.Fixtures(), project.Golden(in.Milestone.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the golden output: %w", err)
	}
	return golden.Decode(text)
}
