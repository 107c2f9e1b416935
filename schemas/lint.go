package schemas

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"example.com/lpgate/internal/suggest"
)

// The rules of schema files. JSON Schema ignores unknown keywords and accepts everything for unknown formats: after one typo
// a schema checks nothing. So the keywords of keywords.go alone are allowed, and:
//
//   - $schema is draft 2020-12, and $id is [Base] and the file's name; both are at the root only.
//   - A $ref is relative, and leads to a schema in one of the files.
//   - Every file, definition and property has a title and a description of one line: documentation is made of them.
//   - Every object has "additionalProperties": false, or a schema for the values, or true beside a "$comment" that
//     begins with "Open:" and is the reason why it may have members that no schema names.
//   - Every schema constrains the value, or has a "$comment" that begins with "Open:" and is the reason why it allows any value.
//   - "properties" is beside "type": "object", and "required" names only what "properties" has.
//   - A pattern means the same to Go and to ECMA-262, and a format is one that is asserted.
//   - The value of a keyword is of the type that JSON Schema requires.
//
// The parts of a condition (allOf, anyOf, oneOf, not, if, then, else) that name no type describe no object of their
// own. They need neither title nor additionalProperties.

// branches are the keywords whose schemas describe the same value as the schema around them.
var branches = []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}

type linter struct {
	sources  map[string][]byte
	files    map[string]any
	nodes    nodes
	refs     []reference
	problems []Problem
}

// A Problem is one thing that is wrong with a schema file.
type Problem struct {
	File    string
	Line    int    // counted from 1
	Pointer string // into the file
	Message string
}

// Error is the problem in the form that editors and build logs turn into a link.
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d: #%s: %s", p.File, p.Line, p.Pointer, p.Message)
}

type reference struct{ file, pointer, target string }

// lint checks all files (by name, as text and as decoded JSON) against the rules above, and indexes their schema objects.
func lint(sources map[string][]byte, files map[string]any) (nodes, []Problem) {
	l := &linter{sources: sources, files: files, nodes: nodes{}}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		l.lintRoot(file)
	}
	for _, ref := range l.refs { // only now are all the targets known
		l.lintReference(ref)
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Error(), b.Error()))
	})
	return l.nodes, l.problems
}

func (l *linter) report(file, pointer, format string, details ...any) {
	l.problems = append(l.problems, Problem{file, LineOf(l.sources[file], pointer), pointer, fmt.Sprintf(format, details...)})
}

func (l *linter) lintRoot(file string) {
	node, ok := l.files[file].(map[string]any)
	if !ok {
		l.report(file, "", "a schema file is a JSON object")
		return
	}
	if node["$schema"] != jsonschema.Draft2020.URL() {
		l.report(file, "", `"$schema" is not %q`, jsonschema.Draft2020.URL())
	}
	if node["$id"] != Base+file {
		l.report(file, "", `"$id" is not %q, as the file's name demands`, Base+file)
	}
	l.lintDescription(file, "", node)
	l.lintSchema(file, "", node, false)
}

// lintSchema checks one schema object and what is in it. A branch describes the value of the schema around it.
func (l *linter) lintSchema(file, pointer string, node map[string]any, branch bool) {
	l.nodes[Base+file+"#"+pointer] = node
	condition := branch && node["type"] == nil
	l.lintObject(file, pointer, node, condition)
	if !condition {
		l.lintConstraint(file, pointer, node)
	}
	l.lintText(file, pointer, node)

	for _, keyword := range slices.Sorted(maps.Keys(node)) {
		at := below(pointer, keyword)
		shape, known := keywords[keyword]
		if !known {
			l.report(file, at, "unknown keyword %q%s", keyword, suggest.DidYouMeanQuoted(keyword, slices.Sorted(maps.Keys(keywords))))
			continue
		}
		if pointer != "" && (keyword == "$schema" || keyword == "$id") {
			l.report(file, at, "%q is allowed at the root only", keyword)
		}
		if wrong := shape.wrong(keyword, node[keyword]); wrong != "" {
			l.report(file, at, "%s", wrong)
			continue
		}
		inner := condition || slices.Contains(branches, keyword)
		switch value := node[keyword].(type) {
		case map[string]any:
			switch shape {
			case schemaType, schemaOrBoolType:
				l.lintSchema(file, at, value, inner)
			case schemaMapType:
				l.lintMembers(file, at, value, inner, !condition && (keyword == "properties" || keyword == "$defs"))
			}
		case []any:
			if shape == schemaListType {
				for i, item := range value {
					l.lintInner(file, fmt.Sprintf("%s/%d", at, i), item, inner)
				}
			}
		}
	}
}

func (l *linter) lintMembers(file, pointer string, members map[string]any, branch, described bool) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at := below(pointer, name)
		if member, ok := members[name].(map[string]any); ok && described {
			l.lintDescription(file, at, member)
		}
		l.lintInner(file, at, members[name], branch)
	}
}

func (l *linter) lintInner(file, pointer string, value any, branch bool) {
	node, ok := value.(map[string]any)
	if !ok {
		l.report(file, pointer, "a schema here is an object")
		return
	}
	l.lintSchema(file, pointer, node, branch)
}

