package conformance

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"example.com/lpgate/milestones"
)

// Comparison is several reports beside each other.
type Comparison struct {
	Reports []*Report
	// Rules are the rules of all reports: in the order of the first one, then those that only later ones have.
	Rules []RuleRow
	// Changes has, for each report after the first one, what changed since the report before it.
	Changes []Changes

	names []string // of the reports
}

// RuleRow is a rule with its status in each report; "" in a report without it.
type RuleRow struct {
	ID       string
	Level    milestones.Level
	Statuses []Status
}

// Changes are the rules and known differences that changed between two reports.
type Changes struct {
	Better, Worse []Change
	// Other are rules that are verified in one of the reports alone.
	Other []Change
	// Fixed and Added are known differences that only the first and only the second report has.
	Fixed, Added []string
}

// Change is a rule whose status is another one.
type Change struct {
	Rule     string
	From, To Status
}

// rank orders the statuses of a rule that was verified.
var rank = map[Status]int{Unproved: 1, Known: 2, Proved: 3}

// Compare compares reports about the same contract, two at least.
func Compare(reports []*Report) (*Comparison, error) {
	c := &Comparison{Reports: reports}
	place := map[string]int{}
	for i, report := range reports {
		if first := reports[0]; report.Contract.ID != first.Contract.ID {
			return nil, fmt.Errorf("%s is about %s, and %s about %s: only reports about one contract can be compared",
				first.Name(), first.Contract.ID, report.Name(), report.Contract.ID)
		}
		for _, rule := range report.Rules {
			at, isKnown := place[rule.ID]
			if !isKnown {
				at = len(c.Rules)
				place[rule.ID] = at
				c.Rules = append(c.Rules, RuleRow{rule.ID, rule.Level, make([]Status, len(reports))})
			}
			c.Rules[at].Statuses[i] = rule.Status
		}
	}
	c.names = names(reports)
	for i := range reports[1:] {
		c.Changes = append(c.Changes, c.changes(i, i+1))
	}
	return c, nil
}

// names returns the names of the reports. Those that would be equal have the file too.
func names(reports []*Report) []string {
	count := map[string]int{}
	for _, r := range reports {
		count[r.Name()]++
	}
	var all []string
	for _, r := range reports {
		name := r.Name()
		if count[name] > 1 && r.file != "" && name != r.file {
			name += " (" + r.file + ")"
		}
		all = append(all, name)
	}
	return all
}

// changes returns what changed between two reports.
func (c *Comparison) changes(from, to int) (changes Changes) {
	for _, row := range c.Rules {
		change := Change{row.ID, row.Statuses[from], row.Statuses[to]}
		before, after := rank[change.From], rank[change.To]
		switch {
		case change.From == change.To:
		case before == 0 || after == 0:
			changes.Other = append(changes.Other, change)
		case after > before:
			changes.Better = append(changes.Better, change)
		default:
			changes.Worse = append(changes.Worse, change)
		}
	}
	changes.Fixed = missing(c.Reports[from].Known, c.Reports[to].Known)
	changes.Added = missing(c.Reports[to].Known, c.Reports[from].Known)
	return changes
}

// missing returns the differences of a list that another one does not have.
func missing(list, other []KnownDifference) (names []string) {
	has := map[string]bool{}
	for _, k := range other {
		has[k.Difference] = true
	}
	for _, k := range list {
		if !has[k.Difference] {
			names = append(names, k.Difference)
		}
	}
	return names
}

// IsWorse reports whether a rule got worse.
func (c *Comparison) IsWorse() bool {
	for _, changes := range c.Changes {
		if len(changes.Worse) > 0 {
			return true
		}
	}
	return false
}

// HasOtherContract reports whether the reports are about different versions of the contract.
func (c *Comparison) HasOtherContract() bool {
	first := c.Reports[0].Contract.describe()
	for _, r := range c.Reports {
		if r.Contract.describe() != first {
			return true
		}
	}
	return false
}

// table is a table as text or as Markdown.
type table struct {
	head []string
	rows [][]string
}

