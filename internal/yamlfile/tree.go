package yamlfile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"
)

// checkSize returns an error for nodes that are too deep or have too many items, before anything takes time for each of them.
func (f *File) checkSize(at *path, node *yaml.Node, depth int) error {
	items := len(node.Content)
	if node.Kind == yaml.MappingNode {
		items /= 2
	}
	switch {
	case items > 0 && depth == 0:
		return &Problem{File: f.name, Line: node.Line, Message: fmt.Sprintf("lists and mappings are nested more than %d levels deep", MaxDepth)}
	case items > f.options.MaxItems:
		return &Problem{File: f.name, Line: node.Line, Message: fmt.Sprintf("%s must have %d items at most, got %d", Name(at.pointer()), f.options.MaxItems, items)}
	}
	for i, inner := range node.Content {
		token := strconv.Itoa(i)
		if node.Kind == yaml.MappingNode {
			token = node.Content[i-i%2].Value
		}
		if err := f.checkSize(at.in(token), inner, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// path is a place while the nodes are visited. Pointers are made of it only for problems: one for each place could take very
// much more memory than the text.
type path struct {
	around *path // nil for the root, which has no token
	token  string
}

func (p *path) in(token string) *path { return &path{p, token} }

func (p *path) pointer() jsontext.Pointer {
	if p.around == nil {
		return ""
	}
	return p.around.pointer().AppendToken(p.token)
}

// find returns the node at a place, and its key; nil when there is none.
func (f *File) find(pointer jsontext.Pointer) (key, node *yaml.Node) {
	node = f.root
	for token := range pointer.Tokens() {
		var keyInside, inside *yaml.Node
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(node.Content); i += 2 {
				if node.Content[i].Value == token {
					keyInside, inside = node.Content[i], node.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(node.Content) {
				inside = node.Content[i]
			}
		}
		if inside == nil {
			return nil, nil
		}
		key, node = keyInside, inside
	}
	return key, node
}

// load makes the value of the nodes. What it reports is removed from them, so that it can run again.
func (f *File) load() { f.value = f.valueOf(new(path), f.root) }

func (f *File) valueOf(at *path, node *yaml.Node) any {
	f.refuseNotation(at, node)
	switch node.Kind {
	case yaml.MappingNode:
		return f.membersOf(at, node)
	case yaml.SequenceNode:
		items := []any{}
		for i, item := range node.Content {
			items = append(items, f.valueOf(at.in(strconv.Itoa(i)), item))
		}
		return items
	default:
		return f.scalarOf(at, node)
	}
}

func (f *File) membersOf(at *path, node *yaml.Node) map[string]any {
	members, lines := map[string]any{}, map[string]int{}
	kept := node.Content[:0]
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			f.reportAt(key, at, "merge keys (<<) are not allowed: write the keys out")
			continue
		case key.Style&yaml.TaggedStyle != 0:
			f.reportAt(key, at, "a key has the tag %s: tags are not allowed", key.Tag)
			continue
		case key.ShortTag() != "!!str" || key.Kind != yaml.ScalarNode:
			f.reportAt(key, at, "a key must be text, got %s%s", f.describe(key), quotesHint(key))
			continue
		case lines[key.Value] > 0:
			f.reportAt(key, at.in(key.Value), "key %s is set twice (first on line %d)", f.quoteKey(key.Value), lines[key.Value])
			continue
		}
		inside := at.in(key.Value)
		f.refuseNotation(inside, key)
		kept = append(kept, key, value)
		lines[key.Value] = key.Line
		members[key.Value] = f.valueOf(inside, value)
	}
	node.Content = kept
	return members
}

// reportAt adds a problem on the line of a node.
func (f *File) reportAt(node *yaml.Node, at *path, format string, args ...any) {
	f.add(node.Line, fmt.Sprintf(format, args...))
	f.invalidate(at.pointer())
}

// refuseNotation reports what YAML adds to JSON and no file needs.
func (f *File) refuseNotation(at *path, node *yaml.Node) {
	switch {
	case node.Kind == yaml.AliasNode:
		f.reportAt(node, at, "%s is the alias *%s: aliases are not allowed, write the value out", Name(at.pointer()), node.Value)
		*node = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: node.Line}
	case node.Anchor != "":
		f.reportAt(node, at, "%s has the anchor &%s: anchors are not allowed", Name(at.pointer()), node.Anchor)
		node.Anchor = ""
	}
	if node.Style&yaml.TaggedStyle != 0 {
		f.reportAt(node, at, "%s has the tag %s: tags are not allowed", Name(at.pointer()), node.Tag)
		*node = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: node.Line}
	}
}

// jsonNumber matches the numbers that JSON has. YAML has more, such as 0x10, 1_000 and .inf.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func (f *File) scalarOf(at *path, node *yaml.Node) any {
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true")
	case "!!int", "!!float":
		number, err := strconv.ParseFloat(node.Value, 64)
		if jsonNumber.MatchString(node.Value) && err == nil && !math.IsInf(number, 0) {
			return number
		}
		f.reportAt(node, at, "%s must be in plain decimal digits%s", Name(at.pointer()), f.got(node))
		*node = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: node.Line}
		return nil
	default: // a date, too, is text
		return node.Value
	}
}

// describe is a node in a message.
func (f *File) describe(node *yaml.Node) string {
	switch {
	case node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null":
		return describeType(node)
	case f.options.HideValues:
		return "another value"
	case isPlainNonText(node):
		return node.Value
	}
	return quote(node.Value)
}

// quote quotes the beginning of a text that may be very long.
func quote(text string) string {
	const maxLength = 200
	if runes := []rune(text); len(runes) > maxLength {
		text = string(runes[:maxLength]) + "…"
	}
	return strconv.Quote(text)
}

// got ends a message with the value that was found.
func (f *File) got(node *yaml.Node) string {
	if f.options.HideValues && node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" {
		return ""
	}
	return ", got " + f.describe(node)
}

func (f *File) quoteKey(key string) string {
	if f.options.HideValues {
		return "of this name"
	}
	return quote(key)
}

func describeType(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Kind == yaml.AliasNode:
		return "an alias"
	case node.ShortTag() == "!!null":
		return "nothing"
	}
	return "a value"
}

// isPlainNonText reports whether a scalar is no text because it has no quotes.
func isPlainNonText(node *yaml.Node) bool {
	switch node.ShortTag() {
	case "!!int", "!!float", "!!bool":
		return node.Kind == yaml.ScalarNode
	}
	return false
}

func quotesHint(node *yaml.Node) string {
	if isPlainNonText(node) {
		return " (put it in quotes)"
	}
	return ""
}
