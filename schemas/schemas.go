// Package schemas has the JSON Schema (draft 2020-12) of every request and answer, one per file, and turns a difference from it
// into data.
//
// A schema's name is its file name without ".schema.json". Its $id is [Base] and the file name, so that the files
// refer to each other by relative $ref and never by a network. A definition lives in the file where its concept is
// at home: a tier in the view of a provider, a hash in the export, an error code in the error answer.
//
// A document is checked in two steps:
//
//	document, err := schemas.Read(body)                   // is it I-JSON at all?
//	schema, ok := schemas.Embedded().Lookup("ActorRef")
//	violations := schema.Validate(document.Value)         // what differs from the schema?
//
// A [Violation] is one keyword that failed at one place. Its paths are plain JSON Pointers from the root of the
// document and of the schema, and its message never depends on the order in which Go walks a map: the same
// document gets the same violations, byte for byte, in every process.
//
// Loading is strict, because JSON Schema is not: a misspelt keyword or an unknown format is legal there, and
// accepts everything. See lint.go for the rules.
package schemas

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"example.com/lpgate/internal/jsonvalue"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
)

// Base is what every $id begins with. The domain is reserved for examples (RFC 2606): nothing is fetched from it.
const Base = "https://schemas.lpgate.example/"

const suffix = ".schema.json"

//go:embed *.schema.json
var files embed.FS

// Embedded returns the schemas of this folder, compiled once.
// It panics when they do not load, which a test of this package rules out.
var Embedded = sync.OnceValue(func() *Set {
	set, err := Load(files)
	if err != nil {
		panic(fmt.Sprintf("loading the embedded schemas:\n%v", err))
	}
	return set
})

// A Set is the schemas of one folder. It is safe for concurrent use.
type Set struct {
	names   []string
	schemas map[string]*Schema
}

// A Schema is one compiled schema. It is safe for concurrent use.
type Schema struct {
	name     string
	source   []byte
	compiled *jsonschema.Schema
	nodes    nodes
}

// nodes finds the JSON of a compiled schema: absolute location ($id, "#", plain JSON Pointer) to schema object.
// It is built once, for the whole set, so that a refusal does not search the files.
type nodes map[string]map[string]any

