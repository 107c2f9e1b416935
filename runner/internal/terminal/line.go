package terminal

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth" // how many columns a text takes is a table of Unicode; others kept by as many are built on it
)

// ProgressLine says again and again how far something is. On a live stream it is one line, drawn over, and taken away at the end.
// Elsewhere it is a line of its own for each half a minute, so that the log of a long run shows that it is alive and that
// of a short one has nothing of it. It is for one caller at a time.
type ProgressLine struct {
	stream Stream
	told   time.Time
	shown  bool
}

// The time between two lines.
const (
	// LivePause is that on a live stream.
	LivePause  = 100 * time.Millisecond
	plainPause = 30 * time.Second
)

// ProgressLine is the line of something that began just now. On a stream that writes nowhere it says nothing.
func (s Stream) Line(began time.Time) *ProgressLine { return &ProgressLine{stream: s, told: began} }

// Print says how far it is, if it is time to. The text may be another one on a live stream.
func (l *ProgressLine) Print(now time.Time, text func(live bool) string) {
	live, pause := l.stream.Live(), plainPause
	if live {
		pause = LivePause
	}
	if l.stream.Writer == nil || now.Sub(l.told) < pause {
		return
	}
	l.told = now
	if !live {
		fmt.Fprintln(l.stream, text(live))
		return
	}
	l.draw(text(live))
	l.shown = true
}

// End takes the line away, if there is one.
func (l *ProgressLine) End() {
	if l.shown {
		fmt.Fprint(l.stream.beneath(), "\r\x1b[K")
		l.shown = false
	}
}

// draw draws over the line before. The text is cut to the width of the terminal, less one column: a line that fills the
// last one would begin another, which nothing draws over.
func (l *ProgressLine) draw(text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	fmt.Fprintf(l.stream.beneath(), "\r%s\x1b[K", runewidth.Truncate(text, max(1, l.stream.Width()-1), "…"))
}
