// Package yamlfile reads the files that people write in YAML or JSON: strictly, against a JSON Schema, and with FILE:LINE
// of each problem.
//
//	file, err := yamlfile.Parse("seed.yaml", text, yamlfile.Options{Kind: "seed", Schema: schema})
//	if err != nil {
//		return err // no document could be read: not YAML, empty, too large
//	}
//	var seed Seed
//	file.Decode(&seed) // fields are named by yaml tags
//	for i, p := range seed.Providers {
//		if at := yamlfile.At("providers", i, "owner"); file.Valid(at) && !known(p.Owner) {
//			file.Report(at, "unknown owner %q%s", p.Owner, suggest.DidYouMeanQuoted(p.Owner, owners))
//		}
//	}
//	return file.Err() // all problems, of the schema and the reported ones, by line
//
// A reader without checks of its own uses [Read], which does all of this. What the schema can express is left to the schema;
// references, uniqueness of ids and the like are checked in Go, with [File.Report]. [File.Valid] keeps one mistake from
// being reported twice: a check that depends on a place is left out when the place has a problem already.
//
// # What is refused
//
// A key that is unknown, missing or set twice; a value that the schema refuses; an empty file; a second document; more than
// 5,000 items in a list or mapping; more than 100 levels. Also YAML's anchors, aliases, merge keys and tags, and numbers in
// another form than JSON's: each line has its meaning by itself. A date without quotes is text.
//
// # What the schema adds
//
// The messages come from the schema: patternErrorMessage (which editors show, too) replaces the regular expression, enum and
// properties are the candidates of "did you mean". The keyword x-renamed maps former names to present ones, of members beside
// "properties" and of values beside "enum". A former name is read as the present one and listed by [File.Deprecations].
package yamlfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"
)

const (
	// MaxItems limits the items of a list and the keys of a mapping: comparing them takes time.
	MaxItems = 5000
	// MaxDepth limits how deep lists and mappings are nested.
	MaxDepth = 100
	// maxProblems limits the problems of one error. More of them are usually one mistake that was made many times.
	maxProblems = 100
)

// ErrEmpty is the error of a text without a YAML document.
var ErrEmpty = errors.New("the document is empty")

// Schema is a compiled JSON Schema. *schemas.Schema implements it.
type Schema interface {
	// Failures returns one failure for each keyword that the value does not satisfy, without those that only follow from
	// others.
	Failures(value any) []Failure
}

// Failure is a keyword of a schema that a value does not satisfy.
type Failure struct {
	// Pointer is the place of the value.
	Pointer jsontext.Pointer
	// SchemaPath is the JSON Pointer of the keyword, each $ref on the way included.
	SchemaPath string
	// Keyword is its name, and Node the schema object that has it.
	Keyword string
	Node    map[string]any
	// Message is used for keywords that this package has no message for.
	Message string
}

// Options are how a file is read.
type Options struct {
	// Kind names what the file contains, such as "milestone".
	Kind string
	// Schema is what the document has to satisfy; nil for anything.
	Schema Schema
	// MaxItems replaces the constant of this name; 0 keeps it.
	MaxItems int
	// HideValues keeps values and unknown keys out of messages, as either may be a secret.
	HideValues bool
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	File    string
	Line    int // from 1
	Message string
	cause   error
}

// Error is FILE:LINE: message, which editors and build logs turn into a link.
func (p *Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message) }

// Unwrap returns [ErrEmpty] for an empty document, and otherwise nil.
func (p *Problem) Unwrap() error { return p.cause }

// File is a document that was read, with the problems that were found so far.
type File struct {
	name         string
	options      Options
	root         *yaml.Node
	value        any
	problems     []*Problem
	invalid      map[jsontext.Pointer]bool     // the places of problems, and all that they are in
	misspelt     map[jsontext.Pointer][]string // by mapping, the keys that unknown ones were probably meant to be
	deprecations []deprecation
}

type deprecation struct {
	line, count int
	message     string
}

// Read reads a file into a value whose fields are named by yaml tags. Its error has a line for each problem.
func Read(name string, text []byte, options Options, into any) (*File, error) {
	file, err := Parse(name, text, options)
	if err != nil {
		return nil, err
	}
	file.Decode(into)
	return file, file.Err()
}

// Parse reads the one document of a text, which is that of the whole file as bytes. It returns an error when there is no
// document; what is wrong with the document is for [File.Err].
func Parse(name string, text []byte, options Options) (*File, error) {
	options.MaxItems = cmp.Or(options.MaxItems, MaxItems)
	f := &File{name: name, options: options, invalid: map[jsontext.Pointer]bool{}}
	var err error
	if f.root, err = parseDocument(name, text, options); err != nil {
		return nil, err
	}
	if err := f.checkSize(new(path), f.root, MaxDepth); err != nil {
		return nil, err
	}
	f.load()
	if options.Schema == nil {
		return f, nil
	}
	failures := options.Schema.Failures(f.value)
	for f.rename(failures) {
		f.load()
		failures = options.Schema.Failures(f.value)
	}
	f.reportFailures(failures)
	return f, nil
}

