package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/probe"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// probeCommand detects the capabilities of a service, and writes a target file.
func probeCommand(s *session) *cobra.Command {
	var target service.Options
	var file string
	var force, readOnly bool
	cmd := &cobra.Command{
		Use:   "probe [MILESTONE.yaml] --target URL",
		Short: "Detect the capabilities of a service, and write a target file",
		Long: `Detect the capabilities of a service, and write a commented target file for
--target-file: identity mode, test clocks, key set, signing keys and retention. What
cannot be detected is a comment with an example. The file has no secrets.

GET requests for an unknown id come first. If the answers are those of the contract, one
provider with an id of its own is onboarded, its eligibility is evaluated once, and it is
exported; the id is printed. With --read-only nothing is written to the service.

Without --out the file goes to stdout, and what was detected to stderr.

Exit codes: 0 the file is written, 1 the answers are not those of the service, 2 usage or
a broken milestone, 3 the target cannot be reached, 130 interrupted.`,
		Example: "  runner probe --target http://127.0.0.1:8109 --out target.yaml\n  runner milestones/M109.yaml --target-file target.yaml",
		Args:    optionalMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkProbeOutput(file, force); err != nil {
				return err
			}
			p, err := s.locateProject(args)
			if err != nil {
				return err
			}
			m, _, err := p.Contract()
			if err != nil {
				return err
			}
			if target.PartnerKeys != "" && !slices.Contains(target.NoCapabilities, "header-identity") {
				target.NoCapabilities = append(target.NoCapabilities, "header-identity") // the mode is detected
			}
			secrets := new(record.Secrets)
			svc, err := target.Open(secrets)
			switch {
			case err != nil:
				return usage.Errorf("%w", err)
			case svc.BuiltIn():
				return usage.Errorf("probe needs --target URL, the service to probe")
			}
			if err := svc.Check(m); err != nil {
				return usage.Errorf("%w", err)
			}
			result, err := probe.Run(s.ctx, probe.Config{Milestone: m, Fixtures: p.Fixtures(), Service: svc, Secrets: secrets, ReadOnly: readOnly})
			notes := cmd.ErrOrStderr()
			if file != "" {
				notes = cmd.OutOrStdout()
			}
			if err != nil {
				printOnboarded(notes, result, readOnly)
				return s.setProbed(err)
			}
			fmt.Fprintf(notes, "%s answers as the service of %s.\n", secrets.Scrub(svc.URL), m.ID)
			printProbe(notes, result)
			printOnboarded(notes, result, readOnly)
			if slices.ContainsFunc(result.Capabilities, func(n service.CapabilityNote) bool {
				return n.Capability == "header-identity" && n.Presence == service.Present
			}) {
				target.PartnerKeys = "" // which a target in header mode does not read
			}
			text, variables := target.FileText(filepath.Dir(file), result.Capabilities)
			s.exit = verdict.Holds
			if file == "" {
				_, err := io.WriteString(cmd.OutOrStdout(), text)
				return err
			}
			if err := artifact.ReplaceFile(file, []byte(text)); err != nil {
				s.exit = verdict.Incomplete
				return fmt.Errorf("writing the target file: %w", err)
			}
			fmt.Fprintf(notes, "%s is written.\n\nNext: runner %s --target-file %s\n", file, curl.Quote(filepath.ToSlash(p.File)), curl.Quote(file))
			if len(variables) > 0 {
				fmt.Fprintf(notes, "Set %s in the environment first: the file has a reference in place of the value of a header.\n", strings.Join(variables, " and "))
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&file, "out", "", "write the target file to `FILE` (default stdout)")
	flags.BoolVar(&force, "force", false, "replace an existing file")
	flags.BoolVar(&readOnly, "read-only", false, "send GET requests only: no provider is onboarded, and clocks and retention are not detected")
	s.addTargetFlags(&target, flags)
	return cmd
}

// checkProbeOutput checks --out before anything is sent.
func checkProbeOutput(file string, force bool) error {
	if file == "" {
		return nil
	}
	exists, err := checkOutFile(file)
	if err != nil {
		return err
	}
	if exists && !force {
		return usage.Errorf("--out %s exists: replace it with --force, or name another file", file)
	}
	return nil
}

// setProbed sets the exit code of a service that could not be probed.
func (s *session) setProbed(err error) error {
	switch {
	case s.ctx.Err() != nil:
		s.exit = verdict.Interrupted
		return errors.New("interrupted")
	case errors.As(err, new(*probe.Unreachable)):
		s.exit = verdict.Unreachable
	case errors.As(err, new(*probe.NotService)):
		s.exit = verdict.Fails
	}
	return err
}

// printProbe prints what was detected.
func printProbe(w io.Writer, result probe.Result) {
	names := map[service.Presence]string{service.Present: "present", service.Absent: "absent", service.Undetermined: "not detected"}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, note := range result.Capabilities {
		presence := names[note.Presence]
		if note.Presence == service.Undetermined && note.Assumed {
			presence = "presumed"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", note.Capability, presence, note.Comment)
	}
	_ = table.Flush() // an error of w is reported by its owner
	for _, warning := range result.Warnings {
		fmt.Fprintf(w, "warning: %s\n", warning)
	}
}

// printOnboarded prints what was written to the service.
func printOnboarded(w io.Writer, result probe.Result, readOnly bool) {
	switch {
	case result.Provider == "" && readOnly:
		fmt.Fprintln(w, "Only GET requests were sent.")
	case result.Provider == "":
		fmt.Fprintln(w, "No provider was onboarded.")
	case result.Evaluated:
		fmt.Fprintf(w, "One provider was onboarded, and its eligibility evaluated once: %s\n", result.Provider)
	default:
		fmt.Fprintf(w, "One provider was onboarded: %s\n", result.Provider)
	}
}
