package difftest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/schemas"
)

// place is somewhere in a request body, with what may be put there: JSON, or absent. What the schema allows is not
// looked at twice: both kinds of values are sent, and the fake decides what they are worth.
type place struct {
	pointer string
	right   []string // of the kind that the schema asks for, most of them allowed
	wrong   []string // of another kind
}

// node is a JSON Schema, as far as values are made from it.
type node struct {
	Ref        string           `json:"$ref"`
	Type       kind             `json:"type"`
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

// kind is the type that a schema asks for; of several the first.
type kind string

// UnmarshalJSON reads a name or a list of names.
func (k *kind) UnmarshalJSON(text []byte) error {
	names := make([]kind, 1)
	var err error
	if len(text) > 0 && text[0] == '[' {
		type plain []string
		var all plain
		if err = json.Unmarshal(text, &all); err == nil && len(all) > 0 {
			names[0] = kind(all[0])
		}
	} else {
		var one string
		err = json.Unmarshal(text, &one)
		names[0] = kind(one)
	}
	*k = names[0]
	return err
}

// reader reads schemas as nodes.
type reader struct {
	set   *schemas.Set
	files map[string]*node
	words []string // texts that mean something to somebody: reason codes
	dice  *rand.Rand
}

func newReader(set *schemas.Set, words []string) *reader {
	// The values are made once, and from a fixed seed: which of them are sent is for the walk to draw.
	return &reader{set, map[string]*node{}, words, rand.New(rand.NewPCG(1, 2))}
}

// file is the root of a schema.
func (r *reader) file(name string) (*node, error) {
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

// resolve follows references. What stands beside one narrows what it refers to, and is kept.
func (r *reader) resolve(n *node, file string) (*node, string, error) {
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

// places lists the members of a body, and what is in them.
func (r *reader) places(n *node, file string, at jsontext.Pointer) ([]place, error) {
	n, file, err := r.resolve(n, file)
	if err != nil {
		return nil, err
	}
	var found []place
	if at != "" {
		right, err := r.values(n, file)
		if err != nil {
			return nil, err
		}
		found = append(found, place{string(at), right, wrongFor(n)})
	}
	for _, name := range sortedKeys(n.Properties) {
		inner, err := r.places(n.Properties[name], file, at.AppendToken(name))
		if err != nil {
			return nil, err
		}
		if slices.Contains(n.Required, name) {
			inner[0].wrong = append(inner[0].wrong, "absent")
		} else {
			inner[0].right = append(inner[0].right, "absent")
		}
		found = append(found, inner...)
	}
	if len(n.Properties) > 0 {
		found = append(found, place{string(at.AppendToken("unknown")), []string{"1"}, []string{"null", `"x"`, "absent"}})
	}
	return found, nil
}

// values are JSON texts of the kind that a schema asks for, with the limits of the kind among them.
func (r *reader) values(n *node, file string) ([]string, error) {
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
		// Most rules turn between 0 and 2; what is beyond a double's exact numbers turns the schema.
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
	for _, word := range slices.Concat(texts, r.words) {
		all = append(all, quoted(word))
	}
	return all, nil
}

// lists are lists of a schema's items, empty ones and such with an item twice among them.
func (r *reader) lists(n *node, file string) ([]string, error) {
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
		for range 1 + r.dice.IntN(3) {
			one, err := r.item(items, file)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		if r.dice.IntN(8) == 0 {
			list = append(list, list[0])
		}
		all = append(all, "["+strings.Join(list, ", ")+"]")
	}
	return all, nil
}

// item is one value, an object of such or a plain one.
func (r *reader) item(n *node, file string) (string, error) {
	if n.Type == "object" {
		return r.object(n, file)
	}
	values, err := r.values(n, file)
	if err != nil {
		return "", err
	}
	return values[r.dice.IntN(len(values))], nil
}

// object is an object with every member.
func (r *reader) object(n *node, file string) (string, error) {
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

// wrongFor are values that a schema of that kind may not like.
func wrongFor(n *node) []string {
	all := []string{"null", "7", `"x"`, "true", "[]", "{}"}
	switch {
	case n.Type == "integer":
		all = append(all, "-1", "1.5", "9007199254740992", `"1"`, "1e3", "-0")
	case n.Type == "array":
		all = append(all, `[""]`, `["a", "a"]`, "[1]", `[null]`, `[" a"]`)
	case n.Type == "boolean":
		all = append(all, "0", `"true"`)
	case n.Format == "date-time":
		for _, text := range noTimes {
			all = append(all, quoted(text))
		}
	case n.Type == "string" || len(n.Enum) > 0:
		for _, text := range []string{"", " ", " x", "x ", "\u00a0x", "s1", "S4", "Active", "x\u2003"} {
			all = append(all, quoted(text))
		}
	}
	return all
}

// texts are words for what has no other meaning. Code points beyond the basic plane sort differently in UTF-16.
var texts = []string{"a", "b", "B", "a b", "é", "\U0001d4b3", "\uffee", "late", "~/", `q"\`}

// times are about the time at which the built-in servers stand still: at the edges of seconds, of days, and of what
// retentions cut.
var times = around(service.Frozen().UnixMilli())

func around(now int64) []string {
	const second, day = int64(1000), int64(24 * 60 * 60 * 1000)
	var all []string
	for _, by := range []int64{
		0, 0, second, -second, 1, -1, 3600 * second, -3600 * second, day, day + 1, day - 1, -day, -day - 1, -day + 1,
		30 * day, 30*day + 1, -30 * day, -30*day - 1, 180 * day, 180*day + 1, -180 * day, -180*day - 1, day / 2, -day / 2, 10 * second,
	} {
		all = append(all, timeText(now+by))
	}
	return all
}

// spelledTimes are times in other spellings, and at the ends of the calendar.
var spelledTimes = []string{
	"2026-02-22T17:30:00+01:30", "2026-02-22t16:00:00z", "2026-02-22T16:00:00.0009Z", "2026-02-22T15:59:59.9999999Z",
	"2026-02-22T16:00:00Z", "2026-02-22T16:00:00.1Z", "2026-02-22T11:00:00.5-05:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z",
	// These have the form of a time, and are none that can be recorded.
	"2026-02-22T23:59:60Z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00",
}

// noTimes are texts that do not have the form of a time.
var noTimes = []string{
	"yesterday", "", "2026-02-22", "2026-02-22T16:00:00", "2026-02-22 16:00:00Z", "2026-02-30T00:00:00Z",
	"2026-02-22T24:00:00Z", "2026-02-22T16:00:00,5Z", "2026-02-22T16:00:00+24:00",
}
