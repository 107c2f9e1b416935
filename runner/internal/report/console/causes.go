package console

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// linesOfCauses returns how many lines all causes take.
func linesOfCauses(v *verdict.Verdict) int {
	if n := len(v.NewCauses()); n > 0 {
		return 2 + 2*n
	}
	return 0
}

// exampleLines returns how many lines an example takes at most, but for a long answer.
func exampleLines(v *verdict.Verdict) int {
	if len(v.NewCauses()) > 0 {
		return 20
	}
	return 0
}

// causes returns the lines of the causes: at most two lines a cause, and at most so many lines.
func (p *printer) causes(v *verdict.Verdict, most int) []string {
	all := v.NewCauses()
	if len(all) == 0 {
		return nil
	}
	return p.section(func(p *printer) {
		p.line("")
		p.line("causes, the biggest first:")
		room := most - 2
		shown := len(all)
		if 2*shown > room {
			shown = max((room-1)/2, 1)
		}
		width := 0
		for _, c := range all[:shown] {
			width = max(width, len(c.Size()))
		}
		for _, c := range all[:shown] {
			level := ""
			if c.Level == milestones.Full && v.Level != milestones.Core {
				level = "  (full)"
			}
			p.line("  %s  %s%s", p.style.Red(fmt.Sprintf("%*s", width, c.Size())), printable.Shorten(c.Key, 140), level)
			p.line("  %*s  %s", width, "", printable.Shorten(concerned(&c), 180))
		}
		if more := len(all) - shown; more > 0 {
			p.line("  %d more in %s", more, artifact.Page)
		}
	})
}

// concerned returns the rules, the operations and the example of a cause.
func concerned(c *verdict.Cause) string {
	return strings.Trim(strings.Join([]string{c.Limit, c.Concerns(3), c.Example.Ref}, "; "), "; ")
}

// example returns the lines of the example of the biggest cause. What is too long for the room is left out: the header of the
// request, which the curl command has too, and then the end of the answer.
func (p *printer) example(run *record.Run, v *verdict.Verdict, most int) []string {
	all := v.NewCauses()
	if len(all) == 0 {
		return nil
	}
	c := &all[0]
	failure := exampleOf(run, c)
	commands := p.section(func(p *printer) { p.commands(c, failure) })
	room := most - len(commands)
	lines := p.exampleWith(c, failure, true)
	if len(lines) > room {
		lines = p.exampleWith(c, failure, false)
	}
	if room = max(room, 2); len(lines) > room {
		lines = append(lines[:room-1], fmt.Sprintf(indent+"… and %s more, in %s", plural.Count(len(lines)-room+1, "line"), artifact.Page))
	}
	return append(lines, commands...)
}

func (p *printer) exampleWith(c *verdict.Cause, failure *record.Failure, requestHeader bool) []string {
	return p.section(func(p *printer) {
		p.line("")
		if failure == nil {
			p.line("--- %s", c.Example.Where)
			p.block(indent, c.Example.Message)
			return
		}
		p.heading(failure, c.Reason)
		p.explain(failure)
		if failure.Exchange != nil {
			p.messages(failure.Exchange, requestHeader)
		}
	})
}

// commands writes the commands that repeat the example of a cause.
func (p *printer) commands(c *verdict.Cause, failure *record.Failure) {
	const mostCurl = 6
	if text := strings.Split(strings.Join(c.Example.Curl, "\n"), "\n"); len(c.Example.Curl) > 0 {
		start := ""
		if failure != nil {
			start = failure.Start
		}
		p.sendAgain(start)
		if len(text) > mostCurl {
			text = []string{fmt.Sprintf("a curl command of %d lines, in %s", len(text), artifact.Page)}
		}
		p.block(indent+"  ", strings.Join(text, "\n"))
	}
	if c.Example.Ref != "" {
		p.line(indent+"repro   runner repro %s%s", c.Example.Ref, p.repro)
	}
	if p.folder != "" {
		p.line(indent+"cause   runner explain %s%s", curl.Quote(c.Key), p.explainArguments)
	}
}

// exampleOf returns the failure of the example of a cause, with its exchange and without other checks that failed; nil when
// the record does not have its scenario.
func exampleOf(run *record.Run, c *verdict.Cause) *record.Failure {
	at := slices.IndexFunc(run.Scenarios, func(s *record.Scenario) bool { return c.Example.Ref != "" && s.Ref() == c.Example.Ref })
	if at < 0 {
		return nil
	}
	s := run.Scenarios[at]
	f := record.Failure{Scenario: s.Scenario, Status: s.Result.Status, Step: -1, Message: c.Example.Message}
	if s.Failure != nil {
		f = *s.Failure
	}
	f.Checks, f.Undefined = nil, nil
	if all := run.Exchanges(); c.Example.Exchange > 0 && c.Example.Exchange <= len(all) {
		f.Exchange = all[c.Example.Exchange-1]
	}
	if x := f.Exchange; x != nil && c.Reason != "scenario-failed" {
		kind := cause.Kind(c.Key)
		f.Message, f.Expected, f.Got, f.Diff, f.Step = "", "", "", "", x.Mark.Step
		for _, result := range x.Failures() {
			if result.Check == kind {
				f.Checks = append(f.Checks, record.FailedCheck{Result: result, Exchange: x})
			}
		}
	}
	if f.Message+f.Expected+f.Got == "" && len(f.Checks) == 0 {
		f.Message = c.Example.Message
	}
	return &f
}
