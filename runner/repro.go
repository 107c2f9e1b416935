package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/project"
)

// repeatable are the prefixes of what can be repeated, each with what it names. The gate repeats scenarios and checks;
// what another package repeats gets a line here, and its branch in repro.
var repeatable = []struct{ prefix, names string }{
	{"s-", "a scenario"},
	{"c-", "a check on the answers to one sentence"},
	{"d-", "a difference that `runner diff` found"},
}

// shortName is how failures are called, and no milestone is.
var shortName = regexp.MustCompile(`^[a-z]-[0-9a-f]{10}$`)

// repro is "runner repro": one failure, alone.
func repro(l *line) *cobra.Command {
	var cfg gate.Config
	var curl bool
	var from string
	cmd := &cobra.Command{
		Use:   "repro ID [MILESTONE.yaml]",
		Short: "Repeat one failure alone",
		Long: `Run the scenario of one failure alone, and show each request as a curl command, each
answer, and what failed. A red run prints the ID with each failure, and verdict.json has
it too: s-… is a scenario, c-… a check on the answers to one sentence. No artifact is
read, and none is written. d-… is a difference that runner diff found; it is read from
where that command left it, and played against the fake and --target, or two fakes.

With --curl stdout is a script for a POSIX shell instead, which needs curl and jq. It
sends the same requests to any server: what that chooses by itself, such as ids and
cursors, it takes from the answers. For d-… it is the commands that were sent, one
after the other, with the ids of this run.

Exit codes: 1 it still fails, 0 it does not fail now, 2 usage or broken input, 3 the
target could not be reached, 4 it cannot be told, 130 interrupted.`,
		Example: "  runner repro s-0123456789\n  runner repro s-0123456789 --curl > again.sh; BASE=http://127.0.0.1:8109 sh again.sh",
		Args:    oneFailure,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone = gate.DefaultMilestone
			if len(args) == 2 {
				cfg.Milestone = args[1]
			}
			if strings.HasPrefix(args[0], "d-") {
				return l.reproDrift(cmd, cfg, args[0], from, curl)
			}
			if from != "" {
				return fmt.Errorf("%w: --from is where differences are, and %s is none", gate.ErrUsage, args[0])
			}
			again, err := gate.Repeat(l.ctx, cfg, args[0])
			if err != nil {
				return err
			}
			l.exit = again.Exit()
			if curl {
				fmt.Fprint(l.scripts(cmd), again.Script())
				fmt.Fprintln(cmd.ErrOrStderr(), again.Says())
				return nil
			}
			again.Page(cmd.OutOrStdout())
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&curl, "curl", false, "print the requests as a script for sh, with curl and jq")
	flags.StringVar(&from, "from", "", "read a difference from `DIR` (default artifacts/milestones/<ID>/drift of the project)")
	cfg.Target.AddFlags(flags)
	return cmd
}

// scripts takes a script as it is: a blank in it could change what it sends. In the log of GitHub Actions it is text.
func (l *line) scripts(cmd *cobra.Command) io.Writer {
	if l.actions != nil {
		return cmd.OutOrStdout()
	}
	return l.display.documents
}

// reproDrift repeats a difference from the fake.
func (l *line) reproDrift(cmd *cobra.Command, cfg gate.Config, ref, from string, curl bool) error {
	place, err := project.Locate(cfg.Milestone)
	if err != nil {
		return fmt.Errorf("%w: %w", gate.ErrUsage, err)
	}
	again, err := difftest.Repeat(l.ctx, difftest.Config{Project: place, Target: cfg.Target, Folder: from}, ref)
	if err != nil {
		return l.compared(false, err)
	}
	if curl {
		fmt.Fprint(l.scripts(cmd), again.Commands())
		fmt.Fprintln(cmd.ErrOrStderr(), again.Says())
	} else {
		again.Page(cmd.OutOrStdout())
	}
	return l.compared(again.Now != nil, nil)
}

// oneFailure wants the id of a failure that can be repeated, and one milestone at most.
func oneFailure(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("repeat what? Name a failure, such as s-0123456789: a red run prints it")
	case 1:
	case 2:
		if shortName.MatchString(args[1]) {
			return fmt.Errorf("one failure at a time: %s and %s are two (what follows the first is a milestone)", args[0], args[1])
		}
	default:
		return fmt.Errorf("one failure at a time, and one milestone: there are %d names", len(args))
	}
	var known []string
	for _, kind := range repeatable {
		if strings.HasPrefix(args[0], kind.prefix) {
			return nil
		}
		known = append(known, kind.prefix+"… ("+kind.names+")")
	}
	return fmt.Errorf("%s is nothing that can be repeated: that begins with %s", args[0], strings.Join(known, " or "))
}
