// Package recipe has, for each outcome and reason code of the contract, the shortest
// list of requests that makes the fake return it.
//
// The recipes are data, recipes.yaml:
//
//	recipes:
//	  - operation: partnerLiquidityProvider.rollout.upsert
//	    outcome: rollout_blocked
//	    reason_code: partner_liquidity_provider_rollout_blocked
//	    listed_codes: [partner_liquidity_provider_rollout_blocked]
//	    steps:
//	      - operation: partnerLiquidityProvider.onboard
//	      - operation: partnerLiquidityProvider.rollout.upsert
//
// operation, outcome and reason_code name the outcome of the last step. listed_codes is
// the complete list at the outcome's reason_codes_at. Several recipes of one outcome and
// reason code have a variant each, which differs by response_header or by present, JSON
// Pointers of the response whose values are not null.
//
// A step is a request of its operation. Without other keys it succeeds: it has the
// caller acme, the scope that the operation needs, a new provider id, a new idempotency
// key, and the body in fixtures/requests. Its keys change that:
//
//	method, path   of a request that reaches no operation
//	headers        header fields by name; null removes one
//	query          parameters by name
//	set            members of the body by JSON Pointer
//	body           another body
//	spaces         a body of this many spaces
//	capture        values of the response, by name and JSON Pointer, for later steps
//
// In texts {run} is unique for each run of a recipe, so that it can be repeated on one
// server, and {NAME} is a captured value. The provider id is plp_{run}, and the
// idempotency key of step 2 is {run}-2.
package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// Recipe is an outcome, and the requests that produce it.
type Recipe struct {
	Operation *milestones.Operation
	Outcome   *milestones.Outcome
	// ReasonCode is the reason code of the response; "" for none.
	ReasonCode string
	// ListedCodes are all codes at the outcome's ReasonCodesAt.
	ListedCodes []string
	// Variant distinguishes recipes of one outcome and reason code; "" is the plain one.
	Variant string
	// ResponseHeader are header fields of the response.
	ResponseHeader map[string]string
	// Present are JSON Pointers of the response whose values are not null.
	Present []string
	Steps   []Step
}

// Step is one request. Its texts may have placeholders, {NAME}.
type Step struct {
	Operation *milestones.Operation
	Method    string
	// Path is a template with the parameters Params.
	Path          string
	Params        map[string]string
	Query, Header map[string]string
	// Body is nil for none. Spaces, when not 0, replaces it by this many spaces.
	Body   []byte
	Spaces int
	// Capture are JSON Pointers of the response by the name of their value.
	Capture map[string]string
}

// shortCode returns a reason code without the prefix that all codes have.
func shortCode(code string) string { return strings.TrimPrefix(code, "partner_liquidity_provider_") }

// Name returns the unique name of the recipe: operation/outcome, then the reason code and
// the variant where the outcome has several.
func (r *Recipe) Name() string {
	name := r.Operation.ID + "/" + r.Outcome.Name
	if r.ReasonCode != r.Outcome.ReasonCode {
		name += "/" + shortCode(r.ReasonCode)
	}
	if r.Variant != "" {
		name += "/" + r.Variant
	}
	return name
}

// Description returns the status and codes of the last response.
func (r *Recipe) Description() string {
	description := fmt.Sprint(r.Outcome.Status)
	if r.Outcome.Code != "" {
		description += " " + r.Outcome.Code
	}
	if r.Outcome.ReasonCode != "" {
		description += " " + r.Outcome.ReasonCode
	}
	if r.Outcome.ReasonCodesAt != "" {
		description += fmt.Sprintf(", listing %s", inBrackets(r.ListedCodes))
	}
	return description
}

func inBrackets(codes []string) string { return "[" + strings.Join(codes, ", ") + "]" }

