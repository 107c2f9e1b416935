package steps

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/lpgate/internal/suggest"
)

// Mismatch is a rule that the target broke. It is the error of every step that asserts something. It ends the
// scenario, so there is at most one.
type Mismatch struct {
	// Message is what was checked.
	Message string
	// Expected and Got are the two sides, each as one line.
	Expected, Got string
	// Diff is the difference of two structured values. It is empty where Expected and Got suffice.
	Diff string
	// Of is what the step compared: [OfBody], [OfHeader], or "" for something else.
	Of string
	// At is where: a JSON Pointer, or the name of a header; "" for all of it.
	At string
	// Missing says that there is nothing at At.
	Missing bool
	// Required and Observed are the outcomes in short, such as "409 CONFLICT because …", when the outcome is another one than
	// the step requires; "" otherwise.
	Required, Observed string
}

// What a step compared.
const (
	OfBody   = "body"
	OfHeader = "header"
)

// Error puts one thing under the other.
func (m *Mismatch) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  expected: %s\n  got:      %s", m.Message, m.Expected, m.Got)
	if m.Diff != "" {
		b.WriteString("\n  " + strings.ReplaceAll(strings.TrimRight(m.Diff, "\n"), "\n", "\n  "))
	}
	return b.String()
}

// InvalidStep is a fault in the scenario's text, such as an unknown name. It is not a fault of the target.
type InvalidStep struct {
	// Message is wrong, and where.
	Message string
	// Nearest is the right thing that looks most like it, or empty.
	Nearest string
	// Row is the invalid row of the table, counted from 1; 0 is the step itself.
	Row int
	// Err is why a file that the scenario names cannot be read; nil otherwise.
	Err error

	bare string // Message without the row
}

// Unwrap returns Err.
func (b *InvalidStep) Unwrap() error { return b.Err }

// Error returns the message with a suggestion.
func (b *InvalidStep) Error() string {
	if b.Nearest == "" {
		return b.Message
	}
	return fmt.Sprintf("%s (did you mean %q?)", b.Message, b.Nearest)
}

// inRow returns the message for a reader who knows the row.
func (b *InvalidStep) inRow() string {
	return (&InvalidStep{Message: b.bare, Nearest: b.Nearest}).Error()
}

func invalidStep(format string, args ...any) error {
	return &InvalidStep{Message: fmt.Sprintf(format, args...)}
}

// Unreachable is a request without an answer: the target is not there, or went away while it answered. It is no
// verdict about the contract.
type Unreachable struct {
	// Err is the error of the transport.
	Err error
}

// Error returns the error of the transport.
func (u *Unreachable) Error() string { return "the target cannot be reached: " + u.Err.Error() }

// Unwrap returns the error of the transport.
func (u *Unreachable) Unwrap() error { return u.Err }

// maxNearest is how many steps are suggested at most.
const maxNearest = 3

// Nearest returns at most three steps that a text may have been meant to be, the most similar first. Literal words
// are compared, and quoted arguments are kept. A colon at the end means a step with a table. If only an argument is
// invalid, the result is the corrected text alone.
func Nearest(text string) []string {
	if repaired := repair(text); repaired != "" {
		return []string{repaired}
	}
	colon := strings.HasSuffix(text, ":")
	if nearest := nearestOf(text, func(d *Definition) bool { return strings.HasSuffix(d.Example, ":") == colon }); nearest != nil {
		return nearest
	}
	return nearestOf(text, func(*Definition) bool { return true })
}

func nearestOf(text string, fits func(*Definition) bool) []string {
	var candidates []*Definition
	var skeletons []string
	for i := range All().definitions {
		if d := &All().definitions[i]; fits(d) {
			candidates, skeletons = append(candidates, d), append(skeletons, skeleton(d.Example))
		}
	}
	var nearest []string
	words := skeleton(text)
	for _, near := range suggest.Near(words, skeletons, len(words)/2) {
		if len(nearest) < maxNearest {
			nearest = append(nearest, candidates[near].withArgumentsOf(text))
		}
	}
	return nearest
}

// repair returns the step that a text is but for one mistake in an argument: a pointer without its first slash, a misspelt
// literal, a string without quotes; "" when there is none.
func repair(text string) string {
	texts := []string{text}
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts); i += 2 {
		if slashed := slices.Clone(parts); parts[i] != "" && parts[i][0] != '/' {
			slashed[i] = "/" + parts[i]
			texts = append(texts, strings.Join(slashed, `"`))
		}
	}
	word := text[strings.LastIndexByte(text, ' ')+1:]
	for _, text := range texts {
		candidates := []string{text}
		if !strings.ContainsAny(word, `":`) && strings.HasSuffix(text, word) {
			start := strings.TrimSuffix(text, word)
			if near := suggest.Nearest(word, []string{"true", "false", "null", absent, "present"}); near != "" {
				candidates = append(candidates, start+near)
			}
			candidates = append(candidates, start+`"`+word+`"`)
		}
		for _, candidate := range candidates {
			if _, ok := Find(candidate); ok {
				return candidate
			}
		}
	}
	return ""
}

// invalidJSON is the error for a text that is not JSON, with the reason, or with the literal that was meant.
func invalidJSON(text, reason string) error {
	if near := suggest.DidYouMean(text, []string{"true", "false", "null", absent}); near != "" {
		return invalidStep("invalid JSON %s%s", text, near)
	}
	return invalidStep("invalid JSON %s: %s", brief(text), reason)
}

// Undefined describes a text that no definition matches, with the nearest steps.
func Undefined(text string) string {
	nearest := Nearest(text)
	if len(nearest) == 0 {
		return "undefined step: " + text
	}
	return "undefined step: " + text + " (did you mean: " + strings.Join(nearest, "; or: ") + "?)"
}

// skeleton returns a step without its arguments.
func skeleton(text string) string {
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = ""
	}
	words := strings.Fields(strings.Join(parts, `"`))
	return strings.Join(slices.DeleteFunc(words, func(word string) bool {
		return unicode.IsDigit(rune(word[0])) || strings.ContainsAny(word, "_[]{}") || len(word) > 1 && word == strings.ToUpper(word) && unicode.IsUpper(rune(word[0]))
	}), " ")
}

// withArgumentsOf returns the example with what a text has in its quotes, if that matches the definition.
func (d *Definition) withArgumentsOf(text string) string {
	parts, given := strings.Split(d.Example, `"`), strings.Split(text, `"`)
	if len(parts) != len(given) {
		return d.Example
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = given[i]
	}
	if filled := strings.Join(parts, `"`); d.pattern.MatchString(filled) {
		return filled
	}
	return d.Example
}
