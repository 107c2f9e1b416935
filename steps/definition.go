package steps

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	messages "github.com/cucumber/messages/go/v21"
)

// Table and DocString are what may follow the text of a step.
type (
	Table     = messages.PickleTable
	DocString = messages.PickleDocString
)

// Definition defines a step.
type Definition struct {
	// Pattern is a regular expression for the whole text of a step. Each group is an argument.
	Pattern string
	// Example is a text that this pattern matches, and no other one.
	Example string
	// Description is what the step does.
	Description string
	// Handler runs it: func(context.Context, …) error, with a string or an int for each group, and a *Table or *DocString
	// at the end exactly when the pattern ends with a colon.
	Handler any
	// Operations are the ids of the operations that the step calls, if these are always the same ones.
	Operations []string
	// Number is the place of the definition in its set, from 1.
	Number int

	pattern *regexp.Regexp
}

// define returns a row of the table.
func define(pattern, example, description string, handler any, operations ...string) Definition {
	return Definition{Pattern: pattern, Example: example, Description: description, Handler: handler, Operations: operations}
}

// Set is a set of step definitions, checked and compiled.
type Set struct {
	definitions []Definition
	matches     sync.Map // definitions that match a text, by text: most texts are in many scenarios
}

// NewSet checks and compiles definitions.
func NewSet(definitions ...Definition) (*Set, error) {
	s := &Set{definitions: slices.Clone(definitions)}
	for i := range s.definitions {
		d := &s.definitions[i]
		d.Number = i + 1
		var err error
		if d.pattern, err = d.compile(); err != nil {
			return nil, fmt.Errorf("steps: %s: %w", d.Pattern, err)
		}
	}
	return s, nil
}

// All returns the set of all definitions of this package.
var All = sync.OnceValue(func() *Set {
	var table []Definition
	for _, topic := range topicsOfTable() {
		table = append(table, topic.Definitions...)
	}
	s, err := NewSet(table...)
	if err != nil {
		panic(err) // a fault of the table
	}
	return s
})

// Definitions returns the definitions of the set.
func (s *Set) Definitions() []Definition { return slices.Clone(s.definitions) }

// Match returns the definitions that match a text: one, unless the step is undefined or ambiguous.
func (s *Set) Match(text string) []*Definition {
	if known, ok := s.matches.Load(text); ok {
		return known.([]*Definition)
	}
	var found []*Definition
	for i := range s.definitions {
		if s.definitions[i].pattern.MatchString(text) {
			found = append(found, &s.definitions[i])
		}
	}
	s.matches.Store(text, found)
	return found
}

// Definitions returns all definitions, in the order in which they are best read.
func Definitions() []Definition { return All().Definitions() }

// Find returns the definition of the step with this text, if there is exactly one.
func Find(text string) (Definition, bool) {
	if found := All().Match(text); len(found) == 1 {
		return *found[0], true
	}
	return Definition{}, false
}

// Argument is what the text of a step gives for a group of the pattern.
type Argument struct {
	// Name is the name of the parameter.
	Name string
	// Value is the text of the argument, and Start is where it begins in the step's text, in bytes.
	Value string
	Start int
}

// ArgumentsOf returns the arguments of a text that the definition matches; nil when it does not match.
func (d Definition) ArgumentsOf(text string) []Argument {
	at := d.pattern.FindStringSubmatchIndex(text)
	if at == nil {
		return nil
	}
	arguments := make([]Argument, len(at)/2-1)
	for i, name := range d.Parameters() {
		arguments[i].Name = name
		if start, end := at[2*i+2], at[2*i+3]; start >= 0 {
			arguments[i].Start, arguments[i].Value = start, text[start:end]
		}
	}
	return arguments
}

// Arguments returns the values that a text gives for a parameter.
func (d Definition) Arguments(text, parameter string) []string {
	var values []string
	for _, argument := range d.ArgumentsOf(text) {
		if argument.Name == parameter {
			values = append(values, argument.Value)
		}
	}
	return values
}

