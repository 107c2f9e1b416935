package steps

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/lpgate/milestones"
)

// Mismatch is a promise that the target did not keep. It is the error of every sentence that asserts something; the
// rest of the scenario is not run, so the first one is the only one.
type Mismatch struct {
	// Message is what was being checked, in words.
	Message string
	// Expected and Got are the two sides, each as one line.
	Expected, Got string
	// Diff tells how two structured values differ. It is empty where Expected and Got say it all.
	Diff string
}

// Error puts one thing under the other.
func (m *Mismatch) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  expected: %s\n  got:      %s", m.Message, m.Expected, m.Got)
	if m.Diff != "" {
		b.WriteString("\n  " + strings.ReplaceAll(strings.TrimRight(m.Diff, "\n"), "\n", "\n  "))
	}
	return b.String()
}

// InvalidStep is a fault in the scenario's own text, such as a word that nobody knows. It says nothing about the
// target.
type InvalidStep struct {
	// Message is wrong, and where.
	Message string
	// Nearest is the right thing that looks most like it, or empty.
	Nearest string
	// Row is the row of the table that is wrong, counted from 1; 0 when it is the sentence itself.
	Row int
	// Err is why a file that the scenario names cannot be read; nil otherwise.
	Err error

	bare string // Message without the row
}

// Unwrap returns Err.
func (b *InvalidStep) Unwrap() error { return b.Err }

// Error tells what is wrong, and what may have been meant.
func (b *InvalidStep) Error() string {
	if b.Nearest == "" {
		return b.Message
	}
	return fmt.Sprintf("%s (did you mean %q?)", b.Message, b.Nearest)
}

// inRow is Error for somebody who knows the row.
func (b *InvalidStep) inRow() string {
	return (&InvalidStep{Message: b.bare, Nearest: b.Nearest}).Error()
}

func badSentence(format string, args ...any) error {
	return &InvalidStep{Message: fmt.Sprintf(format, args...)}
}

// Unreachable is a request without an answer: the target is not there, or went away while it answered. It is no
// verdict about the contract.
type Unreachable struct {
	// Err is what the transport said.
	Err error
}

// Error tells what the transport said.
func (u *Unreachable) Error() string { return "the target cannot be reached: " + u.Err.Error() }

// Unwrap returns what the transport said.
func (u *Unreachable) Unwrap() error { return u.Err }

// mostNearest is how many sentences are suggested at most.
const mostNearest = 3

// Nearest are the sentences that a text may have been meant to be, the most similar one first: the words decide, and
// what the author wrote in quotes stays. They are three at most. With a colon at the end it means one with a table. It is
// one alone when the words are right, and what stands between them is not.
func Nearest(text string) []string {
	if mended := mend(text); mended != "" {
		return []string{mended}
	}
	colon := strings.HasSuffix(text, ":")
	if nearest := nearestOf(text, func(s Definition) bool { return strings.HasSuffix(s.Example, ":") == colon }); nearest != nil {
		return nearest
	}
	return nearestOf(text, func(Definition) bool { return true })
}

func nearestOf(text string, fits func(Definition) bool) []string {
	var places []int
	var bones []string
	for i, sentence := range table {
		if fits(sentence) {
			places, bones = append(places, i), append(bones, skeleton(sentence.Example))
		}
	}
	var nearest []string
	words := skeleton(text)
	for _, near := range milestones.Near(words, bones, len(words)/2) {
		if len(nearest) < mostNearest {
			nearest = append(nearest, withArgumentsOf(text, places[near]))
		}
	}
	return nearest
}

// mend is the sentence that a text is but for one slip in what it takes: a pointer without its first slash, a misspelt
// literal, a text without quotes; "" when there is none.
func mend(text string) string {
	texts := []string{text}
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts); i += 2 {
		if slashed := slices.Clone(parts); parts[i] != "" && parts[i][0] != '/' {
			slashed[i] = "/" + parts[i]
			texts = append(texts, strings.Join(slashed, `"`))
		}
	}
	at := strings.LastIndexByte(text, ' ') + 1
	word := text[at:]
	for _, text := range texts {
		ends := []string{text}
		if !strings.ContainsAny(word, `":`) && strings.HasSuffix(text, word) {
			start := strings.TrimSuffix(text, word)
			if near := milestones.Nearest(word, []string{"true", "false", "null", absent, "present"}); near != "" {
				ends = append(ends, start+near)
			}
			ends = append(ends, start+`"`+word+`"`)
		}
		for _, mended := range ends {
			if _, ok := Find(mended); ok {
				return mended
			}
		}
	}
	return ""
}

// notJSON says that a text of a scenario is no JSON: for which reason, or that it looks like a literal.
func notJSON(text, why string) error {
	if near := milestones.Suggest(text, []string{"true", "false", "null", absent}); near != "" {
		return badSentence("%s is no JSON%s", text, near)
	}
	return badSentence("%s is no JSON: %s", brief(text), why)
}

// Unknown says that a text is no sentence, and what may have been meant.
func Unknown(text string) string {
	says := "nobody knows this sentence: " + text
	nearest := Nearest(text)
	if len(nearest) == 0 {
		return says
	}
	return says + " (did you mean: " + strings.Join(nearest, "; or: ") + "?)"
}

// skeleton leaves the words of a sentence that are no arguments.
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

// withArgumentsOf is the example of a sentence with what a text has in its quotes, if that fits.
func withArgumentsOf(text string, place int) string {
	example := table[place].Example
	parts, given := strings.Split(example, `"`), strings.Split(text, `"`)
	if len(parts) != len(given) {
		return example
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = given[i]
	}
	if filled := strings.Join(parts, `"`); compiled()[place].pattern.MatchString(filled) {
		return filled
	}
	return example
}
