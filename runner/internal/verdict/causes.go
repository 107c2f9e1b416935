package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Cause is a cause and the failures that it explains. A cause that a baseline excuses for some operations or rules only is two.
type Cause struct {
	// Key is what failed: see package cause.
	Key string `json:"cause"`
	// Level is full when only this level requires it.
	Level milestones.Level `json:"level"`
	// Reason is the id of the kind of reason that it is.
	Reason string `json:"reason"`
	// Known says that the baseline excuses it.
	Known bool `json:"known,omitzero"`
	// Limit is what the baseline says of a cause that it would excuse in fewer scenarios; "" otherwise.
	Limit string `json:"limit,omitzero"`
	// Count is the number of scenarios in which it occurs. Each occurrence outside of scenarios counts too.
	Count int `json:"count"`
	// Rules are the rules of the scenarios: the one first of which it fails the largest share.
	Rules []string `json:"rules"`
	// Operations are the operations whose answers failed, sorted.
	Operations []string `json:"operations"`
	// Scenarios are the short ids of the scenarios, in the order of the plan.
	Scenarios []string `json:"scenarios"`
	// Example is the first occurrence.
	Example Example `json:"example"`

	asserted int // the occurrences that are no step before the first Then of its scenario
}

// Example is an occurrence of a cause.
type Example struct {
	// Scenario is the id of the scenario, Ref its short id, and Where the step: FILE:LINE.
	Scenario string `json:"scenario"`
	Ref      string `json:"ref"`
	Where    string `json:"where"`
	// Message is what was wrong.
	Message string `json:"message"`
	// Exchange is the number of the exchange in exchanges.ndjson; 0 for none.
	Exchange int `json:"exchange,omitzero"`
	// Curl are the lines that send the request again.
	Curl []string `json:"curl,omitempty"`
}

// occurrence is one failure.
type occurrence struct {
	cause.Cause
	reason    string // the id of the kind
	step      bool   // a step failed
	arranging bool   // the step is before the first Then of the scenario
	scenario  int    // its place in the plan; -1 outside of scenarios
	operation string
	exchange  int // its index; -1 for none
	where     string
	message   string

	entry *baseline.Entry // that excuses it; nil for none
}

// group is what a [Cause] has in common.
func (o *occurrence) group() causeKey { return causeKey{o.Key, o.entry != nil} }

type causeKey struct {
	key   string
	known bool
}

// requires reports whether the level of the verdict requires what has a level of its own.
func (v *Verdict) requires(level milestones.Level) bool {
	return v.Level != milestones.Core || level != milestones.Full
}

// gather returns all failures that the level of the verdict counts, each with one cause.
func (v *Verdict) gather(r *input) []occurrence {
	var all []occurrence
	last := map[int]int{} // the last exchange of a scenario
	for i, x := range r.exchanges {
		if x.Response == nil {
			continue
		}
		last[x.Mark.Scenario] = i
		for _, failed := range x.Failures() {
			for _, c := range failed.Causes {
				o := occurrence{
					Cause: c, reason: "check-failed", scenario: x.Mark.Scenario, operation: x.Operation, exchange: i, where: r.where(x.Mark),
					message: x.Operation + ", " + failed.Check + ": " + messageOf(&failed, c),
				}
				if failed.Check == "declared-outcome" {
					o.reason = "cell-undeclared"
				}
				all = append(all, o)
			}
		}
	}
	if r.Selection != nil {
		for place, scenario := range r.run.Scenarios {
			if scenario.Result.Status == record.Failed {
				all = v.gatherStep(r, all, place, last)
			}
		}
		all = append(all, r.outputOccurrences(v)...)
	}
	all = slices.DeleteFunc(all, func(o occurrence) bool {
		if o.scenario >= 0 && r.Selection != nil && r.Selection.Plan.Scenarios[o.scenario].Level == milestones.Full {
			o.Level = milestones.Full
		}
		return !v.requires(o.Level)
	})
	slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.scenario, b.scenario) })
	return all
}

// messageOf is what a check reports of one of its causes.
func messageOf(failed *record.CheckResult, c cause.Cause) string {
	for _, violation := range failed.Violations {
		if c.Key == cause.Check(failed.Check, strings.TrimSpace(violation.Keyword+" "+cause.Pointer(c.Pointer))) &&
			(violation.InstancePath == string(c.Pointer) || cause.Covers(c.Pointer.Parent(), c.Pointer) && violation.InstancePath == string(c.Pointer.Parent())) {
			return fmt.Sprintf("%q %s", violation.InstancePath, violation.Message)
		}
	}
	return failed.Message
}

