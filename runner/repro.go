package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// reproducible are the prefixes of the ids that this command accepts.
var reproducible = []struct{ prefix, description string }{
	{"s-", "a scenario"},
	{"c-", "a check on the responses of one step"},
	{differencePrefix, "a difference that `runner diff` found"},
}

const differencePrefix = "d-"

// shortID matches the ids that a run prints. No file of a milestone has such a name.
var shortID = regexp.MustCompile(`^[a-z]-[0-9a-f]{10}$`)

// reproCommand reproduces one failure.
func reproCommand(s *session) *cobra.Command {
	var cfg run.Config
	var curl bool
	var from string
	cmd := &cobra.Command{
		Use:   "repro ID [MILESTONE.yaml]",
		Short: "Reproduce one failure",
		Long: `Run the scenario of one failure alone, and print each request as a curl command, each
response, and what failed. The ids of failures are printed by a run, and are in
verdict.json: s-… is a scenario, c-… a check on the responses of one step. Artifacts are
neither read nor written. d-… is a difference that runner diff found and wrote; its
calls are sent to the fake and --target, or to two fakes.

With --curl stdout is a script for a POSIX shell that needs curl and jq. It sends the
same requests to any server: values that the server generates, such as ids and cursors,
are taken from its responses. For d-… it is the commands of this run, with its ids.

Exit codes: 1 it still fails, 0 it does not fail any more, 2 usage or broken files,
3 the target cannot be reached, 4 inconclusive, 130 interrupted.`,
		Example: "  runner repro s-0123456789\n  runner repro s-0123456789 --curl > again.sh; BASE=http://127.0.0.1:8109 sh again.sh",
		Args:    checkReproArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasPrefix(args[0], differencePrefix) {
				return s.reproDifference(cmd, difftest.Config{Target: cfg.Target, Folder: from}, args, curl)
			}
			if from != "" {
				return usage.Errorf("--from needs the id of a difference (d-…), got %s", args[0])
			}
			cfg.Milestone = run.DefaultMilestone
			if len(args) == 2 {
				cfg.Milestone = args[1]
			}
			again, err := run.Repeat(s.ctx, cfg, args[0])
			if err != nil {
				return err
			}
			s.exit = again.Exit()
			if curl {
				script, err := again.Script()
				if err != nil {
					s.exit = verdict.Incomplete
					return fmt.Errorf("writing a script for %s: %w", again.ID, err)
				}
				fmt.Fprint(s.scriptOutput(cmd), script)
				fmt.Fprintln(cmd.ErrOrStderr(), again.Message())
				return nil
			}
			console.Repro(cmd.OutOrStdout(), again)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&curl, "curl", false, "print the requests as a script for sh, with curl and jq")
	flags.StringVar(&from, "from", "", "read a difference from `DIR` (default artifacts/milestones/<ID>/diff of the project)")
	s.addTargetFlags(&cfg.Target, flags)
	return cmd
}

// scriptOutput returns the writer for a script. It does not change the text, except in the log of GitHub Actions, where the
// script could contain workflow commands.
func (s *session) scriptOutput(cmd *cobra.Command) io.Writer {
	if s.actions != nil {
		return cmd.OutOrStdout()
	}
	return s.display.documents
}

// reproDifference reproduces a difference from the fake.
func (s *session) reproDifference(cmd *cobra.Command, cfg difftest.Config, args []string, curl bool) (err error) {
	if cfg.Project, err = s.locateProject(args[1:]); err != nil {
		return err
	}
	repetition, err := difftest.Repeat(s.ctx, cfg, args[0])
	if err != nil {
		return s.setCompared(false, err)
	}
	if curl {
		fmt.Fprint(s.scriptOutput(cmd), repetition.CurlCommands())
		fmt.Fprintln(cmd.ErrOrStderr(), repetition.Summary())
	} else {
		repetition.Print(cmd.OutOrStdout())
	}
	return s.setCompared(repetition.Now != nil, nil)
}

// checkReproArgs requires the id of a failure, and allows one milestone.
func checkReproArgs(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("the id of a failure is required, such as s-0123456789: a failing run prints it")
	case 1:
	case 2:
		if shortID.MatchString(args[1]) {
			return fmt.Errorf("expected one id, got %s and %s (the second argument is a milestone)", args[0], args[1])
		}
	default:
		return fmt.Errorf("expected one id and one milestone, got %d names", len(args))
	}
	var kinds []string
	for _, kind := range reproducible {
		if strings.HasPrefix(args[0], kind.prefix) {
			return nil
		}
		kinds = append(kinds, kind.prefix+"… ("+kind.description+")")
	}
	return fmt.Errorf("%s cannot be reproduced: expected %s", args[0], strings.Join(kinds, " or "))
}
