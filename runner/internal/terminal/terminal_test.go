package terminal

import (
	"os"
	"strings"
	"testing"
)

func TestStyle(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"red", Style(true).Red("x"), "\x1b[31mx\x1b[0m"},
		{"green", Style(true).Green("x"), "\x1b[32mx\x1b[0m"},
		{"yellow", Style(true).Yellow("x"), "\x1b[33mx\x1b[0m"},
		{"dim", Style(true).Dim("x"), "\x1b[2mx\x1b[0m"},
		{"nothing", Style(true).Red(""), ""},
		{"no ink", Style(false).Red("x"), "x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

// A stream that is not a terminal is never live, and has colours only with always.
func TestNoTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, stream := range map[string]Stream{
		"a file":         Of(file, func(string) string { return "" }),
		"another writer": Of(new(strings.Builder), func(string) string { return "" }),
	} {
		t.Run(name, func(t *testing.T) {
			if stream.Live() {
				t.Error("it is live")
			}
			for when, want := range map[string]Style{Auto: false, Never: false, Always: true} {
				if got := stream.Colour(when).Style; got != want {
					t.Errorf("ink with %s: %v, want %v", when, got, want)
				}
			}
		})
	}
}
