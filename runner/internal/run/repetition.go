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

// repeat runs everything as often as it is to be repeated, and adds the scenarios with other results than in the first run to
// its record.
//
// The built-in servers get the same requests in the same order each time, so everything about an exchange but its times
// has to be the same. In another order servers count differently, and a target would replay its answers for a run id that it
// knows, so then only what the output has of a scenario is compared; and of a target, whose clock goes on, no bodies.
//
// Nothing else of a further run is kept: the first one is reported.
func (s *setup) repeat(ctx context.Context, executor execute.Executor, writer *golden.Writer, first *record.Run) {
	compare := func(before, after []*record.Exchange, n int) string {
		if s.service.BuiltIn() && s.Shuffle == "" {
			return firstDifference(before, after, n, s.secrets)
		}
		return firstDifferentAnswer(writer, s.service.BuiltIn(), before, after, n)
	}
	known := map[int]bool{}
	for n := 2; n <= s.Repeat && len(first.Stops) == 0; n++ {
		again := executor
		if !s.service.BuiltIn() {
			again.RunID = record.RepeatSeed(s.service.RunID, n)
		}
		if s.Shuffle != "" {
			again.Shuffle = record.RepeatSeed(s.Shuffle, n)
		}
		run := again.Run(ctx)
		again.Close()
		for _, stop := range run.Stops {
			stop.Message = fmt.Sprintf("run %d: %s", n, stop.Message)
			first.Stops = append(first.Stops, stop)
		}
		for _, i := range s.selection.Scenarios {
			before, after := first.Scenarios[i], run.Scenarios[i]
			message := ""
			switch {
			case known[i]:
			case after.Result.Status == record.Unreached && before.Result.Status != record.Unreached:
				first.Stops = append(first.Stops, record.Reason{
					ID: "target-unreachable", Where: s.in.Plan.Scenarios[i].Where(), Message: fmt.Sprintf("run %d: %s", n, after.Result.Message),
				})
			case after.Result.Status == record.NotRun: // a stop explains it
			case before.Result.Status != after.Result.Status:
				message = fmt.Sprintf("it %s in run 1 and %s in run %d: %s",
					verbOf(before.Result), verbOf(after.Result), n, cmp.Or(after.Result.Message, before.Result.Message))
			default:
				message = compare(before.Exchanges, after.Exchanges, n)
			}
			if message != "" {
				known[i] = true
				first.Differing = append(first.Differing, record.Differing{Scenario: i, Message: s.secrets.Clean(message)})
			}
		}
	}
}

// verbOf is how a scenario ended, as a verb of which it is the subject.
func verbOf(result record.Result) string {
	switch result.Status {
	case record.Passed, record.Failed:
		return string(result.Status)
	}
	return "was " + string(result.Status)
}

// firstDifference describes the first exchange that is not the same in every byte; "" when all are. A secret that the first run
// learned late is in the exchanges before it, and in none of a further run.
func firstDifference(before, after []*record.Exchange, run int, secrets *record.Secrets) string {
	for i := range min(len(before), len(after)) {
		was, is := secrets.Clean(string(before[i].WithoutTimes())), secrets.Clean(string(after[i].WithoutTimes()))
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
	return differentCount(before, after, run)
}

// around is the text around a place in it.
func around(text string, at int) string {
	from, to := max(0, at-30), min(len(text), at+30)
	return "…" + strings.ToValidUTF8(text[from:to], "") + "…"
}

// firstDifferentAnswer describes the first answer that differs in the output; "" when there is none.
func firstDifferentAnswer(writer *golden.Writer, bodies bool, before, after []*record.Exchange, run int) string {
	for i := range min(len(before), len(after)) {
		was, is := writer.Row("", before[:i+1]), writer.Row("", after[:i+1])
		switch {
		case was.Answers[i] != is.Answers[i]:
			return fmt.Sprintf("answer %d was %s in run 1 and %s in run %d", i+1, was.Answers[i], is.Answers[i], run)
		case bodies && was.BodiesSHA256 != is.BodiesSHA256:
			return fmt.Sprintf("answer %d (%s) has another body in run %d than in run 1", i+1, was.Answers[i], run)
		}
	}
	return differentCount(before, after, run)
}

// differentCount describes a different number of exchanges; "" when it is the same.
func differentCount(before, after []*record.Exchange, run int) string {
	if len(before) == len(after) {
		return ""
	}
	return fmt.Sprintf("it had %d exchanges in run 1 and %d in run %d", len(before), len(after), run)
}
