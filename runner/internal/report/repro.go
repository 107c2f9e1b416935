package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Repro is a failure that was repeated alone: one scenario, or one check on the answers to one of its sentences.
type Repro struct {
	// ID is the short name of the failure.
	ID string
	// Scenario is the one that was run.
	Scenario *plan.Scenario
	// Check is the id of the check; "" when the whole scenario is meant. Step is the place of its sentence.
	Check string
	Step  int
	// Result is how the scenario ended now, and Failure why it did not pass; nil when it did.
	Result  record.Result
	Failure *record.Failure
	// Stops are what kept it from ending.
	Stops []record.Reason
	// Exchanges are its exchanges in order.
	Exchanges []*record.Exchange
	// Target says what it was run against: [BuiltIn], or a URL.
	Target string
	// Base is where requests are to be sent again, and Start how to start what answers there; "" when it is running.
	Base, Start string
	// Flags are what curl needs to reach it.
	Flags []string
	// Word is what the ids of the scenario are made of; "" when it sent none.
	Word string
	// Secrets are what must not be written.
	Secrets *record.Secrets
}

// Exit is the exit code: 1 when it still fails, 0 when it does not. A check that was not reached is neither.
func (r *Repro) Exit() int {
	exit := verdict.Alone(r.Result, r.Stops)
	if r.Check == "" || exit != verdict.Holds && exit != verdict.Fails {
		return exit
	}
	failed, reached := r.failedThere()
	switch {
	case slices.Contains(failed, r.Check):
		return verdict.Fails
	case reached || exit == verdict.Holds:
		return verdict.Holds
	}
	return verdict.Incomplete
}

// failedThere are the checks that failed on the answers to the sentence, and whether there was any.
func (r *Repro) failedThere() (failed []string, reached bool) {
	for _, x := range r.Exchanges {
		if x.Mark.Step != r.Step || x.Response == nil {
			continue
		}
		reached = true
		for _, result := range x.Failures() {
			if !slices.Contains(failed, result.Check) {
				failed = append(failed, result.Check)
			}
		}
	}
	return failed, reached
}

// Says is how it ended, as one line.
func (r *Repro) Says() string {
	exit := r.Exit()
	if r.Check == "" {
		switch {
		case exit == verdict.Holds:
			return r.ID + " does not fail now"
		case exit == verdict.Fails:
			return fmt.Sprintf("%s fails: %s:%d: %s", r.ID, r.Scenario.URI, r.Result.Line, r.Result.Message)
		}
		return r.ID + " cannot be told: " + r.stopped()
	}
	where := fmt.Sprintf("%s at %s:%d", r.Check, r.Scenario.URI, r.Scenario.Steps[r.Step].Line)
	failed, _ := r.failedThere()
	others := slices.DeleteFunc(failed, func(check string) bool { return check == r.Check })
	switch exit {
	case verdict.Fails:
		if len(others) > 0 {
			return fmt.Sprintf("%s fails: %s, and so do %s", r.ID, where, strings.Join(others, ", "))
		}
		return fmt.Sprintf("%s fails: %s, and no other check", r.ID, where)
	case verdict.Holds:
		if len(others) > 0 {
			return fmt.Sprintf("%s does not fail now: %s, but %s does", r.ID, where, strings.Join(others, ", "))
		}
		return fmt.Sprintf("%s does not fail now: %s", r.ID, where)
	case verdict.Incomplete:
		if r.Result.Status == record.Failed {
			return fmt.Sprintf("%s cannot be told: %s was not reached, for the scenario failed before", r.ID, where)
		}
	}
	return r.ID + " cannot be told: " + r.stopped()
}

// stopped says why the scenario came to no end that tells.
func (r *Repro) stopped() string {
	if len(r.Stops) > 0 {
		return r.Stops[0].Message
	}
	if r.Result.Message == "" {
		return words(r.Result.Status)
	}
	return words(r.Result.Status) + ": " + r.Result.Message
}

// Page writes the whole of it for the terminal: each sentence with what was sent and answered, and what failed.
func (r *Repro) Page(w io.Writer) {
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
			for next++; next < len(r.Exchanges) && together(r.Exchanges[from], r.Exchanges[next]); next++ {
			}
			p.exchanged(r, r.Exchanges[from:next])
		}
	}
	if r.Failure != nil {
		failure := *r.Failure
		failure.Exchange = nil // it was shown
		p.failure(&failure)
	}
	p.line("")
	p.line("%s", r.Secrets.Scrub(r.Says()))
}

// together says whether two exchanges were under way at once.
func together(a, b *record.Exchange) bool { return a.Mark.Concurrency != 0 && a.Mark == b.Mark }

// exchanged shows an exchange, or several that were under way at once with the same request.
func (p *printer) exchanged(r *Repro, all []*record.Exchange) {
	p.block("  ", Curl(r.Base, r.Flags, &all[0].Request, p.secrets))
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
