package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
)

// made are the texts that the vocabulary makes up for every scenario out of the seed of the run: {me}, {stranger},
// {unique}, and idempotency keys. Two runs with different seeds have the same output in spite of them.
var made = []milestones.Pattern{
	{Token: "partner", Regexp: `partner-[0-9a-f]{10}`},
	{Token: "stranger", Regexp: `stranger-[0-9a-f]{10}`},
	{Token: "key", Regexp: `key-[0-9a-f]{10}-[0-9]+`},
	{Token: "unique", Regexp: `u[0-9a-f]{10}`},
}

// rows writes down what the scenarios saw that ran to an end of their own.
func (r *run) rows() (*golden.Document, error) {
	document := &golden.Document{Milestone: r.project.Name}
	if r.in.Milestone == nil {
		return document, nil
	}
	document.Milestone = r.in.Milestone.ID
	if r.joined != nil {
		document.Scenarios = r.joined.Rows
		return document, nil
	}
	if r.selection == nil {
		return document, nil
	}
	writer, err := golden.NewWriter(r.in.Milestone, made)
	if err != nil {
		return nil, err
	}
	exchanges := r.seen.ByScenario()
	for _, i := range r.selection.Scenarios {
		switch r.seen.Results[i].Status {
		case record.Passed, record.Failed, record.ChecksFailed:
			row := writer.Row(r.selection.Plan.Scenarios[i].ID, exchanges[i])
			document.Scenarios = append(document.Scenarios, row)
		}
	}
	return document, nil
}

// compare compares the output with the golden one: all of it when it is that of the built-in server, whose clock stands
// still, and otherwise the answers without their bodies.
func (r *run) compare(document *golden.Document) (*golden.Difference, error) {
	if r.selection == nil {
		return nil, nil
	}
	text, err := fs.ReadFile(r.project.Fixtures(), project.Golden(r.in.Milestone.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the golden output: %w", err)
	}
	r.golden = text
	before, err := golden.Decode(text)
	if err != nil {
		return nil, err
	}
	passed, planned := map[string]bool{}, []string(nil)
	for i := range r.selection.Plan.Scenarios {
		id := r.selection.Plan.Scenarios[i].ID
		planned = append(planned, id)
		status := r.seen.Results[i].Status
		passed[id] = status == record.Passed || status == record.ChecksFailed // the verdict decides which of them counts
	}
	difference := golden.Compare(before, document, golden.Scope{
		Planned: planned, Counts: func(id string) bool { return passed[id] }, Bodies: r.service.BuiltIn(),
	})
	r.records.Golden = before
	r.records.Output, r.records.Identical = &difference, !r.service.BuiltIn() || r.equal()
	return &difference, nil
}

// mayRenew says what speaks against renewing before anything runs.
func (r *run) mayRenew() error {
	switch info, err := os.Stat(filepath.Join(r.project.Root, "fixtures")); {
	case !r.UpdateGolden:
	case r.CI:
		return usage.Errorf("--update-golden rewrites what the run is compared with, and so every run in CI would be green: run it where the change is made, and commit the file (CI is set)")
	case r.Baseline != "":
		return usage.Errorf("--update-golden is for a run in which everything else holds, without --baseline")
	case !r.Filter.Everything() || r.Failed:
		return usage.Errorf("--update-golden is for a run of everything")
	case r.Shuffle != "":
		return usage.Errorf("--update-golden is for a run in the order of the features, without --shuffle")
	case err != nil || !info.IsDir():
		return usage.Errorf("--update-golden: there is no folder fixtures beside that of %s", r.Milestone)
	}
	return nil
}

// mayRenewFrom says whether the output of a service of somebody's own may be the golden one, once the scenarios are
// selected. It may where there is no built-in server, and nothing is left out.
func (r *run) mayRenewFrom() error {
	left := len(r.in.Plan.Scenarios) - len(r.selection.Scenarios)
	switch {
	case !r.UpdateGolden || r.service.BuiltIn():
	case r.hasFake():
		return usage.Errorf("--update-golden: the golden output of %s is that of the built-in fake server, so leave the target out", r.in.Milestone.ID)
	case left > 0:
		return usage.Errorf("--update-golden is for a run of everything, and %d scenarios need what the target was not said to have", left)
	}
	return nil
}

// hasFake says whether the built-in server can stand in for a service of the milestone.
func (r *run) hasFake() bool { return service.Implements(r.in.Milestone) == nil }

// renew makes the output the golden one, when that was asked for and nothing else speaks against the run.
func (r *run) renew(document *golden.Document) (bool, error) {
	if !r.UpdateGolden {
		return false, nil
	}
	if !r.verdict.MayRenew() {
		return false, nil
	}
	r.golden = r.output
	if !r.service.BuiltIn() {
		// Two runs against such a service have other bodies, so that hashes of them would be a change in each review.
		bodiless := *document
		bodiless.Scenarios = slices.Clone(document.Scenarios)
		for i := range bodiless.Scenarios {
			bodiless.Scenarios[i].BodiesSHA256 = ""
		}
		r.golden = bodiless.Encode()
	}
	path := filepath.Join(r.project.Root, "fixtures", filepath.FromSlash(project.Golden(r.in.Milestone.ID)))
	if err := artifact.ReplaceFile(path, r.golden); err != nil {
		return false, fmt.Errorf("renewing the golden output: %w", err)
	}
	r.verdict = r.verdict.Renewed(golden.SHA256(r.golden))
	r.reported = r.verdict
	return true, nil
}
