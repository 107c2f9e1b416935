package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	// The tag expression parser of Cucumber's authors. It panics on an operator at the end, and treats an unknown tag
	// as false, so both are checked first.
	tagexpressions "github.com/cucumber/tag-expressions/go/v6"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// Filter selects scenarios. A scenario must meet every condition; of a condition with several values it must meet one. The
// zero value selects all.
type Filter struct {
	// Tags is a tag expression of Cucumber, such as "@refuses and not (@needs:fresh-state or @needs:key-identity)".
	Tags string `json:"tags,omitempty"`
	// Names are regular expressions for a part of the scenario's name, with the values of its row in it.
	Names []string `json:"names,omitempty"`
	// Rules are the ids of rules.
	Rules []string `json:"rules,omitempty"`
	// Operations are the ids of operations that the scenario calls, the router's among them.
	Operations []string `json:"operations,omitempty"`
	// Refs are short names ([Scenario.Ref]).
	Refs []string `json:"refs,omitempty"`
	// Failed are the ids of the scenarios that did not pass in the last run; nil when that does not matter.
	Failed []string `json:"failed,omitempty"`
	// Level is the level that the run verifies; "" for full. A scenario that core does not require meets the other conditions
	// at level core too, and is not run.
	Level milestones.Level `json:"level,omitempty"`
}

// Everything reports whether there is no condition.
func (w *Filter) Everything() bool { return len(w.args()) == 0 }

// args returns the conditions as they are on a command line.
func (w *Filter) args() []string {
	var args []string
	if w.Tags != "" {
		args = append(args, words("--tags", w.Tags))
	}
	for _, kind := range []struct {
		flag   string
		values []string
	}{{"--name", w.Names}, {"--rule", w.Rules}, {"--operation", w.Operations}, {"--scenario", w.Refs}} {
		if len(kind.values) > 0 {
			args = append(args, words(kind.flag, kind.values...))
		}
	}
	if w.Failed != nil {
		args = append(args, "--failed")
	}
	return args
}

// Unknown is an invalid condition, which no scenario can meet.
type Unknown struct {
	// Flag is the condition.
	Flag    string
	Message string
}

func (u *Unknown) Error() string { return u.Flag + ": " + u.Message }

// NothingSelected is the error of a condition that no remaining scenario meets.
type NothingSelected struct{ Message string }

func (n *NothingSelected) Error() string { return n.Message }

// Calls returns the operations that a scenario calls.
type Calls func(*Scenario) []string

// condition is one condition of a filter.
type condition struct {
	words string // as on a command line
	meets func(*Scenario) bool
	// hint is the end of the message if no scenario meets the condition.
	hint string
}

// Select returns the scenarios that meet a filter. It skips those that need a capability for which has returns false; if
// has is nil, the target has all capabilities.
//
// The error is an [*Unknown], or a [*NothingSelected] if no scenario meets the filter.
func (p *Plan) Select(wanted Filter, calls Calls, has func(capability string) bool) (*Selection, error) {
	conditions, err := p.conditions(&wanted, calls)
	if err != nil {
		return nil, err
	}
	places := make([]int, len(p.Scenarios))
	for i := range places {
		places[i] = i
	}
	var before []string
	for _, c := range conditions {
		var met []int
		for _, i := range places {
			if c.meets(&p.Scenarios[i]) {
				met = append(met, i)
			}
		}
		if len(met) == 0 {
			return nil, p.nothing(c, before, len(places))
		}
		places, before = met, append(before, c.words)
	}
	s := &Selection{Plan: p, Filter: wanted, has: has}
	for _, i := range places {
		switch {
		case wanted.Level == milestones.Core && p.Scenarios[i].Level == milestones.Full:
			s.NotAtLevel = append(s.NotAtLevel, i)
		case len(s.Lacks(i)) > 0:
			s.Skipped = append(s.Skipped, i)
		default:
			s.Scenarios = append(s.Scenarios, i)
		}
	}
	if len(s.NotAtLevel) == len(places) {
		return nil, p.nothing(condition{words: "--level core", meets: func(s *Scenario) bool { return s.Level == milestones.Core }}, before, len(places))
	}
	return s, nil
}

// nothing returns the error for a condition that none of the remaining scenarios meets, with one that it selects by itself.
func (p *Plan) nothing(c condition, before []string, of int) *NothingSelected {
	if len(before) == 0 {
		return &NothingSelected{fmt.Sprintf("%s selects none of the %d scenarios%s", c.words, of, c.hint)}
	}
	message := fmt.Sprintf("%s selects none of the %d scenarios of %s", c.words, of, strings.Join(before, " "))
	var matching []*Scenario
	for i := range p.Scenarios {
		if c.meets(&p.Scenarios[i]) {
			matching = append(matching, &p.Scenarios[i])
		}
	}
	if len(matching) == 0 {
		return &NothingSelected{message + c.hint}
	}
	first := matching[0]
	return &NothingSelected{fmt.Sprintf("%s; by itself it selects %d, such as %s at %s (%s)", message, len(matching), first.Ref(), first.Where(), strings.Join(first.Tags, " "))}
}

