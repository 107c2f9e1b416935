package gate

import (
	"errors"
	"fmt"

	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/steps"
)

// explain gathers what tells why a scenario did not pass.
func (d *drive) explain(r *running) report.Failure {
	f := report.Failure{
		Scenario: r.scenario, Status: r.status, Step: r.at, Undefined: r.unknown, Checks: r.checks,
	}
	var mismatch *steps.Mismatch
	var mistake *steps.InvalidStep
	var check *errCheck
	switch {
	case r.err == nil:
	case errors.As(r.err, &mismatch):
		f.Expected, f.Got, f.Diff = mismatch.Expected, mismatch.Got, mismatch.Diff
		if r.at < 0 || mismatch.Message != r.scenario.Steps[r.at].Text { // the sentence is shown anyway
			f.Says = mismatch.Message
		}
	case errors.As(r.err, &check): // shown check by check
	case errors.As(r.err, &mistake): // without what godog says around it
		f.Says = mistake.Error()
	case panicked(r.err):
		f.Says = fmt.Sprintf("the sentence panicked: %+v", r.err)
	default:
		f.Says = r.err.Error()
	}
	for _, text := range []*string{&f.Says, &f.Expected, &f.Got, &f.Diff} {
		*text = d.secrets.Scrub(*text)
	}
	f.Exchange = d.aboutWhat(r)
	f.Base, f.Start = d.base(r.scenario.Needs)
	f.Flags = d.flags
	f.Text = report.Explain(&f, d.secrets)
	return f
}

// panicked tells an error that godog made out of a panic. Its type is not exported; its "%+v" has the stack.
func panicked(err error) bool { return fmt.Sprintf("%T", err) == "*godog.traceError" }

// aboutWhat finds the exchange that a failure is about: the first that failed a check, else the last of the scenario
// until then; nil when there was none.
func (d *drive) aboutWhat(r *running) *exchange.Exchange {
	if len(r.checks) > 0 {
		return r.checks[0].Exchange
	}
	all := d.recorder.Since(r.first)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}
