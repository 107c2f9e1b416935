// Package hidepath clears the environment variable PATH while the program initializes, for package godoginit, which
// explains why and restores it.
//
// It imports package os alone, and its import path sorts before "os/exec". Go initializes, of the packages whose imports
// are ready, the one whose import path sorts first (https://go.dev/ref/spec#Program_initialization). So this package is
// initialized before os/exec, and before everything that imports it.
package hidepath

import "os"

const name = "PATH"

var value, wasSet = hide()

func hide() (string, bool) {
	value, wasSet := os.LookupEnv(name)
	set(os.Setenv(name, ""))
	return value, wasSet
}

// Restore gives PATH the value that the process was started with.
func Restore() {
	if wasSet {
		set(os.Setenv(name, value))
	} else {
		set(os.Unsetenv(name))
	}
}

func set(err error) {
	if err != nil {
		panic("setting PATH: " + err.Error()) // the name and the values are those of an environment
	}
}