// ofOutcome are the checks on the outcome of an answer: a failed step that requires another outcome has their cause.
var ofOutcome = []string{"no-5xx", "declared-outcome", "reason-code"}

// gatherStep adds the failed step of a scenario. When the step looked at an answer that failed a check for the same thing, both are
// one failure: an outcome has the cause of the step, which names the required one too, and a part of the body that of the check.
func (v *Verdict) gatherStep(r *input, all []occurrence, place int, last map[int]int) []occurrence {
	scenario, result := &r.Selection.Plan.Scenarios[place], r.run.Scenarios[place].Result
	o := occurrence{reason: "scenario-failed", step: true, scenario: place, exchange: -1, where: scenario.Where(), message: result.Message}
	if result.Line > 0 {
		o.where = fmt.Sprintf("%s:%d", scenario.URI, result.Line)
		o.arranging = arranging(scenario, result.Line)
	}
	o.Cause = cause.Cause{Key: cause.Step(result.Message, ""), Level: scenario.Level}
	if result.Cause != nil {
		o.Cause = *result.Cause
	}
	answer, answered := last[place]
	if !answered {
		return append(all, o)
	}
	o.exchange, o.operation = answer, r.exchanges[answer].Operation
	onAnswer := func(other occurrence) bool { return other.exchange == answer && !other.step }
	if o.Kind() == cause.KindOutcome {
		all = slices.DeleteFunc(all, func(other occurrence) bool { return onAnswer(other) && slices.Contains(ofOutcome, other.Kind()) })
		return append(all, o)
	}
	explains := func(other occurrence) bool {
		weaker := other.Level == milestones.Full && o.Level != milestones.Full
		return other.scenario == place && !other.step && !weaker && cause.Covers(other.Pointer, o.Pointer)
	}
	at := slices.IndexFunc(all, func(other occurrence) bool { return onAnswer(other) && explains(other) })
	if at < 0 { // the step looked at an earlier answer, as one does that fetches the keys to verify an export
		at = slices.IndexFunc(all, explains)
	}
	if at >= 0 {
		o.Cause = all[at].Cause
		o.reason = all[at].reason
		all = slices.Delete(all, at, at+1)
	}
	return append(all, o)
}

// arranging reports whether the step at a line is before the first Then of its scenario: the scenario failed before it came to what
// its rule is about.
func arranging(scenario *plan.Scenario, line int) bool {
	for _, step := range scenario.Steps {
		switch {
		case strings.TrimSpace(step.Keyword) == "Then":
			return false
		case step.Line == line:
			return true
		}
	}
	return false
}

// outputOccurrences are the scenarios that passed and have other answers than the golden output.
func (r *input) outputOccurrences(v *Verdict) []occurrence {
	if r.Output.Difference == nil {
		return nil
	}
	var all []occurrence
	places := map[string]int{}
	for i := range r.Selection.Plan.Scenarios {
		places[r.Selection.Plan.Scenarios[i].ID] = i
	}
	for _, change := range r.Output.Difference.Changed {
		place := places[change.Scenario]
		if v.statusOf(r, place).Status != record.Passed {
			continue // what failed has other answers for that reason
		}
		scenario := &r.Selection.Plan.Scenarios[place]
		c := cause.Cause{Key: change.Cause(), Level: scenario.Level}
		if change.OnlyReplays {
			c.Level = milestones.Full
		}
		all = append(all, occurrence{
			Cause: c, reason: "output-differs", scenario: place, operation: change.Operation(), exchange: -1, where: scenario.Where(), message: change.String(),
		})
	}
	return all
}

// Ref is the short id of an outcome.
func (c *CoverageItem) Ref() string {
	return plan.Ref("o", c.Operation, string(c.Outcome), string(c.ReasonCode))
}

// coreFailures are the scenarios in which a check of level core failed, by their places.
func (r *input) coreFailures() map[int]bool {
	failed := map[int]bool{}
	for _, x := range r.exchanges {
		if x.Response != nil && slices.ContainsFunc(x.Failures(), func(c record.CheckResult) bool { return c.Level() == milestones.Core }) {
			failed[x.Mark.Scenario] = true
		}
	}
	return failed
}

