// Package console writes the report of a run for a terminal.
package console

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// The most that is shown of anything; the rest is in the artifacts.
const (
	mostFailures   = 20
	mostReasons    = 10
	mostProblems   = 100 // of broken files: all are to be mended
	mostViolations = 5
	mostBody       = 1200
)

// Run is a run as it is reported on a terminal.
type Run struct {
	Verdict verdict.Verdict
	// Selection is nil when there is no plan.
	Selection *plan.Selection
	// Exchanges are all exchanges in order.
	Exchanges []*record.Exchange
	// Secrets are what must not be written.
	Secrets *record.Secrets
	// Differing is how many scenarios had other results when the run was repeated.
	Differing int
	// Repro are the arguments of "runner repro" that follow the id, for this milestone and target.
	Repro string
	// Probe is the command that writes a target file; "" for a run with such a file, or without a target.
	Probe string
	// Style colours the page for the terminal.
	Style terminal.Style
}

// Summary writes the page for the terminal: what was counted, each failure in full, why the run is not green, and what
// to do next. The line with the verdict itself is not in it: it must come last, whatever happens.
func (r *Run) Summary(w io.Writer, failures []record.Failure, folder, hint string) {
	p := printer{w: w, ink: r.Style, secrets: r.Secrets, lines: map[*record.Exchange]int{}, repro: r.Repro}
	for i, x := range r.Exchanges {
		p.lines[x] = i + 1
	}
	p.header(r)
	for i := range failures {
		if i == mostFailures {
			p.line("")
			p.line("and %d more that did not pass:", len(failures)-i)
			for _, f := range failures[i:] {
				p.line("  %s  %s  %s", p.paint(f.Status, strings.ToUpper(f.Status.Text())), f.Scenario.Where(), f.Scenario.Name)
			}
			break
		}
		p.failure(&failures[i])
	}
	p.counts(r)
	p.known(&r.Verdict)
	p.reasons(&r.Verdict)
	if folder != "" {
		p.line("artifacts   %s", folder)
	}
	if hint != "" {
		p.line("")
		p.line("%s", hint)
	}
	p.line("")
	if r.Verdict.Overall && r.Verdict.NotVerified.Any() { // the line before the verdict
		p.line("not verified: %s", r.Verdict.NotVerified)
	}
}

