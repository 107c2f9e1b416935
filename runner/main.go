// Command runner verifies that a service implements the contract of a milestone:
//
//	runner milestones/M109.yaml
//
// It starts the fake server (or uses --target), runs the features against it over HTTP, checks each response, writes the
// artifacts, and prints overall=true or overall=false as the last line, on every way out. With --format json the verdict is a
// JSON document on stdout, and all text goes to stderr. Exit codes:
//
//	0    overall=true
//	1    the service violates the contract
//	2    usage, or a broken milestone, feature, schema or fixture
//	3    the target cannot be reached
//	4    the run is incomplete
//	130  interrupted
//
// If several apply, the order is 130, 2, 3, 1, 4. A verdict that cannot be written is never 0. Commands without a verdict are
// ended by SIGPIPE, as usual in a pipe.
//
// An interrupt (SIGINT, SIGTERM, SIGHUP) ends a run soon, with verdict and artifacts. A second one ends the process at once,
// with exit code 130 and without them.
//
// runner --help lists the other commands. Their exit codes have the same meaning.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/buildinfo"
	"example.com/lpgate/internal/errwriter"
	"example.com/lpgate/internal/interrupt"
	"example.com/lpgate/internal/sources"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/verdict"
)

func main() {
	// A run takes less than a second and uses little memory: collecting garbage less often saves a fifth of it. The limit
	// bounds memory when responses are large.
	debug.SetGCPercent(400)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20)
	}
	// net/http logs unexpected bytes of a peer unchanged. The exchange that they break is recorded with its cause.
	log.SetOutput(io.Discard)
	os.Exit(runCommand(interruptContext(), os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

// interruptContext returns a context that is canceled by the first interrupt. A second one ends the process.
func interruptContext() context.Context {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signals = append(signals, syscall.SIGHUP)
	}
	return interrupt.Context(verdict.Interrupted, signals...)
}

// runCommand runs a command line and returns the exit code.
func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) (exit int) {
	s := &session{ctx: ctx, exit: verdict.Broken, display: newDisplay(args, stdout, stderr, getenv)} // until the command line is valid
	if getenv("GITHUB_ACTIONS") == "true" {
		s.actions = &github.Actions{Commands: s.display.verdicts, Summary: getenv(github.SummaryName), Workspace: getenv(github.WorkspaceName)}
	}
	stdout, stderr = s.display.stdout, s.display.stderr
	root := rootCommand(s)
	hasVerdict := true // whether the last line has to be a verdict
	if found, _, err := root.Find(args); err == nil && found != root {
		hasVerdict = found.Name() == mergeName
	}
	if hasVerdict {
		signal.Ignore(syscall.SIGPIPE) // a reader that closes early must not end the run before its artifacts
	}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "runner: panic: %v\n%s", p, debug.Stack())
			exit = verdict.Incomplete
			s.display.refuse("run-broke-off", fmt.Sprintf("panic: %v", p))
		}
		if hasVerdict {
			exit = s.display.finish(s.overall && exit == verdict.Holds, exit)
		}
	}()
	root.SetArgs(args)
	out := errwriter.New(stdout)
	root.SetOut(out)
	root.SetErr(stderr)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		help(c, args)
		s.exit, hasVerdict = verdict.Holds, false
	})
	err := textfile.CheckArguments(args)
	if err == nil {
		err = root.Execute()
	}
	if printed, _ := root.Flags().GetBool("version"); err == nil && printed {
		s.exit, hasVerdict = verdict.Holds, false
	}
	if err != nil {
		fmt.Fprintln(stderr, "runner:", err.Error())
		if s.exit == verdict.Broken {
			fmt.Fprintln(stderr, "See runner --help.")
		}
		s.display.refuse("usage", err.Error())
	}
	if lost := out.Err(); lost != nil && s.exit == verdict.Holds && !hasVerdict {
		fmt.Fprintln(stderr, "runner: writing the output:", lost)
		return verdict.Incomplete
	}
	return s.exit
}

// session is the execution of one command line. Each command sets the exit code.
type session struct {
	ctx     context.Context
	exit    int
	overall bool // of the verdict
	actions *github.Actions
	display *display
	sources *sources.Set // former names of flags
}

// warn prints a warning.
func (s *session) warn(message string) { fmt.Fprintln(s.display.stderr, "runner:", message) }

