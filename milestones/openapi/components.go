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
	made   object  // those of no schema file, in the order in which they were made
}

// place is a schema file, or a definition of it.
type place struct{ file, definition string }

// name returns the name of the component: that of the file and of the definition. Generators derive
// type names from operation ids with the suffixes Request and Response, so no component ends in these.
func (p place) name() string {
	file := p.file
	for _, suffix := range [][2]string{{"Request", "Input"}, {"Response", "Result"}} {
		if base, found := strings.CutSuffix(file, suffix[0]); found && base != "" {
			file = base + suffix[1]
		}
	}
	return file + p.definition
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
	if len(c.wanted) == 0 {
		return object{}, nil
	}
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
	all = append(all, c.made...)
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := range all[1:] {
		// Generators differ in how they write capitals, so case does not distinguish names.
		if strings.EqualFold(all[i].name, all[i+1].name) {
			return nil, fmt.Errorf("two schemas have the component name %s", all[i].name)
		}
	}
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

// Keywords whose value is a schema, a list of schemas, or schemas by name. The values of other keywords have none.
var (
	schemaKeywords = []string{
		"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
		"unevaluatedItems", "unevaluatedProperties",
	}
	listKeywords  = []string{"allOf", "anyOf", "oneOf", "prefixItems"}
	namedKeywords = []string{"$defs", "dependentSchemas", "patternProperties", "properties"}
)

// rewrite rewrites a schema of a file for the document: each reference is one to a component, and what
// generators misread is written in the way that they read.
func (c *components) rewrite(file string, value any) (any, error) {
	schema, is := value.(object)
	if !is {
		return value, nil // true or false
	}
	var out object
	for _, m := range schema {
		var err error
		switch target, isText := m.value.(string); {
		case m.name == "$ref" && isText:
			var p place
			if p, err = follow(file, target); err == nil {
				m.value = c.want(p)
			}
		case slices.Contains(schemaKeywords, m.name):
			m.value, err = c.rewrite(file, m.value)
		case slices.Contains(listKeywords, m.name):
			list, _ := m.value.([]any)
			for i := range list {
				if list[i], err = c.rewrite(file, list[i]); err != nil {
					break
				}
			}
		case slices.Contains(namedKeywords, m.name):
			named, _ := m.value.(object)
			for i := range named {
				if named[i].value, err = c.rewrite(file, named[i].value); err != nil {
					break
				}
			}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return portable(out), nil
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
