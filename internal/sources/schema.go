package sources

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/yamlfile"
)

// fileSchema is the schema of a file of settings, which the flags define.
type fileSchema struct {
	settings *Set
	excluded string // a flag
}

// Failures implements [yamlfile.Schema].
func (s fileSchema) Failures(value any) (failures []yamlfile.Failure) {
	members, ok := value.(map[string]any)
	if !ok {
		return []yamlfile.Failure{{Keyword: "type", Node: map[string]any{"type": "object"}}}
	}
	former, known, unknown := map[string]any{}, map[string]any{}, false
	for name, present := range s.settings.renamed {
		former[name] = present
	}
	flags := s.settings.flags
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != s.excluded {
			known[flag.Name] = true
		}
	})
	scalar := []any{"string", "number", "boolean"}
	fail := func(at jsontext.Pointer, types []any) {
		failures = append(failures, yamlfile.Failure{Pointer: at, Keyword: "type", Node: map[string]any{"type": types}})
	}
	for name, value := range members {
		at := yamlfile.At(name)
		list, isArray := value.([]any)
		switch {
		case known[name] == nil:
			unknown = true
		case isArray && isList(flags.Lookup(name)):
			for i, item := range list {
				if !isScalar(item) {
					fail(yamlfile.Below(at, i), scalar)
				}
			}
		case !isScalar(value) && isList(flags.Lookup(name)):
			fail(at, append(scalar, "array"))
		case !isScalar(value):
			fail(at, scalar)
		}
	}
	if unknown {
		failures = append(failures, yamlfile.Failure{Keyword: "additionalProperties", Node: map[string]any{
			"additionalProperties": false, "properties": known, "x-renamed": former,
		}})
	}
	return failures
}

func isScalar(value any) bool {
	switch value.(type) {
	case string, float64, bool:
		return true
	}
	return false
}
