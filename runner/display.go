package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/printable"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// display is how a verification is shown. Text for people goes to stdout; with --format json it goes to stderr, and stdout
// has the verdict as one document and nothing else, on every way out.
type display struct {
	getenv         func(string) string
	documents      io.Writer // stdout, byte for byte
	stdout, stderr io.Writer // for people; what a service sends is among it
	verdicts       io.Writer // that stream as it is, for the line with the verdict
	json           bool
	format, colour string
	watch          bool
	milestone      string // as it was named
	// document is the verdict, in the form of verdict.json; nil as long as there is none.
	document []byte
}

// The formats.
const (
	formatText = "text"
	formatJSON = "json"
)

func newDisplay(args []string, stdout, stderr io.Writer, getenv func(string) string) *display {
	d := &display{
		getenv: getenv, documents: stdout, stdout: terminal.Quiet(printable.New(stdout)), stderr: terminal.Quiet(printable.New(stderr)), verdicts: stdout,
		json: asksForJSON(args), format: formatText, colour: terminal.Auto,
	}
	if d.json {
		d.verdicts = stderr
	}
	return d
}

// asksForJSON looks for --format json by itself: a command line that is not understood gets a document too, wherever the
// fault is in it.
func asksForJSON(args []string) bool {
	asked := ""
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--format="); ok {
			asked = value
		} else if arg == "--format" && i+1 < len(args) {
			asked = args[i+1]
		}
	}
	return asked == formatJSON
}

func (d *display) addFlags(flags *pflag.FlagSet) {
	flags.Var(&choice{&d.format, []string{formatText, formatJSON}}, "format", "`FORMAT` of what stdout gets: text, or json for the verdict as one JSON document, with the text on stderr")
	flags.Var(&choice{&d.colour, []string{terminal.Auto, terminal.Always, terminal.Never}}, "color", "`WHEN` to use colours: auto (on a terminal, and not with NO_COLOR), always or never")
}

// addWatch gives the gate the flag that only it has.
func (d *display) addWatch(flags *pflag.FlagSet) {
	flags.BoolVar(&d.watch, "watch", false, "run again whenever the milestone, a feature, a schema or a fixture changes, until Ctrl-C")
}

// people is the stream on which text for people goes.
func (d *display) people() io.Writer {
	if d.json {
		return d.stderr
	}
	return d.stdout
}

// text is that stream with what it can show.
func (d *display) text() terminal.Stream { return terminal.Of(d.people(), d.getenv).Colour(d.colour) }

// verify runs the gate, and shows it.
func (d *display) verify(l *line, cfg gate.Config) error {
	cfg.Progress = terminal.Of(d.stderr, d.getenv).Colour(d.colour)
	return d.show(l, cfg, func(cfg gate.Config) (gate.Result, error) {
		switch {
		case d.watch && d.json:
			return gate.Result{Exit: verdict.Broken}, fmt.Errorf("%w: --format json is one document, and --watch comes to many verdicts: use one of them", gate.ErrUsage)
		case d.watch:
			return gate.Watch(l.ctx, cfg, d.stderr)
		}
		return gate.Run(l.ctx, cfg)
	})
}

// show shows what comes to a verdict.
func (d *display) show(l *line, cfg gate.Config, decide func(gate.Config) (gate.Result, error)) error {
	text := d.text()
	d.milestone = cfg.Milestone
	cfg.Stdout, cfg.Verdicts, cfg.Style = text, d.verdicts, text.Style
	cfg.CI = isCI(d.getenv)
	cfg.Warn = func(message string) { fmt.Fprintln(d.stderr, "runner:", message) }
	result, err := decide(cfg)
	l.exit, l.overall, d.document = result.Exit, result.Overall, result.Document
	return err
}

// isCI reports whether the process runs in a CI system: nearly all of them set CI to true.
func isCI(getenv func(string) string) bool {
	ci := strings.ToLower(strings.TrimSpace(getenv("CI")))
	return ci != "" && ci != "false" && ci != "0"
}

// refuse makes a document for a run that did not come to one.
func (d *display) refuse(id, says string) {
	if d.document == nil || id != "usage" {
		d.document = gate.Refusal(d.milestone, id, says)
	}
}

// last writes the document and the last line, and returns the exit code: a verdict that cannot be written is none.
func (d *display) last(overall bool, exit int) int {
	unwritten := func(err error) {
		fmt.Fprintln(d.stderr, "runner: writing the verdict:", err)
		overall = false
		if exit == verdict.Holds {
			exit = verdict.Incomplete
		}
	}
	if d.json {
		if _, err := d.documents.Write(d.document); err != nil {
			unwritten(err)
		}
	}
	text := d.text()
	if _, err := fmt.Fprintln(d.verdicts, report.Overall(overall, text.Style)); err != nil && !d.json {
		unwritten(err)
	}
	return exit
}

// choice is a flag with a few values.
type choice struct {
	value *string
	of    []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.of, value) {
		return fmt.Errorf("must be %s or %s%s", strings.Join(c.of[:len(c.of)-1], ", "), c.of[len(c.of)-1], suggest.DidYouMean(value, c.of))
	}
	*c.value = value
	return nil
}
