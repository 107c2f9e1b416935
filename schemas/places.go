package schemas

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
)

// Each is what a [Place] has in its path for the items of a list: all of them are one place.
const Each = "[]"

// A Place is one place in the documents of a schema, and everything that the schema requires there, with each $ref on
// the way followed.
//
//	/export/entries/[]/actor/id    the id in the actor of each entry of the export
type Place struct {
	// Path is the names of members from the root, and [Each] for the items of a list.
	Path []string
	// Required is whether the object around it must have it. An item of a list is not required, nor is the root.
	Required bool
	// Types are the JSON types that are allowed there; none for any.
	Types []string
	// Enum are the values that are allowed there; none for any. A const is an enum of one.
	Enum []any
	// Patterns must all match a text there.
	Patterns []*regexp.Regexp
	// Minimum and Maximum bound a number; nil for unbounded.
	Minimum, Maximum *float64
	// Format is the format of a text; "" for any.
	Format string
	// Members are the members that an object may have by name, sorted.
	Members []string
	// Closed is whether an object may have no others.
	Closed bool
	// Unique is whether the items of a list differ.
	Unique bool
	// Schemas are the names of the files that describe it, the one of the root included when it is the root.
	Schemas []string
}

// Pointer is the path as one text, such as /export/entries/[]/actor/id; "" for the root.
func (p *Place) Pointer() string {
	return below("", p.Path...)
}

// followed are the keywords with schemas that Places can live with: it follows them, or, as with the members that have
// no name of their own (additionalProperties), there is no place to list. The meaning of the others depends on the document.
var followed = []string{"$defs", "properties", "items", "additionalProperties", "allOf"}

// Places lists the places of the documents of a schema: the root first, then the members of an object by their names,
// each before what is in it. A schema that refers to itself is followed once.
//
// It is an error when the schema has a keyword with schemas that depend on the document (oneOf, if, patternProperties,
// …): its places would be another list for each document.
func (s *Set) Places(name string) ([]Place, error) {
	schema, ok := s.schemas[name]
	if !ok {
		return nil, fmt.Errorf("there is no schema %q%s", name, suggest.DidYouMeanQuoted(name, s.names))
	}
	w := walker{nodes: schema.nodes}
	w.walk(nil, false, []location{{name + suffix, ""}})
	if w.err != nil {
		return nil, w.err
	}
	return w.places, nil
}

// location is the place of a schema.
type location struct{ file, pointer string }

type walker struct {
	nodes  nodes
	on     []location // the schemas that are being followed, from the root
	places []Place
	err    error
}

// walk lists a place that all these schemas describe, and what is in it.
func (w *walker) walk(path []string, required bool, described []location) {
	p := Place{Path: path, Required: required}
	within := map[string][]location{} // by member, or Each
	must := map[string]bool{}
	depth := len(w.on)
	defer func() { w.on = w.on[:depth] }()
	for _, at := range described {
		if slices.Contains(w.on, at) {
			return
		}
	}
	for len(described) > 0 {
		at := described[0]
		described = described[1:]
		w.on = append(w.on, at)
		node := w.nodes[Base+at.file+"#"+at.pointer]
		if at.pointer == "" {
			p.Schemas = append(p.Schemas, strings.TrimSuffix(at.file, suffix))
		}
		described = append(described, w.read(&p, node, at, within, must)...)
	}
	w.places = append(w.places, p)
	for _, name := range slices.Sorted(maps.Keys(within)) {
		w.walk(append(slices.Clone(path), name), must[name], within[name])
	}
}

// read adds what one schema requires of a place, and returns the other schemas of the same place.
func (w *walker) read(p *Place, node map[string]any, at location, within map[string][]location, must map[string]bool) (more []location) {
	for _, keyword := range slices.Sorted(maps.Keys(node)) {
		if keywords[keyword].hasSchemas() && !slices.Contains(followed, keyword) {
			w.err = fmt.Errorf("%s#%s/%s: its effect depends on the document, so it has no list of places",
				at.file, at.pointer, keyword)
		}
	}
	inside := func(tokens ...string) location {
		return location{at.file, below(at.pointer, tokens...)}
	}
	if types := textsOf(node["type"]); len(types) > 0 {
		p.Types = types
	}
	if enum, ok := node["enum"].([]any); ok {
		p.Enum = enum
	}
	if value, ok := node["const"]; ok {
		p.Enum = []any{value}
	}
	if pattern, ok := node["pattern"].(string); ok {
		p.Patterns = append(p.Patterns, regexp.MustCompile(pattern)) // it was linted
	}
	if format, ok := node["format"].(string); ok {
		p.Format = format
	}
	if bound, ok := node["minimum"].(float64); ok {
		p.Minimum = &bound
	}
	if bound, ok := node["maximum"].(float64); ok {
		p.Maximum = &bound
	}
	p.Unique = p.Unique || node["uniqueItems"] == true
	p.Closed = p.Closed || node["additionalProperties"] == false
	if properties, ok := node["properties"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			within[name] = append(within[name], inside("properties", name))
			if !slices.Contains(p.Members, name) {
				p.Members = append(p.Members, name)
			}
		}
		slices.Sort(p.Members)
	}
	for _, name := range textsOf(node["required"]) {
		must[name] = true
	}
	if _, ok := node["items"].(map[string]any); ok {
		within[Each] = append(within[Each], inside("items"))
	}
	if all, ok := node["allOf"].([]any); ok {
		for i := range all {
			more = append(more, inside("allOf", fmt.Sprint(i)))
		}
	}
	if target, ok := node["$ref"].(string); ok {
		more = append(more, follow(at, target))
	}
	return more
}

// follow is where a $ref leads to, which was linted.
func follow(from location, target string) location {
	u, err := url.Parse(target)
	if err != nil {
		return from
	}
	if u.Path != "" {
		from.file = u.Path
	}
	return location{from.file, u.Fragment}
}
