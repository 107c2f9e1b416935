package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/catalog"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// explainCommand explains an id.
func explainCommand(s *session) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "explain [ID] [MILESTONE.yaml]",
		Short: "Explain an id, and list the scenarios that cover it",
		Long: `Explain an id: of a rule, a reason code, an outcome, an operation, a check, a
capability, a reason of a verdict, or a short id that a run prints, such as s-… of a
scenario; or the cause of failures in the last run. The output has where the id is defined, the scenarios that cover it, the
command that runs only these, and what to do about a reason. Without an id, all ids
except the short ones are listed.

Exit codes: 0 the id is explained, 2 unknown id, usage, or broken files.`,
		Example: "  runner explain rollout-needs-allow-verdict\n  runner explain partner_liquidity_provider_not_found\n  runner explain s-0123456789",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("expected one id and one milestone, got %d names", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id, list := "", len(args) == 0 || len(args) == 1 && filepath.Ext(args[0]) == ".yaml"
			if !list {
				id, args = args[0], args[1:]
			}
			p, err := s.locateProject(args)
			if err != nil {
				return err
			}
			text, err := explain(p, id, list, out)
			if err == nil {
				fmt.Fprint(cmd.OutOrStdout(), text)
				s.exit = verdict.Holds
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "read the causes of the run whose artifacts are in `DIR` (default artifacts/milestones/<ID>/latest of the project)")
	return cmd
}

// explain returns the explanation of an id, or the list of all ids. Causes are those of the run with artifacts in out.
func explain(p project.Project, id string, list bool, out string) (string, error) {
	in, err := p.Read()
	if err != nil {
		if text := catalog.Reason(id); text != "" { // a reason may be about these very files
			return text, nil
		}
		return "", usage.Errorf("some files are broken; runner lint prints all problems: %w", err)
	}
	output, err := goldenOutput(p, in)
	if err != nil {
		return "", err
	}
	c := catalog.New(p, in, output)
	if list {
		return c.List(), nil
	}
	text := c.Explain(id)
	if text == "" && strings.Contains(id, ": ") {
		return explainCause(id, cmp.Or(out, p.Artifacts(in.Milestone.ID)))
	}
	if text == "" {
		return "", usage.Errorf("%s", c.Unknown(id))
	}
	return text, nil
}

// goldenOutput reads the golden output of a milestone; nil if there is none.
func goldenOutput(p project.Project, in project.Inputs) (*golden.Document, error) {
	text, err := fs.ReadFile(p.Fixtures(), project.Golden(in.Milestone.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the golden output: %w", err)
	}
	return golden.Decode(text)
}
