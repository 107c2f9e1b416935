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
	"gopkg.in/yaml.v3"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// The caller, and the provider.
const (
	caller   = "acme"
	provider = "plp_{run}"
)

// Read reads a catalogue. When anything is wrong with it, the error has one line for
// each problem, each beginning with the file's name and the line.
func Read(m *milestones.Milestone, file string, text []byte) (Catalogue, error) {
	root, err := milestones.Document(file, "catalogue", text)
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
				d.report(item, "there is a recipe %s already (on line %d)", r.Name(), line)
			}
			names[r.Name()] = item.Line
			c = append(c, r)
		}
	}})
	return c, errors.Join(d.found...)
}

// fields are what a mapping may have, and what reads each.
type fields map[string]func(*yaml.Node)

// reader reads a catalogue, and goes on after a problem.
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
		d.report(key, "unknown key %q%s", key.Value, milestones.Suggest(key.Value, slices.Sorted(maps.Keys(known))))
	}
}

// pairs gives the members of a mapping, in its order.
func (d *reader) pairs(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			d.report(n, "this is not a mapping")
			return
		}
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if seen[key.Value] {
				d.report(key, "key %q is there twice", key.Value)
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
		d.report(n, "this is not a list")
		return nil
	}
	return n.Content
}

func (d *reader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		d.report(n, "this is not a text")
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

// named reads texts by name into a map; null takes a name out of it.
func (d *reader) named(to map[string]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		for key, value := range d.pairs(n) {
			if value.Tag != "!!null" {
				to[key.Value] = d.text(value)
			} else if _, has := to[key.Value]; has {
				delete(to, key.Value)
			} else {
				d.report(key, "there is no %q to take away%s", key.Value, milestones.Suggest(key.Value, slices.Sorted(maps.Keys(to))))
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
		d.report(n, "unknown operation %q%s", n.Value, milestones.Suggest(n.Value, ids))
		return nil
	}
	return op
}

// recipe reads one; nil when nobody can say what it is for.
func (d *reader) recipe(n *yaml.Node) *Recipe {
	r := &Recipe{Header: map[string]string{}}
	var outcome, code, steps *yaml.Node
	d.mapping(n, fields{
		"operation":   func(n *yaml.Node) { r.Operation = d.operation(n) },
		"outcome":     func(n *yaml.Node) { outcome = n },
		"reason_code": func(n *yaml.Node) { code = n },
		"lists":       d.texts(&r.Lists),
		"variant":     d.into(&r.Variant),
		"header":      d.named(r.Header),
		"shows":       d.texts(&r.Shows),
		"steps":       func(n *yaml.Node) { steps = n },
	})
	if outcome == nil || steps == nil || r.Operation == nil {
		d.report(n, "a recipe has an operation, an outcome and steps")
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
		d.report(outcome, "unknown outcome %q of %s%s", outcome.Value, r.Operation.ID, milestones.Suggest(outcome.Value, known))
		return nil
	}
	at := n
	if code != nil {
		r.ReasonCode, at = d.text(code), code
	}
	if cell := (milestones.Cell{Outcome: r.Outcome.Name, ReasonCode: r.ReasonCode}); !slices.Contains(r.Operation.Cells(), cell) {
		var codes []string
		for _, cell := range r.Operation.Cells() {
			if cell.Outcome == r.Outcome.Name {
				codes = append(codes, cell.ReasonCode)
			}
		}
		d.report(at, "the outcome %s of %s gives no reason code %q%s", r.Outcome.Name, r.Operation.ID, r.ReasonCode, milestones.Suggest(r.ReasonCode, codes))
	}
	kept := []string{"run"}
	for i, item := range d.items(steps) {
		s := d.step(item, i+1, kept)
		if s == nil {
			return nil
		}
		r.Steps = append(r.Steps, *s)
		kept = append(kept, slices.Sorted(maps.Keys(s.Keep))...)
	}
	if len(r.Steps) == 0 {
		d.report(steps, "a recipe has a step")
	} else if last := r.Steps[len(r.Steps)-1].Operation; last != r.Operation {
		d.report(steps, "the last step is of %s, and the promise of %s", last.ID, r.Operation.ID)
	}
	return r
}

// step reads the number-th step; nil when it has no operation. Earlier steps have
// kept values under the names.
func (d *reader) step(n *yaml.Node, number int, kept []string) *Step {
	s := &Step{Query: map[string]string{}, Header: map[string]string{}, Keep: map[string]string{}}
	for key, value := range d.pairs(n) {
		if key.Value == "operation" {
			s.Operation = d.operation(value)
		}
	}
	if s.Operation == nil {
		d.report(n, "a step has an operation")
		return nil
	}
	op := s.Operation
	s.Method, s.Path = op.Method, op.Path
	if ofProvider(op) {
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
		"headers":   d.named(s.Header),
		"query":     d.named(s.Query),
		"keep":      d.named(s.Keep),
		"set": func(n *yaml.Node) {
			changed = n
			for key, value := range d.pairs(n) {
				var to any
				if err := value.Decode(&to); err != nil {
					d.report(value, "%v", err)
				} else if err := set(body, key.Value, to); err != nil {
					d.report(key, "%v", err)
				}
			}
		},
		"body": func(n *yaml.Node) { s.Body = []byte(d.text(n)) },
		"blanks": func(n *yaml.Node) {
			if err := n.Decode(&s.Blanks); err != nil || s.Blanks < 1 {
				d.report(n, "blanks is how many there are, such as 1048577")
			}
		},
	})
	if s.Method == "" || s.Path == "" {
		d.report(n, "a request that reaches no operation has a method and a path")
	}
	if body != nil && s.Body == nil && s.Blanks == 0 {
		text, err := json.Marshal(body, json.Deterministic(true))
		if err != nil {
			d.report(changed, "this is no JSON: %v", err)
		}
		s.Body = text
	}
	for _, text := range s.texts() {
		for _, name := range placeholder.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(kept, name[1]) {
				d.report(n, "nothing was kept as {%s} before%s", name[1], milestones.Suggest(name[1], kept))
			}
		}
	}
	return s
}

