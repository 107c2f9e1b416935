package console

import (
	"io"
	"strings"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
)

// Repro writes a failure that was repeated alone: each step with its requests and answers, and what failed.
func Repro(w io.Writer, r *repro.Run) {
	p := printer{w: w, secrets: r.Secrets, everything: true}
	p.line("%s  %s", r.Scenario.Ref(), r.Scenario.Where())
	p.line("    %s", r.Scenario.Name)
	p.line("    %s", strings.Join(r.Scenario.Tags, " "))
	p.line("against %s", r.Target)
	if r.Start != "" {
		p.line("to send it to a server of your own, start that with: %s", r.Start)
	}
	next := 0
	for i, step := range r.Scenario.Steps {
		if next == len(r.Exchanges) && r.Failure == nil && r.Result.Status != record.Passed {
			break // it did not run
		}
		if next == len(r.Exchanges) && r.Failure != nil && i > r.Failure.Step {
			break // nothing of the rest ran
		}
		p.line("")
		p.line("%s:%d: %s %s", r.Scenario.URI, step.Line, step.Keyword, step.Text)
		for next < len(r.Exchanges) && r.Exchanges[next].Mark.Step == i {
			from := next
			for next++; next < len(r.Exchanges) && repro.Concurrent(r.Exchanges[from], r.Exchanges[next]); next++ {
			}
			p.exchanged(r, r.Exchanges[from:next])
		}
	}
	if r.Failure != nil {
		failure := *r.Failure
		failure.Exchange = nil // it was shown
		p.line("")
		p.heading(&failure, "")
		p.explain(&failure)
	}
	p.line("")
	p.line("%s", r.Secrets.Scrub(r.Message()))
}

// exchanged shows an exchange, or several that were under way at once with the same request.
func (p *printer) exchanged(r *repro.Run, all []*record.Exchange) {
	p.block("  ", repro.Curl(r.Base, r.Flags, &all[0].Request, p.secrets))
	if len(all) > 1 {
		p.line("  # %d times at once", len(all))
	}
	for _, x := range all {
		if x.Response == nil {
			p.line("  < no answer: %s", x.Failure)
			continue
		}
		p.line("  < %d", x.Response.Status)
		p.body("  < ", x.Response.Body)
	}
}
