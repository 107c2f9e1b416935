package yamlfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/suggest"
)

// rename replaces former names of members and values by the present ones, and reports whether it found any.
func (f *File) rename(failures []Failure) bool {
	renamed := false
	for _, failure := range failures {
		names, _ := failure.Node["x-renamed"].(map[string]any)
		_, at := f.find(failure.Pointer)
		if names == nil || at == nil {
			continue
		}
		switch failure.Keyword {
		case "additionalProperties":
			keys := f.Keys(failure.Pointer)
			for _, old := range f.unknownKeys(failure) {
				if present, ok := names[old].(string); ok && !slices.Contains(keys, present) {
					key, _ := f.find(Below(failure.Pointer, old))
					f.deprecate(key.Line, fmt.Sprintf("key %q is deprecated: write %q", old, present))
					key.Value, renamed = present, true
				}
			}
		case "enum":
			if present, ok := names[at.Value].(string); ok && at.Kind == yaml.ScalarNode {
				last := failure.Pointer.LastToken()
				f.deprecate(f.Line(failure.Pointer), fmt.Sprintf("%s: %s is deprecated: write %s", last, at.Value, present))
				at.Value, renamed = present, true
			}
		}
	}
	return renamed
}

func (f *File) deprecate(line int, message string) {
	i := slices.IndexFunc(f.deprecations, func(d deprecation) bool { return d.message == message })
	if i < 0 {
		f.deprecations = append(f.deprecations, deprecation{line, 1, message})
		return
	}
	f.deprecations[i].line = min(f.deprecations[i].line, line)
	f.deprecations[i].count++
}

// alternative matches the part of a schema path that leads into one branch of several.
var alternative = regexp.MustCompile(`^.*?/(?:anyOf|oneOf)/`)

// branches are the failures of alternatives, of which one would be enough.
type branches struct {
	pointer  jsontext.Pointer
	messages []string
	// satisfied is set when a branch fails only because of a misspelt key.
	satisfied bool
}

// reportFailures reports what the schema refuses. Branches of which one is enough are one problem together.
func (f *File) reportFailures(failures []Failure) {
	f.misspelt = map[jsontext.Pointer][]string{}
	for _, failure := range failures {
		if failure.Keyword == "additionalProperties" {
			for _, unknown := range f.unknownKeys(failure) {
				f.misspelt[failure.Pointer] = append(f.misspelt[failure.Pointer], suggest.Nearest(unknown, knownKeys(failure)))
			}
		}
	}
	var order []string
	groups := map[string]*branches{}
	for _, failure := range failures {
		if f.isReported(failure) {
			continue
		}
		prefix := alternative.FindString(failure.SchemaPath)
		if prefix == "" {
			f.reportFailure(failure)
			continue
		}
		prefix = string(failure.Pointer) + " " + prefix
		if groups[prefix] == nil {
			groups[prefix] = &branches{pointer: failure.Pointer}
			order = append(order, prefix)
		}
		groups[prefix].add(f.messages(failure))
	}
	for _, prefix := range order {
		if group := groups[prefix]; !group.satisfied {
			f.Report(group.pointer, "%s", strings.Join(group.messages, ", or "))
		}
	}
}

func (b *branches) add(messages []message) {
	b.satisfied = b.satisfied || len(messages) == 0
	for _, message := range messages {
		text := message.text
		if len(b.messages) > 0 {
			text = strings.TrimPrefix(text, Name(b.pointer)+" ")
		}
		if !slices.Contains(b.messages, text) {
			b.messages = append(b.messages, text)
		}
	}
}

// isReported reports whether the value at a failure's place was refused before the schema saw it.
func (f *File) isReported(failure Failure) bool {
	_, node := f.find(failure.Pointer)
	return node != nil && f.invalid[failure.Pointer] && node.ShortTag() == "!!null"
}

func (f *File) reportFailure(failure Failure) {
	for _, message := range f.messages(failure) {
		f.Report(message.pointer, "%s", message.text)
	}
	if failure.Keyword == "required" {
		for _, name := range f.missing(failure, false) {
			f.invalidate(Below(failure.Pointer, name))
		}
	}
}

type message struct {
	pointer jsontext.Pointer
	text    string
}

// messages describes one failure.
func (f *File) messages(failure Failure) []message {
	at := failure.Pointer
	name := Name(at)
	_, node := f.find(at)
	got := ""
	if strings.Contains(failure.SchemaPath, "/propertyNames/") {
		key := at.LastToken()
		name = fmt.Sprintf("the key %s", f.quoteKey(key))
		node = nil
	} else if node != nil {
		got = f.got(node)
	}
	one := func(format string, args ...any) []message {
		return []message{{at, name + " " + fmt.Sprintf(format, args...)}}
	}
	demand := failure.Node[failure.Keyword]
	switch failure.Keyword {
	case "type":
		if allowed := failure.Node["enum"]; allowed != nil {
			return one("must be %s%s", valuesInWords(allowed), got)
		}
		types := texts(demand)
		hint := ""
		if node != nil && slices.Contains(types, "string") {
			hint = quotesHint(node)
		}
		return one("must be %s%s%s", joined(types, typeInYAML, " or "), got, hint)
	case "required":
		if missing := f.missing(failure, true); len(missing) > 0 {
			return one("lacks %s", joined(missing, strconv.Quote, ", "))
		}
		return nil
	case "dependentRequired":
		return f.dependentMessages(failure)
	case "additionalProperties":
		return f.unknownKeyMessages(failure)
	case "enum", "const":
		return one("must be %s%s%s", valuesInWords(demand), got, nearestValue(node, failure.Node, demand))
	case "pattern":
		if expected, ok := failure.Node["patternErrorMessage"].(string); ok {
			return one("%s%s", expected, got)
		}
		return one("must match %v%s", demand, got)
	case "format":
		return one("must be %s%s", formatInWords(demand), got)
	case "minimum":
		return one("must be %v at least%s", demand, got)
	case "maximum":
		return one("must be %v at most%s", demand, got)
	case "minItems", "minProperties", "minLength":
		if demand == 1.0 {
			return one("must not be empty")
		}
	case "uniqueItems":
		return f.duplicateMessages(failure)
	}
	return one("%s", failure.Message)
}

