// Package printable writes text so that nothing in it controls the terminal that shows it. Names of files, titles in a
// milestone and answers of a service are part of what a command prints, and an escape sequence in them could hide lines, change
// the title of a window, or paste into a shell.
package printable

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Writer writes to another writer. Every control character but for the end of a line and the tab, every character that
// changes the direction of text, and every byte that is not UTF-8 is written as Go spells it in a string: \x1b, \u202e, \xe9.
// It is safe for concurrent use, if what it writes to is.
type Writer struct {
	mu     sync.Mutex
	to     io.Writer
	passed []string // sequences that are written as they are
	held   []byte   // the beginning of a character, or of a sequence, that the next write may complete
}

// New makes a writer.
func New(to io.Writer) *Writer { return &Writer{to: to} }

// Pass sets the escape sequences that are written as they are, such as those of colours.
func (w *Writer) Pass(sequences ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passed = sequences
}

// Unwrap is what it writes to.
func (w *Writer) Unwrap() io.Writer { return w.to }

// Write implements io.Writer. What is incomplete at the end waits for the next write.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := append(w.held, text...)
	out := make([]byte, 0, len(all))
	at := 0
	for at < len(all) {
		if c := all[at]; c >= ' ' && c < 0x7F || c == '\n' || c == '\t' {
			out = append(out, c)
			at++
			continue
		}
		rest := string(all[at:min(len(all), at+16)])
		if i := slices.IndexFunc(w.passed, func(sequence string) bool { return strings.HasPrefix(rest, sequence) }); i >= 0 {
			out = append(out, w.passed[i]...)
			at += len(w.passed[i])
			continue
		}
		if slices.ContainsFunc(w.passed, func(sequence string) bool { return strings.HasPrefix(sequence, rest) }) || !utf8.FullRuneInString(rest) {
			break
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, rest[0])
		case r == '\r':
			out = append(out, `\r`...)
		case r < utf8.RuneSelf:
			out = fmt.Appendf(out, `\x%02x`, r)
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, rest[:size]...)
		}
		at += size
	}
	w.held = slices.Clone(all[at:])
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}
