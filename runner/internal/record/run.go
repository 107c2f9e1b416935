package record

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/plan"
)

// Run is the record of a run, from which reports are made. A [Log] fills it while the run happens, and [Read] reads it from an
// event log; both give the same.
type Run struct {
	Info
	End
	// Features are the feature files, in the order of the milestone.
	Features []Feature
	// Scenarios are those of the whole plan, in its order, those that were not selected included.
	Scenarios []*Scenario
	// Unassigned are the exchanges outside of any scenario, and those that came after theirs had ended.
	Unassigned []*Exchange
	// StartedAt and FinishedAt frame the run; the second is zero in a log without its last line.
	StartedAt, FinishedAt time.Time
	// Complete reports whether the run came to its end. A log of a killed run lacks its last line.
	Complete bool
	// Overall and Message are the verdict in short.
	Overall bool
	Message string

	attached map[string][]byte
}

// Feature is a feature file.
type Feature struct {
	URI, Name, Description string
}

// Scenario is a scenario, and what happened to it.
type Scenario struct {
	// Scenario has its place, its tags and its steps; it has no steps when it was not selected.
	*plan.Scenario
	// Feature and GherkinRule are the names of what contains it; "" for no rule.
	Feature, GherkinRule string
	// Selected reports whether it was to run. LeftOut is what the target lacks of what it needs.
	Selected bool
	LeftOut  []string
	// Steps are its steps, with how each ended.
	Steps []Step
	// Began and Ended are zero when it did not.
	Began, Ended time.Time
	// Result is how it ended. Without an end, its status is not_run, left_out or not_selected.
	Result Result
	// Failure explains it when it did not pass; nil when nothing does.
	Failure *Failure
	// IDPrefix is what the ids of the scenario were made of ([steps.IDPrefix]); "" when it has no end.
	IDPrefix string
	// Exchanges are its exchanges in order; the mark of each has its step.
	Exchanges []*Exchange

	ref      string      // as the log has it
	place    int         // in the plan
	answered []*Exchange // in the order of their answers
	passed   int         // steps, while it runs
	step     int         // the step that began last, while it runs
}

// Step is a step of a scenario.
type Step struct {
	plan.Step
	// Table and DocString are its argument.
	Table     [][]string
	DocString string
	// Status is passed, failed, skipped, undefined, ambiguous, pending or unknown; "" when it did not begin.
	Status string
	// Message is what was wrong, in full.
	Message string
	// Began is zero when it did not.
	Began time.Time
	Took  time.Duration
}

// newScenario returns a scenario of the plan before anything of it happens.
func newScenario(place int, e *Entry) *Scenario {
	s := &Scenario{
		ref: e.Ref, place: place,
		Scenario: &plan.Scenario{
			ID: e.ID, URI: e.URI, Line: e.Line, Name: e.Name, Rule: e.Rule, Side: plan.Side(e.Side), Needs: e.Needs, Tags: e.Tags,
		},
		Selected: e.Selected, LeftOut: e.LeftOut,
	}
	switch {
	case e.Selected:
		s.Result.Status = NotRun
	case e.NotAtLevel:
		s.Result.Status = NotAtLevel
	case len(e.LeftOut) > 0:
		s.Result = Result{Status: SkippedByCapability, Message: Lacking(e.LeftOut)}
	default:
		s.Result.Status = NotSelected
	}
	return s
}

// Lacking is the message of a scenario that is skipped, since the target lacks some capabilities.
func Lacking(capabilities []string) string {
	return "the target lacks " + strings.Join(capabilities, ", ")
}

// Ref is the short name of the scenario. It is made from an id that may have a secret in it, which a record has not.
func (s *Scenario) Ref() string {
	if s.ref == "" {
		return s.Scenario.Ref()
	}
	return s.ref
}

// Took is how long the scenario took.
func (s *Scenario) Took() time.Duration {
	if s.Ended.IsZero() {
		return 0
	}
	return s.Ended.Sub(s.Began)
}

