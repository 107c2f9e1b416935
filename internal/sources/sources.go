// Package sources sets the flags of a command from several sources: the command line, environment variables and a YAML
// file. The flags are the only list of settings: variables and keys have their names.
//
//	s := sources.New(flags, map[string]string{"old-name": "new-name"})
//	cmd.SetGlobalNormalizationFunc(s.Normalize)
//	cmd.SetFlagErrorFunc(sources.FlagError)
//	…
//	err := s.LoadEnvironment("NAME_", os.Environ(), nil) // --max-age is NAME_MAX_AGE
//	err = s.LoadFile("config")                           // max-age: 3, in the file of --config
//
// The first source that sets a flag counts: the command line, then variables, then the file. All are read strictly: an
// unknown name is an error with the nearest known one.
package sources

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/internal/yamlfile"
)

// Set is the settings of a command.
type Set struct {
	flags    *pflag.FlagSet
	renamed  map[string]string
	warnings []string
	origins  map[string]string
}

// New returns settings with the flags. Former names, the keys of renamed, are read as the present ones.
func New(flags *pflag.FlagSet, renamed map[string]string) *Set {
	return &Set{flags: flags, renamed: renamed, origins: map[string]string{}}
}

// Warnings are about former names that were used, each once.
func (s *Set) Warnings() []string { return s.warnings }

// Normalize is a normalization function of flags: it replaces a former name by the present one.
func (s *Set) Normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(s.current(name, "--"+name, "--"+s.renamed[name]))
}

// current returns the present name of a setting. For a former one it adds a warning with both names as users write them.
func (s *Set) current(name, former, present string) string {
	if s.renamed[name] == "" {
		return name
	}
	if warning := fmt.Sprintf("%s is deprecated: write %s", former, present); !slices.Contains(s.warnings, warning) {
		s.warnings = append(s.warnings, warning)
	}
	return s.renamed[name]
}

// Origin returns where a setting, or one value of a list, was set: the flag, the variable, or what [Set.SetOrigin] set.
func (s *Set) Origin(name string, value ...string) string {
	if origin := s.origins[originKey(name, value)]; origin != "" {
		return origin
	}
	return "--" + name
}

// HasOrigin reports whether a setting, or one value of a list, is from another source than the command line.
func (s *Set) HasOrigin(name string, value ...string) bool {
	return s.origins[originKey(name, value)] != ""
}

// SetOrigin sets where a setting, or one value of a list, was set.
func (s *Set) SetOrigin(origin, name string, value ...string) {
	s.origins[originKey(name, value)] = origin
}

func originKey(name string, value []string) string {
	return strings.Join(append([]string{name}, value...), " ")
}