// printer writes lines. What cannot be written is lost: there is nobody else to tell.
type printer struct {
	w       io.Writer
	ink     terminal.Style
	secrets *record.Secrets
	lines   map[*record.Exchange]int // in exchanges.ndjson
	repro   string
	// everything shows what is otherwise left to the artifacts.
	everything bool
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

func (p *printer) header(r *Run) {
	v := &r.Verdict
	if v.Title != "" {
		p.line("%s: %s", v.Milestone, v.Title)
	} else {
		p.line("%s", v.Milestone)
	}
	if v.Target != "" {
		p.line("against %s", record.Through(v.Target, string(v.Proxy)))
	}
	if r.Probe != "" {
		p.line("without a target file; this writes one: %s", r.Probe)
	}
}

func (p *printer) failure(f *record.Failure) {
	p.line("")
	p.line("--- %s  %s", p.paint(f.Status, strings.ToUpper(f.Status.Text())), f.Scenario.Where())
	p.line("    %s", f.Scenario.Name)
	p.line("    %s", p.ink.Dim(strings.Join(f.Scenario.Tags, " ")))
	if f.Step >= 0 && f.Step < len(f.Scenario.Steps) {
		step := f.Scenario.Steps[f.Step]
		p.line("    %s:%d: %s %s", f.Scenario.URI, step.Line, step.Keyword, step.Text)
	}
	p.explain(f)
	if f.Status == record.Failed && !p.everything {
		p.again(f)
	}
}

// Explain is all that is to be said of a failure but its name and how to repeat it, as a terminal shows it.
func Explain(f *record.Failure, secrets *record.Secrets) string {
	var b strings.Builder
	p := printer{w: &b, secrets: secrets, everything: true}
	p.explain(f)
	return strings.TrimSpace(strings.ReplaceAll("\n"+b.String(), "\n"+explained, "\n"))
}

// explained is the indent of an explanation.
const explained = "      "

func (p *printer) explain(f *record.Failure) {
	for _, u := range f.Undefined {
		step := f.Scenario.Steps[u.Step]
		if u.Step != f.Step {
			p.line("    %s:%d: %s %s", f.Scenario.URI, step.Line, step.Keyword, step.Text)
		}
		p.line("      nobody knows this sentence")
		switch len(u.Nearest) {
		case 0:
		case 1:
			p.line("      the nearest one is: %s", u.Nearest[0])
		default:
			p.line("      the nearest ones are:")
			p.block("        ", strings.Join(u.Nearest, "\n"))
		}
	}
	if f.Says != "" {
		p.block("      ", f.Says)
	}
	if f.Expected != "" || f.Got != "" {
		p.line("      expected: %s", f.Expected)
		p.line("      got:      %s", f.Got)
	}
	if f.Diff != "" {
		p.line("      difference (- expected, + got):")
		p.block("        ", f.Diff)
	}
	for _, check := range f.Checks {
		p.line("      check %s: %s", check.Result.Check, check.Result.Message)
		for i, v := range check.Result.Violations {
			if i == mostViolations && !p.everything {
				p.line("        and %d more, in line %d of %s", len(check.Result.Violations)-i, p.lines[check.Exchange], artifact.Exchanges)
				break
			}
			p.line("        at %s: %s", orRoot(p.secrets.Scrub(v.InstancePath)), p.secrets.Scrub(v.Message))
			p.line("          by %s", v.SchemaPath)
		}
	}
	if f.Exchange != nil {
		p.exchange(f)
	}
}

// again shows how to repeat a scenario alone.
func (p *printer) again(f *record.Failure) {
	p.line("      repro   runner repro %s%s", f.Scenario.Ref(), p.repro)
}

func orRoot(pointer string) string {
	if pointer == "" {
		return "the root"
	}
	return pointer
}

// exchange shows a request and its answer in short, and how to send it again.
func (p *printer) exchange(f *record.Failure) {
	x := f.Exchange
	if number := p.lines[x]; number > 0 {
		p.line("      the exchange, line %d of %s:", number, artifact.Exchanges)
	} else {
		p.line("      the exchange:")
	}
	p.line("        > %s %s", x.Request.Method, p.secrets.Scrub(x.Request.Target))
	for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
		for _, value := range x.Request.Header[name] {
			if p.secrets.Hides(name) {
				value = record.Redacted
			}
			p.line("        > %s: %s", name, p.secrets.Scrub(value))
		}
	}
	p.body("        > ", x.Request.Body)
	if x.Response == nil {
		p.line("        < no answer: %s", x.Failure)
	} else {
		p.line("        < %d", x.Response.Status)
		for _, name := range slices.Sorted(maps.Keys(x.Response.Header)) {
			if name == "Date" || name == "Content-Length" {
				continue
			}
			value := strings.Join(x.Response.Header[name], ", ")
			if p.secrets.Hides(name) {
				value = record.Redacted
			}
			p.line("        < %s: %s", name, p.secrets.Scrub(value))
		}
		p.body("        < ", x.Response.Body)
	}
	if f.Start == "" {
		p.line("      to send it again:")
	} else {
		p.line("      to send it again, after what the scenario sent before it (start it with: %s):", f.Start)
	}
	p.block("        ", repro.Curl(f.Base, f.Flags, &x.Request, p.secrets))
}

// Overall is the last line of a run: the verdict.
func Overall(overall bool, level milestones.Level, ink terminal.Style) string {
	line := fmt.Sprintf("overall=%t", overall)
	if level == milestones.Core {
		line += " level=core"
	}
	if overall {
		return ink.Green(line)
	}
	return ink.Red(line)
}

// Status returns a status in its colour.
func Status(status record.Status, ink terminal.Style) string {
	p := printer{ink: ink}
	return p.paint(status, status.Text())
}

// paint gives a text the colour of a status: what the target did wrong is red, and what says nothing of it yellow.
func (p *printer) paint(status record.Status, text string) string {
	switch status {
	case record.Passed:
		return p.ink.Green(text)
	case record.Failed, record.Unreached:
		return p.ink.Red(text)
	case record.SkippedByCapability, record.NotSelected:
		return text
	}
	return p.ink.Yellow(text)
}

func (p *printer) body(indent string, body []byte) {
	if len(body) == 0 {
		return
	}
	text := p.secrets.Scrub(string(body))
	if !utf8.ValidString(text) {
		p.line("%s%q", indent, printable.Shorten(text, mostBody))
		return
	}
	p.block(indent, printable.Shorten(text, mostBody))
}

