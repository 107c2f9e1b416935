package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"example.com/lpgate/runner/internal/record"
)

// Last is what a later run needs of the run that wrote a folder of artifacts.
type Last struct {
	Milestone string       `json:"milestone"`
	Results   []LastResult `json:"results"`
}

// LastResult is how a scenario ended.
type LastResult struct {
	Scenario string        `json:"scenario"`
	Status   record.Status `json:"status"`
}

// ReadLast reads the verdict in a folder of artifacts. If it is the mark of a run that has not ended, ReadLast reads the one
// before it. A replacement of the folder during which a run was killed is completed first.
func ReadLast(folder string) (*Last, error) {
	text, shown, err := LastVerdict(folder)
	if err != nil {
		return nil, err
	}
	last := new(Last)
	if err := json.Unmarshal(text, last); err != nil {
		return nil, fmt.Errorf("%s is not a verdict: %w", shown, err)
	}
	if last.Milestone == "" || last.Results == nil {
		return nil, fmt.Errorf("%s is not a verdict: it has no milestone or no results", shown)
	}
	for i, result := range last.Results {
		if !slices.Contains(record.Statuses, result.Status) {
			return nil, fmt.Errorf("%s is not a verdict: /results/%d/status is %q", shown, i, result.Status)
		}
	}
	return last, nil
}

// LastVerdict returns the text of the verdict that [ReadLast] reads, and the name of its file as it is shown.
func LastVerdict(folder string) (text []byte, shown string, err error) {
	name := Verdict
	if place, err := resolve(folder); err == nil {
		if err := finishReplacing(place); err != nil {
			return nil, "", fmt.Errorf("reading the last verdict: %w", err)
		}
	}
	if IsMarked(folder) {
		name = Verdict + Previous
		if !exists(filepath.Join(folder, name)) {
			return nil, "", fmt.Errorf("the last run did not end, and there was none before it: see %s", filepath.ToSlash(filepath.Join(DisplayPath(folder), Verdict)))
		}
	}
	text, err = os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("there was no last run: %s has no %s", DisplayPath(folder), Verdict)
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the last verdict: %w", err)
	}
	return text, filepath.ToSlash(filepath.Join(DisplayPath(folder), name)), nil
}

// Failed returns the ids of the scenarios that were selected and did not pass, in their order.
func (l *Last) Failed() []string {
	var failed []string
	for _, result := range l.Results {
		if result.Status != record.Passed && !result.Status.Excluded() {
			failed = append(failed, result.Scenario)
		}
	}
	return failed
}
