package github

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// MostSummary is how long the summary of a step may be.
const MostSummary = 1 << 20

// Summary returns the summary of a run as Markdown, of at most so many bytes.
func Summary(run *record.Run, v *verdict.Verdict, room int) ([]byte, error) {
	p := &page{room: room - len(cutOff)}
	if p.room < 0 {
		return nil, fmt.Errorf("there is no room left: the summary of a step may have %d bytes", MostSummary)
	}
	p.head(run, v)
	p.causes(run, v)
	if failed := withoutCause(run, v); len(failed) > 0 {
		p.line("\n### Did not pass\n\n| where | scenario | | repeat it |\n|---|---|---|---|")
		for _, s := range failed {
			uri, line := s.At()
			again := ""
			if s.Result.Status == record.Failed || s.Result.Status == record.ChecksFailed {
				again = code(run.Again(s))
			}
			p.line("| %s | %s | %s | %s |", code(fmt.Sprintf("%s:%d", uri, line)), code(s.Name), code(cmp.Or(s.Explanation(), s.Result.Status.Text())), again)
		}
	}
	if apart := withoutScenario(run, v); len(apart) > 0 {
		p.line("\n### Reasons\n\n| reason | | |\n|---|---|---|")
		for _, reason := range apart {
			p.line("| %s | %s | %s |", escape(reason.ID), code(reason.Message), code(reason.Where))
		}
	}
	if v.Known != nil && len(v.Known.Entries) > 0 {
		p.line("\n### Known failures\n\n| cause or scenario | scenarios | until | owner | reason |\n|---|---|---|---|---|")
		for _, known := range v.Known.Entries {
			p.line("| %s | %d | %s | %s | %s |", code(cmp.Or(known.Cause, known.Scenario)), known.Seen, escape(known.Expires), code(known.Owner), code(known.Because))
		}
	}
	if len(v.Skipped) > 0 {
		p.line("\n### Left out\n\n| the target lacks | scenarios | |\n|---|---|---|")
		for _, gap := range v.Skipped {
			declared := "not declared"
			if gap.Declared {
				declared = "declared; not verified"
			}
			p.line("| %s | %d | %s |", code(gap.Capability), len(gap.Scenarios), declared)
		}
	}
	p.line("")
	if p.cut {
		p.WriteString(cutOff)
	}
	return p.Bytes(), nil
}

// causes writes the table of the causes that are not known, and the example of the biggest.
func (p *page) causes(run *record.Run, v *verdict.Verdict) {
	all := v.NewCauses()
	if len(all) == 0 {
		return
	}
	p.line("\n### Causes\n\n| scenarios | level | cause | rules and operations | example |\n|---|---|---|---|---|")
	for _, c := range all {
		example := code(c.Example.Where)
		if c.Example.Exchange > 0 {
			example += fmt.Sprintf(", exchange %d", c.Example.Exchange)
		}
		if c.Example.Ref != "" {
			example += "<br>" + code("runner repro "+c.Example.Ref+run.Repro)
		}
		p.line("| %d | %s | %s | %s | %s |", c.Count, escape(string(c.Level)), code(c.Key), code(c.Concerns(5)), example)
	}
	example := all[0].Example.Message
	if scenario := all[0].Example.Scenario; scenario != "" {
		example = scenario + ": " + example
	}
	p.line("\nThe example of the first: %s", code(example))
	if curl := all[0].Example.Curl; len(curl) > 0 {
		p.line("\n%s", fenced(strings.Join(curl, "\n")))
	}
}

func (p *page) head(run *record.Run, v *verdict.Verdict) {
	verb := "does not hold"
	if v.Overall {
		verb = "holds"
	}
	p.line("## %s %s\n\n%s\n\nexit code %d, against %s\n", escape(run.Milestone), verb, escape(run.Title), v.Exit, code(record.Through(run.Target, run.Proxy)))
	p.line("| | |\n|---|---|")
	p.level(v)
	var ended []string
	for _, status := range record.Statuses {
		if n := v.Scenarios[status]; n > 0 {
			ended = append(ended, fmt.Sprintf("%d %s", n, status.Text()))
		}
	}
	p.line("| scenarios | %s |", strings.Join(ended, ", "))
	p.line("| exchanges | %d, with %d checks passed and %d failed |", v.Exchanges.Total, v.Exchanges.ChecksPassed, v.Exchanges.ChecksFailed)
	if bodies := v.Exchanges.Bodies(); bodies != "" {
		p.line("| bodies | %s |", bodies)
	}
	proved, required, left := v.Proved()
	p.line("| rules | %d of %d proved, %d left out |", proved, required, left)
	if observed, declared, _ := v.Outcomes(); declared > 0 {
		p.line("| outcomes | %d of %d observed |", observed, declared)
	}
	p.line("| floor | %d of %d reason codes observed |", v.ObservedReasonCodes(), len(v.ReasonCodes))
	if v.Overall && v.NotVerified.Any() {
		p.line("| not verified | %s |", v.NotVerified)
	}
}

// level writes the level of the run, and the verdict at level core beside one at level full.
func (p *page) level(v *verdict.Verdict) {
	p.line("| level | %s |", escape(string(v.Level)))
	if core := v.Core; core != nil {
		holds := "does not hold"
		if core.Overall {
			holds = "holds"
		}
		p.line("| level core | %s: %d of %d scenarios passed, %d of %d rules proved, %d causes |", holds, core.Passed, core.Scenarios, core.Proved, core.Rules, core.Causes)
	}
}

// page is a text of limited size.
type page struct {
	bytes.Buffer
	room int
	cut  bool
}

// cutOff is the end of a summary that is cut.
const cutOff = "\nThere is more: the summary of a step may have 1 MiB. See `" + artifact.Verdict + "`.\n"

func (p *page) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	if p.cut = p.cut || p.Len()+len(line) > p.room; !p.cut {
		p.WriteString(line)
	}
}

// escape returns a text that Markdown and HTML show as it is: a backslash is put before each character that may be markup.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case c < 0x7f && !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') && c != ' ':
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// fenced returns a text of several lines as a block of code. The fence is longer than each run of backticks in the text.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return '\uFFFD'
		}
		return c
	}, text)
	return fence + "sh\n" + text + "\n" + fence
}

// code returns a text as code, in which GitHub sees no mentions of users.
func code(text string) string {
	if text == "" {
		return ""
	}
	if len(text) > mostMessage {
		text = strings.ToValidUTF8(text[:mostMessage], "") + " …"
	}
	return "<code>" + escape(text) + "</code>"
}
