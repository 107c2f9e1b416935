// Package report writes what a run leaves behind: a folder of artifacts for machines and for reviews, and a page of
// text for the one who waits at the terminal.
//
//	verdict.json       overall, every reason why not, and the evidence for each rule and reason code
//	coverage.json      each operation with each outcome, reason code and schema: declared, and how often observed
//	messages.ndjson    all that happened, as it happened (package eventlog)
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
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"example.com/lpgate/milestones"
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

// Run is a run as it is reported.
type Run struct {
	// Name is what the run is about when there is no milestone: the stem of the file that could not be read.
	Name string
	// Milestone is nil when it could not be read.
	Milestone *milestones.Milestone
	// Selection is nil when there is no plan.
	Selection *plan.Selection
	// Target says what was verified: [BuiltIn], or a URL.
	Target string
	// Proxy is the proxy that requests went through; "" for none.
	Proxy string
	// Seed is the word that the ids of the run are made of.
	Seed string
	// Results are how the scenarios ended, by their place in the plan.
	Results map[int]record.Result
	// Exchanges are all exchanges in order.
	Exchanges []*record.Exchange
	// OutputSHA256 and GoldenSHA256 are the hashes of the two outputs; the golden one is "" when there is none.
	OutputSHA256, GoldenSHA256 string
	// Decision is the verdict.
	Decision verdict.Verdict
	// Written are the names of the artifacts, the verdict's included.
	Written []string
	// Secrets are what must not be written.
	Secrets *record.Secrets
	// Lanes is how many scenarios were run side by side.
	Lanes int
	// Shuffle is the word that their order was drawn from; "" when it was that of the plan.
	Shuffle string
	// Repeat is how many times everything was run, and Differing how many scenarios then saw something else.
	Repeat, Differing int
	// Repro are the arguments of "runner repro" that follow the id, for this milestone and target.
	Repro string
	// Style colours the page for the terminal.
	Style terminal.Style
	// StartedAt and FinishedAt are the only times in the verdict.
	StartedAt, FinishedAt time.Time
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

// VerdictFile is verdict.json. schemas/Verdict.schema.json describes it.
type VerdictFile struct {
	Milestone   string                `json:"milestone"`
	Title       string                `json:"title"`
	Overall     bool                  `json:"overall"`
	ExitCode    int                   `json:"exit_code"`
	Reasons     []record.Reason       `json:"reasons"`
	Known       *KnownFile            `json:"known_failures"`
	Target      string                `json:"target"`
	Proxy       *string               `json:"proxy"`
	Seed        string                `json:"seed"`
	Selection   SelectionFile         `json:"selection"`
	Scenarios   map[record.Status]int `json:"scenarios"`
	LeftOut     []GapFile             `json:"left_out"`
	NotVerified verdict.NotVerified   `json:"not_verified"`
	Exchanges   CountsFile            `json:"exchanges"`
	Rules       []RuleFile            `json:"rules"`
	ReasonCodes []FloorFile           `json:"reason_codes"`
	Output      OutputFile            `json:"output"`
	Artifacts   []string              `json:"artifacts"`
	Results     []ResultFile          `json:"results"`
	StartedAt   string                `json:"started_at"`
	FinishedAt  string                `json:"finished_at"`
	TookMS      int64                 `json:"took_ms"`
}

// KnownFile is what a baseline excuses; it is null without one.
type KnownFile struct {
	Says     string        `json:"says"`
	Baseline string        `json:"baseline"`
	Failures []FailureFile `json:"failures"`
}

// FailureFile is a known failure, with who mends it and until when.
type FailureFile struct {
	record.Reason
	Because string `json:"because,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Expires string `json:"expires,omitempty"`
}

// SelectionFile is which scenarios ran, and how.
type SelectionFile struct {
	Complete   bool        `json:"complete"`
	Tags       *string     `json:"tags"`
	Names      []string    `json:"names"`
	Rules      []string    `json:"rules"`
	Operations []string    `json:"operations"`
	Refs       []string    `json:"refs"`
	Failed     bool        `json:"failed"`
	Planned    int         `json:"planned"`
	Selected   int         `json:"selected"`
	LeftOut    int         `json:"left_out"`
	Shard      *plan.Shard `json:"shard"`
	Parallel   int         `json:"parallel"`
	Shuffle    *string     `json:"shuffle"`
	Repeat     int         `json:"repeat"`
}

// GapFile is what the target lacks, and the scenarios that need it.
type GapFile struct {
	Capability string   `json:"capability"`
	Declared   bool     `json:"declared"`
	Scenarios  []string `json:"scenarios"`
}

// CountsFile counts exchanges and what the checks found. InPart counts the answers whose body is recorded by its beginning
// alone, and Cut those of them that were not read to their end.
type CountsFile struct {
	Total               int `json:"total"`
	Unanswered          int `json:"unanswered"`
	InPart              int `json:"in_part"`
	Cut                 int `json:"cut"`
	ChecksPassed        int `json:"checks_passed"`
	ChecksFailed        int `json:"checks_failed"`
	ChecksNotApplicable int `json:"checks_not_applicable"`
}

// RuleFile is the evidence for a rule.
type RuleFile struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Section string   `json:"section"`
	Says    string   `json:"says"`
	Proved  bool     `json:"proved"`
	Known   bool     `json:"known,omitempty"`
	LeftOut bool     `json:"left_out,omitempty"`
	Refuses []string `json:"refuses,omitempty"`
	Permits []string `json:"permits,omitempty"`
	Keeps   []string `json:"keeps,omitempty"`
}

// FloorFile is the evidence for a reason code of the floor.
type FloorFile struct {
	ReasonCode string   `json:"reason_code"`
	Observed   int      `json:"observed"`
	Scenarios  []string `json:"scenarios"`
}

// OutputFile compares the output with the golden one.
type OutputFile struct {
	SHA256       *string `json:"sha256"`
	GoldenSHA256 *string `json:"golden_sha256"`
	Identical    bool    `json:"identical"`
}

// ResultFile is how a scenario ended.
type ResultFile struct {
	Scenario string   `json:"scenario"`
	Ref      string   `json:"ref"`
	Where    string   `json:"where"`
	Rule     string   `json:"rule"`
	Side     string   `json:"side,omitempty"`
	Needs    []string `json:"needs,omitempty"`
	Status   string   `json:"status"`
	Says     string   `json:"says,omitempty"`
	// From and To are the numbers of its first and last line in exchanges.ndjson.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

// EncodeVerdict writes verdict.json.
func (r *Run) EncodeVerdict() []byte {
	d := &r.Decision
	file := VerdictFile{
		Milestone:   r.Name,
		Overall:     d.Overall,
		ExitCode:    d.Exit,
		Reasons:     []record.Reason{},
		Target:      r.Target,
		Proxy:       orNull(r.Proxy),
		Seed:        r.Seed,
		Selection:   r.selection(),
		Scenarios:   map[record.Status]int{},
		LeftOut:     []GapFile{},
		NotVerified: d.NotVerified,
		Rules:       []RuleFile{},
		ReasonCodes: []FloorFile{},
		Output:      OutputFile{SHA256: orNull(r.OutputSHA256), GoldenSHA256: orNull(r.GoldenSHA256), Identical: r.GoldenSHA256 != "" && r.GoldenSHA256 == r.OutputSHA256},
		Artifacts:   list(r.Written),
		Results:     []ResultFile{},
		StartedAt:   stamp(r.StartedAt),
		FinishedAt:  stamp(r.FinishedAt),
		TookMS:      r.FinishedAt.Sub(r.StartedAt).Milliseconds(),
	}
	if r.Milestone != nil {
		file.Milestone, file.Title = r.Milestone.ID, r.Milestone.Title
	}
	file.Reasons = append(file.Reasons, d.Reasons...)
	if d.Baseline != "" {
		file.Known = &KnownFile{Says: d.KnownFailures(), Baseline: d.Baseline, Failures: []FailureFile{}}
		for _, known := range d.Known {
			failure := FailureFile{Reason: known.Reason}
			if e := known.Entry; e != nil {
				failure.Because, failure.Owner, failure.Expires = r.Secrets.Scrub(e.Reason), r.Secrets.Scrub(e.Owner), e.Expires
			}
			file.Known.Failures = append(file.Known.Failures, failure)
		}
	}
	for status, n := range d.Scenarios {
		file.Scenarios[status] = n
	}
	for _, gap := range d.Skipped {
		file.LeftOut = append(file.LeftOut, GapFile(gap))
	}
	for _, x := range r.Exchanges {
		file.Exchanges.Count(x)
	}
	for _, rule := range d.Rules {
		file.Rules = append(file.Rules, RuleFile{
			ID: rule.Rule.ID, Kind: rule.Rule.Kind, Section: rule.Rule.Section, Says: rule.Rule.Description,
			Proved: rule.Proved, Known: rule.Known, LeftOut: rule.Skipped, Refuses: rule.Refuses, Permits: rule.Permits, Keeps: rule.Invariants,
		})
	}
	for _, floor := range d.ReasonCodes {
		file.ReasonCodes = append(file.ReasonCodes, FloorFile{floor.ReasonCode, floor.Observed, list(floor.Scenarios)})
	}
	if r.Selection != nil {
		file.Results = r.results()
	}
	return encode(file)
}

// selection says which part of the plan was run.
func (r *Run) selection() SelectionFile {
	s := r.Selection
	if s == nil {
		s = &plan.Selection{Plan: new(plan.Plan)}
	}
	w := &s.Filter
	var shard *plan.Shard
	if s.Shard.Of > 0 {
		shard = &s.Shard
	}
	return SelectionFile{
		Complete:   r.Selection != nil && s.Complete(),
		Tags:       orNull(w.Tags),
		Names:      list(w.Names),
		Rules:      list(w.Rules),
		Operations: list(w.Operations),
		Refs:       list(w.Refs),
		Failed:     w.Failed != nil,
		Planned:    len(s.Plan.Scenarios),
		Selected:   len(s.Scenarios),
		LeftOut:    len(s.Skipped),
		Shard:      shard,
		Parallel:   r.Lanes,
		Shuffle:    orNull(r.Shuffle),
		Repeat:     r.Repeat,
	}
}

// results lists every scenario of the plan.
func (r *Run) results() []ResultFile {
	from, to := map[int]int{}, map[int]int{}
	for i, x := range r.Exchanges {
		if _, seen := from[x.Mark.Scenario]; !seen {
			from[x.Mark.Scenario] = i + 1
		}
		to[x.Mark.Scenario] = i + 1
	}
	results := make([]ResultFile, 0, len(r.Selection.Plan.Scenarios))
	for i := range r.Selection.Plan.Scenarios {
		scenario := &r.Selection.Plan.Scenarios[i]
		result := verdict.StatusOf(r.Selection, r.Results, i)
		results = append(results, ResultFile{
			Scenario: scenario.ID,
			Ref:      scenario.Ref(),
			Where:    scenario.Where(),
			Rule:     scenario.Rule,
			Side:     string(scenario.Side),
			Needs:    scenario.Needs,
			Status:   string(result.Status),
			Says:     result.Message,
			From:     from[i],
			To:       to[i],
		})
	}
	return results
}

// Count counts one exchange.
func (c *CountsFile) Count(x *record.Exchange) {
	c.Total++
	if x.Response == nil {
		c.Unanswered++
	} else if x.Response.Cut {
		c.Cut++
	}
	if x.InPart() {
		c.InPart++
	}
	for _, result := range x.Checks {
		switch result.Status {
		case record.CheckPassed:
			c.ChecksPassed++
		case record.CheckFailed:
			c.ChecksFailed++
		default:
			c.ChecksNotApplicable++
		}
	}
}

// Bodies is how many answers are not recorded or not read whole, as one line; "" when all are.
func (c *CountsFile) Bodies() string {
	if c.InPart == 0 {
		return ""
	}
	line := fmt.Sprintf("%d of the answers are recorded by the beginning, the length and the hash of their bodies", c.InPart)
	if c.Cut > 0 {
		line += fmt.Sprintf("; %d were cut, for they were too long to be read", c.Cut)
	}
	return line
}

// CoverageFile is coverage.json. schemas/Coverage.schema.json describes it.
type CoverageFile struct {
	Milestone string     `json:"milestone"`
	Complete  bool       `json:"complete"`
	Declared  int        `json:"declared"`
	Observed  int        `json:"observed"`
	Stray     int        `json:"undeclared"`
	Cells     []CellFile `json:"cells"`
}

// CellFile is a cell of the coverage.
type CellFile struct {
	Operation  string   `json:"operation"`
	Outcome    *string  `json:"outcome"`
	Status     int      `json:"status"`
	Code       *string  `json:"code"`
	ReasonCode *string  `json:"reason_code"`
	Schema     *string  `json:"schema"`
	Declared   bool     `json:"declared"`
	Observed   int      `json:"observed"`
	LeftOut    bool     `json:"left_out,omitempty"`
	Scenarios  []string `json:"scenarios"`
}

// mostScenarios is how many scenarios are named for a cell. Some are seen in nearly all of them.
const mostScenarios = 10

// EncodeCoverage writes coverage.json.
func (r *Run) EncodeCoverage() []byte {
	file := CoverageFile{Milestone: r.Name, Cells: []CellFile{}}
	if r.Milestone != nil {
		file.Milestone = r.Milestone.ID
	}
	for _, cell := range r.Decision.Coverage {
		switch {
		case !cell.Declared:
			file.Stray++
		case cell.Observed > 0:
			file.Observed++
			fallthrough
		default:
			file.Declared++
		}
		file.Cells = append(file.Cells, CellFile{
			Operation:  cell.Operation,
			Outcome:    orNull(cell.Outcome),
			Status:     cell.Status,
			Code:       orNull(cell.Code),
			ReasonCode: orNull(cell.ReasonCode),
			Schema:     orNull(cell.Schema),
			Declared:   cell.Declared,
			Observed:   cell.Observed,
			LeftOut:    cell.Skipped,
			Scenarios:  list(cell.Scenarios[:min(len(cell.Scenarios), mostScenarios)]),
		})
	}
	file.Complete = file.Declared > 0 && file.Observed == file.Declared && file.Stray == 0
	return encode(file)
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

// encode writes JSON for people to read too.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		panic(err) // structs of strings and numbers
	}
	return b.Bytes()
}

// list is never null.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
