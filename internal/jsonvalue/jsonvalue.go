// Package jsonvalue reads decoded JSON: map[string]any, []any and values.
package jsonvalue

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Pointer is a JSON Pointer (RFC 6901).
type Pointer = jsontext.Pointer

// At returns the value at a pointer; nil if there is none.
func At(value any, pointer Pointer) any {
	found, _ := Lookup(value, pointer)
	return found
}

// Lookup returns the value at a pointer, and whether there is one.
func Lookup(value any, pointer Pointer) (any, bool) {
	for token := range pointer.Tokens() {
		child, ok := Child(value, token)
		if !ok {
			return nil, false
		}
		value = child
	}
	return value, true
}

// Child returns the member or the item of a value that a token of a pointer names, and whether there is one.
func Child(parent any, token string) (any, bool) {
	switch parent := parent.(type) {
	case map[string]any:
		child, ok := parent[token]
		return child, ok
	case []any:
		if index, ok := Index(token, len(parent)); ok {
			return parent[index], true
		}
	}
	return nil, false
}

// Index returns the index of an existing item that a token names, and whether there is one.
func Index(token string, length int) (int, bool) {
	index, err := strconv.Atoi(token)
	if err != nil || index < 0 || index >= length || strconv.Itoa(index) != token {
		return 0, false
	}
	return index, true
}
