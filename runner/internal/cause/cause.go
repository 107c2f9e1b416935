// Package cause names causes: what failed, and not where it failed. Failures with one cause are counted and explained together,
// and a baseline excuses them with one entry.
//
// The key of a cause is text for people and programs. Its first word is the check, or the kind of step that failed:
//
//	schema: required /export/query/limit
//	correlation-id: the header is not the request's
//	outcome: expected 409 CONFLICT because partner_liquidity_provider_invalid, observed 200
//	body: /provider/status differs
//	step: its state is as noted, at /audit
//	output: expected 404 NOT_FOUND, observed 200
//	difference: header Allow missing
//
// A key names no scenario, no operation and no value that differs from run to run.
package cause

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
)

// Cause is the cause of one failure.
type Cause struct {
	// Key is the text that all failures with this cause have in common.
	Key string `json:"cause"`
	// Level is [milestones.Full] when only this level requires what failed.
	Level milestones.Level `json:"level"`
	// Pointer is the place in the body of an answer; "" when it is the whole body, or not in the body.
	Pointer jsontext.Pointer `json:"pointer,omitempty"`
}

// Kind is the first word of the key: the id of a check, or "outcome", "step", "answer" or "output".
func (c Cause) Kind() string { return Kind(c.Key) }

// Kind returns the first word of a key.
func Kind(key string) string {
	end := strings.IndexAny(key, ": ")
	if end < 0 {
		return key
	}
	return key[:end]
}

// The kinds of causes that are not checks.
const (
	// KindOutcome is an answer with another outcome than the step requires.
	KindOutcome = "outcome"
	// KindBody and KindHeader are values of an answer that are other ones than the step requires.
	KindBody   = "body"
	KindHeader = "header"
	// KindStep is any other failed step.
	KindStep = "step"
	// KindAnswer is a request without an answer.
	KindAnswer = "answer"
	// KindOutput is a row of the golden output that differs.
	KindOutput = "output"
	// KindDifference is a difference from the fake that a random comparison found. A run of the scenarios has none.
	KindDifference = "difference"
)

// Check returns the key of a failed check.
func Check(check, what string) string { return check + ": " + Text(what) }

// Outcome returns the key of an answer that has another outcome than the step requires. Both are as in
// "409 CONFLICT because partner_liquidity_provider_invalid".
func Outcome(expected, observed string) string {
	return KindOutcome + ": expected " + expected + ", observed " + Text(observed)
}

// Step returns the key of another failed step: the form of its definition, and the pointer that it is about.
func Step(form, at string) string {
	key := KindStep + ": " + form
	if at != "" {
		key += ", at " + at
	}
	return Text(key)
}

// Value returns the key of a value in a body ([KindBody]) or of a header ([KindHeader]) that is missing, or differs from what the
// step requires. What is inside of a list counts as the list: an item too many, too few or out of its order makes values of
// other items differ.
func Value(kind, at string, missing bool) string {
	if list, _, inside := strings.Cut(at, "/*"); inside {
		at, missing = list, false
	}
	at = Text(at)
	if missing {
		return kind + ": " + at + " missing"
	}
	return kind + ": " + at + " differs"
}

// NoAnswer returns the key of a request that got no answer.
func NoAnswer(why string) string { return KindAnswer + ": none, " + Text(why) }

// Difference returns the key of a difference from the fake.
func Difference(what string) string { return KindDifference + ": " + Text(what) }

// Output returns the key of an answer that differs from the golden output.
func Output(expected, observed string) string {
	return KindOutput + ": expected " + expected + ", observed " + Text(observed)
}

// Text returns a text of a service in one line that a baseline can have: each character that is not printable is written as Go
// spells it in a string, such as \n, \x1b and \u202e, and space at the end is cut.
func Text(text string) string {
	var b strings.Builder
	for _, c := range text {
		if unicode.IsPrint(c) {
			b.WriteRune(c)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(c)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return strings.TrimRight(b.String(), " ")
}

// Pointer returns a JSON Pointer (RFC 6901) in which each index of an array is "*". Every token of digits counts as an index.
func Pointer(pointer jsontext.Pointer) string {
	tokens := strings.Split(string(pointer), "/")
	for i, token := range tokens {
		if token != "" && strings.Trim(token, "0123456789") == "" {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, "/")
}

// Covers reports whether a cause at one place explains a failure at another one: the same place, or one below it.
func Covers(place, other jsontext.Pointer) bool {
	return place != "" && (other == place || strings.HasPrefix(string(other), string(place)+"/"))
}
