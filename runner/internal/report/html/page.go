// Package html writes report.html: a run as a page for people, in one file that is opened from the disk.
//
// # What is on it
//
// In this order: the verdict with its reasons; the causes of the failures, the biggest first; what did not pass; rules and
// outcomes with the scenarios that prove them, as maps whose cells lead to the scenarios; times; the exports that were walked,
// page by page; and all scenarios with their steps and exchanges, which can be searched and filtered.
//
// # Addresses
//
// The fragment of the address leads into the page, so that a link to a place can be shared:
//
//	report.html#s-0bb72c18b2                     a scenario, opened
//	report.html#s-0bb72c18b2.step-3              one of its steps
//	report.html#s-0bb72c18b2.page-2              a page of the export that it walks
//	report.html#?status=failed&rule=RULE         a filter: text, status, feature, rule, side, operation, outcome, cause
//
// # The format
//
// Everything is in the file. Its content security policy forbids the browser to load anything, and to run other scripts. Texts
// add the target and of the features are not trusted: html/template escapes them, and body.go escapes bodies itself.
//
// The details of the scenarios are most of a report, and few are looked at. So they are in chunks of [perChunk] scenarios,
// deflated, in base64, and a chunk is unpacked when one of its scenarios is opened or a text is searched:
//
//	<script type="text/plain" id="chunk-0">7V1rc9vGkv1+…</script>
//
// Inflated, that is the HTML of these scenarios with a zero byte between two. Without scripts the page shows everything else.
//
// The same record gives the same bytes.
//
// # Benchmarks
//
// A report of 5,000 scenarios should open in less than two seconds. The benchmarks measure the time to write one, the time that
// a browser needs to open and to search it, and its size:
//
//	go test ./runner/internal/report/html -run '^$' -bench . -benchtime 3x
package html

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/conformance"
	"example.com/lpgate/runner/internal/verdict"
)

// Sign is in the first lines of every report: many tools write files of this name.
const Sign = `<meta name="generator" content="lpgate">`

// perChunk is how many scenarios are unpacked together.
const perChunk = 16

// mostOpen is how many scenarios that did not pass are open from the start.
const mostOpen = 5

