package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/record"
)

// KnownFailures is what a baseline excuses.
type KnownFailures struct {
	// Message counts the entries of the baseline that occur.
	Message  string `json:"message"`
	Baseline string `json:"baseline"`
	// Entries are those that occur, in the order of the file.
	Entries []Known `json:"entries"`
}

// Known is an entry of a baseline that occurs.
type Known struct {
	Cause      string           `json:"cause,omitzero"`
	Scenario   string           `json:"scenario,omitzero"`
	Operations []string         `json:"operations,omitzero"`
	Rules      []string         `json:"rules,omitzero"`
	Level      milestones.Level `json:"level,omitzero"`
	// Count is in how many scenarios the entry expects the cause, and Seen in how many it occurs. A cause that occurs in more is
	// not excused.
	Count   int    `json:"count"`
	Seen    int    `json:"seen"`
	Because string `json:"because"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
}

// Excuses reports whether the entry excuses its cause.
func (k *Known) Excuses() bool { return k.Cause == "" || k.Seen <= k.Count }

// knownBy is an entry that occurs in so many scenarios.
func knownBy(e *baseline.Entry, seen int, secrets *record.Secrets) Known {
	k := Known{
		Cause: e.Cause, Scenario: e.Scenario, Operations: e.Operations, Rules: e.Rules, Level: e.Level,
		Count: cmp.Or(e.Count, seen), Seen: seen, Because: e.Reason, Owner: e.Owner, Expires: e.Expires,
	}
	if secrets != nil {
		k.Because, k.Owner = secrets.Scrub(e.Reason), secrets.Scrub(e.Owner)
	}
	return k
}

// matches reports whether an entry is for an occurrence.
func (v *Verdict) matches(r *input, e *baseline.Entry, o *occurrence) bool {
	scenario, rule := "", ""
	if o.scenario >= 0 {
		s := &r.Selection.Plan.Scenarios[o.scenario]
		scenario, rule = s.Ref(), s.Rule
	}
	return e.Matches(o.Key, o.operation, scenario, rule)
}

// excuse finds the entry of the baseline for each occurrence. It returns the entries whose cause occurs more often than they allow,
// with a message: they excuse nothing.
func (v *Verdict) excuse(r *input, all []occurrence) (exceeded map[*baseline.Entry]string) {
	if r.Baseline == nil {
		return nil
	}
	v.Known = &KnownFailures{Baseline: r.Baseline.File, Entries: []Known{}}
	type placeOf struct{ scenario, exchange int }
	seen := map[*baseline.Entry]map[placeOf]bool{}
	for i := range all {
		o := &all[i]
		for j := range r.Baseline.Known {
			e := &r.Baseline.Known[j]
			if !v.requires(e.Level) || !v.matches(r, e, o) {
				continue
			}
			if seen[e] == nil {
				seen[e] = map[placeOf]bool{}
			}
			at := placeOf{scenario: o.scenario}
			if o.scenario < 0 {
				at.exchange = o.exchange
			}
			seen[e][at] = true
			if !e.Expired(r.Now) && o.entry == nil {
				o.entry = e
			}
		}
	}
	exceeded = map[*baseline.Entry]string{}
	occurring := 0
	for j := range r.Baseline.Known {
		e := &r.Baseline.Known[j]
		n := len(seen[e])
		if n == 0 {
			continue
		}
		occurring++
		v.Known.Entries = append(v.Known.Entries, knownBy(e, n, r.Secrets))
		if e.Cause != "" && n > e.Count {
			exceeded[e] = fmt.Sprintf("%s:%d expects it in %d, and it occurs in %d: fix what is new, or raise the count", r.Baseline.File, e.Line, e.Count, n)
		}
	}
	for i := range all {
		if _, over := exceeded[all[i].entry]; over {
			all[i].entry = nil
		}
	}
	v.Known.Message = fmt.Sprintf("known failures: %d (baseline %s)", occurring, v.Known.Baseline)
	return exceeded
}

// Fewer are lines about entries whose cause occurs in fewer scenarios than they expect. A run that is not all of level full has no
// such line: other scenarios may have the cause.
func (v *Verdict) Fewer() []string {
	if v.Known == nil || v.Level == milestones.Core || !v.ranAllButSkipped() {
		return nil
	}
	var lines []string
	for _, k := range v.Known.Entries {
		if k.Seen < k.Count {
			lines = append(lines, fmt.Sprintf("%s occurs in %s, and %s expects it in %d: lower the count", k.Cause, plural.Count(k.Seen, "scenario"), v.Known.Baseline, k.Count))
		}
	}
	return lines
}

// ranAllButSkipped reports whether every scenario that the level requires ran to an end of its own, but for those that were left out
// as was declared.
func (v *Verdict) ranAllButSkipped() bool {
	for status := range v.Scenarios {
		switch status {
		case record.Passed, record.Failed, record.ChecksFailed, record.NotAtLevel, record.SkippedByCapability:
		default:
			return false
		}
	}
	return !slices.ContainsFunc(v.Skipped, func(gap Gap) bool { return !gap.Declared })
}

// checkBaseline adds what is wrong with the baseline itself.
func (v *Verdict) checkBaseline(r *input, all []occurrence) {
	if r.Baseline == nil || r.Selection == nil {
		return // nothing ran that could show whether the baseline is up to date
	}
	occurs := func(e *baseline.Entry) bool {
		return slices.ContainsFunc(all, func(o occurrence) bool { return v.matches(r, e, &o) })
	}
	passed, refs := map[string]string{}, []string{}
	for i := range r.Selection.Plan.Scenarios {
		scenario := &r.Selection.Plan.Scenarios[i]
		refs = append(refs, scenario.Ref())
		passed[scenario.Ref()] = ""
		if v.statusOf(r, i).Status == record.Passed {
			passed[scenario.Ref()] = scenario.ID
		}
	}
	for i := range r.Baseline.Known {
		e := &r.Baseline.Known[i]
		where := fmt.Sprintf("%s:%d", r.Baseline.File, e.Line)
		name, exists := passed[e.Scenario]
		unknown := unknownNames(r, e)
		switch {
		case !v.requires(e.Level), cause.Kind(e.Cause) == cause.KindDifference:
		case e.Scenario != "" && !exists:
			v.add("baseline-unknown", where, "there is no scenario %s%s: remove the entry", e.Scenario, suggest.DidYouMean(e.Scenario, refs))
		case unknown != "":
			v.add("baseline-unknown", where, "%s: correct the entry, or remove it", unknown)
		case occurs(e) && e.Expired(r.Now):
			v.add("baseline-expired", where, "%s was to be fixed by %s, and %s is over: fix it, or renew the date", e.Name(), e.Owner, e.Expires)
		case occurs(e):
		case e.Scenario != "" && name != "":
			v.add("baseline-outdated", where, "%s passes now (%s): remove the entry", e.Scenario, name)
		case e.Cause != "" && v.ranAllButSkipped():
			v.add("baseline-outdated", where, "%s does not occur%s%s: remove the entry", e.Cause, narrowed(e), nearestCause(e.Cause, all))
		case e.Expired(r.Now):
			v.add("baseline-expired", where, "%s was to be fixed by %s, and %s is over: remove the entry, or renew the date", e.Name(), e.Owner, e.Expires)
		}
	}
}

// unknownNames says which rule or operation of an entry the milestone does not have; "" when it has all.
func unknownNames(r *input, e *baseline.Entry) string {
	var rules, operations []string
	for i := range r.Milestone.Rules {
		rules = append(rules, r.Milestone.Rules[i].ID)
	}
	for i := range r.Milestone.Operations {
		operations = append(operations, r.Milestone.Operations[i].ID)
	}
	operations = append(operations, r.Milestone.Router.ID)
	for _, kind := range []struct {
		name       string
		ids, known []string
	}{{"rule", e.Rules, rules}, {"operation", e.Operations, operations}} {
		for _, id := range kind.ids {
			if !slices.Contains(kind.known, id) {
				return fmt.Sprintf("there is no %s %s%s", kind.name, id, suggest.DidYouMean(id, kind.known))
			}
		}
	}
	return ""
}

// narrowed is a phrase about an entry that is for some operations or rules only.
func narrowed(e *baseline.Entry) string {
	if len(e.Operations)+len(e.Rules) == 0 {
		return ""
	}
	return " with the operations and rules of the entry"
}

// nearestCause suggests a cause that occurs.
func nearestCause(key string, all []occurrence) string {
	var keys []string
	for _, o := range all {
		if !slices.Contains(keys, o.Key) {
			keys = append(keys, o.Key)
		}
	}
	return suggest.DidYouMean(key, keys)
}

// KnownCount is how many entries of the baseline occur.
func (v *Verdict) KnownCount() int {
	if v.Known == nil {
		return 0
	}
	return len(v.Known.Entries)
}

// Excuses reports whether all failures of a scenario, by its short id, are known.
func (v *Verdict) Excuses(scenario string) bool {
	known := false
	for _, c := range v.Causes {
		if slices.Contains(c.Scenarios, scenario) {
			if !c.Known {
				return false
			}
			known = true
		}
	}
	return known
}

// KnownAs is the entry that excuses a scenario that did not pass: all its failures are known. It is nil when one of them is not.
func (v *Verdict) KnownAs(s *record.Scenario) *Known {
	if v.Known == nil || !v.Excuses(s.Ref()) {
		return nil
	}
	var by *Known
	for _, c := range v.Causes {
		if !slices.Contains(c.Scenarios, s.Ref()) {
			continue
		}
		at := slices.IndexFunc(v.Known.Entries, func(k Known) bool { return k.Scenario == s.Ref() || k.Cause == c.Key })
		if at >= 0 && (by == nil || s.Result.Cause != nil && s.Result.Cause.Key == c.Key) {
			by = &v.Known.Entries[at]
		}
	}
	return by
}

// Entries returns what a baseline has to list so that the verdict is green: an entry for each cause that is not known. The entries
// for failed steps and for the golden output are narrowed to the rules of their scenarios, so that the same cause in a scenario of
// another rule is seen. Reason, owner and last day are for the caller to add.
func (v *Verdict) Entries() []baseline.Entry {
	var entries []baseline.Entry
	for _, c := range v.Causes {
		if c.Known {
			continue
		}
		e := baseline.Entry{Cause: c.Key, Count: c.Count, Example: c.Example.Where + ": " + c.Example.Message}
		if c.Level == milestones.Full {
			e.Level = milestones.Full
		}
		switch cause.Kind(c.Key) {
		case cause.KindOutcome, cause.KindBody, cause.KindHeader, cause.KindStep, cause.KindAnswer, cause.KindOutput:
			e.Rules = slices.Sorted(slices.Values(c.Rules))
		}
		entries = append(entries, e)
	}
	return entries
}
