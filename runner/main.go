// Command runner verifies a milestone:
//
//	runner milestones/M109.yaml
//
// It starts the fake server (or takes --target), drives the features against it over HTTP, checks every answer, writes
// the artifacts, and prints overall=true or overall=false as its last line, whatever happens. With --format json stdout has
// the verdict as one JSON document instead, and stderr the rest. Its exit code is
//
//	0    overall=true
//	1    the contract does not hold
//	2    usage, or a broken milestone, feature, schema or fixture
//	3    the target could not be reached, or died
//	4    nothing ran, or the run is incomplete
//	130  interrupted
//
// When several apply, the order is 130, 2, 3, 1, 4. A verdict that nobody can read, since its output is closed or full, is
// never 0. Any other command is ended by SIGPIPE then, as its neighbours in a pipe are.
//
// An interrupt (SIGINT, SIGTERM, SIGHUP) ends a run soon, with its verdict and artifacts. A second one ends the process at
// once, with exit code 130 and neither.
//
//	runner merge milestones/M109.yaml FOLDER…
//
// makes one verdict of runs that did a part each, with --shard. Its last line and its exit code are those of one run.
//
//	runner verify-export FILE… --keys KEYS.json
//
// verifies pages of an audit export that somebody holds, without any service. Its exit code is 0, 1 or 2, and means the
// same.
//
//	runner diff milestones/M109.yaml [--target URL]
//
// plays random walks against the fake server and a target, side by side, and finds a request that they answer otherwise.
// Its exit code is 0, 1, 2, 3 or 130, and means the same.
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
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/interrupt"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/verdict"
)

func main() {
	// A run lives for less than a second and holds little: collecting garbage seldom saves a fifth of it. Answers of
	// many mebibytes are garbage as soon as they are checked, so from some size on it is collected as often as needed.
	debug.SetGCPercent(400)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20)
	}
	// net/http writes what it did not expect from a peer to the log of the process, byte for byte. An exchange that it spoils
	// is recorded with its cause.
	log.SetOutput(io.Discard)
	os.Exit(run(untilInterrupted(), os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

// untilInterrupted is done at the first signal that interrupts. A second one ends the process at once.
func untilInterrupted() context.Context {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup lets it be
		signals = append(signals, syscall.SIGHUP)
	}
	return interrupt.Context(verdict.Interrupted, signals...)
}

// run runs the command line, and returns the exit code. When a milestone is verified, the last line of the text is the
// verdict, on every way out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) (exit int) {
	l := &line{ctx: ctx, exit: verdict.Broken, display: newDisplay(args, stdout, stderr, getenv)} // until the command line is understood
	if getenv("GITHUB_ACTIONS") == "true" {
		l.actions = &github.Actions{Commands: l.display.verdicts, Summary: getenv(github.SummaryName), Workspace: getenv(github.WorkspaceName)}
	}
	stdout, stderr = l.display.stdout, l.display.stderr
	root := command(l)
	verifies := true
	if found, _, err := root.Find(args); err == nil && found != root {
		verifies = found.Name() == mergeName
	}
	if verifies {
		signal.Ignore(syscall.SIGPIPE) // else a reader that goes away early would end the run before its artifacts
	}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "runner: panic: %v\n%s", p, debug.Stack())
			exit = verdict.Incomplete
			l.display.refuse("run-broke-off", fmt.Sprintf("panic: %v", p))
		}
		if verifies {
			exit = l.display.last(l.overall && exit == verdict.Holds, exit)
		}
	}()
	root.SetArgs(args)
	told := &teller{Writer: stdout}
	root.SetOut(told)
	root.SetErr(stderr)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		help(c, args)
		l.exit, verifies = verdict.Holds, false // nothing was to be verified
	})
	err := textfile.CheckArguments(args)
	if err == nil {
		err = root.Execute()
	}
	if err != nil {
		fmt.Fprintln(stderr, "runner:", message(err))
		if l.exit == verdict.Broken {
			fmt.Fprintln(stderr, "See runner --help.")
		}
		l.display.refuse("usage", message(err))
	}
	if told.err != nil && l.exit == verdict.Holds && !verifies {
		fmt.Fprintln(stderr, "runner: writing what was asked for:", told.err)
		return verdict.Incomplete
	}
	return l.exit
}

// teller remembers that something could not be written.
type teller struct {
	io.Writer
	err error
}

func (t *teller) Write(text []byte) (int, error) {
	n, err := t.Writer.Write(text)
	if t.err == nil {
		t.err = err
	}
	return n, err
}

// line is a command line on its way: what interrupts it, and how it ended. Each command sets the exit code.
type line struct {
	ctx     context.Context
	exit    int
	overall bool // of a verification
	actions *github.Actions
	display *display
}

// message is an error without the word that only marks it.
func message(err error) string {
	text := err.Error()
	if prefix := gate.ErrUsage.Error() + ": "; errors.Is(err, gate.ErrUsage) && len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return text
}

