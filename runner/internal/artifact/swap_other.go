//go:build !linux

package artifact

import "errors"

// swap returns [errors.ErrUnsupported]: this system cannot exchange two folders in one step.
func swap(string, string) error { return errors.ErrUnsupported }
