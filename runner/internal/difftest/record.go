package difftest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
)

// Divergence is a difference that was found, with the walk that shows it: what is kept in a file, to be played again.
//
// Nothing in it depends on the run that found it, and so the same walk has the same name wherever it is found.
type Divergence struct {
	// Ref names it: "d-" and ten hexadecimal digits, made from everything else.
	Ref string `json:"drift"`
	// Milestone is the id of the milestone.
	Milestone string `json:"milestone"`
	// Operation is what the last call of the walk reaches.
	Operation string `json:"operation"`
	// Rule is the rule that decided the last call, as the fake says, and Side the side of it that the fake took.
	Rule string    `json:"rule"`
	Side plan.Side `json:"side,omitempty"`
	// Difference is what the target says otherwise.
	Difference Difference `json:"difference"`
	// Sequence shows it.
	Sequence Sequence `json:"walk"`
}

// record makes a drift of a walk that shows a difference.
func (r *session) record(p *execution) *Divergence {
	last := p.steps[len(p.steps)-1]
	d := &Divergence{Milestone: r.milestone.ID, Operation: last.operation.ID, Difference: *p.difference, Sequence: p.walk}
	for _, text := range []*string{&d.Difference.At, &d.Difference.Want, &d.Difference.Got} {
		*text = r.secrets.Scrub(p.withoutIDs(*text))
	}
	d.Rule, d.Side = r.decided(p)
	d.Ref = plan.Ref("d", string(d.content()))
	return d
}

// content is what the name is made from.
func (d *Divergence) content() []byte {
	c := *d
	c.Ref = ""
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and lists of strings
	}
	return text
}

// decided is the rule that decided the last call of a walk: the one that refused. Where nothing refused it is the last gate
// that was passed, when it is the status that differs, and otherwise the promise that is nearest to what differs: by the
// words of its sentence, then by how few operations it is about.
func (r *session) decided(p *execution) (rule string, side plan.Side) {
	words := nameWords.FindAllString(strings.ToLower(p.difference.At), -1)
	var gate string
	best := [2]int{-1}
	for _, reached := range p.reached {
		if reached.refused {
			return reached.rule, plan.Refuses
		}
		at := slices.IndexFunc(r.milestone.Rules, func(known milestones.Rule) bool { return known.ID == reached.rule })
		if at < 0 {
			continue
		}
		known := r.milestone.Rules[at]
		if known.Kind == milestones.Precondition {
			gate = known.ID
			continue
		}
		near := [2]int{0, -len(known.Operations)}
		for _, word := range words {
			for _, says := range []string{known.ID, strings.ToLower(known.Description)} {
				if strings.Contains(says, word) {
					near[0]++
				}
			}
		}
		if slices.Compare(near[:], best[:]) >= 0 || rule == "" {
			rule, best = known.ID, near
		}
	}
	if gate != "" && (p.difference.Kind == "status" || rule == "") {
		return gate, plan.Permits
	}
	return rule, plan.Neither
}

// nameWords are the words that names of members and headers are made of.
var nameWords = regexp.MustCompile(`[a-z]{2,}`)

// withoutIDs writes a text without the ids of this run.
func (p *execution) withoutIDs(text string) string {
	for _, name := range []string{"me", "stranger", "unique"} {
		if value, ok := p.sessions[0].Variable(name); ok {
			text = strings.ReplaceAll(text, value, "{"+name+"}")
		}
	}
	return text
}

// encode writes the file.
func (d *Divergence) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		panic(err) // as in content
	}
	return b.Bytes()
}
