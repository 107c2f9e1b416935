package difftest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/lpgate/internal/plural"
)

// Cause is what the differences with one text have in common. A cause that is known for some operations only is counted
// separately for the others.
type Cause struct {
	// Text is the text of [Difference.Cause].
	Text string
	// Known is set for a known difference.
	Known bool
	// Count is the number of calls that showed it.
	Count int
	// Operations and Rules are the operations and rules of these calls, sorted.
	Operations, Rules []string
	// Divergence is the shortest sequence that shows it; nil if it is known.
	Divergence *Divergence

	noResponse bool
	sequence   int // the number of the sequence of found
	found      *finding
}

// causes are the causes of a run.
type causes []*Cause

// add counts a difference of the last call of a finding.
func (c *causes) add(s *session, sequence int, f *finding, known func(cause, operation, rule string) bool) {
	text, operation := s.secrets.Scrub(f.difference.Cause()), f.last().fake.operation.ID
	rule, _ := s.decidingRule(f.last().reached, &f.difference)
	isKnown := known != nil && known(text, operation, rule)
	i := slices.IndexFunc(*c, func(known *Cause) bool { return known.Text == text && known.Known == isKnown })
	if i < 0 {
		i = len(*c)
		*c = append(*c, &Cause{Text: text, Known: isKnown, noResponse: f.difference.Kind == NoResponse, sequence: sequence, found: f})
	}
	cause := (*c)[i]
	cause.Count++
	if len(f.calls) < len(cause.found.calls) {
		cause.sequence, cause.found = sequence, f
	}
	insert(&cause.Operations, operation)
	insert(&cause.Rules, rule)
}

// insert adds a text to a sorted list, unless it is empty or in the list.
func insert(list *[]string, text string) {
	if i, found := slices.BinarySearch(*list, text); !found && text != "" {
		*list = slices.Insert(*list, i, text)
	}
}

// sort puts causes without a response first, then those with the largest count.
func (c causes) sort() {
	slices.SortStableFunc(c, func(a, b *Cause) int {
		if a.noResponse != b.noResponse {
			if a.noResponse {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Text, b.Text))
	})
}

func (c causes) split() (known, unknown causes) {
	for _, cause := range c {
		if cause.Known {
			known = append(known, cause)
		} else {
			unknown = append(unknown, cause)
		}
	}
	return known, unknown
}

// maxListed is the number of operations or rules that are printed for a cause.
const maxListed = 5

// print prints the count, the operations and the rules.
func (c *Cause) print(w io.Writer) {
	fmt.Fprintf(w, "   %s of %s\n", plural.Count(c.Count, "call"), listed(c.Operations))
	if len(c.Rules) > 0 {
		fmt.Fprintf(w, "   rules: %s\n", listed(c.Rules))
	}
}

// listed joins the first names of a list.
func listed(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// countedCauses returns the first line of the report on causes.
func countedCauses(unknown, known int) string {
	text := plural.Count(unknown, "cause")
	if known > 0 {
		text += fmt.Sprintf(", and %d known", known)
	}
	return text + " of differences"
}
