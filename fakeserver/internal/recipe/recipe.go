// Package recipe says how to make the fake give each of its answers: a catalogue of
// outcomes and reason codes, each with the shortest requests that lead to it.
//
// The catalogue is data, fixtures/recipes.yaml:
//
//	recipes:
//	  - operation: partnerLiquidityProvider.rollout.upsert
//	    outcome: rollout_blocked
//	    reason_code: partner_liquidity_provider_rollout_blocked
//	    lists: [partner_liquidity_provider_rollout_blocked]
//	    steps:
//	      - operation: partnerLiquidityProvider.onboard
//	      - operation: partnerLiquidityProvider.rollout.upsert
//
// The first keys are the promise: what the last step is answered. It is one cell of
// the milestone, lists being all that stands in the outcome's list of reason codes.
// A variant tells recipes of one cell apart, by header, which the answer has, or by
// shows, members of its body that are not null.
//
// A step is a request of its operation that would succeed: the caller acme, with the
// scope that is needed, a provider id and an idempotency key that nobody used before,
// and the body of fixtures/requests. It says only what is otherwise:
//
//	method, path   of a request that reaches no operation
//	headers        set by name; null takes one away
//	query          set by name
//	set            members of the body by JSON pointer
//	body           another body
//	blanks         a body of so many blanks
//	keep           values of the answer, by name and JSON pointer, for steps to come
//
// In texts {run} stands for what no other run of a recipe has, so that it can be
// played again on the same server, and {NAME} for what an earlier step kept. The
// provider is plp_{run}, and the idempotency key of the second step {run}-2.
package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// File is where the catalogue is, within the fixtures.
const File = "recipes.yaml"

// Recipe is a promise, and the requests that keep it.
type Recipe struct {
	// Operation and Outcome are of the milestone, and so is the cell's ReasonCode.
	Operation *milestones.Operation
	Outcome   *milestones.Outcome
	// ReasonCode is the code that stands in the answer; "" for none.
	ReasonCode string
	// Lists are all codes at the outcome's ReasonCodesAt.
	Lists []string
	// Variant tells recipes of one cell apart; "" is the plain one.
	Variant string
	// Header is what the answer has, and Shows where its body has something.
	Header map[string]string
	Shows  []string
	Steps  []Step
}

// Step is one request. In its texts {NAME} stands for a value.
type Step struct {
	Operation *milestones.Operation
	Method    string
	// Path is a template, and Params are the values of its parameters.
	Path          string
	Params        map[string]string
	Query, Header map[string]string
	// Body is what is sent, nil for nothing, unless it is so many Blanks.
	Body   []byte
	Blanks int
	// Keep are JSON pointers into the answer, by the name of their value.
	Keep map[string]string
}

// short is a reason code without the words that all have.
func short(code string) string { return strings.TrimPrefix(code, "partner_liquidity_provider_") }

// Name is what the recipe alone is called: operation/outcome, and what tells it from
// the others of the outcome.
func (r *Recipe) Name() string {
	name := r.Operation.ID + "/" + r.Outcome.Name
	if r.ReasonCode != r.Outcome.ReasonCode {
		name += "/" + short(r.ReasonCode)
	}
	if r.Variant != "" {
		name += "/" + r.Variant
	}
	return name
}

// Description says what the last step is answered.
func (r *Recipe) Description() string {
	says := fmt.Sprint(r.Outcome.Status)
	if r.Outcome.Code != "" {
		says += " " + r.Outcome.Code
	}
	if r.Outcome.ReasonCode != "" {
		says += " " + r.Outcome.ReasonCode
	}
	if r.Outcome.ReasonCodesAt != "" {
		says += fmt.Sprintf(", listing %s", brackets(r.Lists))
	}
	return says
}

func brackets(codes []string) string { return "[" + strings.Join(codes, ", ") + "]" }

// names are all that the recipe answers to.
func (r *Recipe) names() []string {
	names := []string{r.Name(), r.Operation.ID + "/" + r.Outcome.Name, r.Outcome.Name}
	if r.Outcome.Code != "" {
		names = append(names, r.Outcome.Code)
	}
	for _, code := range []string{r.ReasonCode, r.Outcome.ReasonCode} {
		if code != "" {
			names = append(names, code, short(code))
		}
	}
	if r.Variant != "" {
		names = append(names, r.Variant)
	}
	return names
}