// Decode puts the document into a value whose fields are named by yaml tags. Places with a problem get the zero value, or what
// is usable of them. That the Go type does not fit a valid document is a problem as well.
func (f *File) Decode(into any) {
	err := f.root.Decode(into)
	if err == nil || len(f.problems) > 0 {
		return
	}
	for _, message := range strings.Split(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n  "), "\n  ") {
		line := 1
		if match := yamlErrorLine.FindStringSubmatch(message); match != nil {
			line, _ = strconv.Atoi(match[1])
			message = strings.TrimPrefix(message, match[0])
		}
		if f.options.HideValues {
			message = "the value is of the wrong type"
		}
		f.add(line, message)
	}
}

// Value returns the document as JSON values: nil, bool, float64, string, []any and map[string]any.
func (f *File) Value() any { return f.value }

// Line returns the line of a place, or that of the nearest place around it that exists.
func (f *File) Line(pointer jsontext.Pointer) int {
	key, node := f.find(pointer)
	for node == nil {
		pointer = pointer.Parent()
		key, node = f.find(pointer)
	}
	if key != nil {
		return key.Line
	}
	return node.Line
}

// Text returns a scalar as it is written, without quotes; "" for other values.
func (f *File) Text(pointer jsontext.Pointer) string {
	if _, node := f.find(pointer); node != nil && node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return ""
}

// Keys returns the keys of a mapping in the order of the file.
func (f *File) Keys(pointer jsontext.Pointer) []string {
	var keys []string
	if _, node := f.find(pointer); node != nil && node.Kind == yaml.MappingNode {
		for pair := range slices.Chunk(node.Content, 2) {
			keys = append(keys, pair[0].Value)
		}
	}
	return keys
}

// Has reports whether the document has a value at a place.
func (f *File) Has(pointer jsontext.Pointer) bool {
	_, node := f.find(pointer)
	return node != nil
}

// Valid reports whether no problem was found at a place or in it.
func (f *File) Valid(pointer jsontext.Pointer) bool { return !f.invalid[pointer] }

// Report adds a problem at a place.
func (f *File) Report(pointer jsontext.Pointer, format string, args ...any) {
	f.add(f.Line(pointer), fmt.Sprintf(format, args...))
	f.invalidate(pointer)
}

func (f *File) invalidate(pointer jsontext.Pointer) {
	for !f.invalid[pointer] {
		f.invalid[pointer] = true
		if pointer == "" {
			return
		}
		pointer = pointer.Parent()
	}
}

func (f *File) add(line int, message string) {
	f.problems = append(f.problems, &Problem{File: f.name, Line: line, Message: message})
}

// Err returns all problems as one error, by line, or nil.
func (f *File) Err() error {
	slices.SortStableFunc(f.problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	var all []error
	for _, p := range f.problems[:min(len(f.problems), maxProblems)] {
		all = append(all, p)
	}
	if more := len(f.problems) - len(all); more > 0 {
		all = append(all, fmt.Errorf("%s:%d: and %d more problems", f.name, f.problems[len(all)].Line, more))
	}
	return errors.Join(all...)
}

// Deprecations are warnings about former names, each FILE:LINE: message.
func (f *File) Deprecations() []string {
	var warnings []string
	slices.SortStableFunc(f.deprecations, func(a, b deprecation) int { return cmp.Compare(a.line, b.line) })
	for _, d := range f.deprecations {
		warning := fmt.Sprintf("%s:%d: %s", f.name, d.line, d.message)
		if d.count > 1 {
			warning += fmt.Sprintf(" (%d times)", d.count)
		}
		warnings = append(warnings, warning)
	}
	return warnings
}

// At makes a pointer of keys and of indexes.
func At(tokens ...any) jsontext.Pointer { return Below("", tokens...) }

// Below extends a pointer by keys and indexes.
func Below(pointer jsontext.Pointer, tokens ...any) jsontext.Pointer {
	for _, token := range tokens {
		pointer = pointer.AppendToken(fmt.Sprint(token))
	}
	return pointer
}

// Name names a place in messages.
func Name(pointer jsontext.Pointer) string { return cmp.Or(string(pointer), "the document") }

// Scalar returns text as a YAML string, in quotes where they are needed.
func Scalar(text string) string {
	written, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text})
	if err != nil {
		panic(err) // text always has a form
	}
	return strings.TrimSpace(string(written))
}
