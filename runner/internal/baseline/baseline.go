// Package baseline reads and writes lists of known failures.
//
// A gate that fails for weeks is ignored. A baseline lists the failures of a service that are known, with an owner and a last
// day for each, so that the next failure alone fails the gate:
//
//	known:
//	  # features/status.feature:31: error.details lacks violations
//	  - cause: "details: required /error/details/violations"
//	    level: full
//	    count: 223
//	    reason: The details of refusals come with the new error library.
//	    owner: payments
//	    expires: 2026-12-31
//	  - scenario: s-0123456789
//	    …
//
// An entry names a cause (package cause), or one scenario with all its causes. It needs a reason, an owner and a last day, and for a
// cause the number of scenarios in which it was seen: when the cause occurs in more, the entry excuses none of them. It may be
// narrowed to operations, and to the rules of the scenarios. It applies until midnight in UTC of its last day. The caller limits
// how far ahead that day may be.
//
// Baseline.schema.json describes the file for this package and for editors.
package baseline

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/schemas"
)

// Baseline is a list of known failures.
type Baseline struct {
	// File is its name as it was given.
	File string `yaml:"-"`
	// Known are its entries.
	Known []Entry `yaml:"known"`
}

// Entry is one known cause, or one known scenario.
type Entry struct {
	// Cause is the key of the cause; "" in an entry for a scenario.
	Cause string `yaml:"cause"`
	// Scenario is the id of the scenario, such as s-0123456789; "" in an entry for a cause.
	Scenario string `yaml:"scenario"`
	// Operations and Rules narrow the cause; all are meant when they are empty.
	Operations []string `yaml:"operations"`
	Rules      []string `yaml:"rules"`
	// Level is full for a cause that occurs at this level only; "" otherwise.
	Level milestones.Level `yaml:"level"`
	// Count is in how many scenarios the cause was seen.
	Count  int    `yaml:"count"`
	Reason string `yaml:"reason"`
	Owner  string `yaml:"owner"`
	// Expires is the last day on which the entry applies, such as 2026-12-31.
	Expires string `yaml:"expires"`
	// Line is its first line in the file.
	Line int `yaml:"-"`
	// Example describes an occurrence. It is written as a comment, and never read.
	Example string `yaml:"-"`
}

// Name is the cause or the scenario of the entry.
func (e *Entry) Name() string { return cmp.Or(e.Scenario, e.Cause) }

// Matches reports whether the entry is for a cause on an operation, in a scenario of a rule. An operation or a rule that is ""
// matches entries that are not narrowed.
func (e *Entry) Matches(cause, operation, scenario, rule string) bool {
	if e.Scenario != "" {
		return e.Scenario == scenario
	}
	return e.Cause == cause && (len(e.Operations) == 0 || slices.Contains(e.Operations, operation)) && (len(e.Rules) == 0 || slices.Contains(e.Rules, rule))
}

// Overlaps reports whether both entries match some failure.
func (e *Entry) Overlaps(other *Entry) bool {
	common := func(a, b []string) bool {
		return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
	}
	return e.Name() == other.Name() && common(e.Operations, other.Operations) && common(e.Rules, other.Rules)
}

// Expired reports whether the last day of the entry is over.
func (e *Entry) Expired(now time.Time) bool { return now.UTC().Format(time.DateOnly) > e.Expires }

//go:embed Baseline.schema.json
var schemaFile embed.FS

// Read reads a baseline. An entry may expire on the day latest, such as 2026-12-31, and not after it.
func Read(file, latest string) (*Baseline, error) {
	text, err := textfile.Read(file)
	if err != nil {
		return nil, err
	}
	b, err := Parse(file, text)
	if err != nil {
		return nil, err
	}
	var late []error
	for _, e := range b.Known {
		if e.Expires > latest {
			late = append(late, fmt.Errorf("%s:%d: %s expires on %s, and %s is the latest day that is allowed", filepath.ToSlash(file), e.Line, e.Name(), e.Expires, latest))
		}
	}
	return b, errors.Join(late...)
}

