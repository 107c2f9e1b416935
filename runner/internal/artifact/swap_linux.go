package artifact

import (
	"errors"

	"golang.org/x/sys/unix"
)

// swap exchanges two folders in one step. The error is [errors.ErrUnsupported] on file systems that cannot.
func swap(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return errors.ErrUnsupported
	}
	return err
}