// Explanation is why it did not pass, as one line, with what was compared where that is short.
func (s *Scenario) Explanation() string {
	message := s.Result.Message
	if f := s.Failure; f != nil && f.Expected+f.Got != "" {
		message += fmt.Sprintf(" (expected %s, got %s)", begins(f.Expected), begins(f.Got))
	}
	return message
}

// Again is the command that repeats a scenario alone.
func (r *Run) Again(s *Scenario) string { return "runner repro " + s.Ref() + r.Repro }

// At is the place at which it ended: the step, or the scenario when there is none.
func (s *Scenario) At() (uri string, line int) {
	if s.Result.Line > 0 {
		return s.URI, s.Result.Line
	}
	return s.URI, s.Line
}

// begins is how a text begins, in a line with others.
func begins(text string) string {
	const most = 80
	first, _, more := strings.Cut(text, "\n")
	if runes := []rune(first); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	if more {
		return first + " …"
	}
	return first
}

// Attach attaches an artifact to the run.
func (r *Run) Attach(name string, text []byte) {
	if r.attached == nil {
		r.attached = map[string][]byte{}
	}
	r.attached[name] = append(bytes.TrimSpace(text), '\n')
}

// Attached is an artifact that is attached to the run, such as verdict.json; nil when there is none.
func (r *Run) Attached(name string) []byte { return r.attached[name] }

// Conclude sets what the last line of a log has.
func (r *Run) Conclude(overall bool, message string, at time.Time) {
	r.Complete, r.Overall, r.Message, r.FinishedAt = true, overall, message, when(stamp(at))
}

// Exchanges are all exchanges: those outside of scenarios, then the others in the order of the plan.
func (r *Run) Exchanges() []*Exchange {
	all := slices.Clone(r.Unassigned)
	for _, s := range r.Scenarios {
		all = append(all, s.Exchanges...)
	}
	return all
}

// sortExchanges puts the exchanges of a scenario in the order of [SortExchanges].
func (s *Scenario) sortExchanges() {
	s.Exchanges = slices.Clone(s.answered)
	SortExchanges(s.Exchanges)
}

// result is result.json: how a scenario ended.
type result struct {
	Result
	IDPrefix string   `json:"id_prefix"`
	Failure  *Failure `json:"failure,omitempty"`
}

// link sets the exchanges that a failure names by their numbers.
func (f *Failure) link(s *Scenario) (err error) {
	f.Scenario = s.Scenario
	if f.Number > 0 {
		if f.Exchange, err = s.nth(f.Number); err != nil {
			return err
		}
	}
	for i := range f.Checks {
		check := &f.Checks[i]
		if check.Exchange, err = s.nth(check.Number); err != nil {
			return err
		}
		at := slices.IndexFunc(check.Exchange.Checks, func(r CheckResult) bool { return r.Check == check.Check })
		if at < 0 {
			return fmt.Errorf("its exchange %d has no check %q", check.Number, check.Check)
		}
		check.Result = check.Exchange.Checks[at]
	}
	return nil
}

// numbered returns a copy of a failure that names its exchanges by their numbers, of all that the scenario had.
func (f *Failure) numbered(s *Scenario) *Failure {
	numbered := *f
	numbered.Scenario = s.Scenario
	if numbered.Number = slices.Index(s.answered, f.Exchange) + 1; numbered.Number == 0 {
		numbered.Exchange = nil
	}
	numbered.Checks = slices.Clone(f.Checks)
	for i := range numbered.Checks {
		check := &numbered.Checks[i]
		check.Check, check.Number = check.Result.Check, slices.Index(s.answered, check.Exchange)+1
	}
	return &numbered
}

// validate compares a scenario that passed with its steps: a log in which they did not is not as it was written.
func (s *Scenario) validate() error {
	if s.Result.Status != Passed {
		return nil
	}
	for i, step := range s.Steps {
		if step.Status != string(Passed) {
			return fmt.Errorf("%s passed, and its step %d did not", s.Ref(), i+1)
		}
	}
	return nil
}

func (s *Scenario) nth(n int) (*Exchange, error) {
	if n < 1 || n > len(s.answered) {
		return nil, fmt.Errorf("it has no exchange %d", n)
	}
	return s.answered[n-1], nil
}
