package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/lpgate/internal/sources"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
)

// formerFlags maps former names of flags to the present ones. A former name works for one version, with a warning.
var formerFlags = map[string]string{
	"has":          "capability",
	"lacks":        "no-capability",
	"lie":          "mutation",
	"renew-output": "update-golden",
	"seed":         "run-id",
}

// addTargetFlags adds the flags that describe the service to verify.
func (s *session) addTargetFlags(options *service.Options, flags *pflag.FlagSet) {
	options.Warn = s.warn
	options.AddFlags(flags)
}

// addLevelFlag adds the flag for the level that is verified.
func addLevelFlag(level *milestones.Level, flags *pflag.FlagSet) {
	*level = milestones.Full
	values := []string{string(milestones.Core), string(milestones.Full)}
	flags.Var(&choice{(*string)(level), values}, "level", "verify the `LEVEL` core, which leaves HTTP habits open, or full")
}

// checkFlags runs before each command. It prints the warnings about former names, and returns an error for a blank text.
func (s *session) checkFlags(cmd *cobra.Command, _ []string) error {
	for _, warning := range s.sources.Warnings() {
		s.warn(warning)
	}
	return sources.CheckNotBlank(cmd.Flags())
}

// onceValue is a text that may be given once: a second one would silently replace the first.
type onceValue struct {
	text  *string
	given bool
}

func (v *onceValue) String() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

func (v *onceValue) Type() string { return "string" }

func (v *onceValue) Set(text string) error {
	if v.given {
		return errors.New("given twice: combine both expressions as '(FIRST) and (SECOND)'")
	}
	*v.text, v.given = text, true
	return nil
}

// boundedInt is an integer from min to max; 0 if it is not given.
type boundedInt struct {
	n        *int
	min, max int
}

func (v *boundedInt) String() string {
	if v.n == nil || *v.n == 0 {
		return ""
	}
	return strconv.Itoa(*v.n)
}

func (v *boundedInt) Type() string { return "int" }

func (v *boundedInt) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < v.min || n > v.max {
		return fmt.Errorf("must be a number from %d to %d", v.min, v.max)
	}
	*v.n = n
	return nil
}

// shardValue is the number of a shard, from 1, and the count of shards, as in 2/4.
type shardValue struct {
	index, count *int
	max          int
}

func (v *shardValue) String() string {
	if v.count == nil || *v.count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", *v.index, *v.count)
}

func (v *shardValue) Type() string { return "shard" }

func (v *shardValue) Set(text string) error {
	first, second, _ := strings.Cut(text, "/")
	index, err := strconv.Atoi(first)
	count, errCount := strconv.Atoi(second)
	switch {
	case err != nil || errCount != nil || count < 1 || count > v.max:
		return fmt.Errorf("must be INDEX/COUNT with a count from 1 to %d, such as 2/4", v.max)
	case index < 1 || index > count:
		return fmt.Errorf("the index must be from 1 to %d", count)
	}
	*v.index, *v.count = index, count
	return nil
}

// choice is one of a few values.
type choice struct {
	value  *string
	values []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.values, value) {
		last := len(c.values) - 1
		return fmt.Errorf("must be %s or %s%s", strings.Join(c.values[:last], ", "), c.values[last], suggest.DidYouMean(value, c.values))
	}
	*c.value = value
	return nil
}

// checkOutFile reports whether the file of --out exists. It is an error when it cannot be one: its folder does not exist, or it is
// something else than a file.
func checkOutFile(file string) (exists bool, err error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if folder, err := os.Stat(filepath.Dir(file)); err != nil || !folder.IsDir() {
			return false, usage.Errorf("--out %s: the folder %s does not exist", file, filepath.Dir(file))
		}
		return false, nil
	case err != nil:
		return false, usage.Errorf("--out: %w", err)
	case !info.Mode().IsRegular():
		return false, usage.Errorf("--out %s is not a file", file)
	}
	return true, nil
}
