package terminal

import (
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	wide := func(columns int) func() int { return func() int { return columns } }
	tests := []struct {
		name  string
		width func() int
		at    []int // milliseconds after the beginning
		text  string
		want  string // "|" is the end
	}{
		{"it fits", wide(10), []int{100}, "123456789", "\r123456789\x1b[K|\r\x1b[K"},
		{"it would fill the last column", wide(10), []int{100}, "1234567890", "\r12345678…\x1b[K|\r\x1b[K"},
		{"wide letters take two columns", wide(10), []int{100}, "日本語日本語", "\r日本語日…\x1b[K|\r\x1b[K"},
		{"nothing steers the terminal", wide(20), []int{100}, "a\x1b[2Jb\nc", "\ra [2Jb c\x1b[K|\r\x1b[K"},
		{"a terminal without a width", wide(1), []int{100}, "1234567890", "\r…\x1b[K|\r\x1b[K"},
		{"drawn over, ten times a second at most", wide(80), []int{99, 100, 199, 200}, "x", "\rx\x1b[K\rx\x1b[K|\r\x1b[K"},
		{"an end before there was a line", wide(80), []int{99}, "x", "|"},
		{"no terminal, and something short", nil, []int{29_999}, "x", "|"},
		{"no terminal, and something long", nil, []int{30_000, 59_999, 60_000}, "x", "x\nx\n|"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			began := time.Unix(1_700_000_000, 0)
			line := Stream{Writer: &got, Width: test.width}.Line(began)
			for _, at := range test.at {
				line.Print(began.Add(time.Duration(at)*time.Millisecond), func(live bool) string {
					if live != (test.width != nil) {
						t.Errorf("live: %v", live)
					}
					return test.text
				})
			}
			got.WriteString("|")
			line.End()
			line.End() // there is none any more
			if got.String() != test.want {
				t.Errorf("shown %q, want %q", got.String(), test.want)
			}
		})
	}
}

// Nothing is printed to a stream without a writer.
func TestLineToClosedWriter(t *testing.T) {
	line := Stream{}.Line(time.Time{})
	line.Print(time.Unix(1_700_000_000, 0), func(bool) string { t.Error("asked for a text"); return "" })
	line.End()
}
