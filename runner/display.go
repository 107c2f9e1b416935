package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/printable"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// display prints a verification. Text goes to stdout; with --format json it goes to stderr, and stdout has the verdict as one
// document and nothing else, on every way out.
type display struct {
	getenv         func(string) string
	documents      io.Writer // stdout, unfiltered
	stdout, stderr io.Writer // filtered: text of the service cannot control the terminal or look like a verdict
	verdicts       io.Writer // the unfiltered stream for the line with the verdict
	json           bool
	format, colour string
	watch          bool
	milestone      string // as given
	level          milestones.Level
	// document is the verdict in the form of verdict.json; nil if there is none yet.
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
		json: requestsJSON(args), format: formatText, colour: terminal.Auto,
	}
	if d.json {
		d.verdicts = stderr
	}
	return d
}

// requestsJSON reports whether args contain --format json. It does not depend on the flag parser, so that an invalid command
// line gets a document too.
func requestsJSON(args []string) bool {
	format := ""
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--format="); ok {
			format = value
		} else if arg == "--format" && i+1 < len(args) {
			format = args[i+1]
		}
	}
	return format == formatJSON
}

func (d *display) addFlags(flags *pflag.FlagSet) {
	flags.Var(&choice{&d.format, []string{formatText, formatJSON}}, "format", "`FORMAT` of stdout: text, or json for the verdict as one JSON document, with the text on stderr")
	flags.Var(&choice{&d.colour, []string{terminal.Auto, terminal.Always, terminal.Never}}, "color", "`WHEN` to use colours: auto (on a terminal without NO_COLOR), always or never")
}

// text returns the stream for text.
func (d *display) text() terminal.Stream {
	stream := d.stdout
	if d.json {
		stream = d.stderr
	}
	return terminal.Of(stream, d.getenv).Colour(d.colour)
}

// verify runs the gate.
func (d *display) verify(s *session, cfg run.Config) error {
	cfg.Progress = terminal.Of(d.stderr, d.getenv).Colour(d.colour)
	return d.show(s, cfg, func(cfg run.Config) (run.Result, error) {
		switch {
		case d.watch && d.json:
			return run.Result{Exit: verdict.Broken}, usage.Errorf("--format json and --watch exclude each other, as --watch prints many verdicts")
		case d.watch:
			return run.Watch(s.ctx, cfg, d.stderr)
		}
		return run.Run(s.ctx, cfg)
	})
}

// show runs what decides a verdict, and records the result.
func (d *display) show(s *session, cfg run.Config, decide func(run.Config) (run.Result, error)) error {
	text := d.text()
	d.milestone = cfg.Milestone
	cfg.Stdout, cfg.Verdicts, cfg.Style = text, d.verdicts, text.Style
	cfg.CI = isCI(d.getenv)
	cfg.Warn = s.warn
	d.level = cfg.Filter.Level
	result, err := decide(cfg)
	if result.Verdict != nil {
		d.level = result.Verdict.Level // of a merge, that of its shards
	}
	s.exit, s.overall, d.document = result.Exit, result.Overall, result.Document
	return err
}

// isCI reports whether the process runs in a CI system: nearly all of them set CI to true.
func isCI(getenv func(string) string) bool {
	ci := strings.ToLower(strings.TrimSpace(getenv("CI")))
	return ci != "" && ci != "false" && ci != "0"
}

// refuse sets the document of a run that has none.
func (d *display) refuse(id, message string) {
	if d.document == nil || id != "usage" {
		d.document = run.Refusal(d.milestone, id, message)
	}
}

// finish writes the document and the last line. It returns the exit code, which is not 0 if the verdict cannot be written.
func (d *display) finish(overall bool, exit int) int {
	writeFailed := func(err error) {
		fmt.Fprintln(d.stderr, "runner: writing the verdict:", err)
		overall = false
		if exit == verdict.Holds {
			exit = verdict.Incomplete
		}
	}
	if d.json {
		if _, err := d.documents.Write(d.document); err != nil {
			writeFailed(err)
		}
	}
	text := d.text()
	if _, err := fmt.Fprintln(d.verdicts, console.Overall(overall, d.level, text.Style)); err != nil && !d.json {
		writeFailed(err)
	}
	return exit
}
