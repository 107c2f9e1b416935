package errwriter

import (
	"errors"
	"testing"
)

// failing fails with each error in turn, and then writes.
type failing struct {
	errs    []error
	written string
}

func (f *failing) Write(text []byte) (int, error) {
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return 0, err
	}
	f.written += string(text)
	return len(text), nil
}

func TestFirstErrorIsKept(t *testing.T) {
	first := errors.New("first")
	to := &failing{errs: []error{first, errors.New("second")}}
	w := New(to)
	if w.Err() != nil {
		t.Errorf("before: %v", w.Err())
	}
	for _, text := range []string{"a", "b", "c"} {
		n, err := w.Write([]byte(text))
		if (err == nil) != (n == 1) {
			t.Errorf("%s: %d, %v", text, n, err)
		}
	}
	if !errors.Is(w.Err(), first) || to.written != "c" {
		t.Errorf("got %v, %q", w.Err(), to.written)
	}
}
