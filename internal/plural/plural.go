// Package plural writes counts with nouns.
package plural

import (
	"fmt"
	"strings"
)

// Count returns a count and its noun, such as "1 entry" and "2 entries". Of several words the last one gets the plural.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %s", n, Noun(noun))
}

// Noun returns the regular plural of a noun.
func Noun(noun string) string {
	switch before := noun[:len(noun)-1]; {
	case strings.HasSuffix(noun, "y") && !strings.ContainsAny(before[len(before)-1:], "aeiou"):
		return before + "ies"
	case strings.HasSuffix(noun, "s") || strings.HasSuffix(noun, "x") || strings.HasSuffix(noun, "ch") || strings.HasSuffix(noun, "sh"):
		return noun + "es"
	}
	return noun + "s"
}