// placeholder stands for a value.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// texts are those of a step that may have placeholders.
func (s *Step) texts() []string {
	texts := []string{s.path(), string(s.Body)}
	for _, of := range []map[string]string{s.Query, s.Header} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			texts = append(texts, of[name])
		}
	}
	return texts
}

// ofProvider tells whether the path names a provider.
func ofProvider(op *milestones.Operation) bool { return strings.Contains(op.Path, "{provider_id}") }

// request gives an operation's body, of the caller and for the provider.
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
	if !ofProvider(op) { // It makes one.
		body.(map[string]any)["provider"].(map[string]any)["provider_id"] = provider
	}
	return body
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// set changes a member that is there, or adds one to an object.
func set(body any, pointer string, to any) error {
	at, last, found := cutLast(pointer)
	if !found {
		return fmt.Errorf("%q is no JSON pointer to a member", pointer)
	}
	inside, err := get(body, at)
	if err != nil {
		return err
	}
	object, ok := inside.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is no object", at)
	}
	object[unescape.Replace(last)] = to
	return nil
}

func cutLast(pointer string) (at, last string, found bool) {
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 {
		return "", "", false
	}
	return pointer[:i], pointer[i+1:], true
}

// get follows a JSON pointer through objects.
func get(body any, pointer string) (any, error) {
	if pointer == "" {
		return body, nil
	}
	for i, name := range strings.Split(pointer, "/") {
		if i == 0 {
			continue
		}
		object, _ := body.(map[string]any)
		member, has := object[unescape.Replace(name)]
		if !has {
			return nil, fmt.Errorf("there is nothing at %s%s", pointer, milestones.Suggest(unescape.Replace(name), slices.Sorted(maps.Keys(object))))
		}
		body = member
	}
	return body, nil
}
