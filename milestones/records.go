package milestones

import "regexp"

// This file reads what is not a milestone and stands beside one: a list of records, each a mapping of the same keys.
// It is as strict as a milestone is, and words its problems in the same way, for it is the same code.

// Key is one key of a record. Every record has all of them.
type Key struct {
	Name string
	// Pattern is what the text looks like, and Is that in words. Without a pattern it is any one line of text.
	Pattern *regexp.Regexp
	Is      string
	// Day says that it is a date, such as 2026-12-31.
	Day bool
	// Once says that no two records have the same.
	Once bool
}

// Record is one record of a file.
type Record struct {
	// Line is where it begins.
	Line int
	// Texts are what stands under the keys.
	Texts map[string]string
}

// Records reads the text of a file that is one list of records under one key. The list may be empty. When anything is
// wrong with it, the error has one line for each problem, in the order of the file, each beginning with the file's
// name and the line.
func Records(file string, text []byte, what, under, record string, keys []Key) ([]Record, error) {
	root, err := Document(file, what, text)
	if err != nil {
		return nil, err
	}
	fields := make([]field, len(keys))
	for i, key := range keys {
		fields[i] = field{key: key.Name, required: true, kind: kindOf(key), form: line}
		if key.Pattern != nil {
			fields[i].form = form{key.Pattern, key.Is}
		}
	}
	s := shaper{file: file, shapes: map[string][]field{
		what:   {{key: under, required: true, kind: list, shape: record, empty: true}},
		record: fields,
	}}
	r := resolver{shaper: s}
	whole := r.object(root, what)
	var records []Record
	first := map[string]map[string]int{}
	for _, key := range keys {
		first[key.Name] = map[string]int{}
	}
	for _, p := range whole.get(under).list() {
		read := Record{Line: p.line, Texts: map[string]string{}}
		for _, key := range keys {
			read.Texts[key.Name] = p.get(key.Name).str()
			if key.Once {
				r.unique(first[key.Name], key.Name, p.get(key.Name))
			}
		}
		records = append(records, read)
	}
	if err := r.found.err(); err != nil {
		return nil, err
	}
	return records, nil
}

func kindOf(key Key) kind {
	if key.Day {
		return day
	}
	return text
}
