// Package errwriter has a writer that keeps its first error, so that a command can report at its end that output was lost.
package errwriter

import "io"

// Writer writes to another writer. Later writes are passed on after an error too.
type Writer struct {
	to  io.Writer
	err error
}

// New returns a writer to another one.
func New(to io.Writer) *Writer { return &Writer{to: to} }

// Write implements io.Writer.
func (w *Writer) Write(text []byte) (int, error) {
	n, err := w.to.Write(text)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// Err returns the first error; nil if everything was written.
func (w *Writer) Err() error { return w.err }
