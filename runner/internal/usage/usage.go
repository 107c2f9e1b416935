// Package usage has the error for an invalid command line, such as a wrong flag or a missing file. Commands print its
// message and exit with code 2.
package usage

import (
	"errors"
	"fmt"
)

// Error is an error of the one who started the command. Its message is what is printed.
type Error struct{ err error }

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Errorf returns an [Error] with a message made as by [fmt.Errorf].
func Errorf(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

// Is reports whether an error is or wraps an [Error].
func Is(err error) bool { return errors.As(err, new(*Error)) }
