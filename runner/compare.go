package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/report/conformance"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// compareCommand compares conformance reports.
func compareCommand(s *session) *cobra.Command {
	var all bool
	format := formatText
	cmd := &cobra.Command{
		Use:   "compare REPORT REPORT…",
		Short: "Compare conformance reports of implementations or versions",
		Long: `Compare conformance reports: the results of each, what got better and worse from one
report to the next, and the rules that are not proved in each. A REPORT is a
conformance.json, or a folder with one, such as the artifacts of a run.

Exit codes: 0 no rule got worse, 1 a rule got worse, 2 usage, or a file that is not a
conformance report.`,
		Example: "  runner compare v1/conformance.json v2/conformance.json\n  runner compare harbour lagoon --all --format markdown > conformance.md",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("expected two conformance reports or more, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var reports []*conformance.Report
			for _, name := range args {
				report, err := readConformance(name)
				if err != nil {
					return err
				}
				reports = append(reports, report)
			}
			comparison, err := conformance.Compare(reports)
			if err != nil {
				return usage.Errorf("%w", err)
			}
			if format == formatMarkdown {
				fmt.Fprint(cmd.OutOrStdout(), comparison.Markdown(all))
			} else {
				comparison.Text(cmd.OutOrStdout(), all)
			}
			s.exit = verdict.Holds
			if comparison.IsWorse() {
				s.exit = verdict.Fails
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&all, "all", false, "list all rules, and not only those that are not proved in each report")
	flags.Var(&choice{&format, []string{formatText, formatMarkdown}}, "format", "`FORMAT` of stdout: text or markdown")
	return cmd
}

const formatMarkdown = "markdown"

// readConformance reads a report from a file, or from the artifacts in a folder.
func readConformance(name string) (*conformance.Report, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, artifact.Conformance)
	}
	text, err := textfile.Read(name)
	if err != nil {
		return nil, usage.Errorf("%w", err)
	}
	report, err := conformance.Parse(strings.TrimPrefix(filepath.ToSlash(name), "./"), text)
	if err != nil {
		return nil, usage.Errorf("%w", err)
	}
	return report, nil
}
