package run

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps"
)

// decide computes the verdict again from what the log has of the run, and from the milestone, features, schemas, fixtures
// and baseline that stand here. A log is a file, and anybody may have changed what it has of the verdict.
//
// The reports have the computed verdict when it is another one. A green verdict that cannot be computed again, since
// something else stands here than the run was made from, does not count; a red one does.
func (r *Remade) decide(log io.Reader, path string) error {
	claimed := r.Verdict
	computed, err := recompute(log, path, claimed)
	r.Exit = claimed.Exit
	green := claimed.Overall || claimed.Exit == verdict.Holds || len(claimed.Reasons) == 0 || r.Record.Overall
	switch {
	case err != nil && green:
		r.Doubt, r.Exit = fmt.Sprintf("it is green, and cannot be computed again: %v", err), verdict.Incomplete
		return nil
	case err != nil:
		return nil // it is red, whatever stands here
	}
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
	r.Record.Conclude(computed.Overall, messageOf(computed), r.Record.FinishedAt)
	return nil
}

// errElsewhere marks a log of a run that was made from something else than stands here.
var errElsewhere = errors.New("here is another")

// recompute decides on the run of a log as on a shard that is all of it.
func recompute(log io.Reader, path string, claimed *verdict.Verdict) (*verdict.Verdict, error) {
	logged, err := record.Read(log) // a record of its own: joining changes it
	if err != nil {
		return nil, err
	}
	file := logged.File
	if file == "" {
		file = "milestones/" + logged.Milestone + ".yaml"
	}
	s := newSetup(Config{Milestone: file, Now: func() time.Time { return logged.FinishedAt }})
	if s.project, err = project.Locate(file); err != nil {
		return nil, err
	}
	if s.in, err = s.project.Read(); err != nil {
		return nil, err
	}
	if s.hashes, err = s.project.Hashes(s.in); err != nil {
		return nil, err
	}
	if claimed.Known != nil {
		if s.baseline, err = baseline.Read(claimed.Known.Baseline, verdict.LastExpiry(s.Now())); err != nil {
			return nil, err
		}
	}
	whole, err := shard.Of(logged, artifact.DisplayPath(path))
	if err != nil {
		return nil, err
	}
	joined, err := s.join([]*shard.Shard{whole})
	if err != nil {
		return nil, err
	}
	for _, reason := range joined.End.Stops {
		if reason.ID == "shard-differs" {
			return nil, fmt.Errorf("%w milestone, feature, schema or fixture than the run had (%s)", errElsewhere, reason.Message)
		}
	}
	again := record.NewLog(nil, s.secrets)
	again.Begin(s.info, s.selection, s.started)
	run := joined.Record(again)
	run.FinishedAt = logged.FinishedAt
	document := &golden.Document{Milestone: s.in.Milestone.ID, Scenarios: joined.Rows}
	comparison, err := s.compare(document, document.Encode(), run)
	if err != nil {
		return nil, err
	}
	run.Stops = append(run.Stops, s.contradictions(run, document)...)
	v := verdict.Decide(run, s.inputs(comparison))
	return &v, nil
}

// contradictions are where the exchanges and results of a log differ from its output and its results.
func (s *setup) contradictions(run *record.Run, document *golden.Document) []record.Reason {
	var reasons []record.Reason
	against := func(format string, args ...any) {
		reasons = append(reasons, record.Reason{ID: "counts-disagree", Message: fmt.Sprintf(format, args...), Where: artifact.Messages})
	}
	writer, err := golden.NewWriter(s.in.Milestone, steps.OwnPatterns)
	if err != nil {
		against("%v", err)
		return reasons
	}
	rows := map[string]golden.Row{}
	for _, row := range document.Scenarios {
		rows[row.Scenario] = row
	}
	failed := func(x *record.Exchange) bool { return len(x.Failures()) > 0 }
	for place, scenario := range run.Scenarios {
		id := s.in.Plan.Scenarios[place].ID
		if scenario.Result.Status == record.Passed && slices.ContainsFunc(scenario.Exchanges, failed) {
			against("%s passed in the log, and one of its answers failed a check", id)
		}
		if row, written := rows[id]; written && !scenario.Ended.IsZero() && !slices.Equal(writer.Row(id, scenario.Exchanges).Answers, row.Answers) {
			against("%s has other answers in the exchanges of the log than in its output", id)
		}
	}
	return reasons
}
