package schemas

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Spot is where a JSON Pointer leads in the documents of a schema, with all that any of them may have there. Unlike a
// [Place] it is found in every schema: where it depends on the document what is demanded (oneOf, if, …), a spot has what
// any way through the schema leaves open. So it is never too narrow, and it may be too wide.
type Spot struct {
	schema       *Schema
	alternatives alternatives
}

// alternatives are the ways through a schema to one spot, each with all schemas that apply there. A spot without constraints
// has one alternative without schemas, and an impossible spot has none.
type alternatives [][]*jsonschema.Schema

var unconstrained = alternatives{nil}

// maxAlternatives limits them. Beyond it anything is allowed at the spot.
const maxAlternatives = 64

// and is each way through the one together with each through the other.
func (w alternatives) and(other alternatives) alternatives {
	if len(w)*len(other) > maxAlternatives {
		return unconstrained
	}
	var both alternatives
	for _, one := range w {
		for _, two := range other {
			both = append(both, slices.Concat(one, two))
		}
	}
	return both
}

// Spot is the root of the documents of the schema.
func (s *Schema) Spot() Spot { return Spot{s, alternatives{{s.compiled}}} }

// In is where a member of an object leads, or an item of a list by its index.
func (x Spot) In(token string) Spot {
	in := Spot{schema: x.schema}
	for _, way := range x.alternatives {
		all := unconstrained
		for _, demanded := range way {
			all = all.and(inside(demanded, token))
		}
		in.alternatives = append(in.alternatives, all...)
	}
	if len(in.alternatives) > maxAlternatives {
		in.alternatives = unconstrained
	}
	return in
}

// Possible reports whether any document may have a value there.
func (x Spot) Possible() bool { return len(x.alternatives) > 0 }

// Refuses returns why no document has this value there; "" when one may have it.
func (x Spot) Refuses(value any) string {
	if !x.Possible() {
		return "must not be there"
	}
	value, _, unsupported := doubles(value)
	if unsupported != nil {
		return unsupported.Message
	}
	var reasons []string
	for _, way := range x.alternatives {
		refused := false
		for _, demanded := range way {
			for _, violation := range x.schema.violations(demanded, value) {
				refused = true
				message := violation.Message
				if violation.InstancePath != "" {
					message += fmt.Sprintf(" at %q", violation.InstancePath)
				}
				if !slices.Contains(reasons, message) {
					reasons = append(reasons, message)
				}
			}
		}
		if !refused {
			return ""
		}
	}
	return strings.Join(reasons, ", or ")
}

// Members are the members that an object there may have by name, sorted.
func (x Spot) Members() []string {
	names := map[string]bool{}
	x.visit(func(s *jsonschema.Schema) {
		for name := range s.Properties {
			names[name] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// Texts are the texts that the schema lists for the spot, in its order.
func (x Spot) Texts() []string {
	var texts []string
	x.visit(func(s *jsonschema.Schema) {
		for _, value := range slices.Concat(s.Constant, s.Enum) {
			if text, ok := value.(string); ok && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	})
	return texts
}

// visit calls a function with all schemas of the spot.
func (x Spot) visit(visit func(*jsonschema.Schema)) {
	var all func(*jsonschema.Schema)
	all = func(s *jsonschema.Schema) {
		if s == nil {
			return
		}
		visit(s)
		for _, same := range slices.Concat([]*jsonschema.Schema{s.Ref, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf) {
			all(same)
		}
	}
	for _, way := range x.alternatives {
		for _, demanded := range way {
			all(demanded)
		}
	}
}

// inside are the alternatives for a member or an item of a schema's value. What the value around that has to be (not,
// required, minItems, …) is left out: it takes nothing away that some value may not have.
func inside(s *jsonschema.Schema, token string) alternatives {
	if s.Always != nil {
		return always(*s.Always)
	}
	all := own(s, token)
	if s.Ref != nil {
		all = all.and(inside(s.Ref, token))
	}
	for _, part := range s.AllOf {
		all = all.and(inside(part, token))
	}
	choices := [][]*jsonschema.Schema{s.AnyOf, s.OneOf}
	if s.If != nil && s.Then != nil && s.Else != nil { // either of them alone leaves the rest open
		choices = append(choices, []*jsonschema.Schema{s.Then, s.Else})
	}
	for _, choice := range choices {
		var either alternatives
		for _, branch := range choice {
			either = append(either, inside(branch, token)...)
		}
		if len(choice) > 0 {
			all = all.and(either)
		}
	}
	return all
}

// own is inside without the schemas that the schema refers to.
func own(s *jsonschema.Schema, token string) (all alternatives) {
	mayBe := func(typ string) bool { return len(s.Types) == 0 || slices.Contains(s.Types, typ) }
	if mayBe("object") {
		all = append(all, member(s, token)...)
	}
	if index, ok := indexOf(token); ok && mayBe("array") {
		all = append(all, item(s, index)...)
	}
	return all
}

func member(s *jsonschema.Schema, name string) alternatives {
	var demanded []*jsonschema.Schema
	if property, ok := s.Properties[name]; ok {
		demanded = append(demanded, property)
	}
	for _, pattern := range slices.SortedFunc(maps.Keys(s.PatternProperties), func(a, b *regexp.Regexp) int {
		return strings.Compare(a.String(), b.String())
	}) {
		if pattern.MatchString(name) {
			demanded = append(demanded, s.PatternProperties[pattern])
		}
	}
	if demanded != nil {
		return alternatives{demanded}
	}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		return always(others)
	case *jsonschema.Schema:
		return alternatives{{others}}
	}
	return unconstrained
}

func item(s *jsonschema.Schema, index int) alternatives {
	switch {
	case s.MaxItems >= 0 && index >= s.MaxItems:
		return nil
	case index < len(s.PrefixItems):
		return alternatives{{s.PrefixItems[index]}}
	case s.Items2020 == nil:
		return unconstrained
	case s.Items2020.Always != nil:
		return always(*s.Items2020.Always)
	default:
		return alternatives{{s.Items2020}}
	}
}

func always(may bool) alternatives {
	if may {
		return unconstrained
	}
	return nil
}

// indexOf reads a token as the index of an item; "-" is that of a new one, after those that are there.
func indexOf(token string) (int, bool) {
	if token == "-" {
		return 0, true
	}
	index, err := strconv.Atoi(token)
	return index, err == nil && index >= 0 && strconv.Itoa(index) == token
}
