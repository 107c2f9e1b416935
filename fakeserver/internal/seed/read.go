package seed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	// It says on which line a value stands, which the errors need.
	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// text is a YAML document as JSON, and on which line each of its values stands.
type text struct {
	file     string
	value    any
	lines    map[string]int // by JSON Pointer
	problems []problem
	unsound  map[string]bool     // the places of problems, and all that they are in
	known    map[string][]string // members, by the keyword of the schema that refuses others
	broken   error               // why there is no document
}

const (
	// deepest is how many lists and mappings may be in one another. A seed has fewer than ten.
	deepest = 100
	// mostTold is how many problems are told. Who has more of them made one mistake many times.
	mostTold = 100
)

// problem is one thing that is wrong with a seed.
type problem struct {
	line          int
	pointer, says string
}

// wrong notes a problem at a place.
func (t *text) wrong(pointer, format string, args ...any) {
	t.problems = append(t.problems, problem{t.line(pointer), pointer, fmt.Sprintf(format, args...)})
	for at := pointer; !t.unsound[at]; at = at[:max(strings.LastIndex(at, "/"), 0)] {
		t.unsound[at] = true
	}
}

// line is where a place stands, or where what should have it does.
func (t *text) line(pointer string) int {
	line, known := t.lines[pointer]
	for at := pointer; !known && at != ""; {
		at = at[:strings.LastIndex(at, "/")]
		line, known = t.lines[at]
	}
	return max(line, 1)
}

// place is a place as an error names it.
func (t *text) place(pointer string) string {
	place := fmt.Sprintf("%s:%d:", t.file, t.line(pointer))
	if pointer != "" {
		place += " " + pointer
	}
	return place
}

// sound tells whether nothing was found wrong at a place, or in it.
func (t *text) sound(pointer string) bool { return !t.unsound[pointer] }

// err tells the problems, by line, and of very many the first.
func (t *text) err() error {
	if t.broken != nil {
		return t.broken
	}
	slices.SortStableFunc(t.problems, func(a, b problem) int { return a.line - b.line })
	var all []error
	for _, p := range t.problems[:min(len(t.problems), mostTold)] {
		all = append(all, fmt.Errorf("%s %s", t.place(p.pointer), p.says))
	}
	if more := len(t.problems) - len(all); more > 0 {
		all = append(all, fmt.Errorf("and %d more", more))
	}
	return errors.Join(all...)
}

// parse reads a YAML document, of which JSON is one, and holds it against the schema.
func parse(ctx context.Context, file string, content []byte, schema *schemas.Schema) *text {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // as editors may write it (RFC 8259, section 8.1)
	t := &text{file: file, lines: map[string]int{}, unsound: map[string]bool{}, known: map[string][]string{}}
	if len(content) > MaxBytes {
		t.broken = fmt.Errorf("%s:1: a seed has %d bytes at most, and this one has %d", file, MaxBytes, len(content))
		return t
	}
	root, err := yamlfile.Node(file, "seed", content)
	if err != nil {
		// YAML has all of JSON but for tabs and surrogates, which canonical JSON has not.
		var document yaml.Node
		if read, noJSON := schemas.Read(content); noJSON != nil || yaml.Unmarshal(read.Canonical, &document) != nil {
			t.broken = err
			return t
		}
		root = document.Content[0]
	}
	if deep := below(root, deepest); deep != nil {
		t.broken = fmt.Errorf("%s:%d: more than %d lists and mappings are in one another", file, deep.Line, deepest)
		return t
	}
	if t.broken = tooMany(file, root); t.broken == nil {
		t.broken = ctx.Err()
	}
	if t.broken != nil {
		return t
	}
	t.value = t.read("", root)
	if t.broken = ctx.Err(); t.broken != nil {
		t.value = nil
		return t
	}
	for _, v := range schema.Validate(t.value) {
		t.violated(schema, v)
	}
	return t
}

