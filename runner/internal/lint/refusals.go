package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// This file finds @refuses scenarios that assert no refusal. Such a scenario passes before a service that refuses nothing.
// The verdict finds out too when none was observed ("refusal-unobserved"), but only before such a service.

// refusals checks @refuses scenarios against the operations of their rules.
type refusals struct {
	milestone *milestones.Milestone
	rules     map[string]*milestones.Rule
	routes    *steps.Routes
}

func newRefusals(m *milestones.Milestone) *refusals {
	r := &refusals{milestone: m, rules: map[string]*milestones.Rule{}, routes: steps.NewRoutes(m)}
	for i := range m.Rules {
		r.rules[m.Rules[i].ID] = &m.Rules[i]
	}
	return r
}

// missing describes what a @refuses scenario lacks: a call of one of its rule's operations, or after the last such call a
// step that asserts the refusal, or a reason code in the list of a success. It is "" when nothing is missing. Calls of other
// operations may follow, to see that nothing was changed.
func (r *refusals) missing(scenario *plan.Scenario, dry *steps.DryRun) string {
	rule := r.rules[scenario.Rule]
	if scenario.Side != plan.Refuses || rule == nil {
		return ""
	}
	var called *milestones.Operation // by the last call
	about, asserted := false, false  // whether that call is one of the rule's operations; whether the last of those is asserted
	var last *milestones.Operation   // of the rule's operations
	for i, step := range scenario.Pickle.Steps {
		if dry.Calls[i] {
			if operation := r.called(step.Text, dry.Last[i]); operation != nil {
				called = operation
			}
			about = called != nil && slices.Contains(rule.Operations, called.ID)
			if about {
				last, asserted = called, false
			}
			continue
		}
		asserted = asserted || about && assertsRefusal(step, called)
	}
	switch {
	case last == nil:
		return fmt.Sprintf("@%s @refuses calls none of the rule's operations: %s", rule.ID, strings.Join(rule.Operations, ", "))
	case !asserted:
		return fmt.Sprintf("@%s @refuses asserts no refusal after the last call of the rule's operations (%s): "+
			`add a Then such as "the answer is 409 CODE because REASON"%s`, rule.ID, last.ID, orCode(last))
	}
	return ""
}

// called returns the operation that a step calls: that of the dry run, or the one at a literal path. It is nil for a
// step that repeats a call.
func (r *refusals) called(text string, rehearsed *milestones.Operation) *milestones.Operation {
	if rehearsed != nil {
		return rehearsed
	}
	ids := steps.Calls(text, func(method, target string) string { return r.routes.Find(method, target).ID })
	if len(ids) == 0 {
		return nil
	}
	operation, _ := r.milestone.Operation(ids[0])
	return operation
}

// assertsRefusal reports whether a step can pass only if an operation refused, or succeeded with a reason code in its list.
func assertsRefusal(step *messages.PickleStep, operation *milestones.Operation) bool {
	definition, ok := steps.Find(step.Text)
	if !ok {
		return false
	}
	if status := definition.Arguments(step.Text, "number"); strings.HasPrefix(step.Text, "the answer is ") && len(status) == 1 {
		return isRefusal(operation, status[0])
	}
	list := listOf(operation)
	if list == "" {
		return false
	}
	switch pointers := definition.Pointers(step.Text); {
	case len(pointers) == 0:
		return slices.ContainsFunc(rows(step), func(row row) bool { return assertsCode(list, row.key, "is", row.value) })
	case strings.HasPrefix(step.Text, `"`+pointers[0]+`" `):
		verb, value, _ := strings.Cut(strings.TrimPrefix(step.Text, `"`+pointers[0]+`" `), " ")
		return assertsCode(list, pointers[0], verb, value)
	}
	return false
}

// listOf is where a success of an operation has its list of reason codes; "" when it has none.
func listOf(operation *milestones.Operation) string {
	if len(operation.Outcomes) == 0 || operation.Outcomes[0].Name != milestones.Success {
		return ""
	}
	return operation.Outcomes[0].ReasonCodesAt
}

// orCode is the other way to assert a refusal, of an operation whose successes have a list of reason codes.
func orCode(operation *milestones.Operation) string {
	if list := listOf(operation); list != "" {
		return fmt.Sprintf(", or one that %q is [\"REASON\"]", list)
	}
	return ""
}

// isRefusal reports whether every declared outcome of an operation with this status is a refusal.
func isRefusal(operation *milestones.Operation, status string) bool {
	refusal := false
	for _, outcome := range operation.Outcomes {
		if strconv.Itoa(outcome.Status) == status {
			if outcome.Name == milestones.Success {
				return false
			}
			refusal = true
		}
	}
	return refusal
}

// assertsCode reports whether an assertion about a pointer means that the list has an item. The verb and the value are the rest
// of the step: is VALUE, has N items, matches REGEXP.
func assertsCode(list, pointer, verb, value string) bool {
	if item, ok := strings.CutPrefix(pointer, list+"/"); ok {
		return item != "" && value != "absent"
	}
	if pointer != list {
		return false
	}
	switch verb {
	case "is":
		if other, ok := strings.CutPrefix(value, "not "); ok {
			return strings.TrimSpace(other) == "[]"
		}
		document, err := schemas.Read([]byte(value))
		items, isList := document.Value.([]any)
		return err == nil && isList && len(items) > 0
	case "has":
		return !strings.HasPrefix(value, "0 ")
	}
	return false
}
