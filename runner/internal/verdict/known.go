package verdict

import (
	"fmt"
	"slices"
	"strconv"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// The short names of what is neither a scenario nor a check.

// RuleRef is the short name of a rule, by its id.
func RuleRef(rule string) string { return plan.Ref("r", rule) }

// ReasonCodeRef is the short name of a reason code of the floor.
func ReasonCodeRef(code string) string { return plan.Ref("f", code) }

// RowRef is the short name of a row of the golden output, by the id of its scenario.
func RowRef(scenario string) string { return plan.Ref("g", scenario) }

// Ref is the short name of a cell.
func (c *CoverageItem) Ref() string {
	if c.Declared {
		return plan.Ref("o", c.Operation, string(c.Outcome), string(c.ReasonCode))
	}
	return plan.Ref("o", c.Operation, strconv.Itoa(c.Status), string(c.Code), string(c.ReasonCode))
}

// checkRef is the short name of a check on an exchange; "" for one outside of any scenario.
func (r *Records) checkRef(m record.Mark, check string) string {
	if r.Selection == nil || m.Scenario < 0 {
		return ""
	}
	scenario := &r.Selection.Plan.Scenarios[m.Scenario]
	if m.Step < 0 || m.Step >= len(scenario.Steps) {
		return ""
	}
	return scenario.CheckRef(m.Step, check)
}

// failedChecks are the checks that failed in a scenario.
func (v *Verdict) failedChecks(r *Records, scenario int) []string {
	var refs []string
	for _, x := range r.Exchanges {
		if x.Mark.Scenario != scenario || x.Response == nil {
			continue
		}
		for _, failed := range x.Failures() {
			refs = append(refs, r.checkRef(x.Mark, failed.Check))
		}
	}
	return refs
}

// failedOf are the scenarios for these sides of a rule. Unless each side has some and all of them failed, there are
// none: then something else is missing too.
func failedOf(r *Records, rule string, sides []plan.Side) []string {
	var refs []string
	for _, side := range sides {
		some := false
		for i := range r.Selection.Plan.Scenarios {
			scenario := &r.Selection.Plan.Scenarios[i]
			if scenario.Rule != rule || scenario.Side != side {
				continue
			}
			if r.Results[i].Status != record.Failed {
				return nil
			}
			some, refs = true, append(refs, scenario.Ref())
		}
		if !some {
			return nil
		}
	}
	return refs
}

// Excusable are the reasons that a baseline may list: those that the contract does not hold, without the ones that
// are known once the others are.
func (v *Verdict) Excusable() []record.Reason {
	var reasons []record.Reason
	seen := map[string]bool{}
	for _, reason := range v.Reasons {
		if v.mayBeKnown(reason) && !seen[reason.Ref] && len(v.follows[reason.Ref]) == 0 {
			seen[reason.Ref] = true
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

func (v *Verdict) mayBeKnown(reason record.Reason) bool {
	return reason.Ref != "" && reason.ID != "floor-unobserved" && v.exitOf(reason) == Fails
}

// known are the known failures; none without a baseline.
func (v *Verdict) known() []Known {
	if v.Known == nil {
		return nil
	}
	return v.Known.Failures
}

// KnownCount is how many reasons a baseline excuses.
func (v *Verdict) KnownCount() int { return len(v.known()) }

// IsKnown says whether the reason with a short name is known.
func (v *Verdict) IsKnown(ref string) bool {
	for _, known := range v.known() {
		if known.Ref == ref {
			return true
		}
	}
	return false
}

// KnownFailures says how many entries of the baseline still fail; "" without a baseline.
func (v *Verdict) KnownFailures() string {
	if v.Known == nil {
		return ""
	}
	return v.Known.Message
}

// excuse moves what is known out of the reasons, and adds what is wrong with the baseline itself.
func (v *Verdict) excuse(r *Records) {
	v.Known = &KnownFailures{Baseline: r.Baseline.File}
	entries := map[*baseline.Entry]bool{}
	fails, known := map[string]bool{}, map[string]*baseline.Entry{}
	listed := map[string]*baseline.Entry{}
	for i := range r.Baseline.Known {
		if e := &r.Baseline.Known[i]; !e.Expired(r.Now) {
			listed[e.ID] = e
		}
	}
	for _, reason := range v.Reasons {
		fails[reason.Ref] = true
		if e := listed[reason.Ref]; e != nil && v.mayBeKnown(reason) {
			known[reason.Ref] = e
		}
	}
	for again := true; again; {
		again = false
		for _, reason := range v.Reasons {
			if _, is := known[reason.Ref]; !is && v.mayBeKnown(reason) && v.followsFrom(reason.Ref, known) {
				known[reason.Ref], again = nil, true
			}
		}
	}
	var left []record.Reason
	for _, reason := range v.Reasons {
		if e, is := known[reason.Ref]; is {
			v.Known.Failures = append(v.Known.Failures, knownBy(reason, e, r.Secrets))
			if e != nil {
				entries[e] = true
			}
		} else {
			left = append(left, reason)
		}
	}
	v.Reasons = left
	v.Known.Message = fmt.Sprintf("known failures: %d (baseline %s)", len(entries), v.Known.Baseline)
	for i := range v.Rules {
		_, v.Rules[i].Known = known[RuleRef(v.Rules[i].ID)]
	}
	if r.Selection == nil {
		return // nothing ran that could tell whether the baseline is up to date
	}
	things := v.things(r)
	for i := range r.Baseline.Known {
		v.check(r, &r.Baseline.Known[i], fails, things)
	}
}

// followsFrom says whether all that a reason follows from is known.
func (v *Verdict) followsFrom(ref string, known map[string]*baseline.Entry) bool {
	from := v.follows[ref]
	for _, cause := range from {
		if _, is := known[cause]; !is {
			return false
		}
	}
	return len(from) > 0
}

// check adds what is wrong with an entry. One that this run could not look at is left in peace until it expires.
func (v *Verdict) check(r *Records, e *baseline.Entry, fails map[string]bool, things map[string]thing) {
	where := fmt.Sprintf("%s:%d", r.Baseline.File, e.Line)
	is, exists := things[e.ID]
	switch {
	case fails[e.ID] && !e.Expired(r.Now):
	case !exists && !fails[e.ID] && (v.Complete || e.ID[0] != 'o'):
		v.add("baseline-unknown", where, "%s names nothing that there is%s: remove the entry", e.ID, nearest(e.ID, things))
	case is.holds && !fails[e.ID]:
		v.add("baseline-outdated", where, "%s does not fail any more (%s): remove the entry", e.ID, is.says)
	case e.Expired(r.Now):
		v.add("baseline-expired", where, "%s was to be mended by %s, and %s is over: mend it, or renew the date", e.ID, e.Owner, e.Expires)
	}
}

func nearest(id string, things map[string]thing) string {
	var ids []string
	for other := range things {
		if other[0] == id[0] {
			ids = append(ids, other)
		}
	}
	slices.Sort(ids)
	if id := suggest.Nearest(id, ids); id != "" {
		return fmt.Sprintf(" (did you mean %s, %s?)", id, things[id].says)
	}
	return ""
}

// thing is something that a short name names.
type thing struct {
	says  string
	holds bool // as far as this run saw
}

// things are all that an entry can name. Outcomes that are not declared are among them only while they are observed.
func (v *Verdict) things(r *Records) map[string]thing {
	things := map[string]thing{}
	for i := range v.Rules {
		things[RuleRef(v.Rules[i].ID)] = thing{"@" + v.Rules[i].ID, v.Rules[i].Proved}
	}
	for i := range v.Coverage {
		if cell := &v.Coverage[i]; cell.Declared {
			things[cell.Ref()] = thing{cell.Operation + ", " + string(cell.Outcome), cell.Observed > 0}
		}
	}
	reached := map[int]int{} // the last sentence of a scenario that was answered
	for _, x := range r.Exchanges {
		if x.Response != nil {
			reached[x.Mark.Scenario] = max(reached[x.Mark.Scenario], x.Mark.Step)
		}
	}
	checks := false
	for _, e := range r.Baseline.Known {
		checks = checks || e.ID[0] == 'c' // there are tens of thousands of them, and seldom one is asked for
	}
	for i := range r.Selection.Plan.Scenarios {
		scenario := &r.Selection.Plan.Scenarios[i]
		passed := r.Results[i].Status == record.Passed
		things[scenario.Ref()] = thing{scenario.ID, passed}
		things[RowRef(scenario.ID)] = thing{"the output of " + scenario.ID, passed && r.Output != nil}
		if !checks {
			continue
		}
		for step := range scenario.Steps {
			last, answered := reached[i]
			for _, check := range r.Checks {
				things[scenario.CheckRef(step, check)] = thing{
					fmt.Sprintf("%s at %s:%d", check, scenario.URI, scenario.Steps[step].Line),
					passed || r.Results[i].Status == record.Failed && answered && last >= step,
				}
			}
		}
	}
	return things
}
