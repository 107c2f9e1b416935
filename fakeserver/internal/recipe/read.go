package recipe

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
)

// The caller and the provider of a step.
const (
	caller   = "acme"
	provider = "plp_{run}"
)

// Read reads a catalogue. The error has one line, FILE:LINE: problem, for each problem.
func Read(m *milestones.Milestone, file string, text []byte) (Catalogue, error) {
	root, err := yamlfile.Node(file, "catalogue", text)
	if err != nil {
		return nil, err
	}
	d := &reader{milestone: m, file: file}
	var c Catalogue
	names := map[string]int{}
	d.mapping(root, fields{"recipes": func(n *yaml.Node) {
		for _, item := range d.items(n) {
			r := d.recipe(item)
			if r == nil {
				continue
			}
			if line := names[r.Name()]; line > 0 {
				d.report(item, "duplicate recipe %s (first on line %d)", r.Name(), line)
			}
			names[r.Name()] = item.Line
			c = append(c, r)
		}
	}})
	return c, errors.Join(d.found...)
}

// fields are the keys of a mapping, and the function that reads each value.
type fields map[string]func(*yaml.Node)

// reader reads a catalogue and collects the problems.
type reader struct {
	milestone *milestones.Milestone
	file      string
	found     []error
}

func (d *reader) report(n *yaml.Node, format string, args ...any) {
	d.found = append(d.found, fmt.Errorf("%s:%d: %s", d.file, n.Line, fmt.Sprintf(format, args...)))
}

func (d *reader) mapping(n *yaml.Node, known fields) {
	for key, value := range d.pairs(n) {
		if read, ok := known[key.Value]; ok {
			read(value)
			continue
		}
		d.report(key, "unknown key %q%s", key.Value, suggest.DidYouMean(key.Value, slices.Sorted(maps.Keys(known))))
	}
}

// pairs yields the members of a mapping in order.
func (d *reader) pairs(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			d.report(n, "expected a mapping")
			return
		}
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if seen[key.Value] {
				d.report(key, "duplicate key %q", key.Value)
				continue
			}
			seen[key.Value] = true
			if !yield(key, n.Content[i+1]) {
				return
			}
		}
	}
}

func (d *reader) items(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		d.report(n, "expected a list")
		return nil
	}
	return n.Content
}

func (d *reader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		d.report(n, "expected a string")
		return ""
	}
	return n.Value
}

func (d *reader) into(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) { *to = d.text(n) }
}

func (d *reader) texts(to *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		for _, item := range d.items(n) {
			*to = append(*to, d.text(item))
		}
	}
}

// stringMap reads a mapping of names to strings into a map; null removes a name from it.
func (d *reader) stringMap(to map[string]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		for key, value := range d.pairs(n) {
			if value.Tag != "!!null" {
				to[key.Value] = d.text(value)
			} else if _, has := to[key.Value]; has {
				delete(to, key.Value)
			} else {
				d.report(key, "cannot remove %q, which the step does not have%s", key.Value, suggest.DidYouMean(key.Value, slices.Sorted(maps.Keys(to))))
			}
		}
	}
}

func (d *reader) operation(n *yaml.Node) *milestones.Operation {
	op, ok := d.milestone.Operation(d.text(n))
	if !ok {
		ids := []string{d.milestone.Router.ID}
		for i := range d.milestone.Operations {
			ids = append(ids, d.milestone.Operations[i].ID)
		}
		d.report(n, "unknown operation %q%s", n.Value, suggest.DidYouMean(n.Value, ids))
		return nil
	}
	return op
}

// recipe reads a recipe. It returns nil if the operation or the outcome is unknown.
func (d *reader) recipe(n *yaml.Node) *Recipe {
	r := &Recipe{ResponseHeader: map[string]string{}}
	var outcome, code, steps *yaml.Node
	d.mapping(n, fields{
		"operation":       func(n *yaml.Node) { r.Operation = d.operation(n) },
		"outcome":         func(n *yaml.Node) { outcome = n },
		"reason_code":     func(n *yaml.Node) { code = n },
		"listed_codes":    d.texts(&r.ListedCodes),
		"variant":         d.into(&r.Variant),
		"response_header": d.stringMap(r.ResponseHeader),
		"present":         d.texts(&r.Present),
		"steps":           func(n *yaml.Node) { steps = n },
	})
	if outcome == nil || steps == nil || r.Operation == nil {
		d.report(n, "a recipe needs operation, outcome and steps")
		return nil
	}
	var known []string
	for i, o := range r.Operation.Outcomes {
		known = append(known, o.Name)
		if o.Name == outcome.Value {
			r.Outcome = &r.Operation.Outcomes[i]
		}
	}
	if r.Outcome == nil {
		d.report(outcome, "unknown outcome %q of %s%s", outcome.Value, r.Operation.ID, suggest.DidYouMean(outcome.Value, known))
		return nil
	}
	at := n
	if code != nil {
		r.ReasonCode, at = d.text(code), code
	}
	if cell := (milestones.CoverageItem{Outcome: r.Outcome.Name, ReasonCode: r.ReasonCode}); !slices.Contains(r.Operation.CoverageItems(), cell) {
		var codes []string
		for _, cell := range r.Operation.CoverageItems() {
			if cell.Outcome == r.Outcome.Name {
				codes = append(codes, cell.ReasonCode)
			}
		}
		d.report(at, "the outcome %s of %s has no reason code %q%s", r.Outcome.Name, r.Operation.ID, r.ReasonCode, suggest.DidYouMean(r.ReasonCode, codes))
	}
	captured := []string{"run"}
	for i, item := range d.items(steps) {
		s := d.step(item, i+1, captured)
		if s == nil {
			return nil
		}
		r.Steps = append(r.Steps, *s)
		captured = append(captured, slices.Sorted(maps.Keys(s.Capture))...)
	}
	if len(r.Steps) == 0 {
		d.report(steps, "a recipe needs at least one step")
	} else if last := r.Steps[len(r.Steps)-1].Operation; last != r.Operation {
		d.report(steps, "the operation of the last step is %s, but that of the recipe is %s", last.ID, r.Operation.ID)
	}
	return r
}