// command is the command line: verifying a milestone, and a command in a file of its own for everything else.
func command(l *line) *cobra.Command {
	var cfg gate.Config
	cmd := &cobra.Command{
		Use:   "runner MILESTONE.yaml",
		Short: "Verify that a service keeps the contract of a milestone",
		Long: `Verify that a service keeps the contract of a milestone.

The features that the milestone lists are driven against the fake server, which is
started for that, or against --target; the fake implements one milestone, and any other
needs --target. Features, schemas and fixtures are read from the folders beside that of
the milestone, or from inside of the program.

The last line is overall=true or overall=false. Exit codes: 0 the contract holds,
1 it does not, 2 usage or a broken milestone, feature, schema or fixture, 3 the target
could not be reached or died, 4 nothing ran or not everything did, 130 interrupted.`,
		Example:       "  runner milestones/M109.yaml\n  runner milestones/M109.yaml --rule rollout-needs-allow-verdict\n  runner milestones/M109.yaml --target http://127.0.0.1:8109",
		Args:          oneMilestone,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Actions = args[0], l.actions
			return l.display.verify(l, cfg)
		},
	}
	cmd.AddCommand(baselineOf(l), merge(l), lintOf(l), stepsOf(l), explain(l), diff(l), selfcheckCommand(l), repro(l), reportOf(l), verifyExport(l), document(l))
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(nearestFlag)
	cmd.PersistentPreRunE = noEmptyFlag
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Out, "out", "", "write the artifacts to `DIR`, which is replaced if a run wrote it (default artifacts/milestones/<ID>/latest of the project)")
	cfg.Target.AddFlags(flags)
	flags.Var(&expression{text: &cfg.Filter.Tags}, "tags", "run only the scenarios whose tags fit `'EXPRESSION'`, such as '@refuses and not @needs:fresh-state'")
	flags.StringArrayVar(&cfg.Filter.Names, "name", nil, "run only the scenarios in whose names the regular expression `REGEXP` finds something; may be repeated, and then one has to")
	flags.StringArrayVar(&cfg.Filter.Rules, "rule", nil, "run only the scenarios of the rule `ID`; may be repeated")
	flags.StringArrayVar(&cfg.Filter.Operations, "operation", nil, "run only the scenarios that call the operation `ID`; may be repeated")
	flags.StringArrayVar(&cfg.Filter.Refs, "scenario", nil, "run only the scenario with this short `NAME`, such as s-0123456789; may be repeated")
	flags.BoolVar(&cfg.Failed, "failed", false, "run only the scenarios that did not pass in the last run, whose artifacts stand where --out says")
	flags.Var(&part{&cfg.Shard.Index, &cfg.Shard.Of, gate.MostShards}, "shard", "run only part `I/N` of them, such as 2/4; runner merge puts the parts together")
	flags.StringVar(&cfg.Durations, "durations", "", "make the parts of --shard equally long by what `FILE` says: messages.ndjson of an earlier run, or milliseconds")
	flags.Var(&count{&cfg.Parallel, 1, 64}, "parallel", "run `N` scenarios side by side, in as many built-in servers or against --target (default 2, and 1 with --target)")
	flags.StringVar(&cfg.Shuffle, "shuffle", "", "run the scenarios in an order drawn from the `SEED`; without =SEED from a new one, which is printed")
	flags.Lookup("shuffle").NoOptDefVal = gate.Anew
	flags.Var(&count{&cfg.Repeat, 2, 1000}, "repeat", "run everything `N` times, and compare what the runs saw")
	flags.StringVar(&cfg.Baseline, "baseline", "", "known failures, which do not turn the run red, are listed in `FILE`")
	l.display.addFlags(flags)
	l.display.addWatch(flags)
	flags.BoolVar(&cfg.UpdateGolden, "renew-output", false, "make the output of this run the golden one, if everything else holds")
	return cmd
}

// nearestFlag names the flag that an unknown one was probably meant to be.
func nearestFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	nearest := suggest.Nearest(unknown.GetSpecifiedName(), names)
	if nearest == "" {
		return err
	}
	return fmt.Errorf("%w (did you mean --%s?)", err, nearest)
}

// noEmptyFlag refuses a text that is given and blank: it is a variable of the shell that was not set, and not a wish for
// the default.
func noEmptyFlag(cmd *cobra.Command, _ []string) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		var texts []string
		if several, is := flag.Value.(pflag.SliceValue); is {
			texts = several.GetSlice()
		} else if flag.Value.Type() == "string" {
			texts = []string{flag.Value.String()}
		}
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				err = fmt.Errorf("--%s is empty: leave it out, or give it a value", flag.Name)
			}
		}
	})
	return err
}

// oneMilestone wants exactly one file.
func oneMilestone(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd == cmd.Root() && !strings.ContainsAny(args[0], "./\\") {
		if _, err := os.Stat(args[0]); err != nil {
			var names []string
			for _, known := range cmd.Commands() {
				names = append(names, known.Name())
			}
			return fmt.Errorf("%s is no command and no file%s", args[0], suggest.DidYouMean(args[0], names))
		}
	}
	switch len(args) {
	case 0:
		return errors.New("which milestone? Name its file, such as milestones/M109.yaml")
	case 1:
		return nil
	}
	if flag := cmd.Flags().Lookup("shuffle"); flag != nil && flag.Changed {
		return fmt.Errorf("one milestone at a time: there are %d file names (the seed of --shuffle follows a =, as in --shuffle=%s)", len(args), args[len(args)-1])
	}
	return fmt.Errorf("one milestone at a time: there are %d file names", len(args))
}
