package schemas_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3" // keeps the order of members

	"example.com/lpgate/internal/doctest"
)

// The pages about files have the members that the schemas of these files define.
func TestPages(t *testing.T) {
	for page, file := range map[string]string{
		"docs/reference/milestone-yaml.md": "Milestone.schema.json",
		"docs/reference/verdict-json.md":   "Verdict.schema.json",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var schema object
		if err := yaml.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		schema.write(&b, "Top level")
		for definition := range schema.get("$defs").members() {
			schema.get("$defs", definition).write(&b, definition)
		}
		doctest.Section(t, page, "members", b.String())
	}
}

// lintObject is a JSON object with its members in order.
type object struct{ node yaml.Node }

func (o *object) UnmarshalYAML(node *yaml.Node) error { o.node = *node; return nil }

// lintMembers yields the names and values of all members.
func (o object) members() func(yield func(string, object) bool) {
	return func(yield func(string, object) bool) {
		for i := 0; i+1 < len(o.node.Content); i += 2 {
			if o.node.Kind != yaml.MappingNode || !yield(o.node.Content[i].Value, object{*o.node.Content[i+1]}) {
				return
			}
		}
	}
}

// get returns the value at a path of members, or the zero object.
func (o object) get(path ...string) object {
	if len(path) == 0 {
		return o
	}
	for name, value := range o.members() {
		if name == path[0] {
			return value.get(path[1:]...)
		}
	}
	return object{}
}

func (o object) values() (values []string) {
	for _, item := range o.node.Content {
		values = append(values, item.Value)
	}
	return values
}

// write appends a heading and a table of the schema's members. A definition without members gets one line.
func (o object) write(b *strings.Builder, heading string) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n", heading, doctest.Cell(o.get("description").node.Value))
	if o.get("properties").node.Kind == 0 {
		fmt.Fprintf(b, "A %s.\n\n", o.kind())
		return
	}
	b.WriteString("| key | type | meaning |\n|---|---|---|\n")
	o.rows(b, "")
	b.WriteString("\n")
}

func (o object) rows(b *strings.Builder, prefix string) {
	required := o.get("required").values()
	for name, property := range o.get("properties").members() {
		kind := property.kind()
		if slices.Contains(required, name) {
			kind += ", required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", prefix+name, kind, doctest.Cell(property.get("description").node.Value))
		property.rows(b, prefix+name+".")
		property.get("items").rows(b, prefix+name+"[].")
	}
}

// kind describes the type of a value.
func (o object) kind() string {
	if ref := o.get("$ref").node.Value; ref != "" {
		name := ref[strings.LastIndex(ref, "/")+1:]
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	if values := o.get("enum").values(); values != nil {
		return "`" + strings.Join(values, "`, `") + "`"
	}
	for _, several := range []string{"oneOf", "anyOf"} {
		var kinds []string
		for _, choice := range o.get(several).node.Content {
			if kind := (object{*choice}).kind(); kind != "" {
				kinds = append(kinds, kind)
			}
		}
		if kinds != nil {
			return strings.Join(kinds, " or ")
		}
	}
	kind := o.get("type").node.Value
	if types := o.get("type").values(); types != nil {
		kind = strings.Join(types, " or ")
	}
	switch {
	case kind == "array":
		return "list of " + o.get("items").kind()
	case kind == "object" && o.get("additionalProperties").node.Kind == yaml.MappingNode:
		return "map to " + o.get("additionalProperties").kind()
	}
	return kind
}
