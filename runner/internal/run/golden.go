package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
)

// rowsOf returns the rows of the scenarios that passed or failed. The bodies that they are made of are not kept after that.
func rowsOf(writer *golden.Writer, selection *plan.Selection, run *record.Run) []golden.Row {
	var rows []golden.Row
	for _, i := range selection.Scenarios {
		switch s := run.Scenarios[i]; s.Result.Status {
		case record.Passed, record.Failed, record.ChecksFailed:
			rows = append(rows, writer.Row(selection.Plan.Scenarios[i].ID, s.Exchanges))
		}
	}
	for _, x := range run.Exchanges() {
		x.Canonical = nil
	}
	return rows
}

// compare compares the output of a run, as a document and as a text, with the golden one: all of it when it is that of the
// built-in server, whose clock stands still, and otherwise the answers without their bodies.
func (s *setup) compare(output *golden.Document, text []byte, run *record.Run) (golden.Comparison, error) {
	comparison := golden.Comparison{SHA256: golden.SHA256(text)}
	if s.selection == nil {
		return comparison, nil
	}
	before, err := fs.ReadFile(s.project.Fixtures(), project.Golden(s.in.Milestone.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return comparison, nil
	}
	if err != nil {
		return comparison, fmt.Errorf("reading the golden output: %w", err)
	}
	passed, planned := map[string]bool{}, []string(nil)
	for i := range s.selection.Plan.Scenarios {
		id := s.selection.Plan.Scenarios[i].ID
		planned = append(planned, id)
		status := run.Scenarios[i].Result.Status
		passed[id] = status == record.Passed || status == record.ChecksFailed // the verdict decides which of them counts
	}
	scope := golden.Scope{Planned: planned, Counts: func(id string) bool { return passed[id] }, Bodies: s.builtIn()}
	return golden.CompareText(before, text, output, scope)
}

// checkUpdate returns why the golden output cannot be updated with the other options.
func (s *setup) checkUpdate() error {
	switch info, err := os.Stat(filepath.Join(s.project.Root, "fixtures")); {
	case !s.UpdateGolden:
	case s.CI:
		return usage.Errorf("--update-golden rewrites what the run is compared with, and so every run in CI would be green: run it where the change is made, and commit the file (CI is set)")
	case s.Baseline != "":
		return usage.Errorf("--update-golden is for a run in which everything else holds, without --baseline")
	case !s.Filter.Everything() || s.Failed:
		return usage.Errorf("--update-golden is for a run of everything")
	case s.Shuffle != "":
		return usage.Errorf("--update-golden is for a run in the order of the features, without --shuffle")
	case err != nil || !info.IsDir():
		return usage.Errorf("--update-golden: there is no folder fixtures beside that of %s", s.Milestone)
	}
	return nil
}

// checkUpdateFrom returns why the golden output cannot be that of the target, once the scenarios are selected. It can be where
// there is no built-in server, and nothing is left out.
func (s *setup) checkUpdateFrom() error {
	left := len(s.in.Plan.Scenarios) - len(s.selection.Scenarios)
	switch {
	case !s.UpdateGolden || s.service.BuiltIn():
	case s.hasFake():
		return usage.Errorf("--update-golden: the golden output of %s is that of the built-in fake server, so leave the target out", s.in.Milestone.ID)
	case left > 0:
		return usage.Errorf("--update-golden is for a run of everything, and %d scenarios need what the target was not said to have", left)
	}
	return nil
}

// hasFake reports whether the built-in server implements the milestone.
func (s *setup) hasFake() bool { return service.Implements(s.in.Milestone) == nil }

// updateGolden makes the output the golden one, when that was asked for and nothing else speaks against the run.
func (s *setup) updateGolden(d *delivery, output *golden.Document, text []byte) (bool, error) {
	if !s.UpdateGolden || !d.verdict.MayRenew() {
		return false, nil
	}
	if !s.builtIn() {
		// Two runs against such a service have other bodies, so that hashes of them would be a change in each review.
		bodiless := *output
		bodiless.Scenarios = slices.Clone(output.Scenarios)
		for i := range bodiless.Scenarios {
			bodiless.Scenarios[i].BodiesSHA256 = ""
		}
		text = bodiless.Encode()
	}
	path := filepath.Join(s.project.Root, "fixtures", filepath.FromSlash(project.Golden(s.in.Milestone.ID)))
	if err := artifact.ReplaceFile(path, text); err != nil {
		return false, fmt.Errorf("updating the golden output: %w", err)
	}
	d.verdict = d.verdict.Renewed(golden.SHA256(text))
	d.reported = d.verdict
	return true, nil
}
