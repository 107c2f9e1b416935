package printable

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Shorten returns a text of at most so many bytes as it is, and else its beginning with the length of the whole.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.Clone(text[:cut]), len(text))
}
