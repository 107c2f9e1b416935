// Package baseline reads and writes lists of known failures.
//
// A gate that fails for weeks is ignored. A baseline lists the failures of a service that are known, with an owner and a last
// day for each, so that the next failure alone fails the gate:
//
//	known:
//	  # features/rollout.feature > A climb from <from> to <to> > S0 | S2
//	  - id: s-0123456789
//	    reason: Tiers are compared by name until the new ranks are released.
//	    owner: payments
//	    expires: 2026-12-31
//
// All four keys are required. An id names one failure, and the entry excuses nothing else (see package verdict). An entry
// applies until midnight in UTC of its last day. The caller limits how far ahead that day may be.
//
// Baseline.schema.json describes the file for this package and for editors.
package baseline

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// Baseline is a list of known failures.
type Baseline struct {
	// File is its name as it was given.
	File string `yaml:"-"`
	// Known are its entries.
	Known []Entry `yaml:"known"`
}

// Entry is one known failure.
type Entry struct {
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
	Owner  string `yaml:"owner"`
	// Expires is the last day on which the entry applies, such as 2026-12-31.
	Expires string `yaml:"expires"`
	// Line is its first line in the file.
	Line int `yaml:"-"`
	// About describes what the id names. It is written as a comment, and never read.
	About string `yaml:"-"`
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
			late = append(late, fmt.Errorf("%s:%d: %s expires on %s, and %s is the latest day that is allowed", filepath.ToSlash(file), e.Line, e.ID, e.Expires, latest))
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
	first := map[string]int{}
	for i := range b.Known {
		e := &b.Known[i]
		e.Line = file.Line(yamlfile.At("known", i))
		if at := yamlfile.At("known", i, "id"); first[e.ID] > 0 && file.Valid(at) {
			file.Report(at, "id %q is listed twice (first on line %d)", e.ID, first[e.ID])
		}
		first[e.ID] = e.Line
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return b, nil
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
	for _, e := range entries {
		if e.About != "" {
			fmt.Fprintf(&b, "  # %s\n", strings.Join(strings.Fields(e.About), " "))
		}
		fmt.Fprintf(&b, "  - id: %s\n    reason: %s\n    owner: %s\n    expires: %s\n", e.ID, scalar(e.Reason), scalar(e.Owner), e.Expires)
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

// scalar writes a text as YAML, in quotes where they are needed.
func scalar(text string) string {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	written, err := yaml.Marshal(&node)
	if err != nil {
		panic(err) // text always has a form
	}
	return strings.TrimSpace(string(written))
}