// names returns all names by which [Catalogue.Find] finds the recipe.
func (r *Recipe) names() []string {
	names := []string{r.Name(), r.Operation.ID + "/" + r.Outcome.Name, r.Outcome.Name}
	if r.Outcome.Code != "" {
		names = append(names, r.Outcome.Code)
	}
	for _, code := range []string{r.ReasonCode, r.Outcome.ReasonCode} {
		if code != "" {
			names = append(names, code, shortCode(code))
		}
	}
	if r.Variant != "" {
		names = append(names, r.Variant)
	}
	return names
}

// Catalogue is a list of recipes, in the order of the file.
type Catalogue []*Recipe

// Find returns the recipes for a name. A name is an outcome, a reason code with or
// without its prefix, an error code, a variant, or operation/outcome, of which the first
// parts of the operation's id can be omitted. An operation or a status is a name too if
// it has one recipe only.
//
// The recipe whose own name was given comes first, then those with fewer steps; of equal
// ones those whose outcome has the name. The error suggests names: the nearest one, those
// that contain the name, or the complete names that end with it.
func (c Catalogue) Find(name string) (Catalogue, error) {
	matches := func(n string) bool {
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
		if slices.ContainsFunc(names, matches) {
			found = append(found, r)
		}
	}
	if found == nil {
		candidates := c.ofOperationOrStatus(name)
		if len(candidates) == 1 {
			return candidates, nil
		}
		slices.Sort(known)
		known = slices.Compact(known)
		if nearest := suggest.DidYouMean(name, known); nearest != "" {
			return nil, fmt.Errorf("unknown recipe %q%s", name, nearest)
		}
		return nil, fmt.Errorf("unknown recipe %q%s", name, suggestions(name, candidates, known))
	}
	if complete := completeNames(found, name); len(complete) > 1 {
		return nil, fmt.Errorf("%q is ambiguous: write %s", name, strings.Join(complete, " or "))
	}
	rank := func(worse bool) int {
		if worse {
			return 1
		}
		return 0
	}
	ofOutcome := func(r *Recipe) bool { return r.Outcome.Name == name || r.Outcome.ReasonCode == name }
	slices.SortStableFunc(found, func(a, b *Recipe) int {
		return cmp.Or(
			rank(!matches(a.Name()))-rank(!matches(b.Name())),
			len(a.Steps)-len(b.Steps),
			rank(!ofOutcome(a))-rank(!ofOutcome(b)),
		)
	})
	return found, nil
}

// completeNames returns the names operation/outcome that end with a name, which has a
// slash.
func completeNames(found Catalogue, name string) (names []string) {
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

// ofOperationOrStatus returns the recipes whose operation contains the name as a part of
// its id, and those with that status.
func (c Catalogue) ofOperationOrStatus(name string) (found Catalogue) {
	for _, r := range c {
		operation := "." + r.Operation.ID + "."
		if strings.Contains(strings.ToLower(operation), "."+strings.ToLower(name)+".") || fmt.Sprint(r.Outcome.Status) == name {
			found = append(found, r)
		}
	}
	return found
}

// suggestions returns the end of the error for an unknown name: the candidates, or else
// the known names with a similar part.
func suggestions(name string, candidates Catalogue, known []string) string {
	var names []string
	for _, r := range candidates {
		names = append(names, r.Name())
	}
	if names == nil {
		names = slices.DeleteFunc(slices.Clone(known), func(n string) bool {
			words := strings.FieldsFunc(n, func(c rune) bool { return c == '_' })
			return strings.Contains(n, "/") || suggest.Nearest(name, words) == ""
		})
	}
	const listAll = "run the command without a name to list all"
	if len(names) == 0 {
		return ": " + listAll
	}
	const most = 8
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more: %s", more, listAll))
	}
	return ": there are " + strings.Join(names, ", ")
}

// All returns the recipes of M109.
func All() Catalogue { return all() }

var all = sync.OnceValue(func() Catalogue {
	const name = "recipes.yaml"
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	c, err := Read(milestones.M109(), name, text)
	if err != nil {
		panic(err) // a test reads the embedded file
	}
	return c
})
