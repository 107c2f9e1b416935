package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// This file finds what a core scenario asserts and core does not require. Such a scenario is red before a service that
// is right and has other HTTP habits, and the rule that it is about counts as unproved for that.

// beyondCore is a kind of assertion that only a scenario at level full may make. Pattern matches the step as it is
// written, or the pointer or header that the step names.
type beyondCore struct {
	step    *regexp.Regexp
	pointer *regexp.Regexp
	header  func(milestones.Transport) string
	instead string // what a core scenario may assert in its place
}

var beyond = []beyondCore{
	{pointer: regexp.MustCompile(`^/correlation_id$`)},
	{pointer: regexp.MustCompile(`^/error/message$`)},
	{pointer: regexp.MustCompile(`^/error/details$`)},
	{pointer: regexp.MustCompile(`^/error/details/`)},
	{header: func(t milestones.Transport) string { return t.CorrelationHeader }},
	{header: func(t milestones.Transport) string { return t.ReplayHeader }},
	{header: func(milestones.Transport) string { return "Content-Type" }},
	{step: regexp.MustCompile(`^there is a violation of `)},
	{step: regexp.MustCompile(`^the answer is \S+ \S+ without a reason code$`), instead: "the answer is STATUS CODE"},
	{step: regexp.MustCompile(`^the answer is byte for byte `), instead: `the answer is the same as "NAME"`},
	{step: regexp.MustCompile(`^every answer is byte for byte the same$`), instead: "every answer is the same"},
	{step: regexp.MustCompile(`^exactly [0-9]+ answers are replays$`)},
	{step: regexp.MustCompile(`^the page verifies$`), instead: "the page's proof holds"},
	{step: regexp.MustCompile(`^the walk verifies$`), instead: "the walk's proof holds"},
	{step: regexp.MustCompile(`^"[^"]*" is "[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*Z"$`), instead: `"POINTER" is the time "TIME"`},
	{step: regexp.MustCompile(`^the walk's "[^"]*" are \["[0-9]{4}-[0-9]{2}-[0-9]{2}T`), instead: `the walk's "POINTER" are the times [TIMES]`},
}

// reasonCode is the one member of the details that core requires.
const reasonCode = "/error/details/reason_code"

var writtenTime = regexp.MustCompile(`^"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*Z"$`)

// hasLevels reports whether a milestone distinguishes levels. Without any rule or outcome at full, all of it is core.
func hasLevels(m *milestones.Milestone) bool {
	isFull := func(o milestones.Outcome) bool { return o.Level == milestones.Full }
	return slices.ContainsFunc(m.Rules, func(r milestones.Rule) bool { return r.Level == milestones.Full }) ||
		slices.ContainsFunc(m.Refusals, isFull) ||
		slices.ContainsFunc(m.Operations, func(o milestones.Operation) bool { return slices.ContainsFunc(o.Outcomes, isFull) })
}

// overstated finds the assertions of a core scenario that core does not require.
func overstated(m *milestones.Milestone, scenario *plan.Scenario, dry *steps.DryRun) []steps.Fault {
	if scenario.Level == milestones.Full {
		return nil
	}
	var faults []steps.Fault
	report := func(step, row int, asserted, instead string) {
		message := fmt.Sprintf("%s is not required at level core: tag the scenario @full, or move the assertion to one with this tag", asserted)
		if instead != "" {
			message += "; core scenarios have the step: " + instead
		}
		faults = append(faults, steps.Fault{Step: step, Row: row, Message: message})
	}
	for i, step := range scenario.Pickle.Steps {
		definition, ok := steps.Find(step.Text)
		if !ok {
			continue
		}
		if answer := fullOutcome(m, dry.Last[i], step); answer != "" {
			report(i, 0, answer, "")
			continue
		}
		for _, b := range beyond {
			switch {
			case b.step != nil && b.step.MatchString(step.Text):
				report(i, 0, "this assertion", b.instead)
			case b.header != nil && slices.ContainsFunc(definition.Arguments(step.Text, "header"), func(name string) bool { return strings.EqualFold(name, b.header(m.Transport)) }):
				report(i, 0, "the header "+b.header(m.Transport), "")
			case b.pointer != nil && definition.Asks():
				for _, pointer := range definition.Pointers(step.Text) {
					if pointer != reasonCode && b.pointer.MatchString(pointer) {
						report(i, 0, pointer, "")
					}
				}
				for _, row := range rows(step) {
					if row.key != reasonCode && b.pointer.MatchString(row.key) {
						report(i, row.number, row.key, "")
					}
				}
			}
		}
		if definition.Asks() {
			for _, row := range rows(step) {
				if writtenTime.MatchString(row.value) {
					report(i, row.number, "the form of a time", "the times are:")
				}
			}
		}
	}
	return faults
}

// fullOutcome is the answer that a step asserts, when every outcome that it may be is at level full.
func fullOutcome(m *milestones.Milestone, operation *milestones.Operation, step *messages.PickleStep) string {
	words := strings.Fields(strings.TrimPrefix(step.Text, "the answer is "))
	if !strings.HasPrefix(step.Text, "the answer is ") || len(words) == 0 {
		return ""
	}
	outcomes := slices.Clone(m.Router.Outcomes)
	if operation != nil {
		outcomes = slices.Concat(operation.Outcomes, outcomes)
	}
	found := false
	for _, o := range outcomes {
		answered := words[0] == fmt.Sprint(o.Status) && (len(words) == 1 || words[1] == o.Code && (len(words) < 4 || words[2] != "because" || words[3] == o.ReasonCode))
		if answered && o.Level != milestones.Full {
			return ""
		}
		found = found || answered
	}
	if !found {
		return ""
	}
	return "the outcome " + strings.Join(words, " ")
}
