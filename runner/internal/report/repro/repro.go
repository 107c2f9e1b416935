package repro

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Run is a failure that was repeated alone: one scenario, or one check on the answers to one of its sentences.
type Run struct {
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
func (r *Run) Exit() int {
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
func (r *Run) failedThere() (failed []string, reached bool) {
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
func (r *Run) Says() string {
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
func (r *Run) stopped() string {
	if len(r.Stops) > 0 {
		return r.Stops[0].Message
	}
	if r.Result.Message == "" {
		return r.Result.Status.Text()
	}
	return r.Result.Status.Text() + ": " + r.Result.Message
}

// Concurrent reports whether two exchanges belong to requests that were sent at once.
func Concurrent(a, b *record.Exchange) bool { return a.Mark.Concurrency != 0 && a.Mark == b.Mark }
