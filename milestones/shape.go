package milestones

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// This file knows which keys a milestone has and what stands under them, and nothing of what they mean. The table
// below is what schemas/Milestone.schema.json says for editors; a test holds the two equal in both directions.

// kind is what stands under a key.
type kind struct {
	is  string // as messages call it
	tag string // as YAML calls it
}

var (
	text    = kind{"text", "!!str"}
	number  = kind{"a whole number", "!!int"}
	flag    = kind{"true or false", "!!bool"}
	list    = kind{"a list", "!!seq"}
	mapping = kind{"a mapping", "!!map"}
	day     = kind{"a date, such as 2026-12-31", "!!timestamp"}
)

// field is one key of a shape.
type field struct {
	key      string
	required bool
	kind     kind
	form     form     // of a text, of each text of a list, or of each free name
	oneOf    []string // instead of a form
	least    int      // of a number
	most     int      // of a number, when not 0
	shape    string   // of a mapping, or of each item of a list; a list without one is of texts, none of them twice
	free     bool     // the keys of a mapping are free names, and its shape is that of each value
	empty    bool     // a list may be empty
}

// form is what a text looks like.
type form struct {
	pattern *regexp.Regexp
	is      string
}

func formOf(pattern, is string) form { return form{regexp.MustCompile(pattern), is} }

// hidden are the control characters but for the tab, inside of a character class: an escape sequence in quotes could bring
// them. They are written as themselves, for regular expressions have no escape for them that all engines share.
const hidden = "\x00-\x08\n-\x1f\x7f-\u009f"

