package main

import (
	"embed"
	"errors"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// survivor is a mutant that was reviewed, and the reason why no scenario can kill it. One without a line and a change
// matches every mutant of its declaration.
type survivor struct {
	identity `yaml:",inline"`
	Because  string `yaml:"because"`
	line     int    // of the list
}

// isDeclaration reports whether it matches every mutant of a declaration.
func (s survivor) isDeclaration() bool { return s.identity.Line == "" && s.Change == "" && s.Nth == 0 }

// covers reports whether it is about the mutant.
func (s survivor) covers(m mutant) bool {
	return s.identity == m.identity || s.isDeclaration() && s.File == m.File && s.In == m.In
}

//go:embed Survivors.schema.json
var schemaFile embed.FS

func readSurvivors(file string) ([]survivor, error) {
	text, err := textfile.Read(file)
	if err != nil {
		return nil, err
	}
	return parseSurvivors(file, text)
}

// parseSurvivors reads the list. An empty text is an empty list.
func parseSurvivors(name string, text []byte) ([]survivor, error) {
	file, err := yamlfile.Parse(name, text, yamlfile.Options{Kind: "list of survivors", Schema: schemas.Must(schemaFile, "Survivors")})
	if errors.Is(err, yamlfile.ErrEmpty) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []survivor
	file.Decode(&list)
	first := map[identity]int{}
	for i := range list {
		at := yamlfile.At(i)
		list[i].line = file.Line(at)
		if line := first[list[i].identity]; line > 0 && file.Valid(at) {
			file.Report(at, "this survivor is listed twice (first on line %d)", line)
		}
		first[list[i].identity] = list[i].line
	}
	return list, file.Err()
}
