package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// This file looks for answers that no target may give: a number that is no status, a code that nothing has, and a refusal
// that the operation called does not declare. Such a scenario is red before every target.

// undeclaredAnswers finds the answers of a scenario that the milestone does not have.
func undeclaredAnswers(m *milestones.Milestone, scenario *plan.Scenario, dry *steps.DryRun) []steps.Fault {
	var faults []steps.Fault
	for i, step := range scenario.Pickle.Steps {
		definition, ok := steps.Find(step.Text)
		if !ok || !strings.HasPrefix(step.Text, "the answer is ") || !slices.Contains(definition.Parameters(), "number") {
			continue
		}
		if message := wrongAnswer(m, dry.Last[i], strings.Fields(step.Text)[3:]); message != "" {
			faults = append(faults, steps.Fault{Step: i, Message: message})
		}
	}
	return faults
}

// wrongAnswer returns what is wrong with an answer of an operation, or "". The tokens are those of the step: "409",
// "409 CONFLICT", "409 CONFLICT because REASON", or "401 UNAUTHORIZED without a reason code". The operation is nil
// for a literal path, which may reach any.
func wrongAnswer(m *milestones.Milestone, operation *milestones.Operation, words []string) string {
	status, err := strconv.Atoi(words[0])
	if err != nil || status < 100 || status > 599 {
		return words[0] + " is no HTTP status: one is a number from 100 to 599"
	}
	if len(words) == 1 {
		return ""
	}
	code, reason, anyReason := words[1], "", len(words) == 2
	if !anyReason && words[2] == "because" {
		reason = words[3]
	}
	declared := m.Router.Outcomes
	if operation != nil {
		declared = slices.Concat(operation.Outcomes, declared)
	}
	if slices.ContainsFunc(declared, func(o milestones.Outcome) bool {
		return o.Status == status && o.Code == code && (anyReason || o.ReasonCode == reason)
	}) {
		return ""
	}
	all := slices.Clone(m.Router.Outcomes)
	for i := range m.Operations {
		all = append(all, m.Operations[i].Outcomes...)
	}
	var codes []string
	for _, outcome := range all {
		codes = append(codes, outcome.Code)
	}
	if !slices.Contains(codes, code) {
		return fmt.Sprintf("%s has no code %s%s", m.ID, code, suggest.DidYouMean(code, codes))
	}
	if operation == nil || reason != "" && !slices.Contains(m.RequiredReasonCodes, reason) { // the dry run reports it
		return ""
	}
	var written []string
	for _, outcome := range declared {
		if anyReason {
			written = append(written, fmt.Sprintf("%d %s", outcome.Status, outcome.Code))
		} else {
			written = append(written, answer(outcome.Status, outcome.Code, outcome.ReasonCode))
		}
	}
	asserted := strings.Join(words, " ")
	return fmt.Sprintf("%s is never answered %s%s", operation.ID, asserted, suggest.DidYouMean(asserted, written))
}

// answer returns a refusal as steps name it.
func answer(status int, code, reason string) string {
	if reason == "" {
		return fmt.Sprintf("%d %s without a reason code", status, code)
	}
	return fmt.Sprintf("%d %s because %s", status, code, reason)
}
