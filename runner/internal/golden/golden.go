// Package golden writes down what a run saw, in a form that two true implementations share: output.json.
//
// It has one row per scenario, with one line per answer ("operation status code reason") and the SHA-256 of all its
// bodies. The file is kept under fixtures/golden, so that a change of behaviour stands in the review of the change
// that made it, next to the scenarios that saw it:
//
//	{
//	  "milestone": "M109",
//	  "scenarios": [
//	    {
//	      "scenario": "features/onboard.feature > The first provider",
//	      "answers": [
//	        "partnerLiquidityProvider.onboard 200"
//	      ],
//	      "bodies_sha256": "…"
//	    }
//	  ]
//	}
//
// A row depends on its scenario alone. Bodies are hashed in their RFC 8785 form, after everything that is an
// implementation's own choice, and everything that depends on other scenarios, was replaced by a token:
//
//   - what the milestone's output.own patterns find inside of strings (server-assigned ids, hashes, signatures),
//     and what the run itself made up to be unique, numbered within the scenario as they first appear:
//     "<audit-id 1>";
//   - the messages of refusals, which are for people and say the same in many ways: "<message>".
package golden

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/record"
)

// Document is output.json.
type Document struct {
	Milestone string `json:"milestone"`
	Scenarios []Row  `json:"scenarios"`
}

// Row is what one scenario saw.
type Row struct {
	Scenario     string   `json:"scenario"`
	Answers      []string `json:"answers"`
	BodiesSHA256 string   `json:"bodies_sha256,omitempty"` // absent in a golden row that a service of somebody's own gave
}

// Writer makes rows.
type Writer struct {
	replay   string // the header of an answer that was given before
	patterns []pattern
	// found are the matches in strings that were seen before. Most strings of a run are seen hundreds of times.
	found map[string][]match
}

// NewWriter prepares the patterns of a milestone, and those of what the run makes up, which come first.
func NewWriter(m *milestones.Milestone, made []milestones.Pattern) (*Writer, error) {
	w := &Writer{replay: m.Transport.ReplayHeader, found: map[string][]match{}}
	for _, p := range slices.Concat(made, m.Output.Replacements) {
		compiled, err := compile(p)
		if err != nil {
			return nil, fmt.Errorf("the pattern of %s: %w", p.Token, err)
		}
		w.patterns = append(w.patterns, compiled)
	}
	return w, nil
}

// Row writes the row of a scenario, of its exchanges in their order.
func (w *Writer) Row(scenario string, exchanges []*record.Exchange) Row {
	row := Row{Scenario: scenario, Answers: []string{}}
	hash := sha256.New()
	s := substitution{writer: w, numbers: map[string]string{}, counts: map[string]int{}}
	var text []byte
	for _, x := range exchanges {
		line := x.Operation + " " + x.Message
		if x.Response != nil && len(x.Response.Header.Values(w.replay)) > 0 {
			line += replayed
		}
		row.Answers = append(row.Answers, line)
		text = append(text[:0], line...)
		text = append(text, '\n')
		text = s.appendBody(text, x.Canonical, x.Response != nil && x.Response.Status >= 400)
		hash.Write(append(text, '\n'))
	}
	row.BodiesSHA256 = hex.EncodeToString(hash.Sum(nil))
	return row
}

// Encode writes the document, one answer to a line, so that a difference is told by the lines that differ.
func (d *Document) Encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if d.Scenarios == nil {
		d.Scenarios = []Row{}
	}
	if err := e.Encode(d); err != nil {
		panic(err) // strings and lists of strings
	}
	return b.Bytes()
}

// Decode reads what Encode wrote.
func Decode(text []byte) (*Document, error) {
	d := new(Document)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("reading the golden output: %w", err)
	}
	return d, nil
}