var (
	//go:embed page.html
	layout string
	//go:embed scenario.html
	inside string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

var pages = template.Must(template.Must(template.New("page").Funcs(template.FuncMap{
	"ms": ms, "words": words, "symbol": symbol, "short": shortHash, "count": count, "diffLines": diffLines, "join": strings.Join,
}).Parse(layout)).New("scenario").Parse(inside))

// view is what the page shows.
type view struct {
	Policy  string
	Style   template.CSS
	Script  template.JS
	Record  *record.Run
	Verdict verdictView
	Causes  []causeView
	Failed  []*row

	Rules    []ruleTable
	Outcomes outcomeTable
	// Conformance is what the owner of the implementation publishes; nil without a verdict.
	Conformance *conformance.Report
	Times       times
	Walks       []walk
	Features    []feature
	Filter      filter
	Total       int
	PerChunk    int
	Chunks      []template.HTML
}

// Took is how long the run took; 0 when it did not end.
func (v *view) Took() time.Duration {
	if v.Record.FinishedAt.IsZero() {
		return 0
	}
	return v.Record.FinishedAt.Sub(v.Record.StartedAt)
}

// BrokenWalks counts the walks with a break.
func (v *view) BrokenWalks() (n int) {
	for _, w := range v.Walks {
		if w.Broken > 0 {
			n++
		}
	}
	return n
}

// filter has the choices of the filter.
type filter struct {
	Statuses   []record.Status
	Rules      []string
	Operations []string
	Outcomes   []string
	Causes     []string
}

// feature is a feature file with its scenarios.
type feature struct {
	URI, Name, Description string
	Rows                   []*row
	Passed                 int
}

// row is the line of a scenario.
type row struct {
	*record.Scenario
	// Operations, Outcomes and Causes are places in the filter's lists.
	Operations, Outcomes, Causes []int
	// Open reports whether it is open from the start.
	Open bool
	// Because is why it did not pass, in one line.
	Because string

	chain *walk
}

// Passed reports whether the scenario passed.
func (r *row) Passed() bool { return r.Result.Status == record.Passed }

// Encode returns the page.
func Encode(r *record.Run, decided *verdict.Verdict) ([]byte, error) {
	concluded := newVerdictView(r, decided)
	v := &view{
		Policy: "default-src 'none'; style-src '" + digest(style) + "'; script-src '" + digest(script) + "'; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(style), Script: template.JS(script),
		Record: r, Verdict: *concluded, Causes: causeViews(r, decided), PerChunk: perChunk,
	}
	rows := v.list()
	v.Total = len(rows)
	v.Rules, v.Outcomes = ruleTables(concluded, r), outcomesOf(concluded)
	if concluded.Decided {
		v.Conformance = conformance.New(r, decided)
	}
	v.Times = timesOf(v.Features)
	keys := keysOf(r)
	for _, row := range rows {
		if row.chain = walkOf(row.Scenario, keys); row.chain != nil && row.chain.Joined+row.chain.Broken > 0 {
			v.Walks = append(v.Walks, *row.chain)
		}
	}
	sortWalks(v.Walks)
	var err error
	if v.Chunks, err = chunks(rows, r); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page", v); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return b.Bytes(), nil
}

// digest returns the hash of a text as a content security policy has it.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// list fills in the features with their scenarios and the choices of the filter. It returns the rows in the order of the page.
func (v *view) list() []*row {
	places := map[string]int{}
	for i, f := range v.Record.Features {
		places[f.URI] = i
		v.Features = append(v.Features, feature{URI: f.URI, Name: f.Name, Description: strings.TrimSpace(f.Description)})
	}
	var rules, operations, outcomes indexes
	causes, causesByRef := causesOf(&v.Verdict.Verdict)
	for _, status := range record.Statuses {
		if !status.Unselected() && slices.ContainsFunc(v.Record.Scenarios, func(s *record.Scenario) bool { return s.Result.Status == status }) {
			v.Filter.Statuses = append(v.Filter.Statuses, status)
		}
	}
	// The order is that of the milestone. What it does not declare comes after it.
	for _, rule := range v.Verdict.Rules {
		rules.add(rule.ID)
	}
	for i := range v.Verdict.Cells {
		cell := &v.Verdict.Cells[i]
		operations.add(cell.Operation)
		outcomes.add(cell.Value())
	}
	var all []*row
	for _, s := range v.Record.Scenarios {
		if s.Result.Status.Unselected() {
			continue
		}
		at, known := places[s.URI]
		if !known {
			at = len(v.Features)
			places[s.URI] = at
			v.Features = append(v.Features, feature{URI: s.URI, Name: s.URI})
		}
		line := &row{Scenario: s, Causes: causesByRef[s.Ref()]}
		rules.add(s.Rule)
		for _, x := range s.Exchanges {
			line.Operations = appendUnique(line.Operations, operations.add(x.Operation))
			for _, value := range valuesOf(x) {
				line.Outcomes = appendUnique(line.Outcomes, outcomes.add(value))
			}
		}
		switch s.Result.Status {
		case record.Passed:
			v.Features[at].Passed++
		case record.SkippedByCapability:
		default:
			line.Open = len(v.Failed) < mostOpen && !s.Began.IsZero()
			line.Because, _, _ = strings.Cut(s.Explanation(), "\n")
			v.Failed = append(v.Failed, line)
		}
		v.Features[at].Rows = append(v.Features[at].Rows, line)
	}
	v.Features = slices.DeleteFunc(v.Features, func(f feature) bool { return len(f.Rows) == 0 })
	// Chunks are in the order of the page.
	for _, f := range v.Features {
		all = append(all, f.Rows...)
	}
	v.Filter.Rules, v.Filter.Operations, v.Filter.Outcomes = rules.all, operations.all, outcomes.all
	v.Filter.Causes = causes
	return all
}

// indexes numbers texts in the order in which they are added.
type indexes struct {
	all    []string
	places map[string]int
}

func (n *indexes) add(text string) int {
	at, known := n.places[text]
	if !known {
		if n.places == nil {
			n.places = map[string]int{}
		}
		at = len(n.all)
		n.places[text], n.all = at, append(n.all, text)
	}
	return at
}

func appendUnique(list []int, n int) []int {
	if slices.Contains(list, n) {
		return list
	}
	return append(list, n)
}

// valuesOf returns the outcomes of an answer as the filter names them.
func valuesOf(x *record.Exchange) (values []string) {
	for _, cell := range x.Covered {
		values = append(values, outcomeValue(x.Operation, cell.Outcome, cell.ReasonCode))
	}
	if len(x.Undeclared) > 0 {
		values = append(values, outcomeValue(x.Operation, undeclared, ""))
	}
	if x.Response == nil {
		values = append(values, outcomeValue(x.Operation, "unanswered", ""))
	}
	return values
}

// undeclared is the name of the outcome of an answer that is not declared.
const undeclared = "undeclared"

func outcomeValue(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }

// chunks returns the details of the scenarios, packed.
func chunks(rows []*row, r *record.Run) ([]template.HTML, error) {
	most := runtime.GOMAXPROCS(0)
	packed := make([]template.HTML, (len(rows)+perChunk-1)/perChunk)
	failed := make([]error, len(packed))
	next := make(chan int)
	var group sync.WaitGroup
	for range most {
		group.Go(func() {
			var p packer
			for n := range next {
				packed[n], failed[n] = p.chunk(rows[n*perChunk:min((n+1)*perChunk, len(rows))], r)
			}
		})
	}
	for n := range packed {
		next <- n
	}
	close(next)
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return packed, nil
}

// packer packs chunks. It reuses its buffers.
type packer struct {
	packed, inside bytes.Buffer
	writer         *flate.Writer
}

func (p *packer) chunk(rows []*row, r *record.Run) (_ template.HTML, err error) {
	defer func() {
		if p := recover(); p != nil { // in a goroutine it would end the process
			err = fmt.Errorf("writing the page: panic: %v", p)
		}
	}()
	p.packed.Reset()
	if p.writer == nil {
		if p.writer, err = flate.NewWriter(&p.packed, flate.DefaultCompression); err != nil {
			return "", err
		}
	}
	w := p.writer
	w.Reset(&p.packed)
	for i, row := range rows {
		if i > 0 {
			_, _ = w.Write([]byte{0})
		}
		p.inside.Reset()
		if err := pages.ExecuteTemplate(&p.inside, "scenario", detailsOf(row, r)); err != nil {
			return "", fmt.Errorf("writing the page: %s: %w", row.Where(), err)
		}
		text := p.inside.Bytes()
		if bytes.IndexByte(text, 0) >= 0 {
			text = bytes.ReplaceAll(text, []byte{0}, []byte("\uFFFD"))
		}
		_, _ = w.Write(text) // writing to a buffer never fails
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return template.HTML(base64.StdEncoding.EncodeToString(p.packed.Bytes())), nil
}

// ms returns a duration as text; "" when it is too short to measure, or zero.
func ms(d time.Duration) string {
	switch {
	case d < 50*time.Microsecond:
		return ""
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// words returns a status as text.
func words(status any) string { return strings.ReplaceAll(fmt.Sprint(status), "_", " ") }

// symbol returns a sign for a status, which does not depend on colour.
func symbol(status any) string {
	switch record.Status(fmt.Sprint(status)) {
	case record.Passed:
		return "✓"
	case record.SkippedByCapability, record.NotSelected, record.Skipped, "":
		return "○"
	case record.NotRun, record.Pending, record.Empty, "unknown":
		return "…"
	case record.Undefined, record.Ambiguous:
		return "?"
	}
	return "✗"
}

// count returns a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shortHash returns the beginning of a hash.
func shortHash(hash string) string {
	if len(hash) <= 12 {
		return hash
	}
	return hash[:12] + "…"
}
