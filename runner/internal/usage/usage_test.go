package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestError(t *testing.T) {
	err := Errorf("--out: %w", fs.ErrNotExist)
	if err.Error() != "--out: file does not exist" || !Is(err) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q: usage %v, cause %v", err, Is(err), errors.Is(err, fs.ErrNotExist))
	}
	if !Is(fmt.Errorf("starting: %w", err)) {
		t.Error("a wrapped usage error is none")
	}
	if Is(fs.ErrNotExist) || Is(nil) {
		t.Error("another error is a usage error")
	}
}
