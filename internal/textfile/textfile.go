// Package textfile reads the bytes of input files, and makes text of them: UTF-8, lines that end with \n, no byte order mark.
// Every file that a command is given goes through it, so that an encoding has the same answer in each kind of file:
//
//	a byte order mark of UTF-8   is removed
//	\r\n                         is read as \n, as a clone with core.autocrlf=true has it
//	UTF-16, UTF-32               is an error that names the encoding
//	a byte that is not UTF-8     is an error with its line
//	a size over the limit        is an error, before the rest is read
//
// What the text means is for others to read: package schemas for JSON, milestones for YAML, plan for Gherkin. JSON has a rule
// of its own for control characters; for the others there is [CheckCharacters].
package textfile

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"unicode/utf8"
)

const (
	// MaxBytes is the size of the largest file that is read, of those that people write: 4 MiB.
	MaxBytes = 4 << 20
	// MaxDataBytes is that of files that programs write, such as event logs and pages of an export: 256 MiB.
	MaxDataBytes = 256 << 20
)

// Error is what is wrong with a file as text.
type Error struct {
	File    string
	Line    int // from 1; 0 when the file as a whole is wrong
	Problem string
}

// Error is FILE:LINE: problem, the form that editors and build logs turn into a link.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// Read reads a file that people write. Its error is an [*Error] under that name, or that of [os.Open].
func Read(name string) ([]byte, error) { return readOS(name, MaxBytes) }

// ReadData reads a file that a program wrote, which may be larger.
func ReadData(name string) ([]byte, error) { return readOS(name, MaxDataBytes) }

func readOS(name string, limit int) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return read(file, name, limit)
}

// FS is fsys, and [fs.ReadFile] of it reads files as [Read] does. An [*Error] has the name of the file in the folder.
func FS(fsys fs.FS, folder string) fs.FS { return decoded{fsys, folder} }

type decoded struct {
	fs.FS
	folder string
}

func (d decoded) ReadFile(name string) ([]byte, error) {
	file, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	return read(file, path.Join(d.folder, name), MaxBytes)
}

func read(file fs.File, shown string, limit int) ([]byte, error) {
	defer file.Close()
	// The size that the system reports does not count: a pipe or a device has none.
	raw, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	return decode(shown, raw, limit)
}

// Decode makes text of the bytes of a file that people write, for those who have the bytes already. Its error is an [*Error]
// under the name shown. Text stays as it is: decoding it again changes nothing. raw is not changed, and the text may share
// its memory.
func Decode(shown string, raw []byte) ([]byte, error) {
	return decode(shown, raw, MaxBytes)
}

func decode(shown string, raw []byte, limit int) ([]byte, error) {
	if len(raw) > limit {
		return nil, &Error{shown, 0, fmt.Sprintf("the file is too large: it may have %d MiB at most", limit>>20)}
	}
	if name := encoding(raw); name != "" {
		return nil, &Error{shown, 0, "the file is " + name + ": save it as UTF-8"}
	}
	text := bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(text) {
		at := 0
		for {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				return nil, &Error{shown, lineOf(text, at), fmt.Sprintf("the byte 0x%02X is not UTF-8: save the file as UTF-8", text[at])}
			}
			at += size
		}
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), nil
}

// CheckName returns an error for the name of a file that is not UTF-8: it could not be written to any report. What is the
// kind of name, such as "the name of the file".
func CheckName(what, name string) error {
	if utf8.ValidString(name) {
		return nil
	}
	return fmt.Errorf("%s %q is not UTF-8: write it in UTF-8", what, name)
}

// CheckArguments returns an error for the first argument of a command line that is not UTF-8. It does not quote it: it may be
// a secret.
func CheckArguments(args []string) error {
	for i, arg := range args {
		if !utf8.ValidString(arg) {
			return fmt.Errorf("argument %d of the command line is not UTF-8: write it in UTF-8", i+1)
		}
	}
	return nil
}

// CheckCharacters returns an [*Error] for the first control character of a text, other than the ends of lines and tabs, and
// for the first of the characters that some programs take for the end of a line, or that nothing shows.
func CheckCharacters(shown string, text []byte) error {
	for at := 0; at < len(text); {
		if c := text[at]; c >= ' ' && c < 0x7F || c == '\n' || c == '\t' {
			at++
			continue
		}
		r, size := utf8.DecodeRune(text[at:])
		if r < ' ' || 0x7F <= r && r < 0xA0 || r == '\u2028' || r == '\u2029' || r == '\uFEFF' || r == '\uFFFE' || r == '\uFFFF' {
			return &Error{shown, lineOf(text, at), fmt.Sprintf("the character %U is not allowed", r)}
		}
		at += size
	}
	return nil
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// encoding is the name of an encoding other than UTF-8 that a file begins in: by its byte order mark, or because one byte of
// its first character is zero.
func encoding(raw []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(raw, []byte(prefix)) }
	switch {
	case has("\xFF\xFE\x00\x00"), has("\x00\x00\xFE\xFF"):
		return "UTF-32"
	case has("\xFF\xFE"), has("\xFE\xFF"), len(raw) > 1 && (raw[0] == 0) != (raw[1] == 0):
		return "UTF-16"
	}
	return ""
}
