// Package terminal says what a stream can show, and shows it: one line that is drawn over, and a few colours.
//
// A stream is live when it is a terminal and TERM is not "dumb". On any other stream nothing is ever drawn over, and no
// escape code is written unless somebody asks for colours by name.
//
//	line := terminal.Of(os.Stderr, os.Getenv).Line(began)
//	line.Tell(now, text)  // "\r12 of 40\x1b[K"
//	line.End()            // "\r\x1b[K"
//
// Colours are the first sixteen of ANSI, which a terminal shows as its user chose them. NO_COLOR switches them off, if it
// is set and not empty (https://no-color.org); a flag comes before it.
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

// usualWidth is the width of a terminal that does not say it.
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

// Live says whether a line can be drawn over.
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

// When somebody wants colours.
const (
	Auto   = "auto"
	Always = "always"
	Never  = "never"
)

// Colour is a stream with the colours that somebody asked for: [Auto], [Always] or [Never].
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
