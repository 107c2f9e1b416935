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
)

// What a schema file must say, and must not. JSON Schema ignores a keyword that it does not know, and a format
// that it does not know accepts everything: one slip of the pen, and a schema checks nothing. So the keywords
// below are all that there is, and these rules hold:
//
//   - $schema is draft 2020-12, and $id is [Base] and the file's name; both stand at the root only.
//   - A $ref is relative, and leads to a schema in one of the files.
//   - Every file, definition and property has a title and a description of one line: documentation is made of them.
//   - Every object has "additionalProperties": false, or a schema for the values, or true beside a "$comment" that
//     begins with "Open:" and says why it may have members which no schema names.
//   - Every schema demands something, or has a "$comment" that begins with "Open:" and says why it allows any value.
//   - "properties" stands beside "type": "object", and "required" names only what "properties" has.
//   - A pattern means the same to Go and to ECMA-262, and a format is one that is asserted.
//   - What stands under a keyword is of the kind that JSON Schema demands there.
//
// The parts of a condition (allOf, anyOf, oneOf, not, if, then, else) that name no type describe no object of their
// own. They need neither title nor additionalProperties.

// Branches are the keywords whose schemas describe the same value as the schema around them.
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
	Says    string
}

// Error is the problem in the form that editors and build logs turn into a link.
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d: #%s: %s", p.File, p.Line, p.Pointer, p.Says)
}

type reference struct{ file, pointer, target string }

// Lint checks all files (by name, as text and as decoded JSON) against the rules above, and indexes their schema objects.
func lint(sources map[string][]byte, files map[string]any) (nodes, []Problem) {
	l := &linter{sources: sources, files: files, nodes: nodes{}}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		l.root(file)
	}
	for _, ref := range l.refs { // only now are all the targets known
		l.resolve(ref)
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Error(), b.Error()))
	})
	return l.nodes, l.problems
}

func (l *linter) report(file, pointer, format string, details ...any) {
	l.problems = append(l.problems, Problem{file, LineOf(l.sources[file], pointer), pointer, fmt.Sprintf(format, details...)})
}

func (l *linter) root(file string) {
	node, ok := l.files[file].(map[string]any)
	if !ok {
		l.report(file, "", "a schema file holds a JSON object")
		return
	}
	if node["$schema"] != jsonschema.Draft2020.URL() {
		l.report(file, "", `"$schema" is not %q`, jsonschema.Draft2020.URL())
	}
	if node["$id"] != Base+file {
		l.report(file, "", `"$id" is not %q, as the file's name demands`, Base+file)
	}
	l.described(file, "", node)
	l.schema(file, "", node, false)
}

// Schema checks one schema object and what is in it. A branch describes the value of the schema around it.
func (l *linter) schema(file, pointer string, node map[string]any, branch bool) {
	l.nodes[Base+file+"#"+pointer] = node
	condition := branch && node["type"] == nil
	l.object(file, pointer, node, condition)
	if !condition {
		l.demanding(file, pointer, node)
	}
	l.text(file, pointer, node)

	for _, keyword := range slices.Sorted(maps.Keys(node)) {
		at := pointer + "/" + escapeToken(keyword)
		shape, known := keywords[keyword]
		if !known {
			l.report(file, at, "unknown keyword %q%s", keyword, suggestion(keyword, slices.Sorted(maps.Keys(keywords))))
			continue
		}
		if pointer != "" && (keyword == "$schema" || keyword == "$id") {
			l.report(file, at, "%q stands at the root only", keyword)
		}
		if wrong := shape.wrong(keyword, node[keyword]); wrong != "" {
			l.report(file, at, "%s", wrong)
			continue
		}
		inner := condition || slices.Contains(branches, keyword)
		switch value := node[keyword].(type) {
		case map[string]any:
			switch shape {
			case single, singleBool:
				l.schema(file, at, value, inner)
			case named:
				l.members(file, at, value, inner, !condition && (keyword == "properties" || keyword == "$defs"))
			}
		case []any:
			if shape == list {
				for i, item := range value {
					l.inner(file, fmt.Sprintf("%s/%d", at, i), item, inner)
				}
			}
		}
	}
}

func (l *linter) members(file, pointer string, members map[string]any, branch, described bool) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at := pointer + "/" + escapeToken(name)
		if member, ok := members[name].(map[string]any); ok && described {
			l.described(file, at, member)
		}
		l.inner(file, at, members[name], branch)
	}
}

