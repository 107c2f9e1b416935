package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/internal/printable"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/verdict"
)

// The most that is shown of a failure; the rest is in the artifacts.
const (
	mostViolations = 3
	mostBody       = 1200
)

// indent is the indent of an explanation.
const indent = "      "

// Explain returns the explanation of a failure as a terminal shows it, without its name and the command that repeats it.
func Explain(f *record.Failure, secrets *record.Secrets) string {
	var b strings.Builder
	p := printer{w: &b, secrets: secrets, everything: true}
	p.explain(f)
	p.exchange(f)
	return strings.TrimSpace(strings.ReplaceAll("\n"+b.String(), "\n"+indent, "\n"))
}

// heading writes the scenario of a failure, and its step. A scenario that passed, and has another output than the golden one,
// has the kind of the reason instead of its status.
func (p *printer) heading(f *record.Failure, reason string) {
	label := p.paint(f.Status, strings.ToUpper(f.Status.Text()))
	if f.Status == record.Passed {
		label = p.style.Red(strings.ToUpper(strings.ReplaceAll(reason, "-", " ")))
	}
	p.line("--- %s  %s", label, f.Scenario.Where())
	p.line("    %s", f.Scenario.Name)
	p.line("    %s", p.style.Dim(strings.Join(f.Scenario.Tags, " ")))
	if f.Step >= 0 && f.Step < len(f.Scenario.Steps) {
		step := f.Scenario.Steps[f.Step]
		p.line("    %s:%d: %s %s", f.Scenario.URI, step.Line, step.Keyword, step.Text)
	}
}

// explain writes why a scenario did not pass.
func (p *printer) explain(f *record.Failure) {
	p.undefined(f)
	if f.Message != "" {
		p.block(indent, f.Message)
	}
	if f.Expected != "" || f.Got != "" {
		p.line(indent+"expected: %s", f.Expected)
		p.line(indent+"got:      %s", f.Got)
	}
	if f.Diff != "" {
		p.line(indent + "difference (- expected, + got):")
		p.block(indent+"  ", f.Diff)
	}
	for _, check := range f.Checks {
		p.line(indent+"check %s: %s", check.Result.Check, check.Result.Message)
		for i, v := range check.Result.Violations {
			if i == mostViolations && !p.everything {
				p.line(indent+"  and %d more, in line %d of %s", len(check.Result.Violations)-i, p.numbers[check.Exchange], artifact.Exchanges)
				break
			}
			p.line(indent+"  at %s: %s", orRoot(p.secrets.Scrub(v.InstancePath)), p.secrets.Scrub(v.Message))
			p.line(indent+"    by %s", v.SchemaPath)
		}
	}
}

// undefined writes the undefined steps of a scenario, with the nearest step definitions.
func (p *printer) undefined(f *record.Failure) {
	for _, u := range f.Undefined {
		step := f.Scenario.Steps[u.Step]
		if u.Step != f.Step {
			p.line("    %s:%d: %s %s", f.Scenario.URI, step.Line, step.Keyword, step.Text)
		}
		p.line(indent + "undefined step")
		switch len(u.Nearest) {
		case 0:
		case 1:
			p.line(indent+"the nearest step is: %s", u.Nearest[0])
		default:
			p.line(indent + "the nearest steps are:")
			p.block(indent+"  ", strings.Join(u.Nearest, "\n"))
		}
	}
}

func orRoot(pointer string) string {
	if pointer == "" {
		return "the root"
	}
	return pointer
}

// exchange writes the request and the answer that a failure is about, and how to send the request again.
func (p *printer) exchange(f *record.Failure) {
	if f.Exchange == nil {
		return
	}
	p.messages(f.Exchange, true)
	p.sendAgain(f.Start)
	p.block(indent+"  ", repro.Curl(f.Base, f.Flags, &f.Exchange.Request, p.secrets))
}

// sendAgain writes the line before a curl command.
func (p *printer) sendAgain(start string) {
	if start == "" {
		p.line(indent + "to send it again:")
	} else {
		p.line(indent+"to send it again, after what the scenario sent before it (start it with: %s):", start)
	}
}

// messages writes a request, with or without its header, and its answer. Long bodies are shortened.
func (p *printer) messages(x *record.Exchange, requestHeader bool) {
	if number := p.numbers[x]; number > 0 {
		p.line(indent+"the exchange, line %d of %s:", number, artifact.Exchanges)
	} else {
		p.line(indent + "the exchange:")
	}
	const sent, received = indent + "  > ", indent + "  < "
	p.line(sent+"%s %s", x.Request.Method, p.secrets.Scrub(x.Request.Target))
	for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
		for _, value := range x.Request.Header[name] {
			if requestHeader {
				p.field(sent, name, value)
			}
		}
	}
	p.body(sent, x.Request.Body)
	if x.Response == nil {
		p.line(received+"no answer: %s", x.Failure)
		return
	}
	p.line(received+"%d", x.Response.Status)
	for _, name := range slices.Sorted(maps.Keys(x.Response.Header)) {
		if name != "Date" && name != "Content-Length" {
			p.field(received, name, strings.Join(x.Response.Header[name], ", "))
		}
	}
	p.body(received, x.Response.Body)
}

func (p *printer) field(prefix, name, value string) {
	if p.secrets.Hides(name) {
		value = record.Redacted
	}
	p.line("%s%s: %s", prefix, name, p.secrets.Scrub(value))
}

func (p *printer) body(prefix string, body []byte) {
	if len(body) == 0 {
		return
	}
	text := p.secrets.Scrub(string(body))
	if !utf8.ValidString(text) {
		p.line("%s%q", prefix, printable.Shorten(text, mostBody))
		return
	}
	p.block(prefix, printable.Shorten(text, mostBody))
}

// interruptedScenarios returns the lines of the scenarios that neither passed nor failed, such as those with an undefined step.
// What they lack has no cause.
func (p *printer) interruptedScenarios(run *record.Run, v *verdict.Verdict, most int) []string {
	var lines []string
	var all []*record.Scenario
	for _, s := range run.Scenarios {
		switch s.Result.Status {
		case record.Passed, record.Failed, record.ChecksFailed, record.NotRun, record.SkippedByCapability, record.NotSelected, record.NotAtLevel:
		default:
			if s.Failure != nil {
				all = append(all, s)
			}
		}
	}
	for i, s := range all {
		block := p.section(func(p *printer) {
			p.line("")
			p.heading(s.Failure, "")
			p.explain(s.Failure)
		})
		if len(lines)+len(block) > most-1 && i > 0 {
			return append(lines, fmt.Sprintf("and %d more that did not run to an end, in %s", len(all)-i, artifact.Page))
		}
		lines = append(lines, block...)
	}
	return lines
}