// step reads step number n of a recipe. It returns nil if the operation is unknown.
// Captured are the names that placeholders can have.
func (d *reader) step(n *yaml.Node, number int, captured []string) *Step {
	s := &Step{Query: map[string]string{}, Header: map[string]string{}, Capture: map[string]string{}}
	for key, value := range d.pairs(n) {
		if key.Value == "operation" {
			s.Operation = d.operation(value)
		}
	}
	if s.Operation == nil {
		d.report(n, "a step needs an operation")
		return nil
	}
	op := s.Operation
	s.Method, s.Path = op.Method, op.Path
	if hasProvider(op) {
		s.Params = map[string]string{"provider_id": provider}
	}
	if !op.Public && op.Scope != "" {
		s.Header["X-Actor-Type"], s.Header["X-Actor-Id"], s.Header["X-Auth-Scopes"] = "partner", caller, op.Scope
	}
	var body any
	if op.RequestSchema != "" {
		s.Header[d.milestone.Transport.IdempotencyHeader] = "{run}-" + strconv.Itoa(number)
		body = d.request(n, op)
	}
	changed := n
	d.mapping(n, fields{
		"operation": func(*yaml.Node) {},
		"method":    d.into(&s.Method),
		"path":      d.into(&s.Path),
		"headers":   d.stringMap(s.Header),
		"query":     d.stringMap(s.Query),
		"capture":   d.stringMap(s.Capture),
		"set": func(n *yaml.Node) {
			changed = n
			for key, value := range d.pairs(n) {
				var to any
				if err := value.Decode(&to); err != nil {
					d.report(value, "%v", err)
				} else if err := setValue(body, jsontext.Pointer(key.Value), to); err != nil {
					d.report(key, "%v", err)
				}
			}
		},
		"body": func(n *yaml.Node) { s.Body = []byte(d.text(n)) },
		"spaces": func(n *yaml.Node) {
			if err := n.Decode(&s.Spaces); err != nil || s.Spaces < 1 {
				d.report(n, "spaces must be a positive number, such as 1048577")
			}
		},
	})
	if s.Method == "" || s.Path == "" {
		d.report(n, "a step of %s needs method and path", op.ID)
	}
	if body != nil && s.Body == nil && s.Spaces == 0 {
		text, err := json.Marshal(body, json.Deterministic(true))
		if err != nil {
			d.report(changed, "not representable as JSON: %v", err)
		}
		s.Body = text
	}
	for _, text := range s.texts() {
		for _, name := range placeholder.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(captured, name[1]) {
				d.report(n, "unknown placeholder {%s}%s", name[1], suggest.DidYouMean(name[1], captured))
			}
		}
	}
	return s
}

// placeholder matches {NAME} in a text of a step.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// texts returns the texts of a step that may have placeholders.
func (s *Step) texts() []string {
	texts := []string{s.path(), string(s.Body)}
	for _, of := range []map[string]string{s.Query, s.Header} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			texts = append(texts, of[name])
		}
	}
	return texts
}

// hasProvider reports whether the path has the parameter provider_id.
func hasProvider(op *milestones.Operation) bool { return strings.Contains(op.Path, "{provider_id}") }

// request returns the body of an operation in fixtures/requests, for the caller and the provider.
func (d *reader) request(n *yaml.Node, op *milestones.Operation) any {
	text, err := fixtures.FS.ReadFile("requests/" + op.ID + ".json")
	if err != nil {
		d.report(n, "%v", err)
		return nil
	}
	var body any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "{me}", caller)), &body); err != nil {
		d.report(n, "requests/%s.json: %v", op.ID, err)
		return nil
	}
	if !hasProvider(op) { // onboard has it in the body
		body.(map[string]any)["provider"].(map[string]any)["provider_id"] = provider
	}
	return body
}

// setValue sets a member of an object inside body.
func setValue(body any, pointer jsontext.Pointer, to any) error {
	if pointer == "" || !pointer.IsValid() {
		return fmt.Errorf("%q is not a JSON Pointer of a member", pointer)
	}
	parent, err := valueAt(body, pointer.Parent())
	if err != nil {
		return err
	}
	object, ok := parent.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is not an object", pointer.Parent())
	}
	object[pointer.LastToken()] = to
	return nil
}

// valueAt returns the value at a JSON Pointer that leads through objects.
func valueAt(value any, pointer jsontext.Pointer) (any, error) {
	for name := range pointer.Tokens() {
		object, _ := value.(map[string]any)
		member, has := object[name]
		if !has {
			return nil, fmt.Errorf("there is no value at %s%s", pointer, suggest.DidYouMean(name, slices.Sorted(maps.Keys(object))))
		}
		value = member
	}
	return value, nil
}