// below gives the first node that has so many others around it; nil when none has.
func below(node *yaml.Node, around int) *yaml.Node {
	if len(node.Content) > 0 && around == 0 {
		return node
	}
	for _, inner := range node.Content {
		if deep := below(inner, around-1); deep != nil {
			return deep
		}
	}
	return nil
}

// tooMany counts the steps of a seed, whatever else it has, and names the provider with
// the first one that is too many. It comes before all that takes time for each of them.
func tooMany(file string, root *yaml.Node) error {
	steps := 0
	providers := member(root, "providers")
	if providers == nil {
		return nil
	}
	for n, provider := range providers.Content {
		steps++
		if history := member(provider, "history"); history != nil {
			steps += len(history.Content)
		}
		for _, name := range []string{"governance", "last_evaluation", "rollout"} {
			if member(provider, name) != nil {
				steps++
			}
		}
		if steps > MaxSteps {
			return fmt.Errorf("%s:%d: /providers/%d is too much: a seed has %d steps at most, and up to here there are %d (a provider is one, and so is each of its history, governance, last_evaluation and rollout)",
				file, provider.Line, n, MaxSteps, steps)
		}
	}
	return nil
}

// member gives what a mapping has under a name; nil when it is none, or has it not.
func member(of *yaml.Node, name string) *yaml.Node {
	for i := 0; of.Kind == yaml.MappingNode && i < len(of.Content); i += 2 {
		if of.Content[i].Value == name {
			return of.Content[i+1]
		}
	}
	return nil
}

// read gives the JSON value of a node.
func (t *text) read(pointer string, node *yaml.Node) any {
	if _, known := t.lines[pointer]; !known {
		t.lines[pointer] = node.Line
	}
	switch node.Kind {
	case yaml.MappingNode:
		members := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i]
			at := string(jsontext.Pointer(pointer).AppendToken(key.Value))
			if _, twice := members[key.Value]; twice {
				t.lines[at] = key.Line
				t.wrong(at, "stands here a second time")
			}
			t.lines[at] = key.Line
			members[key.Value] = t.read(at, node.Content[i+1])
		}
		return members
	case yaml.SequenceNode:
		elements := []any{}
		for i, element := range node.Content {
			elements = append(elements, t.read(pointer+"/"+strconv.Itoa(i), element))
		}
		return elements
	case yaml.AliasNode:
		t.wrong(pointer, "is an alias: write the value itself")
		return nil
	}
	switch node.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true")
	case "!!int", "!!float":
		if number, err := strconv.ParseFloat(strings.ReplaceAll(node.Value, "_", ""), 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
			return number
		}
	}
	return node.Value // a time, too, is a text
}

// violated notes what the schema forbids.
func (t *text) violated(schema *schemas.Schema, v schemas.Violation) {
	switch v.Keyword {
	case "additionalProperties":
		known, found := t.known[v.SchemaPath]
		if !found {
			known = slices.Sorted(maps.Keys(object(schema, v.SchemaPath)))
			t.known[v.SchemaPath] = known
		}
		members, _ := at(t.value, v.InstancePath).(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !slices.Contains(known, name) {
				t.wrong(string(jsontext.Pointer(v.InstancePath).AppendToken(name)), "is unknown%s", suggest.DidYouMean(name, known))
			}
		}
	default:
		t.wrong(v.InstancePath, "%s", v.Message)
	}
}

// object gives the properties beside a keyword of the schema.
func object(schema *schemas.Schema, keyword string) map[string]any {
	var source any
	if err := json.Unmarshal(schema.Source(), &source); err != nil {
		panic("reading the schema of seeds: " + err.Error())
	}
	keyword = strings.TrimPrefix(keyword, "#")
	beside, _ := at(source, keyword[:strings.LastIndex(keyword, "/")]).(map[string]any)
	properties, _ := beside["properties"].(map[string]any)
	return properties
}

// at gives the value at a JSON Pointer.
func at(value any, pointer string) any {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch inner := value.(type) {
		case map[string]any:
			value = inner[token]
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(inner) {
				return nil
			}
			value = inner[n]
		default:
			return nil
		}
	}
	return value
}
