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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	// It reports the line of a value, which the errors need.
	"gopkg.in/yaml.v3"

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
	if warning := fmt.Sprintf("%s is deprecated: use %s", former, current); !slices.Contains(s.deprecated, warning) {
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

// set gives a setting its values, unless it was set before. Place is the variable, or the
// line of the file; source is the place with the name of the setting.
func (s *settings) set(name, place, source string, values []string) error {
	if s.flags.Changed(name) {
		return nil
	}
	for _, value := range values {
		if value == "" {
			return fmt.Errorf("%s: %s is empty: remove it, or give it a value", place, name)
		}
		if err := s.flags.Set(name, value); err != nil {
			return valueError(source, err)
		}
	}
	return s.flags.SetAnnotation(name, sourceAnnotation, []string{source})
}

// loadFile sets the settings from the configuration file, and reports all its problems.
func (s *settings) loadFile() error {
	var names []string
	s.flags.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	lines, err := s.readConfig(names)
	if err != nil {
		return err
	}
	var problems []error
	for _, line := range lines {
		switch {
		case line.problem != nil:
			problems = append(problems, line.problem)
		case len(line.values) != 1 && !isList(s.flags.Lookup(line.name)):
			problems = append(problems, fmt.Errorf("%s: %s must be one value, not a list", line.place, line.name))
		default:
			problems = append(problems, s.set(line.name, line.place, line.place+": "+line.name, line.values))
		}
	}
	return errors.Join(problems...)
}

// configLine is a setting of the configuration file.
type configLine struct {
	place   string // FILE:LINE
	name    string
	values  []string
	problem error
}

// readConfig reads the configuration file: a YAML mapping of the names to values or lists
// of values.
func (s *settings) readConfig(names []string) ([]configLine, error) {
	file := s.config
	text, err := textfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	mapping, err := yamlfile.Node(file, "mapping of settings", text)
	if errors.Is(err, yamlfile.ErrEmpty) {
		return nil, nil // all of it may be comments
	} else if err != nil {
		return nil, err
	}
	if mapping.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: write one setting a line, such as addr: 127.0.0.1:8109", file, mapping.Line)
	}
	var lines []configLine
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		line := configLine{place: fmt.Sprintf("%s:%d", file, key.Line)}
		line.name = s.current(key.Value, line.place+": "+key.Value, renamed[key.Value])
		switch {
		case !slices.Contains(names, line.name):
			line.problem = fmt.Errorf("%s: unknown setting: fakeserver --help lists the settings", line.place) // it may be a secret
			if nearest := suggest.DidYouMean(line.name, names); nearest != "" {
				line.problem = fmt.Errorf("%s: unknown setting %q%s", line.place, line.name, nearest)
			}
		case line.name == "config":
			line.problem = fmt.Errorf("%s: a configuration file cannot name another one", line.place)
		case slices.ContainsFunc(lines, func(before configLine) bool { return before.name == line.name }):
			line.problem = fmt.Errorf("%s: duplicate setting %s", line.place, line.name)
		}
		elements := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			elements = value.Content
		}
		for _, element := range elements {
			if element.Kind != yaml.ScalarNode && line.problem == nil {
				line.problem = fmt.Errorf("%s:%d: %s must be a value, or a list of values", file, element.Line, line.name)
			}
			if element.Tag == "!!null" {
				element.Value = ""
			}
			line.values = append(line.values, element.Value)
		}
		lines = append(lines, line)
	}
	return lines, nil
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
