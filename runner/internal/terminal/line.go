package terminal

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth" // how many columns a text takes is a table of Unicode; others kept by as many are built on it
)

// ProgressLine prints how far a command is. On a live stream it is one line, redrawn in place and erased at the end. On
// another stream it is a new line every 30 seconds, so that only the log of a long run has such lines. It is not safe for
// concurrent use.
type ProgressLine struct {
	stream  Stream
	printed time.Time
	shown   bool
}

// The time between two lines.
const (
	// LivePause is that on a live stream.
	LivePause  = 100 * time.Millisecond
	plainPause = 30 * time.Second
)

// Line returns the progress line of a command that began at a time. On a stream without a writer it prints nothing.
func (s Stream) Line(began time.Time) *ProgressLine { return &ProgressLine{stream: s, printed: began} }

// Print prints the text if the pause since the last line is over. The text may depend on whether the stream is live.
func (l *ProgressLine) Print(now time.Time, text func(live bool) string) {
	live, pause := l.stream.Live(), plainPause
	if live {
		pause = LivePause
	}
	if l.stream.Writer == nil || now.Sub(l.printed) < pause {
		return
	}
	l.printed = now
	if !live {
		fmt.Fprintln(l.stream, text(live))
		return
	}
	l.draw(text(live))
	l.shown = true
}

// End erases the line, if there is one.
func (l *ProgressLine) End() {
	if l.shown {
		fmt.Fprint(l.stream.beneath(), "\r\x1b[K")
		l.shown = false
	}
}

// draw replaces the last line. The text is cut to one column less than the terminal is wide: a line that fills the last
// column starts another one, which the next draw would not replace.
func (l *ProgressLine) draw(text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	fmt.Fprintf(l.stream.beneath(), "\r%s\x1b[K", runewidth.Truncate(text, max(1, l.stream.Width()-1), "…"))
}
