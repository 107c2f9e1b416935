package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
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
	// Level is the level that was verified.
	Level milestones.Level `json:"level"`
	// Core is the verdict at level core beside one at level full; nil otherwise.
	Core *CoreVerdict `json:"core"`
	// Causes are the causes of all failures: those that are not known first, then the biggest first.
	Causes []Cause `json:"causes"`
	// Reasons are everything that speaks against it, in the order of [Reasons], but for what is known.
	Reasons []record.Reason `json:"reasons"`
	// Known is what the baseline excuses; nil without one.
	Known  *KnownFailures `json:"known_failures"`
	Target string         `json:"target"`
	Proxy  Optional       `json:"proxy"`
	RunID  string         `json:"run_id"`
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

	follows    map[string][]int // the failed scenarios for which a rule is not proved, by its id
	coreFailed map[int]bool     // the scenarios in which a check of level core failed
	selected   map[string]int   // the number of selected scenarios of each rule
	core       *Verdict         // at level core; nil when Core is
}

// CoreVerdict is the verdict at level core, of a run at level full.
type CoreVerdict struct {
	Overall bool `json:"overall"`
	Exit    int  `json:"exit_code"`
	// Reasons counts what speaks against it, and Causes the causes that are not known.
	Reasons int `json:"reasons"`
	Causes  int `json:"causes"`
	// Rules, Outcomes and Scenarios count those that core requires, and Proved, Observed and Passed those of them that were shown.
	Rules     int `json:"rules"`
	Proved    int `json:"proved"`
	Outcomes  int `json:"outcomes"`
	Observed  int `json:"observed"`
	Scenarios int `json:"scenarios"`
	Passed    int `json:"passed"`
}

// summaryOfCore is a verdict at level core in short.
func (v *Verdict) summaryOfCore() *CoreVerdict {
	c := &CoreVerdict{Overall: v.Overall, Exit: v.Exit, Reasons: len(v.Reasons), Passed: v.Scenarios[record.Passed]}
	for _, cause := range v.Causes {
		if !cause.Known {
			c.Causes++
		}
	}
	for status, n := range v.Scenarios {
		if !status.Unselected() {
			c.Scenarios += n
		}
	}
	c.Proved, c.Rules, _ = v.Proved()
	c.Observed, c.Outcomes, _ = v.Outcomes()
	return c
}

// Optional is a text that JSON has as null when it is empty.
type Optional = record.Optional

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
	NotAtLevel int         `json:"not_at_level"`
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
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// Level is full for a rule that level core does not require.
	Level       milestones.Level `json:"level"`
	Section     string           `json:"section"`
	Description string           `json:"description"`
	Proved      bool             `json:"proved"`
	Known       bool             `json:"known,omitzero"`    // not proved, for nothing but known failures
	Skipped     bool             `json:"left_out,omitzero"` // not proved, for nothing but scenarios that were left out, as was declared
	Refuses     []string         `json:"refuses,omitempty"`
	Permits     []string         `json:"permits,omitempty"`
	Invariants  []string         `json:"keeps,omitempty"`
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
	Message  string        `json:"message,omitempty"`
	// From and To are the numbers of its first and last line in exchanges.ndjson.
	From int `json:"from,omitzero"`
	To   int `json:"to,omitzero"`
}

// describe fills in what verdict.json has beside the decision.
func (v *Verdict) describe(r *input) {
	run := r.run
	v.Milestone, v.Title, v.Target, v.Proxy, v.RunID = run.Milestone, run.Title, run.Target, Optional(run.Proxy), run.RunID
	v.Output = Output{
		SHA256: Optional(r.Output.SHA256), GoldenSHA256: Optional(r.Output.GoldenSHA256),
		Identical: r.Output.GoldenSHA256 != "" && r.Output.GoldenSHA256 == r.Output.SHA256,
	}
	v.StartedAt, v.FinishedAt = timestamp(run.StartedAt), timestamp(run.FinishedAt)
	v.TookMS = run.FinishedAt.Sub(run.StartedAt).Milliseconds()
	for _, x := range r.exchanges {
		v.Exchanges.Add(x)
	}
	v.Selection = Selection{Parallel: run.Workers, Shuffle: Optional(run.Shuffle), Repeat: run.Repeat}
	if s := r.Selection; s != nil {
		in := &v.Selection
		in.Complete, in.Tags, in.Failed = s.Complete(), Optional(s.Filter.Tags), s.Filter.Failed != nil
		in.Names, in.Rules, in.Operations, in.Refs = s.Filter.Names, s.Filter.Rules, s.Filter.Operations, s.Filter.Refs
		in.Planned, in.Selected, in.Skipped, in.NotAtLevel = len(s.Plan.Scenarios), len(s.Scenarios), len(s.Skipped), len(s.NotAtLevel)
		if s.Shard.Of > 0 {
			in.Shard = &s.Shard
		}
		v.Results = v.results(r)
	}
}

// results lists every scenario of the plan.
func (v *Verdict) results(r *input) []ScenarioResult {
	from, to := map[int]int{}, map[int]int{}
	for i, x := range r.exchanges {
		if _, seen := from[x.Mark.Scenario]; !seen {
			from[x.Mark.Scenario] = i + 1
		}
		to[x.Mark.Scenario] = i + 1
	}
	results := make([]ScenarioResult, 0, len(r.Selection.Plan.Scenarios))
	for i := range r.Selection.Plan.Scenarios {
		s := &r.Selection.Plan.Scenarios[i]
		result := v.statusOf(r, i)
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
	// Level is full for an outcome that level core does not require; "" for what is not declared.
	Level    milestones.Level `json:"level,omitzero"`
	Declared bool             `json:"declared"`
	Observed int              `json:"observed"`
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

// Proved counts the rules that the level requires: those that are proved, all, and those that were left out.
func (v *Verdict) Proved() (proved, required, skipped int) {
	for i := range v.Rules {
		rule := &v.Rules[i]
		if !v.requires(rule.Level) {
			continue
		}
		required++
		if rule.Proved {
			proved++
		}
		if rule.Skipped {
			skipped++
		}
	}
	return proved, required, skipped
}

// Outcomes counts the declared outcomes that the level requires: those that were observed, all, and those that were left out.
func (v *Verdict) Outcomes() (observed, required, skipped int) {
	for i := range v.Coverage {
		cell := &v.Coverage[i]
		if !cell.Declared || !v.requires(cell.Level) {
			continue
		}
		required++
		if cell.Observed > 0 {
			observed++
		}
		if cell.Skipped {
			skipped++
		}
	}
	return observed, required, skipped
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
