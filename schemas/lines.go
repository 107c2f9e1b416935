package schemas

import (
	"bytes"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A SyntaxError is the reason why a text is not I-JSON.
type SyntaxError struct {
	// Line is where, counted from 1.
	Line int

	cause error
}

// Error returns the reason without the line, as most requests are one line.
func (e *SyntaxError) Error() string { return "not I-JSON: " + e.cause.Error() }

// Unwrap returns the error of the decoder.
func (e *SyntaxError) Unwrap() error { return e.cause }

// syntaxError is the problem at a byte of a text.
func syntaxError(text []byte, offset int64, cause error) error {
	return &SyntaxError{Line: lineAt(text, offset), cause: cause}
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
}

// offsetOf is the byte that a decoder's error is about; of all others, the end of the text.
func offsetOf(err error, text []byte) int64 {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return syntax.ByteOffset
	}
	return int64(len(text))
}

// LineOf is the line on which the value at a plain JSON Pointer begins, or the member with its name; counted from 1. Of
// what is not there it is the line of what is around it.
func LineOf(text []byte, pointer string) int {
	line, around := 1, ""
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text))
	for decoder.PeekKind() != 0 {
		if _, err := decoder.ReadToken(); err != nil {
			return line
		}
		// The token is the last thing before the offset, and no token has a line break in it.
		switch at := string(decoder.StackPointer()); {
		case at == pointer:
			return lineAt(text, decoder.InputOffset()-1)
		case strings.HasPrefix(pointer, at+"/") && len(at) > len(around):
			line, around = lineAt(text, decoder.InputOffset()-1), at
		}
	}
	return line
}
