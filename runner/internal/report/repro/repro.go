// Package repro has a failure that was repeated alone, and its requests as curl commands and as a script for a shell.
package repro

import (
	"fmt"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Run is a scenario that was repeated alone.
type Run struct {
	// ID is the short id of the scenario.
	ID string
	// Scenario is the scenario that was run.
	Scenario *plan.Scenario
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

// Exit returns the exit code: 1 when it still fails, and 0 when it does not.
func (r *Run) Exit() int { return verdict.Alone(r.Result, r.Stops) }

// Message returns how it ended, as one line.
func (r *Run) Message() string {
	switch r.Exit() {
	case verdict.Holds:
		return r.ID + " does not fail now"
	case verdict.Fails:
		return fmt.Sprintf("%s fails: %s:%d: %s", r.ID, r.Scenario.URI, r.Result.Line, r.Result.Message)
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
