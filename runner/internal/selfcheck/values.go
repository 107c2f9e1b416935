package selfcheck

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// This file has the mutated values: of a wrong type, of a wrong form, and other valid ones.

// allows reports whether a place may have a value of a JSON type. One without types may have any.
func allows(p *schemas.Place, kind string) bool { return slices.Contains(p.Types, kind) }

// otherType is a value of a type that the place does not allow.
func otherType(p *schemas.Place) (any, bool) {
	types := p.Types
	for _, value := range p.Enum {
		switch value.(type) {
		case string:
			types = append(slices.Clone(types), "string")
		case bool:
			types = append(slices.Clone(types), "boolean")
		case float64:
			types = append(slices.Clone(types), "number")
		}
	}
	if len(types) == 0 {
		return nil, false
	}
	for _, candidate := range []struct {
		value any
		kinds []string
	}{
		{"7", []string{"string"}},
		{7.0, []string{"integer", "number"}},
		{true, []string{"boolean"}},
		{[]any{}, []string{"array"}},
		{map[string]any{}, []string{"object"}},
	} {
		if !slices.ContainsFunc(candidate.kinds, func(kind string) bool { return slices.Contains(types, kind) }) {
			return candidate.value, true
		}
	}
	return nil, false
}

// without takes a member out of an object.
func without(name string) alter {
	return func(value any) (any, bool) {
		object, _ := value.(map[string]any)
		if _, has := object[name]; !has {
			return value, false
		}
		object = maps.Clone(object)
		delete(object, name)
		return object, true
	}
}

// arrayItems is a value that is a list; nil for any other.
func arrayItems(value any) []any {
	items, _ := value.([]any)
	return items
}

func shortened(value any) (any, bool) {
	items := arrayItems(value)
	if len(items) < 2 {
		return value, false
	}
	return items[:len(items)-1], true
}

func repeated(value any) (any, bool) {
	items := arrayItems(value)
	if len(items) == 0 {
		return value, false
	}
	return append(slices.Clone(items), items[len(items)-1]), true
}

func reversed(value any) (any, bool) {
	items := arrayItems(value)
	other := slices.Clone(items)
	slices.Reverse(other)
	for i := range items {
		if string(encode(items[i])) != string(encode(other[i])) {
			return other, true
		}
	}
	return value, false
}

// misspelt is a value outside of an enum.
func misspelt(p *schemas.Place) alter {
	return func(value any) (any, bool) {
		switch value := value.(type) {
		case nil:
			return value, false
		case string:
			other := value + "x"
			for slices.Contains(p.Enum, any(other)) {
				other += "x"
			}
			return other, true
		case bool:
			return !value, !slices.Contains(p.Enum, any(!value))
		case float64:
			other := value + 1
			for slices.Contains(p.Enum, any(other)) {
				other++
			}
			return other, true
		}
		return value, false
	}
}

// replaced is one value of an enum for another.
func replaced(from, to any) alter {
	return func(value any) (any, bool) { return to, value == from }
}

// broken is a text that does not match its patterns or its format.
func broken(p *schemas.Place) alter {
	return func(value any) (any, bool) {
		text, ok := value.(string)
		if !ok {
			return value, false
		}
		for _, candidate := range []string{text + " ", "", "?", "\u00a0"} {
			if !matches(p, candidate) {
				return candidate, true
			}
		}
		return value, false
	}
}

// matches reports whether a text matches all patterns of a place. Formats are not implemented: a format without a pattern is
// violated by "?".
func matches(p *schemas.Place, text string) bool {
	if len(p.Patterns) == 0 && p.Format != "" {
		return text != "?"
	}
	for _, pattern := range p.Patterns {
		if !pattern.MatchString(text) {
			return false
		}
	}
	return true
}

// matchingText returns a text of a body that is allowed at a place.
func matchingText(body any, p *schemas.Place) (string, bool) {
	switch body := body.(type) {
	case string:
		return body, len(p.Patterns) > 0 && matches(p, body)
	case []any:
		for _, item := range body {
			if text, ok := matchingText(item, p); ok {
				return text, true
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(body)) {
			if text, ok := matchingText(body[name], p); ok {
				return text, true
			}
		}
	}
	return "", false
}

// ownPatterns match the texts that an implementation may choose freely. They are not mutated.
type ownPatterns []*regexp.Regexp

func newOwn(m *milestones.Milestone) (ownPatterns, error) {
	var all ownPatterns
	for _, pattern := range m.Output.Replacements {
		whole, err := regexp.Compile(`^(?:` + pattern.Regexp + `)$`)
		if err != nil {
			return nil, fmt.Errorf("the pattern of %s: %w", pattern.Token, err)
		}
		all = append(all, whole)
	}
	return all, nil
}

func (o ownPatterns) has(text string) bool {
	return slices.ContainsFunc(o, func(pattern *regexp.Regexp) bool { return pattern.MatchString(text) })
}

// changed is another value that the schema allows at a place.
func (o ownPatterns) changed(p *schemas.Place) alter {
	return func(value any) (any, bool) {
		switch value := value.(type) {
		case bool:
			return !value, true
		case float64:
			if other := value + 1; p.Maximum == nil || other <= *p.Maximum {
				return other, true
			}
			other := value - 1
			return other, p.Minimum == nil || other >= *p.Minimum
		case string:
			if o.has(value) {
				return value, false
			}
			for other := range neighbours(value) {
				if matches(p, other) {
					return other, true
				}
			}
		}
		return value, false
	}
}

// changedSomewhere changes the first value inside of an object that no schema describes.
func (o ownPatterns) changedSomewhere(value any) (any, bool) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if other, ok := o.changedSomewhere(item); ok {
				items := slices.Clone(value)
				items[i] = other
				return items, true
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if other, ok := o.changedSomewhere(value[name]); ok {
				return set(value, []string{name}, other), true
			}
		}
	case nil:
	default:
		return o.changed(new(schemas.Place))(value)
	}
	return value, false
}

// neighbours are texts that differ in one letter or digit, beginning with the last; then the text with a letter more.
func neighbours(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(text) - 1; i >= 0; i-- {
			if next, ok := nextCharacter(text[i]); ok && !yield(text[:i]+string(next)+text[i+1:]) {
				return
			}
		}
		yield(text + "x")
	}
}

// nextText is a text of the same form.
func nextText(text string) string {
	for other := range neighbours(text) {
		return other
	}
	return text
}

// nextCharacter is the next letter or digit, in a circle.
func nextCharacter(c byte) (byte, bool) {
	for _, circle := range []string{"0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
		if i := strings.IndexByte(circle, c); i >= 0 {
			return circle[(i+1)%len(circle)], true
		}
	}
	return c, false
}

// unpublishedKey is in no key set.
var unpublishedKey = func() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("selfcheck: an unpublished key"))
	return ed25519.NewKeyFromSeed(seed[:])
}()

// signedByUnpublishedKey replaces the signature of an object by one of another key.
func signedByUnpublishedKey(value any, member string) (any, bool) {
	object, _ := value.(map[string]any)
	signature, ok := object[member].(map[string]any)
	if !ok {
		return value, false
	}
	rest, _ := without(member)(object)
	text := jsontext.Value(encode(rest))
	if err := text.Canonicalize(); err != nil {
		return value, false
	}
	return set(object, []string{member}, set(signature, []string{"sig"},
		base64.StdEncoding.EncodeToString(ed25519.Sign(unpublishedKey, text)))), true
}
