// Package jcs writes JSON in its one canonical form, RFC 8785 (JCS): members
// sorted by UTF-16 code units, no white space, numbers as ECMAScript writes
// them. Whatever the contract hashes or signs passes through here.
//
// The work is done by github.com/go-json-experiment/json, whose jsontext.Value
// canonicalises: it is written by the authors of Go's own encoding/json/v2, tags
// a release every few weeks and reads I-JSON strictly by default.
// github.com/gowebpki/jcs does the same several times slower, by way of a tree
// of interfaces, and would be a second JSON reader in one program.
package jcs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Value is JSON text in canonical form.
type Value = jsontext.Value

// tolerant writes what came in as bytes that are not UTF-8 (a header, a path) with
// U+FFFD in the place of each, for an answer must always be JSON.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// Marshal returns v in canonical form. It panics on what is no JSON value (a channel, NaN): a
// defect of this program, which no request causes. The panic quotes nothing of v, which may
// have secrets.
func Marshal(v any) Value {
	text := Value(Encode(v))
	if err := text.Canonicalize(); err != nil {
		panic("jcs: canonicalizing: " + err.Error())
	}
	return text
}

// Encode returns v as plain JSON, members in the order of declaration, for the parts of an
// answer that are not hashed. It panics like Marshal.
func Encode(v any) []byte {
	text, err := TryEncode(v)
	if err != nil {
		panic("jcs: encoding: " + err.Error())
	}
	return text
}

// TryEncode is Encode for a value that may be nested too deeply, or is no JSON value: it
// returns an error.
func TryEncode(v any) ([]byte, error) {
	text, err := json.Marshal(v, tolerant)
	if err != nil {
		return nil, err
	}
	return characters(text), nil
}

// String returns text as a JSON string, which has one form only (RFC 8785, section 3.2.2.2).
// Invalid UTF-8 and noncharacters become U+FFFD.
func String(text string) Value {
	quoted, _ := jsontext.AppendQuote(make(Value, 0, len(text)+2), text)
	return characters(quoted)
}

// Text replaces each invalid byte of UTF-8 and each noncharacter by U+FFFD, as Encode and
// String do, for texts that are no JSON, such as a line of a log.
func Text(given string) string {
	if utf8.ValidString(given) && !strings.ContainsFunc(given, noncharacter) {
		return given
	}
	var text strings.Builder
	for _, r := range given { // a byte that is not UTF-8 is read as U+FFFD
		if noncharacter(r) {
			r = utf8.RuneError
		}
		text.WriteRune(r)
	}
	return text.String()
}

// characters is Text for valid UTF-8.
func characters(text []byte) []byte {
	for i, b := range text {
		if b < 0xEF { // no noncharacter begins with a smaller byte
			continue
		}
		if r, _ := utf8.DecodeRune(text[i:]); noncharacter(r) {
			return bytes.Map(func(r rune) rune {
				if noncharacter(r) {
					return utf8.RuneError
				}
				return r
			}, text)
		}
	}
	return text
}

// noncharacter reports whether a code point is one of Unicode's noncharacters, which I-JSON
// (RFC 7493, section 2.1) excludes.
func noncharacter(r rune) bool { return r&0xFFFE == 0xFFFE || 0xFDD0 <= r && r <= 0xFDEF }

// Strings returns a list of strings.
func Strings(texts []string) Value {
	values := make([]Value, len(texts))
	for i, text := range texts {
		values[i] = String(text)
	}
	return Array(values)
}

// Hash returns the SHA-256 of v's canonical form in lower-case hex.
func Hash(v any) string { return Sum(Marshal(v)) }

// Sum returns the SHA-256 of text in lower-case hex.
func Sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Member is a member of an object. Names are ASCII, where byte order is UTF-16 order.
type Member struct {
	Name  string
	Value Value
}

// Object returns an object, canonical if the values are, without parsing them: a page of
// entries is hashed, chained and signed without being decoded. It sorts the members in place.
func Object(members ...Member) Value {
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	size := 2
	for _, m := range members {
		size += len(m.Name) + len(m.Value) + 4
	}
	text := append(make(Value, 0, size), '{')
	for i, m := range members {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, '"')
		text = append(text, m.Name...)
		text = append(text, '"', ':')
		text = append(text, m.Value...)
	}
	return append(text, '}')
}

// Array joins values into an array, canonical when they are.
func Array(values []Value) Value {
	size := 2
	for _, v := range values {
		size += len(v) + 1
	}
	text := append(make(Value, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, v...)
	}
	return append(text, ']')
}

// Wrong returns the JSON Pointer of a value that could not be decoded, and what is wrong
// there, without the names of Go types.
func Wrong(err error) (pointer, problem string) {
	var semantic *json.SemanticError
	switch {
	case !errors.As(err, &semantic):
		return "", err.Error()
	case errors.Is(semantic.Err, json.ErrUnknownName):
		return string(semantic.JSONPointer), "is unknown"
	case semantic.Err != nil:
		return string(semantic.JSONPointer), semantic.Err.Error()
	}
	return string(semantic.JSONPointer), "has another type than expected"
}
