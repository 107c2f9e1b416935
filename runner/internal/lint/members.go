package lint

import (
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// This file looks for members that are misspelt. A scenario may send a member that no schema has, to see it refused, and
// may ask for one that must not be there. But one that no schema has, and that looks like one that it has, is a slip of
// the pen: the scenario would send or see something else than its author thinks.

// members knows the places of schemas.
type members struct {
	set   *schemas.Set
	known map[string]map[string]schemas.Place // by schema, then by pointer
}

func newMembers(set *schemas.Set) *members {
	return &members{set, map[string]map[string]schemas.Place{}}
}

// places are those of a schema; nil when they depend on the document.
func (m *members) places(schema string) map[string]schemas.Place {
	if known, ok := m.known[schema]; ok {
		return known
	}
	var places map[string]schemas.Place
	if list, err := m.set.Places(schema); err == nil {
		places = map[string]schemas.Place{}
		for _, place := range list {
			places[place.Pointer()] = place
		}
	}
	m.known[schema] = places
	return places
}

// nearest is the pointer that a pointer was probably meant to be, when the documents of none of the schemas have a member
// there that it names; "" when one of them may have it, or when it looks like none.
func (m *members) nearest(pointer string, of ...string) string {
	nearest := ""
	for _, schema := range of {
		near, unknown := m.nearestIn(m.places(schema), pointer)
		if !unknown {
			return ""
		}
		if nearest == "" {
			nearest = near
		}
	}
	return nearest
}

func (m *members) nearestIn(places map[string]schemas.Place, pointer string) (nearest string, unknown bool) {
	tokens := strings.Split(pointer, "/")[1:]
	general := "" // the pointer so far, with Each for the items of lists
	for i, token := range tokens {
		place, ok := places[general]
		if !ok || !place.Closed && !slices.Contains(place.Types, "array") {
			return "", false // what stands there is free
		}
		if _, isIndex := strconv.Atoi(token); slices.Contains(place.Types, "array") && (isIndex == nil || token == "-") {
			general += "/" + schemas.Each
			continue
		}
		if !slices.Contains(place.Members, token) {
			near := milestones.Nearest(token, place.Members)
			if near == "" {
				return "", true
			}
			tokens[i] = near
			return "/" + strings.Join(tokens, "/"), true
		}
		general += "/" + token
	}
	return "", false
}

// misspelt finds the members that a scenario misspells, in the tables of its calls and in what it asks of answers.
func (m *members) misspelt(scenario *plan.Scenario, rehearsal *steps.Rehearsal, errorSchema string) []steps.Fault {
	var faults []steps.Fault
	// Such a scenario sends an unknown member on purpose.
	refused := slices.ContainsFunc(scenario.Steps, func(step plan.Step) bool { return strings.Contains(step.Text, `"additionalProperties"`) })
	for i, step := range scenario.Pickle.Steps {
		operation := rehearsal.Last[i]
		sentence, ok := steps.Find(step.Text)
		if operation == nil || !ok {
			continue
		}
		asks := sentence.Asks()
		if !asks && refused || strings.HasSuffix(step.Text, " is absent") {
			continue
		}
		of := []string{operation.RequestSchema}
		if asks {
			of = []string{operation.ResponseSchema, errorSchema}
		}
		look := func(row int, pointer string) {
			if near := m.nearest(pointer, of...); near != "" {
				faults = append(faults, steps.Fault{Step: i, Row: row, Says: "no " + strings.Join(of, " and no ") + " has " + pointer + " (did you mean " + near + "?)"})
			}
		}
		if asks {
			for _, pointer := range sentence.Pointers(step.Text) {
				look(0, pointer)
			}
		}
		if step.Argument == nil || step.Argument.DataTable == nil {
			continue
		}
		for n, row := range step.Argument.DataTable.Rows {
			if len(row.Cells) == 2 && strings.HasPrefix(row.Cells[0].Value, "/") && row.Cells[1].Value != "absent" {
				look(n+1, row.Cells[0].Value)
			}
		}
	}
	return faults
}
