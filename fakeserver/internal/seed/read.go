package seed

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	// It says on which line a value stands, which the errors need.
	"gopkg.in/yaml.v3"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// text is a YAML document as JSON, and on which line each of its values stands.
type text struct {
	file     string
	value    any
	lines    map[string]int // by JSON Pointer
	problems []problem
	broken   error // why there is no document
}

// problem is one thing that is wrong with a seed.
type problem struct {
	line          int
	pointer, says string
}

// wrong notes a problem at a place, or where what should have it stands.
func (t *text) wrong(pointer, format string, args ...any) {
	line, known := t.lines[pointer]
	for at := pointer; !known && at != ""; {
		at = at[:strings.LastIndex(at, "/")]
		line, known = t.lines[at]
	}
	t.problems = append(t.problems, problem{max(line, 1), pointer, fmt.Sprintf(format, args...)})
}

// sound tells whether nothing was found wrong at a place, or in it.
func (t *text) sound(pointer string) bool {
	return !slices.ContainsFunc(t.problems, func(p problem) bool {
		return p.pointer == pointer || strings.HasPrefix(p.pointer, pointer+"/")
	})
}

// err tells all problems, by line.
func (t *text) err() error {
	if t.broken != nil {
		return t.broken
	}
	slices.SortStableFunc(t.problems, func(a, b problem) int { return a.line - b.line })
	var all []error
	for _, p := range t.problems {
		at := ""
		if p.pointer != "" {
			at = p.pointer + " "
		}
		all = append(all, fmt.Errorf("%s:%d: %s%s", t.file, p.line, at, p.says))
	}
	return errors.Join(all...)
}

// parse reads a YAML document, of which JSON is one, and holds it against the schema.
func parse(file string, content []byte, schema *schemas.Schema) *text {
	t := &text{file: file, lines: map[string]int{}}
	root, err := milestones.Document(file, "seed", content)
	if err != nil {
		// YAML has all of JSON but for tabs and surrogates, which canonical JSON has not.
		var document yaml.Node
		if read, noJSON := schemas.Read(content); noJSON != nil || yaml.Unmarshal(read.Canonical, &document) != nil {
			t.broken = err
			return t
		}
		root = document.Content[0]
	}
	t.value = t.read("", root)
	for _, v := range schema.Validate(t.value) {
		t.violated(schema, v)
	}
	return t
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
			at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key.Value)
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
			elements = append(elements, t.read(fmt.Sprint(pointer, "/", i), element))
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
		if number, err := strconv.ParseFloat(strings.ReplaceAll(node.Value, "_", ""), 64); err == nil {
			return number
		}
	}
	return node.Value // a time, too, is a text
}

// violated notes what the schema forbids.
func (t *text) violated(schema *schemas.Schema, v schemas.Violation) {
	switch v.Keyword {
	case "additionalProperties":
		known := slices.Sorted(maps.Keys(object(schema, v.SchemaPath)))
		members, _ := at(t.value, v.InstancePath).(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !slices.Contains(known, name) {
				t.wrong(v.InstancePath+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), "is unknown%s", milestones.Suggest(name, known))
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
