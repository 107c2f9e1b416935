package rest

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/internal/jsonvalue"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/schemas"
)

// schemaExplained explains the schema check of a body.
func schemaExplained(set *schemas.Set) explain.Rules {
	return explain.Rules{
		rules.RequestMatchesSchema: {
			Inputs: explain.Inputs(explain.Body, ""),
			Change: func(c *explain.Case) []explain.Change { return suggestValidBody(set, c) },
			Advice: "Change the body where details.violations of the answer point: each has what was expected.",
		},
	}
}

// suggestValidBody returns the changes that make a body valid by its schema. Nothing in it
// that is valid is changed: unknown members, invalid optional ones and duplicate items are
// removed, and required members are taken from the sample. The answer has a limited number of
// violations, so the body is validated again.
func suggestValidBody(set *schemas.Set, c *explain.Case) []explain.Change {
	schema, known := set.Lookup(c.Schema)
	places, err := set.Places(c.Schema)
	if !known || err != nil {
		panic("a body was refused by the schema " + c.Schema + ", which has no places")
	}
	m := repair{Case: c, places: places}
	for _, v := range schema.Validate(c.Document) {
		m.apply(v.Keyword, jsontext.Pointer(v.InstancePath))
	}
	// A later item of a list is removed first, so that the other pointers stay valid.
	slices.SortStableFunc(m.removed, func(a, b explain.Change) int { return laterFirst(jsontext.Pointer(a.At), jsontext.Pointer(b.At)) })
	if c.NoBody { // there is nothing to put members into
		whole := map[string]any{}
		for _, member := range m.set {
			whole[jsontext.Pointer(member.At).LastToken()] = member.To
		}
		return []explain.Change{{Where: explain.Body, To: whole}}
	}
	return append(m.set, m.removed...)
}

// repair collects the changes of one body.
type repair struct {
	*explain.Case
	places       []schemas.Place
	set, removed []explain.Change
}

// apply adds the changes for a violation of a keyword.
func (m *repair) apply(keyword string, at jsontext.Pointer) {
	switch keyword {
	case "additionalProperties":
		members, _ := jsonvalue.At(m.Document, at).(map[string]any)
		for name := range members {
			if place := m.place(at); place == nil || !slices.Contains(place.Members, name) {
				m.remove(at.AppendToken(name))
			}
		}
	case "required":
		members, _ := jsonvalue.At(m.Document, at).(map[string]any)
		for _, name := range m.place(at).Members {
			member := at.AppendToken(name)
			if _, has := members[name]; !has && m.place(member).Required {
				m.put(member, m.sampled(member))
			}
		}
	case "uniqueItems":
		items, _ := jsonvalue.At(m.Document, at).([]any)
		for i, item := range items {
			if slices.ContainsFunc(items[:i], func(earlier any) bool { return reflect.DeepEqual(earlier, item) }) {
				m.remove(at.AppendToken(strconv.Itoa(i)))
			}
		}
	default:
		m.replace(at)
	}
}

// replace changes a value to the nearest valid one, or to the sample's, or removes it.
func (m *repair) replace(at jsontext.Pointer) {
	if place := m.place(at); place != nil {
		text, _ := jsonvalue.At(m.Document, at).(string)
		var texts []string
		for _, value := range place.Enum {
			if value, ok := value.(string); ok {
				texts = append(texts, value)
			}
		}
		if nearest := suggest.Nearest(text, texts); nearest != "" {
			m.put(at, nearest)
			return
		}
	}
	if to := m.sampled(at); to != nil {
		m.put(at, to)
		return
	}
	for at != "" && m.place(at).Required {
		at = at.Parent()
	}
	m.remove(at)
}

func (m *repair) put(at jsontext.Pointer, to any) {
	if !slices.ContainsFunc(m.set, func(c explain.Change) bool { return c.At == string(at) }) {
		m.set = append(m.set, explain.Change{Where: explain.Body, At: string(at), To: to})
	}
}

func (m *repair) remove(at jsontext.Pointer) {
	if !slices.ContainsFunc(m.removed, func(c explain.Change) bool { return c.At == string(at) }) {
		m.removed = append(m.removed, explain.Change{Where: explain.Body, At: string(at), Remove: true})
	}
}

// place returns what the schema has for a place; nil if it has nothing.
func (m *repair) place(at jsontext.Pointer) *schemas.Place {
	tokens := slices.Collect(at.Tokens())
	for i, place := range m.places {
		if slices.EqualFunc(place.Path, tokens, func(name, token string) bool {
			_, err := strconv.Atoi(token)
			return token == name || name == schemas.Each && err == nil
		}) {
			return &m.places[i]
		}
	}
	return nil
}

// sampled returns what the sample has at a place; nil if nothing. An item beyond the end of
// a list is the first one.
func (m *repair) sampled(at jsontext.Pointer) any {
	if found := jsonvalue.At(m.Sample, at); found != nil || at == "" {
		return found
	}
	value := m.Sample
	for token := range at.Tokens() {
		if items, ok := value.([]any); ok && len(items) > 0 {
			if n, err := strconv.Atoi(token); err == nil && n >= len(items) {
				token = "0"
			}
		}
		value = jsonvalue.At(value, jsontext.Pointer("").AppendToken(token))
	}
	return value
}

// laterFirst orders pointers, the later of two items of a list first.
func laterFirst(a, b jsontext.Pointer) int {
	return slices.CompareFunc(slices.Collect(a.Tokens()), slices.Collect(b.Tokens()), func(left, right string) int {
		n, err := strconv.Atoi(left)
		m, wrong := strconv.Atoi(right)
		if err == nil && wrong == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(left, right)
	})
}