// SHA256 is the hash of an encoded document.
func SHA256(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Comparison compares the output of a run with the golden one.
type Comparison struct {
	// Golden is the golden output, and Difference is how the run differs from it; nil when there is none.
	Golden     *Document
	Difference *Difference
	// Identical reports whether the output is the golden one, byte for byte, or need not be.
	Identical bool
	// SHA256 and GoldenSHA256 are the hashes of the two; "" for one that there is not.
	SHA256, GoldenSHA256 string
}

// Difference is how a run differs from the golden one, by scenario id.
type Difference struct {
	// Added ran and have no golden row.
	Added []string
	// Removed have a golden row and are no longer in the plan.
	Removed []string
	// Changed saw something else.
	Changed []Change
}

// Change is a scenario that saw something else than before.
type Change struct {
	Scenario string
	// Line says which answer is the first that differs, counted from 1; 0 when only bodies differ.
	Line int
	// Want and Got are that answer in the golden row and in the run; "" when there is none.
	Want, Got string
	// OnlyReplays says that the rows differ in nothing but which answers were replayed.
	OnlyReplays bool
}

// replayed ends the line of an answer that has the replay header.
const replayed = " (replayed)"

// Operation is the id of the operation whose answer differs; "" when only bodies do.
func (c Change) Operation() string {
	operation, _, _ := strings.Cut(cmp.Or(c.Got, c.Want), " ")
	return operation
}

// Cause is the key of the cause that the change is.
func (c Change) Cause() string {
	switch {
	case c.Line == 0:
		return cause.Check(cause.KindOutput, "other bodies")
	case c.OnlyReplays:
		return cause.Check(cause.KindOutput, "other answers are marked as replays")
	}
	outcome := func(answer string) string {
		_, outcome, _ := strings.Cut(answer, " ")
		return cmp.Or(outcome, "no answer")
	}
	return cause.Output(outcome(c.Want), outcome(c.Got))
}

// Empty says whether there is no difference.
func (d *Difference) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// Scope says what of two outputs is to be compared.
type Scope struct {
	// Planned are the ids of all scenarios, whether they ran or not: a golden row whose scenario was only left out of
	// this run is no difference.
	Planned []string
	// Counts says which rows of the run are compared: of a scenario that failed it is known already that something
	// is different.
	Counts func(scenario string) bool
	// Bodies says whether the bodies are compared too. A target with a clock of its own answers with other times, and
	// has kept its promises all the same.
	Bodies bool
}

// Compare compares the rows of a run with the golden ones.
func Compare(golden, got *Document, scope Scope) Difference {
	var d Difference
	want, known := map[string]Row{}, map[string]bool{}
	for _, id := range scope.Planned {
		known[id] = true
	}
	for _, row := range golden.Scenarios {
		want[row.Scenario] = row
	}
	for _, row := range got.Scenarios {
		before, there := want[row.Scenario]
		switch {
		case !scope.Counts(row.Scenario):
		case !there:
			d.Added = append(d.Added, row.Scenario)
		case !slices.Equal(before.Answers, row.Answers), scope.Bodies && before.BodiesSHA256 != row.BodiesSHA256:
			d.Changed = append(d.Changed, change(before, row))
		}
	}
	for _, row := range golden.Scenarios {
		if !known[row.Scenario] {
			d.Removed = append(d.Removed, row.Scenario)
		}
	}
	return d
}

func change(want, got Row) Change {
	c := Change{Scenario: got.Scenario, OnlyReplays: !slices.Equal(want.Answers, got.Answers) && slices.Equal(withoutReplays(want.Answers), withoutReplays(got.Answers))}
	for i := range max(len(want.Answers), len(got.Answers)) {
		var before, after string
		if i < len(want.Answers) {
			before = want.Answers[i]
		}
		if i < len(got.Answers) {
			after = got.Answers[i]
		}
		if before != after {
			c.Line, c.Want, c.Got = i+1, before, after
			return c
		}
	}
	return c
}

// withoutReplays are answers without the information which of them were replayed.
func withoutReplays(answers []string) []string {
	plain := slices.Clone(answers)
	for i := range plain {
		plain[i] = strings.TrimSuffix(plain[i], replayed)
	}
	return plain
}

// String is the change as one line.
func (c Change) String() string {
	if c.Line == 0 {
		return c.Scenario + ": the same answers with other bodies"
	}
	return c.Scenario + ": answer " + strconv.Itoa(c.Line) + " was " + orNothing(c.Want) + " and is " + orNothing(c.Got)
}

func orNothing(answer string) string {
	if answer == "" {
		return "nothing"
	}
	return answer
}

// CompareText compares the output of a run, as a text and as the document that it encodes, with the text of the golden one.
// Without bodies, the texts need not be identical.
func CompareText(golden, text []byte, document *Document, scope Scope) (Comparison, error) {
	c := Comparison{SHA256: SHA256(text), GoldenSHA256: SHA256(golden)}
	before, err := Decode(golden)
	if err != nil {
		return c, err
	}
	difference := Compare(before, document, scope)
	c.Golden, c.Difference, c.Identical = before, &difference, !scope.Bodies || bytes.Equal(golden, text)
	return c, nil
}
