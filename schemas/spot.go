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
	schema *Schema
	ways   ways
}

// Ways are the ways through a schema to one spot, each with everything that is demanded there. What is free has one that
// demands nothing, and what cannot be has none.
type ways [][]*jsonschema.Schema

var free = ways{nil}

// mostWays is how many ways are told apart. Beyond them anything may stand there.
const mostWays = 64

// and is each way through the one together with each through the other.
func (w ways) and(other ways) ways {
	if len(w)*len(other) > mostWays {
		return free
	}
	var both ways
	for _, one := range w {
		for _, two := range other {
			both = append(both, slices.Concat(one, two))
		}
	}
	return both
}

// Spot is the root of the documents of the schema.
func (s *Schema) Spot() Spot { return Spot{s, ways{{s.compiled}}} }

// In is where a member of an object leads, or an item of a list by its index.
func (x Spot) In(token string) Spot {
	in := Spot{schema: x.schema}
	for _, way := range x.ways {
		all := free
		for _, demanded := range way {
			all = all.and(inside(demanded, token))
		}
		in.ways = append(in.ways, all...)
	}
	if len(in.ways) > mostWays {
		in.ways = free
	}
	return in
}

// Possible says whether any document may have something there.
func (x Spot) Possible() bool { return len(x.ways) > 0 }

// Refuses says why no document has this value there; "" when one may have it.
func (x Spot) Refuses(value any) string {
	if !x.Possible() {
		return "must not be there"
	}
	value, _, foreign := doubles(value)
	if foreign != nil {
		return foreign.Message
	}
	var says []string
	for _, way := range x.ways {
		refused := false
		for _, demanded := range way {
			for _, violation := range x.schema.violations(demanded, value) {
				refused = true
				message := violation.Message
				if violation.InstancePath != "" {
					message += fmt.Sprintf(" at %q", violation.InstancePath)
				}
				if !slices.Contains(says, message) {
					says = append(says, message)
				}
			}
		}
		if !refused {
			return ""
		}
	}
	return strings.Join(says, ", or ")
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

// Texts are the texts that are listed for what stands there, in the order of the schema.
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

// visit visits all schemas that describe what stands there.
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
	for _, way := range x.ways {
		for _, demanded := range way {
			all(demanded)
		}
	}
}

// inside are the ways to what a schema demands of a member or an item. What the value around that has to be (not,
// required, minItems, …) is left out: it takes nothing away that some value may not have.
func inside(s *jsonschema.Schema, token string) ways {
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
	if s.If != nil && s.Then != nil && s.Else != nil { // either of them alone leaves open what is not said
		choices = append(choices, []*jsonschema.Schema{s.Then, s.Else})
	}
	for _, choice := range choices {
		var either ways
		for _, branch := range choice {
			either = append(either, inside(branch, token)...)
		}
		if len(choice) > 0 {
			all = all.and(either)
		}
	}
	return all
}

// own is inside for what the schema says itself, without the schemas that it refers to.
func own(s *jsonschema.Schema, token string) (all ways) {
	mayBe := func(typ string) bool { return len(s.Types) == 0 || slices.Contains(s.Types, typ) }
	if mayBe("object") {
		all = append(all, member(s, token)...)
	}
	if index, ok := indexOf(token); ok && mayBe("array") {
		all = append(all, item(s, index)...)
	}
	return all
}

func member(s *jsonschema.Schema, name string) ways {
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
		return ways{demanded}
	}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		return always(others)
	case *jsonschema.Schema:
		return ways{{others}}
	}
	return free
}

func item(s *jsonschema.Schema, index int) ways {
	switch {
	case s.MaxItems >= 0 && index >= s.MaxItems:
		return nil
	case index < len(s.PrefixItems):
		return ways{{s.PrefixItems[index]}}
	case s.Items2020 == nil:
		return free
	case s.Items2020.Always != nil:
		return always(*s.Items2020.Always)
	default:
		return ways{{s.Items2020}}
	}
}

func always(may bool) ways {
	if may {
		return free
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
