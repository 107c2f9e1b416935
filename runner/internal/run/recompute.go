package run

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/verdict"
)

// decide computes the verdict again from what the log has of the run, and from the milestone, features, schemas, fixtures
// and baseline that stand here. A log is a file, and anybody may have changed what it has of the verdict.
//
// The reports have the computed verdict when it is another one. A green verdict that cannot be computed again, since
// something else stands here than the run was made from, does not count; a red one does.
func (r *Remade) decide(log io.Reader, path string) error {
	claimed := r.Verdict
	again, err := recompute(log, path, claimed)
	r.Exit = claimed.Exit
	green := claimed.Overall || claimed.Exit == verdict.Holds || len(claimed.Reasons) == 0 || r.Record.Overall
	switch {
	case err != nil && green:
		r.Doubt, r.Exit = fmt.Sprintf("it is green, and cannot be computed again: %v", err), verdict.Incomplete
		return nil
	case err != nil:
		return nil // it is red, whatever stands here
	}
	computed := again.verdict
	if computed.Exit == claimed.Exit && computed.Overall == claimed.Overall && computed.Overall == r.Record.Overall &&
		(len(computed.Reasons) == 0) == (len(claimed.Reasons) == 0) {
		return nil
	}
	if computed.Overall && !green {
		return nil // it is red for something that the rest of the log does not have
	}
	r.Doubt = fmt.Sprintf("it has overall=%t and exit code %d, and from the rest of the log overall=%t and exit code %d follow",
		claimed.Overall, claimed.Exit, computed.Overall, computed.Exit)
	r.Exit = computed.Exit
	if r.Exit == verdict.Holds {
		r.Exit = verdict.Incomplete // the log contradicts itself
	}
	r.Verdict = computed.Delivered(verdict.Delivery{Written: slices.Clone(artifact.Names)})
	r.Record.Conclude(computed.Overall, summaryOf(computed), r.Record.FinishedAt)
	return nil
}

// errElsewhere marks a log of a run that was made from something else than stands here.
var errElsewhere = errors.New("here is another")

// recompute decides on the run of a log as on a shard that is all of it.
func recompute(log io.Reader, path string, claimed *verdict.Verdict) (*run, error) {
	logged, err := record.Read(log) // a record of its own: joining changes it
	if err != nil {
		return nil, err
	}
	file := logged.File
	if file == "" {
		file = "milestones/" + logged.Milestone + ".yaml"
	}
	r := newRun(Config{Milestone: file, Now: func() time.Time { return logged.FinishedAt }})
	r.service = new(service.Service)
	if r.project, err = project.Locate(file); err != nil {
		return nil, err
	}
	if r.in, err = r.project.Read(); err != nil {
		return nil, err
	}
	if r.hashes, err = r.project.Hashes(r.in); err != nil {
		return nil, err
	}
	if claimed.Known != nil {
		if r.baseline, err = baseline.Read(claimed.Known.Baseline, verdict.LastExpiry(r.Now())); err != nil {
			return nil, err
		}
	}
	whole, err := shard.Of(logged, artifact.DisplayPath(path))
	if err != nil {
		return nil, err
	}
	if r.joined, err = shard.Join([]*shard.Shard{whole}, r.in.Plan, r.hashes, r.calls()); err != nil {
		return nil, err
	}
	for _, reason := range r.joined.Reasons {
		if reason.ID == "shard-differs" {
			return nil, fmt.Errorf("%w milestone, feature, schema or fixture than the run had (%s)", errElsewhere, reason.Message)
		}
	}
	r.take(r.joined)
	r.records = r.executor.Records(r.seen)
	r.records.Milestone, r.records.Selection = r.in.Milestone, r.selection
	r.records.Baseline, r.records.Now, r.records.Differing = r.baseline, r.Now(), r.differing
	document, err := r.rows()
	if err != nil {
		return nil, err
	}
	r.output = document.Encode()
	if _, err := r.compare(document); err != nil {
		return nil, err
	}
	r.records.Stops = append(r.records.Stops, r.contradictions(document)...)
	r.decide(&r.records, logged.FinishedAt)
	return r, nil
}

// contradictions are what the exchanges and results of a log have otherwise than its output and its results.
func (r *run) contradictions(document *golden.Document) []record.Reason {
	var reasons []record.Reason
	against := func(format string, args ...any) {
		reasons = append(reasons, record.Reason{ID: "counts-disagree", Message: fmt.Sprintf(format, args...), Where: artifact.Messages})
	}
	writer, err := golden.NewWriter(r.in.Milestone, made)
	if err != nil {
		against("%v", err)
		return reasons
	}
	rows := map[string]golden.Row{}
	for _, row := range document.Scenarios {
		rows[row.Scenario] = row
	}
	exchanges := r.seen.ByScenario()
	for place, result := range r.seen.Results {
		id := r.in.Plan.Scenarios[place].ID
		if result.Status == record.Passed {
			for _, x := range exchanges[place] {
				if slices.ContainsFunc(x.Checks, func(c record.CheckResult) bool { return c.Status == record.CheckFailed }) {
					against("%s passed in the log, and one of its answers failed a check", id)
					break
				}
			}
		}
		if row, written := rows[id]; written {
			if got := writer.Row(id, exchanges[place]); strings.Join(got.Answers, "\n") != strings.Join(row.Answers, "\n") {
				against("%s has other answers in the exchanges of the log than in its output", id)
			}
		}
	}
	return reasons
}