func (l *linter) lintDescription(file, pointer string, node map[string]any) {
	for _, keyword := range []string{"title", "description"} {
		text, isText := node[keyword].(string)
		switch {
		case node[keyword] == nil:
			l.report(file, pointer, "lacks a %s", keyword)
		case !isText: // which is reported for every text
		case strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n\r"):
			l.report(file, pointer, "its %s is not one line of text", keyword)
		}
	}
}

func (l *linter) lintObject(file, pointer string, node map[string]any, condition bool) {
	properties, hasProperties := node["properties"].(map[string]any)
	if hasProperties && namesType.fits(node["required"]) {
		for _, name := range textsOf(node["required"]) {
			if _, ok := properties[name]; !ok {
				l.report(file, pointer+"/required", "%q is not among the properties%s", name,
					suggest.DidYouMeanQuoted(name, slices.Sorted(maps.Keys(properties))))
			}
		}
	}
	if condition || node["type"] != nil && !typeType.fits(node["type"]) {
		return
	}
	if !slices.Contains(textsOf(node["type"]), "object") {
		if hasProperties {
			l.report(file, pointer, `"properties" is used without "type": "object"`)
		}
		return
	}
	switch node["additionalProperties"].(type) {
	case nil:
		l.report(file, pointer, `an object lacks "additionalProperties": false`)
	case bool:
		if node["additionalProperties"] == true && !isOpen(node) {
			l.report(file, pointer, `an object has "additionalProperties": true, and no "$comment" that begins with "Open:" and explains why`)
		}
	}
}

// isOpen reports whether a schema has the reason for what it allows.
func isOpen(node map[string]any) bool {
	why, _ := node["$comment"].(string)
	return strings.HasPrefix(why, "Open: ")
}

// lintConstraint reports a schema by which every value is valid. One that only has definitions is no schema of a value.
func (l *linter) lintConstraint(file, pointer string, node map[string]any) {
	for keyword := range node {
		if !slices.Contains(annotations, keyword) {
			return // also one that is unknown, which is reported
		}
	}
	if _, definitions := node["$defs"]; definitions || isOpen(node) {
		return
	}
	l.report(file, pointer, `it allows any value: add a "type" or another constraint, or a "$comment" that begins with "Open:" and explains why`)
}

// unportable finds what Go and ECMA-262 read differently, or only one of them at all. White space (\s) is ASCII in
// Go and Unicode's, more or less, in ECMA-262.
var unportable = regexp.MustCompile(`\\[sSbBpPAzZQECuUxaf0-9]|\(\?|\[\[:`)

// lintText checks the keywords whose value is a reference, a format or a pattern.
func (l *linter) lintText(file, pointer string, node map[string]any) {
	if target, ok := node["$ref"].(string); ok {
		l.refs = append(l.refs, reference{file, pointer + "/$ref", target})
	}
	if format, ok := node["format"].(string); ok && jsonschema.Formats[format] == nil {
		l.report(file, pointer+"/format", "unknown format %q%s", format,
			suggest.DidYouMeanQuoted(format, slices.Sorted(maps.Keys(jsonschema.Formats))))
	}
	patterns := map[string]string{} // where to what
	if pattern, ok := node["pattern"].(string); ok {
		patterns[pointer+"/pattern"] = pattern
	}
	if members, ok := node["patternProperties"].(map[string]any); ok {
		for pattern := range members {
			patterns[below(pointer, "patternProperties", pattern)] = pattern
		}
	}
	for at, pattern := range patterns {
		if _, err := regexp.Compile(pattern); err != nil {
			l.report(file, at, "%v", err)
		} else if part := unportable.FindString(pattern); part != "" {
			l.report(file, at, "%q in a pattern does not mean the same everywhere: write the characters themselves", part)
		}
	}
}

func (l *linter) lintReference(ref reference) {
	target, err := url.Parse(ref.target)
	switch {
	case err != nil:
		l.report(ref.file, ref.pointer, "%q is no reference: %v", ref.target, errors.Unwrap(err))
		return
	case target.IsAbs() || target.Host != "" || target.RawQuery != "" || strings.Contains(target.Path, "/"):
		l.report(ref.file, ref.pointer, "%q is not relative to this folder", ref.target)
		return
	}
	file := ref.file
	if target.Path != "" {
		file = target.Path
	}
	if _, ok := l.files[file]; !ok {
		l.report(ref.file, ref.pointer, "there is no file %q%s", file, suggest.DidYouMeanQuoted(file, slices.Sorted(maps.Keys(l.files))))
		return
	}
	if _, ok := l.nodes[Base+file+"#"+target.Fragment]; !ok {
		var pointers []string
		for location := range l.nodes {
			if pointer, ok := strings.CutPrefix(location, Base+file+"#"); ok {
				pointers = append(pointers, pointer)
			}
		}
		slices.Sort(pointers)
		l.report(ref.file, ref.pointer, "there is no schema at %q in %s%s", target.Fragment, file, suggest.DidYouMeanQuoted(target.Fragment, pointers))
	}
}
