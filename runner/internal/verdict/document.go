package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Verdict is the decision, with all that it rests on. Marshalled it is verdict.json, which schemas/Verdict.schema.json
// describes.
type Verdict struct {
	// Milestone is its id, or the stem of the name of a file that could not be read.
	Milestone string `json:"milestone"`
	Title     string `json:"title"`
	// Overall says that the contract holds.
	Overall bool `json:"overall"`
	// Exit is the exit code.
	Exit int `json:"exit_code"`
	// Reasons are everything that speaks against it, in the order of [Reasons], but for what is known.
	Reasons []record.Reason `json:"reasons"`
	// Known is what the baseline excuses; nil without one.
	Known  *KnownFailures `json:"known_failures"`
	Target string         `json:"target"`
	Proxy  Optional       `json:"proxy"`
	Seed   string         `json:"seed"`
	// Selection is which scenarios ran, and how.
	Selection Selection `json:"selection"`
	// Scenarios counts scenarios by how they ended.
	Scenarios map[record.Status]int `json:"scenarios"`
	// Skipped are the scenarios that were left out, by what the target lacks. Each stands once.
	Skipped []Gap `json:"left_out"`
	// NotVerified counts what nothing verified, whether it speaks against the run or not.
	NotVerified NotVerified `json:"not_verified"`
	Exchanges   Counts      `json:"exchanges"`
	// Rules is the evidence for each rule, in the order of the milestone.
	Rules []Rule `json:"rules"`
	// ReasonCodes is the evidence for each required reason code.
	ReasonCodes []ReasonCode `json:"reason_codes"`
	Output      Output       `json:"output"`
	// Artifacts are the names of those that were written.
	Artifacts []string `json:"artifacts"`
	// Results are how the scenarios of the plan ended.
	Results    []ScenarioResult `json:"results"`
	StartedAt  string           `json:"started_at"`
	FinishedAt string           `json:"finished_at"`
	TookMS     int64            `json:"took_ms"`

	// Coverage are all cells, the declared ones in the order of the milestone, then the others: [Verdict.EncodeCoverage].
	Coverage []CoverageItem `json:"-"`
	// Complete says that every scenario of the plan ran to an end of its own. While it does not, it is no wonder that
	// something was not observed.
	Complete bool `json:"-"`

	// Undecided says that the log has no verdict: [Of].
	Undecided bool `json:"-"`

	follows map[string][]string // what a reason follows from, by their short names
}

// Optional is a text that JSON has as null when it is empty.
type Optional = record.Optional

// KnownFailures is what a baseline excuses.
type KnownFailures struct {
	// Message says how many entries of the baseline still fail.
	Message  string `json:"says"`
	Baseline string `json:"baseline"`
	// Failures are in the order of [Reasons].
	Failures []Known `json:"failures"`
}