// Parse reads the text of a baseline. The error has a line for each problem.
func Parse(name string, text []byte) (*Baseline, error) {
	file, err := yamlfile.Parse(filepath.ToSlash(name), text, yamlfile.Options{Kind: "baseline", Schema: schemas.Must(schemaFile, "Baseline")})
	if err != nil {
		return nil, err
	}
	b := &Baseline{File: name}
	file.Decode(b)
	for i := range b.Known {
		e := &b.Known[i]
		e.Line = file.Line(yamlfile.At("known", i))
		b.check(file, i)
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return b, nil
}

// check reports what is wrong with an entry and no schema says as clearly.
func (b *Baseline) check(file *yamlfile.File, i int) {
	e, at := &b.Known[i], yamlfile.At("known", i)
	if !file.Valid(at) {
		return
	}
	switch {
	case e.Cause == "" && e.Scenario == "":
		file.Report(at, "the entry has neither a cause nor a scenario")
	case e.Cause != "" && e.Scenario != "":
		file.Report(at, "the entry has a cause and a scenario: one of them is enough")
	case e.Cause != "" && e.Count == 0:
		file.Report(at, "the entry has no count: in how many scenarios does the cause occur?")
	case e.Scenario != "" && len(e.Operations)+len(e.Rules) > 0:
		file.Report(at, "the entry is for a scenario: operations and rules narrow a cause")
	}
	for j := range i {
		if e.Overlaps(&b.Known[j]) {
			file.Report(at, "%q is listed twice (first on line %d)", e.Name(), b.Known[j].Line)
			return
		}
	}
}

// head begins a new baseline.
const head = `# Known failures: the gate reports them, and does not fail.
# Remove an entry once it passes again; the gate reports that, too.
known:
`

// Append adds entries to the text of a baseline, and keeps every byte that is there. An empty text stands for a file that does
// not exist yet.
func Append(file string, text []byte, entries []Entry) ([]byte, error) {
	old, isNew := new(Baseline), len(text) == 0
	if isNew {
		text = []byte(head)
	} else {
		var err error
		if old, err = Parse(file, text); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	b.Write(bytes.TrimRight(text, "\n"))
	b.WriteByte('\n')
	for i := range entries {
		entries[i].write(&b)
	}
	if isNew && len(entries) == 0 {
		return []byte(strings.TrimSuffix(head, "\n") + " []\n"), nil
	}
	// A list in brackets, or one with another indentation, cannot be extended like this.
	added, err := Parse(file, b.Bytes())
	if err == nil && len(added.Known) != len(old.Known)+len(entries) {
		err = errors.New("the entries are not where they should be")
	}
	if err != nil && !isNew {
		return nil, fmt.Errorf("adding to %s: write its list as items that begin with two spaces and a hyphen: %w", file, err)
	}
	return b.Bytes(), err
}

// write writes an entry as an item of the list.
func (e *Entry) write(b *bytes.Buffer) {
	if e.Example != "" {
		fmt.Fprintf(b, "  # %s\n", cause.Text(strings.Join(strings.Fields(e.Example), " ")))
	}
	before := "  - "
	for _, member := range []struct{ key, value string }{
		{"cause", scalar(e.Cause)}, {"scenario", e.Scenario}, {"operations", list(e.Operations)}, {"rules", list(e.Rules)}, {"level", string(e.Level)},
		{"count", number(e.Count)}, {"reason", scalar(e.Reason)}, {"owner", scalar(e.Owner)}, {"expires", e.Expires},
	} {
		if member.value != "" {
			fmt.Fprintf(b, "%s%s: %s\n", before, member.key, member.value)
			before = "    "
		}
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// list writes ids as YAML; "" for none.
func list(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	var items []string
	for _, id := range ids {
		items = append(items, scalar(id))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// scalar writes a text as YAML, in quotes where they are needed; "" for no text.
func scalar(text string) string {
	if text == "" {
		return ""
	}
	return yamlfile.Scalar(text)
}
