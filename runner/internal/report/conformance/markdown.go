package conformance

import (
	"fmt"
	"strings"

	"example.com/lpgate/milestones"
)

// Markdown returns the report as a section of a document.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", escape(r.Name()))
	fmt.Fprintf(&b, "%s, level %s, %s.", escape(r.Contract.describe()), r.Level, r.Date())
	if !r.Complete {
		b.WriteString(" The run is incomplete.")
	}
	b.WriteString("\n\n| level | result | rules | outcomes | scenarios |\n|---|---|---|---|---|\n")
	for _, s := range r.Levels() {
		fmt.Fprintf(&b, "| %s | %s | %d of %d | %d of %d | %d of %d |\n", s.Level, s.Result, s.Proved, s.Rules, s.Observed, s.Outcomes, s.Passed, s.Scenarios)
	}
	list := func(title string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(&b, "\n%s: %s.\n", title, escape(strings.Join(items, ", ")))
		}
	}
	list("Capabilities", r.Capabilities)
	list("Not verified, because of absent capabilities", r.NotVerified)
	list("Rules that are not proved", r.rules(Unproved))
	if len(r.Known) > 0 {
		b.WriteString("\n| known difference | scenarios | reason | owner | until |\n|---|---|---|---|---|\n")
		for _, k := range r.Known {
			scenarios := ""
			if k.Scenarios > 0 {
				scenarios = fmt.Sprint(k.Scenarios)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", escape(k.Difference), scenarios, escape(k.Reason), escape(k.Owner), k.Expires)
		}
	}
	return b.String()
}

// LevelResult is the result at one level.
type LevelResult struct {
	Level  milestones.Level
	Result string // as text
	Statistics
}

// Levels returns the results at the levels that were verified.
func (r *Report) Levels() []LevelResult {
	levels := []LevelResult{{milestones.Core, result(&r.Core), r.Core}}
	if r.Full != nil {
		levels = append(levels, LevelResult{milestones.Full, result(r.Full), *r.Full})
	}
	return levels
}

// rules returns the ids of the rules with a status.
func (r *Report) rules(status Status) (ids []string) {
	for _, rule := range r.Rules {
		if rule.Status == status {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

func (c Contract) describe() string {
	text := c.ID
	if c.Title != "" {
		text += ": " + c.Title
	}
	if c.Version != nil {
		text += " (version " + *c.Version + ")"
	}
	return text
}

// result is the result at a level in a cell; s is nil for a level that was not verified.
func result(s *Statistics) string {
	switch {
	case s == nil:
		return "not verified"
	case s.Overall:
		return "holds"
	}
	return "does not hold"
}

// escape returns text that has no meaning as Markdown or HTML, on one line.
func escape(text string) string {
	var b strings.Builder
	for _, c := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\\`*_{}[]<>|#!~&", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