// Known is a reason that a baseline excuses, with who fixes it and until when. One without an owner follows from others
// that are known.
type Known struct {
	record.Reason
	Because string `json:"because,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Expires string `json:"expires,omitempty"`
}

// knownBy is a reason that an entry excuses; nil when it follows from others.
func knownBy(reason record.Reason, e *baseline.Entry, secrets *record.Secrets) Known {
	known := Known{Reason: reason}
	if e != nil {
		known.Because, known.Owner, known.Expires = e.Reason, e.Owner, e.Expires
		if secrets != nil {
			known.Because, known.Owner = secrets.Scrub(e.Reason), secrets.Scrub(e.Owner)
		}
	}
	return known
}

// Selection is which scenarios ran, and how.
type Selection struct {
	Complete   bool        `json:"complete"`
	Tags       Optional    `json:"tags"`
	Names      []string    `json:"names"`
	Rules      []string    `json:"rules"`
	Operations []string    `json:"operations"`
	Refs       []string    `json:"refs"`
	Failed     bool        `json:"failed"`
	Planned    int         `json:"planned"`
	Selected   int         `json:"selected"`
	Skipped    int         `json:"left_out"`
	Shard      *plan.Shard `json:"shard"`
	Parallel   int         `json:"parallel"`
	Shuffle    Optional    `json:"shuffle"`
	Repeat     int         `json:"repeat"`
}

// Gap is what a verdict says nothing about, since the target lacks a capability.
type Gap struct {
	Capability string `json:"capability"`
	// Declared says that somebody said so, and that it does not speak against the run.
	Declared bool `json:"declared"`
	// Scenarios are their ids.
	Scenarios []string `json:"scenarios"`
}

// Counts counts exchanges and what the checks found. InPart counts the answers whose body is recorded by its beginning
// alone, and Cut those of them that were not read to their end.
type Counts struct {
	Total               int `json:"total"`
	Unanswered          int `json:"unanswered"`
	InPart              int `json:"in_part"`
	Cut                 int `json:"cut"`
	ChecksPassed        int `json:"checks_passed"`
	ChecksFailed        int `json:"checks_failed"`
	ChecksNotApplicable int `json:"checks_not_applicable"`
}

// Add counts one exchange.
func (c *Counts) Add(x *record.Exchange) {
	c.Total++
	if x.Response == nil {
		c.Unanswered++
	} else if x.Response.Cut {
		c.Cut++
	}
	if x.InPart() {
		c.InPart++
	}
	for _, check := range x.Checks {
		switch check.Status {
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
func (c *Counts) Bodies() string {
	if c.InPart == 0 {
		return ""
	}
	line := fmt.Sprintf("%d of the answers are recorded by the beginning, the length and the hash of their bodies", c.InPart)
	if c.Cut > 0 {
		line += fmt.Sprintf("; %d were cut, for they were too long to be read", c.Cut)
	}
	return line
}

// Rule is the evidence for a rule: the ids of the scenarios that passed.
type Rule struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"`
	Section     string   `json:"section"`
	Description string   `json:"says"`
	Proved      bool     `json:"proved"`
	Known       bool     `json:"known,omitzero"`    // not proved, for nothing but known failures
	Skipped     bool     `json:"left_out,omitzero"` // not proved, for nothing but scenarios that were left out, as was declared
	Refuses     []string `json:"refuses,omitempty"`
	Permits     []string `json:"permits,omitempty"`
	Invariants  []string `json:"keeps,omitempty"`
}

// ReasonCode is the evidence for a required reason code.
type ReasonCode struct {
	ReasonCode string   `json:"reason_code"`
	Observed   int      `json:"observed"`
	Scenarios  []string `json:"scenarios"`
}

// Output compares the output with the golden one.
type Output struct {
	SHA256       Optional `json:"sha256"`
	GoldenSHA256 Optional `json:"golden_sha256"`
	Identical    bool     `json:"identical"`
}

// ScenarioResult is how a scenario ended.
type ScenarioResult struct {
	Scenario string        `json:"scenario"`
	Ref      string        `json:"ref"`
	Where    string        `json:"where"`
	Rule     string        `json:"rule"`
	Side     string        `json:"side,omitempty"`
	Needs    []string      `json:"needs,omitempty"`
	Status   record.Status `json:"status"`
	Message  string        `json:"says,omitempty"`
	// From and To are the numbers of its first and last line in exchanges.ndjson.
	From int `json:"from,omitzero"`
	To   int `json:"to,omitzero"`
}

// describe fills in what verdict.json has beside the decision.
func (v *Verdict) describe(r *Records) {
	v.Milestone, v.Title, v.Target, v.Proxy, v.Seed = r.Info.Milestone, r.Info.Title, r.Info.Target, Optional(r.Info.Proxy), r.Info.Seed
	v.Output = Output{
		SHA256: Optional(r.OutputSHA256), GoldenSHA256: Optional(r.GoldenSHA256),
		Identical: r.GoldenSHA256 != "" && r.GoldenSHA256 == r.OutputSHA256,
	}
	v.StartedAt, v.FinishedAt = timestamp(r.StartedAt), timestamp(r.FinishedAt)
	v.TookMS = r.FinishedAt.Sub(r.StartedAt).Milliseconds()
	for _, x := range r.Exchanges {
		v.Exchanges.Add(x)
	}
	v.Selection = Selection{Parallel: r.Lanes, Shuffle: Optional(r.Shuffle), Repeat: r.Repeat}
	if s := r.Selection; s != nil {
		in := &v.Selection
		in.Complete, in.Tags, in.Failed = s.Complete(), Optional(s.Filter.Tags), s.Filter.Failed != nil
		in.Names, in.Rules, in.Operations, in.Refs = s.Filter.Names, s.Filter.Rules, s.Filter.Operations, s.Filter.Refs
		in.Planned, in.Selected, in.Skipped = len(s.Plan.Scenarios), len(s.Scenarios), len(s.Skipped)
		if s.Shard.Of > 0 {
			in.Shard = &s.Shard
		}
		v.Results = r.results()
	}
}