// missing returns the members that a mapping lacks. A misspelt key counts as the one that was probably meant, if the
// caller wants that.
func (f *File) missing(failure Failure, countMisspelt bool) []string {
	keys := f.Keys(failure.Pointer)
	if countMisspelt {
		keys = append(keys, f.misspelt[failure.Pointer]...)
	}
	return slices.DeleteFunc(texts(failure.Node["required"]), func(name string) bool { return slices.Contains(keys, name) })
}

func knownKeys(failure Failure) []string {
	properties, _ := failure.Node["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// unknownKeys are the members of a mapping that the schema object does not name.
func (f *File) unknownKeys(failure Failure) []string {
	known := knownKeys(failure)
	patterns, _ := failure.Node["patternProperties"].(map[string]any)
	if failure.Node["additionalProperties"] != false {
		return nil
	}
	return slices.DeleteFunc(f.Keys(failure.Pointer), func(key string) bool {
		return slices.Contains(known, key) || slices.ContainsFunc(slices.Collect(maps.Keys(patterns)), func(pattern string) bool {
			matches, err := regexp.MatchString(pattern, key)
			return matches && err == nil
		})
	})
}

func (f *File) unknownKeyMessages(failure Failure) []message {
	var all []message
	known := knownKeys(failure)
	renamed, _ := failure.Node["x-renamed"].(map[string]any)
	for _, key := range f.unknownKeys(failure) {
		at := Below(failure.Pointer, key)
		nearest := suggest.Nearest(key, known)
		text := "unknown key " + quote(key)
		if f.options.HideValues && nearest == "" {
			text = "unknown key"
		}
		if present, ok := renamed[key].(string); ok {
			text = fmt.Sprintf("key %q is the former name of %q, which is set as well: remove it", key, present)
		} else if nearest != "" {
			text += fmt.Sprintf(" (did you mean %q?)", nearest)
			f.invalidate(Below(failure.Pointer, nearest))
		}
		all = append(all, message{at, text})
	}
	return all
}

// dependentMessages describes what one key requires of another. The schema path ends with the key and an index.
func (f *File) dependentMessages(failure Failure) []message {
	dependents, _ := failure.Node["dependentRequired"].(map[string]any)
	path := jsontext.Pointer(failure.SchemaPath)
	key := path.Parent().LastToken()
	needed := texts(dependents[key])
	index, err := strconv.Atoi(path.LastToken())
	if err != nil || index >= len(needed) {
		return []message{{failure.Pointer, Name(failure.Pointer) + " " + failure.Message}}
	}
	return []message{{Below(failure.Pointer, key), fmt.Sprintf("%s lacks %q, which %q needs", Name(failure.Pointer), needed[index], key)}}
}

func (f *File) duplicateMessages(failure Failure) []message {
	var all []message
	first := map[string]int{}
	_, list := f.find(failure.Pointer)
	for i, item := range list.Content {
		at := Below(failure.Pointer, i)
		text, _ := yaml.Marshal(item)
		switch line := first[string(text)]; {
		case line > 0:
			all = append(all, message{at, fmt.Sprintf("%s: %s is listed twice (first on line %d)", Name(failure.Pointer), f.describe(item), line)})
		default:
			first[string(text)] = f.Line(at)
		}
	}
	return all
}

// nearestValue ends a message about a value that is none of those allowed. One near to a former name means the present one.
func nearestValue(node *yaml.Node, schema map[string]any, allowed any) string {
	if node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	renamed, _ := schema["x-renamed"].(map[string]any)
	nearest := suggest.Nearest(node.Value, append(texts(allowed), slices.Sorted(maps.Keys(renamed))...))
	if present, ok := renamed[nearest].(string); ok {
		nearest = present
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", nearest)
}

// texts returns a list of texts of a schema, or its one text.
func texts(list any) []string {
	if text, ok := list.(string); ok {
		return []string{text}
	}
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

func joined(words []string, spell func(string) string, separator string) string {
	var all []string
	for _, word := range words {
		all = append(all, spell(word))
	}
	return strings.Join(all, separator)
}

// valuesInWords lists the values that are allowed.
func valuesInWords(allowed any) string {
	items, isList := allowed.([]any)
	if !isList {
		return fmt.Sprint(allowed)
	}
	var all []string
	for _, item := range items {
		all = append(all, fmt.Sprint(item))
	}
	if len(all) == 1 {
		return all[0]
	}
	return "one of " + strings.Join(all, ", ")
}

func typeInYAML(name string) string {
	words := map[string]string{
		"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
		"array": "a list", "object": "a mapping", "null": "null",
	}
	return words[name]
}

func formatInWords(format any) string {
	switch format {
	case "date":
		return "a date, such as 2026-12-31"
	case "date-time":
		return "a time in RFC 3339, such as 2026-02-22T16:00:00.000Z"
	}
	return fmt.Sprintf("a valid %v", format)
}
