package run

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"

	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
)

// hint returns what to do next; "" when there is nothing to do.
func (s *setup) hint(d *delivery, difference *golden.Difference, updated bool) string {
	has := func(ids ...string) bool {
		return slices.ContainsFunc(d.reported.Reasons, func(reason record.Reason) bool { return slices.Contains(ids, reason.ID) })
	}
	switch {
	case updated:
		return "The golden output was updated: fixtures/" + project.Golden(s.in.Milestone.ID) + ". Review it like code."
	case d.reported.Overall && d.reported.KnownCount() > 0:
		return "The contract holds but for what " + s.Baseline + " lists."
	case d.reported.Overall:
		return ""
	case s.replayed(d.run) > 0:
		return fmt.Sprintf("Next: %d answers to first requests are marked as replays. Has the target seen the run id %s before? Each run needs its own: without --run-id it gets one.",
			s.replayed(d.run), s.info.RunID)
	case has("interrupted"):
		return "Next: run it again, and let it end."
	case has("not-started"):
		return "Next: fix the files above; nothing was run."
	case has("sentence-undefined", "sentence-broken", "sentence-ambiguous"):
		return "Next: fix the steps above. `go doc ./steps` describes the step definitions."
	case has("target-unreachable"):
		return "Next: check that the target is up, and stays up."
	case s.UpdateGolden && has("scenario-failed", "check-failed"):
		return "The golden output was not updated: first make everything else pass."
	case has("run-differs"):
		return "Next: find what the scenarios above leave to chance, to time, or to each other."
	case s.info.Shuffle != "" && (d.failures() || has("output-differs")):
		return "Next: run it again without --shuffle. A scenario that then sees something else depends on others; --shuffle=" + s.info.Shuffle + " gives this order again."
	case d.failures():
		return "Next: begin with the first cause above, which is in the most scenarios."
	case has("baseline-outdated", "baseline-expired", "baseline-unknown"):
		return "Next: bring " + s.Baseline + " up to date, as the reasons above describe."
	case has("shard-missing", "shard-twice", "shard-differs", "shard-incomplete"):
		return "Next: fix the shards as the reasons above describe, and merge again."
	case has("shard-alone"):
		return fmt.Sprintf("Next: a shard alone has no verdict. `runner merge %s FOLDER…` with the folders of all %d gives it.", filepath.ToSlash(s.Milestone), s.Shard.Of)
	case has("selection-incomplete"):
		return "Next: a part of the scenarios cannot pass. Run all of them, without " + s.selection.Args() + "."
	case has("scenario-left-out"):
		return "Next: name with --capability what the target has, and with --no-capability what it is known to lack."
	case difference != nil && !difference.Empty(), has("output-unknown", "output-differs"):
		how := "--update-golden"
		if s.hasFake() {
			how = "`make generate`"
		}
		return "Next: if the output above is as it should be, " + how + " makes it the golden one; review that change."
	}
	return ""
}

// replayed counts the answers of a target to first requests that are marked as replays.
func (s *setup) replayed(run *record.Run) int {
	n := 0
	for _, x := range run.Exchanges() {
		if !s.builtIn() && x.Response != nil && x.Request.Method == http.MethodPost && !x.KeySentBefore &&
			x.Response.Header.Get(s.in.Milestone.Transport.ReplayHeader) == "true" {
			n++
		}
	}
	return n
}