func (l *linter) inner(file, pointer string, value any, branch bool) {
	node, ok := value.(map[string]any)
	if !ok {
		l.report(file, pointer, "a schema here is an object")
		return
	}
	l.schema(file, pointer, node, branch)
}

func (l *linter) described(file, pointer string, node map[string]any) {
	for _, keyword := range []string{"title", "description"} {
		text, isText := node[keyword].(string)
		switch {
		case node[keyword] == nil:
			l.report(file, pointer, "lacks a %s", keyword)
		case !isText: // which is told of every text
		case strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n\r"):
			l.report(file, pointer, "its %s is not one line of text", keyword)
		}
	}
}

func (l *linter) object(file, pointer string, node map[string]any, condition bool) {
	properties, hasProperties := node["properties"].(map[string]any)
	if hasProperties && names.fits(node["required"]) {
		for _, name := range strs(node["required"]) {
			if _, ok := properties[name]; !ok {
				l.report(file, pointer+"/required", "%q is not among the properties%s", name,
					suggestion(name, slices.Sorted(maps.Keys(properties))))
			}
		}
	}
	if condition || node["type"] != nil && !typeOrMore.fits(node["type"]) {
		return
	}
	if !slices.Contains(strs(node["type"]), "object") {
		if hasProperties {
			l.report(file, pointer, `"properties" stands without "type": "object"`)
		}
		return
	}
	switch node["additionalProperties"].(type) {
	case nil:
		l.report(file, pointer, `an object lacks "additionalProperties": false`)
	case bool:
		if node["additionalProperties"] == true && !isOpen(node) {
			l.report(file, pointer, `an object has "additionalProperties": true, and no "$comment" that begins with "Open:" and says why`)
		}
	}
}

// isOpen reports whether a schema gives the reason for what it allows.
func isOpen(node map[string]any) bool {
	why, _ := node["$comment"].(string)
	return strings.HasPrefix(why, "Open: ")
}

// Demanding reports a schema that every value is valid by. One that only has definitions is no schema of a value.
func (l *linter) demanding(file, pointer string, node map[string]any) {
	for keyword := range node {
		if !slices.Contains(annotations, keyword) {
			return // also one that is unknown, which is reported
		}
	}
	if _, definitions := node["$defs"]; definitions || isOpen(node) {
		return
	}
	l.report(file, pointer, `it allows any value: add a "type" or another constraint, or a "$comment" that begins with "Open:" and says why`)
}

// Unportable finds what Go and ECMA-262 read differently, or only one of them at all. White space (\s) is ASCII in
// Go and Unicode's, more or less, in ECMA-262.
var unportable = regexp.MustCompile(`\\[sSbBpPAzZQECuUxaf0-9]|\(\?|\[\[:`)

// Text checks the keywords that hold a name or an expression of another language.
func (l *linter) text(file, pointer string, node map[string]any) {
	if target, ok := node["$ref"].(string); ok {
		l.refs = append(l.refs, reference{file, pointer + "/$ref", target})
	}
	if format, ok := node["format"].(string); ok && jsonschema.Formats[format] == nil {
		l.report(file, pointer+"/format", "unknown format %q%s", format,
			suggestion(format, slices.Sorted(maps.Keys(jsonschema.Formats))))
	}
	patterns := map[string]string{} // where to what
	if pattern, ok := node["pattern"].(string); ok {
		patterns[pointer+"/pattern"] = pattern
	}
	if members, ok := node["patternProperties"].(map[string]any); ok {
		for pattern := range members {
			patterns[pointer+"/patternProperties/"+escapeToken(pattern)] = pattern
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

func (l *linter) resolve(ref reference) {
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
		l.report(ref.file, ref.pointer, "there is no file %q%s", file, suggestion(file, slices.Sorted(maps.Keys(l.files))))
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
		l.report(ref.file, ref.pointer, "there is no schema at %q in %s%s", target.Fragment, file, suggestion(target.Fragment, pointers))
	}
}

// Suggestion names the candidate that a word was most likely meant to be, if there is one.
func suggestion(word string, candidates []string) string {
	const most = 3        // slips of the pen, beyond which it is another word
	if len(word) > 1000 { // which takes long to compare, and is near to none
		return ""
	}
	best, nearest := most+1, ""
	for _, candidate := range candidates {
		if slips := distance(word, candidate); slips < best && slips < max(len(word), len(candidate)) {
			best, nearest = slips, candidate
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", nearest)
}

// Distance is how many letters have to be put in, left out or replaced to make one word of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