// Load reads and compiles every *.schema.json in the root of fsys. It reports everything that is wrong with the
// files, not only the first problem, one line each: file and line, JSON Pointer, problem.
func Load(fsys fs.FS) (*Set, error) {
	entries, err := fs.ReadDir(fsys, ".") // fs.Glob would take a folder that it cannot read for an empty one
	if err != nil {
		return nil, fmt.Errorf("listing schemas: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), suffix) {
			paths = append(paths, entry.Name())
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("listing schemas: there is no *" + suffix)
	}
	sources, roots, problems, err := readFiles(fsys, paths)
	if err != nil {
		return nil, err
	}
	all, found := lint(sources, roots)
	for _, problem := range found {
		problems = append(problems, problem)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return compile(paths, sources, all)
}

// readFiles returns the text and the value of each file, and the problems of unreadable ones.
func readFiles(fsys fs.FS, paths []string) (sources map[string][]byte, roots map[string]any, problems []error, err error) {
	sources, roots = map[string][]byte{}, map[string]any{}
	fsys = textfile.FS(fsys, "")
	for _, path := range paths {
		if err := textfile.CheckName("the name of the file", path); err != nil {
			return nil, nil, nil, err
		}
		text, err := fs.ReadFile(fsys, path)
		var notText *textfile.Error
		if errors.As(err, &notText) {
			problems = append(problems, notText)
			continue
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("reading schema: %w", err)
		}
		document, err := Read(text)
		if err != nil {
			line := 1
			var syntax *SyntaxError
			if errors.As(err, &syntax) {
				line = syntax.Line
			}
			problems = append(problems, fmt.Errorf("%s:%d: %w", path, line, err))
			continue
		}
		sources[path], roots[path] = text, document.Value
	}
	return sources, roots, problems, nil
}

// compile compiles the files to a set.
func compile(paths []string, sources map[string][]byte, all nodes) (*Set, error) {
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.AssertFormat = true
	compiler.Formats["date-time"] = isDateTime
	compiler.LoadURL = func(address string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("%s is not one of these files", address)
	}
	for _, path := range paths {
		if err := compiler.AddResource(Base+path, bytes.NewReader(sources[path])); err != nil {
			return nil, fmt.Errorf("%s:1: %w", path, err)
		}
	}
	set := &Set{schemas: map[string]*Schema{}}
	for _, path := range paths {
		compiled, err := compiler.Compile(Base + path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		name := strings.TrimSuffix(path, suffix)
		set.names = append(set.names, name)
		set.schemas[name] = &Schema{name: name, source: sources[path], compiled: compiled, nodes: all}
	}
	return set, nil
}

// Must returns one schema of files that are part of the program, such as the schema of a file that a package reads. It panics
// when the files do not load, which a test of that package rules out.
func Must(fsys fs.FS, name string) *Schema {
	set, err := Load(fsys)
	if err != nil {
		panic(fmt.Sprintf("loading the schema %s:\n%v", name, err))
	}
	schema, ok := set.Lookup(name)
	if !ok {
		panic("there is no schema " + name)
	}
	return schema
}

// Names lists the schemas of the set, sorted.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// Lookup finds a schema by its name, such as "ActorRef".
func (s *Set) Lookup(name string) (*Schema, bool) {
	schema, ok := s.schemas[name]
	return schema, ok
}

// Name is the schema's file name without ".schema.json".
func (s *Schema) Name() string { return s.name }

// Source is the schema's file, for generating documentation from it.
func (s *Schema) Source() []byte { return bytes.Clone(s.source) }

// A Violation is one keyword of a schema that a document fails.
type Violation struct {
	InstancePath string `json:"instance_path"` // JSON Pointer into the document; "" is its root
	SchemaPath   string `json:"schema_path"`   // JSON Pointer into the schema, each $ref on the way spelled
	Keyword      string `json:"keyword"`       // the keyword that failed
	Message      string `json:"message"`       // what it requires; never a value of the document
}

// String is the violation in one line, for test failures and logs.
func (v Violation) String() string {
	return fmt.Sprintf("%q: %s (%s)", v.InstancePath, v.Message, v.SchemaPath)
}

// Validate returns how a document differs from the schema: one violation per failing leaf keyword, sorted by
// instance path, schema path and message, or none. It does not cut the list.
//
// The document is decoded JSON. Its numbers count as doubles, whether they are float64 or json.Number, which is
// what RFC 7493 allows and what [Read] returns. A value without a JSON text (a NaN, a channel) is a
// violation with neither keyword nor schema path.
func (s *Schema) Validate(document any) []Violation {
	document, _, unsupported := doubles(document)
	if unsupported != nil {
		return []Violation{*unsupported}
	}
	return s.violations(s.compiled, document)
}

// violations returns those by one of the schemas that the schema refers to, of a document whose numbers are doubles.
func (s *Schema) violations(by *jsonschema.Schema, document any) []Violation {
	err := by.Validate(document)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{Message: err.Error()}}
	}
	var found []Violation
	for _, leaf := range leaves(nil, invalid) {
		instancePath := plainPointer(leaf.InstanceLocation)
		node, keyword := s.nodes.find(leaf.AbsoluteKeywordLocation)
		found = append(found, Violation{
			InstancePath: instancePath,
			SchemaPath:   plainPointer(leaf.KeywordLocation),
			Keyword:      keyword,
			Message:      message(node, keyword, jsonvalue.At(document, jsontext.Pointer(instancePath)), leaf.Message),
		})
	}
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(
			cmp.Compare(a.InstancePath, b.InstancePath),
			cmp.Compare(a.SchemaPath, b.SchemaPath),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return found
}

// Failures implements [yamlfile.Schema].
func (s *Schema) Failures(document any) []yamlfile.Failure {
	var invalid *jsonschema.ValidationError
	if err := s.compiled.Validate(document); err == nil {
		return nil
	} else if !errors.As(err, &invalid) {
		return []yamlfile.Failure{{Message: err.Error()}}
	}
	var found []yamlfile.Failure
	for _, leaf := range leaves(nil, invalid) {
		node, keyword := s.nodes.find(leaf.AbsoluteKeywordLocation)
		found = append(found, yamlfile.Failure{
			Pointer:    jsontext.Pointer(plainPointer(leaf.InstanceLocation)),
			SchemaPath: plainPointer(leaf.KeywordLocation),
			Keyword:    keyword,
			Node:       node,
			Message:    leaf.Message,
		})
	}
	slices.SortFunc(found, func(a, b yamlfile.Failure) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.SchemaPath, b.SchemaPath))
	})
	return found
}

// leaves appends the errors that have no cause of their own. The others only follow from those.
func leaves(found []*jsonschema.ValidationError, failed *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(failed.Causes) == 0 {
		return append(found, failed)
	}
	for _, cause := range failed.Causes {
		found = leaves(found, cause)
	}
	return found
}

// find splits the absolute location of a keyword into the schema object that has it, and its name. What follows
// the name (the 0 of "dependentRequired/a/0") belongs to the keyword, hence the search from the right.
func (n nodes) find(location string) (node map[string]any, keyword string) {
	id, fragment, _ := strings.Cut(location, "#")
	pointer := plainPointer(fragment)
	for {
		if node, ok := n[id+"#"+pointer]; ok {
			return node, keyword
		}
		slash := strings.LastIndexByte(pointer, '/')
		if slash < 0 {
			return nil, keyword
		}
		pointer, keyword = pointer[:slash], pointer[slash+1:]
	}
}

// plainPointer undoes the library's second escaping: it writes a JSON Pointer as part of a URL, so that a space
// in a member's name becomes %20. An unescaped pointer comes back as it is.
func plainPointer(location string) string {
	if !strings.Contains(location, "%") {
		return location
	}
	plain, err := url.PathUnescape(location)
	if err != nil {
		return location
	}
	return plain
}
