package execute

import (
	"cmp"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/steps"
)

// explain returns what explains why the scenario did not pass.
func (s *scenario) explain() *record.Failure {
	f := &record.Failure{
		Scenario: s.planned, Status: s.status, Step: s.at, Undefined: s.undefined, Checks: s.checks,
	}
	var mismatch *steps.Mismatch
	var invalid *steps.InvalidStep
	switch {
	case s.err == nil:
	case errors.As(s.err, &mismatch):
		f.Expected, f.Got, f.Diff = mismatch.Expected, mismatch.Got, mismatch.Diff
		if s.at < 0 || mismatch.Message != s.planned.Steps[s.at].Text { // the step is shown anyway
			f.Message = mismatch.Message
		}
	case s.status == record.ChecksFailed: // shown check by check
	case errors.As(s.err, &invalid): // without the words that godog puts around it
		f.Message = invalid.Error()
	default:
		f.Message = s.err.Error()
	}
	secrets := s.worker.executor.Secrets
	for _, text := range []*string{&f.Message, &f.Expected, &f.Got, &f.Diff} {
		*text = secrets.Clean(*text)
	}
	f.Exchange = s.explainingExchange()
	f.Base, f.Start = s.worker.executor.Endpoint(s.planned.Needs)
	f.Flags = s.worker.executor.Service.Curl
	f.Text = console.Explain(f, secrets)
	return f
}

// cause returns why a step of the scenario failed.
func (s *scenario) cause() *cause.Cause {
	c := &cause.Cause{Level: s.planned.Level}
	form := ""
	if s.at >= 0 {
		form = s.planned.Steps[s.at].Text
		if found := s.worker.executor.Steps.Match(form); len(found) == 1 {
			form = cmp.Or(found[0].Form(), form)
		}
	}
	var mismatch *steps.Mismatch
	var unanswered unansweredError
	switch {
	case errors.As(s.err, &mismatch) && mismatch.Required != "":
		c.Key = cause.Outcome(mismatch.Required, mismatch.Observed)
	case errors.As(s.err, &mismatch) && mismatch.Of != "":
		at := mismatch.At
		if mismatch.Of == steps.OfBody {
			c.Pointer = jsontext.Pointer(at)
			at = cause.Pointer(c.Pointer)
		}
		c.Key = cause.Value(mismatch.Of, at, mismatch.Missing)
	case errors.As(s.err, &mismatch):
		c.Key = cause.Step(form, cause.Pointer(jsontext.Pointer(mismatch.At)))
	case errors.As(s.err, &unanswered):
		c.Key = cause.NoAnswer(string(unanswered))
	default:
		c.Key = cause.Step(form, "")
	}
	c.Key = s.worker.executor.Secrets.Scrub(c.Key)
	return c
}

// explainingExchange returns the exchange that a failure is about: of a scenario whose steps passed the first that failed a check,
// otherwise the last of the scenario; nil when there was none.
func (s *scenario) explainingExchange() *record.Exchange {
	if s.status == record.ChecksFailed {
		return s.checks[0].Exchange
	}
	all := s.exchangesSince(s.first)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}
