package openapi

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/schemas"
)

// components collects the schemas that are referred to.
type components struct {
	set    *schemas.Set
	wanted []place // in the order in which they were first referred to
}

// place is a schema file, or a definition of it.
type place struct{ file, definition string }

func (p place) name() string {
	if p.definition == "" {
		return p.file
	}
	return p.file + "." + p.definition
}

// ref refers to a schema file, or to a definition of it, which then is a component.
func (c *components) ref(file, definition string) object {
	return object{{"$ref", c.want(place{file, definition})}}
}

func (c *components) want(p place) string {
	if !slices.Contains(c.wanted, p) {
		c.wanted = append(c.wanted, p)
	}
	return "#/components/schemas/" + p.name()
}

// allows reports whether a schema accepts a text.
func (c *components) allows(schema string, text []byte) bool {
	s, known := c.set.Lookup(schema)
	if !known {
		return false // build reports it
	}
	document, err := schemas.Read(text)
	return err == nil && len(s.Validate(document.Value)) == 0
}

// build writes all components, and those that they refer to, by name.
func (c *components) build() (object, error) {
	var all object
	for i := 0; i < len(c.wanted); i++ { // it grows on the way
		p := c.wanted[i]
		schema, err := c.find(p)
		if err != nil {
			return nil, err
		}
		rewritten, err := c.rewrite(p.file, schema)
		if err != nil {
			return nil, err
		}
		all = append(all, member{p.name(), rewritten})
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// find gives a schema without what belongs to a file alone.
func (c *components) find(p place) (object, error) {
	file, known := c.set.Lookup(p.file)
	if !known {
		return nil, fmt.Errorf("there is no schema %q%s", p.file, suggest.DidYouMean(p.file, c.set.Names()))
	}
	value, err := ordered(file.Source())
	if err != nil {
		return nil, fmt.Errorf("reading the schema %s: %w", p.file, err)
	}
	root, _ := value.(object)
	if p.definition != "" {
		definitions, _ := root.get("$defs").(object)
		found, ok := definitions.get(p.definition).(object)
		if !ok {
			return nil, fmt.Errorf("the schema %s has no definition %q", p.file, p.definition)
		}
		return found, nil
	}
	return slices.DeleteFunc(root, func(m member) bool { return slices.Contains([]string{"$schema", "$id", "$defs"}, m.name) }), nil
}

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// rewrite makes every reference in a schema of a file one to a component.
func (c *components) rewrite(file string, value any) (any, error) {
	switch value := value.(type) {
	case []any:
		for i := range value {
			item, err := c.rewrite(file, value[i])
			if err != nil {
				return nil, err
			}
			value[i] = item
		}
	case object:
		for i, m := range value {
			if target, is := m.value.(string); is && m.name == "$ref" {
				p, err := follow(file, target)
				if err != nil {
					return nil, err
				}
				value[i].value = c.want(p)
				continue
			}
			inner, err := c.rewrite(file, m.value)
			if err != nil {
				return nil, err
			}
			value[i].value = inner
		}
	}
	return value, nil
}

// follow reads a reference as the schema files write them.
func follow(from, target string) (place, error) {
	file, fragment, _ := strings.Cut(strings.TrimPrefix(target, schemas.Base), "#")
	name, suffixed := strings.CutSuffix(file, ".schema.json")
	if file == "" {
		name, suffixed = from, true
	}
	definition, defined := strings.CutPrefix(fragment, "/$defs/")
	if !suffixed || fragment != "" && !defined || strings.ContainsAny(definition, "/~%") {
		return place{}, fmt.Errorf("the schema %s refers to %q, which is neither a schema file nor a definition in one", from, target)
	}
	return place{name, definition}, nil
}
