package printable_test

import (
	"bytes"
	"errors"
	"testing"

	"example.com/lpgate/internal/printable"
)

func TestWriter(t *testing.T) {
	const red, plain = "\x1b[31m", "\x1b[0m"
	for _, test := range []struct {
		text, want string
		passed     []string
	}{
		{"text: é 日本 🙂\tx\n", "text: é 日本 🙂\tx\n", nil},
		{"a\x1b[2Jb\x1b]0;title\x07c", `a\x1b[2Jb\x1b]0;title\x07c`, nil},
		{red + "a" + plain + ".", `\x1b[31ma\x1b[0m.`, nil},
		{red + "a" + plain + "\x1b[2J\x1b[31.", red + "a" + plain + `\x1b[2J\x1b[31.`, []string{red, plain}},
		{"a\rb\r\nc", "a\\rb\\r\nc", nil},
		{"a\x00\x08\x7f.", `a\x00\x08\x7f.`, nil},
		{"\u009b31m\u0085.", `\u009b31m\u0085.`, nil},
		{"\u202eabc\u2066\u200f\u2028\u2029.", `\u202eabc\u2066\u200f\u2028\u2029.`, nil},
		{"caf\xe9!", `caf\xe9!`, nil},
		{"\uFFFD", "\uFFFD", nil},
	} {
		for size := 1; size <= len(test.text); size++ { // however it is cut into writes
			var b bytes.Buffer
			w := printable.New(&b)
			w.Pass(test.passed...)
			for from := 0; from < len(test.text); from += size {
				piece := test.text[from:min(from+size, len(test.text))]
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
			}
			if got := b.String(); got != test.want {
				t.Errorf("%q in pieces of %d: %q, want %q", test.text, size, got, test.want)
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriterReturnsErrors(t *testing.T) {
	w := printable.New(full{})
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("no error")
	}
	if w.Unwrap() != (full{}) {
		t.Error("it does not unwrap to what it writes to")
	}
}
