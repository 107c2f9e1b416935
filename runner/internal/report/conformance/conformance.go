// Package conformance has the conformance report of an implementation: what its owner publishes about a run, as JSON
// (schemas/Conformance.schema.json) and as Markdown. Reports of several implementations or versions can be compared.
package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
)

// Report is a conformance report.
type Report struct {
	Implementation Implementation   `json:"implementation" yaml:"implementation"`
	Contract       Contract         `json:"contract" yaml:"contract"`
	Level          milestones.Level `json:"level" yaml:"level"`
	// FinishedAt is when the run ended, such as 2026-12-31T16:00:00.000Z.
	FinishedAt string `json:"finished_at" yaml:"finished_at"`
	// Complete is whether all scenarios of the level were selected, but for those of capabilities that are declared absent, and the
	// run was not interrupted or broken.
	Complete bool       `json:"complete" yaml:"complete"`
	Core     Statistics `json:"core" yaml:"core"`
	// Full is nil for a run at level core.
	Full *Statistics `json:"full" yaml:"full"`
	// Capabilities are those that the implementation has, and NotVerified those without which scenarios were skipped.
	Capabilities []string          `json:"capabilities" yaml:"capabilities"`
	NotVerified  []string          `json:"not_verified_capabilities" yaml:"not_verified_capabilities"`
	Known        []KnownDifference `json:"known_differences" yaml:"known_differences"`
	// Rules are in the order of the milestone.
	Rules []Rule `json:"rules" yaml:"rules"`

	file string // that it was read from; "" otherwise
}

// Implementation is what was verified. Name and Version are nil when they were not given.
type Implementation struct {
	Name    *string `json:"name" yaml:"name"`
	Version *string `json:"version" yaml:"version"`
}

// Contract is what an implementation was verified against.
type Contract struct {
	ID    string `json:"id" yaml:"id"`
	Title string `json:"title" yaml:"title"`
	// Version is made of the files of the contract; nil when they could not be read.
	Version *string `json:"version" yaml:"version"`
}

// Statistics is the result at one level. Each count is followed by the part of it that was shown.
type Statistics struct {
	Overall   bool `json:"overall" yaml:"overall"`
	Rules     int  `json:"rules" yaml:"rules"`
	Proved    int  `json:"proved" yaml:"proved"`
	Outcomes  int  `json:"outcomes" yaml:"outcomes"`
	Observed  int  `json:"observed" yaml:"observed"`
	Scenarios int  `json:"scenarios" yaml:"scenarios"`
	Passed    int  `json:"passed" yaml:"passed"`
}

// KnownDifference is an entry of the baseline that occurred.
type KnownDifference struct {
	// Difference is the cause, or the id of the scenario.
	Difference string `json:"difference" yaml:"difference"`
	// Scenarios is the number of scenarios in which it occurred; 0 when that is not known.
	Scenarios int    `json:"scenarios,omitzero" yaml:"scenarios"`
	Reason    string `json:"reason" yaml:"reason"`
	Owner     string `json:"owner" yaml:"owner"`
	Expires   string `json:"expires" yaml:"expires"`
}

// Rule is the result of a rule.
type Rule struct {
	ID     string           `json:"id" yaml:"id"`
	Level  milestones.Level `json:"level" yaml:"level"`
	Status Status           `json:"status" yaml:"status"`
}

// Status is the result of a rule.
type Status string

// The values of [Status].
const (
	Proved      Status = "proved"
	Known       Status = "known"        // not proved because of known differences alone
	NotVerified Status = "not_verified" // a capability is declared absent, or the level does not require the rule
	Unproved    Status = "unproved"
)

// The texts by which a report that a run wrote is recognized.
const (
	Sign     = `"implementation": {`
	SignPage = "| level | result | rules |"
)

// Encode returns the report of a run as JSON.
func Encode(run *record.Run, v *verdict.Verdict) ([]byte, error) { return New(run, v).Encode() }

