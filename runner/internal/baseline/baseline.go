// Package baseline reads and writes lists of known failures.
//
// A gate that is red for weeks is one that nobody looks at. A baseline says which failures of a target are known, who
// mends them, and until when the gate is to put up with them, so that the next failure turns it red alone:
//
//	known:
//	  # features/rollout.feature > A climb from <from> to <to> > S0 | S2
//	  - id: s-0123456789
//	    reason: Tiers are compared by name until the new ranks are out.
//	    owner: payments
//	    expires: 2026-12-31
//
// All four are required. An id names one thing that a run can hold against a target, and the entry excuses nothing
// else (package verdict says how). The last day is within: the entry is good until midnight in UTC.
// A reader sets how far ahead it may be.
//
// The file is read as strictly as a milestone: an unknown key, an id that stands twice, or a day that no calendar has
// is a problem with file and line.
package baseline

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
)

// Baseline is a list of known failures.
type Baseline struct {
	// File is its name, as it was given.
	File string
	// Known are its entries.
	Known []Entry
}

// Entry is one known failure.
type Entry struct {
	ID     string
	Reason string
	Owner  string
	// Expires is the last day on which the entry is good, such as 2026-12-31.
	Expires string
	// Line is where it stands in the file.
	Line int
	// About tells people what the id names. It is written as a comment, and never read.
	About string
}

// Expired says whether the last day of the entry is over.
func (e *Entry) Expired(now time.Time) bool { return now.UTC().Format(time.DateOnly) > e.Expires }

// keys are the keys of an entry.
var keys = []milestones.Key{
	{Name: "id", Pattern: regexp.MustCompile(`^[scorg]-[0-9a-f]{10}$`), Is: "an id such as s-0123456789, of a scenario (s-), check (c-), outcome (o-), rule (r-) or golden row (g-)", Once: true},
	{Name: "reason"},
	{Name: "owner"},
	{Name: "expires", Day: true},
}

// Read reads a baseline. An entry may expire on the last day at the latest, such as 2026-12-31: one that never expires is never
// fixed.
func Read(file, last string) (*Baseline, error) {
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
		if e.Expires > last {
			late = append(late, fmt.Errorf("%s:%d: %s expires on %s, and %s is the latest day that is allowed", filepath.ToSlash(file), e.Line, e.ID, e.Expires, last))
		}
	}
	return b, errors.Join(late...)
}

// Parse reads the text of a baseline. The error has a line for each problem.
func Parse(file string, text []byte) (*Baseline, error) {
	records, err := milestones.Records(filepath.ToSlash(file), text, "baseline", "known", "entry", keys)
	if err != nil {
		return nil, err
	}
	b := &Baseline{File: file}
	for _, r := range records {
		b.Known = append(b.Known, Entry{
			ID: r.Texts["id"], Reason: r.Texts["reason"], Owner: r.Texts["owner"], Expires: r.Texts["expires"], Line: r.Line,
		})
	}
	return b, nil
}

// head begins a baseline that is written anew.
const head = `# Known failures: the gate does not turn red for them, and tells them.
# Remove an entry as soon as it passes again; the gate says when.
known:
`

// Append adds entries to the text of a baseline, and leaves every byte of what stands there as it is. An empty text
// is a file that is not there yet.
func Append(file string, text []byte, entries []Entry) ([]byte, error) {
	old, anew := new(Baseline), len(text) == 0
	if anew {
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
	// What a person wrote may be indented in another way, or be a list in brackets, to which nothing can be added
	// like this.
	added, err := Parse(file, b.Bytes())
	if err == nil && len(added.Known) != len(old.Known)+len(entries) {
		err = errors.New("the entries are not where they should be")
	}
	if err != nil && !anew {
		return nil, fmt.Errorf("adding to %s: write its list as items that begin with two spaces and a hyphen: %w", file, err)
	}
	return b.Bytes(), err
}

// scalar writes a text as YAML, in quotes where it would otherwise be something else.
func scalar(text string) string {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	written, err := yaml.Marshal(&node)
	if err != nil {
		panic(err) // a text
	}
	return strings.TrimSpace(string(written))
}
