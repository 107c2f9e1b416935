package schemas

import (
	"errors"
	"io/fs"
	"testing"
)

// unlistable is a folder that is there and cannot be read.
type unlistable struct{}

func (unlistable) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// A folder that cannot be read is not an empty one.
func TestLoadOfUnreadableFiles(t *testing.T) {
	if _, err := Load(unlistable{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want %v", err, fs.ErrPermission)
	}
}
