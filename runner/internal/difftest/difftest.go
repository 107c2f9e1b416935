// Package difftest compares a service with the built-in fake by random sequences of calls.
//
//	generate  sequences of calls, from a random seed             sequence.go, grammar.go, calls.go, inputs.go, schema.go
//	execute   a sequence, call by call, on both servers          session.go, execute.go, endpoint.go, inprocess.go, clock.go
//	compare   status, headers of the contract, and the body      compare.go, difference.go, jsonvalue.go
//	explore   all sequences of a run, with differences by cause  difftest.go, explore.go, causes.go, coverage.go
//	shrink    one sequence for each cause                        shrink.go
//	write     a scenario, curl commands, and a file              divergence.go, scenario.go, output.go
//	repeat    a difference from such a file                      repeat.go
//
// The package has no rules of the contract. Sequences are generated from the milestone and its schemas, with large weights for
// values at the limits of rules; the fake decides what the right response is.
//
// # What is compared
//
// Everything except what the milestone declares as an implementation's choice: ids, hashes and signatures correspond by where
// they appear (package golden), messages of refusals are free, and a time that no request set is that of the server's clock.
// Ids of keys do not count. Hashes are equal where everything that was hashed is equal, each page of an export must verify with
// the published keys of its server, and signatures are equal where both servers publish the same key.
//
// # After a difference
//
// A sequence goes on after a difference. If one server accepted a call that the other one refused, their state is different,
// and no later response could be compared. The sequence is then executed again without that call, against new providers. If
// both refused it in different ways, only its idempotency key is not used again. A request without a response is not sent
// again in the same run.
//
// # Reproducibility
//
// A sequence depends on the id of the run and on its number only. Two fakes are new for each sequence; sequences are executed
// concurrently and counted in order. Shrinking is limited by a number of executions, not by time. All sequences use the same
// target, so each has its own partners, providers and keys there.
//
// Two fakes must not differ. This is the test of this package, and of the fake.
package difftest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/steps"
)

// Config configures a run.
type Config struct {
	// Project has the milestone and its files.
	Project project.Project
	// Target is compared with the fake; the zero value is a second fake. Its run id is the random seed, which is constant for
	// two fakes.
	Target service.Options
	// Steps is the number of calls.
	Steps int
	// ValidOnly sends only requests that the schemas allow.
	ValidOnly bool
	// Known reports whether a cause is a known difference of an operation, in a call that a rule decided; nil for none.
	Known func(cause, operation, rule string) bool
	// Folder is the folder for differences; "" is that of the milestone.
	Folder string
	// Stdout receives the report, and Progress the progress of the run.
	Stdout   io.Writer
	Progress terminal.Stream

	// Wrap wraps the handler of the second fake, for tests.
	Wrap func(http.Handler) http.Handler
}

// DefaultSteps is the default number of calls.
const DefaultSteps = 20_000

// Result is the result of a run.
type Result struct {
	// Causes are the causes of differences: first those without a response, then by count.
	Causes []*Cause
	// Steps and Sequences are the numbers of calls and of sequences.
	Steps, Sequences int
	// Coverage has the rules and outcomes that the fake reached.
	Coverage *Coverage
}

// Differs reports whether there is a cause that is not known.
func (r *Result) Differs() bool {
	for _, c := range r.Causes {
		if !c.Known {
			return true
		}
	}
	return false
}

// Run sends the calls, writes the differences that are not known to files, and prints the report. If the target stops
// responding, the report has what was found until then, and the error is one for which [Unreachable] holds.
func Run(ctx context.Context, cfg Config) (Result, error) {
	s, err := newSession(cfg)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	if err := s.probe(ctx); err != nil {
		return Result{}, err
	}
	grammar, err := newGrammar(s.milestone, s.schemas, s.capabilitySets(), s.labels, s.supports, s.validOnly)
	if err != nil {
		return Result{}, err
	}
	r := &runner{Config: cfg, session: s, grammar: grammar, coverage: newCoverage(s.milestone), avoid: map[string]bool{}, started: time.Now()}
	r.line = cfg.Progress.Line(r.started)
	return r.run(ctx)
}

// Unreachable reports whether an error is due to a target that does not respond.
func Unreachable(err error) bool {
	return errors.As(err, new(*steps.Unreachable))
}

// folder returns the folder for the differences of a milestone.
func (c *Config) folder(milestone string) string {
	if c.Folder != "" {
		return c.Folder
	}
	return filepath.Join(filepath.Dir(c.Project.Artifacts(milestone)), "diff")
}

// runner is the state of a run.
type runner struct {
	Config
	session  *session
	grammar  *grammar
	coverage *Coverage
	causes   causes
	avoid    map[string]bool // calls to which the target did not respond; used by the only worker for a target
	lost     int             // calls to which the target did not respond
	dead     error           // why the target does not respond any more
	// executions is the number of executions that made sequences shorter.
	executions int
	started    time.Time
	line       *terminal.ProgressLine
}

func (r *runner) run(ctx context.Context) (Result, error) {
	err := r.explore(ctx)
	r.line.End()
	result := Result{Steps: r.coverage.calls, Sequences: r.coverage.sequences, Coverage: r.coverage}
	if err != nil {
		return result, err
	}
	r.causes.sort()
	result.Causes = r.causes
	fmt.Fprintf(r.Stdout, "%s: %s\n%s\n", r.session.milestone.ID, r.session.milestone.Title, r.session.describe())
	fmt.Fprintf(r.Stdout, "\nrun id  %s\ncalls   %d, in %d sequences\n\n", r.session.service.RunID, r.coverage.calls, r.coverage.sequences)
	r.coverage.print(r.Stdout)
	fmt.Fprintln(r.Stdout)
	folder := r.folder(r.session.milestone.ID)
	if err := r.shrinkAll(ctx); err != nil {
		return result, err
	}
	if err := r.report(folder); err != nil {
		return result, err
	}
	if r.dead != nil {
		return result, &steps.Unreachable{Err: r.dead}
	}
	return result, nil
}

// shrinkAll makes the divergences of the causes that are not known. Causes without a response come last, since each
// execution may end the target.
func (r *runner) shrinkAll(ctx context.Context) error {
	_, unknown := r.causes.split()
	slices.Reverse(unknown)
	for _, c := range unknown {
		if r.dead == nil {
			var err error
			if c.found, err = r.shrink(ctx, c.sequence, c.found); err != nil {
				return err
			}
		}
		c.Divergence = r.session.divergence(c.found)
	}
	return nil
}

// report prints the causes, and writes the files of those that are not known.
func (r *runner) report(folder string) error {
	known, unknown := r.causes.split()
	if len(r.causes) == 0 {
		fmt.Fprintln(r.Stdout, "no difference")
		return nil
	}
	if r.dead != nil {
		fmt.Fprintf(r.Stdout, "The target stopped responding: %v. Some sequences are not the shortest.\n\n", r.dead)
	}
	fmt.Fprintf(r.Stdout, "%s\n", countedCauses(len(unknown), len(known)))
	for i, c := range unknown {
		files := c.Divergence.files(r.session, c.found)
		if err := write(folder, files); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "\n%d. %s\n", i+1, c.Text)
		c.print(r.Stdout)
		c.Divergence.print(r.Stdout, artifact.DisplayPath(folder), files)
	}
	if len(known) > 0 {
		fmt.Fprintln(r.Stdout, "\nknown differences:")
		for _, c := range known {
			fmt.Fprintf(r.Stdout, "%s\n", c.Text)
			c.print(r.Stdout)
		}
	}
	return nil
}