// Catalogue are recipes, in the order of the file.
type Catalogue []*Recipe

// Find gives the recipes that a name means: an outcome, a reason code with or without
// what all of them begin with, an error code, a variant, or operation/outcome, of which
// the operation's first words may be left out; or an operation or a status that
// has one recipe. First comes the one whose own name it
// is, then the shortest ones, of which those of an outcome of that name. The error has
// the nearest name, the recipes of which the name says a part, or those of several
// operations of which it is the end.
func (c Catalogue) Find(name string) (Catalogue, error) {
	means := func(n string) bool {
		return n == name || strings.Contains(name, "/") && strings.HasSuffix(n, "."+name)
	}
	var found Catalogue
	var known []string
	for _, r := range c {
		names := r.names()
		known = append(known, names...)
		for rest, shorter := r.Operation.ID, true; shorter; {
			if _, rest, shorter = strings.Cut(rest, "."); shorter {
				known = append(known, rest+"/"+r.Outcome.Name)
			}
		}
		if slices.ContainsFunc(names, means) {
			found = append(found, r)
		}
	}
	if broad := c.broadly(name); found == nil && len(broad) == 1 {
		return broad, nil
	} else if found == nil {
		slices.Sort(known)
		known = slices.Compact(known)
		if nearest := milestones.Suggest(name, known); nearest != "" {
			return nil, fmt.Errorf("there is no recipe for %q%s", name, nearest)
		}
		return nil, fmt.Errorf("there is no recipe for %q%s", name, partly(name, broad, known))
	}
	if of := operations(found, name); len(of) > 1 {
		return nil, fmt.Errorf("%q is the end of %d names: write %s", name, len(of), strings.Join(of, " or "))
	}
	// own tells a name of the outcome itself from one that it only lists.
	own := func(r *Recipe) bool { return r.Outcome.Name == name || r.Outcome.ReasonCode == name }
	after := func(later bool) int {
		if later {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(found, func(a, b *Recipe) int {
		return cmp.Or(
			after(!means(a.Name()))-after(!means(b.Name())),
			len(a.Steps)-len(b.Steps),
			after(!own(a))-after(!own(b)),
		)
	})
	return found, nil
}

// operations gives the names operation/outcome that end with a name, which has a slash.
func operations(found Catalogue, name string) (names []string) {
	if !strings.Contains(name, "/") {
		return nil
	}
	for _, r := range found {
		if full := r.Operation.ID + "/" + r.Outcome.Name; !slices.Contains(names, full) {
			names = append(names, full)
		}
	}
	return names
}

// broadly gives the recipes of an operation of that name, and those of that status.
func (c Catalogue) broadly(name string) (found Catalogue) {
	for _, r := range c {
		operation := "." + r.Operation.ID + "."
		if strings.Contains(strings.ToLower(operation), "."+strings.ToLower(name)+".") || fmt.Sprint(r.Outcome.Status) == name {
			found = append(found, r)
		}
	}
	return found
}

// partly says which recipes there are for a name that is none: those that it broadly
// means, or else those with a word that is near.
func partly(name string, broad Catalogue, known []string) string {
	var meant []string
	for _, r := range broad {
		meant = append(meant, r.Name())
	}
	if meant == nil {
		meant = slices.DeleteFunc(slices.Clone(known), func(n string) bool {
			words := strings.FieldsFunc(n, func(c rune) bool { return c == '_' })
			return strings.Contains(n, "/") || milestones.Nearest(name, words) == ""
		})
	}
	if len(meant) == 0 {
		return ": without a name all are listed"
	}
	const most = 8
	if more := len(meant) - most; more > 0 {
		meant = append(meant[:most], fmt.Sprintf("%d more: without a name all are listed", more))
	}
	return ": there are " + strings.Join(meant, ", ")
}

// All is the catalogue of M109, read once.
func All() Catalogue { return all() }

var all = sync.OnceValue(func() Catalogue {
	text, err := fixtures.FS.ReadFile(File)
	if err != nil {
		panic(err) // The file is part of the program,
	}
	c, err := Read(milestones.M109(), File, text)
	if err != nil {
		panic(err) // and a test reads it.
	}
	return c
})
