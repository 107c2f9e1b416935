//go:build !linux

package artifact

import "errors"

// swap exchanges two folders in one step, which this system cannot.
func swap(string, string) error { return errors.ErrUnsupported }
