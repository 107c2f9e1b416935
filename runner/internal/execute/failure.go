package execute

import (
	"errors"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/steps"
)

// explain returns what explains why the scenario did not pass.
func (s *scenario) explain() record.Failure {
	f := record.Failure{
		Scenario: s.planned, Status: s.status, Step: s.at, Undefined: s.undefined, Checks: s.checks,
	}
	var mismatch *steps.Mismatch
	var invalid *steps.InvalidStep
	switch {
	case s.err == nil:
	case errors.As(s.err, &mismatch):
		f.Expected, f.Got, f.Diff = mismatch.Expected, mismatch.Got, mismatch.Diff
		if s.at < 0 || mismatch.Message != s.planned.Steps[s.at].Text { // the step is shown anyway
			f.Says = mismatch.Message
		}
	case errors.As(s.err, new(*failedChecks)): // shown check by check
	case errors.As(s.err, &invalid): // without the words that godog puts around it
		f.Says = invalid.Error()
	default:
		f.Says = s.err.Error()
	}
	secrets := s.worker.executor.Secrets
	for _, text := range []*string{&f.Says, &f.Expected, &f.Got, &f.Diff} {
		*text = secrets.Scrub(*text)
	}
	f.Exchange = s.explainingExchange()
	f.Base, f.Start = s.worker.executor.Endpoint(s.planned.Needs)
	f.Flags = s.worker.executor.Service.Curl
	f.Text = console.Explain(&f, secrets)
	return f
}

// explainingExchange returns the exchange that a failure is about: the first that failed a check, else the last of the
// scenario; nil when there was none.
func (s *scenario) explainingExchange() *record.Exchange {
	if len(s.checks) > 0 {
		return s.checks[0].Exchange
	}
	all := s.exchangesSince(s.first)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}
