package verdict

import (
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Records are a run of a test, and what it is decided by.
type Records struct {
	Info                       record.Info
	Milestone                  *milestones.Milestone
	Selection                  *plan.Selection
	Results                    map[int]record.Result // by place in the plan; a selected scenario without one did not run
	Exchanges                  []*record.Exchange
	Stops                      []record.Reason
	Differing                  []record.Differing
	Output                     *golden.Difference
	Identical                  bool
	OutputSHA256, GoldenSHA256 string
	Golden                     *golden.Document
	Baseline                   *baseline.Baseline
	Curl                       func(*record.Exchange) []string
	Now, StartedAt, FinishedAt time.Time
	Secrets                    *record.Secrets
	Workers                    int
}

// decideOn decides on the run of a test.
func decideOn(r Records) Verdict {
	log := record.NewLog(nil, new(record.Secrets))
	log.Begin(r.Info, r.Selection, r.StartedAt)
	run := log.End()
	run.StartedAt, run.FinishedAt = r.StartedAt, r.FinishedAt
	run.End = record.End{Workers: r.Workers, Stops: r.Stops, Differing: r.Differing}
	for place, result := range r.Results {
		run.Scenarios[place].Result = result
	}
	for _, x := range r.Exchanges {
		if place := x.Mark.Scenario; place < 0 {
			run.Unassigned = append(run.Unassigned, x)
		} else {
			run.Scenarios[place].Exchanges = append(run.Scenarios[place].Exchanges, x)
		}
	}
	return Decide(run, Inputs{
		Milestone: r.Milestone, Selection: r.Selection, Baseline: r.Baseline, Curl: r.Curl, Now: r.Now, Secrets: r.Secrets,
		Output: golden.Comparison{Difference: r.Output, Golden: r.Golden, Identical: r.Identical, SHA256: r.OutputSHA256, GoldenSHA256: r.GoldenSHA256},
	})
}