// results lists every scenario of the plan.
func (r *Records) results() []ScenarioResult {
	from, to := map[int]int{}, map[int]int{}
	for i, x := range r.Exchanges {
		if _, seen := from[x.Mark.Scenario]; !seen {
			from[x.Mark.Scenario] = i + 1
		}
		to[x.Mark.Scenario] = i + 1
	}
	results := make([]ScenarioResult, 0, len(r.Selection.Plan.Scenarios))
	for i := range r.Selection.Plan.Scenarios {
		s := &r.Selection.Plan.Scenarios[i]
		result := StatusOf(r.Selection, r.Results, i)
		results = append(results, ScenarioResult{
			Scenario: s.ID, Ref: s.Ref(), Where: s.Where(), Rule: s.Rule, Side: string(s.Side), Needs: s.Needs,
			Status: result.Status, Message: result.Message, From: from[i], To: to[i],
		})
	}
	return results
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// CoverageItem is one cell of the coverage.
type CoverageItem struct {
	Operation  string   `json:"operation"`
	Outcome    Optional `json:"outcome"` // "" for what is not declared
	Status     int      `json:"status"`
	Code       Optional `json:"code"`
	ReasonCode Optional `json:"reason_code"`
	Schema     Optional `json:"schema"`
	Declared   bool     `json:"declared"`
	Observed   int      `json:"observed"`
	// Skipped says that it was not observed because scenarios were left out, as was declared, and everything else ran.
	Skipped   bool     `json:"left_out,omitzero"`
	Scenarios []string `json:"scenarios"`
}

// Coverage is coverage.json. schemas/Coverage.schema.json describes it.
type Coverage struct {
	Milestone  string         `json:"milestone"`
	Complete   bool           `json:"complete"`
	Declared   int            `json:"declared"`
	Observed   int            `json:"observed"`
	Undeclared int            `json:"undeclared"`
	Cells      []CoverageItem `json:"cells"`
}

// mostScenarios is how many scenarios are named for a cell. Some are seen in nearly all of them.
const mostScenarios = 10

// EncodeCoverage returns coverage.json.
func (v *Verdict) EncodeCoverage() []byte {
	c := Coverage{Milestone: v.Milestone, Cells: slices.Clone(v.Coverage)}
	for i := range c.Cells {
		cell := &c.Cells[i]
		switch {
		case !cell.Declared:
			c.Undeclared++
		case cell.Observed > 0:
			c.Observed++
			fallthrough
		default:
			c.Declared++
		}
		cell.Scenarios = cell.Scenarios[:min(len(cell.Scenarios), mostScenarios)]
	}
	c.Complete = c.Declared > 0 && c.Observed == c.Declared && c.Undeclared == 0
	return encode(c)
}

// Encode returns verdict.json.
func (v *Verdict) Encode() []byte { return encode(v) }

// encode returns JSON that people read too. Lists that are nil are empty.
func encode(value any) []byte {
	text, err := json.Marshal(value, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		panic(err) // structs of strings and numbers
	}
	return append(text, '\n')
}

// Proved counts the rules that are proved, and those that were left out.
func (v *Verdict) Proved() (proved, skipped int) {
	for i := range v.Rules {
		if v.Rules[i].Proved {
			proved++
		}
		if v.Rules[i].Skipped {
			skipped++
		}
	}
	return proved, skipped
}

// Outcomes counts the declared outcomes: those that were observed, all, and those that were left out.
func (v *Verdict) Outcomes() (observed, declared, skipped int) {
	for i := range v.Coverage {
		cell := &v.Coverage[i]
		if cell.Declared {
			declared++
			if cell.Observed > 0 {
				observed++
			}
		}
		if cell.Skipped {
			skipped++
		}
	}
	return observed, declared, skipped
}

// ObservedReasonCodes counts the required reason codes that were observed.
func (v *Verdict) ObservedReasonCodes() (n int) {
	for _, code := range v.ReasonCodes {
		if code.Observed > 0 {
			n++
		}
	}
	return n
}
