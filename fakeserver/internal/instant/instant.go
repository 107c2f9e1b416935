// Package instant has the times of the contract: milliseconds, UTC, always written with three
// decimals.
//
//	2026-02-22T16:00:10.000Z
//
// It reads any offset, lower-case t and z, and any number of decimals; those past the
// millisecond are cut, not rounded. A leap second and a year outside 0000–9999 in UTC are
// refused. The grammar is RFC 3339, section 5.6.
package instant

import (
	"fmt"
	"strings"
	"time"
)

// Instant counts milliseconds since 1970-01-01T00:00:00Z. Instants compare with
// the ordinary operators.
type Instant int64

const layout = "2006-01-02T15:04:05.000Z"

// first and last are the limits of four digits of year.
var (
	first = Of(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	last  = Of(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC))
)

// Of returns t cut to the millisecond.
func Of(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Written reports whether four digits of year can write i, so that Parse reads what String
// writes.
func (i Instant) Written() bool { return i >= first && i <= last }

// Days is a span of whole days, of 24 hours each.
func Days(n int) Instant { return Instant(n) * 24 * 60 * 60 * 1000 }

// String writes i as 2026-02-22T16:00:10.000Z.
func (i Instant) String() string { return time.UnixMilli(int64(i)).UTC().Format(layout) }

// AppendText implements encoding.TextAppender, so that JSON shows an Instant as
// String does.
func (i Instant) AppendText(b []byte) ([]byte, error) {
	return time.UnixMilli(int64(i)).UTC().AppendFormat(b, layout), nil
}

// MarshalText implements encoding.TextMarshaler.
func (i Instant) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// UnmarshalText implements encoding.TextUnmarshaler, as Parse.
func (i *Instant) UnmarshalText(text []byte) error {
	got, err := Parse(string(text))
	*i = got
	return err
}

// Parse reads an RFC 3339 date-time. The error has the text and the expected form.
func Parse(text string) (Instant, error) {
	// time.Parse is laxer than the grammar (it takes a comma, a one-digit hour,
	// an offset of 99 hours), so the shape is checked here and the calendar there.
	date, clock, offset, ok := split(text)
	if !ok {
		return 0, fmt.Errorf("%q is not an RFC 3339 time such as 2026-02-22T16:00:10.000Z", text)
	}
	if strings.HasSuffix(clock[:8], ":60") {
		return 0, fmt.Errorf("%q is a leap second, which cannot be recorded: use second 59 or the next minute", text)
	}
	t, err := time.Parse(time.RFC3339, date+"T"+clock+offset)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date and time that exist", text)
	}
	at := Of(t)
	if at < first || at > last {
		return 0, fmt.Errorf("%q is outside the years 0000 to 9999 in UTC", text)
	}
	return at, nil
}

// split checks the shape of text and cuts it into date, clock and offset, each
// in the spelling that package time reads.
func split(text string) (date, clock, offset string, ok bool) {
	if len(text) < len("2006-01-02T15:04:05Z") || text[10] != 'T' && text[10] != 't' {
		return "", "", "", false
	}
	date, rest := text[:10], text[11:]
	if !shaped(date, "0000-00-00") || !shaped(rest[:8], "00:00:00") {
		return "", "", "", false
	}
	end := 8
	if rest[end] == '.' {
		for end++; end < len(rest) && rest[end] >= '0' && rest[end] <= '9'; end++ {
		}
		if end == 9 {
			return "", "", "", false
		}
	}
	clock, offset = rest[:min(end, len("15:04:05.000"))], rest[end:]
	if offset == "Z" || offset == "z" {
		return date, clock, "Z", true
	}
	if len(offset) != len("+00:00") || offset[0] != '+' && offset[0] != '-' || !shaped(offset[1:], "00:00") ||
		offset[1:3] > "23" || offset[4:] > "59" {
		return "", "", "", false
	}
	return date, clock, offset, true
}

// shaped reports whether text has a digit where shape has 0, and is shape
// elsewhere.
func shaped(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		if shape[i] == '0' && (text[i] < '0' || text[i] > '9') || shape[i] != '0' && text[i] != shape[i] {
			return false
		}
	}
	return true
}
