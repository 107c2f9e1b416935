package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
)

// sourceAnnotation is the annotation of a flag that was set by a variable or the file.
const sourceAnnotation = "source"

// source returns where a setting was given: a flag, a variable, or a line of the file and
// its key.
func (s *settings) source(name string) string {
	if flag := s.flags.Lookup(name); flag != nil && len(flag.Annotations[sourceAnnotation]) > 0 {
		return flag.Annotations[sourceAnnotation][0]
	}
	return "--" + name
}

const variablePrefix = "FAKESERVER_"

// variable returns the environment variable of a setting.
func variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// currentName is the normalization function of the flags: it accepts former names.
func (s *settings) currentName(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(s.current(name, "--"+name, "--"+renamed[name]))
}

// current returns the current name of a setting. For a former name it records a warning,
// once, with both names as the user writes them.
func (s *settings) current(name, former, current string) string {
	if renamed[name] == "" {
		return name
	}
	if warning := fmt.Sprintf("%s is deprecated: write %s", former, current); !slices.Contains(s.deprecated, warning) {
		s.deprecated = append(s.deprecated, warning)
	}
	return renamed[name]
}

// load sets each setting that is not among the given flags from its variable, or else
// from its key in the configuration file, and prints a warning for each former name.
func (s *settings) load(given *pflag.FlagSet, environ []string, stderr io.Writer) error {
	defer func() {
		for _, warning := range s.deprecated {
			fmt.Fprintln(stderr, "fakeserver:", warning)
		}
	}()
	if err := checkNotEmpty(given); err != nil {
		return err
	}
	if err := s.loadEnvironment(environ); err != nil || s.config == "" {
		return err
	}
	return s.loadFile()
}

// loadEnvironment sets the settings from environment variables. Each variable with the
// prefix must be a setting, except those that are set for a service called fakeserver,
// see isServiceLink.
func (s *settings) loadEnvironment(environ []string) error {
	names := map[string]string{} // by variable without the prefix
	s.flags.VisitAll(func(flag *pflag.Flag) { names[strings.TrimPrefix(variable(flag.Name), variablePrefix)] = flag.Name })
	var suffixes []string
	for suffix := range names {
		suffixes = append(suffixes, suffix)
	}
	for former := range renamed {
		names[strings.TrimPrefix(variable(former), variablePrefix)] = former
	}
	slices.Sort(environ) // of several errors, always the same one is returned
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		suffix, ours := strings.CutPrefix(key, variablePrefix)
		if !ours {
			continue
		}
		if !utf8.ValidString(entry) { // the value may be a secret
			return fmt.Errorf("the environment variable %q is not UTF-8: write it in UTF-8", key)
		}
		name, known := names[suffix]
		if !known && isServiceLink(key, value) {
			continue
		}
		if !known {
			// The common prefix must not make all variables similar.
			if nearest := suggest.Nearest(suffix, suffixes); nearest != "" {
				return fmt.Errorf("unknown setting %s in the environment (did you mean %s%s?)", key, variablePrefix, nearest)
			}
			return fmt.Errorf("unknown setting %s in the environment: fakeserver --help lists the settings", key)
		}
		name = s.current(name, key, variable(renamed[name]))
		values := []string{value}
		if isList(s.flags.Lookup(name)) {
			values = strings.Split(value, ",")
		}
		if err := s.set(name, key, key, values); err != nil {
			return err
		}
	}
	return nil
}

// set gives a setting its values, unless it was set before. Key is the variable or the key
// in the file, and source where it stands.
func (s *settings) set(name, key, source string, values []string) error {
	if s.flags.Changed(name) {
		return nil
	}
	for _, value := range values {
		if value == "" {
			return fmt.Errorf("%s is empty: remove it, or give it a value", key)
		}
		if err := s.flags.Set(name, value); err != nil {
			return valueError(source, err)
		}
	}
	return s.flags.SetAnnotation(name, sourceAnnotation, []string{source})
}

// loadFile sets the settings from the configuration file, a YAML mapping of their names to
// values or lists of values. It reports all problems.
func (s *settings) loadFile() error {
	text, err := textfile.Read(s.config)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	file, err := yamlfile.Parse(s.config, text, yamlfile.Options{
		Kind: "mapping of settings", Schema: configSchema{s.flags}, HideValues: true, // it may have a secret by mistake
	})
	if errors.Is(err, yamlfile.ErrEmpty) {
		return nil // all of it may be comments
	} else if err != nil {
		return err
	}
	s.deprecated = append(s.deprecated, file.Deprecations()...)
	for _, name := range file.Keys("") {
		at := yamlfile.At(name)
		if !file.Valid(at) {
			continue
		}
		values := []string{file.Text(at)}
		if list, ok := file.Value().(map[string]any)[name].([]any); ok {
			values = nil
			for i := range list {
				values = append(values, file.Text(yamlfile.Below(at, i)))
			}
		}
		place := fmt.Sprintf("%s:%d: ", s.config, file.Line(at))
		if err := s.set(name, name, place+name, values); err != nil {
			file.Report(at, "%s", strings.TrimPrefix(err.Error(), place))
		}
	}
	return file.Err()
}

// configSchema is the schema of the configuration file, which the flags define.
type configSchema struct{ flags *pflag.FlagSet }

// Failures implements [yamlfile.Schema].
func (c configSchema) Failures(value any) (failures []yamlfile.Failure) {
	members, ok := value.(map[string]any)
	if !ok {
		return []yamlfile.Failure{{Keyword: "type", Node: map[string]any{"type": "object"}}}
	}
	former, known, unknown := map[string]any{}, map[string]any{}, false
	for name, current := range renamed {
		former[name] = current
	}
	c.flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "config" { // a file does not name another one
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
		case isArray && isList(c.flags.Lookup(name)):
			for i, item := range list {
				if !isScalar(item) {
					fail(yamlfile.Below(at, i), scalar)
				}
			}
		case !isScalar(value) && isList(c.flags.Lookup(name)):
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

// isList reports whether a setting can have several values.
func isList(flag *pflag.Flag) bool {
	_, list := flag.Value.(pflag.SliceValue)
	return list
}

// flagError adds the nearest flag to the error for an unknown one, and the expected value
// to that for an invalid one.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return valueError("--"+invalid.GetFlag().Name, err)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return fmt.Errorf("%w%s", err, suggest.DidYouMean("--"+unknown.GetSpecifiedName(), names))
}

// valueError adds the expected form to an error about the value of a setting.
func valueError(source string, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	expected, known := map[string]string{
		"duration": "write a duration, such as 90s, 10m or 72h",
		"int":      "write an integer",
		"bool":     "write true or false",
	}[invalid.GetFlag().Value.Type()]
	if !known {
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		expected = fmt.Sprint("write an integer, at most ", math.MaxInt)
	}
	return fmt.Errorf("%s is not %q: %s", source, invalid.GetValue(), expected)
}

// checkNotEmpty refuses a flag with an empty text, which comes from a shell variable that
// is not set.
func checkNotEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if slices.Contains(values, "") {
			err = fmt.Errorf("--%s is empty: remove it, or give it a value", flag.Name)
		}
	})
	return err
}
