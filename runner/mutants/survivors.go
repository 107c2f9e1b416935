package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// survivor is a mutant that was reviewed, and why no scenario can kill it. One without a line and a change stands for
// every mutant of its declaration.
type survivor struct {
	identity `yaml:",inline"`
	Because  string `yaml:"because"`
	line     int    // of the list
}

// whole tells whether it stands for a declaration.
func (s survivor) whole() bool { return s.identity.Line == "" && s.Change == "" && s.Nth == 0 }

// covers tells whether it is about the mutant.
func (s survivor) covers(m mutant) bool {
	return s.identity == m.identity || s.whole() && s.File == m.File && s.In == m.In
}

func readSurvivors(file string) ([]survivor, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseSurvivors(file, text)
}

// parseSurvivors reads the list. A key that nobody knows, an argument that is missing and a mutant that stands there twice
// are errors.
func parseSurvivors(file string, text []byte) ([]survivor, error) {
	var list []survivor
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var places yaml.Node
	if err := errors.Join(decoder.Decode(&list), yaml.Unmarshal(text, &places)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var problems []error
	first := map[identity]int{}
	for i := range list {
		s := &list[i]
		s.line = places.Content[0].Content[i].Line
		switch {
		case s.File == "" || s.In == "" || !s.whole() && (s.identity.Line == "" || s.Change == ""):
			problems = append(problems, fmt.Errorf("%s:%d: a survivor has file, in, line and change; a whole declaration has file and in", file, s.line))
		case strings.TrimSpace(s.Because) == "":
			problems = append(problems, fmt.Errorf("%s:%d: a survivor is explained: because", file, s.line))
		case first[s.identity] > 0:
			problems = append(problems, fmt.Errorf("%s:%d: it stands in line %d already", file, s.line, first[s.identity]))
		}
		first[s.identity] = s.line
	}
	return list, errors.Join(problems...)
}
