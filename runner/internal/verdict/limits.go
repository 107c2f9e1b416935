package verdict

import (
	"slices"
	"time"
)

// This file has the limits of a green run: how much of it may be excused by a baseline, or left out because the target is
// declared to lack something. They keep a run in which hardly anything was verified from being green.
//
//	limit            beyond it
//	leastProved      the run is red with the reason "too-few-proved"
//	mostExcused      the run is red with the reason "too-many-excused"
//	ExpiryDays       the baseline is refused, with the reason "not-started"
//	(none at all)    a required reason code that is never observed is "floor-unobserved", and no baseline excuses it
//	(none at all)    a required capability that the target lacks is "capability-required"
const (
	// leastProved is the share of the selected rules that has to be proved. A rule is selected when one of its scenarios is,
	// or would be if the target did not lack something.
	leastProved = 0.5
	// mostExcused is the share of the selected scenarios that may have a failed step that the baseline excuses.
	mostExcused = 0.5
	// ExpiryDays is how many days ahead an entry of a baseline may expire.
	ExpiryDays = 366
)

// LastExpiry is the last day on which an entry of a baseline may expire, such as 2026-12-31.
func LastExpiry(now time.Time) string {
	return now.UTC().AddDate(0, 0, ExpiryDays).Format(time.DateOnly)
}

// limit adds what speaks against a run of which too much is excused or left out. A rule that is neither speaks against the
// run by itself.
func (v *Verdict) limit(r *input, all []occurrence) {
	selected := map[string]bool{}
	for _, i := range slices.Concat(r.Selection.Scenarios, r.Selection.Skipped) {
		if scenario := &r.Selection.Plan.Scenarios[i]; v.requires(scenario.Level) {
			selected[scenario.Rule] = true
		}
	}
	proved, spared := 0, false
	for _, rule := range v.Rules {
		if selected[rule.ID] && rule.Proved {
			proved++
		}
		spared = spared || rule.Known || rule.Skipped
	}
	if spared && float64(proved) < leastProved*float64(len(selected)) {
		v.add("too-few-proved", "verdict.json", "%d of the %d selected rules are proved, and at least half must be", proved, len(selected))
	}
	ran := 0
	for _, n := range v.selected {
		ran += n
	}
	excused := map[int]bool{}
	for _, o := range all {
		if o.entry != nil && o.scenario >= 0 && o.step {
			excused[o.scenario] = true
		}
	}
	if float64(len(excused)) > mostExcused*float64(ran) {
		v.add("too-many-excused", v.Known.Baseline, "%d of the %d selected scenarios have a failed step that %s excuses, and at most half may",
			len(excused), ran, v.Known.Baseline)
	}
}
