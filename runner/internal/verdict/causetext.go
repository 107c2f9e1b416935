package verdict

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/internal/plural"
)

// NewCauses returns the causes that no baseline excuses, the biggest first.
func (v *Verdict) NewCauses() []Cause {
	return slices.DeleteFunc(slices.Clone(v.Causes), func(c Cause) bool { return c.Known })
}

// Size returns in how many scenarios a cause occurs, such as "3 scenarios".
func (c *Cause) Size() string {
	if len(c.Scenarios) == 0 {
		return plural.Count(c.Count, "answer")
	}
	return plural.Count(c.Count, "scenario")
}

// Concerns returns the rules and the operations of a cause in short: so many rules, and one operation or their number.
func (c *Cause) Concerns(mostRules int) string {
	var parts []string
	if len(c.Rules) > 0 {
		rules := "@" + strings.Join(c.Rules[:min(len(c.Rules), mostRules)], ", @")
		if more := len(c.Rules) - mostRules; more > 0 {
			rules += " and " + plural.Count(more, "more rule")
		}
		parts = append(parts, rules)
	}
	switch len(c.Operations) {
	case 0:
	case 1:
		parts = append(parts, c.Operations[0])
	default:
		parts = append(parts, plural.Count(len(c.Operations), "operation"))
	}
	return strings.Join(parts, "; ")
}

// Summary returns the size of a cause, and what it concerns: see [Cause.Concerns].
func (c *Cause) Summary(mostRules int) string {
	if concerns := c.Concerns(mostRules); concerns != "" {
		return c.Size() + " of " + concerns
	}
	return c.Size()
}

// Text returns the example of a cause as lines of text: where it is, what was wrong, the exchange, and how to send the request
// again.
func (e *Example) Text() string {
	var lines []string
	if e.Scenario != "" {
		lines = append(lines, e.Ref+"  "+e.Scenario)
	}
	lines = append(lines, e.Where+": "+e.Message)
	if e.Exchange > 0 {
		lines = append(lines, fmt.Sprintf("line %d of exchanges.ndjson", e.Exchange))
	}
	return strings.Join(append(lines, e.Curl...), "\n")
}
