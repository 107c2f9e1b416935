package difftest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"example.com/lpgate/milestones"
)

// Coverage counts the rules and outcomes that the fake reached.
type Coverage struct {
	milestone *milestones.Milestone
	calls     int
	sequences int
	rules     map[string]*ruleCount
	outcomes  map[outcomeKey]int
}

// ruleCount counts how often a rule refused a request, and how often it did not, with the first call of each, from 1.
type ruleCount struct{ refused, passed, firstRefused, firstPassed int }

// outcomeKey is an outcome of an operation.
type outcomeKey struct {
	operation string
	milestones.CoverageItem
}

// ruleResult is a rule that the fake evaluated for a request.
type ruleResult struct {
	rule    string
	refused bool
}

// reached is what the fake reached with one call.
type reached struct {
	operation *milestones.Operation
	outcomes  []milestones.CoverageItem
	rules     []ruleResult
}

func newCoverage(m *milestones.Milestone) *Coverage {
	c := &Coverage{milestone: m, rules: map[string]*ruleCount{}, outcomes: map[outcomeKey]int{}}
	for _, rule := range m.Rules {
		c.rules[rule.ID] = new(ruleCount)
	}
	return c
}

// add counts a call.
func (c *Coverage) add(call reached) {
	c.calls++
	for _, r := range call.rules {
		count, known := c.rules[r.rule]
		switch {
		case !known:
		case r.refused:
			count.refused++
			count.firstRefused = cmp.Or(count.firstRefused, c.calls)
		default:
			count.passed++
			count.firstPassed = cmp.Or(count.firstPassed, c.calls)
		}
	}
	for _, item := range call.outcomes {
		c.outcomes[outcomeKey{call.operation.ID, item}]++
	}
}

// complete reports whether a rule was reached: a precondition when it refused and when it did not.
func (c *ruleCount) complete(kind string) bool {
	return c.passed > 0 && (kind == milestones.Invariant || c.refused > 0)
}

// reachedRules returns the number of rules that are complete, and of all.
func (c *Coverage) reachedRules() (complete, all int) {
	for _, rule := range c.milestone.Rules {
		if c.rules[rule.ID].complete(rule.Kind) {
			complete++
		}
	}
	return complete, len(c.milestone.Rules)
}

// Unreached returns the rules and outcomes that no call reached. A precondition is followed by the missing side.
func (c *Coverage) Unreached() (rules, outcomes []string) {
	for _, rule := range c.milestone.Rules {
		count := c.rules[rule.ID]
		if rule.Kind == milestones.Invariant && count.passed == 0 {
			rules = append(rules, rule.ID)
		}
		if rule.Kind == milestones.Precondition && count.refused == 0 {
			rules = append(rules, rule.ID+" (refused)")
		}
		if rule.Kind == milestones.Precondition && count.passed == 0 {
			rules = append(rules, rule.ID+" (permitted)")
		}
	}
	c.eachOutcome(func(o *milestones.Operation, item milestones.CoverageItem) {
		if c.outcomes[outcomeKey{o.ID, item}] == 0 {
			outcomes = append(outcomes, o.ID+" "+outcomeName(item))
		}
	})
	return rules, outcomes
}

func (c *Coverage) eachOutcome(visit func(*milestones.Operation, milestones.CoverageItem)) {
	for i := range c.milestone.Operations {
		for _, item := range c.milestone.Operations[i].CoverageItems() {
			visit(&c.milestone.Operations[i], item)
		}
	}
	for _, item := range c.milestone.Router.CoverageItems() {
		visit(&c.milestone.Router, item)
	}
}

func outcomeName(item milestones.CoverageItem) string {
	return strings.TrimSpace(item.Outcome + " " + item.ReasonCode)
}

// print writes the tables of rules and outcomes, and lists what was not reached.
func (c *Coverage) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "rule\trefused\tfirst\tpermitted or kept\tfirst")
	for _, rule := range c.milestone.Rules {
		count := c.rules[rule.ID]
		refused, first := "", ""
		if rule.Kind == milestones.Precondition {
			refused, first = fmt.Sprint(count.refused), callNumber(count.firstRefused)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", rule.ID, refused, first, count.passed, callNumber(count.firstPassed))
	}
	table.Flush()
	fmt.Fprintln(w)
	fmt.Fprintln(table, "operation\toutcome\ttimes")
	all := 0
	c.eachOutcome(func(o *milestones.Operation, item milestones.CoverageItem) {
		all++
		fmt.Fprintf(table, "%s\t%s\t%d\n", o.ID, outcomeName(item), c.outcomes[outcomeKey{o.ID, item}])
	})
	table.Flush()
	rules, outcomes := c.Unreached()
	complete, known := c.reachedRules()
	fmt.Fprintf(w, "\nrules     %d of %d reached, preconditions on both sides\noutcomes  %d of %d reached\n", complete, known, all-len(outcomes), all)
	for _, missing := range append(rules, outcomes...) {
		fmt.Fprintf(w, "not reached: %s\n", missing)
	}
}

// callNumber formats the number of a call; "-" for none.
func callNumber(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// declaredOutcomes returns the declared outcomes that the responses of the fake show.
func declaredOutcomes(r *reply) (items []milestones.CoverageItem) {
	for _, response := range r.responses {
		code, _ := textAt(response.body, "error", "code")
		reason, _ := textAt(response.body, "error", "details", "reason_code")
		for _, o := range r.operation.Outcomes {
			if o.Status != response.status || r.sent.Method != http.MethodHead && (o.Code != code || o.ReasonCode != reason) {
				continue
			}
			items = append(items, milestones.CoverageItem{Outcome: o.Name, ReasonCode: o.ReasonCode})
			if o.ReasonCodesAt == "" {
				break
			}
			for _, listed := range textsAt(response.body, strings.Split(o.ReasonCodesAt, "/")[1:]...) {
				if listed != o.ReasonCode && slices.Contains(o.ReasonCodes, listed) {
					items = append(items, milestones.CoverageItem{Outcome: o.Name, ReasonCode: listed})
				}
			}
			break
		}
	}
	return items
}
