package rest

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

var schemaExplained = explain.Rules{
	requestMatchesSchema: {
		Inputs: explain.Inputs(explain.Body, ""),
		Change: suggestValidBody,
		Advice: "Change the body where details.violations of the answer point: each says what would be right.",
	},
}

// suggestValidBody makes a body valid by its schema, and touches nothing in it that is right:
// what is unknown, optional or there twice is left out, and what is missing or must be
// there becomes what it is in a body that is allowed. The answer lists so many
// violations and no more, so they are looked for again.
func suggestValidBody(c *explain.Case) []explain.Change {
	schema, known := schemas.Embedded().Lookup(c.Schema)
	places, err := schemas.Embedded().Places(c.Schema)
	if !known || err != nil {
		panic("a body was refused by the schema " + c.Schema + ", which has no places")
	}
	m := repair{Case: c, places: places}
	for _, v := range schema.Validate(c.Body) {
		m.apply(v)
	}
	// What is left out last moves nothing that another change points at.
	slices.SortStableFunc(m.removed, func(a, b explain.Change) int { return later(a.At, b.At) })
	if c.NoBody { // in which nothing can be put
		whole := map[string]any{}
		for _, member := range m.set {
			whole[member.At[1:]] = member.To
		}
		return []explain.Change{{Where: explain.Body, To: whole}}
	}
	return append(m.set, m.removed...)
}

// repair is a body on its way to what its schema allows.
type repair struct {
	*explain.Case
	places       []schemas.Place
	set, removed []explain.Change
}

func (m *repair) apply(v schemas.Violation) {
	at := v.InstancePath
	switch v.Keyword {
	case "additionalProperties":
		there, _ := explain.At(m.Body, at).(map[string]any)
		for name := range there {
			if place := m.place(at); place == nil || !slices.Contains(place.Members, name) {
				m.remove(at + "/" + token(name))
			}
		}
	case "required":
		there, _ := explain.At(m.Body, at).(map[string]any)
		for _, name := range m.place(at).Members {
			member := at + "/" + token(name)
			if _, has := there[name]; !has && m.place(member).Required {
				m.put(member, m.sampled(member))
			}
		}
	case "uniqueItems":
		items, _ := explain.At(m.Body, at).([]any)
		for i, item := range items {
			if slices.ContainsFunc(items[:i], func(earlier any) bool { return reflect.DeepEqual(earlier, item) }) {
				m.remove(at + "/" + strconv.Itoa(i))
			}
		}
	default:
		m.replace(at)
	}
}

// replace changes a value that cannot stand where it stands, or leaves it out.
func (m *repair) replace(at string) {
	if place := m.place(at); place != nil {
		text, _ := explain.At(m.Body, at).(string)
		var texts []string
		for _, value := range place.Enum {
			if value, ok := value.(string); ok {
				texts = append(texts, value)
			}
		}
		if nearest := milestones.Nearest(text, texts); nearest != "" {
			m.put(at, nearest)
			return
		}
	}
	if to := m.sampled(at); to != nil {
		m.put(at, to)
		return
	}
	for at != "" && m.place(at).Required {
		at = at[:strings.LastIndexByte(at, '/')]
	}
	m.remove(at)
}

func (m *repair) put(at string, to any) {
	if !slices.ContainsFunc(m.set, func(c explain.Change) bool { return c.At == at }) {
		m.set = append(m.set, explain.Change{Where: explain.Body, At: at, To: to})
	}
}

func (m *repair) remove(at string) {
	if !slices.ContainsFunc(m.removed, func(c explain.Change) bool { return c.At == at }) {
		m.removed = append(m.removed, explain.Change{Where: explain.Body, At: at, Remove: true})
	}
}

// place is what the schema says of a place; nil when it knows none.
func (m *repair) place(at string) *schemas.Place {
	tokens := strings.Split(at, "/")[1:]
	if at == "" {
		tokens = nil
	}
	for i, place := range m.places {
		if slices.EqualFunc(place.Path, tokens, func(name, given string) bool {
			_, err := strconv.Atoi(given)
			return token(name) == given || name == schemas.Each && err == nil
		}) {
			return &m.places[i]
		}
	}
	return nil
}

// sampled is what stands at a place in the body that is allowed. For an item of a list
// that has fewer there it is the first; nil when there is none.
func (m *repair) sampled(at string) any {
	if found := explain.At(m.Sample, at); found != nil || at == "" {
		return found
	}
	value := m.Sample
	for _, given := range strings.Split(at, "/")[1:] {
		if items, ok := value.([]any); ok && len(items) > 0 {
			if n, err := strconv.Atoi(given); err == nil && n >= len(items) {
				given = "0"
			}
		}
		value = explain.At(value, "/"+given)
	}
	return value
}

// token is a name as a JSON pointer has it.
func token(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// later orders pointers: of two items of a list the later one comes first.
func later(a, b string) int {
	left, right := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.CompareFunc(left, right, func(left, right string) int {
		n, err := strconv.Atoi(left)
		m, wrong := strconv.Atoi(right)
		if err == nil && wrong == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(left, right)
	})
}
