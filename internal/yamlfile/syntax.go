package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/textfile"
)

// parseDocument reads the one document of a file. YAML is a superset of JSON but for tabs and for surrogates in escapes: JSON
// that has those is read as well.
func parseDocument(name string, raw []byte, options Options) (*yaml.Node, error) {
	text, err := textfile.Decode(name, raw)
	if err == nil {
		// Package yaml refuses most of these as well, but without a line; and it ends lines at characters at which an editor
		// does not.
		err = textfile.CheckCharacters(name, text)
	}
	if err != nil {
		return nil, err
	}
	documents, err := decodeAll(text)
	if err != nil {
		if plain, ok := jsonAsYAML(text); ok {
			documents, err = decodeAll(plain)
		}
	}
	if err != nil {
		return nil, syntaxProblem(name, text, err.Error(), options.HideValues)
	}
	if len(documents) == 0 || documents[0].Content[0].ShortTag() == "!!null" {
		return nil, &Problem{name, 1, ErrEmpty.Error(), ErrEmpty}
	}
	if len(documents) > 1 {
		return nil, &Problem{File: name, Line: documents[1].Line, Message: "a second document begins: one file has one " + options.Kind}
	}
	return documents[0].Content[0], nil
}

// decodeAll reads the documents of a text, and of three and more the first two.
func decodeAll(text []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var documents []*yaml.Node
	for len(documents) < 2 {
		document := new(yaml.Node)
		if err := decoder.Decode(document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// jsonAsYAML writes JSON in the part of it that YAML reads, with each value on its line. It reports whether the text is JSON.
func jsonAsYAML(text []byte) ([]byte, bool) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))
	var plain []byte
	var end int64
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return plain, errors.Is(err, io.EOF) && len(plain) > 0
		}
		part := text[end:decoder.InputOffset()]
		end = decoder.InputOffset()
		if quote := bytes.IndexByte(part, '"'); token.Kind() == jsontext.KindString && quote >= 0 {
			quoted, err := jsontext.AppendQuote(nil, token.String())
			if err != nil {
				return nil, false
			}
			plain = append(plain, bytes.ReplaceAll(part[:quote], []byte("\t"), []byte(" "))...)
			plain = append(plain, quoted...)
			continue
		}
		plain = append(plain, bytes.ReplaceAll(part, []byte("\t"), []byte(" "))...)
	}
}

var (
	yamlErrorLine = regexp.MustCompile(`^(?:yaml: )?line ([0-9]+): `)
	unclosed      = regexp.MustCompile(`^did not find expected (?:',' or '[\]}]'|node content)$`)
	misplaced     = regexp.MustCompile(`^did not find expected (?:key|'-' indicator|<.*>)$|^(?:mapping values|block sequence entries) are not allowed`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	colonInValue  = regexp.MustCompile(`^[^"'#]*[^"'#\s]:\s+[^"'#|>\s][^"'#]*:(\s|$)`)
	joinedColon   = regexp.MustCompile(`^[\s-]*[A-Za-z_][A-Za-z0-9_-]*:[^\s:/][^\s:]*$`)
	joinedDash    = regexp.MustCompile(`^\s*-[A-Za-z_][A-Za-z0-9_-]*:(\s|$)`)
)

// maxSearched is the size of a text in which the line of a syntax error is searched for: each step reads up to the whole text.
const maxSearched = 1 << 20

// syntaxProblem makes a problem of an error of package yaml, whose line is that on which a list or mapping begins, or none.
//
// The parser stops at the first token that it cannot place. So the texts that end before that token have another result
// than the whole, and those that end behind it the same one: a binary search finds the line.
func syntaxProblem(name string, text []byte, message string, hide bool) *Problem {
	lines := strings.SplitAfter(string(text), "\n")
	line := 1
	message = strings.TrimPrefix(message, "yaml: ")
	if match := yamlErrorLine.FindStringSubmatch(message); match != nil {
		line, _ = strconv.Atoi(match[1])
	}
	opened := min(line+1, len(lines)) // the parser counts lines from 0
	if len(text) <= maxSearched {
		line = 1 + sort.Search(len(lines)-1, func(n int) bool {
			_, err := decodeAll([]byte(strings.Join(lines[:n+1], "")))
			return err != nil && strings.TrimPrefix(err.Error(), "yaml: ") == message
		})
	}
	message = yamlErrorLine.ReplaceAllString(message, "")
	if anchor := unknownAnchor.FindStringSubmatch(message); anchor != nil {
		line = 1 + strings.Count(string(text[:max(0, bytes.Index(text, []byte("*"+anchor[1])))]), "\n")
		if hide {
			message = "unknown anchor"
		}
	} else if unclosed.MatchString(message) {
		line, message = opened, "a { or [ on the line is not closed"
	} else if hint := hintFor(lines, line-1, message); hint != "" {
		message = hint
	}
	return &Problem{File: name, Line: line, Message: "not YAML: " + message}
}

// hintFor returns a hint for usual mistakes. The line before may be the wrong one.
func hintFor(lines []string, at int, message string) string {
	line := strings.TrimRight(lines[at], "\n")
	content := strings.TrimLeft(line, " ")
	before := ""
	for i := at - 1; i >= 0 && strings.TrimSpace(before) == ""; i-- {
		before = strings.TrimRight(lines[i], "\n")
	}
	switch {
	case strings.HasPrefix(content, "\t"):
		return "the line is indented with a tab: use spaces"
	case colonInValue.MatchString(line):
		return "a colon with a space behind it is in the value: put the value in quotes"
	case joinedColon.MatchString(before):
		return "the line before has no space behind its colon"
	case joinedDash.MatchString(line):
		return "the line has no space behind its dash"
	case joinedDash.MatchString(before):
		return "the line before has no space behind its dash"
	case misplaced.MatchString(message) && len(line)-len(content) != len(before)-len(strings.TrimLeft(before, " ")):
		return fmt.Sprintf("the indentation of the line (%d) fits no list or mapping above", len(line)-len(content))
	case strings.HasPrefix(message, "could not find expected ':'"):
		return "the line has no key: write KEY: VALUE"
	}
	return ""
}