// conditions parses a filter.
func (p *Plan) conditions(w *Filter, calls Calls) ([]condition, error) {
	var all []condition
	if w.Tags != "" {
		expression, err := p.expression(w.Tags)
		if err != nil {
			return nil, &Unknown{"--tags", err.Error()}
		}
		all = append(all, condition{words: words("--tags", w.Tags), meets: func(s *Scenario) bool { return expression.Evaluate(s.Tags) }})
	}
	if len(w.Names) > 0 {
		c, err := p.named(w.Names)
		if err != nil {
			return nil, &Unknown{"--name", err.Error()}
		}
		all = append(all, c)
	}
	var rules, operations, refs []string
	for i := range p.Milestone.Rules {
		rules = append(rules, p.Milestone.Rules[i].ID)
	}
	for i := range p.Milestone.Operations {
		operations = append(operations, p.Milestone.Operations[i].ID)
	}
	operations = append(operations, p.Milestone.Router.ID)
	for i := range p.Scenarios {
		refs = append(refs, p.Scenarios[i].Ref())
	}
	for _, kind := range []struct {
		flag, what  string
		values, all []string
		of          func(*Scenario) []string
	}{
		{"--rule", "rule", w.Rules, rules, func(s *Scenario) []string { return []string{s.Rule} }},
		{"--operation", "operation", w.Operations, operations, calls},
		{"--scenario", "scenario", w.Refs, refs, func(s *Scenario) []string { return []string{s.Ref()} }},
	} {
		if len(kind.values) == 0 {
			continue
		}
		for _, value := range kind.values {
			if !slices.Contains(kind.all, value) {
				return nil, &Unknown{kind.flag, fmt.Sprintf("there is no %s %s%s", kind.what, value, suggest.DidYouMean(value, kind.all))}
			}
		}
		all = append(all, condition{words: words(kind.flag, kind.values...), meets: func(s *Scenario) bool {
			return slices.ContainsFunc(kind.of(s), func(value string) bool { return slices.Contains(kind.values, value) })
		}})
	}
	if w.Failed != nil {
		all = append(all, p.failed(w.Failed))
	}
	return all, nil
}

// named returns the condition that one of the regular expressions matches a part of the name.
func (p *Plan) named(patterns []string) (condition, error) {
	var expressions []*regexp.Regexp
	for _, pattern := range patterns {
		if pattern == "" {
			return condition{}, errors.New("it is empty and matches every name")
		}
		expression, err := regexp.Compile(pattern)
		if err != nil {
			return condition{}, fmt.Errorf("%q is not a regular expression: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		expressions = append(expressions, expression)
	}
	c := condition{words: words("--name", patterns...), meets: func(s *Scenario) bool {
		return slices.ContainsFunc(expressions, func(e *regexp.Regexp) bool { return e.MatchString(s.Name) })
	}}
	var names []string
	for i := range p.Scenarios {
		names = append(names, p.Scenarios[i].Name)
	}
	for _, pattern := range patterns {
		caseless := regexp.MustCompile("(?i)" + pattern)
		if n := len(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !caseless.MatchString(name) })); n > 0 {
			c.hint = fmt.Sprintf(" (did you mean '(?i)%s', which selects %d?)", pattern, n)
		} else if c.hint == "" {
			c.hint = suggest.DidYouMean(pattern, names)
		}
	}
	return c, nil
}

// failed returns the condition that the scenario did not pass before.
func (p *Plan) failed(ids []string) condition {
	c := condition{words: "--failed", meets: func(s *Scenario) bool { return slices.Contains(ids, s.ID) }}
	var known []string
	for i := range p.Scenarios {
		known = append(known, p.Scenarios[i].ID)
	}
	if len(ids) > 0 {
		c.hint = fmt.Sprintf(": what did not pass in the last run is gone, such as %s%s", ids[0], suggest.DidYouMean(ids[0], known))
	}
	return c
}

// operators are those of tag expressions, and operatorSynonyms those of other languages.
var (
	operators        = []string{"and", "or", "not"}
	operatorSynonyms = map[string]string{"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "~": "not"}
)

// expression parses a tag expression. Unknown tags are errors.
func (p *Plan) expression(text string) (tagexpressions.Evaluatable, error) {
	known := newTagSet(p.Milestone).all
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ").Replace(text))
	if len(words) == 0 {
		return nil, fmt.Errorf("%q has no tag in it", text)
	}
	for _, word := range words {
		if !slices.Contains(known, word) && !slices.Contains(operators, word) {
			return nil, fmt.Errorf("unknown tag %s%s", word, suggestTag(word, known))
		}
	}
	if last := words[len(words)-1]; slices.Contains(operators, last) {
		return nil, fmt.Errorf("%q: a tag is missing after %q", text, last)
	}
	expression, err := tagexpressions.Parse(text)
	if err != nil {
		_, message, _ := strings.Cut(err.Error(), "syntax error: ")
		return nil, fmt.Errorf("%q is not a tag expression such as '@refuses and not @needs:fresh-state': %s", text, strings.ToLower(strings.TrimSuffix(message, ".")))
	}
	return expression, nil
}

// suggestTag returns a suggestion for a token that is no tag, such as an operator of another language.
func suggestTag(word string, known []string) string {
	operator := strings.ToLower(word)
	if written, ok := operatorSynonyms[word]; ok {
		operator = written
	}
	if slices.Contains(operators, operator) {
		return " (did you mean " + operator + "?)"
	}
	if slices.Contains(known, "@"+word) {
		return " (did you mean @" + word + "?)"
	}
	if tag := strings.TrimLeft(word, "!~"); tag != word && slices.Contains(known, tag) {
		return " (did you mean not " + tag + "?)"
	}
	if tags := strings.Split(word, ","); len(tags) > 1 && !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(known, tag) }) {
		return " (did you mean " + strings.Join(tags, " or ") + "?)"
	}
	return suggest.DidYouMean(word, known)
}

// words returns a flag with each of its values, quoted for a shell.
func words(flag string, values ...string) string {
	var all []string
	for _, value := range values {
		all = append(all, flag+" "+curl.Quote(value))
	}
	return strings.Join(all, " ")
}
