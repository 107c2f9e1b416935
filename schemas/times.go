package schemas

import (
	"strings"
	"time"
)

// isDateTime asserts the format "date-time": RFC 3339, section 5.6, neither more nor less. The library's own check
// lets signs pass for digits ("T+1:+2:+3Z"), and Go's parser takes a comma before the fraction.
//
// It lets a leap second pass where one can be, in the last minute of a UTC day: the format allows it. That this
// contract has no such time is for a rule, not for a schema.
func isDateTime(value any) bool {
	text, ok := value.(string)
	if !ok {
		return true // a format applies to strings only
	}
	if len(text) < len("2026-02-22T16:00:00Z") ||
		text[4] != '-' || text[7] != '-' || text[10]|0x20 != 't' || text[13] != ':' || text[16] != ':' {
		return false
	}
	year, month, day := digits(text[0:4]), digits(text[5:7]), digits(text[8:10])
	hour, minute, second := digits(text[11:13]), digits(text[14:16]), digits(text[17:19])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return false
	}

	rest := text[19:]
	if rest[0] == '.' {
		fraction := strings.TrimLeft(rest[1:], "0123456789")
		if len(fraction) == len(rest)-1 {
			return false // a point without a digit
		}
		rest = fraction
	}
	east, ok := offset(rest)
	if !ok {
		return false
	}
	const minutes = 24 * 60
	return second < 60 || (hour*60+minute-east+minutes)%minutes == minutes-1
}

// offset reads Z or a distance from UTC, in minutes east.
func offset(text string) (east int, ok bool) {
	if text == "Z" || text == "z" {
		return 0, true
	}
	if len(text) != len("+00:00") || text[3] != ':' || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, minutes := digits(text[1:3]), digits(text[4:6])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	east = hours*60 + minutes
	if text[0] == '-' {
		east = -east
	}
	return east, true
}

// digits reads a number of ASCII digits; anything else is -1.
func digits(text string) int {
	number := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return -1
		}
		number = number*10 + int(text[i]-'0')
	}
	return number
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
