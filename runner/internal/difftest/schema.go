package difftest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/schemas"
)

// place is a member of a request body, with values as JSON texts; "absent" removes the member. The fake decides which values
// are refused.
type place struct {
	pointer string
	valid   []string // of the type of the schema, and mostly valid
	invalid []string // mostly invalid
}

// node has the keywords of a JSON Schema that values are made from.
type node struct {
	Ref        string           `json:"$ref"`
	Type       jsonType         `json:"type"`
	Format     string           `json:"format"`
	Pattern    string           `json:"pattern"`
	MinLength  int              `json:"minLength"`
	Enum       []string         `json:"enum"`
	Properties map[string]*node `json:"properties"`
	Items      *node            `json:"items"`
	Required   []string         `json:"required"`
	Defs       map[string]*node `json:"$defs"`

	file string
}

// jsonType is the type in a schema; of several types the first.
type jsonType string

// UnmarshalJSON reads a name or a list of names.
func (t *jsonType) UnmarshalJSON(text []byte) error {
	names := make([]jsonType, 1)
	var err error
	if len(text) > 0 && text[0] == '[' {
		type plain []string
		var all plain
		if err = json.Unmarshal(text, &all); err == nil && len(all) > 0 {
			names[0] = jsonType(all[0])
		}
	} else {
		var one string
		err = json.Unmarshal(text, &one)
		names[0] = jsonType(one)
	}
	*t = names[0]
	return err
}

// schemaReader reads schemas as nodes.
type schemaReader struct {
	set    *schemas.Set
	files  map[string]*node
	codes  []string // reason codes, used as texts
	random *rand.Rand
}

// newSchemaReader returns a reader of a set. Its values are always the same: which of them are sent is drawn later.
func newSchemaReader(set *schemas.Set, codes []string) *schemaReader {
	return &schemaReader{set, map[string]*node{}, codes, rand.New(rand.NewPCG(1, 2))}
}

// file returns the root of a schema.
func (r *schemaReader) file(name string) (*node, error) {
	if found, ok := r.files[name]; ok {
		return found, nil
	}
	schema, ok := r.set.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("there is no schema %s", name)
	}
	root := new(node)
	if err := json.Unmarshal(schema.Source(), root); err != nil {
		return nil, fmt.Errorf("reading the schema %s: %w", name, err)
	}
	root.file = name
	r.files[name] = root
	return root, nil
}

// resolve follows references. A minLength and a pattern beside a reference replace those of the schema that it refers to.
func (r *schemaReader) resolve(n *node, file string) (*node, string, error) {
	narrower := node{}
	for n.Ref != "" {
		if n.MinLength > 0 {
			narrower = *n
		}
		name, fragment, _ := strings.Cut(n.Ref, "#")
		if name != "" {
			file = strings.TrimSuffix(name, ".schema.json")
		}
		root, err := r.file(file)
		if err != nil {
			return nil, "", err
		}
		n = root
		if def, ok := strings.CutPrefix(fragment, "/$defs/"); ok {
			if n, ok = root.Defs[def]; !ok {
				return nil, "", fmt.Errorf("the schema %s has no definition %s", file, def)
			}
		}
	}
	if narrower.MinLength > 0 {
		c := *n
		c.MinLength, c.Pattern = narrower.MinLength, narrower.Pattern
		n = &c
	}
	return n, file, nil
}

// places lists the members of a body with their values.
func (r *schemaReader) places(n *node, file string, at jsontext.Pointer) ([]place, error) {
	n, file, err := r.resolve(n, file)
	if err != nil {
		return nil, err
	}
	var found []place
	if at != "" {
		valid, err := r.values(n, file)
		if err != nil {
			return nil, err
		}
		found = append(found, place{string(at), valid, invalidValues(n)})
	}
	for _, name := range sortedKeys(n.Properties) {
		inner, err := r.places(n.Properties[name], file, at.AppendToken(name))
		if err != nil {
			return nil, err
		}
		if slices.Contains(n.Required, name) {
			inner[0].invalid = append(inner[0].invalid, "absent")
		} else {
			inner[0].valid = append(inner[0].valid, "absent")
		}
		found = append(found, inner...)
	}
	if len(n.Properties) > 0 {
		found = append(found, place{string(at.AppendToken("unknown")), []string{"1"}, []string{"null", `"x"`, "absent"}})
	}
	return found, nil
}

