// Package terminal finds out what a stream can show: a line that is redrawn in place, and a few colours.
//
// A stream is live when it is a terminal and TERM is not "dumb". On any other stream nothing is redrawn, and escape
// codes are written only with --color=always.
//
//	line := terminal.Of(os.Stderr, os.Getenv).Line(began)
//	line.Print(now, text) // "\r12 of 40\x1b[K"
//	line.End()            // "\r\x1b[K"
//
// Colours are the first sixteen of ANSI, which users can configure in their terminal. NO_COLOR switches them off, if
// it is set and not empty (https://no-color.org); a flag overrides it.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term" // the Go project's own way to ask a system for its terminals

	"example.com/lpgate/internal/printable"
)

// Stream is where text goes.
type Stream struct {
	io.Writer
	// Width is how many columns there are now; nil when the stream is not live.
	Width func() int
	// Style colours what is written there.
	Style Style
}

// usualWidth is the width of a terminal that reports none.
const usualWidth = 80

// Of looks at a stream. Its ink is that of [Auto].
func Of(w io.Writer, getenv func(string) string) Stream {
	stream := Stream{Writer: w}
	if file := fileOf(w); file != nil && term.IsTerminal(int(file.Fd())) && getenv("TERM") != "dumb" {
		stream.Width = func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil || width <= 0 {
				return usualWidth
			}
			return width
		}
	}
	stream.Style = Style(stream.Live() && getenv("NO_COLOR") == "")
	stream.passStyle()
	return stream
}

// passStyle lets the codes of the ink through to a stream on which nothing else controls the terminal.
func (s Stream) passStyle() {
	for w := s.Writer; w != nil; {
		if to, ok := w.(*printable.Writer); ok {
			to.Pass(codes(s.Style)...)
		}
		to, ok := w.(interface{ Unwrap() io.Writer })
		if !ok {
			return
		}
		w = to.Unwrap()
	}
}

// codes are all escape codes that an ink writes.
func codes(style Style) []string {
	if !style {
		return nil
	}
	var all []string
	for _, painted := range []string{style.Red("|"), style.Green("|"), style.Yellow("|"), style.Dim("|")} {
		all = append(all, strings.Split(painted, "|")...)
	}
	return all
}

// beneath is the terminal itself, for those who control it.
func (s Stream) beneath() io.Writer {
	if file := fileOf(s.Writer); file != nil {
		return file
	}
	return s.Writer
}

// fileOf is the file that a writer writes to in the end; nil when there is none.
func fileOf(w io.Writer) *os.File {
	for {
		switch to := w.(type) {
		case *os.File:
			return to
		case interface{ Unwrap() io.Writer }:
			w = to.Unwrap()
		default:
			return nil
		}
	}
}

// Live reports whether a line can be redrawn.
func (s Stream) Live() bool { return s.Width != nil }

// Style colours texts, or leaves them as they are.
type Style bool

func (i Style) Red(text string) string    { return i.paint("31", text) }
func (i Style) Green(text string) string  { return i.paint("32", text) }
func (i Style) Yellow(text string) string { return i.paint("33", text) }
func (i Style) Dim(text string) string    { return i.paint("2", text) }

func (i Style) paint(code, text string) string {
	if !i || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// The values of --color.
const (
	Auto   = "auto"
	Always = "always"
	Never  = "never"
)

// Colour returns the stream with colours [Auto], [Always] or [Never].
func (s Stream) Colour(when string) Stream {
	switch when {
	case Always:
		s.Style = true
	case Never:
		s.Style = false
	}
	s.passStyle()
	return s
}
