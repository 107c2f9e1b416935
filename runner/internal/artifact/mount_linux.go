package artifact

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mounted reports whether a folder is a mount point. A bind mount of the same file system is recognised by statx alone, on
// Linux since version 5.8; without that, all others have another device than their parent.
func mounted(path string) (bool, error) {
	var at unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BASIC_STATS, &at); err == nil && at.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return at.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0, nil
	}
	var folder, parent unix.Stat_t
	if err := unix.Stat(path, &folder); err != nil {
		return false, err
	}
	if err := unix.Stat(filepath.Dir(path), &parent); err != nil {
		return false, err
	}
	return folder.Dev != parent.Dev, nil
}
