// Package console writes the report of a run for a terminal.
//
// The failures of a run are grouped by their causes, the biggest first, and the biggest is shown with an example in full. A
// page has at most [MostLines] lines, with the verdict that the caller prints last. The rest is in report.html.
package console

import (
	"fmt"
	"io"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// MostLines is how many lines a page may have. A run that did not start has more: it lists the problems of its files.
const MostLines = 60

// Options are what a page has beside the record and the verdict.
type Options struct {
	Style terminal.Style
	// Folder is the folder of the artifacts; "" when they could not be written.
	Folder string
	// Hint is what to do next; "" for nothing.
	Hint string
	// Explain are the arguments of "runner explain" that follow a cause.
	Explain string
	// Probe is the command that writes a target file; "" for a run with such a file, or without a target.
	Probe string
}

// Summary writes the page of a run, but for its last line, the verdict, which the caller prints.
func Summary(w io.Writer, run *record.Run, v *verdict.Verdict, o Options) {
	p := &printer{w: w, style: o.Style, secrets: new(record.Secrets), numbers: map[*record.Exchange]int{}, repro: run.Repro, folder: o.Folder, explainArguments: o.Explain}
	for i, x := range run.Exchanges() {
		p.numbers[x] = i + 1
	}
	header := p.section(func(p *printer) { p.header(v, o.Probe) })
	counts := p.section(func(p *printer) { p.counts(run, v) })
	end := p.section(func(p *printer) { p.end(v, o) })

	room := MostLines - 1 - len(header) - len(counts) - len(end) // without the verdict
	interrupted := p.interruptedScenarios(run, v, room/3)
	room -= len(interrupted)
	mostKnown := room
	if len(v.Reasons) > 0 {
		mostKnown = max(room/5, 6)
	}
	known := p.known(v, mostKnown)
	room -= len(known)
	reasons := p.reasons(v, max(room/4, room-linesOfCauses(v)-exampleLines(v), 8))
	room -= len(reasons)
	example := p.example(run, v, max(room-min(linesOfCauses(v), room/2), 10))
	causes := p.causes(v, max(room-len(example), 5))
	for _, section := range [][]string{header, causes, example, interrupted, counts, known, reasons, end} {
		for _, line := range section {
			fmt.Fprintln(w, line)
		}
	}
}

// printer writes lines. An error of the writer is ignored: there is no other place to report it.
type printer struct {
	w       io.Writer
	style   terminal.Style
	secrets *record.Secrets
	numbers map[*record.Exchange]int // in exchanges.ndjson
	repro   string
	// folder is the folder of the artifacts, which runner explain reads; "" for none.
	folder, explainArguments string
	// everything shows what is otherwise left to the artifacts.
	everything bool
}

// section returns the lines that a function writes.
func (p *printer) section(write func(p *printer)) []string {
	var b strings.Builder
	part := *p
	part.w = &b
	write(&part)
	if b.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func (p *printer) line(format string, args ...any) {
	fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// block writes a text of several lines, indented.
func (p *printer) block(indent, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.line("%s%s", indent, line)
	}
}

func (p *printer) header(v *verdict.Verdict, probe string) {
	if v.Title != "" {
		p.line("%s: %s", v.Milestone, v.Title)
	} else {
		p.line("%s", v.Milestone)
	}
	if v.Target != "" {
		p.line("against %s", record.Through(v.Target, string(v.Proxy)))
	}
	if probe != "" {
		p.line("without a target file; this writes one: %s", probe)
	}
}

// end writes what follows the reasons: the artifacts, what to do next, and what was not verified.
func (p *printer) end(v *verdict.Verdict, o Options) {
	if o.Folder != "" {
		p.line("artifacts   %s", o.Folder)
	}
	if o.Hint != "" {
		p.line("")
		p.line("%s", o.Hint)
	}
	p.line("")
	if v.Overall && v.NotVerified.Any() {
		p.line("not verified: %s", v.NotVerified)
	}
}

// Overall returns the last line of a run: the verdict at a level.
func Overall(overall bool, level milestones.Level, style terminal.Style) string {
	line := fmt.Sprintf("overall=%t", overall)
	if level == milestones.Core {
		line += " level=core"
	}
	if overall {
		return style.Green(line)
	}
	return style.Red(line)
}

// Status returns a status in its colour.
func Status(status record.Status, style terminal.Style) string {
	p := printer{style: style}
	return p.paint(status, status.Text())
}

// paint returns a text in the colour of a status: red for failures of the target, yellow for what leaves it unverified.
func (p *printer) paint(status record.Status, text string) string {
	switch status {
	case record.Passed:
		return p.style.Green(text)
	case record.Failed, record.ChecksFailed, record.Unreached:
		return p.style.Red(text)
	case record.SkippedByCapability, record.NotSelected, record.NotAtLevel:
		return text
	}
	return p.style.Yellow(text)
}