// counts shows what was counted.
func (p *printer) counts(r *Run) {
	if r.Selection == nil {
		return
	}
	p.line("")
	v := &r.Verdict
	repeat := v.Selection.Repeat
	if v.Target != record.BuiltIn {
		p.line("seed        %s", seeds(v.Seed, repeat))
	}
	if shuffle := string(v.Selection.Shuffle); shuffle != "" {
		p.line("shuffle     %s", seeds(shuffle, repeat))
	}
	switch {
	case repeat > 1 && r.Differing == 0:
		p.line("runs        %d, and all saw the same", repeat)
	case repeat > 1:
		p.line("runs        %d, and %d scenarios did not see the same in all of them; what follows is of the first", repeat, r.Differing)
	}
	var scenarios []string
	for _, status := range record.Statuses {
		if n := r.Verdict.Scenarios[status]; n > 0 {
			scenarios = append(scenarios, p.paint(status, fmt.Sprintf("%d %s", n, status.Text())))
		}
	}
	p.line("scenarios   %s", strings.Join(scenarios, ", "))
	counts := &v.Exchanges
	p.line("exchanges   %d, with %d checks passed and %d failed", counts.Total, counts.ChecksPassed, counts.ChecksFailed)
	if bodies := counts.Bodies(); bodies != "" {
		p.line("bodies      %s", bodies)
	}
	if n := v.Selection.NotAtLevel; n > 0 {
		p.line("level       %s: %s of level full not run", v.Level, plural.Count(n, "scenario"))
	} else if v.Core != nil {
		p.line("level       full; at core overall=%t, with %s", v.Core.Overall, plural.Count(v.Core.Causes, "cause"))
	}
	proved, required, skipped := v.Proved()
	known := 0
	for _, rule := range v.Rules {
		if rule.Known {
			known++
		}
	}
	rules := fmt.Sprintf("rules       %d of %d proved%s", proved, required, andLeftOut(skipped))
	if known > 0 {
		rules += fmt.Sprintf(", and %d not proved for known failures", known)
	}
	p.line("%s", rules)
	observed, declared, skipped := v.Outcomes()
	p.line("outcomes    %d of %d observed%s", observed, declared, andLeftOut(skipped))
	p.line("floor       %d of %d reason codes observed", v.ObservedReasonCodes(), len(v.ReasonCodes))
	p.gaps(&r.Verdict)
}

// seeds are the words of all runs.
func seeds(seed string, runs int) string {
	switch {
	case runs > 2:
		return fmt.Sprintf("%s, then %s to %s", seed, record.RepeatSeed(seed, 2), record.RepeatSeed(seed, runs))
	case runs == 2:
		return seed + ", then " + record.RepeatSeed(seed, 2)
	}
	return seed
}

// gaps lists what was left out as was declared, so that nobody takes a green verdict for one about everything.
func (p *printer) gaps(d *verdict.Verdict) {
	first := true
	for _, gap := range d.Skipped {
		if !gap.Declared {
			continue
		}
		if first {
			p.line("")
			p.line("left out, declared: the verdict says nothing about them")
			first = false
		}
		p.line("  %-26s  %d scenarios", gap.Capability, len(gap.Scenarios))
	}
	if !first && len(d.Reasons) == 0 {
		p.line("")
	}
}

// andLeftOut is the end of a line of counts.
func andLeftOut(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d left out", n)
}

// known shows what a baseline excuses, with who mends it and until when, so that nobody takes the run for a clean one.
func (p *printer) known(d *verdict.Verdict) {
	if d.Known == nil {
		return
	}
	p.line("")
	p.line("%s", d.Known.Message)
	for _, known := range d.Known.Entries {
		p.line("  %s", cmp.Or(known.Cause, known.Scenario))
		p.line("      %d of %d, until %s, %s: %s", known.Seen, known.Count, known.Expires, known.Owner, known.Because)
	}
	for _, line := range d.Fewer() {
		p.line("  %s", line)
	}
	if len(d.Reasons) == 0 {
		p.line("")
	}
}

// placed is a reason with its place before it.
func placed(reason record.Reason) string {
	where := ""
	if reason.Where != "" && !strings.Contains(reason.Message, reason.Where) {
		where = reason.Where + ": "
	}
	return where + printable.Shorten(reason.Message, 300)
}

// reasons says why a run is not green, kind by kind. What was not observed is only counted while not everything ran.
func (p *printer) reasons(d *verdict.Verdict) {
	if len(d.Reasons) == 0 {
		return
	}
	p.line("")
	p.line("why not:")
	for from := 0; from < len(d.Reasons); {
		to := from
		for to < len(d.Reasons) && d.Reasons[to].ID == d.Reasons[from].ID {
			to++
		}
		p.kind(d.Reasons[from:to], verdict.IsAbsence(d.Reasons[from].ID) && !d.Complete)
		from = to
	}
	p.line("")
}

// kind shows the reasons of one kind.
func (p *printer) kind(reasons []record.Reason, onlyCount bool) {
	id, most := reasons[0].ID, mostReasons
	shown := p.ink.Yellow(fmt.Sprintf("%-20s", id))
	if exit := verdict.ExitOf(id); exit == verdict.Unreachable || exit == verdict.Fails && !onlyCount {
		shown = p.ink.Red(fmt.Sprintf("%-20s", id))
	}
	switch {
	case onlyCount && len(reasons) > 1:
		p.line("  %s  %d, and not everything ran: see %s", shown, len(reasons), artifact.Verdict)
		return
	case id == "not-started":
		most = mostProblems
	}
	for i, reason := range reasons {
		if i == most {
			p.line("  %s  and %d more, in %s", shown, len(reasons)-i, artifact.Verdict)
			return
		}
		ref := ""
		if reason.Ref != "" {
			ref = reason.Ref + "  "
		}
		p.line("  %s  %s%s", shown, ref, placed(reason))
	}
}
