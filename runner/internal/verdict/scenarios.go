package verdict

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/runner/internal/record"
)

// Of returns the verdict that is attached to the record of a run. A log without its end has none, and then it is one that
// speaks against the run: what was not seen to hold does not.
func Of(r *record.Run) (*Verdict, error) {
	text := r.Attached("verdict.json")
	if text == nil {
		message := "the event log ends before the run did"
		if r.Message != "" {
			message = r.Message
		}
		return &Verdict{Undecided: true, Exit: Incomplete, Reasons: []record.Reason{{ID: "run-broke-off", Message: message, Where: "messages.ndjson"}}}, nil
	}
	v := new(Verdict)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("reading verdict.json of the event log: %w", err)
	}
	if text := r.Attached("coverage.json"); text != nil {
		var coverage Coverage
		if err := json.Unmarshal(text, &coverage); err != nil {
			return nil, fmt.Errorf("reading coverage.json of the event log: %w", err)
		}
		v.Coverage = coverage.Cells
	}
	return v, nil
}

// Absent reports whether a reason is about something that was not observed while not everything ran.
func (v *Verdict) Absent(reason record.Reason) bool {
	complete := len(v.Scenarios) > 0
	for status := range v.Scenarios {
		complete = complete && slices.Contains([]record.Status{record.Passed, record.Failed, record.ChecksFailed, record.NotAtLevel}, status)
	}
	return IsAbsence(reason.ID) && !complete
}

// Apart are the reasons that the status of no scenario shows: an outcome that was not observed, or an interrupt.
func (v *Verdict) Apart(r *record.Run) []record.Reason {
	shown := map[string]bool{}
	for _, s := range r.Scenarios {
		switch s.Result.Status {
		case record.Passed, record.SkippedByCapability, record.NotSelected, record.NotAtLevel, record.NotRun: // one reason counts the last ones
			continue
		}
		if v.KnownAs(s) != nil {
			continue
		}
		shown[s.Ref()] = true
	}
	var apart []record.Reason
	for _, reason := range v.Reasons {
		if !shown[reason.Scenario] {
			apart = append(apart, reason)
		}
	}
	return apart
}