// EncodePage returns the report of a run as Markdown.
func EncodePage(run *record.Run, v *verdict.Verdict) ([]byte, error) {
	return []byte(New(run, v).Markdown()), nil
}

// New returns the report of a run.
func New(run *record.Run, v *verdict.Verdict) *Report {
	r := &Report{
		Implementation: Implementation{optional(run.Implementation), optional(run.ImplementationVersion)},
		Contract:       Contract{run.Milestone, run.Title, optional(run.Contract)},
		Level:          cmp.Or(v.Level, milestones.Full),
		FinishedAt:     v.FinishedAt,
		Capabilities:   run.Capabilities,
		Complete:       v.Selection.Planned == v.Selection.Selected+v.Selection.Skipped+v.Selection.NotAtLevel && !slices.ContainsFunc(v.Reasons, isIncomplete),
	}
	if run.Target == record.BuiltIn && run.Implementation == "" {
		r.Implementation.Name = optional(record.BuiltIn)
	}
	r.setStatistics(v)
	for _, gap := range v.Skipped {
		r.NotVerified = append(r.NotVerified, gap.Capability)
	}
	if v.Known != nil {
		for _, e := range v.Known.Entries {
			r.Known = append(r.Known, KnownDifference{cmp.Or(e.Cause, e.Scenario), e.Seen, e.Because, e.Owner, e.Expires})
		}
	}
	for _, rule := range v.Rules {
		r.Rules = append(r.Rules, Rule{rule.ID, rule.Level, r.status(&rule)})
	}
	return r
}

// isIncomplete reports whether a reason is another one than a violation of the contract.
func isIncomplete(reason record.Reason) bool { return verdict.ExitOf(reason.ID) != verdict.Fails }

// setStatistics sets the results at both levels.
func (r *Report) setStatistics(v *verdict.Verdict) {
	own := Statistics{Overall: v.Overall, Passed: v.Scenarios[record.Passed]}
	own.Proved, own.Rules, _ = v.Proved()
	own.Observed, own.Outcomes, _ = v.Outcomes()
	for status, n := range v.Scenarios {
		if status != record.NotAtLevel {
			own.Scenarios += n
		}
	}
	if r.Level == milestones.Core {
		r.Core = own
		return
	}
	r.Full = &own
	if c := v.Core; c != nil {
		r.Core = Statistics{c.Overall, c.Rules, c.Proved, c.Outcomes, c.Observed, c.Scenarios, c.Passed}
	}
}

// status returns the status of a rule.
func (r *Report) status(rule *verdict.Rule) Status {
	switch {
	case rule.Proved:
		return Proved
	case rule.Skipped, rule.Level == milestones.Full && r.Level == milestones.Core:
		return NotVerified
	case rule.Known:
		return Known
	}
	return Unproved
}

// optional returns a text, or nil if it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Name is the name of the implementation with its version, as far as they are known, or else the file of the report.
func (r *Report) Name() string {
	name := "unnamed implementation"
	switch {
	case r.Implementation.Name != nil:
		name = *r.Implementation.Name
	case r.file != "":
		name = r.file
	}
	if r.Implementation.Version != nil {
		name += " " + *r.Implementation.Version
	}
	return name
}

// Date is the day in UTC on which the run ended.
func (r *Report) Date() string {
	date, _, _ := strings.Cut(r.FinishedAt, "T")
	return date
}

// Encode returns the report as JSON.
func (r *Report) Encode() ([]byte, error) {
	text, err := json.Marshal(r, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encoding the conformance report: %w", err)
	}
	return append(text, '\n'), nil
}

// Parse reads a report. The error has FILE:LINE of each problem.
func Parse(name string, text []byte) (*Report, error) {
	schema, ok := schemas.Embedded().Lookup("Conformance")
	if !ok {
		panic("there is no schema Conformance")
	}
	r := &Report{file: name}
	if _, err := yamlfile.Read(name, text, yamlfile.Options{Kind: "conformance report", Schema: schema}, r); err != nil {
		return nil, err
	}
	return r, nil
}
