package lint

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// This file finds misspelt members. A scenario may send an unknown member to see it refused, and may assert that a
// member is absent. But a member that no schema has and that resembles one of a schema is a typo. And no target can
// return what a scenario expects where no schema allows a value.

// members finds the places of documents by their schemas.
type members struct {
	set   *schemas.Set
	known map[[2]string]where // by schema and pointer
}

// where is what a pointer leads to.
type where struct {
	spot schemas.Spot
	free bool // there is no such schema
	// no document has a value there; nearest is the pointer that was probably meant
	unknown bool
	nearest string
}

func newMembers(set *schemas.Set) *members {
	return &members{set, map[[2]string]where{}}
}

// where follows a pointer through a schema.
func (m *members) where(schema, pointer string) where {
	key := [2]string{schema, pointer}
	if known, ok := m.known[key]; ok {
		return known
	}
	found := m.follow(schema, pointer)
	m.known[key] = found
	return found
}

func (m *members) follow(schema, pointer string) where {
	named, ok := m.set.Lookup(schema)
	if !ok {
		return where{free: true}
	}
	spot := named.Spot()
	tokens := slices.Collect(jsontext.Pointer(pointer).Tokens())
	for i, token := range tokens {
		if strings.Contains(token, "{") { // a variable, which may be anything
			return where{free: true}
		}
		in := spot.In(token)
		if !in.Possible() {
			w := where{unknown: true}
			if near := suggest.Nearest(token, spot.Members()); near != "" {
				tokens[i] = near
				var meant jsontext.Pointer
				for _, token := range tokens {
					meant = meant.AppendToken(token)
				}
				w.nearest = string(meant)
			}
			return w
		}
		spot = in
	}
	return where{spot: spot}
}

// unknown reports whether no document of the schemas has a value at a pointer, and returns the pointer that was
// probably meant, or "".
func (m *members) unknown(pointer string, of ...string) (nearest string, unknown bool) {
	for _, schema := range of {
		w := m.where(schema, pointer)
		if !w.unknown {
			return "", false
		}
		if nearest == "" {
			nearest = w.nearest
		}
	}
	return nearest, true
}

// misspelt finds the members that a scenario misspells, in the tables of its calls and in what it asks of answers.
func (m *members) misspelt(scenario *plan.Scenario, dry *steps.DryRun, errorSchema string) []steps.Fault {
	var faults []steps.Fault
	// Such a scenario sends an unknown member on purpose.
	refused := slices.ContainsFunc(scenario.Steps, func(step plan.Step) bool { return strings.Contains(step.Text, `"additionalProperties"`) })
	for i, step := range scenario.Pickle.Steps {
		operation := dry.Last[i]
		definition, ok := steps.Find(step.Text)
		if operation == nil || !ok {
			continue
		}
		asks := definition.Asks()
		if !asks && refused || strings.HasSuffix(step.Text, " is absent") {
			continue
		}
		of := []string{operation.RequestSchema}
		if asks {
			of = []string{operation.ResponseSchema, errorSchema}
		}
		look := func(row int, pointer string) {
			near, unknown := m.unknown(pointer, of...)
			if near == "" && !(asks && unknown) {
				return
			}
			message := "no " + strings.Join(of, " and no ") + " has " + pointer
			if near != "" {
				message += " (did you mean " + near + "?)"
			}
			faults = append(faults, steps.Fault{Step: i, Row: row, Message: message})
		}
		for _, pointer := range definition.Pointers(step.Text) {
			look(0, pointer)
		}
		for _, row := range rows(step) {
			if strings.HasPrefix(row.key, "/") && row.value != "absent" {
				look(row.number, row.key)
			}
		}
	}
	return faults
}
