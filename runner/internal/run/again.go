package run

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
)

// repeat runs everything as often as was asked for, and notes which scenarios saw something else than in the first run.
//
// The built-in servers see the same requests in the same order each time, so everything about an exchange but its times
// has to be the same. In another order servers count otherwise, and a target that saw a seed would replay its answers, so
// then only what the output has of a scenario is compared; and of a target, whose clock goes on, no bodies.
//
// What a further run has beside that, its artifacts and its state, is not kept: the first one is reported.
func (r *run) repeat(ctx context.Context, first execute.Executor) error {
	writer, err := golden.NewWriter(r.in.Milestone, made)
	if err != nil {
		return err
	}
	exchanges := r.seen.ByScenario()
	known := map[int]bool{}
	for n := 2; n <= r.Repeat && len(r.seen.Stops) == 0; n++ {
		again := first
		if !r.service.BuiltIn() {
			again.RunID = record.RepeatSeed(r.service.RunID, n)
		}
		if r.Shuffle != "" {
			again.Shuffle = record.RepeatSeed(r.Shuffle, n)
		}
		seen := again.Run(ctx)
		again.Close()
		for _, stop := range seen.Stops {
			stop.Message = fmt.Sprintf("run %d: %s", n, stop.Message)
			r.seen.Stops = append(r.seen.Stops, stop)
		}
		r.seen.Agreed, r.seen.Godog = r.seen.Agreed && seen.Agreed, max(r.seen.Godog, seen.Godog)
		others := seen.ByScenario()
		for _, i := range r.selection.Scenarios {
			before, after := r.seen.Results[i], seen.Results[i]
			says := ""
			switch {
			case known[i]:
			case after.Status == record.Unreached && before.Status != record.Unreached:
				r.seen.Stops = append(r.seen.Stops, record.Reason{
					ID: "target-unreachable", Where: r.in.Plan.Scenarios[i].Where(), Message: fmt.Sprintf("run %d: %s", n, after.Message),
				})
			case after.Status == "" || after.Status == record.NotRun: // a stop says why
			case before.Status != after.Status:
				says = fmt.Sprintf("it %s in run 1 and %s in run %d: %s", ended(before), ended(after), n, cmp.Or(after.Message, before.Message))
			case r.service.BuiltIn() && r.Shuffle == "":
				says = r.exactly(exchanges[i], others[i], n)
			default:
				says = roughly(writer, r.service.BuiltIn(), exchanges[i], others[i], n)
			}
			if says != "" {
				known[i] = true
				r.differing = append(r.differing, record.Differing{Scenario: i, Message: r.secrets.Scrub(says)})
			}
		}
	}
	return nil
}

// ended words how a scenario ended.
func ended(result record.Result) string {
	switch result.Status {
	case record.Passed, record.Failed:
		return string(result.Status)
	}
	return "was " + string(result.Status)
}

// exactly says which exchange is the first that is not the same in every byte; "" when all are.
func (r *run) exactly(before, after []*record.Exchange, run int) string {
	for i := range min(len(before), len(after)) {
		was, is := string(before[i].WithoutTimes()), string(after[i].WithoutTimes())
		if was == is {
			continue
		}
		at := 0
		for at < min(len(was), len(is)) && was[at] == is[at] {
			at++
		}
		return fmt.Sprintf("exchange %d (%s %s) has %s in run 1 and %s in run %d",
			i+1, before[i].Operation, before[i].Message, around(was, at), around(is, at), run)
	}
	return counted(before, after, run)
}

// around is the text around a place in it.
func around(text string, at int) string {
	from, to := max(0, at-30), min(len(text), at+30)
	return "…" + strings.ToValidUTF8(text[from:to], "") + "…"
}

// roughly says which answer is the first that the output would show to be another one; "" when there is none.
func roughly(writer *golden.Writer, bodies bool, before, after []*record.Exchange, run int) string {
	for i := range min(len(before), len(after)) {
		was, is := writer.Row("", before[:i+1]), writer.Row("", after[:i+1])
		switch {
		case was.Answers[i] != is.Answers[i]:
			return fmt.Sprintf("answer %d was %s in run 1 and %s in run %d", i+1, was.Answers[i], is.Answers[i], run)
		case bodies && was.BodiesSHA256 != is.BodiesSHA256:
			return fmt.Sprintf("answer %d (%s) has another body in run %d than in run 1", i+1, was.Answers[i], run)
		}
	}
	return counted(before, after, run)
}

// counted says that there were not as many exchanges as before; "" when there were.
func counted(before, after []*record.Exchange, run int) string {
	if len(before) == len(after) {
		return ""
	}
	return fmt.Sprintf("it had %d exchanges in run 1 and %d in run %d", len(before), len(after), run)
}
