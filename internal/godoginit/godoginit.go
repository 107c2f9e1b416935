// Package godoginit imports godog without the process that godog starts.
//
// A package variable of github.com/cucumber/godog/internal/builder executes "go env GOTOOLDIR" while the program
// initializes: whatever program is called go and stands first in PATH, before main and in every command, --help too. It may
// download a toolchain, takes up to 350 ms, and keeps signals from being handled. godog needs the value for its own
// command, which this module does not use, and has no setting that turns this off.
//
// Package hidepath is initialized before godog and clears PATH, so that no program is found. This package imports godog, is
// thus initialized after it, and restores PATH. Every package that imports godog imports this one, blank, beside it; a test
// holds that.
//
// Alternatives: the import cannot be avoided, since the root package of godog imports builder; a fork of godog would have
// to be maintained; a replace directive does not apply to those who import this module.
package godoginit

import (
	_ "github.com/cucumber/godog" // is initialized before init below

	"example.com/lpgate/internal/godoginit/hidepath" // is initialized before godog
)

func init() { hidepath.Restore() }