// Variable returns the environment variable of a setting.
func Variable(prefix, name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// LoadEnvironment sets settings from environment variables. Each variable with the prefix must be a setting, except those
// that isForeign accepts; nil accepts none. A list is separated by commas.
func (s *Set) LoadEnvironment(prefix string, environ []string, isForeign func(variable, value string) bool) error {
	names := map[string]string{} // by variable without the prefix
	suffix := func(name string) string { return strings.TrimPrefix(Variable(prefix, name), prefix) }
	s.flags.VisitAll(func(flag *pflag.Flag) { names[suffix(flag.Name)] = flag.Name })
	var suffixes []string
	for suffix := range names {
		suffixes = append(suffixes, suffix)
	}
	for former := range s.renamed {
		names[suffix(former)] = former
	}
	for _, entry := range slices.Sorted(slices.Values(environ)) { // of several errors, always the same one is returned
		key, value, _ := strings.Cut(entry, "=")
		suffix, ours := strings.CutPrefix(key, prefix)
		if !ours {
			continue
		}
		if !utf8.ValidString(entry) { // the value may be a secret
			return fmt.Errorf("the environment variable %q is not UTF-8: write it in UTF-8", key)
		}
		name, known := names[suffix]
		if !known && isForeign != nil && isForeign(key, value) {
			continue
		}
		if !known {
			// The common prefix must not make all variables similar.
			if nearest := suggest.Nearest(suffix, suffixes); nearest != "" {
				return fmt.Errorf("unknown setting %s in the environment (did you mean %s%s?)", key, prefix, nearest)
			}
			return fmt.Errorf("unknown setting %s in the environment: %s --help lists the settings", key, s.flags.Name())
		}
		name = s.current(name, key, Variable(prefix, s.renamed[name]))
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

// set gives a setting its values, unless it was set before. Key is the variable or the key in the file, and origin where
// it stands.
func (s *Set) set(name, key, origin string, values []string) error {
	if s.flags.Changed(name) {
		return nil
	}
	for _, value := range values {
		if value == "" {
			return fmt.Errorf("%s is empty: remove it, or give it a value", key)
		}
		if err := s.flags.Set(name, value); err != nil {
			return valueError(origin, err)
		}
	}
	s.SetOrigin(origin, name)
	return nil
}

// LoadFile sets settings from the YAML file that a flag names, if it is set: a mapping of names to values or lists of
// values. The flag itself cannot be in the file. The error has all problems, without values: they may be secrets by mistake.
func (s *Set) LoadFile(flag string) error {
	name := s.flags.Lookup(flag).Value.String()
	if name == "" {
		return nil
	}
	text, err := textfile.Read(name)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Origin(flag), err)
	}
	file, err := yamlfile.Parse(name, text, yamlfile.Options{Kind: "mapping of settings", Schema: fileSchema{s, flag}, HideValues: true})
	if errors.Is(err, yamlfile.ErrEmpty) {
		return nil // all of it may be comments
	} else if err != nil {
		return err
	}
	s.warnings = append(s.warnings, file.Deprecations()...)
	for _, key := range file.Keys("") {
		at := yamlfile.At(key)
		if !file.Valid(at) {
			continue
		}
		values := []string{file.Text(at)}
		if list, ok := file.Value().(map[string]any)[key].([]any); ok {
			values = nil
			for i := range list {
				values = append(values, file.Text(yamlfile.Below(at, i)))
			}
		}
		place := fmt.Sprintf("%s:%d: ", name, file.Line(at))
		if err := s.set(key, key, place+key, values); err != nil {
			file.Report(at, "%s", strings.TrimPrefix(err.Error(), place))
		}
	}
	return file.Err()
}

// isList reports whether a setting can have several values.
func isList(flag *pflag.Flag) bool {
	_, list := flag.Value.(pflag.SliceValue)
	return list
}

// FlagError adds the nearest flag to the error for an unknown one. It is for [cobra.Command.SetFlagErrorFunc].
func FlagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string // without the dashes, which would make all of them similar
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	if nearest := suggest.Nearest(unknown.GetSpecifiedName(), names); nearest != "" {
		return fmt.Errorf("%w (did you mean --%s?)", err, nearest)
	}
	return err
}

// ValueError is [FlagError], and adds the expected form to the error for an invalid value.
func ValueError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return valueError("--"+invalid.GetFlag().Name, err)
	}
	return FlagError(cmd, err)
}

// valueError adds the expected form to an error about the value of a setting.
func valueError(origin string, err error) error {
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
	return fmt.Errorf("%s is not %q: %s", origin, invalid.GetValue(), expected)
}

// CheckNotBlank returns an error for a flag that is given with a blank text: usually a variable of the shell that is not
// set.
func CheckNotBlank(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		var texts []string
		if list, isList := flag.Value.(pflag.SliceValue); isList {
			texts = list.GetSlice()
		} else if flag.Value.Type() == "string" {
			texts = []string{flag.Value.String()}
		}
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				err = fmt.Errorf("--%s is empty: leave it out, or give it a value", flag.Name)
			}
		}
	})
	return err
}
