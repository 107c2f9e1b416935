package selfcheck

import (
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// body adds the mutations of all places of the outcome's schema.
func (d *deriver) body() error {
	places, err := d.schemas.Places(d.outcome.Schema)
	if err != nil {
		return err
	}
	for i := range places {
		p := &places[i]
		from := len(d.mutations)
		d.place(p)
		if slices.Contains(p.Schemas, signatureSchema) && len(p.Path) > 0 {
			d.signed(p.Path, places)
		}
		for _, l := range d.mutations[from:] {
			if declared, inDetails := d.inDetails(p); inDetails {
				words, _, _ := strings.Cut(l.ID, " of ")
				l.family = words + " of " + d.outcome.Schema
				l.optional = !declared || slices.Contains([]string{"turn", "shorten", "reverse"}, l.Kind)
			}
		}
	}
	return nil
}

// inDetails reports whether a place is in the details of a refusal, and whether the outcome declares that it is there. All
// refusals have one schema, and an outcome needs only the details that it declares. Nor does each of them have every
// value of an enum, or several items in a list.
func (d *deriver) inDetails(p *schemas.Place) (declared, is bool) {
	if d.outcome.Name == milestones.Success || len(p.Path) < 3 || p.Path[0] != "error" || p.Path[1] != "details" {
		return false, false
	}
	name := p.Path[2]
	declared = slices.Contains(d.outcome.Details, name) || name == "reason_code" && d.outcome.ReasonCode != ""
	return declared, true
}

// place adds the mutations of one place.
func (d *deriver) place(p *schemas.Place) {
	at := p.Pointer()
	name := ""
	if len(p.Path) > 0 {
		name = p.Path[len(p.Path)-1]
	}
	if name != "" && name != schemas.Each {
		d.add("drop "+at, func(a answer) (answer, bool) { return a.updated(p.Path[:len(p.Path)-1], without(name)) })
	}
	if other, ok := otherType(p); ok && at != "" {
		d.at(p, "retype", func(any) (any, bool) { return other, true })
	}
	// The code and the reason code of a refusal have their own mutations: status, code, reason and pose.
	if d.outcome.Name == milestones.Success || at != "/error/code" && at != "/error/details/reason_code" {
		d.values(p)
	}
	if allows(p, "null") && len(p.Types) > 1 {
		d.nulls(p)
	}
	d.containers(p)
}

// at adds a mutation that changes the values at a place.
func (d *deriver) at(p *schemas.Place, kind string, change alter) {
	d.add(kind+" "+p.Pointer(), func(a answer) (answer, bool) { return a.updated(p.Path, change) })
}

// values adds the mutations of a value to another one of its type.
func (d *deriver) values(p *schemas.Place) {
	switch {
	case len(p.Enum) > 0:
		d.at(p, "misspell", misspelt(p))
		for i, value := range p.Enum {
			if other := p.Enum[(i+1)%len(p.Enum)]; len(p.Enum) > 1 {
				d.add("turn "+p.Pointer()+" from "+spelled(value), func(a answer) (answer, bool) { return a.updated(p.Path, replaced(value, other)) })
			}
		}
	case len(p.Patterns) > 0 || p.Format != "":
		d.at(p, "break", broken(p))
		d.changed(p)
	case allows(p, "string") || allows(p, "integer") || allows(p, "number") || allows(p, "boolean"):
		d.changed(p)
	}
}

// nulls adds the mutations between null and other values.
func (d *deriver) nulls(p *schemas.Place) {
	d.at(p, "nullify", func(value any) (any, bool) { return nil, value != nil })
	if allows(p, "string") {
		d.add("fill "+p.Pointer(), func(a answer) (answer, bool) {
			text, ok := matchingText(a.body, p)
			if !ok {
				return a, false
			}
			return a.updated(p.Path, func(value any) (any, bool) { return text, value == nil })
		})
	}
}

// containers adds the mutations of an object's members and of an array's items.
func (d *deriver) containers(p *schemas.Place) {
	switch {
	case p.Closed:
		d.add("add "+p.Pointer()+"/unknown", func(a answer) (answer, bool) {
			return a.updated(p.Path, func(value any) (any, bool) {
				if _, ok := value.(map[string]any); !ok {
					return value, false
				}
				return set(value, []string{"unknown"}, true), true
			})
		})
	case allows(p, "object") && len(p.Members) == 0 && len(p.Types) > 0:
		d.at(p, "empty", func(value any) (any, bool) {
			object, ok := value.(map[string]any)
			return map[string]any{}, ok && len(object) > 0
		})
		d.add("change "+p.Pointer()+"/any", func(a answer) (answer, bool) { return a.updated(p.Path, d.own.changedSomewhere) })
	case allows(p, "array") && len(p.Types) > 0:
		d.at(p, "empty", func(value any) (any, bool) { return []any{}, len(arrayItems(value)) > 0 })
		d.at(p, "shorten", shortened)
		d.at(p, "repeat", repeated)
		d.at(p, "reverse", reversed)
	}
}

// changed adds the mutation of a value to another one. There is none if the implementation chooses all values.
func (d *deriver) changed(p *schemas.Place) {
	l := d.add("change "+p.Pointer(), func(a answer) (answer, bool) { return a.updated(p.Path, d.own.changed(p)) })
	l.isExempt = func(a answer) bool {
		_, is := a.updated(p.Path, func(value any) (any, bool) {
			text, ok := value.(string)
			return value, ok && d.own.has(text)
		})
		return is
	}
}

// updated returns the answer with the values at a path changed.
func (a answer) updated(path []string, change alter) (answer, bool) {
	if !a.readable {
		return a, false
	}
	body, ok := update(a.body, path, change)
	if !ok {
		return a, false
	}
	return a.with(body), true
}
