// Package repro has a failure that was repeated alone, and its requests as curl commands and as a script for a shell.
package repro

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Run is a failure that was repeated alone: a scenario, or a check on the answers to one of its steps.
type Run struct {
	// ID is the short name of the failure.
	ID string
	// Scenario is the scenario that was run.
	Scenario *plan.Scenario
	// Check is the id of the check; "" for the whole scenario. Step is the index of its step.
	Check string
	Step  int
	// Result is how the scenario ended now. Failure explains why it did not pass; nil when it did.
	Result  record.Result
	Failure *record.Failure
	// Stops are the reasons why it could not end.
	Stops []record.Reason
	// Exchanges are its exchanges in order.
	Exchanges []*record.Exchange
	// Target is what it was run against: [record.BuiltIn], or a URL.
	Target string
	// Base is where requests can be sent again. Start is the command that starts a server there; "" when one is running.
	Base, Start string
	// Flags are what curl needs to reach it.
	Flags []string
	// IDPrefix is the prefix of the ids of the scenario; "" when it sent none.
	IDPrefix string
	// Secrets must not be written.
	Secrets *record.Secrets
}

// Exit returns the exit code: 1 when it still fails, 0 when it does not, and 4 for a check that was not reached.
func (r *Run) Exit() int {
	exit := verdict.Alone(r.Result, r.Stops)
	if r.Check == "" || exit != verdict.Holds && exit != verdict.Fails {
		return exit
	}
	failed, reached := r.checksOfStep()
	switch {
	case slices.Contains(failed, r.Check):
		return verdict.Fails
	case reached || exit == verdict.Holds:
		return verdict.Holds
	}
	return verdict.Incomplete
}

// checksOfStep returns the checks that failed on the answers to the step, and whether there was any answer.
func (r *Run) checksOfStep() (failed []string, reached bool) {
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

// Message returns how it ended, as one line.
func (r *Run) Message() string {
	exit := r.Exit()
	if r.Check == "" {
		switch {
		case exit == verdict.Holds:
			return r.ID + " does not fail now"
		case exit == verdict.Fails:
			return fmt.Sprintf("%s fails: %s:%d: %s", r.ID, r.Scenario.URI, r.Result.Line, r.Result.Message)
		}
		return r.ID + " is inconclusive: " + r.stopped()
	}
	where := fmt.Sprintf("%s at %s:%d", r.Check, r.Scenario.URI, r.Scenario.Steps[r.Step].Line)
	failed, _ := r.checksOfStep()
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
			return fmt.Sprintf("%s is inconclusive: %s was not reached, since the scenario failed before it", r.ID, where)
		}
	}
	return r.ID + " is inconclusive: " + r.stopped()
}

// stopped returns why the scenario neither passed nor failed.
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