// tables returns the results and the rules. Without all only the rules are listed that differ between reports, or are not
// proved in all.
func (c *Comparison) tables(all bool) (results, rules table) {
	results.head, rules.head = []string{""}, []string{"rule", "level"}
	results.head, rules.head = append(results.head, c.names...), append(rules.head, c.names...)
	row := func(name string, cell func(*Report) string) {
		cells := []string{name}
		for _, r := range c.Reports {
			cells = append(cells, cell(r))
		}
		results.rows = append(results.rows, cells)
	}
	share := func(part, all int) string { return fmt.Sprintf("%d of %d", part, all) }
	for _, level := range []struct {
		name string
		of   func(*Report) *Statistics
	}{{"core", func(r *Report) *Statistics { return &r.Core }}, {"full", func(r *Report) *Statistics { return r.Full }}} {
		row(level.name, func(r *Report) string { return result(level.of(r)) })
		for _, count := range []struct {
			name string
			of   func(*Statistics) string
		}{
			{"rules", func(s *Statistics) string { return share(s.Proved, s.Rules) }},
			{"outcomes", func(s *Statistics) string { return share(s.Observed, s.Outcomes) }},
			{"scenarios", func(s *Statistics) string { return share(s.Passed, s.Scenarios) }},
		} {
			row(level.name+" "+count.name, func(r *Report) string {
				if s := level.of(r); s != nil {
					return count.of(s)
				}
				return "-"
			})
		}
	}
	row("known differences", func(r *Report) string { return fmt.Sprint(len(r.Known)) })
	row("not verified", func(r *Report) string {
		if len(r.NotVerified) == 0 {
			return "-"
		}
		return strings.Join(r.NotVerified, ", ")
	})
	row("date", func(r *Report) string { return r.Date() })
	for _, rule := range c.Rules {
		cells, differs := []string{rule.ID, string(rule.Level)}, false
		for _, status := range rule.Statuses {
			differs = differs || status != Proved
			cells = append(cells, words(status))
		}
		if all || differs {
			rules.rows = append(rules.rows, cells)
		}
	}
	return results, rules
}

// words is a status as text.
func words(status Status) string {
	switch status {
	case "":
		return "-"
	case Known:
		return "known difference"
	}
	return strings.ReplaceAll(string(status), "_", " ")
}

// lists returns the lists of what changed, with their titles.
func (c *Comparison) lists() (titles []string, lists [][]string) {
	for i, changes := range c.Changes {
		between := fmt.Sprintf("from %s to %s", c.names[i], c.names[i+1])
		add := func(title string, items []string) {
			if len(items) > 0 {
				titles, lists = append(titles, title+" "+between), append(lists, items)
			}
		}
		add("Better", describe(changes.Better))
		add("Worse", describe(changes.Worse))
		add("Verified in only one", describe(changes.Other))
		add("Known differences that ended", changes.Fixed)
		add("New known differences", changes.Added)
	}
	return titles, lists
}

func describe(changes []Change) (lines []string) {
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s: %s, was %s", c.Rule, words(c.To), words(c.From)))
	}
	return lines
}

// otherContract is printed for reports about different versions of the contract.
const otherContract = "The reports are about different versions of the contract or of its scenarios."

// Text writes the comparison for a terminal. With all it has all rules, otherwise only those that are not proved in each
// report.
func (c *Comparison) Text(w io.Writer, all bool) {
	results, rules := c.tables(all)
	write := func(t table) {
		aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.head}, t.rows...) {
			fmt.Fprintln(aligned, strings.Join(row, "\t"))
		}
		_ = aligned.Flush() // an error of w is reported by its owner
	}
	write(results)
	if c.HasOtherContract() {
		fmt.Fprintf(w, "\n%s\n", otherContract)
	}
	titles, lists := c.lists()
	for i, title := range titles {
		fmt.Fprintf(w, "\n%s:\n", title)
		for _, item := range lists[i] {
			fmt.Fprintf(w, "  %s\n", item)
		}
	}
	fmt.Fprintln(w)
	if len(rules.rows) == 0 {
		fmt.Fprintf(w, "All rules are proved in each report: %d.\n", len(c.Rules))
		return
	}
	write(rules)
}

// Markdown returns the comparison as a document.
func (c *Comparison) Markdown(all bool) string {
	var b strings.Builder
	results, rules := c.tables(all)
	write := func(t table) {
		cells := func(row []string) {
			for _, cell := range row {
				fmt.Fprintf(&b, "| %s ", escape(cell))
			}
			b.WriteString("|\n")
		}
		cells(t.head)
		b.WriteString(strings.Repeat("|---", len(t.head)) + "|\n")
		for _, row := range t.rows {
			cells(row)
		}
	}
	fmt.Fprintf(&b, "# %s\n\n", escape(c.Reports[0].Contract.ID))
	write(results)
	if c.HasOtherContract() {
		fmt.Fprintf(&b, "\n%s\n", otherContract)
	}
	titles, lists := c.lists()
	for i, title := range titles {
		fmt.Fprintf(&b, "\n## %s\n\n", escape(title))
		for _, item := range lists[i] {
			fmt.Fprintf(&b, "- %s\n", escape(item))
		}
	}
	b.WriteString("\n## Rules\n\n")
	if len(rules.rows) == 0 {
		fmt.Fprintf(&b, "All rules are proved in each report: %d.\n", len(c.Rules))
		return b.String()
	}
	write(rules)
	return b.String()
}