var (
	line           = formOf("^[^ \t"+hidden+"]([^"+hidden+"]*[^ \t"+hidden+"])?$", "one line of text")
	sentence       = formOf("^[^ \t"+hidden+"][^"+hidden+"]*[^ \t"+hidden+"]\\.$", "one line that ends with a full stop")
	kebab          = formOf(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, "lower-case words joined by hyphens")
	snake          = formOf(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`, "lower-case words joined by underscores")
	screamingSnake = formOf(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`, "upper-case words joined by underscores")
	milestoneID    = formOf(`^[A-Z][A-Za-z0-9]*$`, "letters and digits that begin with a capital")
	operationID    = formOf(`^[a-z][A-Za-z0-9]*([.-][a-z][A-Za-z0-9]*)*$`, "words joined by dots or hyphens")
	schemaName     = formOf(`^[A-Z][A-Za-z0-9]*$`, "the name of a schema, without .schema.json")
	header         = formOf(`^[A-Za-z][A-Za-z0-9-]*$`, "the name of a header")
	ownID          = formOf(`^[A-Za-z0-9._-]*\{operation\}[A-Za-z0-9._-]*$`, "a correlation id with {operation} in it")
	parameterName  = formOf(`^[A-Za-z][A-Za-z0-9_-]*$`, "the name of a parameter")
	scope          = formOf(`^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$`, "a scope, such as settlement:read")
	pathTemplate   = formOf(`^(/|(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+)$`, "a path of literal and {parameter} segments")
	pointer        = formOf(`^(/([^~/]|~[01])*)+$`, "a JSON Pointer below the root")
	featureFile    = formOf(`^[a-z][a-z0-9_]*\.feature$`, "the name of a .feature file")
	artifactFile   = formOf(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)+$`, "the name of a file, without folders")
	section        = formOf(`^[1-9][0-9]*(\.[1-9][0-9]*)*$`, "the number of a section")
)

// shapes are all mappings of the file, by what one of them is called.
var shapes = map[string][]field{
	"milestone": {
		{key: "id", required: true, kind: text, form: milestoneID},
		{key: "title", required: true, kind: text, form: line},
		{key: "transport", required: true, kind: mapping, shape: "transport"},
		{key: "limits", kind: mapping, shape: "limits"},
		{key: "reason_code_floor", required: true, kind: list, form: snake},
		{key: "refusals", required: true, kind: mapping, free: true, form: snake, shape: "refusal"},
		{key: "operations", required: true, kind: list, shape: "operation"},
		{key: "router", required: true, kind: mapping, shape: "router"},
		{key: "parameters", kind: list, shape: "parameter"},
		{key: "identities", kind: list, shape: "identity"},
		{key: "capabilities", kind: list, shape: "capability"},
		{key: "features", required: true, kind: list, form: featureFile},
		{key: "rules", required: true, kind: list, shape: "rule"},
		{key: "artifacts", required: true, kind: list, form: artifactFile},
		{key: "output", required: true, kind: mapping, shape: "output"},
		{key: "selfcheck", kind: mapping, shape: "selfcheck"},
	},
	"transport": {
		{key: "content_type", required: true, kind: text, form: line},
		{key: "correlation_header", required: true, kind: text, form: header},
		{key: "idempotency_header", kind: text, form: header},
		{key: "replay_header", kind: text, form: header},
		{key: "error_schema", required: true, kind: text, form: schemaName},
		{key: "own_correlation_id", kind: text, form: ownID},
	},
	"limits": {
		{key: "body_bytes", kind: number, least: 1},
		{key: "export_limit_default", kind: number, least: 1},
		{key: "export_limit_max", kind: number, least: 1},
		{key: "retention_days_default", kind: number, least: 1},
		{key: "retention_days_max", kind: number, least: 1},
		{key: "violations", kind: number, least: 1},
		{key: "idempotency_key_length", kind: number, least: 1},
		{key: "correlation_id_length", kind: number, least: 1},
	},
	"refusal": {
		{key: "status", required: true, kind: number, least: 400, most: 599},
		{key: "code", required: true, kind: text, form: screamingSnake},
		{key: "reason_code", kind: text, form: snake},
		{key: "details", kind: list, form: snake},
		{key: "reason_codes_at", kind: text, form: pointer},
		{key: "reason_codes", kind: list, form: snake},
		{key: "open_reason_codes", kind: flag},
	},
	"operation": {
		{key: "id", required: true, kind: text, form: operationID},
		{key: "method", required: true, kind: text, oneOf: []string{"GET", "POST", "PUT", "PATCH", "DELETE"}},
		{key: "path", required: true, kind: text, form: pathTemplate},
		{key: "scope", kind: text, form: scope},
		{key: "public", kind: flag},
		{key: "request_schema", kind: text, form: schemaName},
		{key: "response_schema", required: true, kind: text, form: schemaName},
		{key: "success", kind: mapping, shape: "success"},
		{key: "refusals", kind: list, form: snake},
	},
	"success": {
		{key: "status", kind: number, least: 200, most: 299},
		{key: "made", kind: text, form: pointer},
		{key: "reason_codes_at", kind: text, form: pointer},
		{key: "reason_codes", kind: list, form: snake},
		{key: "open_reason_codes", kind: flag},
	},
	"router": {
		{key: "id", required: true, kind: text, form: operationID},
		{key: "refusals", required: true, kind: list, form: snake},
	},
	"parameter": {
		{key: "name", required: true, kind: text, form: parameterName},
		{key: "in", required: true, kind: text, oneOf: []string{InQuery, InHeader}},
		{key: "type", required: true, kind: text, oneOf: []string{"string", "integer"}},
		{key: "format", kind: text, oneOf: []string{"date-time"}},
		{key: "values", kind: list, form: snake},
		{key: "says", required: true, kind: text, form: sentence},
		{key: "operations", required: true, kind: list, form: operationID},
	},
	"identity": {
		{key: "id", required: true, kind: text, form: kebab},
		{key: "headers", required: true, kind: list, form: header},
		{key: "sends", kind: list, form: line},
		{key: "says", required: true, kind: text, form: sentence},
	},
	"capability": {
		{key: "id", required: true, kind: text, form: kebab},
		{key: "says", required: true, kind: text, form: sentence},
		{key: "given", kind: flag},
		{key: "presence", required: true, kind: text, oneOf: []string{Required, Optional}},
		{key: "one_of", kind: text, form: kebab},
	},
	"rule": {
		{key: "id", required: true, kind: text, form: kebab},
		{key: "kind", required: true, kind: text, oneOf: []string{Precondition, Invariant}},
		{key: "feature", required: true, kind: text, form: featureFile},
		{key: "section", required: true, kind: text, form: section},
		{key: "says", required: true, kind: text, form: sentence},
		{key: "operations", required: true, kind: list, form: operationID},
	},
	"output": {
		{key: "own", required: true, kind: list, shape: "pattern"},
	},
	"selfcheck": {
		{key: "threshold", required: true, kind: number, least: 1, most: 100},
		{key: "unobservable", kind: list, shape: "unobservable"},
	},
	"unobservable": {
		{key: "lie", required: true, kind: text, form: line},
		{key: "says", required: true, kind: text, form: sentence},
	},
	"pattern": {
		{key: "token", required: true, kind: text, form: kebab},
		{key: "regexp", required: true, kind: text, form: line},
		{key: "says", required: true, kind: text, form: sentence},
	},
}

// node is a piece of the file whose shape is right. A piece whose shape is wrong is nil, and every question to a
// nil part has an empty answer, so that one problem is reported once and the rest of the file is still looked at.
type node struct {
	line       int
	text       string
	number     int
	flag       bool
	incomplete bool             // some of the items could not be read
	items      []*node          // of a list; the names of a mapping with free names
	fields     map[string]*node // of a mapping
}

func (p *node) get(key string) *node {
	if p == nil {
		return nil
	}
	return p.fields[key]
}

// has tells a key whose value is wrong from one that is not there.
func (p *node) has(key string) bool {
	if p == nil {
		return false
	}
	_, ok := p.fields[key]
	return ok
}

func (p *node) list() []*node {
	if p == nil {
		return nil
	}
	return p.items
}

func (p *node) str() string {
	if p == nil {
		return ""
	}
	return p.text
}

func (p *node) at() int {
	if p == nil {
		return 0
	}
	return p.line
}

func (p *node) int() int {
	if p == nil {
		return 0
	}
	return p.number
}

func (p *node) yes() bool { return p != nil && p.flag }

func (p *node) strs() []string {
	var all []string
	for _, item := range p.list() {
		all = append(all, item.text)
	}
	return all
}

// shaper turns YAML nodes into parts.
type shaper struct {
	file   string
	shapes map[string][]field
	found  problems
}

func (s *shaper) report(line int, format string, args ...any) {
	s.found = append(s.found, problem{s.file, line, fmt.Sprintf(format, args...)})
}

// object reads a mapping of the keys of a shape.
func (s *shaper) object(n *yaml.Node, shape string) *node {
	if !s.is(n, shape, mapping) {
		return nil
	}
	fields := s.shapes[shape]
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	p := &node{line: n.Line, fields: map[string]*node{}}
	meant := map[string]bool{} // A key that was misspelt is not missing as well: it counts as one with a wrong value.
	first := map[string]int{}
	if !s.few(n, shape) {
		return nil
	}
	for pair := range slices.Chunk(n.Content, 2) {
		key, value := pair[0], pair[1]
		if !s.is(key, "a key", text) || !s.once(first, key, "key") {
			continue
		}
		i := slices.Index(keys, key.Value)
		if i < 0 {
			s.report(key.Line, "unknown key %q%s", key.Value, didYouMean(key.Value, keys))
			if f := Nearest(key.Value, keys); !p.has(f) {
				meant[f], p.fields[f] = true, nil
			}
			continue
		}
		p.fields[key.Value] = s.value(value, fields[i])
	}
	var lacking []string
	for _, f := range fields {
		if f.required && first[f.key] == 0 && !meant[f.key] {
			lacking = append(lacking, strconv.Quote(f.key))
		}
	}
	if lacking != nil {
		s.report(n.Line, "%s lacks %s", shape, strings.Join(lacking, ", "))
	}
	return p
}

// value reads what stands under a key.
func (s *shaper) value(n *yaml.Node, f field) *node {
	switch {
	case f.kind == mapping && f.free:
		return s.named(n, f)
	case f.kind == mapping:
		return s.object(n, f.shape)
	case f.kind == list && f.shape != "":
		return s.objects(n, f)
	case f.kind == list:
		return s.texts(n, f)
	case f.kind == number:
		return s.number(n, f)
	case f.kind == flag:
		return s.flag(n, f)
	case f.kind == day:
		return s.day(n, f)
	default:
		return s.text(n, f)
	}
}

// objects reads a list of mappings.
func (s *shaper) objects(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, list) || !s.some(n, f) {
		return nil
	}
	p := &node{line: n.Line}
	for _, item := range n.Content {
		if read := s.object(item, f.shape); read != nil {
			p.items = append(p.items, read)
		} else {
			p.incomplete = true
		}
	}
	return p
}

// named reads a mapping whose keys are names of the author's choice.
func (s *shaper) named(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, mapping) || !s.some(n, f) {
		return nil
	}
	p := &node{line: n.Line, fields: map[string]*node{}}
	first := map[string]int{}
	for pair := range slices.Chunk(n.Content, 2) {
		key, value := pair[0], pair[1]
		name := s.text(key, field{key: "the name of a " + f.shape, form: f.form})
		switch {
		case name == nil:
			p.incomplete = true
		case s.once(first, key, f.shape):
			p.items = append(p.items, name)
			p.fields[name.text] = s.object(value, f.shape)
		}
	}
	return p
}

// texts reads a list of texts that are all different.
func (s *shaper) texts(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, list) || !s.some(n, f) {
		return nil
	}
	p := &node{line: n.Line}
	first := map[string]int{}
	for _, item := range n.Content {
		read := s.text(item, field{key: "each of " + f.key, form: f.form})
		switch {
		case read == nil:
			p.incomplete = true
		case s.once(first, item, f.key+":"):
			p.items = append(p.items, read)
		}
	}
	return p
}

func (s *shaper) text(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, text) {
		return nil
	}
	if f.oneOf != nil && !slices.Contains(f.oneOf, n.Value) {
		s.report(n.Line, "%s must be one of %s, got %q%s", f.key, strings.Join(f.oneOf, ", "), n.Value, didYouMean(n.Value, f.oneOf))
		return nil
	}
	if f.oneOf == nil && !f.form.pattern.MatchString(n.Value) {
		s.report(n.Line, "%s must be %s, got %q", f.key, f.form.is, n.Value)
		return nil
	}
	return &node{line: n.Line, text: n.Value}
}

func (s *shaper) number(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, number) {
		return nil
	}
	value, err := strconv.Atoi(n.Value)
	switch {
	case err != nil: // YAML has more ways to write a number than a reader expects: 0x10, 1_000, 0o17.
		s.report(n.Line, "%s must be in plain decimal digits, got %s", f.key, n.Value)
	case value < f.least:
		s.report(n.Line, "%s must be %d at least, got %d", f.key, f.least, value)
	case f.most > 0 && value > f.most:
		s.report(n.Line, "%s must be %d at most, got %d", f.key, f.most, value)
	default:
		return &node{line: n.Line, number: value}
	}
	return nil
}

func (s *shaper) flag(n *yaml.Node, f field) *node {
	if !s.is(n, f.key, flag) {
		return nil
	}
	return &node{line: n.Line, flag: strings.EqualFold(n.Value, "true")}
}

// day reads a date, in quotes or without.
func (s *shaper) day(n *yaml.Node, f field) *node {
	want := day
	if n.ShortTag() == text.tag {
		want.tag = text.tag
	}
	if !s.is(n, f.key, want) {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, n.Value); err != nil {
		s.report(n.Line, "%s must be %s, got %q", f.key, day.is, n.Value)
		return nil
	}
	return &node{line: n.Line, text: n.Value}
}

// is reports a node that is not of the wanted kind. Anchors and aliases are refused wherever they stand: each line
// message itself what it means, and a problem with it is reported on the line to mend.
func (s *shaper) is(n *yaml.Node, what string, want kind) bool {
	if n.Kind == yaml.AliasNode {
		s.report(n.Line, "%s is the alias *%s: aliases are not allowed, write it out", what, n.Value)
		return false
	}
	if n.Anchor != "" {
		s.report(n.Line, "%s has the anchor &%s: anchors are not allowed", what, n.Anchor)
	}
	got := n.ShortTag()
	if got == want.tag && n.Kind == structureOf(want) {
		return true
	}
	hint := ""
	if want == text && plain[got] {
		hint = " (put it in quotes)"
	}
	s.report(n.Line, "%s must be %s, got %s%s", what, want.is, describe(n), hint)
	return false
}

// structureOf guards against a tag that lies about what it tags, such as `!!map text`.
func structureOf(k kind) yaml.Kind {
	switch k {
	case list:
		return yaml.SequenceNode
	case mapping:
		return yaml.MappingNode
	default:
		return yaml.ScalarNode
	}
}

// plain are the kinds that YAML takes a text without quotes for.
var plain = map[string]bool{"!!int": true, "!!float": true, "!!bool": true, "!!timestamp": true}

// describe says what a node is.
func describe(n *yaml.Node) string {
	switch tag := n.ShortTag(); {
	case n.Style&yaml.TaggedStyle != 0:
		return "something tagged " + tag
	case tag == "!!null":
		return "nothing"
	case plain[tag]:
		return n.Value
	case tag == list.tag:
		return list.is
	case tag == mapping.tag:
		return mapping.is
	default:
		return strconv.Quote(n.Value)
	}
}

// some reports an empty list or mapping, and one that is too long.
func (s *shaper) some(n *yaml.Node, f field) bool {
	if len(n.Content) == 0 && !f.empty {
		s.report(n.Line, "%s must not be empty", f.key)
		return false
	}
	return s.few(n, f.key)
}

// mostItems is how many items a list has at most, and how many keys a mapping. A milestone with more rules could not be
// verified in any time that a build has; a problem with each of them could not be read.
const mostItems = 5000

// few reports a list or mapping that is too long, without a look at what it has.
func (s *shaper) few(n *yaml.Node, what string) bool {
	items := len(n.Content)
	if n.Kind == yaml.MappingNode {
		items /= 2
	}
	if items > mostItems {
		s.report(n.Line, "%s must have %d items at most, got %d", what, mostItems, items)
		return false
	}
	return true
}

// once reports a text that stood before, and otherwise remembers its line.
func (s *shaper) once(first map[string]int, n *yaml.Node, what string) bool {
	if first[n.Value] > 0 {
		s.report(n.Line, "%s stands twice (first on line %d)", strings.TrimSpace(what+" "+strconv.Quote(n.Value)), first[n.Value])
		return false
	}
	first[n.Value] = n.Line
	return true
}
