package terminal

import "io"

// verdictName begins a line that is the verdict on a milestone, up to its "=".
const verdictName = "overall"

// Quiet writes to w what no program that reads the output takes for more than text. An answer of a service is part of
// what is printed, and must not end a line of it as the verdict of the run, or as a command to a CI system:
//
//	overall=true      at the beginning of a line, after any white space and colours, becomes "overall =true"
//	::set-output      there, too, becomes ": :set-output": GitHub Actions takes such lines for commands
//	##[error]         anywhere, becomes "## [error]", for the same reason
//
// What a program prints itself for others to read goes to w.
func Quiet(w io.Writer) io.Writer { return &quiet{w: w, blank: true} }

type quiet struct {
	w     io.Writer
	blank bool // nothing but white space, and perhaps a colon, since the line began
	code  bool // in an escape code for a colour, at the beginning of a line
	name  int  // how much of verdictName has come, after nothing but white space
	last  [2]byte
}

// Unwrap is what it writes to: what that can show can be shown through it.
func (q *quiet) Unwrap() io.Writer { return q.w }

func (q *quiet) Write(text []byte) (int, error) {
	out := make([]byte, 0, len(text)+8)
	for _, c := range text {
		began := q.blank && q.name == 0
		switch {
		case endsLine(q.last, c):
			q.blank, q.code, q.name = true, false, 0
		case q.code:
			q.code = c != 'm'
		case began && c == '\x1b':
			q.code = true
		case c == ':':
			if q.blank && q.last[1] == ':' {
				out = append(out, ' ')
				q.blank = false
			}
			q.name = 0
		case c == '[' && q.last == [2]byte{'#', '#'}:
			out = append(out, ' ')
			q.blank = false
		case q.name == len(verdictName):
			if c == '=' {
				out = append(out, ' ')
			}
			q.name = 0
		case (began || q.name > 0) && c == verdictName[q.name]:
			q.blank = false
			q.name++
		case q.last[1] == ':', c > ' ' && c < 0x7f: // what is no ASCII may be white space to GitHub
			q.blank, q.name = false, 0
		}
		q.last = [2]byte{q.last[1], c}
		out = append(out, c)
	}
	if _, err := q.w.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}

// endsLine reports whether a byte is the last one of what some program takes for the end of a line, in UTF-8.
func endsLine(before [2]byte, c byte) bool {
	switch c {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e:
		return true
	case 0x85: // U+0085
		return before[1] == 0xc2
	case 0xa8, 0xa9: // U+2028 and U+2029
		return before == [2]byte{0xe2, 0x80}
	}
	return false
}
