package eventlog

import (
	"encoding/json"
	"fmt"
	"slices"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/verdict"
)

// Verdict is verdict.json, with what it says of scenarios.
type Verdict struct{ report.VerdictFile }

// Verdict reads the verdict. A log without its end has none, and then it is one that speaks against the run: what was not
// seen to hold does not.
func (r *Record) Verdict() (*Verdict, error) {
	text := r.Attached(report.Verdict)
	if text == nil {
		says := "the event log ends before the run did"
		if r.Says != "" {
			says = r.Says
		}
		return &Verdict{report.VerdictFile{ExitCode: verdict.Incomplete, Reasons: []record.Reason{{ID: "run-broke-off", Message: says, Where: report.Messages}}}}, nil
	}
	v := new(Verdict)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("reading %s of the event log: %w", report.Verdict, err)
	}
	return v, nil
}

// KnownAs is what excuses a scenario: that it fails is known, and so is every check that failed in it. It is nil when
// something about it is news.
func (v *Verdict) KnownAs(s *Scenario) *report.FailureFile {
	if v.Known == nil || s.Failure == nil {
		return nil
	}
	find := func(ref string) *report.FailureFile {
		at := slices.IndexFunc(v.Known.Failures, func(k report.FailureFile) bool { return k.Ref == ref })
		if at < 0 {
			return nil
		}
		return &v.Known.Failures[at]
	}
	known := find(s.Ref())
	for _, ref := range s.checkRefs() {
		check := find(ref)
		if check == nil {
			return nil
		}
		if known != nil && known.Owner == "" { // it follows from its checks, and they have the entry
			known = check
		}
	}
	return known
}

// Absent says whether a reason tells only that something was not observed while not everything ran, which is no wonder
// then.
func (v *Verdict) Absent(reason record.Reason) bool {
	complete := len(v.Scenarios) > 0
	for status := range v.Scenarios {
		complete = complete && (status == record.Passed || status == record.Failed)
	}
	return verdict.IsAbsence(reason.ID) && !complete
}

// Apart are the reasons that no scenario tells by how it ended: an outcome that nobody saw, or an interrupt.
func (v *Verdict) Apart(r *Record) []record.Reason {
	told := map[string]bool{}
	for _, s := range r.Scenarios {
		switch s.Result.Status {
		case record.Passed, record.SkippedByCapability, record.NotSelected, record.NotRun: // of the last a reason tells how many
			continue
		}
		if v.KnownAs(s) != nil {
			continue
		}
		told[s.Ref()] = true
	}
	var apart []record.Reason
	for _, reason := range v.Reasons {
		if !told[reason.Scenario] {
			apart = append(apart, reason)
		}
	}
	return apart
}

// checkRefs are the short names of the checks that failed in it, each once.
func (s *Scenario) checkRefs() []string {
	if s.Failure == nil {
		return nil
	}
	var refs []string
	for _, check := range s.Failure.Checks {
		if step := check.Exchange.Mark.Step; step < len(s.Scenario.Steps) {
			if ref := s.CheckRef(step, check.Result.Check); !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// Again are the commands that repeat a scenario alone, and each check that failed in it.
func (r *Record) Again(s *Scenario) []string {
	var commands []string
	for _, ref := range append([]string{s.Ref()}, s.checkRefs()...) {
		commands = append(commands, "runner repro "+ref+r.Repro)
	}
	return commands
}

// At is the place at which it ended: the sentence, or the scenario when there is none.
func (s *Scenario) At() (uri string, line int) {
	if s.Result.Line > 0 {
		return s.URI, s.Result.Line
	}
	return s.URI, s.Line
}
