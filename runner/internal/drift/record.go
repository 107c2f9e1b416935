package drift

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/outcome"
	"example.com/lpgate/runner/internal/plan"
)

// Drift is a difference that was found, with the walk that shows it: what is kept in a file, to be played again.
//
// Nothing in it depends on the run that found it, and so the same walk has the same name wherever it is found.
type Drift struct {
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
	// Walk shows it.
	Walk Walk `json:"walk"`
}

// record makes a drift of a walk that shows a difference.
func (r *Room) record(p *played) *Drift {
	last := p.steps[len(p.steps)-1]
	d := &Drift{Milestone: r.milestone.ID, Operation: last.operation.ID, Difference: *p.difference, Walk: p.walk}
	for _, text := range []*string{&d.Difference.Want, &d.Difference.Got} {
		*text = r.secrets.Scrub(p.timeless(*text))
	}
	d.Rule, d.Side = r.decided(p)
	d.Ref = plan.Ref("d", string(d.content()))
	return d
}

// content is what the name is made from.
func (d *Drift) content() []byte {
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
func (r *Room) decided(p *played) (rule string, side plan.Side) {
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
		if known.Kind == milestones.Gate {
			gate = known.ID
			continue
		}
		near := [2]int{0, -len(known.Operations)}
		for _, word := range words {
			for _, says := range []string{known.ID, strings.ToLower(known.Says)} {
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

// timeless writes a text without the ids of this run.
func (p *played) timeless(text string) string {
	for _, name := range []string{"me", "stranger", "unique"} {
		if value, ok := p.sessions[0].Variable(name); ok {
			text = strings.ReplaceAll(text, value, "{"+name+"}")
		}
	}
	return text
}

// encode writes the file.
func (d *Drift) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		panic(err) // as in content
	}
	return b.Bytes()
}

// Load reads a file that a run wrote. The error names it.
func Load(name string) (*Drift, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading a drift: %w", err)
	}
	d := new(Drift)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("reading the drift %s: %w", name, err)
	}
	if want := plan.Ref("d", string(d.content())); d.Ref != want {
		return nil, fmt.Errorf("reading the drift %s: it is called %s, and what is in it is %s", name, d.Ref, want)
	}
	return d, nil
}

// Play plays a drift again. Nil is that the two sides agree now; the error is that of a room or of a target.
func (r *Room) Play(ctx context.Context, d *Drift) (*Difference, error) {
	if d.Milestone != r.milestone.ID {
		return nil, fmt.Errorf("%w: %s is of the milestone %s, and this one is %s", ErrUsage, d.Ref, d.Milestone, r.milestone.ID)
	}
	if r.through != nil {
		for _, need := range d.Walk.Needs {
			if !slices.Contains(r.has, need) {
				return nil, fmt.Errorf("%w: %s needs a target that has %s", ErrUsage, d.Ref, need)
			}
		}
	}
	writer, err := outcome.NewWriter(r.milestone, nil)
	if err != nil {
		return nil, err
	}
	p, err := r.play(ctx, writer, 0, d.Walk)
	if err != nil {
		return nil, err
	}
	return p.difference, nil
}
