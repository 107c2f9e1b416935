//go:build unix

package artifact

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock opens a folder and locks it for this process. The lock ends with the process.
func lock(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = folder.Close()
		return nil, err
	}
	return folder, nil
}
