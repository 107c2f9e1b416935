package terminal

import (
	"bytes"
	"os"
	"testing"
)

// A program takes a line for the verdict when it begins with "overall=". The runner of GitHub takes a line for a command when it begins with "::", after white space, and when it has "##[".
func TestQuiet(t *testing.T) {
	tests := []struct{ text, want string }{
		{"overall=true\n", "overall =true\n"},
		{"x\noverall=false", "x\noverall =false"},
		{"x\r \toverall=true", "x\r \toverall =true"},
		{"x\u2028overall=true\u0085overall=true\voverall=true\x1eoverall=true", "x\u2028overall =true\u0085overall =true\voverall =true\x1eoverall =true"},
		{"\x1b[32moverall=true\x1b[0m\n", "\x1b[32moverall =true\x1b[0m\n"},
		{"the last line is overall=true", "the last line is overall=true"},
		{"overalls=1\noveroverall=1\n", "overalls=1\noveroverall=1\n"},
		{"over\nall=true\noverall==true\n", "over\nall=true\noverall ==true\n"},
		{"::error::x\n", ": :error::x\n"},
		{"  \t::set-output name=a::b\n", "  \t: :set-output name=a::b\n"},
		{"x\n::add-mask::y", "x\n: :add-mask::y"},
		{"x\r::add-mask::y", "x\r: :add-mask::y"},
		{"\u00a0\u2003::error::x", "\u00a0\u2003: :error::x"},
		{"\x0b\x0c\x00::error::x", "\x0b\x0c\x00: :error::x"},
		{":::error::x", ": ::error::x"},
		{": ::error", ": ::error"},
		{"http://[::1]:80/ a::b", "http://[::1]:80/ a::b"},
		{"x ##[error]y ##[group]", "x ## [error]y ## [group]"},
		{"###[error]", "### [error]"},
	}
	for _, test := range tests {
		for size := 1; size <= len(test.text); size++ { // however it is cut into writes
			var b bytes.Buffer
			w := Quiet(&b)
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

// What a stream can show, it can show through it.
func TestQuietTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := fileOf(Quiet(Quiet(file))); got != file {
		t.Errorf("got %v", got)
	}
	if got := fileOf(Quiet(new(bytes.Buffer))); got != nil {
		t.Errorf("got %v", got)
	}
}
