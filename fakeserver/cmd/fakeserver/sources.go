package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/sources"
)

const variablePrefix = "FAKESERVER_"

// source returns where a setting was given: a flag, a variable, or a line of the file and
// its key.
func (s *settings) source(name string) string { return s.sources.Origin(name) }

// load sets each setting that is not among the given flags from its variable, or else
// from its key in the configuration file, and prints a warning for each former name.
func (s *settings) load(given *pflag.FlagSet, environ []string, stderr io.Writer) error {
	defer func() {
		for _, warning := range s.sources.Warnings() {
			fmt.Fprintln(stderr, "fakeserver:", warning)
		}
	}()
	if err := sources.CheckNotBlank(given); err != nil {
		return err
	}
	if err := s.sources.LoadEnvironment(variablePrefix, environ, isServiceLink); err != nil {
		return err
	}
	return s.sources.LoadFile("config")
}
