package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/verdict"
)

// shortID matches the ids that a run gives to what it reports.
var shortID = regexp.MustCompile(`^[a-z]-[0-9a-f]{10}$`)

// shortIDs are the kinds of short ids.
var shortIDs = []entry{
	{"s-", "a scenario"},
	{"o-", "an outcome of an operation"},
}

// entry is an id with its description.
type entry struct{ id, description string }

// section has the ids of one kind.
type section struct {
	title   string
	entries []entry
}

// Unknown returns the message for an unknown id, with the nearest known one.
func (c *Catalog) Unknown(id string) string {
	if strings.TrimSpace(id) == "" {
		return "the id is empty; without one, all ids are listed"
	}
	unknown := "unknown id " + id
	if hint := suggest.DidYouMean(strings.ToLower(id), c.knownIDs(id)); hint != "" {
		return unknown + hint
	}
	if shortID.MatchString(id) {
		switch prefix := id[:2]; prefix {
		case "d-":
			return fmt.Sprintf("%s is a difference that `runner diff` found: `runner repro %s` reproduces it", id, id)
		case "c-", "f-", "r-", "g-":
			return unknown + ": failures have no ids any more; `runner explain CAUSE` explains a cause in the verdict.json of the last run"
		default:
			for _, kind := range shortIDs {
				if kind.id == prefix {
					return fmt.Sprintf("%s, of %s; short ids change with the texts that they are computed from", unknown, kind.description)
				}
			}
		}
	}
	return unknown + "; without an id, all ids are listed"
}

// knownIDs returns the candidates for an unknown id: short ones only for an id that looks like one.
func (c *Catalog) knownIDs(unknown string) []string {
	var ids []string
	for _, section := range c.sections() {
		for _, entry := range section.entries {
			ids = append(ids, entry.id)
		}
	}
	if !shortID.MatchString(strings.ToLower(unknown)) && !strings.HasPrefix(unknown, "s-") {
		return ids
	}
	for s := range c.scenarios() {
		ids = append(ids, s.Ref())
	}
	return ids
}

// sections returns all ids except the short ones.
func (c *Catalog) sections() []section {
	var rules, codes, outcomes, operations, allChecks, capabilities, reasons []entry
	for _, rule := range c.milestone.Rules {
		rules = append(rules, entry{rule.ID, rule.Description})
	}
	for _, code := range c.milestone.RequiredReasonCodes {
		codes = append(codes, entry{code, ""})
	}
	for _, refusal := range c.milestone.Refusals {
		outcomes = append(outcomes, entry{refusal.Name, signature(refusal)})
	}
	outcomes = append(outcomes, entry{milestones.Success, "the response of an operation that is not refused"})
	for _, operation := range c.operations() {
		operations = append(operations, entry{operation.ID, strings.TrimSpace(operation.Method + " " + operation.Path)})
	}
	for _, check := range checks.Table {
		allChecks = append(allChecks, entry{check.ID, check.Description})
	}
	for _, capability := range c.milestone.Capabilities {
		capabilities = append(capabilities, entry{capability.ID, capability.Description})
	}
	for _, kind := range verdict.Reasons {
		reasons = append(reasons, entry{kind.ID, kind.Description})
	}
	return []section{
		{"rules", rules}, {"required reason codes", codes}, {"outcomes", outcomes}, {"operations", operations},
		{"checks on every response", allChecks}, {"capabilities of a target", capabilities}, {"reasons of a verdict", reasons},
	}
}

// List lists all ids by kind.
func (c *Catalog) List() string {
	short := section{title: "short ids of a run"}
	for _, kind := range shortIDs {
		short.entries = append(short.entries, entry{kind.id + "…", kind.description})
	}
	var p page
	for _, section := range append(c.sections(), short) {
		if len(section.entries) == 0 {
			continue
		}
		p.heading("%s", strings.ToUpper(section.title))
		width := 0
		for _, e := range section.entries {
			width = max(width, len([]rune(e.id)))
		}
		for _, e := range section.entries {
			p.text(strings.TrimRight(fmt.Sprintf("%-*s  %s", width, e.id, e.description), " "))
		}
	}
	return p.String()
}
