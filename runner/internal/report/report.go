// Package report writes what a run leaves behind: a folder of artifacts for machines and for reviews, and a page of
// text for the one who waits at the terminal.
//
//	verdict.json       overall, every reason why not, and the evidence for each rule and reason code
//	coverage.json      each operation with each outcome, reason code and schema: declared, and how often observed
//	messages.ndjson    all that happened, as it happened (package record)
//	exchanges.ndjson   every request with its answer and what the checks found, in order, one to a line
//	output.json        what each scenario saw, in a form that can be compared (package outcome)
//	state.json         the state of the fake server at the end
//	junit.xml          the scenarios as CI systems read them (package junit)
//	exchanges.har      the exchanges as browsers and proxies read them (package har)
//	report.html        all of it as a page for people (package page)
//
// Of a failure that is repeated alone ([Repro]) it writes a page too, or a script that sends the same requests to any
// server; nothing of that is an artifact.
//
// The folder is replaced as a whole or not at all (see [Folder]). What is in it is always of one run, and always
// complete: a run that failed, was interrupted, or could not even start writes all of it too, with overall false,
// so that no green folder of yesterday stands for the red run of today. As long as a run is under way, and after one was
// killed or could not write its artifacts, the verdict is a mark ([Folder.Mark]). Only a command line that was not understood
// or selects no scenario leaves what was there.
//
// Two runs write the same bytes, but for the members whose names end in _at or _ms, and for the times of the formats that
// others made.
package report

import (
	"bytes"
	"sync"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// The names of the artifacts.
const (
	Verdict   = "verdict.json"
	Coverage  = "coverage.json"
	Exchanges = "exchanges.ndjson"
	Output    = "output.json"
	State     = "state.json"
	Messages  = "messages.ndjson"
	JUnit     = "junit.xml"
	HAR       = "exchanges.har"
	Page      = "report.html"
)

// Names are the names of all artifacts.
var Names = []string{Verdict, Coverage, Exchanges, Output, State, Messages, JUnit, HAR, Page}

// Run is a run as it is reported on a terminal and in exchanges.ndjson.
type Run struct {
	Verdict verdict.Verdict
	// Selection is nil when there is no plan.
	Selection *plan.Selection
	// Exchanges are all exchanges in order.
	Exchanges []*record.Exchange
	// Secrets are what must not be written.
	Secrets *record.Secrets
	// Differing is how many scenarios had other results when the run was repeated.
	Differing int
	// Repro are the arguments of "runner repro" that follow the id, for this milestone and target.
	Repro string
	// Style colours the page for the terminal.
	Style terminal.Style
}

// BuiltIn is the target of a run that starts the fake server itself.
const BuiltIn = "the built-in fake server"

// Through is a target with the proxy before it, if there is one.
func Through(target, proxy string) string {
	if proxy == "" {
		return target
	}
	return target + ", through the proxy " + proxy
}

// EncodeExchanges writes exchanges.ndjson, a few pieces at a time.
func (r *Run) EncodeExchanges() []byte {
	const most = 4
	size := len(r.Exchanges)/most + 1
	pieces, panics := make([][]byte, most), make([]any, most)
	var group sync.WaitGroup
	for i := range pieces {
		group.Go(func() {
			defer func() { panics[i] = recover() }() // here it would end the process
			from, to := min(i*size, len(r.Exchanges)), min((i+1)*size, len(r.Exchanges))
			size := 0
			for _, x := range r.Exchanges[from:to] {
				size += x.Size()
			}
			b := make([]byte, 0, size)
			for j, x := range r.Exchanges[from:to] {
				b = x.AppendLine(b, from+j+1, r.name, r.Secrets)
			}
			pieces[i] = b
		})
	}
	group.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return bytes.Join(pieces, nil)
}

// name gives the words for the mark of an exchange.
func (r *Run) name(m record.Mark) (scenario, where string, line int, sentence string) {
	if r.Selection == nil || m.Scenario < 0 {
		return "", "", 0, ""
	}
	s := &r.Selection.Plan.Scenarios[m.Scenario]
	if m.Step < 0 || m.Step >= len(s.Steps) {
		return s.ID, s.Where(), s.Line, ""
	}
	step := &s.Steps[m.Step]
	return s.ID, s.Where(), step.Line, step.Keyword + " " + step.Text
}