// values returns values of the type of a schema, limits included.
func (r *schemaReader) values(n *node, file string) ([]string, error) {
	switch {
	case len(n.Enum) > 0:
		var all []string
		for _, word := range n.Enum {
			all = append(all, quoted(word))
		}
		return append(all, all...), nil
	case n.Type == "boolean":
		return []string{"true", "false"}, nil
	case n.Type == "integer":
		// Most rules have a limit between 0 and 2, and the schema one at the largest exact integer of a double.
		return []string{"0", "1", "2", "3", "0", "1", "2", "2.0", "2e0", "1.0", "9007199254740991"}, nil
	case n.Type == "array":
		return r.lists(n, file)
	case n.Type == "object":
		var all []string
		for range 4 {
			one, err := r.object(n, file)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	case n.Format == "date-time":
		var all []string
		for _, text := range append(slices.Clone(times), spelledTimes...) {
			all = append(all, quoted(text))
		}
		return all, nil
	case n.MinLength > 0:
		return []string{`"a@b"`, `"a@"`, `"trust@lp.example"`, `"nowhere"`, `"é@"`}, nil
	}
	var all []string
	for _, word := range slices.Concat(texts, r.codes) {
		all = append(all, quoted(word))
	}
	return all, nil
}

// lists returns lists of the items of a schema, some empty, and some with an item twice.
func (r *schemaReader) lists(n *node, file string) ([]string, error) {
	all := []string{"[]"}
	items, file, err := r.resolve(n.Items, file)
	if err != nil {
		return nil, err
	}
	count := 12
	if items.Type == "object" {
		count = 80
	}
	for range count {
		var list []string
		for range 1 + r.random.IntN(3) {
			one, err := r.item(items, file)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		if r.random.IntN(8) == 0 {
			list = append(list, list[0])
		}
		all = append(all, "["+strings.Join(list, ", ")+"]")
	}
	return all, nil
}

// item returns a value of a schema.
func (r *schemaReader) item(n *node, file string) (string, error) {
	if n.Type == "object" {
		return r.object(n, file)
	}
	values, err := r.values(n, file)
	if err != nil {
		return "", err
	}
	return values[r.random.IntN(len(values))], nil
}

// object returns an object with all members.
func (r *schemaReader) object(n *node, file string) (string, error) {
	var members []string
	for _, name := range sortedKeys(n.Properties) {
		inner, file, err := r.resolve(n.Properties[name], file)
		if err != nil {
			return "", err
		}
		value, err := r.item(inner, file)
		if err != nil {
			return "", err
		}
		members = append(members, quoted(name)+": "+value)
	}
	return "{" + strings.Join(members, ", ") + "}", nil
}

// invalidValues returns values that a schema of this type mostly refuses.
func invalidValues(n *node) []string {
	all := []string{"null", "7", `"x"`, "true", "[]", "{}"}
	switch {
	case n.Type == "integer":
		all = append(all, "-1", "1.5", "9007199254740992", `"1"`, "1e3", "-0")
	case n.Type == "array":
		all = append(all, `[""]`, `["a", "a"]`, "[1]", `[null]`, `[" a"]`)
	case n.Type == "boolean":
		all = append(all, "0", `"true"`)
	case n.Format == "date-time":
		for _, text := range malformedTimes {
			all = append(all, quoted(text))
		}
	case n.Type == "string" || len(n.Enum) > 0:
		for _, text := range []string{"", " ", " x", "x ", "\u00a0x", "s1", "S4", "Active", "x\u2003"} {
			all = append(all, quoted(text))
		}
	}
	return all
}

// texts are values without a meaning. Code points beyond the basic plane have another order in UTF-16.
var texts = []string{"a", "b", "B", "a b", "é", "\U0001d4b3", "\uffee", "late", "~/", `q"\`}