// rootCommand verifies a milestone, and has the other commands.
func rootCommand(s *session) *cobra.Command {
	var cfg run.Config
	cmd := &cobra.Command{
		Use:   "runner MILESTONE.yaml",
		Short: "Verify that a service implements the contract of a milestone",
		Long: `Verify that a service implements the contract of a milestone.

The features of the milestone are run against the built-in fake server, or against
--target. The fake implements one milestone; others need --target. Features, schemas
and fixtures are read from the folders beside that of the milestone, or else from the
program itself.

The last line is overall=true or overall=false, and ends with level=core at this level.
Exit codes: 0 the contract holds, 1 it is violated, 2 usage or a broken milestone, feature, schema or fixture, 3 the
target cannot be reached, 4 the run is incomplete, 130 interrupted.`,
		Example:       "  runner milestones/M109.yaml\n  runner milestones/M109.yaml --rule rollout-needs-allow-verdict\n  runner milestones/M109.yaml --target http://127.0.0.1:8109",
		Args:          oneMilestone,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Actions = args[0], s.actions
			return s.display.verify(s, cfg)
		},
	}
	s.sources = sources.New(cmd.Flags(), formerFlags)
	cmd.AddCommand(baselineCommand(s), mergeCommand(s), lintCommand(s), stepsCommand(s), explainCommand(s), diffCommand(s),
		selfcheckCommand(s), probeCommand(s), reproCommand(s), reportCommand(s), compareCommand(s), verifyExportCommand(s), openapiCommand(s), versionCommand(s))
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.Version = buildinfo.Read().Text("runner")
	cmd.SetVersionTemplate("{{.Version}}")
	cmd.Flags().Bool("version", false, "print the version, commit, date and Go version")
	cmd.SetFlagErrorFunc(sources.FlagError)
	cmd.PersistentPreRunE = s.checkFlags
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", outUsage)
	s.addTargetFlags(&cfg.Target, flags)
	addLevelFlag(&cfg.Filter.Level, flags)
	flags.Var(&onceValue{text: &cfg.Filter.Tags}, "tags", "run only scenarios whose tags match `'EXPRESSION'`, such as '@refuses and not @needs:fresh-state'")
	flags.StringArrayVar(&cfg.Filter.Names, "name", nil, "run only scenarios whose name matches the regular expression `REGEXP`; repeatable, one has to match")
	flags.StringArrayVar(&cfg.Filter.Rules, "rule", nil, "run only scenarios of the rule `ID`; repeatable")
	flags.StringArrayVar(&cfg.Filter.Operations, "operation", nil, "run only scenarios that call the operation `ID`; repeatable")
	flags.StringArrayVar(&cfg.Filter.Refs, "scenario", nil, "run only the scenario with the short `ID`, such as s-0123456789; repeatable")
	flags.BoolVar(&cfg.Failed, "failed", false, "run only scenarios that did not pass in the last run with the same --out")
	flags.Var(&shardValue{&cfg.Shard.Index, &cfg.Shard.Of, run.MostShards}, "shard", "run only shard `INDEX/COUNT`, such as 2/4; runner merge combines the results")
	flags.StringVar(&cfg.Durations, "durations", "", "balance shards by the durations in `FILE`: messages.ndjson of an earlier run, or milliseconds by scenario")
	flags.Var(&boundedInt{&cfg.Parallel, 1, 64}, "parallel", "run `N` scenarios in parallel, each with its own fake servers or against --target (default 2, and 1 with --target)")
	flags.StringVar(&cfg.Shuffle, "shuffle", "", "run the scenarios in a random order that depends on `SEED`; without =SEED on a new one, which is printed")
	flags.Lookup("shuffle").NoOptDefVal = run.Anew
	flags.Var(&boundedInt{&cfg.Repeat, 2, 1000}, "repeat", "run everything `N` times and compare the results")
	flags.StringVar(&cfg.Baseline, "baseline", "", baselineUsage)
	s.display.addFlags(flags)
	flags.BoolVar(&s.display.watch, "watch", false, "run again when the milestone, a feature, a schema or a fixture changes, until Ctrl-C")
	flags.BoolVar(&cfg.UpdateGolden, "update-golden", false, "write the output of this run as the golden output, if nothing else fails")
	cmd.SetGlobalNormalizationFunc(s.sources.Normalize)
	return cmd
}

// The help of flags that verifying and merging share.
const (
	outUsage      = "write the artifacts to `DIR`, replacing those of an earlier run (default artifacts/milestones/<ID>/latest of the project)"
	baselineUsage = "do not fail for the known failures listed in `FILE`"
)

// oneMilestone requires exactly one file name.
func oneMilestone(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd == cmd.Root() && !strings.ContainsAny(args[0], "./\\") {
		if _, err := os.Stat(args[0]); err != nil {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return fmt.Errorf("%s is neither a command nor a file%s", args[0], suggest.DidYouMean(args[0], names))
		}
	}
	switch len(args) {
	case 0:
		return errors.New("the file of a milestone is required, such as milestones/M109.yaml")
	case 1:
		return nil
	}
	if flag := cmd.Flags().Lookup("shuffle"); flag != nil && flag.Changed {
		return fmt.Errorf("expected one milestone, got %d files (a seed follows --shuffle after =, as in --shuffle=%s)", len(args), args[len(args)-1])
	}
	return fmt.Errorf("expected one milestone, got %d files", len(args))
}

// optionalMilestone allows one file name.
func optionalMilestone(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("expected one milestone, got %d files", len(args))
	}
	return nil
}
