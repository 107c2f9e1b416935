package lint

import (
	"fmt"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// This file finds values that no answer can have by the schemas, such as a text outside an enum. A scenario that
// expects one fails against every correct target, and one that excludes it proves nothing.

// impossible finds the values of a scenario that no answer has where the scenario looks for them.
func (m *members) impossible(scenario *plan.Scenario, dry *steps.DryRun, errorSchema string) []steps.Fault {
	var faults []steps.Fault
	for i, step := range scenario.Pickle.Steps {
		operation := dry.Last[i]
		definition, ok := steps.Find(step.Text)
		if operation == nil || !ok || !definition.Asks() {
			continue
		}
		look := func(row int, pointer, literal string, other bool) {
			if message := m.never(pointer, literal, other, operation.ResponseSchema, errorSchema); message != "" {
				faults = append(faults, steps.Fault{Step: i, Row: row, Message: message})
			}
		}
		for _, literal := range definition.Arguments(step.Text, "json") {
			look(0, definition.Pointers(step.Text)[0], literal, strings.Contains(definition.Example, " is not "))
		}
		for _, row := range rows(step) {
			look(row.number, row.key, row.value, false)
		}
	}
	return faults
}

// never returns why no document of the schemas has a literal at a pointer. It returns "" if one may have it, if no
// value is allowed there (reported elsewhere), or if the value is unknown before the run. With other, the scenario
// expects a different value.
func (m *members) never(pointer, literal string, other bool, of ...string) string {
	document, err := schemas.Read([]byte(literal))
	if err != nil || steps.Varies(literal) {
		return ""
	}
	var because, meant []string
	for _, schema := range of {
		w := m.where(schema, pointer)
		if w.unknown {
			continue
		}
		message := ""
		if !w.free {
			message = w.spot.Refuses(document.Value)
		}
		if message == "" {
			return ""
		}
		because = append(because, "by "+schema+" it "+message)
		meant = append(meant, instead(w.spot, document.Value, literal)...)
	}
	if because == nil {
		return ""
	}
	message := fmt.Sprintf("%q is never %s", pointer, literal)
	if other {
		message = fmt.Sprintf("%q is something else than %s in every answer", pointer, literal)
	}
	message += ": " + strings.Join(because, ", and ")
	if len(meant) > 0 {
		message += " (did you mean " + meant[0] + "?)"
	}
	return message
}

// instead returns the literals that may have been meant: a similar value of the enum, or the same with or without
// quotes.
func instead(spot schemas.Spot, value any, literal string) []string {
	text, isText := value.(string)
	if !isText {
		if quoted := `"` + literal + `"`; spot.Refuses(literal) == "" {
			return []string{quoted}
		}
		return nil
	}
	if near := suggest.Nearest(text, spot.Texts()); near != "" {
		return []string{`"` + near + `"`}
	}
	if bare, err := schemas.Read([]byte(text)); err == nil && spot.Refuses(bare.Value) == "" {
		return []string{text}
	}
	return nil
}

// row is one row of a table of two columns.
type row struct {
	number     int // from 1
	key, value string
}

// rows returns the rows of a step's table that have two columns.
func rows(step *messages.PickleStep) []row {
	if step.Argument == nil || step.Argument.DataTable == nil {
		return nil
	}
	var all []row
	for i, cells := range step.Argument.DataTable.Rows {
		if len(cells.Cells) == 2 {
			all = append(all, row{i + 1, cells.Cells[0].Value, cells.Cells[1].Value})
		}
	}
	return all
}