// Parameters returns the names of the parameters, in the order of the text.
func (d Definition) Parameters() []string {
	names := slices.Clone(d.pattern.SubexpNames()[1:])
	for i, name := range names {
		if names[i] = strings.TrimRight(name, "0123456789"); name == "" {
			names[i] = "text"
		}
	}
	return names
}

// Regexp returns the compiled pattern.
func (d Definition) Regexp() *regexp.Regexp { return d.pattern }

// Form returns the text of the step with the name of each parameter in its place, such as I call "<operation>".
func (d Definition) Form() string {
	var b strings.Builder
	end := 0
	for _, argument := range d.ArgumentsOf(d.Example) {
		b.WriteString(d.Example[end:argument.Start] + "<" + argument.Name + ">")
		end = argument.Start + len(argument.Value)
	}
	b.WriteString(d.Example[end:])
	return b.String()
}

// Asks reports whether the step is about an answer.
func (d Definition) Asks() bool {
	same := func(other Definition) bool { return other.Pattern == d.Pattern }
	return slices.ContainsFunc(answerDefinitions, same) || slices.ContainsFunc(captureDefinitions, same)
}

// Pointers returns the JSON Pointers into an answer in a text that the definition matches.
func (d Definition) Pointers(text string) []string {
	if !d.Asks() || slices.Contains(d.Parameters(), "keyword") { // which points into the request
		return nil
	}
	return d.Arguments(text, "pointer")
}

// Calls returns the ids of the operations that the step with this text sends requests to, as far as its text shows. A step
// that repeats a call has none. route returns the operation of a method and a request target.
func Calls(text string, route func(method, target string) string) []string {
	d, ok := Find(text)
	if !ok {
		return nil
	}
	if operations := d.Arguments(text, "operation"); operations != nil {
		return operations
	}
	if methods := d.Arguments(text, "method"); methods != nil {
		return []string{route(methods[0], d.Arguments(text, "path")[0])}
	}
	return d.Operations
}

// compile checks whether the definition can work: a pattern for the whole text, and a handler that takes what the pattern
// gives. godog reports neither before the step is used.
func (d Definition) compile() (*regexp.Regexp, error) {
	if !strings.HasPrefix(d.Pattern, "^") || !strings.HasSuffix(d.Pattern, "$") || strings.HasSuffix(d.Pattern, `\$`) {
		return nil, fmt.Errorf("it is not anchored by ^ and $ and would match parts of other steps")
	}
	pattern, err := regexp.Compile(d.Pattern)
	if err != nil {
		return nil, err
	}
	if d.Description == "" {
		return nil, fmt.Errorf("it has no description")
	}
	handler := reflect.TypeOf(d.Handler)
	if handler == nil || handler.Kind() != reflect.Func || handler.IsVariadic() {
		return nil, fmt.Errorf("its handler is a %v, not a function with fixed arguments", handler)
	}
	want := []reflect.Type{reflect.TypeFor[context.Context]()}
	for i := range pattern.NumSubexp() {
		want = append(want, reflect.TypeFor[string]())
		if i+1 < handler.NumIn() && handler.In(i+1) == reflect.TypeFor[int]() {
			want[i+1] = reflect.TypeFor[int]()
		}
	}
	if strings.HasSuffix(d.Pattern, ":$") {
		want = append(want, reflect.TypeFor[*Table]())
		if last := handler.NumIn() - 1; last >= 0 && handler.In(last) == reflect.TypeFor[*DocString]() {
			want[len(want)-1] = reflect.TypeFor[*DocString]()
		}
	}
	if fitting := reflect.FuncOf(want, []reflect.Type{reflect.TypeFor[error]()}, false); handler != fitting {
		return nil, fmt.Errorf("its handler is a %v, and should be a %v", handler, fitting)
	}
	return pattern, nil
}
