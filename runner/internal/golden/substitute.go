package golden

import (
	"bytes"
	"cmp"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"

	"example.com/lpgate/milestones"
)

// pattern is one of the milestone's patterns, with what a text must have so that looking closer is worth it. A run
// has hundreds of thousands of strings, and a regular expression takes a microsecond to say no.
type pattern struct {
	token   string
	regexp  *regexp.Regexp
	literal string // stands in every match
	least   int    // the length of the shortest match
}

func compile(p milestones.Pattern) (pattern, error) {
	compiled, err := regexp.Compile(p.Regexp)
	if err != nil {
		return pattern{}, err
	}
	parsed, err := syntax.Parse(p.Regexp, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}
	return pattern{p.Token, compiled, literal(parsed), least(parsed)}, nil
}

// literal is a text that every match of the expression holds; "" when none is plain to see.
func literal(e *syntax.Regexp) string {
	switch {
	case e.Op == syntax.OpLiteral && e.Flags&syntax.FoldCase == 0:
		return string(e.Rune)
	case e.Op == syntax.OpCapture:
		return literal(e.Sub[0])
	case e.Op == syntax.OpConcat:
		longest := ""
		for _, sub := range e.Sub {
			if l := literal(sub); len(l) > len(longest) {
				longest = l
			}
		}
		return longest
	}
	return ""
}

// least is a number of bytes that no match of the expression falls short of.
func least(e *syntax.Regexp) int {
	switch e.Op {
	case syntax.OpLiteral:
		return len(e.Rune) // a letter may fold to a longer or shorter one, and is one byte at least
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return least(e.Sub[0])
	case syntax.OpRepeat:
		return e.Min * least(e.Sub[0])
	case syntax.OpConcat:
		sum := 0
		for _, sub := range e.Sub {
			sum += least(sub)
		}
		return sum
	case syntax.OpAlternate:
		smallest := least(e.Sub[0])
		for _, sub := range e.Sub[1:] {
			smallest = min(smallest, least(sub))
		}
		return smallest
	}
	return 0
}

// match is a place in a string.
type match struct {
	from, to int
	token    string
}

// matches finds the patterns in a string. Where two overlap, the one that the milestone has first wins.
func (w *Writer) matches(text []byte) []match {
	if found, known := w.found[string(text)]; known {
		return found
	}
	var found []match
	for _, p := range w.patterns {
		if len(text) < p.least || !bytes.Contains(text, []byte(p.literal)) {
			continue
		}
		for _, at := range p.regexp.FindAllIndex(text, -1) {
			free := !slices.ContainsFunc(found, func(m match) bool { return at[0] < m.to && m.from < at[1] })
			if free && at[0] < at[1] {
				found = append(found, match{at[0], at[1], p.token})
			}
		}
	}
	slices.SortFunc(found, func(a, b match) int { return cmp.Compare(a.from, b.from) })
	if len(w.found) == mostFound {
		clear(w.found) // of a run without end
	}
	w.found[string(text)] = found
	return found
}

// mostFound is how many strings are remembered. The gate's own run has a third of it.
const mostFound = 1 << 16

// substitution replaces what is an implementation's own within one scenario.
type substitution struct {
	writer  *Writer
	numbers map[string]string // text to token
	counts  map[string]int    // how many of a kind there are
	own     *[]Own            // what was replaced, when somebody wants to know
}

// Own is a text that was replaced by a token.
type Own struct{ Kind, Text string }

// Tokens replaces what is an implementation's own in texts that come one after the other, from one implementation.
type Tokens struct{ s substitution }

// Tokens begins with nothing seen.
func (w *Writer) Tokens() *Tokens {
	return &Tokens{substitution{writer: w, numbers: map[string]string{}, counts: map[string]int{}}}
}

// Body is a canonical JSON text with tokens in it, and what they stand for, in order. The messages of a refusal are
// replaced too.
func (t *Tokens) Body(canonical []byte, refusal bool) (text []byte, own []Own) {
	t.s.own = &own
	text = t.s.appendBody(nil, canonical, refusal)
	return text, own
}

// Text is a text with tokens in it, and what they stand for.
func (t *Tokens) Text(plain string) (text string, own []Own) {
	t.s.own = &own
	return string(t.s.appendString(nil, []byte(plain))), own
}

// token is what stands for a text: the same for the same text, numbered as they first appear.
func (s *substitution) token(kind string, text []byte) string {
	if token, known := s.numbers[string(text)]; known {
		return token
	}
	s.counts[kind]++
	token := "<" + kind + " " + strconv.Itoa(s.counts[kind]) + ">"
	s.numbers[string(text)] = token
	return token
}

// appendBody appends a canonical JSON text with tokens in it.
func (s *substitution) appendBody(b, canonical []byte, refusal bool) []byte {
	var name []byte // the member that the next value is of
	for i := 0; i < len(canonical); {
		if canonical[i] != '"' {
			b = append(b, canonical[i])
			i++
			continue
		}
		end := i + 1
		for canonical[end] != '"' {
			if canonical[end] == '\\' {
				end++
			}
			end++
		}
		text := canonical[i+1 : end]
		i = end + 1
		if i < len(canonical) && canonical[i] == ':' {
			name = text
		} else if refusal && string(name) == "message" {
			text, name = []byte("<message>"), nil
		}
		b = append(b, '"')
		b = s.appendString(b, text)
		b = append(b, '"')
	}
	return b
}

// appendString appends the inside of a string.
func (s *substitution) appendString(b, text []byte) []byte {
	from := 0
	for _, m := range s.writer.matches(text) {
		b = append(b, text[from:m.from]...)
		b = append(b, s.token(m.token, text[m.from:m.to])...)
		if s.own != nil {
			*s.own = append(*s.own, Own{m.token, string(text[m.from:m.to])})
		}
		from = m.to
	}
	return append(b, text[from:]...)
}