// summarize makes causes of occurrences: those that are not known first, then the biggest first.
func (v *Verdict) summarize(r *input, all []occurrence, exceeded map[*baseline.Entry]string) {
	order := []causeKey{}
	of := map[causeKey][]*occurrence{}
	for i := range all {
		key := all[i].group()
		if of[key] == nil {
			order = append(order, key)
		}
		of[key] = append(of[key], &all[i])
	}
	for _, key := range order {
		v.Causes = append(v.Causes, v.summary(r, of[key], exceeded))
	}
	slices.SortStableFunc(v.Causes, func(a, b Cause) int {
		return cmp.Or(compareBool(a.Known, b.Known), cmp.Compare(b.Count, a.Count))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// summary is the cause of some occurrences.
func (v *Verdict) summary(r *input, of []*occurrence, exceeded map[*baseline.Entry]string) Cause {
	first := of[0]
	c := Cause{
		Key: first.Key, Level: milestones.Full, Reason: first.reason, Known: first.entry != nil,
		Rules: []string{}, Operations: []string{}, Scenarios: []string{},
		Example: Example{Where: first.where, Message: first.message, Exchange: first.exchange + 1},
	}
	places, operations := map[int]bool{}, map[string]bool{}
	for _, o := range of {
		if o.Level != milestones.Full {
			c.Level = milestones.Core
		}
		if !o.arranging {
			c.asserted++
		}
		if o.operation != "" {
			operations[o.operation] = true
		}
		if o.scenario < 0 {
			c.Count++
			continue
		}
		places[o.scenario] = true
	}
	c.Count += len(places)
	c.Operations = append(c.Operations, slices.Sorted(maps.Keys(operations))...)
	failed := map[string]int{}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		scenario := &r.Selection.Plan.Scenarios[place]
		if scenario.Level == milestones.Full && c.Level == milestones.Core && v.Level == milestones.Core {
			continue
		}
		c.Scenarios = append(c.Scenarios, scenario.Ref())
		failed[scenario.Rule]++
	}
	c.Rules = append(c.Rules, slices.SortedFunc(maps.Keys(failed), func(a, b string) int {
		share := func(rule string) float64 { return float64(failed[rule]) / float64(v.selected[rule]) }
		return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(failed[b], failed[a]), cmp.Compare(a, b))
	})...)
	if first.scenario >= 0 {
		scenario := &r.Selection.Plan.Scenarios[first.scenario]
		c.Example.Scenario, c.Example.Ref = scenario.ID, scenario.Ref()
	}
	if first.exchange >= 0 && r.Curl != nil {
		c.Example.Curl = r.Curl(r.exchanges[first.exchange])
	}
	for _, o := range of {
		for entry, limit := range exceeded {
			if c.Limit == "" && o.entry == nil && v.matches(r, entry, o) {
				c.Limit = limit
			}
		}
	}
	return c
}

// mostRules is how many rules a reason names.
const mostRules = 5

// reasonsOfCauses makes a reason of each cause that is not known. The first ones are the likeliest to name the rule that is broken:
// a cause that the baseline does not have is before one that it has in fewer scenarios, and then those with the most failed
// assertions are first. A scenario that did not come to its assertions does not show that its rule is broken.
func (v *Verdict) reasonsOfCauses() {
	likeliest := slices.SortedStableFunc(slices.Values(v.Causes), func(a, b Cause) int {
		return cmp.Or(compareBool(a.Limit != "", b.Limit != ""), cmp.Compare(b.asserted, a.asserted))
	})
	for _, c := range likeliest {
		if c.Known {
			continue
		}
		message := c.Key
		if len(c.Scenarios) > 0 {
			message += ": " + plural.Count(len(c.Scenarios), "scenario") + " of " + listOf(c.Rules, "@", mostRules)
		} else {
			message += ": " + plural.Count(c.Count, "answer") + " of " + listOf(c.Operations, "", mostRules)
		}
		if c.Limit != "" {
			message += "; " + c.Limit
		}
		v.Reasons = append(v.Reasons, record.Reason{ID: c.Reason, Cause: c.Key, Scenario: c.Example.Ref, Message: message, Where: c.Example.Where})
	}
}

// listOf lists ids, and no more of them than most.
func listOf(ids []string, prefix string, most int) string {
	var named []string
	for i, id := range ids {
		if i == most {
			return strings.Join(named, ", ") + fmt.Sprintf(" and %d more", len(ids)-i)
		}
		named = append(named, prefix+id)
	}
	return strings.Join(named, ", ")
}
